//! Services in every state that a person has to tell apart.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::cluster::{UpdateStatus, Version};
use crate::stack::Healthcheck;

/// Seconds after the epoch.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn replicated(replicas: u64) -> ServiceSpec {
    ServiceSpec { mode: Mode::Replicated { replicas }, ..ServiceSpec::default() }
}

fn task(slot: u64, state: TaskState, since: i64) -> ObservedTask {
    let over = state > TaskState::Running;
    ObservedTask {
        id: format!("task{slot}at{since}"),
        slot: Some(slot),
        node: Some("n1".to_owned()),
        node_down: false,
        state,
        desired: if over { TaskState::Shutdown } else { TaskState::Running },
        since: at(since),
        up_to_date: true,
        error: None,
        exit_code: None,
    }
}

fn failed(slot: u64, since: i64) -> ObservedTask {
    ObservedTask {
        error: Some("task: non-zero exit (3)".to_owned()),
        exit_code: Some(3),
        ..task(slot, TaskState::Failed, since)
    }
}

fn service(tasks: Vec<ObservedTask>) -> ObservedService {
    ObservedService {
        id: "s".to_owned(),
        version: Version(1),
        changed_at: DateTime::UNIX_EPOCH,
        ours: true,
        spec: None,
        previous: BTreeSet::new(),
        update: None,
        tasks,
    }
}

fn status(state: UpdateState) -> UpdateStatus {
    UpdateStatus { state, message: "update paused due to failure".to_owned(), started_at: None }
}

fn verdict(wanted: &ServiceSpec, tasks: Vec<ObservedTask>, now: i64) -> (Health, String) {
    let health = of_service(wanted, &service(tasks), at(now));
    (health.health, health.code)
}

#[test]
fn it_is_well_since_the_last_of_its_tasks_ran() {
    let tasks = vec![task(1, TaskState::Running, 100), task(2, TaskState::Running, 130)];
    let health = of_service(&replicated(2), &service(tasks), at(140));
    assert_eq!(health.health, Health::Healthy);
    assert_eq!(health.well_since, Some(at(130)));
}

#[test]
fn tasks_of_the_former_spec_do_not_count() {
    let old = ObservedTask { up_to_date: false, ..task(1, TaskState::Running, 10) };
    let tasks = vec![task(1, TaskState::Starting, 100), old];
    assert_eq!(verdict(&replicated(1), tasks, 101).0, Health::Progressing);
}

#[test]
fn two_tasks_of_one_slot_are_one() {
    let tasks = vec![task(1, TaskState::Running, 100), task(1, TaskState::Running, 90)];
    assert_eq!(verdict(&replicated(2), tasks, 101).0, Health::Progressing);
}

#[test]
fn a_running_task_that_is_told_to_end_does_not_count() {
    let leaving = ObservedTask { desired: TaskState::Shutdown, ..task(1, TaskState::Running, 100) };
    assert_eq!(verdict(&replicated(1), vec![leaving], 101).0, Health::Progressing);
}

#[test]
fn tasks_on_a_node_that_is_down_do_not_count() {
    let lost = ObservedTask { node_down: true, ..task(1, TaskState::Running, 100) };
    assert_eq!(verdict(&replicated(1), vec![lost], 500).0, Health::Progressing);
}

#[test]
fn two_crashes_are_no_loop() {
    let tasks = vec![task(1, TaskState::Starting, 112), failed(1, 111), failed(1, 106)];
    let health = of_service(&replicated(1), &service(tasks), at(112));
    assert_eq!(health.health, Health::Progressing);
    assert!(health.reason.contains("non-zero exit (3)"), "{}", health.reason);
}

#[test]
fn crashing_on_and_on_is_a_loop_even_while_it_runs() {
    for state in [TaskState::Starting, TaskState::Running] {
        let tasks = vec![task(1, state, 130), failed(1, 128), failed(1, 119), failed(1, 110)];
        let health = of_service(&replicated(1), &service(tasks), at(131));
        assert_eq!((health.health, health.code.as_str()), (Health::Degraded, "crash_loop"));
        assert_eq!(health.failed_task.as_deref(), Some("task1at128"));
    }
}

