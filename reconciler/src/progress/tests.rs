//! Verdicts on deployments, one case of Swarm's behaviour each.

use std::collections::BTreeMap;

use berth_domain::cluster::{ObservedTask, TaskState, Version};
use berth_domain::stack::{FileSpec, Mode, UpdateConfig};
use chrono::DateTime;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn web(image: &str) -> ServiceSpec {
    ServiceSpec {
        image: image.to_owned(),
        mode: Mode::Replicated { replicas: 1 },
        update: Some(
            UpdateConfig { monitor: Some(5_000_000_000), ..UpdateConfig::default() }.into(),
        ),
        ..ServiceSpec::default()
    }
}

fn stack(image: &str) -> StackSpec {
    let web = web(image).into();
    StackSpec { services: BTreeMap::from([("web".to_owned(), web)]), ..StackSpec::default() }
}

fn task(state: TaskState, since: i64) -> ObservedTask {
    ObservedTask {
        id: format!("task-at-{since}"),
        slot: Some(1),
        node: None,
        node_down: false,
        state,
        desired: if state > TaskState::Running { TaskState::Shutdown } else { TaskState::Running },
        since: at(since),
        up_to_date: true,
        error: (state == TaskState::Failed).then(|| "task: non-zero exit (3)".to_owned()),
        exit_code: (state == TaskState::Failed).then_some(3),
    }
}

fn seen(image: &str, update: Option<UpdateStatus>, tasks: Vec<ObservedTask>) -> ObservedStack {
    let service = ObservedService {
        id: "s".to_owned(),
        version: Version(1),
        changed_at: DateTime::UNIX_EPOCH,
        ours: true,
        spec: Some(web(image).into()),
        previous: BTreeSet::new(),
        update,
        tasks,
    };
    ObservedStack {
        services: BTreeMap::from([("web".to_owned(), service)]),
        ..ObservedStack::default()
    }
}

fn status(state: UpdateState, started: i64) -> Option<UpdateStatus> {
    let message = "update paused due to failure".to_owned();
    Some(UpdateStatus { state, message, started_at: Some(at(started)) })
}

/// The verdict on a deployment of `web:2` that began at 100 and may take till 700.
fn judge(observed: &ObservedStack, now: i64) -> Option<Verdict> {
    let spec = stack("web:2");
    let changed = BTreeSet::new();
    let (since, deadline) = (at(100), at(700));
    let is = Situation { spec: &spec, observed, changed: &changed, since, deadline };
    converged(&is, at(now))
}

fn code(verdict: Option<Verdict>) -> String {
    match verdict {
        None => "waits".to_owned(),
        Some(Verdict::Reached) => "reached".to_owned(),
        Some(Verdict::Failed(failure)) => failure.code,
    }
}

#[test]
fn it_converges_once_all_has_run_for_the_window() {
    let seen = seen("web:2", None, vec![task(TaskState::Running, 110)]);
    assert_eq!(code(judge(&seen, 114)), "waits");
    assert_eq!(code(judge(&seen, 115)), "reached");
}

#[test]
fn completed_does_not_mean_healthy() {
    let update = status(UpdateState::Completed, 101);
    let seen = seen("web:2", update, vec![task(TaskState::Starting, 110)]);
    assert_eq!(code(judge(&seen, 300)), "waits");
}

#[test]
fn it_does_not_converge_while_swarm_is_at_it() {
    let update = status(UpdateState::Updating, 101);
    let seen = seen("web:2", update, vec![task(TaskState::Running, 110)]);
    assert_eq!(code(judge(&seen, 300)), "waits");
}

#[test]
fn a_rollback_of_this_deployment_fails_it() {
    for state in [UpdateState::RollbackStarted, UpdateState::RollbackCompleted] {
        let failed = ObservedTask { up_to_date: false, ..task(TaskState::Failed, 105) };
        let tasks = vec![task(TaskState::Running, 120), failed];
        let verdict = judge(&seen("web:1", status(state, 104), tasks), 121);
        let Some(Verdict::Failed(failure)) = verdict else { panic!("{verdict:?}") };
        assert_eq!(failure.code, "rolled_back");
        assert_eq!(failure.task.as_deref(), Some("task-at-105"));
        assert_eq!(
            failure.text,
            "service `web`: Swarm took its update back: task: non-zero exit (3)"
        );
    }
}

#[test]
fn a_rollback_of_long_ago_is_drift_to_heal() {
    let update = status(UpdateState::RollbackCompleted, 50);
    let seen = seen("web:1", update, vec![task(TaskState::Running, 60)]);
    assert_eq!(code(judge(&seen, 121)), "waits");
}

#[test]
fn what_we_changed_ourselves_needs_no_clock() {
    let update = status(UpdateState::RollbackCompleted, 50);
    let observed = seen("web:1", update, vec![task(TaskState::Running, 60)]);
    let spec = stack("web:2");
    let changed = BTreeSet::from(["web".to_owned()]);
    let (since, deadline) = (at(100), at(700));
    let is = Situation { spec: &spec, observed: &observed, changed: &changed, since, deadline };
    assert_eq!(code(converged(&is, at(121))), "rolled_back");
    assert_eq!(code(applied(&is, at(121))), "rolled_back");
}

