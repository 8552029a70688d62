//! The leader tells of the nodes: which there are, and which is away.

use berth_domain::deployment::Phase;
use berth_domain::facts::{ClusterFacts, NodeFacts, NodeState};
use berth_store::nodes::{self, Node};
use sqlx::PgPool;

use crate::world::{SHOP, World, eventually, facts};

/// The cluster of every test, with a second node that is so.
fn with_second(state: NodeState) -> ClusterFacts {
    let first = facts().nodes.remove(0);
    let second = NodeFacts { id: "n2".to_owned(), name: "two".to_owned(), state, ..first.clone() };
    ClusterFacts { nodes: vec![first, second], ..facts() }
}

async fn second(world: &World) -> Option<Node> {
    nodes::list(&world.pool).await.unwrap().into_iter().find(|node| node.facts.name == "two")
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_lost_node_is_told_of_as_soon_as_docker_says_so(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.sim.set_facts(with_second(NodeState::Ready));
    let berth = world.start(1);
    eventually("the nodes are known", async || second(&world).await).await;

    world.sim.set_facts(with_second(NodeState::Down));
    eventually("it is away", async || second(&world).await?.away_since).await;
    // Its loss holds nothing up.
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    eventually("where the tasks run is known", async || {
        let placed = nodes::placed(&world.pool).await.unwrap();
        let all: Vec<_> = placed
            .iter()
            .map(|it| (it.service.as_str(), it.running, it.node_id.as_str()))
            .collect();
        (all == [("store", 1, "node-1"), ("web", 2, "node-1")]).then_some(())
    })
    .await;

    world.sim.set_facts(with_second(NodeState::Ready));
    eventually("it is back", async || {
        second(&world).await.is_some_and(|node| node.away_since.is_none()).then_some(())
    })
    .await;
    let told = nodes::outages(&world.pool, 10).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].hostname.as_str(), told[0].ending.as_deref()), ("two", Some("back")));
    berth.stop().await;
}
