//! What comes is stored: gathered for a moment, put in order, written at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use berth_store::leases::Fence;
use berth_store::logs::{Batch, Dropped, Heard, Missing, NewLine, append};
use berth_store::{Error, Pool};
use chrono::{DateTime, Utc};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout_at};

/// How long lines gather.
const GATHER: Duration = Duration::from_millis(200);
/// How long it waits to store only how far services are heard.
const IDLE: Duration = Duration::from_secs(15);
/// Lines in one transaction.
const LINES: usize = 2000;
/// Bytes of text in one transaction.
const BYTES: usize = 4 << 20;

/// What followers send.
#[derive(Debug)]
pub(super) enum Piece {
    /// A line.
    Line(Box<NewLine>),
    /// All lines of a service until then were sent.
    Heard(Heard),
    /// Lines were left out.
    Dropped(Dropped),
    /// Lines could not be had.
    Missing(Missing),
}

/// What gathered.
#[derive(Debug, Default)]
struct Gathered {
    batch: Batch,
    heard: BTreeMap<String, DateTime<Utc>>,
    bytes: usize,
}

impl Gathered {
    fn take(&mut self, piece: Piece) {
        match piece {
            Piece::Line(line) => {
                self.bytes += line.text.len();
                self.batch.lines.push(*line);
            }
            Piece::Heard(Heard { service_id, until }) => {
                let heard = self.heard.entry(service_id).or_insert(until);
                *heard = until.max(*heard);
            }
            Piece::Dropped(dropped) => self.batch.dropped.push(dropped),
            Piece::Missing(missing) => self.batch.missing.push(missing),
        }
    }

    /// Whether there is something that people wait for.
    const fn is_news(&self) -> bool {
        !self.batch.lines.is_empty()
            || !self.batch.dropped.is_empty()
            || !self.batch.missing.is_empty()
    }

    fn is_full(&self) -> bool {
        self.batch.lines.len() >= LINES || self.bytes >= BYTES
    }

    fn finish(self) -> Batch {
        let Self { mut batch, heard, bytes: _ } = self;
        batch.lines = in_order(batch.lines);
        let heard = heard.into_iter().map(|(service_id, until)| Heard { service_id, until });
        batch.heard = heard.collect();
        batch
    }
}

/// Lines by time, those that were given twice once.
fn in_order(mut lines: Vec<NewLine>) -> Vec<NewLine> {
    lines.sort_by_key(|line| line.at);
    let mut same: BTreeSet<(String, String, bool, String)> = BTreeSet::new();
    let mut now = None;
    lines.retain(|line| {
        if now != Some(line.at) {
            now = Some(line.at);
            same.clear();
        }
        let what = (line.service_id.clone(), line.task.clone(), line.stderr, line.text.clone());
        same.insert(what) || !line.maybe_stored
    });
    lines
}

/// Stores what comes, and returns why it can't any more.
pub(super) async fn write(pool: Pool, fence: Fence, mut pieces: Receiver<Piece>) -> Error {
    let mut gathered = Gathered::default();
    loop {
        let idle = Instant::now() + IDLE;
        let mut due = idle;
        while !gathered.is_full() {
            match timeout_at(due, pieces.recv()).await {
                Ok(Some(piece)) => {
                    gathered.take(piece);
                    if gathered.is_news() && due == idle {
                        due = idle.min(Instant::now() + GATHER);
                    }
                }
                // The followers are gone: so is the term.
                Ok(None) => return Error::Fenced,
                Err(_) => break,
            }
        }
        let batch = std::mem::take(&mut gathered).finish();
        if batch == Batch::default() {
            continue;
        }
        if let Err(error) = append(&pool, fence, &batch).await {
            return error;
        }
    }
}

#[cfg(test)]
mod tests {
    use berth_domain::ids::StackId;

    use super::*;

    fn line(second: i64, text: &str, maybe_stored: bool) -> NewLine {
        NewLine {
            stack: StackId(uuid::Uuid::nil()),
            service_id: "s".to_owned(),
            service: "web".to_owned(),
            task: "web.1".to_owned(),
            node: None,
            stderr: false,
            at: DateTime::from_timestamp(second, 0).unwrap(),
            level: None,
            text: text.to_owned(),
            maybe_stored,
        }
    }

    #[test]
    fn lines_are_put_in_order_and_what_came_twice_is_once() {
        let lines = vec![
            line(3, "c", false),
            line(1, "a", true),
            line(2, "b", false),
            line(2, "b2", false),
            line(1, "a", true),
        ];
        let texts: Vec<String> = in_order(lines).into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["a", "b", "b2", "c"]);
    }

    #[test]
    fn a_program_may_write_the_same_twice_at_once() {
        assert_eq!(in_order(vec![line(1, "a", false), line(1, "a", false)]).len(), 2);
    }
}