#[test]
fn a_loop_is_counted_by_slot() {
    let tasks = vec![
        task(1, TaskState::Running, 130),
        task(2, TaskState::Running, 130),
        task(3, TaskState::Running, 130),
        failed(1, 100),
        failed(2, 101),
        failed(3, 102),
    ];
    assert_eq!(verdict(&replicated(3), tasks, 131).0, Health::Healthy);
}

#[test]
fn what_runs_longer_than_it_crashed_has_recovered() {
    let tasks =
        vec![task(1, TaskState::Running, 130), failed(1, 128), failed(1, 119), failed(1, 110)];
    assert_eq!(verdict(&replicated(1), tasks, 160).0, Health::Healthy);
}

#[test]
fn failures_of_long_ago_are_forgotten() {
    let tasks =
        vec![task(1, TaskState::Starting, 1000), failed(1, 102), failed(1, 101), failed(1, 100)];
    assert_eq!(verdict(&replicated(1), tasks, 1001).0, Health::Progressing);
}

#[test]
fn a_task_that_nothing_replaces_is_the_end() {
    assert_eq!(verdict(&replicated(1), vec![failed(1, 100)], 102).0, Health::Progressing);
    let (health, code) = verdict(&replicated(1), vec![failed(1, 100)], 106);
    assert_eq!((health, code.as_str()), (Health::Degraded, "exhausted"));
}

#[test]
fn what_nothing_replaces_has_not_begun_anew_after_a_while() {
    let (health, code) = verdict(&replicated(1), vec![failed(1, 100)], 100_000);
    assert_eq!((health, code.as_str()), (Health::Degraded, "exhausted"));
    // Swarm has yet to replace one on a node that is down.
    let lost = ObservedTask { node_down: true, ..task(1, TaskState::Running, 200) };
    let (health, _) = verdict(&replicated(1), vec![lost, failed(1, 100)], 100_000);
    assert_eq!(health, Health::Progressing);
    // Somebody has just asked for one more.
    let scaled = ObservedService { changed_at: at(99_999), ..service(vec![failed(1, 100)]) };
    let health = of_service(&replicated(1), &scaled, at(100_000));
    assert_eq!(health.health, Health::Progressing);
}

#[test]
fn a_service_whose_tasks_swarm_forgot_is_not_waited_for() {
    let new = ObservedService { changed_at: at(100), ..service(Vec::new()) };
    assert_eq!(of_service(&replicated(1), &new, at(110)).health, Health::Progressing);
    let health = of_service(&replicated(1), &new, at(130));
    assert_eq!((health.health, health.code.as_str()), (Health::Degraded, "forgotten"));
    assert_eq!(of_service(&replicated(0), &new, at(130)).health, Health::Healthy);
}

#[test]
fn a_service_that_ends_well_has_ended_all_the_same() {
    let done = ObservedTask { exit_code: Some(0), ..task(1, TaskState::Complete, 100) };
    let health = of_service(&replicated(1), &service(vec![done]), at(110));
    assert_eq!(health.code, "exhausted");
    assert!(health.reason.contains("ended by itself"), "{}", health.reason);
}

#[test]
fn a_job_that_ends_well_is_well() {
    let job = ServiceSpec {
        mode: Mode::ReplicatedJob { max_concurrent: 1, total_completions: 2 },
        ..ServiceSpec::default()
    };
    let tasks = vec![task(0, TaskState::Complete, 100), task(1, TaskState::Complete, 101)];
    assert_eq!(verdict(&job, tasks, 400).0, Health::Healthy);
    assert_eq!(verdict(&job, vec![task(0, TaskState::Complete, 100)], 120).0, Health::Progressing);
}

#[test]
fn an_image_that_no_node_can_get_is_refused() {
    let rejected = |since| ObservedTask {
        error: Some("No such image: x".to_owned()),
        ..task(1, TaskState::Rejected, since)
    };
    let tasks =
        vec![task(1, TaskState::Preparing, 111), rejected(110), rejected(105), rejected(100)];
    let (health, code) = verdict(&replicated(1), tasks, 111);
    assert_eq!((health, code.as_str()), (Health::Degraded, "rejected"));
}

