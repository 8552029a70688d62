//! What waits for what: only for services that are there, and in no circle.

use std::collections::BTreeMap;

use berth_domain::stack::{Condition, Dependencies, circle};

use super::Convert;
use crate::compose::model::{Deploy, DeployMode, Restart, Service};

impl Convert<'_> {
    /// The dependencies of all services.
    pub(super) fn dependencies(&mut self) -> Dependencies {
        let services = &self.loaded.model.services;
        let mut all = Dependencies::new();
        for (name, service) in services {
            let mut waits = BTreeMap::new();
            for (other, it) in &service.depends_on {
                match services.get(other) {
                    Some(to) => {
                        if it.condition == Condition::Completed {
                            self.check_ends(it.at, name, other, to);
                        }
                        waits.insert(other.clone(), it.condition);
                    }
                    None if it.required => {
                        let message = format!(
                            "the service `{name}` depends on `{other}`, which is not among the services that are deployed; add it, or say `required: false`"
                        );
                        self.refuse(it.at, message);
                    }
                    None => {}
                }
            }
            if !waits.is_empty() {
                all.insert(name.clone(), waits);
            }
        }
        self.refuse_circles(all.clone());
        all
    }

    /// Complains about each circle, with the place where it closes.
    fn refuse_circles(&mut self, mut all: Dependencies) {
        let services = &self.loaded.model.services;
        while let Some(circle) = circle(&all) {
            let (Some(first), Some(last)) = (circle.first(), circle.last()) else { return };
            let closes = services.get(last).and_then(|service| service.depends_on.get(first));
            let Some(at) = closes.map(|it| it.at) else { return };
            let names: Vec<String> =
                circle.iter().chain([first]).map(|name| format!("`{name}`")).collect();
            let message = format!(
                "no service of these could be the first to start, because each waits for the next: {}; take one of these dependencies out",
                names.join(" → ")
            );
            self.refuse(at, message);
            // The next circle is one without this edge.
            if let Some(waits) = all.get_mut(last) {
                waits.remove(first);
            }
        }
    }

    /// What never ends can't be waited for to end.
    fn check_ends(&mut self, at: crate::yaml::At, name: &str, other: &str, to: &Service) {
        if let Some(endless) = endless(to) {
            let message = format!(
                "the service `{name}` waits until `{other}` has completed, which with {endless} it never does; take that out of `{other}`"
            );
            self.refuse(at, message);
        }
    }

    /// Whether `name` is a job, by its own word or since some service waits for it
    /// to complete.
    pub(super) fn is_waited_out(&self, name: &str) -> bool {
        let services = &self.loaded.model.services;
        services.get(name).is_some_and(|service| service.job.is_some())
            || services.values().any(|service| {
                service.depends_on.get(name).is_some_and(|it| it.condition == Condition::Completed)
            })
    }
}

/// What keeps a service from ever ending.
pub(super) fn endless(service: &Service) -> Option<&'static str> {
    let Deploy { mode, restart, .. } = &service.deploy;
    match mode.as_ref().map(|mode| mode.it) {
        Some(DeployMode::Global) => Some("`deploy.mode: global`"),
        Some(DeployMode::ReplicatedJob | DeployMode::GlobalJob) => None,
        // What compose calls replicated may end as well.
        Some(DeployMode::Replicated) | None => match (restart, &service.restart) {
            (Some(block), _) if block.condition.as_deref() == Some("any") => {
                Some("`deploy.restart_policy.condition: any`")
            }
            (None, Some(Restart::Always)) => Some("`restart: always`"),
            _ => None,
        },
    }
}
