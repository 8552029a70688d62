//! Each applied key changes what comes out; each that says nothing does not.

use std::collections::BTreeSet;
use std::io;

use super::super::Class;
use super::every_key;
use crate::StackContext;
use crate::load::{Settings, Source, Variables, load};
use crate::stack::tests::context;

/// A key of a service; the service without it; the service with it.
const OF_SERVICES: [(&str, &str, &str); 145] = [
    ("build", "", "build: ."),
    ("build.args", "build: .", "build: {context: ., args: [A=1]}"),
    ("build.context", "build: .", "build: {context: web}"),
    ("build.dockerfile", "build: .", "build: {context: ., dockerfile: D}"),
    ("build.labels", "build: .", "build: {context: ., labels: {a: b}}"),
    ("build.target", "build: .", "build: {context: ., target: t}"),
    ("cap_add", "", "cap_add: [A]"),
    ("cap_drop", "", "cap_drop: [A]"),
    ("command", "", "command: a b"),
    ("configs", "", "configs: [c]"),
    ("configs[].gid", "configs: [{source: c}]", "configs: [{source: c, gid: '5'}]"),
    ("configs[].mode", "configs: [{source: c}]", "configs: [{source: c, mode: 0400}]"),
    ("configs[].source", "configs: [{source: c}]", "configs: [{source: d, target: c}]"),
    ("configs[].target", "configs: [{source: c}]", "configs: [{source: c, target: /t}]"),
    ("configs[].uid", "configs: [{source: c}]", "configs: [{source: c, uid: '5'}]"),
    ("cpus", "", "cpus: 0.5"),
    ("credential_spec", "", "credential_spec: {file: f}"),
    ("credential_spec.config", "credential_spec: {file: c}", "credential_spec: {config: c}"),
    ("credential_spec.file", "credential_spec: {registry: c}", "credential_spec: {file: c}"),
    ("credential_spec.registry", "credential_spec: {file: c}", "credential_spec: {registry: c}"),
    ("deploy", "", "deploy: {mode: global}"),
    ("deploy.endpoint_mode", "", "deploy: {endpoint_mode: dnsrr}"),
    ("deploy.labels", "", "deploy: {labels: {a: b}}"),
    ("deploy.mode", "", "deploy: {mode: global-job}"),
    ("deploy.placement", "", "deploy: {placement: {constraints: [a==b]}}"),
    ("deploy.placement.constraints", "", "deploy: {placement: {constraints: [a==b]}}"),
    (
        "deploy.placement.max_replicas_per_node",
        "",
        "deploy: {placement: {max_replicas_per_node: 1}}",
    ),
    ("deploy.placement.preferences", "", "deploy: {placement: {preferences: [{spread: a}]}}"),
    (
        "deploy.placement.preferences[].spread",
        "",
        "deploy: {placement: {preferences: [{spread: b}]}}",
    ),
    ("deploy.replicas", "", "deploy: {replicas: 2}"),
    ("deploy.resources", "", "deploy: {resources: {limits: {pids: 5}}}"),
    ("deploy.resources.limits", "", "deploy: {resources: {limits: {pids: 6}}}"),
    ("deploy.resources.limits.cpus", "", "deploy: {resources: {limits: {cpus: 1}}}"),
    ("deploy.resources.limits.memory", "", "deploy: {resources: {limits: {memory: 1g}}}"),
    ("deploy.resources.limits.pids", "", "deploy: {resources: {limits: {pids: 5}}}"),
    ("deploy.resources.reservations", "", "deploy: {resources: {reservations: {cpus: 1}}}"),
    ("deploy.resources.reservations.cpus", "", "deploy: {resources: {reservations: {cpus: 1}}}"),
    (
        "deploy.resources.reservations.memory",
        "",
        "deploy: {resources: {reservations: {memory: 1g}}}",
    ),
    ("deploy.resources.reservations.generic_resources", "", GENERIC),
    ("deploy.resources.reservations.generic_resources[].discrete_resource_spec", "", GENERIC),
    ("deploy.resources.reservations.generic_resources[].discrete_resource_spec.kind", "", GENERIC),
    ("deploy.resources.reservations.generic_resources[].discrete_resource_spec.value", "", GENERIC),
    ("deploy.restart_policy", "", "deploy: {restart_policy: {}}"),
    ("deploy.restart_policy.condition", POLICY, "deploy: {restart_policy: {condition: none}}"),
    ("deploy.restart_policy.delay", POLICY, "deploy: {restart_policy: {delay: 1s}}"),
    ("deploy.restart_policy.max_attempts", POLICY, "deploy: {restart_policy: {max_attempts: 1}}"),
    ("deploy.restart_policy.window", POLICY, "deploy: {restart_policy: {window: 1s}}"),
    ("deploy.rollback_config", "", "deploy: {rollback_config: {}}"),
    ("deploy.rollback_config.delay", ROLLBACK, "deploy: {rollback_config: {delay: 1s}}"),
    (
        "deploy.rollback_config.failure_action",
        ROLLBACK,
        "deploy: {rollback_config: {failure_action: continue}}",
    ),
    (
        "deploy.rollback_config.max_failure_ratio",
        ROLLBACK,
        "deploy: {rollback_config: {max_failure_ratio: 0.5}}",
    ),
    ("deploy.rollback_config.monitor", ROLLBACK, "deploy: {rollback_config: {monitor: 1s}}"),
    ("deploy.rollback_config.order", ROLLBACK, "deploy: {rollback_config: {order: start-first}}"),
    ("deploy.rollback_config.parallelism", ROLLBACK, "deploy: {rollback_config: {parallelism: 2}}"),
    ("deploy.update_config", "", "deploy: {update_config: {}}"),
    ("deploy.update_config.delay", UPDATE, "deploy: {update_config: {delay: 1s}}"),
    (
        "deploy.update_config.failure_action",
        UPDATE,
        "deploy: {update_config: {failure_action: rollback}}",
    ),
    (
        "deploy.update_config.max_failure_ratio",
        UPDATE,
        "deploy: {update_config: {max_failure_ratio: 0.5}}",
    ),
    ("deploy.update_config.monitor", UPDATE, "deploy: {update_config: {monitor: 1s}}"),
    ("deploy.update_config.order", UPDATE, "deploy: {update_config: {order: start-first}}"),
    ("deploy.update_config.parallelism", UPDATE, "deploy: {update_config: {parallelism: 2}}"),
    ("depends_on", "", "depends_on: [b]"),
    ("depends_on.*.condition", "depends_on: [b]", "depends_on: {b: {condition: service_healthy}}"),
    ("depends_on.*.required", "", "depends_on: {nowhere: {required: false}, b: }"),
    ("dns", "", "dns: 1.1.1.1"),
    ("dns_opt", "", "dns_opt: [use-vc]"),
    ("dns_search", "", "dns_search: a.b"),
    ("entrypoint", "", "entrypoint: a b"),
    ("env_file", "", "env_file: b.env"),
    ("env_file[].format", "env_file: [{path: b.env}]", "env_file: [{path: b.env, format: raw}]"),
    ("env_file[].path", "", "env_file: [{path: b.env}]"),
    ("env_file[].required", "", "env_file: [{path: nowhere.env, required: false}, b.env]"),
    ("environment", "", "environment: {A: 1}"),
    ("expose", "", "expose: [80]"),
    ("extends", "", "extends: b"),
    ("extends.file", "extends: {service: b}", "extends: {service: b, file: base.yml}"),
    ("extends.service", "", "extends: {service: b}"),
    ("extra_hosts", "", "extra_hosts: ['a:1.1.1.1']"),
    ("group_add", "", "group_add: [a]"),
    ("healthcheck", "", "healthcheck: {test: a}"),
    ("healthcheck.disable", "", "healthcheck: {disable: true}"),
    ("healthcheck.interval", HEALTH, "healthcheck: {test: a, interval: 1s}"),
    ("healthcheck.retries", HEALTH, "healthcheck: {test: a, retries: 1}"),
    ("healthcheck.start_interval", HEALTH, "healthcheck: {test: a, start_interval: 1s}"),
    ("healthcheck.start_period", HEALTH, "healthcheck: {test: a, start_period: 1s}"),
    ("healthcheck.test", HEALTH, "healthcheck: {test: b}"),
    ("healthcheck.timeout", HEALTH, "healthcheck: {test: a, timeout: 1s}"),
    ("hostname", "", "hostname: a"),
    ("image", "", "image: y"),
    ("init", "", "init: true"),
    ("isolation", "", "isolation: hyperv"),
    ("label_file", "", "label_file: b.env"),
    ("labels", "", "labels: {a: b}"),
    ("logging", "", "logging: {driver: a}"),
    ("logging.driver", "logging: {driver: a}", "logging: {driver: b}"),
    ("logging.options", "logging: {driver: a}", "logging: {driver: a, options: {b: c}}"),
    ("mem_limit", "", "mem_limit: 1g"),
    ("mem_reservation", "", "mem_reservation: 1g"),
    ("network_mode", "", "network_mode: host"),
    ("networks", "", "networks: [n]"),
    ("networks.*.aliases", "networks: {n: }", "networks: {n: {aliases: [b]}}"),
    ("networks.*.driver_opts", "networks: {n: }", "networks: {n: {driver_opts: {a: b}}}"),
    (
        "networks.*.use_service_name_alias",
        "networks: {n: }",
        "networks: {n: {use_service_name_alias: false}}",
    ),
    ("oom_score_adj", "", "oom_score_adj: 5"),
    ("pids_limit", "", "pids_limit: 5"),
    ("platform", "", "platform: linux/arm64"),
    ("ports", "", "ports: [80]"),
    ("ports[].app_protocol", PORT, "ports: [{target: 80, app_protocol: http}]"),
    ("ports[].host_ip", PORT, "ports: [{target: 80, host_ip: 0.0.0.0}]"),
    ("ports[].mode", PORT, "ports: [{target: 80, mode: host}]"),
    ("ports[].name", PORT, "ports: [{target: 80, name: web}]"),
    ("ports[].protocol", PORT, "ports: [{target: 80, protocol: udp}]"),
    ("ports[].published", PORT, "ports: [{target: 80, published: 80}]"),
    ("ports[].target", PORT, "ports: [{target: 81}]"),
    ("profiles", "", "profiles: [p]"),
    ("read_only", "", "read_only: true"),
    ("restart", "", "restart: 'no'"),
    ("scale", "", "scale: 2"),
    ("secrets", "", "secrets: [s]"),
    ("secrets[].gid", "secrets: [{source: s}]", "secrets: [{source: s, gid: '5'}]"),
    ("secrets[].mode", "secrets: [{source: s}]", "secrets: [{source: s, mode: 0400}]"),
    ("secrets[].source", "", "secrets: [{source: s}]"),
    ("secrets[].target", "secrets: [{source: s}]", "secrets: [{source: s, target: t}]"),
    ("secrets[].uid", "secrets: [{source: s}]", "secrets: [{source: s, uid: '5'}]"),
    ("security_opt", "", "security_opt: ['no-new-privileges:true']"),
    ("shm_size", "", "shm_size: 64m"),
    ("stdin_open", "", "stdin_open: true"),
    ("stop_grace_period", "", "stop_grace_period: 1s"),
    ("stop_signal", "", "stop_signal: SIGINT"),
    ("sysctls", "", "sysctls: {a: 1}"),
    ("tmpfs", "", "tmpfs: /run"),
    ("tty", "", "tty: true"),
    ("ulimits", "", "ulimits: {nofile: 5}"),
    ("ulimits.*.hard", "ulimits: {nofile: 5}", "ulimits: {nofile: {soft: 5, hard: 6}}"),
    ("ulimits.*.soft", "ulimits: {nofile: 5}", "ulimits: {nofile: {soft: 4, hard: 5}}"),
    ("user", "", "user: a"),
    ("volumes", "", "volumes: ['v:/v']"),
    (
        "volumes[].bind",
        BIND,
        "volumes: [{type: bind, source: /a, target: /a, bind: {propagation: rslave}}]",
    ),
    (
        "volumes[].bind.propagation",
        BIND,
        "volumes: [{type: bind, source: /a, target: /a, bind: {propagation: rslave}}]",
    ),
    (
        "volumes[].consistency",
        BIND,
        "volumes: [{type: bind, source: /a, target: /a, consistency: cached}]",
    ),
    (
        "volumes[].read_only",
        BIND,
        "volumes: [{type: bind, source: /a, target: /a, read_only: true}]",
    ),
    ("volumes[].source", BIND, "volumes: [{type: bind, source: /b, target: /a}]"),
    ("volumes[].target", BIND, "volumes: [{type: bind, source: /a, target: /b}]"),
    ("working_dir", "", "working_dir: /a"),
    ("x-berth", "", "x-berth: {routes: [{port: 80}]}"),
];

