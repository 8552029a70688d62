//! Where Berth says something else than `docker stack deploy`, and means to: each
//! with its reason, and each as narrow as a key.

use serde_json::Value;

use crate::compare::Difference;
use crate::engine::id;

/// A difference that is meant.
#[derive(Debug)]
pub struct Meant {
    /// Its name in reports.
    pub name: &'static str,
    /// The kind of object that has it.
    pub kind: &'static str,
    /// The field; `*` is any one part of its path.
    pub path: &'static str,
    /// Whether these two values are that difference.
    pub is: fn(docker: Option<&Value>, berth: Option<&Value>) -> bool,
    /// Why it is meant.
    pub why: &'static str,
}

const HASH: &str = "hashed name";
const HASH_WHY: &str =
    "configs and secrets can't change in Swarm, so their name has their content's hash";
const DEFAULT: &str = "the engine's own default";
const DEFAULT_WHY: &str = "Docker says nothing and the engine fills this in; Berth says it, so that what is read back is what was sent";
const ZERO: &str = "nothing, written out";
const ZERO_WHY: &str = "Docker's client writes out what is not set; to the engine it is the same";
const NETWORK_ID: &str = "network by id";

/// Every difference that is meant.
pub const MEANT: &[Meant] = &[
    Meant { name: HASH, kind: "config", path: "Name", is: hashed, why: HASH_WHY },
    Meant { name: HASH, kind: "secret", path: "Name", is: hashed, why: HASH_WHY },
    Meant {
        name: HASH,
        kind: "service",
        path: "TaskTemplate.ContainerSpec.Configs.*.ConfigName",
        is: hashed,
        why: HASH_WHY,
    },
    Meant {
        name: HASH,
        kind: "service",
        path: "TaskTemplate.ContainerSpec.Configs.*.ConfigID",
        is: hashed,
        why: HASH_WHY,
    },
    Meant {
        name: HASH,
        kind: "service",
        path: "TaskTemplate.ContainerSpec.Secrets.*.SecretName",
        is: hashed,
        why: HASH_WHY,
    },
    Meant {
        name: HASH,
        kind: "service",
        path: "TaskTemplate.ContainerSpec.Secrets.*.SecretID",
        is: hashed,
        why: HASH_WHY,
    },
    Meant {
        name: HASH,
        kind: "service",
        path: "TaskTemplate.ContainerSpec.Privileges.CredentialSpec.Config",
        is: hashed,
        why: HASH_WHY,
    },
    Meant {
        name: NETWORK_ID,
        kind: "service",
        path: "TaskTemplate.Networks.*.Target",
        is: |docker, berth| {
            let name = docker.and_then(Value::as_str);
            name.is_some_and(|name| berth.and_then(Value::as_str) == Some(&id("network", name)))
        },
        why: "a name may be that of several networks, an id is one's",
    },
    Meant {
        name: "kept for an old engine",
        kind: "service",
        path: "Labels.berth.kept",
        is: |docker, berth| docker.is_none() && berth.is_some_and(Value::is_string),
        why: "what the engine is too old to keep is kept in a label, so that it is no drift for ever",
    },
    Meant {
        name: DEFAULT,
        kind: "service",
        path: "EndpointSpec.Mode",
        is: |docker, berth| says(docker, berth, "vip"),
        why: DEFAULT_WHY,
    },
    Meant {
        name: DEFAULT,
        kind: "service",
        path: "EndpointSpec.Ports.*.Protocol",
        is: |docker, berth| says(docker, berth, "tcp"),
        why: DEFAULT_WHY,
    },
    Meant {
        name: DEFAULT,
        kind: "service",
        path: "EndpointSpec.Ports.*.PublishMode",
        is: |docker, berth| says(docker, berth, "ingress"),
        why: DEFAULT_WHY,
    },
    Meant {
        name: DEFAULT,
        kind: "service",
        path: "UpdateConfig.FailureAction",
        is: |docker, berth| says(docker, berth, "pause"),
        why: DEFAULT_WHY,
    },
    Meant {
        name: DEFAULT,
        kind: "service",
        path: "UpdateConfig.Order",
        is: |docker, berth| says(docker, berth, "stop-first"),
        why: DEFAULT_WHY,
    },
    Meant {
        name: DEFAULT,
        kind: "service",
        path: "RollbackConfig.FailureAction",
        is: |docker, berth| says(docker, berth, "pause"),
        why: DEFAULT_WHY,
    },
    Meant {
        name: DEFAULT,
        kind: "service",
        path: "RollbackConfig.Order",
        is: |docker, berth| says(docker, berth, "stop-first"),
        why: DEFAULT_WHY,
    },
    Meant {
        name: DEFAULT,
        kind: "service",
        path: "TaskTemplate.RestartPolicy.Condition",
        is: |docker, berth| says(docker, berth, "any"),
        why: DEFAULT_WHY,
    },
    Meant {
        name: DEFAULT,
        kind: "service",
        path: "Mode.Replicated.Replicas",
        is: |docker, berth| docker.is_none() && berth == Some(&Value::from(1)),
        why: DEFAULT_WHY,
    },
    Meant {
        name: ZERO,
        kind: "network",
        path: "ConfigOnly",
        is: |docker, berth| docker == Some(&Value::from(false)) && berth.is_none(),
        why: ZERO_WHY,
    },
    Meant {
        name: ZERO,
        kind: "network",
        path: "Ingress",
        is: |docker, berth| docker == Some(&Value::from(false)) && berth.is_none(),
        why: ZERO_WHY,
    },
    Meant {
        name: ZERO,
        kind: "network",
        path: "Scope",
        is: |docker, berth| docker == Some(&Value::from("")) && berth.is_none(),
        why: ZERO_WHY,
    },
    Meant {
        name: ZERO,
        kind: "service",
        path: "TaskTemplate.ContainerSpec.Privileges.NoNewPrivileges",
        is: |docker, berth| docker == Some(&Value::from(false)) && berth.is_none(),
        why: ZERO_WHY,
    },
    Meant {
        name: ZERO,
        kind: "service",
        path: "TaskTemplate.ContainerSpec.Privileges.CredentialSpec.Config",
        is: |docker, berth| docker == Some(&Value::from("")) && berth.is_none(),
        why: ZERO_WHY,
    },
    Meant {
        name: ZERO,
        kind: "service",
        path: "TaskTemplate.ContainerSpec.Privileges.CredentialSpec.File",
        is: |docker, berth| docker == Some(&Value::from("")) && berth.is_none(),
        why: ZERO_WHY,
    },
    Meant {
        name: ZERO,
        kind: "service",
        path: "TaskTemplate.ContainerSpec.Privileges.CredentialSpec.Registry",
        is: |docker, berth| docker == Some(&Value::from("")) && berth.is_none(),
        why: ZERO_WHY,
    },
    Meant {
        name: ZERO,
        kind: "network",
        path: "IPAM.Driver",
        is: |docker, berth| docker == Some(&Value::from("")) && berth.is_none(),
        why: ZERO_WHY,
    },
    Meant {
        name: ZERO,
        kind: "service",
        path: "TaskTemplate.RestartPolicy.MaxAttempts",
        is: |docker, berth| docker == Some(&Value::from(0)) && berth.is_none(),
        why: ZERO_WHY,
    },
    Meant {
        name: DEFAULT,
        kind: "service",
        path: "Mode.ReplicatedJob.MaxConcurrent",
        is: |docker, berth| docker.is_none() && berth == Some(&Value::from(1)),
        why: DEFAULT_WHY,
    },
    Meant {
        name: DEFAULT,
        kind: "service",
        path: "Mode.ReplicatedJob.TotalCompletions",
        is: |docker, berth| docker.is_none() && berth == Some(&Value::from(1)),
        why: DEFAULT_WHY,
    },
    Meant {
        name: "what the engine says anyway",
        kind: "network",
        path: "IPAM.Driver",
        is: |docker, berth| docker == Some(&Value::from("default")) && berth.is_none(),
        why: "the engine says it of every network",
    },
    Meant {
        name: "what the engine says anyway",
        kind: "service",
        path: "TaskTemplate.ContainerSpec.Isolation",
        is: |docker, berth| docker == Some(&Value::from("default")) && berth.is_none(),
        why: "the engine says it of every service",
    },
    Meant {
        name: "what the engine drops",
        kind: "service",
        path: "TaskTemplate.ContainerSpec.Mounts.*.Consistency",
        is: |docker, berth| docker.is_some_and(Value::is_string) && berth.is_none(),
        why: "the engine does not keep it, so it would be drift for ever",
    },
    Meant {
        name: "no second network of a name",
        kind: "network",
        path: "CheckDuplicate",
        is: |docker, berth| docker.is_none() && berth == Some(&Value::from(true)),
        why: "engines from API 1.44 on always check; older ones must be told, and the new ones overlook it",
    },
];

