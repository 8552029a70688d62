//! Jobs around a rollout: only what ends, and in no circle.

use berth_domain::stack::{Dependencies, StackSpec, circle};

use super::Convert;
use super::depends::endless;

impl Convert<'_> {
    /// Puts down which services are jobs before or after the rollout.
    pub(super) fn jobs(&mut self, spec: &mut StackSpec) {
        for (name, service) in &self.loaded.model.services {
            let Some(job) = &service.job else { continue };
            spec.jobs.insert(name.clone(), job.it);
            if let Some(endless) = endless(service) {
                let message = format!(
                    "the service `{name}` is a job, which with {endless} never ends; take that out"
                );
                self.refuse(job.at, message);
            }
        }
        // What waits in a circle without them is told already.
        if circle(&spec.dependencies).is_none() {
            self.refuse_job_circle(spec);
        }
    }

    /// Complains about what could never start because of jobs.
    fn refuse_job_circle(&mut self, spec: &StackSpec) {
        let mut all: Dependencies = spec.dependencies.clone();
        for name in spec.services.keys() {
            let waits = spec.waits_for_jobs(name).into_iter();
            let waits: Vec<_> = waits.map(|(other, how)| (other.to_owned(), how)).collect();
            if !waits.is_empty() {
                all.entry(name.clone()).or_default().extend(waits);
            }
        }
        let Some(circle) = circle(&all) else { return };
        let services = &self.loaded.model.services;
        let job = circle.iter().find_map(|name| services.get(name)?.job.as_ref());
        let (Some(job), Some(first)) = (job, circle.first()) else { return };
        let names: Vec<String> =
            circle.iter().chain([first]).map(|name| format!("`{name}`")).collect();
        let message = format!(
            "nothing of these could be the first to start, because each waits for the next: {}; a job before the rollout waits only for what it depends on, and nothing waits for one after it",
            names.join(" → ")
        );
        self.refuse(job.at, message);
    }
}
