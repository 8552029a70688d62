//! Dry runs: the leader finds out what a deployment would do, for whoever asked,
//! and writes that down. Nothing else is written, and nothing is done.
//!
//! Losing what is being found out loses nothing: the question stays open, and
//! whoever leads next answers it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::build::Builder;
use berth_domain::chain;
use berth_domain::cluster::Cluster;
use berth_domain::deployment::{Phase, Reason, Step};
use berth_store::deployments::Deployment;
use berth_store::dry_runs::{self, Open};
use berth_store::leases::Fence;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::deploy;
use crate::drift::{Difference, Text};
use crate::engine::{Engine, RETRY};
use crate::error::{PassError, Remedy};

/// How often it is looked for questions though nothing was heard.
const LOOK: Duration = Duration::from_secs(30);

/// How many are answered at once.
const AT_ONCE: usize = 4;

/// How long a person is to wait for an answer at most.
const PATIENCE: Duration = Duration::from_secs(120);

/// The longest wait before another try, where the database failed.
const RETRY_MOST: Duration = Duration::from_secs(10);

/// What a deployment would do. No value is in it that may be a secret.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Answer {
    /// The number that the deployment would have.
    number: i64,
    commit: Commit,
    git_ref: String,
    compose_file: String,
    /// Why it would fail, if it would.
    pub(crate) failure: Option<Failure>,
    /// What it would wait for before anything is applied.
    pub(crate) holds: Vec<String>,
    /// What else is to be said.
    pub(crate) notes: Vec<String>,
    /// What would be done, in order, as a deployment's plan says it.
    pub(crate) plan: Vec<String>,
    /// The same as data.
    pub(crate) differences: Vec<Difference>,
    /// What differs, in full.
    pub(crate) texts: Vec<Text>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Commit {
    sha: String,
    message: String,
    author: String,
}

/// Why a deployment would fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    /// The phase that it would not come to.
    phase: Phase,
    reason: Reason,
}

impl Failure {
    pub(crate) const fn at(step: Step, reason: Reason) -> Self {
        Self { phase: step.reaches(), reason }
    }
}

impl Answer {
    /// Of a deployment of which nothing is known but what it would be of.
    pub(crate) fn of(proposed: &Deployment) -> Self {
        let commit = &proposed.commit;
        Self {
            number: proposed.number,
            commit: Commit {
                sha: commit.sha.clone(),
                message: commit.message.clone(),
                author: commit.author.clone(),
            },
            git_ref: proposed.git_ref.clone(),
            compose_file: proposed.compose_file.clone(),
            failure: None,
            holds: Vec::new(),
            notes: Vec::new(),
            plan: Vec::new(),
            differences: Vec::new(),
            texts: Vec::new(),
        }
    }
}

/// Answers what is asked whenever we lead, until told to stop.
pub(crate) async fn answer<C: Cluster, B: Builder>(engine: Arc<Engine<C, B>>) {
    let mut fence = engine.leading.watch();
    let mut failures = 0;
    loop {
        let leads = *fence.borrow_and_update();
        let Some(leads) = leads else {
            tokio::select! {
                () = engine.stop.cancelled() => return,
                changed = fence.changed() => if changed.is_err() { return },
            }
            continue;
        };
        // What it spawned ends with it.
        let failed = tokio::select! {
            () = engine.stop.cancelled() => return,
            changed = fence.changed() => if changed.is_err() { return } else { None },
            error = term(&engine, leads, &mut failures) => Some(error),
        };
        let Some(error) = failed else {
            failures = 0;
            continue;
        };
        failures += 1;
        tracing::debug!("no dry runs are answered for now: {}", chain(&error));
        tokio::select! {
            () = engine.stop.cancelled() => return,
            changed = fence.changed() => if changed.is_err() { return },
            () = sleep(RETRY.wait(failures, rand::random()).min(RETRY_MOST)) => {}
        }
    }
}

/// Answers as the leader that `fence` stands for, until something fails.
async fn term<C: Cluster, B: Builder>(
    engine: &Arc<Engine<C, B>>,
    fence: Fence,
    failures: &mut u32,
) -> PassError {
    let mut running = JoinSet::new();
    let mut under_way: BTreeSet<Uuid> = BTreeSet::new();
    // They wait for the next look: nobody else is to wait for them.
    let mut failed: Vec<Uuid> = Vec::new();
    loop {
        let open = match dry_runs::open(&engine.pool).await {
            Ok(open) => open,
            Err(error) => return error.into(),
        };
        for one in open {
            if running.len() < AT_ONCE && under_way.insert(one.id) {
                let engine = Arc::clone(engine);
                running.spawn(async move { (one.id, one_answer(&engine, fence, one).await) });
            }
        }
        tokio::select! {
            Some(done) = running.join_next() => match done {
                Ok((id, Ok(()))) => {
                    under_way.remove(&id);
                    *failures = 0;
                }
                Ok((_, Err(error))) if error.remedy() == Remedy::Stop => return error,
                Ok((id, Err(error))) => {
                    tracing::warn!("could not answer a dry run: {}", chain(&error));
                    failed.push(id);
                }
                // A bug: the question stays, and whoever leads next answers it.
                Err(error) => tracing::error!(%error, "a dry run panicked"),
            },
            () = engine.dry_runs.notified() => {}
            () = sleep(LOOK) => for id in failed.drain(..) {
                under_way.remove(&id);
            },
        }
    }
}

async fn one_answer<C: Cluster, B: Builder>(
    engine: &Engine<C, B>,
    fence: Fence,
    open: Open,
) -> Result<(), PassError> {
    let found = timeout(PATIENCE, Box::pin(deploy::rehearse(engine, fence, open.stack))).await;
    let answer = match found {
        // There is nothing to deploy any more, and nobody to tell.
        Ok(Ok(None)) => return Ok(()),
        Ok(Ok(Some(answer))) => answer,
        Ok(Err(error)) => return Err(error),
        Err(_) => too_late(engine, open).await?,
    };
    dry_runs::answer(&engine.pool, fence, open.id, &answer).await?;
    tracing::info!(stack.id = %open.stack, "answered what deployment {} would do", answer.number);
    Ok(())
}

/// The answer where finding out took too long.
async fn too_late<C, B>(engine: &Engine<C, B>, open: Open) -> Result<Answer, PassError> {
    let proposed = berth_store::deployments::proposed(&engine.pool, open.stack).await?;
    let minutes = PATIENCE.as_secs() / 60;
    let text = format!("it was not found out within {minutes} min what a deployment would do");
    let reason = Reason { code: "timed_out".to_owned(), text, place: None };
    let mut answer = Answer::of(&proposed.deployment);
    answer.failure = Some(Failure::at(Step::Fetch, reason));
    Ok(answer)
}
