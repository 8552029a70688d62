//! How a network that is differs from one that should be.

use crate::map::Map;
use std::fmt;

use super::{NetworkSpec, Pool};

/// One thing about a network that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkChange {
    /// Which, such as `driver`.
    pub what: String,
    /// What it is.
    pub from: String,
    /// What it should be.
    pub to: String,
}

impl fmt::Display for NetworkChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, from, to } = self;
        let verb = if what.ends_with('s') { "change" } else { "changes" };
        write!(f, "{what} {verb} from {from} to {to}")
    }
}

impl NetworkSpec {
    /// What would have to change for `live` to be this network: one clause each,
    /// such as ``driver changes from overlay to macvlan``; empty where it is.
    #[must_use]
    pub fn changes_from(&self, live: &Self) -> Vec<String> {
        self.changes(live).iter().map(ToString::to_string).collect()
    }

    /// As [`changes_from`](Self::changes_from), taken apart.
    ///
    /// Swarm names the driver that nothing was said of, and gives each network a
    /// subnet, and each subnet a gateway, of its own choice where none was asked
    /// for: nothing of that is a change. Of a network that was just made, the subnets
    /// are not told yet, because Swarm gives them out a moment later: that is none
    /// either.
    #[must_use]
    pub fn changes(&self, live: &Self) -> Vec<NetworkChange> {
        let Self { driver, driver_opts, labels, internal, attachable, ipam_driver, subnets, pools } =
            self;
        let mut changes = Vec::new();
        let mut change = |what: &str, from: &str, to: &str| {
            if from != to {
                let [what, from, to] = [what, from, to].map(str::to_owned);
                changes.push(NetworkChange { what, from, to });
            }
        };
        change("driver", or(&live.driver, "overlay"), or(driver, "overlay"));
        change("options", &pairs(&live.driver_opts), &pairs(driver_opts));
        change("labels", &pairs(&live.labels), &pairs(labels));
        change("internal", word(live.internal), word(*internal));
        change("attachable", word(live.attachable), word(*attachable));
        let ipam = |driver: &Option<String>| driver.clone().unwrap_or_else(|| "default".to_owned());
        change("ipam driver", &ipam(&live.ipam_driver), &ipam(ipam_driver));
        if !subnets.is_empty() && !live.subnets.is_empty() {
            change("subnets", &list(&live.subnets), &list(subnets));
            let said = |pool: Option<&String>| pool.map_or("none", String::as_str).to_owned();
            for subnet in subnets.iter().filter(|subnet| live.subnets.contains(subnet)) {
                let (is, to) = (live.pools.get(subnet), pools.get(subnet));
                if let Some(gateway) = to.and_then(|to| to.gateway.as_ref()) {
                    let is = said(is.and_then(|is| is.gateway.as_ref()));
                    change(&format!("gateway of {subnet}"), &is, gateway);
                }
                let range = |pool: Option<&Pool>| said(pool.and_then(|it| it.ip_range.as_ref()));
                change(&format!("address range of {subnet}"), &range(is), &range(to));
            }
        }
        changes
    }
}

fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}

const fn word(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

fn pairs(map: &Map<String, String>) -> String {
    let each = map.iter().map(|(key, value)| format!("{key}={value}"));
    or(&each.collect::<Vec<_>>().join(" "), "none").to_owned()
}

fn list(items: &[String]) -> String {
    let mut items: Vec<&str> = items.iter().map(String::as_str).collect();
    items.sort_unstable();
    or(&items.join(" "), "none").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_swarm_fills_in_by_itself_is_no_change() {
        let live = NetworkSpec {
            driver: "overlay".to_owned(),
            ipam_driver: Some("default".to_owned()),
            subnets: vec!["10.0.1.0/24".to_owned()],
            ..NetworkSpec::default()
        };
        assert_eq!(NetworkSpec::default().changes_from(&live), Vec::<String>::new());
        let asked = NetworkSpec { subnets: live.subnets.clone(), ..NetworkSpec::default() };
        let just_made = NetworkSpec { subnets: Vec::new(), ..live };
        assert_eq!(asked.changes_from(&just_made), Vec::<String>::new());
        let order = |subnets: [&str; 2]| NetworkSpec {
            subnets: subnets.map(str::to_owned).to_vec(),
            ..NetworkSpec::default()
        };
        let (one, other) =
            (order(["10.1.0.0/24", "10.2.0.0/24"]), order(["10.2.0.0/24", "10.1.0.0/24"]));
        assert_eq!(one.changes_from(&other), Vec::<String>::new());
    }

    #[test]
    fn a_gateway_that_was_not_asked_for_is_no_change_but_a_range_is() {
        let network = |gateway: Option<&str>, range: Option<&str>| {
            let [gateway, ip_range] = [gateway, range].map(|it| it.map(str::to_owned));
            NetworkSpec {
                subnets: vec!["10.1.0.0/24".to_owned()],
                pools: Map::from([("10.1.0.0/24".to_owned(), Pool { gateway, ip_range })]),
                ..NetworkSpec::default()
            }
        };
        let live = network(Some("10.1.0.1"), Some("10.1.0.128/25"));
        let none: [&str; 0] = [];
        assert_eq!(live.changes_from(&live), none);
        assert_eq!(network(None, Some("10.1.0.128/25")).changes_from(&live), none);
        let plain = NetworkSpec { pools: Map::new(), ..live.clone() };
        assert_eq!(
            plain.changes_from(&live),
            ["address range of 10.1.0.0/24 changes from 10.1.0.128/25 to none"]
        );
        assert_eq!(
            network(Some("10.1.0.254"), Some("10.1.0.128/25")).changes_from(&live),
            ["gateway of 10.1.0.0/24 changes from 10.1.0.1 to 10.1.0.254"]
        );
    }

    #[test]
    fn each_change_is_named() {
        let wanted = NetworkSpec {
            driver: "macvlan".to_owned(),
            driver_opts: Map::from([("mtu".to_owned(), "1400".to_owned())]),
            labels: Map::from([("a".to_owned(), "b".to_owned())]),
            internal: true,
            attachable: true,
            ipam_driver: Some("other".to_owned()),
            subnets: vec!["10.9.0.0/24".to_owned()],
            pools: Map::new(),
        };
        let live =
            NetworkSpec { subnets: vec!["10.8.0.0/24".to_owned()], ..NetworkSpec::default() };
        assert_eq!(
            wanted.changes_from(&live),
            [
                "driver changes from overlay to macvlan",
                "options change from none to mtu=1400",
                "labels change from none to a=b",
                "internal changes from false to true",
                "attachable changes from false to true",
                "ipam driver changes from default to other",
                "subnets change from 10.8.0.0/24 to 10.9.0.0/24",
            ]
        );
    }
}
