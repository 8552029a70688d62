//! What the services of a [`Sim`](super::Sim) write: given to whoever follows, as
//! often as it is asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use berth_domain::cluster::ClusterError;
use berth_domain::cluster::output::{Feed, Said, Wrote};
use chrono::{DateTime, Utc};
use tokio::sync::watch;

/// What every service wrote, by its id.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    lines: Mutex<BTreeMap<String, Vec<Wrote>>>,
    /// How often all streams were cut, and a number that grows with each line.
    now: watch::Sender<(u64, u64)>,
}

impl Outputs {
    pub(super) fn write(&self, service: &str, line: Wrote) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.entry(service.to_owned()).or_default().push(line);
        drop(lines);
        self.now.send_modify(|now| now.1 += 1);
    }

    pub(super) fn cut(&self) {
        self.now.send_modify(|now| now.0 += 1);
    }

    pub(super) fn follow(self: &Arc<Self>, service: &str, since: Option<DateTime<Utc>>) -> SimFeed {
        let now = self.now.subscribe();
        let cuts = now.borrow().0;
        let outputs = Arc::clone(self);
        SimFeed { outputs, now, cuts, service: service.to_owned(), place: 0, since }
    }

    fn at(&self, service: &str, place: usize) -> Option<Wrote> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get(service)?.get(place).cloned()
    }
}

/// One stream of a service's output.
#[derive(Debug)]
pub struct SimFeed {
    outputs: Arc<Outputs>,
    now: watch::Receiver<(u64, u64)>,
    cuts: u64,
    service: String,
    place: usize,
    since: Option<DateTime<Utc>>,
}

impl Feed for SimFeed {
    async fn next(&mut self) -> Result<Option<Said>, ClusterError> {
        loop {
            let cuts = self.now.borrow_and_update().0;
            if cuts != self.cuts {
                return Ok(None);
            }
            match self.outputs.at(&self.service, self.place) {
                Some(line) => {
                    self.place += 1;
                    if self.since.is_none_or(|since| line.at >= since) {
                        return Ok(Some(Said::Line(line)));
                    }
                }
                // The sender is ours: it outlives this.
                None => drop(self.now.changed().await),
            }
        }
    }
}
