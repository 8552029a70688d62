//! Services that are no servers: jobs that run around a rollout.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Condition, StackSpec};
use crate::ids::DeploymentId;

/// When a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobTime {
    /// Before any other service is made or changed.
    Before,
    /// Once every other service is as it should be.
    After,
}

/// The label of a job's service that says for which deployment it runs, by which
/// each deployment runs it once.
const DEPLOYMENT_LABEL: &str = "berth.deployment";

/// The jobs of a stack, by their services' short names.
pub type Jobs = BTreeMap<String, JobTime>;

impl StackSpec {
    /// What must have come how far before `service` may be changed, for the sake of
    /// [jobs](Self::jobs). A service that a job before the rollout depends on can't
    /// wait for that job.
    #[must_use]
    pub fn waits_for_jobs(&self, service: &str) -> BTreeMap<&str, Condition> {
        let at = |time: JobTime| {
            self.jobs.iter().filter(move |(_, is)| **is == time).map(|(name, _)| name.as_str())
        };
        let mut waits: BTreeMap<&str, Condition> = BTreeMap::new();
        match self.jobs.get(service) {
            Some(JobTime::Before) => {}
            Some(JobTime::After) => {
                let servers =
                    self.services.keys().filter(|name| !self.jobs.contains_key(name.as_str()));
                waits.extend(servers.map(|name| (name.as_str(), Condition::Healthy)));
                waits.extend(at(JobTime::Before).map(|name| (name, Condition::Completed)));
            }
            None => {
                let needed = |job: &str| self.needs(job).contains(service);
                let jobs = at(JobTime::Before).filter(|job| !needed(job));
                waits.extend(jobs.map(|name| (name, Condition::Completed)));
            }
        }
        // A job runs again with each change, and needs what it needs each time.
        if self.jobs.contains_key(service) {
            let own = self.dependencies.get(service).into_iter().flatten();
            waits.extend(own.map(|(name, condition)| (name.as_str(), *condition)));
        }
        waits
    }

    /// Has its jobs run for a deployment, though nothing else about them changed.
    pub fn run_jobs_for(&mut self, deployment: DeploymentId) {
        for job in self.jobs.keys() {
            if let Some(service) = self.services.get_mut(job) {
                service.labels.insert(DEPLOYMENT_LABEL.to_owned(), deployment.to_string());
            }
        }
    }

    /// The stack without its jobs, and with nothing that waits for them: what it is
    /// between deployments, and what is gone back to. Jobs are a deployment's own,
    /// and no healing runs them again.
    #[must_use]
    pub fn without_jobs(&self) -> Self {
        let mut rest = self.clone();
        for job in std::mem::take(&mut rest.jobs).into_keys() {
            rest.services.remove(&job);
            rest.dependencies.remove(&job);
            for waits in rest.dependencies.values_mut() {
                waits.remove(&job);
            }
        }
        rest
    }

    /// All that `service` depends on, however indirectly.
    fn needs(&self, service: &str) -> BTreeSet<&str> {
        let mut all = BTreeSet::new();
        let mut left = vec![service];
        while let Some(name) = left.pop() {
            for other in self.dependencies.get(name).into_iter().flat_map(BTreeMap::keys) {
                if all.insert(other.as_str()) {
                    left.push(other);
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Shared;

    #[test]
    fn what_a_job_needs_does_not_wait_for_it_and_all_else_does() {
        let mut spec = StackSpec::default();
        for name in ["db", "disk", "migrate", "tell", "web"] {
            spec.services.insert(name.to_owned(), Shared::default());
        }
        for (name, other) in [("migrate", "db"), ("db", "disk")] {
            let waits = BTreeMap::from([(other.to_owned(), Condition::Healthy)]);
            spec.dependencies.insert(name.to_owned(), waits);
        }
        spec.jobs.insert("migrate".to_owned(), JobTime::Before);
        spec.jobs.insert("tell".to_owned(), JobTime::After);
        let (healthy, completed) = (Condition::Healthy, Condition::Completed);
        assert_eq!(spec.waits_for_jobs("disk"), BTreeMap::new());
        assert_eq!(spec.waits_for_jobs("db"), BTreeMap::new());
        assert_eq!(spec.waits_for_jobs("migrate"), BTreeMap::from([("db", healthy)]));
        assert_eq!(spec.waits_for_jobs("web"), BTreeMap::from([("migrate", completed)]));
        let all = [("db", healthy), ("disk", healthy), ("migrate", completed), ("web", healthy)];
        assert_eq!(spec.waits_for_jobs("tell"), BTreeMap::from(all));
    }

    #[test]
    fn without_its_jobs_a_stack_waits_for_none_of_them() {
        let mut spec = StackSpec::default();
        for name in ["db", "migrate", "web"] {
            spec.services.insert(name.to_owned(), Shared::default());
        }
        let completed = BTreeMap::from([("migrate".to_owned(), Condition::Completed)]);
        spec.dependencies.insert("web".to_owned(), completed);
        let healthy = BTreeMap::from([("db".to_owned(), Condition::Healthy)]);
        spec.dependencies.insert("migrate".to_owned(), healthy);
        spec.jobs.insert("migrate".to_owned(), JobTime::Before);

        let rest = spec.without_jobs();
        assert_eq!(rest.services.keys().collect::<Vec<_>>(), ["db", "web"]);
        assert_eq!(rest.jobs, BTreeMap::new());
        assert!(rest.dependencies.values().all(BTreeMap::is_empty), "{:?}", rest.dependencies);
        assert_eq!(rest.waits_for_jobs("web"), BTreeMap::new());
    }

    #[test]
    fn only_a_job_changes_with_the_deployment() {
        let mut spec = StackSpec::default();
        for name in ["migrate", "web"] {
            spec.services.insert(name.to_owned(), Shared::default());
        }
        spec.jobs.insert("migrate".to_owned(), JobTime::Before);
        let before = spec.clone();
        spec.run_jobs_for(DeploymentId::fresh());
        assert_eq!(spec.services["web"], before.services["web"]);
        assert_ne!(spec.services["migrate"], before.services["migrate"]);
    }
}
