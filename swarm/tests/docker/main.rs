//! `Swarm` against a real Docker Swarm, the one of `DOCKER_HOST`.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod engine;
mod fields;
mod fixture;
mod watching;

use berth_domain::cluster::{
    Action, Cluster, ClusterError, Known, ObservedStack, TaskState, UpdateState, Version,
};
use berth_domain::facts::Availability;
use berth_domain::stack::{
    FileRef, FileSpec, INSTANCE_LABEL, Mode, Mount, MountKind, RestartPolicy, ServiceSpec,
};
use berth_swarm::Swarm;

use crate::fixture::{TestStack, eventually};

#[tokio::test]
async fn doing_an_action_twice_does_it_once() {
    TestStack::scope(async |stack| {
        stack.create_network().await;
        stack.create_network().await;
        let (name, spec) =
            (stack.name.scope("c"), FileSpec { data: vec![1], ..FileSpec::default() });
        for _ in 0..2 {
            stack.apply(Action::CreateConfig { name: name.clone(), spec: spec.clone() }).await;
            stack.apply(Action::CreateSecret { name: name.clone(), spec: spec.clone() }).await;
        }
        let web = ServiceSpec { mode: Mode::Replicated { replicas: 0 }, ..stack.shell("true") };
        stack.create("web", &web).await;
        let before = stack.service("web").await;
        stack.create("web", &web).await;
        let update = Action::UpdateService {
            name: "web".to_owned(),
            spec: Box::new(web.clone()),
            from: before.version,
        };
        stack.apply(update.clone()).await;
        let after = stack.service("web").await;
        assert_eq!(
            after, before,
            "an update that says nothing new overwrites what to roll back to"
        );

        let changed = ServiceSpec { command: vec!["false".to_owned()], ..web };
        let update = Action::UpdateService {
            name: "web".to_owned(),
            spec: Box::new(changed.clone()),
            from: before.version,
        };
        stack.apply(update.clone()).await;
        let updated = stack.service("web").await;
        assert!(updated.spec.as_ref().unwrap().means(&changed) && updated.version > before.version);
        stack.apply(update).await;
        let again = stack.service("web").await;
        assert!(again.spec.unwrap().means(&changed));
    })
    .await;
}

#[tokio::test]
async fn a_node_is_paused_and_drained_and_takes_its_tasks_back() {
    TestStack::scope(async |stack| {
        stack.create_network().await;
        stack.create("web", &stack.shell("sleep 1000")).await;
        let runs = async || {
            let tasks = stack.service("web").await.tasks;
            tasks.iter().any(|task| task.state == TaskState::Running)
        };
        eventually("the task runs", runs).await;
        let here = async || stack.swarm.nodes().await.unwrap().into_iter().find(|it| it.asked);
        let be = async |wanted: Availability| {
            // Swarm writes to nodes by itself, too.
            loop {
                let node = here().await.unwrap();
                match stack.swarm.set_availability(&node.id, wanted, node.version).await {
                    Err(ClusterError::Stale { .. }) => {}
                    done => break done.unwrap(),
                }
            }
        };
        let before = here().await.unwrap();
        assert_eq!((before.availability, before.takes_tasks), (Availability::Active, true));

        be(Availability::Pause).await;
        let paused = here().await.unwrap();
        assert_eq!((paused.availability, paused.takes_tasks), (Availability::Pause, false));
        assert_eq!(paused.labels, before.labels, "nothing else of it changes");
        assert!(runs().await, "a pause ends nothing");
        // Done already, which is well even on an old version; anything else is not.
        let node = |wanted| stack.swarm.set_availability(&before.id, wanted, before.version);
        node(Availability::Pause).await.unwrap();
        assert!(matches!(node(Availability::Drain).await, Err(ClusterError::Stale { .. })));

        be(Availability::Drain).await;
        eventually("its task has ended", async || !runs().await).await;
        let (_, placed) = stack.swarm.reader().placed().await.unwrap();
        let web = placed.iter().find(|task| task.service == stack.name.scope("web"));
        assert_eq!(web.and_then(|task| task.node.as_deref()), None, "it waits for a node");

        be(Availability::Active).await;
        eventually("the task runs again", runs).await;
        let (nodes, placed) = stack.swarm.reader().placed().await.unwrap();
        let web = placed.iter().find(|task| task.service == stack.name.scope("web")).unwrap();
        assert_eq!(web.node.as_deref(), Some(before.id.as_str()));
        assert_eq!(web.instance.as_deref(), Some(stack.instance.as_str()));
        assert!(nodes.iter().any(|node| node.asked && node.takes_tasks));
    })
    .await;
}