#[test]
fn a_task_without_a_node_is_told_after_a_while() {
    let pending = ObservedTask {
        error: Some("no suitable node (insufficient resources on 1 node)".to_owned()),
        ..task(1, TaskState::Pending, 100)
    };
    assert_eq!(verdict(&replicated(1), vec![pending.clone()], 105).0, Health::Progressing);
    assert_eq!(verdict(&replicated(1), vec![pending], 110).1, "unschedulable");
}

#[test]
fn a_task_without_an_address_is_told_after_a_while() {
    let new = task(1, TaskState::New, 100);
    assert_eq!(verdict(&replicated(1), vec![new.clone()], 129).0, Health::Progressing);
    assert_eq!(verdict(&replicated(1), vec![new], 130).1, "unallocated");
}

#[test]
fn a_stale_update_status_makes_nothing_ill() {
    for state in [UpdateState::Paused, UpdateState::RollbackCompleted, UpdateState::RollbackPaused]
    {
        let mut well = service(vec![task(1, TaskState::Running, 100)]);
        well.update = Some(status(state));
        assert_eq!(of_service(&replicated(1), &well, at(110)).health, Health::Healthy);
    }
}

#[test]
fn an_update_that_swarm_gave_up_explains_what_is_missing() {
    let old = ObservedTask { up_to_date: false, ..task(2, TaskState::Running, 10) };
    let mut ill = service(vec![task(1, TaskState::Running, 100), failed(2, 101), old]);
    ill.update = Some(status(UpdateState::Paused));
    let health = of_service(&replicated(2), &ill, at(103));
    assert_eq!((health.health, health.code.as_str()), (Health::Degraded, "update_paused"));
    assert_eq!(health.failed_task.as_deref(), Some("task2at101"));
}

#[test]
fn only_what_swarm_does_nothing_more_for_is_given_up() {
    let gave_up = |is: &ObservedService, now| is_given_up(&replicated(2), is, at(now));
    let runs = task(1, TaskState::Running, 10);
    let mut crashed = service(vec![failed(2, 100), failed(1, 100)]);
    assert!(!gave_up(&crashed, 102), "Swarm may yet replace it");
    assert!(gave_up(&crashed, 106));
    crashed.tasks.insert(0, task(1, TaskState::Starting, 105));
    assert!(!gave_up(&crashed, 106), "it is being started again");

    let mut stopped = service(vec![runs.clone(), failed(2, 101)]);
    assert!(!gave_up(&stopped, 103));
    for (state, is) in [
        (UpdateState::Paused, true),
        (UpdateState::RollbackPaused, true),
        (UpdateState::Updating, false),
        (UpdateState::RollbackStarted, false),
    ] {
        stopped.update = Some(status(state));
        assert_eq!(gave_up(&stopped, 103), is, "{state:?}");
    }
    // One that ended since is being replaced.
    stopped.update = Some(status(UpdateState::Paused));
    stopped.tasks.insert(0, task(2, TaskState::Starting, 102));
    assert!(!gave_up(&stopped, 103));
    // Well in spite of it.
    let mut well = service(vec![runs, task(2, TaskState::Running, 10)]);
    well.update = Some(status(UpdateState::Paused));
    assert!(!gave_up(&well, 103));
}

#[test]
fn a_global_service_wants_one_task_a_node() {
    let global = ServiceSpec { mode: Mode::Global, ..ServiceSpec::default() };
    let on = |node: &str, state, since| ObservedTask {
        slot: None,
        node: Some(node.to_owned()),
        ..task(1, state, since)
    };
    let both = vec![on("a", TaskState::Running, 100), on("b", TaskState::Running, 101)];
    assert_eq!(verdict(&global, both, 110).0, Health::Healthy);
    assert_eq!(verdict(&global, vec![], 110).0, Health::Progressing);

    let one_failed = vec![on("a", TaskState::Running, 100), on("b", TaskState::Failed, 101)];
    assert_eq!(verdict(&global, one_failed, 103).0, Health::Progressing);
    let one_left = vec![on("a", TaskState::Running, 100), on("b", TaskState::Shutdown, 101)];
    assert_eq!(verdict(&global, one_left, 110).0, Health::Healthy);
}

