//! A service's spec as Swarm gives it back.

use super::{Healthcheck, Nanos, ServiceSpec, UpdateConfig};

impl ServiceSpec {
    /// Whether this, which is live, means what `wanted` does: whether their
    /// [canonical](Self::canonical) forms are equal but for an order that says
    /// nothing, and its tasks were replaced [at least](Self::force_updates) as
    /// often. Swarm itself restarts tasks for another order of the same mounts, so
    /// what means the same is not sent to it.
    #[must_use]
    pub fn means(&self, wanted: &Self) -> bool {
        std::ptr::eq(self, wanted)
            || self == wanted
            || self.force_updates >= wanted.force_updates
                && self.comparable() == wanted.comparable()
    }

    /// The form in which two specs are equal that [mean](Self::means) the same,
    /// less how often their tasks were to be replaced.
    #[must_use]
    pub fn comparable(&self) -> Self {
        Self { force_updates: 0, ..self.canonical().sorted() }
    }

    /// This spec with every list sorted whose order says nothing. Those whose
    /// order does stay: a command, name servers, hosts, spreading.
    fn sorted(mut self) -> Self {
        self.groups.sort_unstable();
        self.cap_add.sort_unstable();
        self.cap_drop.sort_unstable();
        self.mounts.sort_by(|a, b| a.target.cmp(&b.target));
        self.configs.sort_unstable();
        self.secrets.sort_unstable();
        self.networks.sort_unstable();
        for network in &mut self.networks {
            network.aliases.sort_unstable();
        }
        self.placement.constraints.sort_unstable();
        self.placement.platforms.sort_unstable();
        self.ports.sort_unstable();
        self
    }

    /// This spec as Swarm gives it back: with the defaults that Swarm fills in,
    /// and without what it leaves out because it says nothing. Two specs mean
    /// the same to Swarm when their canonical forms are equal.
    ///
    /// It is for comparing only; what is sent stays as it was written, because
    /// Swarm restarts tasks for a difference between nothing and a default.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let mut spec = self.clone();
        for text in [
            &mut spec.hostname,
            &mut spec.working_dir,
            &mut spec.user,
            &mut spec.stop_signal,
            &mut spec.isolation,
        ] {
            *text = text.take().filter(|text| !text.is_empty());
        }
        spec.isolation = spec.isolation.filter(|isolation| isolation != "default");
        spec.oom_score_adj = spec.oom_score_adj.filter(|adj| *adj != 0);
        if let Some(check) = spec.healthcheck.as_deref_mut() {
            let Healthcheck { test: _, interval, timeout, start_period, start_interval, retries } =
                check;
            for nanos in [interval, timeout, start_period, start_interval, retries] {
                unset_zero(nanos);
            }
        }
        for mount in &mut spec.mounts {
            // The engine has never kept it.
            mount.consistency = None;
        }
        for number in [
            &mut spec.resources.limit_nano_cpus,
            &mut spec.resources.limit_memory,
            &mut spec.resources.limit_pids,
            &mut spec.resources.reserve_nano_cpus,
            &mut spec.resources.reserve_memory,
        ] {
            unset_zero(number);
        }
        if let Some(restart) = &mut spec.restart {
            default(&mut restart.condition, "any");
            restart.max_attempts = restart.max_attempts.filter(|attempts| *attempts != 0);
        }
        for config in [&mut spec.update, &mut spec.rollback].into_iter().flatten() {
            canonical_update(config);
        }
        for port in &mut spec.ports {
            default(&mut port.protocol, "tcp");
            port.published = port.published.filter(|published| *published != 0);
        }
        spec
    }
}

fn canonical_update(config: &mut UpdateConfig) {
    default(&mut config.failure_action, "pause");
    default(&mut config.order, "stop-first");
    unset_zero(&mut config.delay);
    unset_zero(&mut config.monitor);
    // Swarm keeps it in 32 bits.
    let short = format!("{}", narrow(config.max_failure_ratio));
    config.max_failure_ratio = short.parse().unwrap_or(config.max_failure_ratio);
}

#[expect(clippy::cast_possible_truncation, reason = "the loss is what is asked for")]
const fn narrow(number: f64) -> f32 {
    number as f32
}

fn unset_zero(number: &mut Option<Nanos>) {
    *number = number.filter(|number| *number != 0);
}

fn default(text: &mut String, default: &str) {
    if text.is_empty() {
        default.clone_into(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::RestartPolicy;

    #[test]
    fn a_default_and_nothing_mean_the_same() {
        let said = ServiceSpec {
            isolation: Some("default".to_owned()),
            restart: Some(
                RestartPolicy {
                    condition: "any".to_owned(),
                    max_attempts: Some(0),
                    ..RestartPolicy::default()
                }
                .into(),
            ),
            update: Some(
                UpdateConfig {
                    failure_action: "pause".to_owned(),
                    order: "stop-first".to_owned(),
                    monitor: Some(0),
                    max_failure_ratio: 0.1,
                    ..UpdateConfig::default()
                }
                .into(),
            ),
            ..ServiceSpec::default()
        };
        let unsaid = ServiceSpec {
            restart: Some(RestartPolicy::default().into()),
            update: Some(UpdateConfig { max_failure_ratio: 0.1, ..UpdateConfig::default() }.into()),
            ..ServiceSpec::default()
        };
        assert_ne!(said, unsaid);
        assert_eq!(said.canonical(), unsaid.canonical());
        assert!(said.means(&unsaid));
        assert_eq!(said.canonical(), said.canonical().canonical());
        assert_ne!(said.canonical(), ServiceSpec::default().canonical(), "a policy is not none");
    }

    #[test]
    fn a_service_that_was_forced_more_often_than_asked_is_as_it_should_be() {
        let forced = |force_updates| ServiceSpec { force_updates, ..ServiceSpec::default() };
        assert!(forced(3).means(&forced(3)));
        assert!(forced(4).means(&forced(3)), "by hand, or for an earlier restart");
        assert!(!forced(2).means(&forced(3)));
        let other = ServiceSpec { image: "other".to_owned(), ..forced(4) };
        assert!(!other.means(&forced(3)));
    }

    #[test]
    fn an_order_that_says_nothing_is_no_difference() {
        let mount = |target: &str| crate::stack::Mount {
            kind: crate::stack::MountKind::Npipe,
            source: None,
            target: target.to_owned(),
            read_only: false,
            consistency: None,
        };
        let texts = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
        let spec = |one: &str, two: &str| {
            let mut spec = ServiceSpec {
                groups: texts([one, two]),
                mounts: vec![mount(one), mount(two)],
                ..ServiceSpec::default()
            };
            spec.placement.constraints = texts([one, two]);
            spec
        };
        assert!(spec("a", "b").means(&spec("b", "a")));
        assert!(!spec("a", "b").means(&spec("b", "c")));
        let dns = |one, two| ServiceSpec { dns: texts([one, two]), ..ServiceSpec::default() };
        assert!(
            !dns("1.1.1.1", "2.2.2.2").means(&dns("2.2.2.2", "1.1.1.1")),
            "the first is asked first"
        );
    }
}