#[tokio::test]
async fn what_was_decided_on_an_old_version_is_stale() {
    TestStack::scope(async |stack| {
        stack.create_network().await;
        let web = ServiceSpec { mode: Mode::Replicated { replicas: 0 }, ..stack.shell("true") };
        stack.create("web", &web).await;
        let old = Version(stack.service("web").await.version.0 - 1);
        let changed = ServiceSpec { command: vec!["false".to_owned()], ..web.clone() };
        let name = || "web".to_owned();

        for action in [
            Action::UpdateService { name: name(), spec: Box::new(changed.clone()), from: old },
            Action::RemoveService { name: name(), from: old },
            Action::CreateService { name: name(), spec: Box::new(changed) },
            Action::UpdateService {
                name: "gone".to_owned(),
                spec: Box::new(web.clone()),
                from: old,
            },
        ] {
            let outcome = stack.swarm.apply(&stack.name, &action).await;
            assert!(matches!(outcome, Err(ClusterError::Stale { .. })), "{action}: {outcome:?}");
        }
        assert!(stack.service("web").await.spec.unwrap().means(&web));
    })
    .await;
}

#[tokio::test]
async fn an_update_replaces_tasks_and_keeps_a_forced_restart() {
    TestStack::scope(async |stack| {
        stack.create_network().await;
        let mut web = stack.shell("echo one; exec sleep 1d");
        stack.create("web", &web).await;
        let runs = async |of: &ServiceSpec| {
            let live = stack.service("web").await;
            live.spec.is_some_and(|spec| spec.means(of))
                && live.tasks.iter().any(|task| task.up_to_date && task.state == TaskState::Running)
        };
        eventually("web runs", async || runs(&web).await).await;

        // As `docker service update --force` does it.
        let path = format!("/services/{}", stack.service("web").await.id);
        let live = stack.engine.get(&path).await;
        let mut forced = live["Spec"].clone();
        forced["TaskTemplate"]["ForceUpdate"] = 7.into();
        let version = &live["Version"]["Index"];
        stack.engine.post(&format!("{path}/update?version={version}"), &forced).await;
        eventually("the forced restart is through", async || {
            let update = stack.service("web").await.update;
            update.is_some_and(|update| update.state == UpdateState::Completed)
        })
        .await;

        web.command = vec!["echo two; exec sleep 1d".to_owned()];
        let from = stack.service("web").await.version;
        let (name, spec) = ("web".to_owned(), Box::new(web.clone()));
        stack.apply(Action::UpdateService { name, spec, from }).await;
        eventually("the new web runs", async || runs(&web).await).await;
        let live = stack.engine.get(&path).await;
        assert_eq!(live["Spec"]["TaskTemplate"]["ForceUpdate"], 7);
        eventually("an old task is known as one", async || {
            let tasks = stack.service("web").await.tasks;
            tasks.len() == 3 && tasks[0].up_to_date && !tasks[2].up_to_date
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn nothing_is_left_of_a_stack_that_was_removed() {
    TestStack::scope(async |stack| {
        stack.create_network().await;
        let file = FileSpec { data: b"x".to_vec(), ..FileSpec::default() };
        let name = stack.name.scope("file");
        stack.apply(Action::CreateConfig { name: name.clone(), spec: file.clone() }).await;
        stack.apply(Action::CreateSecret { name: name.clone(), spec: file }).await;
        let mut web = stack.shell("cat /file; echo x > /data/x; exec sleep 1d");
        web.mounts = vec![Mount {
            kind: MountKind::Volume {
                no_copy: false,
                subpath: None,
                labels: [].into(),
                driver: None,
                external: false,
            },
            source: Some(stack.name.scope("data")),
            target: "/data".to_owned(),
            read_only: false,
            consistency: None,
        }];
        let reference = |target: &str| FileRef {
            name: name.clone(),
            target: target.to_owned(),
            uid: "0".to_owned(),
            gid: "0".to_owned(),
            mode: 0o444,
        };
        (web.configs, web.secrets) = (vec![reference("/file")], vec![reference("file")]);
        stack.create("web", &web).await;
        // A job that ends keeps its container, and with it the volume.
        let job = ServiceSpec {
            command: vec!["true".to_owned()],
            mode: Mode::ReplicatedJob { max_concurrent: 1, total_completions: 1 },
            update: None,
            ..web
        };
        stack.create("job", &job).await;
        let built = format!("berth/{}-web", stack.name);
        let labels =
            [("berth.stack", stack.name.as_str()), (INSTANCE_LABEL, stack.instance.as_str())];
        stack.engine.import_busybox(&built, "0123456789ab", &labels).await;
        eventually("web runs and the job is done", async || {
            let services = stack.observe().await.services;
            services["web"].tasks.iter().any(|task| task.state == TaskState::Running)
                && services["job"].tasks.iter().any(|task| task.state == TaskState::Complete)
        })
        .await;

        let there = stack.observe().await;
        assert_eq!(there.volumes, [stack.name.scope("data")]);
        assert_eq!(there.images, [format!("{built}:0123456789ab")]);
        assert_eq!(there.leaving_tasks, 0);
        for action in [
            Action::RemoveNetwork { name: stack.name.scope("net") },
            Action::RemoveSecret { name: name.clone() },
            Action::RemoveConfig { name: name.clone() },
            Action::RemoveVolume { name: stack.name.scope("data") },
        ] {
            let outcome = stack.swarm.apply(&stack.name, &action).await;
            let in_use = matches!(outcome, Err(ClusterError::Stale { .. }));
            assert!(in_use, "{action}: {outcome:?}");
        }

        let services: Vec<(String, Version)> =
            there.services.iter().map(|(name, service)| (name.clone(), service.version)).collect();
        for (name, from) in services {
            let action = Action::RemoveService { name, from };
            stack.apply(action.clone()).await;
            stack.apply(action).await;
        }
        stack.take_down().await;
        assert_eq!(stack.observe().await, ObservedStack::default());
        let labelled = format!(
            "filters=%7B%22label%22%3A%5B%22com.docker.stack.namespace%3D{}%22%5D%7D",
            stack.name
        );
        for path in ["/services", "/networks", "/configs", "/secrets"] {
            let left = stack.engine.get(&format!("{path}?{labelled}")).await;
            assert_eq!(left, serde_json::json!([]), "{path}");
        }
        let left = stack.engine.get(&format!("/volumes?{labelled}")).await;
        assert_eq!(left["Volumes"], serde_json::json!([]));
        // Doing it again is fine.
        stack.apply(Action::RemoveNetwork { name: stack.name.scope("net") }).await;
        stack.apply(Action::RemoveImage { name: format!("{built}:0123456789ab") }).await;
    })
    .await;
}

#[tokio::test]
async fn a_task_that_fails_says_with_what_and_what_it_wrote_last() {
    TestStack::scope(async |stack| {
        stack.create_network().await;
        let mut web = stack.shell("echo first; echo last words >&2; exit 3");
        let never = RestartPolicy { condition: "none".to_owned(), ..RestartPolicy::default() };
        web.restart = Some(never.into());
        stack.create("web", &web).await;
        eventually("the task failed", async || {
            stack.service("web").await.tasks.iter().any(|task| task.state == TaskState::Failed)
        })
        .await;
        let failed = stack.service("web").await.tasks.remove(0);
        assert_eq!(failed.exit_code, Some(3));
        assert_eq!(failed.error.as_deref(), Some("task: non-zero exit (3)"));
        assert!(failed.up_to_date && !failed.node_down && failed.node.is_some());
        let mut log = stack.swarm.task_log(&failed.id, 10).await.unwrap();
        // The engine keeps no order between the two streams.
        log.sort();
        assert_eq!(log, ["first", "last words"]);
    })
    .await;
}

#[tokio::test]
async fn what_another_berth_made_is_left_alone() {
    TestStack::scope(async |stack| {
        stack.create_network().await;
        let web = ServiceSpec { mode: Mode::Replicated { replicas: 0 }, ..stack.shell("true") };
        stack.create("web", &web).await;
        let version = stack.service("web").await.version;
        let other = Swarm::new(&stack.engine.endpoint, Some("another-berth"));
        let seen = other.observe(&stack.name).await.unwrap();
        assert!(!seen.services["web"].ours && !seen.networks[&stack.name.scope("net")].ours);
        let mut seen = other.observe_all(Known::default()).await.unwrap();
        assert!(seen.all(|(name, _)| name != stack.name));

        let name = || "web".to_owned();
        for action in [
            Action::CreateService { name: name(), spec: Box::new(web.clone()) },
            Action::UpdateService { name: name(), spec: Box::new(web.clone()), from: version },
            Action::RemoveService { name: name(), from: version },
            Action::RemoveNetwork { name: stack.name.scope("net") },
        ] {
            let outcome = other.apply(&stack.name, &action).await;
            assert!(matches!(outcome, Err(ClusterError::Rejected { .. })), "{action}: {outcome:?}");
        }
        assert_eq!(stack.service("web").await.version, version);
    })
    .await;
}

#[tokio::test]
async fn what_an_engine_will_never_take_is_rejected() {
    TestStack::scope(async |stack| {
        stack.create_network().await;
        let mut bad = stack.shell("true");
        bad.env = [("A".to_owned(), Some("{{.Nonsense".to_owned()))].into();
        let mut constraint = stack.shell("true");
        constraint.placement.constraints = vec!["node.role".to_owned()];
        for spec in [bad, constraint] {
            let action = Action::CreateService { name: "web".to_owned(), spec: Box::new(spec) };
            let outcome = stack.swarm.apply(&stack.name, &action).await;
            assert!(matches!(outcome, Err(ClusterError::Rejected { .. })), "{outcome:?}");
        }
    })
    .await;
}
