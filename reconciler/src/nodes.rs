//! What the leader tells about the Swarm's nodes, for whoever is asked later.

use berth_domain::chain;
use berth_domain::cluster::Cluster;
use berth_store::leases::Fence;
use berth_store::nodes::{News, observe};

use crate::engine::Engine;
use crate::error::PassError;

/// Looks at the nodes and stores what is new about them.
///
/// Docker failing it is no reason to leave the stacks alone: the next look comes.
pub(crate) async fn look<C: Cluster, B>(
    engine: &Engine<C, B>,
    fence: Fence,
) -> Result<(), PassError> {
    let nodes = match engine.cluster.nodes().await {
        Ok(nodes) => nodes,
        Err(error) => {
            tracing::debug!("could not look at the nodes: {}", chain(&error));
            return Ok(());
        }
    };
    for news in observe(&engine.pool, fence, &nodes).await? {
        match news {
            News::Lost(name) => {
                tracing::warn!(node.name = %name, "lost the node `{name}`: Swarm runs its tasks elsewhere");
            }
            News::Back(name) => tracing::info!(node.name = %name, "the node `{name}` is back"),
        }
    }
    Ok(())
}
