//! The Swarm's nodes: what the leader tells of them, for whoever is asked later,
//! and what it does to them because a person wants it.
//!
//! A wish is done once. It stays open until its node was seen to be so or the call
//! was answered, so a leader that dies in between leaves it to the next.

use berth_domain::chain;
use berth_domain::cluster::{Cluster, ClusterError};
use berth_domain::drain::is_last;
use berth_domain::facts::{Availability, NodeFacts};
use berth_store::leases::Fence;
use berth_store::nodes::{Intent, News, intents, observe, settle};

use crate::engine::Engine;
use crate::error::PassError;

/// Looks at the nodes, does what people want of them, and stores what is new.
///
/// Docker failing it is no reason to leave the stacks alone: the next look comes.
pub(crate) async fn look<C: Cluster, B>(
    engine: &Engine<C, B>,
    fence: Fence,
) -> Result<(), PassError> {
    let nodes = match act(engine, fence).await? {
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

/// Does what is still to be done of what people want, one after another, and says
/// how the nodes are afterwards.
async fn act<C: Cluster, B>(
    engine: &Engine<C, B>,
    fence: Fence,
) -> Result<Result<Vec<NodeFacts>, ClusterError>, PassError> {
    let mut nodes = match engine.cluster.nodes().await {
        Ok(nodes) => nodes,
        Err(error) => return Ok(Err(error)),
    };
    let open = intents(&engine.pool).await?.into_iter().filter(|intent| intent.done_at.is_none());
    for intent in open {
        // Of one that was removed, the wish goes with its row.
        let Some(node) = nodes.iter().find(|node| node.id == intent.node_id) else { continue };
        if node.availability == intent.availability {
            settle(&engine.pool, fence, &intent, None).await?;
            continue;
        }
        // Two people may each have drained one of the last two.
        let last = is_last(node, &nodes).filter(|_| intent.availability == Availability::Drain);
        if let Some(why) = last {
            settle(&engine.pool, fence, &intent, Some(&why)).await?;
            continue;
        }
        change(engine, fence, node, &intent).await?;
        nodes = match engine.cluster.nodes().await {
            Ok(nodes) => nodes,
            Err(error) => return Ok(Err(error)),
        };
    }
    Ok(Ok(nodes))
}

async fn change<C: Cluster, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    node: &NodeFacts,
    intent: &Intent,
) -> Result<(), PassError> {
    let (name, wanted) = (&node.name, intent.availability);
    engine.check(fence)?;
    match engine.cluster.set_availability(&node.id, wanted, node.version).await {
        Ok(()) => {
            let (word, who) = (wanted.as_str(), &intent.asked_by);
            tracing::info!(node.name = %name, "made the node `{name}` be `{word}`, as {who} asked");
            settle(&engine.pool, fence, intent, None).await?;
        }
        Err(error @ (ClusterError::Stale { .. } | ClusterError::Unavailable { .. })) => {
            tracing::debug!(node.name = %name, "tries again soon: {}", chain(&error));
            engine.look.notify_one();
        }
        Err(error @ (ClusterError::Rejected { .. } | ClusterError::Login(_))) => {
            tracing::warn!(node.name = %name, "could not change the node `{name}`: {}", chain(&error));
            settle(&engine.pool, fence, intent, Some(&error.to_string())).await?;
        }
    }
    Ok(())
}
