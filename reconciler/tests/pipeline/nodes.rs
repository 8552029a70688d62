//! The leader tells of the nodes: which there are, and which is away.

use berth_domain::cluster::{Cluster as _, TaskState};
use berth_domain::deployment::Phase;
use berth_domain::facts::{Availability, ClusterFacts, NodeFacts, NodeState};
use berth_reconciler::sim::{Behaviour, Fault};
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

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_stack_that_lost_tasks_with_a_node_is_watched_until_it_is_well(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.sim.set_facts(with_second(NodeState::Ready));
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    world.settled().await;

    // Its tasks start anew on a node whose containers nobody tells of.
    let name = world.name();
    let image = world.sim.peek(&name).services["web"].spec.as_ref().unwrap().image.clone();
    world.sim.behave(&image, Behaviour::NeverHealthy);
    world.sim.meddle_unheard(&name, |stack| {
        for task in &mut stack.services.get_mut("web").unwrap().tasks {
            task.state = TaskState::Starting;
        }
    });
    world.sim.set_facts(with_second(NodeState::Down));
    eventually("it is seen that they do not run yet", async || {
        let observed = world.row().await.observed?;
        (observed.get("health")? == "progressing").then_some(())
    })
    .await;

    let looks = world.sim.calls().observe_all;
    world.sim.behave(&image, Behaviour::Runs { after: 0 });
    world.settled().await;
    assert_eq!(world.sim.calls().observe_all, looks, "it waited for a look at all stacks");
    berth.stop().await;
}

async fn wish(world: &World, node: &str) -> Option<nodes::Intent> {
    let all = nodes::intents(&world.pool).await.unwrap();
    all.into_iter().find(|intent| intent.node_id == node && intent.done_at.is_some())
}

async fn available(world: &World) -> Vec<Availability> {
    let nodes = world.sim.nodes().await.unwrap();
    nodes.iter().map(|node| node.availability).collect()
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_node_is_drained_once_and_made_active_again(pool: PgPool) {
    let world = World::new(pool).await;
    world.sim.set_facts(with_second(NodeState::Ready));
    let berth = world.start(1);
    eventually("the nodes are known", async || second(&world).await).await;

    nodes::intend(&world.pool, "n2", Availability::Drain, "Ada").await.unwrap();
    eventually("it is drained", async || wish(&world, "n2").await).await;
    assert_eq!(available(&world).await, [Availability::Active, Availability::Drain]);
    eventually("that is told", async || {
        let node = second(&world).await?;
        (node.facts.availability == Availability::Drain && !node.facts.takes_tasks).then_some(())
    })
    .await;

    // What other hands do later is theirs: a wish is done once.
    let version = world.sim.nodes().await.unwrap()[1].version;
    world.sim.set_availability("n2", Availability::Pause, version).await.unwrap();
    eventually("that is told, and left", async || {
        (second(&world).await?.facts.availability == Availability::Pause).then_some(())
    })
    .await;

    nodes::intend(&world.pool, "n2", Availability::Active, "Ada").await.unwrap();
    eventually("it is active", async || wish(&world, "n2").await).await;
    assert_eq!(available(&world).await, [Availability::Active, Availability::Active]);
    assert_eq!(world.sim.calls().set_availability, 3);
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_drain_whose_call_or_answer_is_lost_is_done_once_all_the_same(pool: PgPool) {
    let world = World::new(pool).await;
    world.sim.set_facts(with_second(NodeState::Ready));
    let berth = world.start(1);
    eventually("the nodes are known", async || second(&world).await).await;
    // The last is as if it crashed between the call and noting that it is done.
    world.sim.fail_next([Fault::Stale, Fault::Unavailable, Fault::AnswerLost]);
    nodes::intend(&world.pool, "n2", Availability::Drain, "Ada").await.unwrap();
    let done = eventually("it is drained", async || wish(&world, "n2").await).await;
    assert_eq!(done.failure, None);
    assert_eq!(world.sim.calls().set_availability, 1);
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn of_the_last_two_nodes_one_stays_although_both_were_drained_at_once(pool: PgPool) {
    let world = World::new(pool).await;
    world.sim.set_facts(with_second(NodeState::Ready));
    let berth = world.start(1);
    eventually("the nodes are known", async || second(&world).await).await;
    berth.stop().await;

    for node in ["n1", "n2"] {
        nodes::intend(&world.pool, node, Availability::Drain, "Ada").await.unwrap();
    }
    let berth = world.start(1);
    eventually("the first is drained", async || wish(&world, "n1").await).await;
    let refused = eventually("the second is not", async || wish(&world, "n2").await).await;
    let why = refused.failure.unwrap();
    assert!(why.starts_with("No other node takes tasks"), "{why}");
    assert_eq!(available(&world).await, [Availability::Drain, Availability::Active]);
    berth.stop().await;
}
