//! What containers write: followed while we lead, and stored.
//!
//! ```text
//! sources ──> a follower each ──┐             ┌──> store::logs::append
//!   (Docker's service logs)     ├──> writer ──┤
//!                               ┘ (bounded)   └──> how far each is heard
//! ```
//!
//! Nothing is remembered here that matters: how far each service is heard is in the
//! same transaction as its lines. Whoever leads next, and we after a cut, ask Docker
//! for what was written since, a little earlier, and what is stored already is left
//! out. Where Postgres does not take what comes, all streams are closed and begun
//! anew later: Docker's managers keep what nobody reads in memory, without bound.

mod batch;
mod follow;
mod rate;
mod seen;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::build::Builder;
use berth_domain::chain;
use berth_domain::cluster::Cluster;
use berth_store::Error;
use berth_store::leases::Fence;
use berth_store::logs::sources;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use self::follow::Follower;
use crate::engine::{Engine, RETRY};

/// How often it is looked for new services though nothing was heard.
const LOOK: Duration = Duration::from_secs(30);
/// The least time between two looks: each lists all services there are.
const BURST: Duration = Duration::from_secs(1);
/// Lines that wait to be stored; of 16 KiB at most each.
const QUEUE: usize = 1000;
/// Services that read what was written before, at once: each gathers it, to put it
/// in order.
const CATCHING_UP: usize = 8;
/// The longest wait before collecting again.
const RETRY_MOST: Duration = Duration::from_secs(10);

/// Collects output whenever we lead, until told to stop.
pub(crate) async fn collect<C: Cluster, B: Builder>(engine: Arc<Engine<C, B>>) {
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
        // What it spawned ends with it; what was not stored is read again.
        let ended = tokio::select! {
            () = engine.stop.cancelled() => return,
            changed = fence.changed() => if changed.is_err() { return } else { None },
            ended = term(&engine, leads) => match ended {
                Ok(never) => match never {},
                Err(error) => Some(error),
            },
        };
        let Some(error) = ended else {
            failures = 0;
            continue;
        };
        failures += 1;
        if matches!(error, Error::Fenced) {
            tracing::debug!("output is collected by a newer leader");
        } else {
            tracing::warn!("output is not collected for now: {}", chain(&error));
        }
        tokio::select! {
            () = engine.stop.cancelled() => return,
            changed = fence.changed() => if changed.is_err() { return },
            () = sleep(RETRY.wait(failures, rand::random()).min(RETRY_MOST)) => {}
        }
    }
}

/// Collects as the leader that `fence` stands for, until something fails.
async fn term<C: Cluster, B: Builder>(
    engine: &Engine<C, B>,
    fence: Fence,
) -> Result<Infallible, Error> {
    let (queue, lines) = mpsc::channel(QUEUE);
    let mut writer = JoinSet::new();
    writer.spawn(batch::write(engine.pool.clone(), fence, lines));
    let catching_up = Arc::new(Semaphore::new(CATCHING_UP));
    let mut followers = JoinSet::new();
    let mut followed: BTreeMap<String, CancellationToken> = BTreeMap::new();
    loop {
        let looked = Instant::now();
        match engine.cluster.sources().await {
            Ok(seen) => {
                for (id, gone) in &followed {
                    // Its last words are still to come.
                    if !seen.iter().any(|source| source.id == *id) {
                        gone.cancel();
                    }
                }
                for source in sources(&engine.pool, fence, &seen).await? {
                    if followed.contains_key(&source.source.id) {
                        continue;
                    }
                    let gone = CancellationToken::new();
                    followed.insert(source.source.id.clone(), gone.clone());
                    let follower = Follower {
                        cluster: Arc::clone(&engine.cluster),
                        clock: engine.settings.clock.clone(),
                        rate: engine.settings.output_rate,
                        source,
                        queue: queue.clone(),
                        catching_up: Arc::clone(&catching_up),
                        gone,
                    };
                    followers.spawn(follower.run());
                }
            }
            Err(error) => tracing::debug!("can't tell whose output to follow: {}", chain(&error)),
        }
        tokio::select! {
            ended = writer.join_next() => return Err(reason(ended)),
            Some(ended) = followers.join_next() => {
                // One that panicked is not known by its id: all begin anew.
                let id = ended.map_err(|_| reason(None))?;
                followed.remove(&id);
            }
            // At once, at first: a job may be gone in a moment.
            () = engine.output.notified() => {
                sleep(BURST.saturating_sub(looked.elapsed())).await;
            }
            () = sleep(LOOK) => {}
        }
    }
}

/// Why the writer ended.
fn reason(ended: Option<Result<Error, tokio::task::JoinError>>) -> Error {
    match ended {
        Some(Ok(error)) => error,
        Some(Err(_)) | None => {
            Error::Corrupt { what: "output", message: "a task that collects it broke".to_owned() }
        }
    }
}
