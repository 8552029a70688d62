//! Background tasks: what the leader does beside its passes.
//!
//! A task takes no input: it reads the database, does what is due, and says how
//! it went. So it may be woken too often, and a wake-up may get lost: its period
//! comes round. The driver never runs one twice at once.

pub mod catch_up;
pub mod inbox;
pub mod orphans;
pub mod previews;
pub mod reports;
pub mod retention;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use berth_domain::backoff::Backoff;
use berth_domain::build::Builder;
use berth_domain::chain;
use berth_github_app::{App, Client, Credentials};
use berth_store::leases::Fence;
use berth_store::logs::Keep;
use berth_store::notify::{Hint, Listener};
use berth_store::retention::Kept;
use berth_store::seal::SealKey;
use berth_store::{Pool, github_apps};
use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, info, info_span, warn};
use url::Url;

use crate::clock::Clock;
use crate::leading::Leading;

/// After a failure: soon again, and a little less often. What a task depends on
/// comes back sooner than anybody wants to wait for it.
const RETRY: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(10) };

/// How long all tasks rest after one of them panicked.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// What every task is made of.
#[derive(Debug)]
pub struct Deps<B> {
    /// The database.
    pub pool: Pool,
    /// What opens the App's key.
    pub key: Arc<SealKey>,
    /// The way to GitHub.
    pub github: Client,
    /// Tells what changed between two commits.
    pub builder: Arc<B>,
    /// The time.
    pub clock: Clock,
    /// Where people reach this Berth, for links.
    pub public_url: Url,
    /// Where the router answers; its scheme and port make a stack's addresses.
    pub router_url: Url,
    /// Which releases are kept.
    pub kept: Kept,
    /// How much output is kept.
    pub output: Keep,
    /// Where to read how the tasks are getting on.
    pub board: Board,
    /// Whether this replica leads.
    pub leading: Leading,
}

impl<B> Clone for Deps<B> {
    fn clone(&self) -> Self {
        let Self {
            pool,
            key,
            github,
            builder,
            clock,
            public_url,
            router_url,
            kept,
            output,
            board,
            leading,
        } = self;
        Self {
            pool: pool.clone(),
            key: Arc::clone(key),
            github: github.clone(),
            builder: Arc::clone(builder),
            clock: clock.clone(),
            public_url: public_url.clone(),
            router_url: router_url.clone(),
            kept: *kept,
            output: *output,
            board: board.clone(),
            leading: leading.clone(),
        }
    }
}

impl<B> Deps<B> {
    /// Our App, or [`None`] before it was made.
    ///
    /// # Errors
    ///
    /// What the database says, or that the master key does not open it.
    pub async fn app(&self) -> Result<Option<App>, berth_store::Error> {
        let app = github_apps::get(&self.pool, &self.key).await?;
        Ok(app.map(|app| {
            self.github.app(Credentials { app_id: app.public.app_id, private_key: app.private_key })
        }))
    }
}

/// How an activation went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What was done, in a few words; empty where there was nothing to do.
    pub summary: String,
    /// When to come again, where that is before the period is over.
    pub again: Option<Duration>,
}

impl Done {
    /// There was nothing to do.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { summary: String::new(), again: None }
    }

    /// This was done.
    #[must_use]
    pub const fn with(summary: String) -> Self {
        Self { summary, again: None }
    }

    /// Come again after `wait`.
    #[must_use]
    pub fn again_in(mut self, wait: Option<Duration>) -> Self {
        self.again = wait;
        self
    }
}

/// Why an activation failed. [`berth_store::Error::Fenced`] ends the leadership,
/// everything else is tried again.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// The database.
    #[error("the database failed it")]
    Store(#[from] berth_store::Error),
    /// GitHub.
    #[error("GitHub failed it")]
    Github(#[from] berth_github_app::Error),
}

impl TaskError {
    fn is_fenced(&self) -> bool {
        matches!(self, Self::Store(berth_store::Error::Fenced))
    }
}

/// A background task.
pub trait Task: Send {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// How long it may go without being woken.
    fn period(&self) -> Duration;

    /// Does what is due. Doing it twice is as good as once.
    fn activate(&mut self, fence: Fence) -> impl Future<Output = Result<Done, TaskError>> + Send;
}

/// How a task is getting on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Whether it runs at this moment.
    pub running: bool,
    /// How often it was run since this replica leads.
    pub runs: u64,
    /// When it was run last.
    pub last_run_at: Option<DateTime<Utc>>,
    /// How long that took.
    pub last_duration_ms: u64,
    /// When it last did something, and what.
    pub last_done: Option<(DateTime<Utc>, String)>,
    /// Why the last run failed, if it did.
    pub last_error: Option<String>,
    /// How many runs in a row failed.
    pub failures: u32,
}

/// How every task is getting on; clones show the same.
#[derive(Debug, Clone, Default)]
pub struct Board(Arc<Mutex<BTreeMap<&'static str, Status>>>);

impl Board {
    /// How every task is getting on, by name; empty where this replica does not
    /// lead.
    #[must_use]
    pub fn read(&self) -> BTreeMap<&'static str, Status> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, name: &'static str, change: impl FnOnce(&mut Status)) {
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(board.entry(name).or_insert_with(|| Status {
            running: false,
            runs: 0,
            last_run_at: None,
            last_duration_ms: 0,
            last_done: None,
            last_error: None,
            failures: 0,
        }));
    }

    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The driver's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to stop.
    Stopped,
    /// A newer leader has taken over.
    Fenced,
}

