//! Routes: where a stack answers, and what it thereby takes for itself.
//!
//! A [`Claim`] is what no two stacks may have at once. Traefik would serve one
//! of two claimants and not say which, so the later one is refused.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::StackName;

/// The label with a service's claims, as JSON.
pub const ROUTES_LABEL: &str = "berth.routes";

/// The host of a TCP route that takes every connection of its entry point.
pub const ANY_HOST: &str = "*";

/// What a route speaks.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// HTTP, told apart by host and path.
    #[default]
    Http,
    /// TCP, told apart by entry point and, within TLS, by the name asked for.
    Tcp,
    /// UDP, told apart by entry point.
    Udp,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 3] = [Self::Http, Self::Tcp, Self::Udp];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// One route through Traefik, to one host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Route {
    /// The service it leads to, by its short name.
    pub service: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// The host it answers for; `*.` stands for one more part in front. Of TCP
    /// the name asked for, or [`ANY_HOST`]; of UDP nothing.
    pub host: String,
    /// The path prefix it answers for, `/` for all; empty but for HTTP.
    pub path: String,
    /// The path to ask when checking that the route answers.
    pub check: String,
    /// Traefik's entry points; none means Traefik's default.
    pub entrypoints: Vec<String>,
    /// Traefik speaks TLS there, or passes it through.
    pub tls: bool,
    /// Traefik asks for a password first.
    pub password: bool,
    /// Traefik lets only some addresses in.
    pub allow_list: bool,
    /// The host that Traefik redirects to, instead of serving.
    pub redirect: Option<String>,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, path, .. } = self;
        let entrypoints = self.entrypoints.join(",");
        match self.protocol {
            Protocol::Http => write!(f, "{host}{}", if path == "/" { "" } else { path }),
            Protocol::Tcp if host == ANY_HOST => write!(f, "{entrypoints}/tcp"),
            Protocol::Tcp => write!(f, "{host} at {entrypoints}/tcp"),
            Protocol::Udp => write!(f, "{entrypoints}/udp"),
        }
    }
}

impl Route {
    /// What it takes for its stack. HTTP takes a host and path at every entry
    /// point: a visitor doesn't know of those.
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        let claim = |entrypoints: Vec<String>| Claim {
            protocol: self.protocol,
            entrypoints,
            host: self.host.clone(),
            path: self.path.clone(),
        };
        match self.protocol {
            Protocol::Http => vec![claim(self.entrypoints.clone())],
            Protocol::Tcp | Protocol::Udp => {
                self.entrypoints.iter().map(|name| claim(vec![name.clone()])).collect()
            }
        }
    }

    /// Whether a browser can be sent there.
    #[must_use]
    pub fn has_url(&self) -> bool {
        self.protocol == Protocol::Http && !self.host.starts_with('*') && self.redirect.is_none()
    }
}

/// What only one stack may have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Claim {
    /// What it speaks.
    pub protocol: Protocol,
    /// Of HTTP every entry point that it is at, of the others exactly one.
    #[serde(default)]
    pub entrypoints: Vec<String>,
    /// As [`Route::host`].
    #[serde(default)]
    pub host: String,
    /// As [`Route::path`].
    #[serde(default)]
    pub path: String,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, path, .. } = self;
        let entrypoints = self.entrypoints.join(",");
        match self.protocol {
            Protocol::Http => write!(f, "`{host}{path}`"),
            Protocol::Tcp if host == ANY_HOST => {
                write!(f, "TCP at the entry point `{entrypoints}`")
            }
            Protocol::Tcp => write!(f, "`{host}` at the entry point `{entrypoints}`"),
            Protocol::Udp => write!(f, "UDP at the entry point `{entrypoints}`"),
        }
    }
}

impl Claim {
    /// Whether Traefik could not tell the two apart, or would give one what is
    /// the other's, even if both are of one stack.
    #[must_use]
    pub fn collides(&self, other: &Self) -> bool {
        self.meets(other, |a, b| a == b)
    }

    /// Whether one would take what is the other's, if they are of two stacks: a
    /// host within a wildcard is somebody's, too.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.meets(other, |a, b| covers(a, b) || covers(b, a))
    }

    fn meets(&self, other: &Self, hosts: impl Fn(&str, &str) -> bool) -> bool {
        let same_host = hosts(&self.host, &other.host);
        match (self.protocol, other.protocol) {
            (Protocol::Http, Protocol::Http) => same_host && self.path == other.path,
            (Protocol::Tcp, Protocol::Tcp) => same_host && self.shares_entrypoint(other),
            (Protocol::Udp, Protocol::Udp) => self.shares_entrypoint(other),
            // Traefik asks its TCP routers first.
            (Protocol::Tcp, Protocol::Http) | (Protocol::Http, Protocol::Tcp) => {
                let any = self.host == ANY_HOST || other.host == ANY_HOST;
                (any || same_host) && self.shares_entrypoint(other)
            }
            (Protocol::Udp, _) | (_, Protocol::Udp) => false,
        }
    }

    fn shares_entrypoint(&self, other: &Self) -> bool {
        self.entrypoints.is_empty()
            || other.entrypoints.is_empty()
            || self.entrypoints.iter().any(|name| other.entrypoints.contains(name))
    }
}

