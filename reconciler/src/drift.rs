//! How what is there differs from what should be, as data: pure, and in words.
//!
//! The plan says what will be done; this says why. There is a difference exactly
//! where the plan is not [synced](Plan::is_synced). No value is in it that may be
//! a secret: [`value`] says which those are.

mod changes;
mod fields;
mod texts;
mod value;
mod words;

use std::collections::BTreeMap;

use berth_domain::cluster::{Desired, ObservedNetwork, ObservedService, ObservedStack};
use berth_domain::map::Map;
use berth_domain::stack::{NetworkChange, NetworkSpec, ServiceSpec, StackSpec};
use serde::{Deserialize, Serialize};

use self::fields::Found;
pub use self::texts::{Text, texts};
use crate::plan::Plan;

/// The kinds of object that a stack is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A service.
    Service,
    /// A network.
    Network,
    /// A config.
    Config,
    /// A secret.
    Secret,
}

impl Kind {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Network => "network",
            Self::Config => "config",
            Self::Secret => "secret",
        }
    }
}

/// One thing that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Difference {
    /// What kind of object it is about.
    pub kind: Kind,
    /// Which: a service's short name, or the name on the cluster.
    pub name: String,
    /// Which field of it, such as `replicas` or `env.DEBUG`; empty where all of it
    /// is missing, or should not be there.
    pub field: String,
    /// What it should be; [`None`] where nobody asked for it. What may be a secret
    /// is blotted out.
    pub desired: Option<String>,
    /// What it is, likewise; [`None`] where it is not there.
    pub live: Option<String>,
    /// All that in a sentence.
    pub sentence: String,
}

/// How `observed` differs from what is desired, where `plan` is what follows from
/// that. What is on its way out as a whole differs in nothing.
#[must_use]
pub fn differences(desired: &Desired, observed: &ObservedStack, plan: &Plan) -> Vec<Difference> {
    let Desired::Present(spec) = desired else { return Vec::new() };
    compare(spec, observed, plan, &Voice::Is)
}

/// The same, where `spec` is what a deployment would bring: each sentence says what
/// it would do.
#[must_use]
pub fn changes(spec: &StackSpec, observed: &ObservedStack, plan: &Plan) -> Vec<Difference> {
    compare(spec, observed, plan, &Voice::Would)
}

/// How a difference is told.
enum Voice {
    /// As something that is not what it should be.
    Is,
    /// As something that would be done.
    Would,
}

fn compare(
    spec: &StackSpec,
    observed: &ObservedStack,
    plan: &Plan,
    voice: &Voice,
) -> Vec<Difference> {
    let mut all = Vec::new();
    for (name, wanted) in &spec.services {
        match observed.services.get(name) {
            None if spec.jobs.contains_key(name) => {
                all.push(missing(Kind::Service, name, "run the job", voice));
            }
            None => all.push(missing(Kind::Service, name, "make the service", voice)),
            Some(is) => of_service(name, wanted, is, voice, &mut all),
        }
    }
    for (name, wanted) in &spec.networks {
        match observed.networks.get(name) {
            None => all.push(missing(Kind::Network, name, "make the network", voice)),
            Some(is) => of_network(name, wanted, is, voice, &mut all),
        }
    }
    let lacking = |kind: Kind, wanted: &Map<String, _>, is: &BTreeMap<String, _>| {
        let names = wanted.keys().filter(|name| !is.contains_key(*name));
        let make = format!("make the {}", kind.as_str());
        names.map(|name| missing(kind, name, &make, voice)).collect::<Vec<_>>()
    };
    all.extend(lacking(Kind::Config, &spec.configs, &observed.configs));
    all.extend(lacking(Kind::Secret, &spec.secrets, &observed.secrets));
    all.extend(plan.unwanted().iter().map(|(kind, name)| unwanted(*kind, name, voice)));
    all
}

