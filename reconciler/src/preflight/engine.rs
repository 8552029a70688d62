//! What the manager's engine is too old for, and would leave out without a word.

use berth_compose_templates::Subject;
use berth_domain::stack::{MountKind, Security, ServiceSpec};

use super::Check;

impl Check<'_> {
    pub(super) fn engine(&mut self) {
        let Some(api) = self.facts.api_minor else { return };
        for (name, service) in &self.spec.services {
            for (key, docker) in too_new(service, api) {
                let message = format!(
                    "the service `{name}` asks for `{key}`, which this engine leaves out; it needs Docker {docker} or newer"
                );
                self.note(&[Subject::Service(name.clone())], message);
            }
        }
    }
}

/// The keys that an engine with this API doesn't know, and the version of Docker
/// that does.
fn too_new(service: &ServiceSpec, api: u16) -> impl Iterator<Item = (&'static str, u16)> {
    let Security { no_new_privileges, unconfined_seccomp, unconfined_apparmor, selinux: _ } =
        service.security;
    let interval = service.healthcheck.as_ref().is_some_and(|it| it.start_interval.is_some());
    let subpath = service
        .mounts
        .iter()
        .any(|mount| matches!(mount.kind, MountKind::Volume { subpath: Some(_), .. }));
    let security = no_new_privileges || unconfined_seccomp || unconfined_apparmor;
    let keys = [
        (security, "security_opt", 44, 25),
        (interval, "healthcheck.start_interval", 44, 25),
        (subpath, "volumes.volume.subpath", 45, 26),
        (service.oom_score_adj.is_some(), "oom_score_adj", 46, 27),
    ];
    let asked = keys.into_iter().filter(move |(asked, _, since, _)| *asked && api < *since);
    asked.map(|(_, key, _, docker)| (key, docker))
}