/// Why a difference is meant; [`None`] where it is not.
#[must_use]
pub fn reason(difference: &Difference) -> Option<&'static str> {
    let kind = difference.object.split(' ').next().unwrap_or_default();
    let found = MEANT.iter().find(|meant| {
        meant.kind == kind
            && fits(meant.path, &difference.path)
            && (meant.is)(difference.docker.as_ref(), difference.berth.as_ref())
    });
    found.map(|meant| meant.name)
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) =
        (pattern.split('.').collect(), path.split('.').collect());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(p, part)| *p == "*" || p == part)
}

fn says(docker: Option<&Value>, berth: Option<&Value>, word: &str) -> bool {
    let silent = docker.is_none_or(|value| value.as_str() == Some(""));
    silent && berth.and_then(Value::as_str) == Some(word)
}

/// Docker's name, then an underscore and eight hexadecimal digits.
fn hashed(docker: Option<&Value>, berth: Option<&Value>) -> bool {
    let (docker, berth) = (docker.and_then(Value::as_str), berth.and_then(Value::as_str));
    docker.is_some() && berth.and_then(unhashed) == docker
}

/// A name without its hash.
#[must_use]
pub fn unhashed(name: &str) -> Option<&str> {
    let (bare, hash) = name.rsplit_once('_')?;
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    (hash.len() == 8 && hash.chars().all(hex)).then_some(bare)
}