/// Runs `task` at once, then whenever it is woken, wants to come again, or its
/// period is over; after a failure, with backoff. One run at a time: a wake-up
/// during a run makes one more run after it.
pub async fn drive(
    mut task: impl Task,
    fence: Fence,
    wake: &Notify,
    watched: (&Board, &Clock),
    stop: &CancellationToken,
) -> Ended {
    let (board, clock) = watched;
    let name = task.name();
    let mut failures = 0_u32;
    loop {
        let started = Instant::now();
        let now = clock.now();
        board.update(name, |status| status.running = true);
        let run = task.activate(fence).instrument(info_span!("task", task.name = name));
        let result = tokio::select! {
            result = run => result,
            () = stop.cancelled() => return Ended::Stopped,
        };
        let took = started.elapsed();
        failures = if result.is_ok() { 0 } else { failures.saturating_add(1) };
        board.update(name, |status| {
            status.running = false;
            status.runs += 1;
            status.last_run_at = Some(now);
            status.last_duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            status.failures = failures;
            status.last_error = result.as_ref().err().map(|err| chain(err));
            if let Ok(done) = &result
                && !done.summary.is_empty()
            {
                status.last_done = Some((now, done.summary.clone()));
            }
        });
        let wait = match result {
            Ok(done) => {
                if done.summary.is_empty() {
                    debug!(task.name = name, "task `{name}` found nothing to do");
                } else {
                    info!(task.name = name, "task `{name}`: {}", done.summary);
                }
                done.again.map_or(task.period(), |again| again.min(task.period()))
            }
            Err(err) if err.is_fenced() => return Ended::Fenced,
            Err(err) => {
                warn!(task.name = name, "task `{name}` failed: {}", chain(&err));
                RETRY.wait(failures, rand::random())
            }
        };
        tokio::select! {
            () = wake.notified(), if failures == 0 => {}
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return Ended::Stopped,
        }
    }
}

/// Runs every task for as long as this replica leads, until told to stop.
pub async fn run<B: Builder>(deps: Deps<B>, stop: CancellationToken) {
    let mut leading = deps.leading.watch();
    loop {
        let fence = *leading.borrow_and_update();
        if let Some(fence) = fence {
            let term = stop.child_token();
            let mut tasks = start(&deps, fence, &term);
            // The first to end is told to, was fenced, or panicked; the others follow.
            let broke = tokio::select! {
                _ = leading.changed() => false,
                ended = tasks.join_next() => matches!(ended, Some(Err(_))),
                () = stop.cancelled() => false,
            };
            term.cancel();
            while tasks.join_next().await.is_some() {}
            deps.board.clear();
            if broke {
                // A bug, but no reason to stop working: begin anew, in a moment.
                tracing::error!("a background task panicked; all of them start again");
                tokio::select! {
                    () = tokio::time::sleep(AFTER_PANIC) => {}
                    () = stop.cancelled() => return,
                }
            } else if *leading.borrow() == Some(fence) && !stop.is_cancelled() {
                // Fenced before the lease's own watch noticed: wait for it.
                tokio::select! {
                    changed = leading.changed() => if changed.is_err() { return },
                    () = stop.cancelled() => return,
                }
            }
        } else {
            tokio::select! {
                changed = leading.changed() => if changed.is_err() { return },
                () = stop.cancelled() => return,
            }
        }
        if stop.is_cancelled() {
            return;
        }
    }
}

fn start<B: Builder>(deps: &Deps<B>, fence: Fence, term: &CancellationToken) -> JoinSet<()> {
    let (inbox, outbox) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let period_only = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    tasks.spawn(hear(deps.pool.clone(), Arc::clone(&inbox), Arc::clone(&outbox), term.clone()));
    let mut term = Term { tasks, fence, board: &deps.board, clock: &deps.clock, term };
    term.spawn(inbox::Inbox::new(deps.clone()), &inbox);
    term.spawn(reports::Reports::new(deps.clone()), &outbox);
    term.spawn(catch_up::CatchUp::new(deps.clone()), &period_only);
    term.spawn(previews::Previews::new(deps.clone()), &period_only);
    term.spawn(retention::Retention::new(deps.pool.clone(), deps.kept, deps.output), &period_only);
    term.tasks
}

/// One term of leadership.
struct Term<'a> {
    tasks: JoinSet<()>,
    fence: Fence,
    board: &'a Board,
    clock: &'a Clock,
    term: &'a CancellationToken,
}

impl Term<'_> {
    fn spawn(&mut self, task: impl Task + 'static, wake: &Arc<Notify>) {
        let (board, clock) = (self.board.clone(), self.clock.clone());
        let (wake, term, fence) = (Arc::clone(wake), self.term.clone(), self.fence);
        self.tasks.spawn(async move {
            drive(task, fence, &wake, (&board, &clock), &term).await;
        });
    }
}

/// Passes hints on to the tasks that they are for.
async fn hear(pool: Pool, inbox: Arc<Notify>, outbox: Arc<Notify>, term: CancellationToken) {
    loop {
        let listener = tokio::select! {
            listener = Listener::connect(&pool) => listener,
            () = term.cancelled() => return,
        };
        match listener {
            Ok(mut listener) => loop {
                let hint = tokio::select! {
                    hint = listener.next() => hint,
                    () = term.cancelled() => return,
                };
                if matches!(hint, Hint::Inbox | Hint::Anything) {
                    inbox.notify_one();
                }
                if matches!(hint, Hint::Outbox | Hint::Anything) {
                    outbox.notify_one();
                }
            },
            Err(err) => {
                warn!("no hints are heard for now: {}", chain(&err));
                tokio::select! {
                    () = tokio::time::sleep(RETRY.first) => {}
                    () = term.cancelled() => return,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
