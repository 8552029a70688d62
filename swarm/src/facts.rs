//! What an engine is and can do, for `berth doctor` and for the status page.

use std::path::Path;

use berth_domain::cluster::ClusterError;
use chrono::{DateTime, Utc};

use crate::Endpoint;
use crate::client::{Client, Request};
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
    Ok(Facts { engine, ipvs: ipvs(client.endpoint()) })
}

/// Whether the kernel has IPVS; [`None`] where the engine is elsewhere.
pub(crate) fn ipvs(endpoint: &Endpoint) -> Option<bool> {
    endpoint.is_local().then(|| has_ipvs(Path::new("/")))
}

/// Whether the kernel under `root` has IPVS: loaded, built in, or as a module
/// that would be loaded when it is needed.
fn has_ipvs(root: &Path) -> bool {
    if root.join("proc/net/ip_vs").exists() || root.join("sys/module/ip_vs").exists() {
        return true;
    }
    let Ok(release) = std::fs::read_to_string(root.join("proc/sys/kernel/osrelease")) else {
        return false;
    };
    let modules = root.join("lib/modules").join(release.trim());
    ["modules.builtin", "modules.dep"].iter().any(|list| {
        std::fs::read_to_string(modules.join(list))
            .is_ok_and(|text| text.lines().any(|line| line.contains("/ip_vs.ko")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipvs_is_found_loaded_or_as_a_module_and_missed_elsewhere() {
        let root = std::env::temp_dir().join(format!("berth-ipvs-{}", uuid::Uuid::now_v7()));
        let modules = root.join("lib/modules/6.1.0");
        std::fs::create_dir_all(&modules).unwrap();
        std::fs::create_dir_all(root.join("proc/sys/kernel")).unwrap();
        std::fs::write(root.join("proc/sys/kernel/osrelease"), "6.1.0\n").unwrap();
        assert!(!has_ipvs(&root));

        let list = "kernel/net/netfilter/ipvs/ip_vs.ko.xz: kernel/lib/libcrc32c.ko\n";
        std::fs::write(modules.join("modules.dep"), list).unwrap();
        assert!(has_ipvs(&root));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
