//! People who look: each replica is asked all the time, and what it answered is
//! kept as long as it was whole all the while.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::crew::REPLICAS;
use super::verdict::Read;
use crate::http::Client;
use crate::world::items;

/// Between two questions to one replica: about what a browser does that shows it.
const BETWEEN: Duration = Duration::from_millis(100);

/// Whether a replica is expected to answer: while the number is odd. It only
/// grows, so that a question during which it changed is seen to be one.
#[derive(Debug, Default)]
struct Gate(AtomicU64);

impl Gate {
    fn open(&self) -> Option<u64> {
        let now = self.0.load(Ordering::SeqCst);
        (now % 2 == 1).then_some(now)
    }

    fn set(&self, open: bool) {
        if self.open().is_some() != open {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Asks until it is dropped.
#[derive(Debug)]
pub(super) struct Readers {
    gates: Arc<[Gate; REPLICAS]>,
    reads: Arc<Mutex<Vec<Read>>>,
    _tasks: JoinSet<()>,
}

impl Readers {
    /// Asks the replicas behind `clients` for the deployments of `stack`, but
    /// none yet.
    pub(super) fn start(clients: [Client; REPLICAS], stack: &str) -> Self {
        let gates: Arc<[Gate; REPLICAS]> = Arc::default();
        let reads: Arc<Mutex<Vec<Read>>> = Arc::default();
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for (replica, client) in clients.into_iter().enumerate() {
            let (gates, reads) = (Arc::clone(&gates), Arc::clone(&reads));
            let path = format!("/api/v1/stacks/{stack}/deployments?limit=100");
            tasks.spawn(async move {
                loop {
                    sleep(BETWEEN).await;
                    let Some(gate) = gates.get(replica) else { return };
                    let Some(before) = gate.open() else { continue };
                    let asked = begun.elapsed().as_millis();
                    let over = over(&client, &path).await.map_err(|err| format!("{err:#}"));
                    let answered = begun.elapsed().as_millis();
                    if gate.open() == Some(before) {
                        let mut reads = reads.lock().unwrap_or_else(PoisonError::into_inner);
                        reads.push(Read { replica, asked, answered, over });
                    }
                }
            });
        }
        Self { gates, reads, _tasks: tasks }
    }

    /// Expects a replica to answer from now on, or not any more.
    pub(super) fn expect(&self, replica: usize, answers: bool) {
        if let Some(gate) = self.gates.get(replica) {
            gate.set(answers);
        }
    }

    /// What was answered since this was last asked.
    pub(super) fn take(&self) -> Vec<Read> {
        std::mem::take(&mut *self.reads.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The number of the newest deployment that is over: it only ever grows.
async fn over(client: &Client, path: &str) -> anyhow::Result<usize> {
    let list = client.read(path).await?;
    list["items"].as_array().context("no list")?;
    let done = items(&list).filter(|item| !item["finished_at"].is_null());
    let newest = done.filter_map(|item| item["number"].as_u64()).max();
    Ok(usize::try_from(newest.unwrap_or_default())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_during_which_a_replica_was_hindered_does_not_count() {
        let gate = Gate::default();
        assert_eq!(gate.open(), None, "nobody is asked at first");
        gate.set(true);
        let before = gate.open();
        assert!(before.is_some());
        gate.set(true);
        assert_eq!(gate.open(), before, "nothing has changed");
        gate.set(false);
        assert_eq!(gate.open(), None);
        gate.set(true);
        assert!(gate.open().is_some_and(|now| Some(now) != before));
    }
}
