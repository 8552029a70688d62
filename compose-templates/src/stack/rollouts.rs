//! What a routed service must say so that no request is lost while it is updated.
//!
//! Swarm stops a task before it starts the next unless it is told otherwise, and
//! calls a task without a health check good as soon as its process runs: either
//! way Traefik is left with an address that nobody answers at. `cargo xtask bench
//! rollouts` counts the requests.

use berth_domain::stack::{MountKind, Protocol, ServiceSpec};

use super::Convert;
use crate::compose::model::Service;

impl Convert<'_> {
    /// Notes what would lose requests of HTTP.
    pub(super) fn rollout(&mut self, name: &str, service: &Service, spec: &ServiceSpec) {
        let mut routes = service.routes.iter();
        let Some(route) = routes.find(|route| route.it.protocol == Protocol::Http) else { return };
        if !starts_first(spec) && may_start_first(spec) {
            let message = format!(
                "an update stops the task of `{name}` before its successor runs, and requests in between are lost; give it `deploy: {{ update_config: {{ order: start-first }} }}`"
            );
            self.note(route.at, message);
        } else if starts_first(spec) && spec.healthcheck.is_none() {
            let message = format!(
                "an update stops the former task of `{name}` as soon as the new one's process runs, not when it answers; give it a `healthcheck`, unless its image has one"
            );
            self.note(route.at, message);
        }
    }
}

fn starts_first(spec: &ServiceSpec) -> bool {
    spec.update.as_ref().is_some_and(|update| update.order == "start-first")
}

/// Whether two tasks may run at the same time: not where they would write to the
/// same files, or want the same port of a node.
fn may_start_first(spec: &ServiceSpec) -> bool {
    let keeps =
        |kind: &MountKind| matches!(kind, MountKind::Volume { .. } | MountKind::Bind { .. });
    let writes = spec.mounts.iter().any(|mount| keeps(&mount.kind) && !mount.read_only);
    !writes && !spec.ports.iter().any(|port| port.host)
}