/// Whether `pattern` is `host`, or a wildcard that it falls under.
fn covers(pattern: &str, host: &str) -> bool {
    if pattern == host || pattern == ANY_HOST {
        return true;
    }
    let Some(base) = pattern.strip_prefix("*.") else { return false };
    host.split_once('.').is_some_and(|(_, rest)| rest == base)
}

/// A claim that somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The stack.
    pub stack: String,
    /// What it has.
    pub claim: Claim,
}

/// Something that two stacks want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contested {
    /// What is wanted.
    pub wanted: Claim,
    /// Who has it, or something that it would take from.
    pub held: Held,
}

impl fmt::Display for Contested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, held: Held { stack, claim } } = self;
        write!(f, "the stack `{stack}` has {claim} already")?;
        if claim != wanted {
            write!(f, ", which {wanted} would take from")?;
        }
        let remedy = match wanted.protocol {
            Protocol::Http => "another host or path",
            Protocol::Tcp => "another host or entry point",
            Protocol::Udp => "another entry point",
        };
        write!(f, "; give the route {remedy}, or remove that stack")
    }
}

/// What of `wanted` other stacks than `own` have already.
#[must_use]
pub fn contested<'a>(
    own: &StackName,
    wanted: impl IntoIterator<Item = &'a Claim>,
    held: &[Held],
) -> Vec<Contested> {
    let others: Vec<&Held> = held.iter().filter(|held| held.stack != own.as_str()).collect();
    let wanted: BTreeSet<&Claim> = wanted.into_iter().collect();
    wanted
        .into_iter()
        .filter_map(|wanted| {
            let held = others.iter().find(|held| held.claim.overlaps(wanted))?;
            Some(Contested { wanted: wanted.clone(), held: (*held).clone() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn http(host: &str, path: &str) -> Claim {
        Claim {
            protocol: Protocol::Http,
            entrypoints: vec!["web".to_owned()],
            host: host.to_owned(),
            path: path.to_owned(),
        }
    }

    fn at(protocol: Protocol, entrypoint: &str, host: &str) -> Claim {
        let entrypoints = vec![entrypoint.to_owned()];
        Claim { protocol, entrypoints, host: host.to_owned(), path: String::new() }
    }

    #[test]
    fn the_later_claimant_is_told_who_was_first() {
        let own = StackName::parse("late").unwrap();
        let held = |stack: &str, claim: Claim| Held { stack: stack.to_owned(), claim };
        let there = [
            held("late", http("mine.example", "/")),
            held("first", http("shop.example", "/")),
            held("first", http("*.wild.example", "/")),
            held("first", at(Protocol::Tcp, "postgres", "*")),
            held("first", at(Protocol::Udp, "dns", "")),
        ];
        let wanted = [
            http("mine.example", "/"),
            http("shop.example", "/"),
            http("shop.example", "/api"),
            http("a.wild.example", "/"),
            http("a.b.wild.example", "/"),
            at(Protocol::Tcp, "postgres", "db.example"),
            at(Protocol::Tcp, "web", "*"),
            at(Protocol::Udp, "dns", ""),
        ];
        let told: Vec<String> =
            contested(&own, &wanted, &there).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "the stack `first` has `*.wild.example/` already, which `a.wild.example/` would take from; give the route another host or path, or remove that stack",
                "the stack `first` has `shop.example/` already; give the route another host or path, or remove that stack",
                "the stack `first` has TCP at the entry point `postgres` already, which `db.example` at the entry point `postgres` would take from; give the route another host or entry point, or remove that stack",
                "the stack `first` has `shop.example/` already, which TCP at the entry point `web` would take from; give the route another host or entry point, or remove that stack",
                "the stack `first` has UDP at the entry point `dns` already; give the route another entry point, or remove that stack",
            ]
        );
    }

    #[test]
    fn one_stack_may_have_a_wildcard_and_a_host_within_it() {
        assert!(!http("*.shop.example", "/").collides(&http("a.shop.example", "/")));
        assert!(http("a.shop.example", "/").collides(&http("a.shop.example", "/")));
        // But all of an entry point is all of it.
        assert!(at(Protocol::Tcp, "web", "*").collides(&http("a.shop.example", "/")));
    }

    fn claim() -> impl Strategy<Value = Claim> {
        let host = prop_oneof![Just("*"), Just("*.x"), Just("a.x"), Just("b.x"), Just("a.b.x")];
        let protocol = prop::sample::select(Protocol::ALL.to_vec());
        let names = prop::collection::vec(prop::sample::select(vec!["web", "db"]), 0..3);
        (protocol, names, host, prop_oneof![Just("/"), Just("/a")]).prop_map(
            |(protocol, names, host, path)| Claim {
                protocol,
                entrypoints: names.into_iter().map(str::to_owned).collect(),
                host: host.to_owned(),
                path: path.to_owned(),
            },
        )
    }

    proptest! {
        #[test]
        fn it_does_not_matter_who_is_asked(a in claim(), b in claim()) {
            prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
            prop_assert_eq!(a.collides(&b), b.collides(&a));
        }

        #[test]
        fn what_collides_overlaps_and_everything_collides_with_itself(a in claim(), b in claim()) {
            prop_assert!(!a.collides(&b) || a.overlaps(&b));
            prop_assert!(a.collides(&a));
        }
    }
}
