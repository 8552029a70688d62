//! What an engine is and can do, for `berth doctor` and for the status page.

use berth_domain::cluster::ClusterError;
use chrono::{DateTime, Utc};

use crate::client::{Client, Request};
use crate::kernel;
use crate::version::ApiVersion;
use crate::wire;

/// An engine that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// Its version, such as `28.2.2`.
    pub version: String,
    /// The API that is spoken with it.
    pub api: ApiVersion,
    /// Nodes of its Swarm, as it knows them; 0 where it is no manager.
    pub nodes: u64,
    /// Whether it is part of a Swarm.
    pub swarm_active: bool,
    /// Whether it is a manager, which alone can run stacks.
    pub manager: bool,
    /// What is wrong with its Swarm, in its words; empty when nothing is.
    pub swarm_error: String,
    /// What its clock says; [`None`] where that can't be read.
    pub time: Option<DateTime<Utc>>,
}

/// What there is to know before stacks can run and answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The engine.
    pub engine: Engine,
    /// Whether the kernel has IPVS, without which service addresses (`vip`) and
    /// the ingress mesh lead nowhere; [`None`] where the engine is elsewhere.
    pub ipvs: Option<bool>,
    /// Whether the kernel has IPsec's ESP, without which encrypted networks carry
    /// nothing from node to node; [`None`] where that can't be told.
    pub esp: Option<bool>,
}

pub(crate) async fn engine(client: &Client) -> Result<Engine, ClusterError> {
    let failed = |error: crate::error::Failure| error.about("asking the engine what it is");
    let api = client.api().await.map_err(failed)?;
    let info: wire::Info = client.json(Request::get("/info")).await.map_err(failed)?;
    Ok(Engine {
        version: info.server_version,
        api,
        nodes: if info.swarm.control_available { info.swarm.nodes } else { 0 },
        swarm_active: info.swarm.local_node_state == "active",
        manager: info.swarm.control_available,
        swarm_error: info.swarm.error,
        time: info.system_time.parse().ok(),
    })
}

pub(crate) async fn facts(client: &Client) -> Result<Facts, ClusterError> {
    let engine = engine(client).await?;
    let endpoint = client.endpoint();
    Ok(Facts { engine, ipvs: kernel::ipvs(endpoint), esp: kernel::esp(endpoint) })
}