#[test]
fn a_service_that_stayed_as_it_was_keeps_its_stale_status_and_converges() {
    for state in [UpdateState::RollbackCompleted, UpdateState::Paused, UpdateState::Completed] {
        let seen = seen("web:2", status(state, 50), vec![task(TaskState::Running, 60)]);
        assert_eq!(code(judge(&seen, 121)), "reached");
    }
}

#[test]
fn an_update_that_swarm_paused_fails_it() {
    let tasks = vec![task(TaskState::Running, 110)];
    assert_eq!(
        code(judge(&seen("web:2", status(UpdateState::Paused, 101), tasks), 150)),
        "update_paused"
    );
}

/// Crashed at 104, 108 and 112.
fn crashed(latest: ObservedTask) -> ObservedStack {
    let failed = |since| task(TaskState::Failed, since);
    let tasks = vec![latest, failed(112), failed(108), failed(104)];
    seen("web:2", status(UpdateState::Completed, 101), tasks)
}

#[test]
fn a_crash_loop_fails_it_though_swarm_says_completed() {
    let verdict = judge(&crashed(task(TaskState::Starting, 117)), 120);
    let Some(Verdict::Failed(failure)) = verdict else { panic!("{verdict:?}") };
    assert_eq!(failure.code, "crash_loop");
    assert_eq!(failure.task.as_deref(), Some("task-at-112"));
}

#[test]
fn what_crashes_while_others_start_gets_a_moment() {
    assert_eq!(code(judge(&crashed(task(TaskState::Starting, 117)), 119)), "waits");
}

#[test]
fn what_crashed_and_runs_now_is_watched_until_it_has_recovered() {
    let seen = crashed(task(TaskState::Running, 117));
    assert_eq!(code(judge(&seen, 120)), "waits");
    assert_eq!(code(judge(&seen, 132)), "waits");
    assert_eq!(code(judge(&seen, 133)), "reached");
}

#[test]
fn a_task_without_a_node_gets_a_moment() {
    let pending = ObservedTask {
        error: Some("no suitable node (insufficient resources on 1 node)".to_owned()),
        ..task(TaskState::Pending, 101)
    };
    let seen = seen("web:2", None, vec![pending]);
    assert_eq!(code(judge(&seen, 140)), "waits");
    assert_eq!(code(judge(&seen, 146)), "unschedulable");
}

#[test]
fn the_deadline_ends_it_and_says_what_was_missing() {
    let seen = seen("web:2", None, vec![task(TaskState::Starting, 110)]);
    assert_eq!(code(judge(&seen, 699)), "waits");
    let verdict = judge(&seen, 700);
    let Some(Verdict::Failed(failure)) = verdict else { panic!("{verdict:?}") };
    assert_eq!(
        failure.text,
        "service `web` did not become healthy in time: starts: 0 of 1 tasks run"
    );
}

#[test]
fn it_is_applied_once_everything_is_there() {
    let mut spec = stack("web:2");
    spec.configs.insert("site".to_owned(), FileSpec::default().into());
    let changed = BTreeSet::new();
    let judge = |observed: &ObservedStack, now| {
        let (since, deadline) = (at(100), at(700));
        let is = Situation { spec: &spec, observed, changed: &changed, since, deadline };
        applied(&is, at(now))
    };
    let mut is = seen("web:1", None, vec![]);
    assert_eq!(judge(&is, 101), None);
    is.services.get_mut("web").unwrap().spec = Some(web("web:2").into());
    assert_eq!(judge(&is, 101), None);
    let Some(Verdict::Failed(failure)) = judge(&is, 700) else { panic!("no deadline") };
    assert_eq!(failure.text, "config `site` was not applied in time");

    let file = berth_domain::cluster::ObservedFile { id: "1".to_owned(), ours: true };
    is.configs.insert("site".to_owned(), file);
    assert_eq!(judge(&is, 101), Some(Verdict::Reached));
}

#[test]
fn the_window_is_never_under_a_second() {
    assert_eq!(window(&StackSpec::default()), Duration::from_secs(1));
    assert_eq!(window(&stack("web:1")), Duration::from_secs(5));
}

#[test]
fn what_is_left_of_the_window_counts_from_the_last_that_became_well() {
    let spec = stack("web:2");
    let left = |tasks, now| rest(&spec, &seen("web:2", None, tasks).services, at(now));
    let running = || vec![task(TaskState::Running, 110)];
    assert_eq!(left(running(), 112), Some(Duration::from_secs(3)));
    assert_eq!(left(running(), 130), Some(Duration::ZERO));
    assert_eq!(left(vec![task(TaskState::Starting, 110)], 112), None, "it is not well yet");
    assert_eq!(rest(&spec, &BTreeMap::new(), at(112)), None, "it is not there");
}