/// A key of a service's volume; the service without it; the service with it.
const OF_MOUNTS: [(&str, &str, &str); 9] = [
    (
        "image",
        "volumes: [{type: volume, source: v, target: /a}]",
        "volumes: [{type: image, source: v, target: /a, image: {}}]",
    ),
    (
        "tmpfs",
        "volumes: [{type: tmpfs, target: /a}]",
        "volumes: [{type: tmpfs, target: /a, tmpfs: {size: 1m}}]",
    ),
    (
        "tmpfs.mode",
        "volumes: [{type: tmpfs, target: /a}]",
        "volumes: [{type: tmpfs, target: /a, tmpfs: {mode: 0700}}]",
    ),
    (
        "tmpfs.size",
        "volumes: [{type: tmpfs, target: /a}]",
        "volumes: [{type: tmpfs, target: /a, tmpfs: {size: 1m}}]",
    ),
    ("type", "volumes: [{type: tmpfs, target: /a}]", "volumes: [{type: volume, target: /a}]"),
    (
        "volume",
        "volumes: ['v:/v']",
        "volumes: [{type: volume, source: v, target: /v, volume: {nocopy: true}}]",
    ),
    (
        "volume.labels",
        "volumes: ['v:/v']",
        "volumes: [{type: volume, source: v, target: /v, volume: {labels: {a: b}}}]",
    ),
    (
        "volume.nocopy",
        "volumes: ['v:/v']",
        "volumes: [{type: volume, source: v, target: /v, volume: {nocopy: true}}]",
    ),
    (
        "volume.subpath",
        "volumes: ['v:/v']",
        "volumes: [{type: volume, source: v, target: /v, volume: {subpath: a}}]",
    ),
];

