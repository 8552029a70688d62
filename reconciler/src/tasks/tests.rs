//! The driver; and, below, the tasks against a real Postgres and a GitHub.

mod catch_up;
mod reports;
mod world;

use std::sync::atomic::{AtomicU32, Ordering};

use super::testing::now;
use super::*;

/// Counts its runs, holds each for a second, and fails as told.
#[derive(Debug, Default, Clone)]
struct Counter {
    runs: Arc<AtomicU32>,
    at_once: Arc<AtomicU32>,
    fails: Arc<AtomicU32>,
}

const FENCE: Fence = Fence { epoch: 1 };

impl Task for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(3600)
    }

    async fn activate(&mut self, _fence: Fence) -> Result<Done, TaskError> {
        assert_eq!(self.at_once.fetch_add(1, Ordering::SeqCst), 0, "it runs twice at once");
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        let runs = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        match self.fails.load(Ordering::SeqCst) {
            0 => Ok(Done::with(format!("run {runs}"))),
            u32::MAX => Err(TaskError::Store(berth_store::Error::Fenced)),
            left => {
                self.fails.store(left - 1, Ordering::SeqCst);
                let doing = "count";
                let message = "no answer".to_owned();
                Err(TaskError::Github(berth_github_app::Error::Unavailable { doing, message }))
            }
        }
    }
}

struct Driven {
    task: Counter,
    wake: Arc<Notify>,
    board: Board,
    stop: CancellationToken,
    driver: JoinSet<Ended>,
}

fn driven(task: Counter) -> Driven {
    let (wake, board) = (Arc::new(Notify::new()), Board::default());
    let stop = CancellationToken::new();
    let mut driver = JoinSet::new();
    let (wakes, shown, stops, it) = (Arc::clone(&wake), board.clone(), stop.clone(), task.clone());
    driver.spawn(async move {
        drive(it, FENCE, &wakes, (&shown, &Clock::stopped(now())), &stops).await
    });
    Driven { task, wake, board, stop, driver }
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_millis(seconds * 1000 + 10)).await;
}

#[tokio::test(start_paused = true)]
async fn a_wake_up_during_a_run_makes_one_more_and_never_two_at_once() {
    let mut it = driven(Counter::default());
    tokio::task::yield_now().await;
    for _ in 0..5 {
        it.wake.notify_one();
    }
    seconds(30).await;
    assert_eq!(it.task.runs.load(Ordering::SeqCst), 2);
    seconds(3601).await;
    assert_eq!(it.task.runs.load(Ordering::SeqCst), 3);

    let status = it.board.read().remove("counter").unwrap();
    assert_eq!((status.runs, status.last_duration_ms, status.failures), (3, 1000, 0));
    assert_eq!(status.last_done, Some((now(), "run 3".to_owned())));
    assert!(serde_json::to_string(&status).unwrap().contains("last_run_at"));
    it.stop.cancel();
    assert_eq!(it.driver.join_next().await.unwrap().unwrap(), Ended::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shown_and_tried_again() {
    let task = Counter::default();
    task.fails.store(2, Ordering::SeqCst);
    let it = driven(task);
    seconds(1).await;
    let status = it.board.read().remove("counter").unwrap();
    let error = "GitHub failed it: GitHub does not answer, while trying to count: no answer";
    assert_eq!((status.last_error.as_deref(), status.failures), (Some(error), 1));
    seconds(10).await;
    let status = it.board.read().remove("counter").unwrap();
    assert_eq!((status.last_error, status.failures, status.runs), (None, 0, 3));
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_was_replaced_stops() {
    let task = Counter::default();
    task.fails.store(u32::MAX, Ordering::SeqCst);
    let mut it = driven(task);
    assert_eq!(it.driver.join_next().await.unwrap().unwrap(), Ended::Fenced);
}