fn of_service(
    name: &str,
    wanted: &ServiceSpec,
    is: &ObservedService,
    voice: &Voice,
    all: &mut Vec<Difference>,
) {
    let Some(live) = &is.spec else {
        all.push(Difference {
            kind: Kind::Service,
            name: name.to_owned(),
            field: String::new(),
            desired: Some("as its release has it".to_owned()),
            live: Some("something that no compose file says".to_owned()),
            sentence: match voice {
                Voice::Is => format!("service `{name}` is something that no compose file says"),
                Voice::Would => format!("put service `{name}` right, which no compose file says"),
            },
        });
        return;
    };
    if live.means(wanted) {
        return;
    }
    let mut found = fields::compare(wanted, live);
    if let Voice::Would = voice
        && found.iter().any(|it| it.path == ["image"])
    {
        // It says the same again.
        found.retain(|it| it.path != ["written_image"]);
    }
    let theirs = if is.ours { "" } else { "; it was not made by this Berth" };
    all.extend(found.into_iter().map(|found| {
        let words = match voice {
            Voice::Is => words::of(name, &found),
            Voice::Would => changes::of(name, &found),
        };
        let sentence = format!("{words}{theirs}");
        let Found { path, desired, live } = found;
        Difference {
            kind: Kind::Service,
            name: name.to_owned(),
            field: fields::shown(&path),
            desired,
            live,
            sentence,
        }
    }));
}

fn of_network(
    name: &str,
    wanted: &NetworkSpec,
    is: &ObservedNetwork,
    voice: &Voice,
    all: &mut Vec<Difference>,
) {
    let theirs = if is.ours { "" } else { "; it was not made by this Berth" };
    for change in wanted.changes(&is.spec) {
        let [live, desired] =
            [&change.from, &change.to].map(|text| value::guarded(&change.what, text));
        let what = &change.what;
        let (from, to) = (words::quoted(&live), words::quoted(&desired));
        let sentence = match voice {
            Voice::Is if live == desired => {
                format!("network `{name}` has another value for its {what} than its release")
            }
            Voice::Is => {
                format!("network `{name}` has {from} as its {what}; its release says {to}")
            }
            Voice::Would if live == desired => format!("change the {what} of network `{name}`"),
            Voice::Would => format!("change the {what} of network `{name}` from {from} to {to}"),
        };
        all.push(Difference {
            kind: Kind::Network,
            name: name.to_owned(),
            field: change.what.clone(),
            desired: Some(desired),
            live: Some(live),
            sentence: format!("{sentence}{theirs}"),
        });
    }
}

/// How a network differs from what it should be, a clause each, with nothing in
/// them that may be a secret.
pub(crate) fn clauses(wanted: &NetworkSpec, live: &NetworkSpec) -> Vec<String> {
    let clause = |change: NetworkChange| {
        let [from, to] = [&change.from, &change.to].map(|text| value::guarded(&change.what, text));
        let NetworkChange { what, .. } = change;
        let is_hidden = [&from, &to].into_iter().any(|text| text == value::HIDDEN);
        if is_hidden {
            format!("other {what}")
        } else {
            NetworkChange { what, from, to }.to_string()
        }
    };
    wanted.changes(live).into_iter().map(clause).collect()
}

fn missing(kind: Kind, name: &str, make: &str, voice: &Voice) -> Difference {
    Difference {
        kind,
        name: name.to_owned(),
        field: String::new(),
        desired: Some("there".to_owned()),
        live: None,
        sentence: match voice {
            Voice::Is => format!("{} `{name}` is missing", kind.as_str()),
            Voice::Would => format!("{make} `{name}`"),
        },
    }
}

fn unwanted(kind: Kind, name: &str, voice: &Voice) -> Difference {
    Difference {
        kind,
        name: name.to_owned(),
        field: String::new(),
        desired: None,
        live: Some("there".to_owned()),
        sentence: match voice {
            Voice::Is => format!("{} `{name}` is there, and nothing asks for it", kind.as_str()),
            Voice::Would => format!("remove the {} `{name}`", kind.as_str()),
        },
    }
}

#[cfg(test)]
mod tests;