const GENERIC: &str = "deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: a, value: 1}}]}}}";
const POLICY: &str = "deploy: {restart_policy: {}}";
const ROLLBACK: &str = "deploy: {rollback_config: {}}";
const UPDATE: &str = "deploy: {update_config: {}}";
const HEALTH: &str = "healthcheck: {test: a}";
const PORT: &str = "ports: [{target: 80}]";
const BIND: &str = "volumes: [{type: bind, source: /a, target: /a}]";

/// A key; the whole file without it; the whole file with it.
const OF_FILES: [(&str, &str, &str); 43] = [
    ("configs", A, "services: {a: {image: x}}\nconfigs: {c: {content: a}}"),
    ("configs.*.content", C, "services: {a: {image: x}}\nconfigs: {c: {content: b}}"),
    ("configs.*.environment", C, "services: {a: {image: x}}\nconfigs: {c: {environment: E}}"),
    ("configs.*.external", C, "services: {a: {image: x}}\nconfigs: {c: {external: true}}"),
    ("configs.*.file", C, "services: {a: {image: x}}\nconfigs: {c: {file: f.txt}}"),
    (
        "configs.*.labels",
        C,
        "services: {a: {image: x}}\nconfigs: {c: {content: a, labels: {a: b}}}",
    ),
    ("configs.*.name", C, "services: {a: {image: x}}\nconfigs: {c: {content: a, name: n}}"),
    (
        "configs.*.template_driver",
        C,
        "services: {a: {image: x}}\nconfigs: {c: {content: a, template_driver: golang}}",
    ),
    ("include", A, "services: {a: {image: x}}\ninclude: [base.yml]"),
    (
        "include[].env_file",
        "services: {a: {image: x}}\ninclude: [{path: base.yml}]",
        "services: {a: {image: x}}\ninclude: [{path: base.yml, env_file: b.env}]",
    ),
    ("include[].path", A, "services: {a: {image: x}}\ninclude: [{path: base.yml}]"),
    (
        "include[].project_directory",
        "services: {a: {image: x}}\ninclude: [{path: base.yml}]",
        "services: {a: {image: x}}\ninclude: [{path: base.yml, project_directory: d}]",
    ),
    ("networks", N, "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {internal: true}}"),
    (
        "networks.*.attachable",
        N,
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {attachable: true}}",
    ),
    (
        "networks.*.driver",
        N,
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {driver: weave}}",
    ),
    (
        "networks.*.driver_opts",
        N,
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {driver_opts: {encrypted: ''}}}",
    ),
    (
        "networks.*.external",
        N,
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {external: true}}",
    ),
    (
        "networks.*.external.name",
        N,
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {external: {name: m}}}",
    ),
    (
        "networks.*.internal",
        N,
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {internal: true}}",
    ),
    (
        "networks.*.ipam",
        N,
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {ipam: {driver: d}}}",
    ),
    (
        "networks.*.ipam.config",
        N,
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {ipam: {config: [{subnet: 10.0.0.0/24}]}}}",
    ),
    (
        "networks.*.ipam.config[].subnet",
        N,
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {ipam: {config: [{subnet: 10.0.1.0/24}]}}}",
    ),
    (
        "networks.*.ipam.config[].gateway",
        SUBNET,
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {ipam: {config: [{subnet: 10.0.1.0/24, gateway: 10.0.1.9}]}}}",
    ),
    (
        "networks.*.ipam.config[].ip_range",
        SUBNET,
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {ipam: {config: [{subnet: 10.0.1.0/24, ip_range: 10.0.1.128/25}]}}}",
    ),
    (
        "networks.*.ipam.driver",
        N,
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {ipam: {driver: d}}}",
    ),
    (
        "networks.*.labels",
        N,
        "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {labels: {a: b}}}",
    ),
    ("networks.*.name", N, "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {name: m}}"),
    ("secrets", A, "services: {a: {image: x}}\nsecrets: {c: {content: a}}"),
    ("secrets.*.content", A, "services: {a: {image: x}}\nsecrets: {c: {content: b}}"),
    ("secrets.*.driver", A, "services: {a: {image: x}}\nsecrets: {c: {driver: d}}"),
    (
        "secrets.*.driver_opts",
        "services: {a: {image: x}}\nsecrets: {c: {driver: d}}",
        "services: {a: {image: x}}\nsecrets: {c: {driver: d, driver_opts: {a: b}}}",
    ),
    ("secrets.*.environment", A, "services: {a: {image: x}}\nsecrets: {c: {environment: E}}"),
    (
        "secrets.*.external",
        "services: {a: {image: x}}\nsecrets: {c: {content: a}}",
        "services: {a: {image: x}}\nsecrets: {c: {external: true}}",
    ),
    ("secrets.*.file", A, "services: {a: {image: x}}\nsecrets: {c: {file: f.txt}}"),
    (
        "secrets.*.labels",
        "services: {a: {image: x}}\nsecrets: {c: {content: a}}",
        "services: {a: {image: x}}\nsecrets: {c: {content: a, labels: {a: b}}}",
    ),
    (
        "secrets.*.name",
        "services: {a: {image: x}}\nsecrets: {c: {content: a}}",
        "services: {a: {image: x}}\nsecrets: {c: {content: a, name: n}}",
    ),
    (
        "secrets.*.template_driver",
        "services: {a: {image: x}}\nsecrets: {c: {content: a}}",
        "services: {a: {image: x}}\nsecrets: {c: {content: a, template_driver: golang}}",
    ),
    ("services", A, "services: {b: {image: x}}"),
    ("version", A, "version: '3.8'\nservices: {a: {image: x}}"),
    (
        "volumes.*.driver",
        V,
        "services: {a: {image: x, volumes: ['v:/v']}}\nvolumes: {v: {driver: d}}",
    ),
    (
        "volumes.*.driver_opts",
        V,
        "services: {a: {image: x, volumes: ['v:/v']}}\nvolumes: {v: {driver_opts: {a: b}}}",
    ),
    (
        "volumes.*.labels",
        V,
        "services: {a: {image: x, volumes: ['v:/v']}}\nvolumes: {v: {labels: {a: b}}}",
    ),
    ("volumes.*.name", V, "services: {a: {image: x, volumes: ['v:/v']}}\nvolumes: {v: {name: w}}"),
];

