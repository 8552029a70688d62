//! What a stack's services are joined to, as its release says: a pass sees how
//! each of them is, not what it needs.

use std::collections::BTreeSet;

use berth_domain::stack::{MountKind, StackSpec};

use crate::types::Service;

/// Says of each service which named volumes it mounts and which others it waits
/// for. What the release does not have, such as a service that is on its way out,
/// is joined to nothing.
pub(super) fn add(services: &mut [Service], spec: &StackSpec) {
    for service in services {
        if let Some(wanted) = spec.services.get(&service.name) {
            let named = wanted.mounts.iter().filter(|mount| {
                matches!(mount.kind, MountKind::Volume { .. } | MountKind::Cluster)
            });
            // Once, however many of its folders are mounted.
            let names: BTreeSet<_> = named.filter_map(|mount| mount.source.clone()).collect();
            service.volumes = names.into_iter().collect();
        }
        if let Some(others) = spec.dependencies.get(&service.name) {
            service.depends_on = others.keys().cloned().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use berth_domain::stack::{Condition, Mount, ServiceSpec};

    use super::super::{ObservedService, service};
    use super::*;

    fn mount(kind: MountKind, source: Option<&str>, target: &str) -> Mount {
        Mount {
            kind,
            source: source.map(str::to_owned),
            target: target.to_owned(),
            read_only: false,
            consistency: None,
        }
    }

    fn volume(source: Option<&str>, target: &str) -> Mount {
        let kind = MountKind::Volume {
            no_copy: false,
            subpath: None,
            labels: BTreeMap::new().into(),
            driver: None,
            external: false,
        };
        mount(kind, source, target)
    }

    #[test]
    fn a_service_is_joined_to_what_its_release_says_and_to_nothing_else() {
        let db = ServiceSpec {
            mounts: vec![
                volume(Some("shop_data"), "/data"),
                volume(Some("shop_data"), "/backup"),
                volume(None, "/cache"),
                mount(MountKind::Bind { propagation: None }, Some("/etc/ssl"), "/etc/ssl"),
            ],
            ..ServiceSpec::default()
        };
        let spec = StackSpec {
            services: BTreeMap::from([
                ("db".to_owned(), db.into()),
                ("web".to_owned(), ServiceSpec::default().into()),
            ]),
            dependencies: BTreeMap::from([(
                "web".to_owned(),
                BTreeMap::from([("db".to_owned(), Condition::Healthy)]),
            )]),
            ..StackSpec::default()
        };
        let seen = ["db", "old", "web"].map(|name| {
            service(ObservedService { name: name.to_owned(), ..ObservedService::default() })
        });
        let mut services = seen.to_vec();
        add(&mut services, &spec);
        let said = services.iter().map(|it| {
            format!("{}: {} / {}", it.name, it.volumes.join(" "), it.depends_on.join(" "))
        });
        assert_eq!(said.collect::<Vec<_>>(), ["db: shop_data / ", "old:  / ", "web:  / db"]);
    }
}