#[test]
fn a_service_of_no_tasks_is_well_for_ever() {
    let health = of_service(&replicated(0), &service(vec![]), at(1));
    assert_eq!(health.health, Health::Healthy);
    assert!(health.well_since.is_some_and(|since| since < at(-1_000_000)));
}

#[test]
fn what_it_waits_for_is_said() {
    let checked = ServiceSpec { healthcheck: Some(Healthcheck::default().into()), ..replicated(1) };
    let health = of_service(&checked, &service(vec![task(1, TaskState::Starting, 100)]), at(101));
    assert_eq!(health.reason, "waits for its health check: 0 of 1 tasks run");
}

proptest! {
    /// Healthy means that so many tasks run, and says since when; nothing else is
    /// healthy. And whatever is wrong has a code and words.
    #[test]
    fn healthy_is_never_a_guess(
        states in prop::collection::vec((1..3_u64, 0..6_usize, 0..400_i64, any::<bool>()), 0..8),
        replicas in 0..3_u64,
    ) {
        let kinds = [
            TaskState::Pending,
            TaskState::Starting,
            TaskState::Running,
            TaskState::Complete,
            TaskState::Shutdown,
            TaskState::Failed,
        ];
        let mut tasks: Vec<ObservedTask> = states
            .into_iter()
            .filter_map(|(slot, kind, since, up_to_date)| {
                let state = kinds.get(kind).copied()?;
                Some(ObservedTask { up_to_date, ..task(slot, state, since) })
            })
            .collect();
        tasks.sort_by_key(|task| std::cmp::Reverse(task.since));
        let slots: BTreeSet<_> = tasks
            .iter()
            .filter(|task| task.up_to_date && task.state == TaskState::Running)
            .map(|task| task.slot)
            .collect();

        let health = of_service(&replicated(replicas), &service(tasks), at(400));

        if health.health == Health::Healthy {
            prop_assert!(slots.len() as u64 >= replicas);
            prop_assert!(health.well_since.is_some());
        } else {
            prop_assert!(health.well_since.is_none());
            prop_assert!(!health.reason.is_empty());
        }
        prop_assert_eq!(health.health == Health::Degraded, !health.code.is_empty());
    }
}

#[test]
fn a_service_is_started_then_healthy_and_a_job_completes() {
    let met = |wanted: &ServiceSpec, states: &[TaskState]| {
        let tasks = (1..).zip(states).map(|(slot, state)| task(slot, *state, 1)).collect();
        let observed = service(tasks);
        [Condition::Started, Condition::Healthy, Condition::Completed]
            .map(|condition| meets(condition, wanted, &observed))
    };
    let (running, starting) = (TaskState::Running, TaskState::Starting);
    let two = replicated(2);
    assert_eq!(met(&two, &[]), [false; 3]);
    assert_eq!(met(&two, &[running, TaskState::Preparing]), [false; 3]);
    assert_eq!(met(&two, &[running, starting]), [true, false, false]);
    assert_eq!(met(&two, &[running, running]), [true, true, false]);
    assert_eq!(met(&two, &[running, TaskState::Complete]), [false; 3]);
    assert_eq!(met(&replicated(0), &[]), [true; 3], "nothing is all there should be");

    let mode = Mode::ReplicatedJob { max_concurrent: 2, total_completions: 2 };
    let job = ServiceSpec { mode, ..ServiceSpec::default() };
    assert_eq!(met(&job, &[running, TaskState::Complete]), [true, false, false]);
    assert_eq!(met(&job, &[TaskState::Complete, TaskState::Failed]), [false; 3]);
    assert_eq!(met(&job, &[TaskState::Complete, TaskState::Complete]), [true; 3]);
}

#[test]
fn tasks_of_an_older_spec_or_on_a_lost_node_meet_nothing() {
    let old = ObservedTask { up_to_date: false, ..task(1, TaskState::Running, 1) };
    let lost = ObservedTask { node_down: true, ..task(1, TaskState::Running, 1) };
    for task in [old, lost] {
        assert!(!meets(Condition::Started, &replicated(1), &service(vec![task])));
    }
}
