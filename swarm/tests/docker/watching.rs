//! Looking on: events, lists in number, logs, what an engine is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use berth_domain::cluster::{Cluster, Known};
use berth_domain::stack::{Mode, ServiceSpec};
use berth_swarm::{ApiVersion, Endpoint, LogOptions, Reader, Swarm};
use futures_util::future::join_all;
use tokio::time::timeout;

use crate::fixture::{TestStack, eventually};

#[tokio::test]
async fn events_wake_who_waits_for_a_change() {
    TestStack::scope(async |stack| {
        stack.create_network().await;
        let bound = Duration::from_secs(30);
        let first = timeout(bound, stack.swarm.changed()).await.unwrap();
        assert_eq!(first, None, "a new connection may have missed anything");

        let web = ServiceSpec { mode: Mode::Replicated { replicas: 0 }, ..stack.shell("true") };
        stack.create("web", &web).await;
        let hint = timeout(bound, stack.swarm.changed()).await.unwrap();
        assert_eq!(hint.as_ref(), Some(&stack.name));

        // Removal tells no name, only an id that was seen before.
        let id = stack.service("web").await.id;
        stack.engine.delete(&format!("/services/{id}")).await;
        let hint = timeout(bound, stack.swarm.changed()).await.unwrap();
        assert_eq!(hint.as_ref(), Some(&stack.name));

        // That of a network tells its name alone.
        stack.engine.delete(&format!("/networks/{}", stack.name.scope("net"))).await;
        let hint = timeout(bound, stack.swarm.changed()).await.unwrap();
        assert_eq!(hint.as_ref(), Some(&stack.name));
    })
    .await;
}

#[tokio::test]
async fn all_stacks_take_as_many_lists_as_one() {
    TestStack::scope(async |stack| {
        let beside = [stack.beside(), stack.beside()];
        let web = ServiceSpec { mode: Mode::Replicated { replicas: 0 }, ..stack.shell("true") };
        let mut counts = Vec::new();
        for (index, stack) in [stack, &beside[0], &beside[1]].into_iter().enumerate() {
            stack.create_network().await;
            let web = ServiceSpec { networks: stack.shell("").networks, ..web.clone() };
            for name in ["a", "b"] {
                stack.create(name, &web).await;
            }
            let swarm = Swarm::new(&stack.engine.endpoint, Some(&stack.instance));
            let all: BTreeMap<_, _> = swarm.observe_all(Known::default()).await.unwrap().collect();
            assert_eq!(all.len(), index + 1);
            assert_eq!(all[&stack.name], stack.observe().await, "both looks see the same");
            counts.push(swarm.list_calls());
            let light = stack.swarm.observe_services(&stack.name).await.unwrap();
            assert_eq!(light, all[&stack.name].services);
        }
        for stack in &beside {
            stack.take_down().await;
        }
        assert_eq!(counts, [10, 10, 10]);
    })
    .await;
}

#[tokio::test]
async fn those_who_ask_at_once_what_there_is_are_answered_by_a_look_that_is_no_older() {
    TestStack::scope(async |stack| {
        let swarm = Swarm::new(&stack.engine.endpoint, Some(&stack.instance));
        let nothing = BTreeSet::new();
        let facts = join_all((0..8).map(|_| swarm.facts(&nothing))).await;
        assert_eq!(swarm.list_calls(), 14, "seven lists for the first, and for all who waited");
        assert!(facts.iter().all(|facts| facts.as_ref().is_ok_and(|it| !it.nodes.is_empty())));

        stack.create_network().await;
        let network = stack.name.scope("net");
        let facts = swarm.facts(&nothing).await.unwrap();
        assert!(facts.networks.contains_key(&network), "{:?}", facts.networks);
    })
    .await;
}

#[tokio::test]
async fn a_reader_sees_tasks_and_what_they_write() {
    TestStack::scope(async |stack| {
        stack.create_network().await;
        stack.create("web", &stack.shell("echo hello; exec sleep 1d")).await;
        let reader = Reader::new(&stack.engine.endpoint);
        eventually("a task has an address and a container", async || {
            let tasks = reader.tasks(&stack.name).await.unwrap();
            tasks.iter().any(|task| task.container.is_some() && !task.addresses.is_empty())
        })
        .await;
        let task = reader.tasks(&stack.name).await.unwrap().remove(0);
        assert_eq!((task.service.as_deref(), task.image), (Some("web"), stack.image.clone()));
        assert!(task.node_name.is_some());

        let options = LogOptions { follow: true, ..LogOptions::default() };
        let mut log = reader.service_log(&stack.name, "web", &options).await.unwrap();
        let line = timeout(Duration::from_secs(30), log.next()).await.unwrap().unwrap().unwrap();
        assert_eq!((line.text.as_str(), line.task.as_deref()), ("hello", Some(&*task.task.id)));
        assert!(line.at.is_some());

        let options = LogOptions::default();
        let mut log = reader.task_log(&stack.name, &task.task.id, &options).await.unwrap();
        assert_eq!(log.next().await.unwrap().unwrap().text, "hello");
        assert_eq!(log.next().await.unwrap(), None);
        let other = stack.beside();
        assert!(reader.task_log(&other.name, &task.task.id, &options).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn an_engine_says_what_it_is_and_none_is_unavailable() {
    let engine = crate::engine::Engine::of_environment();
    let facts = Reader::new(&engine.endpoint).facts().await.unwrap();
    let about = &facts.engine;
    assert!(about.api >= ApiVersion::OLDEST && about.api <= ApiVersion::NEWEST);
    assert!(about.manager && about.swarm_active && about.nodes >= 1, "{about:?}");
    let version = engine.get("/version").await;
    assert_eq!(version["Version"], about.version.as_str());

    let nowhere: Endpoint = "unix:///nowhere/docker.sock".parse().unwrap();
    let error = Reader::new(&nowhere).engine().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Docker does not answer: asking the engine what it is: no connection to \
         unix:///nowhere/docker.sock: No such file or directory (os error 2)"
    );
}
