//! Who asks the stacks, and Berth itself, all the time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::http::Client;

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(200);
/// A visitor would not wait longer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What asking one host came to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Answers {
    /// How often it was asked.
    pub(super) asked: usize,
    /// How often there was no answer, or a bad one.
    pub(super) failed: usize,
    /// The longest time without a good answer.
    pub(super) gap: Duration,
}

#[derive(Debug)]
struct State {
    answers: Answers,
    last_good: Instant,
}

/// One host that is asked until this is dropped.
#[derive(Debug)]
pub(super) struct Probe {
    state: Arc<Mutex<State>>,
    _task: JoinSet<()>,
}

impl Probe {
    /// Asks for `path` of `host` at the front.
    pub(super) fn start(front: &str, host: &str, path: &'static str) -> Self {
        let state = State { answers: Answers::default(), last_good: Instant::now() };
        let state = Arc::new(Mutex::new(state));
        let mut task = JoinSet::new();
        task.spawn(ask(front.to_owned(), host.to_owned(), path, Arc::clone(&state)));
        Self { state, _task: task }
    }

    /// What has come of it until now.
    #[cfg(test)]
    pub(super) fn seen(&self) -> Answers {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).answers
    }

    /// What came of it since it was last asked for.
    pub(super) fn take(&self) -> Answers {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // What is open is part of this time, and not of the next.
        let mut taken = std::mem::take(&mut state.answers);
        taken.gap = taken.gap.max(state.last_good.elapsed());
        state.last_good = Instant::now();
        taken
    }
}

async fn ask(front: String, host: String, path: &'static str, state: Arc<Mutex<State>>) {
    loop {
        // A client of its own each time: no connection outlives its answer.
        let client = Client::new(front.clone());
        let answer = timeout(PATIENCE, client.get_host(&host, path)).await;
        let good = matches!(answer, Ok(Ok(answer)) if answer.status.is_success());
        {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.answers.asked += 1;
            if good {
                let since = state.last_good.elapsed();
                state.answers.gap = state.answers.gap.max(since);
                state.last_good = Instant::now();
            } else {
                state.answers.failed += 1;
            }
        }
        sleep(PAUSE).await;
    }
}
