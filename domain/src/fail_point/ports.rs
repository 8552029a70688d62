//! The cluster and the builder, each change of theirs marked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Effect, around};
use crate::build::{BuildError, BuildLog, BuildRequest, Builder, Checkout, Image, Source};
use crate::cluster::output::Source as Writer;
use crate::cluster::{
    Action, Cluster, ClusterError, Everything, Known, ObservedService, ObservedStack, Version,
};
use crate::facts::{Availability, ClusterFacts, NodeFacts};
use crate::ids::StackName;
use crate::registry::{Answer, Origin};
use crate::rule::Changes;

/// A port whose changes pass their fail points. What only reads passes none.
#[derive(Debug, Clone)]
pub struct Marked<T>(pub T);

impl Action {
    /// The fail point of carrying it out.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        match self {
            Self::CreateNetwork { .. } => Effect::CreateNetwork,
            Self::CreateConfig { .. } => Effect::CreateConfig,
            Self::CreateSecret { .. } => Effect::CreateSecret,
            Self::CreateService { .. } => Effect::CreateService,
            Self::UpdateService { .. } => Effect::UpdateService,
            Self::RemoveService { .. } => Effect::RemoveService,
            Self::RemoveConfig { .. } => Effect::RemoveConfig,
            Self::RemoveSecret { .. } => Effect::RemoveSecret,
            Self::RemoveNetwork { .. } => Effect::RemoveNetwork,
            Self::RemoveVolume { .. } => Effect::RemoveVolume,
            Self::RemoveImage { .. } => Effect::RemoveImage,
        }
    }
}

impl<C: Cluster> Cluster for Marked<C> {
    type Feed = C::Feed;

    async fn observe(&self, stack: &StackName) -> Result<ObservedStack, ClusterError> {
        self.0.observe(stack).await
    }

    async fn observe_services(
        &self,
        stack: &StackName,
    ) -> Result<BTreeMap<String, ObservedService>, ClusterError> {
        self.0.observe_services(stack).await
    }

    async fn observe_all(&self, known: Known) -> Result<Everything, ClusterError> {
        self.0.observe_all(known).await
    }

    async fn facts(&self, images: &BTreeSet<String>) -> Result<ClusterFacts, ClusterError> {
        self.0.facts(images).await
    }

    async fn nodes(&self) -> Result<Vec<NodeFacts>, ClusterError> {
        self.0.nodes().await
    }

    async fn set_availability(
        &self,
        node: &str,
        wanted: Availability,
        from: Version,
    ) -> Result<(), ClusterError> {
        let change = self.0.set_availability(node, wanted, from);
        around(Effect::SetAvailability, change).await
    }

    async fn apply(&self, stack: &StackName, action: &Action) -> Result<(), ClusterError> {
        around(action.effect(), self.0.apply(stack, action)).await
    }

    async fn ask_registry(&self, image: &str) -> Result<Answer, ClusterError> {
        self.0.ask_registry(image).await
    }

    async fn local_image(&self, image: &str) -> Result<Option<Origin>, ClusterError> {
        self.0.local_image(image).await
    }

    async fn task_log(&self, task: &str, lines: u32) -> Result<Vec<String>, ClusterError> {
        self.0.task_log(task, lines).await
    }

    async fn sources(&self) -> Result<Vec<Writer>, ClusterError> {
        self.0.sources().await
    }

    async fn follow(
        &self,
        source: &Writer,
        since: Option<DateTime<Utc>>,
    ) -> Result<C::Feed, ClusterError> {
        self.0.follow(source, since).await
    }

    async fn changed(&self) -> Option<StackName> {
        self.0.changed().await
    }
}

impl<B: Builder> Builder for Marked<B> {
    async fn fetch(&self, source: &Source) -> Result<Checkout, BuildError> {
        around(Effect::Fetch, self.0.fetch(source)).await
    }

    async fn changes(&self, source: &Source, base: &str) -> Result<Changes, BuildError> {
        around(Effect::Changes, self.0.changes(source, base)).await
    }

    async fn look(&self, checkout: &Checkout, request: &BuildRequest) -> Result<Image, BuildError> {
        self.0.look(checkout, request).await
    }

    async fn build(
        &self,
        checkout: &Checkout,
        request: &BuildRequest,
        log: Arc<dyn BuildLog>,
    ) -> Result<Image, BuildError> {
        around(Effect::Build, self.0.build(checkout, request, log)).await
    }
}