const OF_VOLUMES: [(&str, &str, &str); 3] = [
    ("volumes", V, "services: {a: {image: x, volumes: ['v:/v']}}\nvolumes: {v: {name: m}}"),
    (
        "volumes.*.external",
        V,
        "services: {a: {image: x, volumes: ['v:/v']}}\nvolumes: {v: {external: true}}",
    ),
    (
        "volumes.*.external.name",
        V,
        "services: {a: {image: x, volumes: ['v:/v']}}\nvolumes: {v: {external: {name: w}}}",
    ),
];

const A: &str = "services: {a: {image: x}}";
const C: &str = "services: {a: {image: x}}\nconfigs: {c: {content: a}}";
const SUBNET: &str = "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {ipam: {config: [{subnet: 10.0.1.0/24}]}}}";
const N: &str = "services: {a: {image: x, networks: [n]}}\nnetworks: {n: }";
const V: &str = "services: {a: {image: x, volumes: ['v:/v']}}\nvolumes: {v: }";

fn service(fragment: &str) -> String {
    let image = if fragment.contains("image: y") { "" } else { "image: x, " };
    format!(
        "services: {{a: {{{image}{fragment}}}, b: {{image: x, init: true}}}}\nvolumes: {{v: }}\nnetworks: {{n: }}\nconfigs: {{c: {{content: c}}, d: {{content: d}}}}\nsecrets: {{s: {{content: s}}}}\n"
    )
}

