//! [`Swarm`]: Docker Swarm behind the `Cluster` port.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex};

use berth_domain::cluster::output::Source;
use berth_domain::cluster::{
    Action, Cluster, ClusterError, Everything, Known, ObservedService, ObservedStack, Version,
};
use berth_domain::facts::{Availability, ClusterFacts, NodeFacts};
use berth_domain::ids::StackName;
use berth_domain::map::Map;
use berth_domain::registry::{Anonymous, Answer, Login, Logins, Origin, host};
use berth_domain::stack::INSTANCE_LABEL;
use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::client::Client;
use crate::convert::Scope;
use crate::error::Failure;
use crate::events::Watch;
use crate::logs::{LogOptions, SwarmFeed};
use crate::reader::Reader;
use crate::wire::Owner;
use crate::{Endpoint, logs};

/// Docker Swarm, seen from one manager.
///
/// With an instance, only objects that carry its label are touched. Without, as
/// for `berth stack`, all of a stack's are, as `docker stack` does.
#[derive(Debug)]
pub struct Swarm {
    pub(crate) client: Client,
    pub(crate) instance: Option<String>,
    pub(crate) logins: Arc<dyn Logins>,
    pub(crate) watch: Watch,
    /// Which stack a service is of, as last seen: what removal events lack.
    pub(crate) stacks: Mutex<BTreeMap<String, StackName>>,
    /// Names of the networks that services were seen on; an id never changes its.
    pub(crate) networks: Mutex<BTreeMap<String, String>>,
    /// What the cluster has, and when it was begun to be counted.
    pub(crate) stock: tokio::sync::Mutex<Option<(Instant, ClusterFacts)>>,
    /// The nodes as they were when an event last was of them.
    pub(crate) nodes: Mutex<BTreeMap<String, NodeFacts>>,
}

impl Swarm {
    /// A Swarm whose manager listens at `endpoint`, for the Berth `instance`.
    /// Nothing is asked of it yet.
    #[must_use]
    pub fn new(endpoint: &Endpoint, instance: Option<&str>) -> Self {
        Self {
            client: Client::new(endpoint.clone()),
            instance: instance.map(str::to_owned),
            logins: Arc::new(Anonymous),
            watch: Watch::default(),
            stacks: Mutex::default(),
            networks: Mutex::default(),
            stock: tokio::sync::Mutex::default(),
            nodes: Mutex::default(),
        }
    }

    /// Sends the login for an image's registry along with a service, for nodes to
    /// pull with, and asks registries with it. Where there is none, an update
    /// keeps what the service had.
    #[must_use]
    pub fn with_logins(mut self, logins: Arc<dyn Logins>) -> Self {
        self.logins = logins;
        self
    }

    /// A view of the same engine that can't change anything.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::of(self.client.clone())
    }

    /// How many lists were asked for so far. A pass over all stacks must not
    /// need more of them where there are more stacks.
    #[must_use]
    pub fn list_calls(&self) -> u64 {
        self.client.list_calls()
    }

    /// Who we are to the registry of `image`.
    pub(crate) async fn login_for(&self, image: &str) -> Result<Option<Login>, ClusterError> {
        self.logins.login(host(image)).await.map_err(ClusterError::Login)
    }

    /// Whether an object with these labels may be touched.
    pub(crate) fn owns(&self, labels: &Map<String, String>) -> bool {
        self.instance.as_ref().is_none_or(|instance| labels.get(INSTANCE_LABEL) == Some(instance))
    }

    /// The same, where only that is known of its labels.
    pub(crate) fn is_owner(&self, owner: &Owner) -> bool {
        self.instance.is_none() || self.instance == owner.instance
    }

    pub(crate) async fn scope<'a>(&'a self, stack: &'a StackName) -> Result<Scope<'a>, Failure> {
        Ok(Scope { stack, instance: self.instance.as_deref(), api: self.client.api().await? })
    }
}

impl Cluster for Swarm {
    type Feed = SwarmFeed;

    async fn observe(&self, stack: &StackName) -> Result<ObservedStack, ClusterError> {
        let mut all = self.look(Some(stack), &Known::default()).await?;
        Ok(all.remove(stack).unwrap_or_default())
    }

    async fn observe_services(
        &self,
        stack: &StackName,
    ) -> Result<BTreeMap<String, ObservedService>, ClusterError> {
        self.look_at_services(stack).await
    }

    async fn observe_all(&self, known: Known) -> Result<Everything, ClusterError> {
        Ok(Box::new(self.look(None, &known).await?.into_iter()))
    }

    async fn facts(&self, images: &BTreeSet<String>) -> Result<ClusterFacts, ClusterError> {
        self.take_stock(images).await
    }

    async fn nodes(&self) -> Result<Vec<NodeFacts>, ClusterError> {
        self.list_nodes().await
    }

    async fn set_availability(
        &self,
        node: &str,
        wanted: Availability,
        from: Version,
    ) -> Result<(), ClusterError> {
        self.make_node_be(node, wanted, from).await
    }

    fn apply(
        &self,
        stack: &StackName,
        action: &Action,
    ) -> impl Future<Output = Result<(), ClusterError>> + Send {
        // The futures behind are large, and a pass holds many.
        Box::pin(self.carry_out(stack, action))
    }

    async fn ask_registry(&self, image: &str) -> Result<Answer, ClusterError> {
        let login = self.login_for(image).await?;
        self.reader().ask_registry(image, login.as_ref()).await
    }

    async fn local_image(&self, image: &str) -> Result<Option<Origin>, ClusterError> {
        self.reader().local_image(image).await
    }

    async fn task_log(&self, task: &str, lines: u32) -> Result<Vec<String>, ClusterError> {
        let options = LogOptions { tail: Some(lines), ..LogOptions::default() };
        logs::lines(&self.client, "tasks", task, &options).await
    }

    async fn sources(&self) -> Result<Vec<Source>, ClusterError> {
        logs::sources(&self.client, self.instance.as_deref()).await
    }

    async fn follow(
        &self,
        source: &Source,
        since: Option<DateTime<Utc>>,
    ) -> Result<SwarmFeed, ClusterError> {
        logs::follow(&self.client, source, since).await
    }

    async fn changed(&self) -> Option<StackName> {
        self.next_hint().await
    }
}
