//! A stack of one test's own, taken down however the test ends.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use berth_domain::cluster::{Action, Cluster, ObservedService, ObservedStack};
use berth_domain::ids::StackName;
use berth_domain::stack::{Attachment, EndpointMode, NetworkSpec, ServiceSpec, UpdateConfig};
use berth_swarm::Swarm;
use futures_util::FutureExt;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::engine::Engine;

pub(crate) struct TestStack {
    pub(crate) engine: Engine,
    pub(crate) swarm: Swarm,
    pub(crate) name: StackName,
    pub(crate) instance: String,
    pub(crate) image: String,
}

impl TestStack {
    /// Runs a test with an empty stack and an image.
    pub(crate) async fn scope(test: impl AsyncFnOnce(&Self)) {
        let stack = Self::new(&Uuid::now_v7().to_string());
        let (repository, tag) = stack.image.split_once(':').unwrap();
        stack.engine.import_busybox(repository, tag, &[]).await;

        let outcome = AssertUnwindSafe(test(&stack)).catch_unwind().await;
        stack.take_down().await;
        stack.engine.delete(&format!("/images/{}?force=true", stack.image)).await;
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    }

    /// Another stack of the same Berth, which the test takes down.
    pub(crate) fn beside(&self) -> Self {
        Self { image: self.image.clone(), ..Self::new(&self.instance) }
    }

    fn new(instance: &str) -> Self {
        let engine = Engine::of_environment();
        let id = Uuid::now_v7().simple().to_string();
        Self {
            swarm: Swarm::new(&engine.endpoint, Some(instance)),
            name: StackName::parse(&format!("t-{id}")).unwrap(),
            instance: instance.to_owned(),
            image: format!("berth-test/{id}:1"),
            engine,
        }
    }

    pub(crate) async fn apply(&self, action: Action) {
        let said = action.to_string();
        self.swarm.apply(&self.name, &action).await.unwrap_or_else(|error| {
            panic!("{said}: {error}");
        });
    }

    pub(crate) async fn observe(&self) -> ObservedStack {
        self.swarm.observe(&self.name).await.unwrap()
    }

    pub(crate) async fn service(&self, name: &str) -> ObservedService {
        self.observe().await.services.remove(name).expect("the service")
    }

    /// A service on the stack's network that does `script`.
    pub(crate) fn shell(&self, script: &str) -> ServiceSpec {
        ServiceSpec {
            image: self.image.clone(),
            written_image: self.image.clone(),
            entrypoint: vec!["/bin/sh".to_owned(), "-c".to_owned()],
            command: vec![script.to_owned()],
            networks: vec![Attachment {
                network: self.name.scope("net"),
                aliases: vec!["me".to_owned()],
                ..Attachment::default()
            }],
            endpoint_mode: EndpointMode::Dnsrr,
            stop_grace_period: Some(0),
            update: Some(
                UpdateConfig {
                    parallelism: 1,
                    monitor: Some(1_000_000_000),
                    ..UpdateConfig::default()
                }
                .into(),
            ),
            ..ServiceSpec::default()
        }
    }

    pub(crate) async fn create_network(&self) {
        let name = self.name.scope("net");
        self.apply(Action::CreateNetwork { name, spec: NetworkSpec::default() }).await;
    }

    pub(crate) async fn create(&self, name: &str, spec: &ServiceSpec) {
        let (name, spec) = (name.to_owned(), Box::new(spec.clone()));
        self.apply(Action::CreateService { name, spec }).await;
    }

    /// Removes all there is, in the order that Swarm needs.
    pub(crate) async fn take_down(&self) {
        for (name, service) in self.observe().await.services {
            if service.ours {
                self.engine.delete(&format!("/services/{}", service.id)).await;
            } else {
                panic!("{name} is not this test's");
            }
        }
        eventually("tasks have left", async || self.observe().await.leaving_tasks == 0).await;
        eventually("nothing is left", async || {
            let left = self.observe().await;
            let actions = (left.configs.into_keys().map(|name| Action::RemoveConfig { name }))
                .chain(left.secrets.into_keys().map(|name| Action::RemoveSecret { name }))
                .chain(left.networks.into_keys().map(|name| Action::RemoveNetwork { name }))
                .chain(left.volumes.into_iter().map(|name| Action::RemoveVolume { name }))
                .chain(left.images.into_iter().map(|name| Action::RemoveImage { name }));
            for action in actions {
                if self.swarm.apply(&self.name, &action).await.is_err() {
                    return false;
                }
            }
            self.observe().await == ObservedStack::default()
        })
        .await;
    }
}

/// Asks until the answer is yes. The bound is there for a bug, not for a slow machine.
pub(crate) async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !check().await {
        assert!(Instant::now() < deadline, "gave up waiting until {what}");
        sleep(Duration::from_millis(50)).await;
    }
}