fn beside(path: &str) -> io::Result<Vec<u8>> {
    match path {
        "f.txt" => Ok(b"text".to_vec()),
        "b.env" => Ok(b"A='1'\n".to_vec()),
        "base.yml" => Ok(b"services: {b: {image: 'z:${A:-0}', volumes: ['./d:/d']}}".to_vec()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

/// All that comes out of a file: the stack, and what is to be built for it.
fn outcome(text: &str) -> String {
    let source = Source { path: "c.yml".to_owned(), text: text.to_owned() };
    let variables: Variables = [("E", "e"), ("BERTH_HOST", "a.localhost")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let context = StackContext { bind_root: Some("/srv".to_owned()), ..context() };
    let loaded = load(&[source], &beside, &variables, &Settings::default());
    let loaded = loaded.unwrap_or_else(|wrong| panic!("{text}\n{wrong:?}"));
    let (stack, _) = loaded.to_stack(&context).unwrap_or_else(|wrong| panic!("{text}\n{wrong:?}"));
    format!("{}\n{:?}", serde_json::to_string(&stack).unwrap(), loaded.builds())
}

#[test]
fn each_applied_key_changes_what_comes_out_and_no_other_does() {
    let keys = every_key();
    let mut seen = BTreeSet::new();
    let services = OF_SERVICES
        .into_iter()
        .map(|(key, before, after)| (format!("services.*.{key}"), service(before), service(after)));
    let mounts = OF_MOUNTS.into_iter().map(|(key, before, after)| {
        (format!("services.*.volumes[].{key}"), service(before), service(after))
    });
    let files = OF_FILES
        .into_iter()
        .chain(OF_VOLUMES)
        .map(|(key, before, after)| (key.to_owned(), before.to_owned(), after.to_owned()));
    for (path, before, after) in services.chain(mounts).chain(files) {
        let key = keys.get(&path).unwrap_or_else(|| panic!("{path} is not in the table"));
        let silent = key.words.starts_with("says nothing") || path.ends_with("host_ip");
        assert_eq!(outcome(&before) == outcome(&after), silent, "{path}: {after}");
        seen.insert(path);
    }
    let missing: Vec<&String> = keys
        .iter()
        .filter(|(path, key)| {
            matches!(key.class, Class::Applied | Class::Meaning) && !seen.contains(*path)
        })
        .map(|(path, _)| path)
        .collect();
    assert!(missing.is_empty(), "no example for {missing:?}");
}
