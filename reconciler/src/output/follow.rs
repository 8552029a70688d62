//! Following one service: over as many streams as it takes, until it is gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::backoff::Backoff;
use berth_domain::chain;
use berth_domain::cluster::Cluster;
use berth_domain::cluster::output::{Feed, Said, Wrote};
use berth_domain::log::level;
use berth_store::logs::{Dropped, Followed, Heard, Missing, NewLine};
use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::batch::Piece;
use super::rate::Rate;
use super::seen::{Known, MARGIN, Seen};
use crate::clock::Clock;

/// A stream that gives nothing for so long has given what there was.
const QUIET: Duration = Duration::from_millis(500);
/// How often it is said how far the service is heard.
const TICK: Duration = Duration::from_secs(5);
/// How long a stream is open before it is trusted to have given what was written
/// before: nodes look for the beginning in files of any size.
const SETTLES: Duration = Duration::from_secs(30);
/// How long a service that is gone is heard after its last word.
const LAST_WORDS: Duration = Duration::from_secs(15);
/// What is gathered of what was written before, in bytes.
const GATHERED: usize = 4 << 20;
/// The waits before a stream is opened again.
const AGAIN: Backoff = Backoff { first: Duration::from_millis(500), most: Duration::from_secs(15) };

/// Follows one service.
#[derive(Debug)]
pub(super) struct Follower<C> {
    pub(super) cluster: Arc<C>,
    pub(super) clock: Clock,
    /// Lines a second that are kept.
    pub(super) rate: u32,
    pub(super) source: Followed,
    pub(super) queue: Sender<Piece>,
    pub(super) catching_up: Arc<Semaphore>,
    /// Says that the service is gone.
    pub(super) gone: CancellationToken,
}

/// Why following ended, for good.
enum Over {
    /// The service is gone, and so is what it wrote.
    Gone,
    /// Nobody takes the lines any more.
    Unwanted,
}

/// One stream.
struct Stream {
    seen: Seen,
    rate: Rate,
    dropped: Option<Dropped>,
    /// The newest line of each task since it was last said how far all are heard.
    newest: BTreeMap<String, DateTime<Utc>>,
    opened_at: Instant,
    said_at: Instant,
    line_at: Instant,
}

impl<C: Cluster> Follower<C> {
    /// Follows until the service is gone, and gives its id.
    pub(super) async fn run(mut self) -> String {
        let mut failures = 0;
        loop {
            let since = self.source.heard_until.map(|until| until - MARGIN);
            let begun = self.clock.now();
            let over = match self.cluster.follow(&self.source.source, since).await {
                Ok(feed) => {
                    failures = 0;
                    self.follow(feed, begun).await
                }
                Err(error) => {
                    tracing::debug!(
                        stack.name = %self.source.source.stack,
                        "can't follow `{}`: {}",
                        self.source.source.service,
                        chain(&error)
                    );
                    if self.gone.is_cancelled() { Err(Over::Gone) } else { Ok(()) }
                }
            };
            if over.is_err() || self.queue.is_closed() {
                return self.source.source.id;
            }
            failures += 1;
            sleep(AGAIN.wait(failures, rand::random())).await;
        }
    }

    /// Follows one stream to its end.
    async fn follow(&mut self, mut feed: C::Feed, begun: DateTime<Utc>) -> Result<(), Over> {
        let now = Instant::now();
        let mut stream = Stream {
            seen: Seen::new(begun, self.source.newest),
            rate: Rate::new(self.rate),
            dropped: None,
            newest: BTreeMap::new(),
            opened_at: now,
            said_at: now,
            line_at: now,
        };
        if !self.catch_up(&mut stream, &mut feed, begun).await? {
            return Ok(());
        }
        loop {
            let patience = TICK.saturating_sub(stream.said_at.elapsed());
            match timeout(patience, feed.next()).await {
                Ok(Ok(Some(said))) => self.take(&mut stream, said).await?,
                Ok(Ok(None) | Err(_)) => {
                    self.say_dropped(&mut stream).await?;
                    return self.check_gone(&stream);
                }
                Err(_) => {}
            }
            if stream.said_at.elapsed() >= TICK {
                self.say_heard(&mut stream).await?;
                self.check_gone(&stream)?;
            }
        }
    }

    /// Takes what was written before the stream `begun`: tasks give it side by side,
    /// so that it is gathered and put in order. False where the stream ended.
    async fn catch_up(
        &mut self,
        stream: &mut Stream,
        feed: &mut C::Feed,
        begun: DateTime<Utc>,
    ) -> Result<bool, Over> {
        let places = Arc::clone(&self.catching_up);
        let _place = places.acquire().await.map_err(|_| Over::Unwanted)?;
        let mut gathered: Vec<Wrote> = Vec::new();
        let mut bytes = 0;
        let goes_on = loop {
            match timeout(QUIET, feed.next()).await {
                Ok(Ok(Some(Said::Line(line)))) => {
                    bytes += line.text.len() + size_of::<Wrote>();
                    let arrived = line.at >= begun;
                    gathered.push(line);
                    if arrived {
                        break true;
                    }
                }
                Ok(Ok(Some(missing @ Said::Missing { .. }))) => self.take(stream, missing).await?,
                Ok(Ok(None) | Err(_)) => break false,
                Err(_) => break true,
            }
            if bytes >= GATHERED {
                self.take_all(stream, std::mem::take(&mut gathered)).await?;
                bytes = 0;
            }
        };
        self.take_all(stream, gathered).await?;
        Ok(goes_on)
    }

    async fn take_all(&mut self, stream: &mut Stream, mut lines: Vec<Wrote>) -> Result<(), Over> {
        lines.sort_by_key(|line| line.at);
        for line in lines {
            self.take(stream, Said::Line(line)).await?;
        }
        Ok(())
    }

    async fn take(&mut self, stream: &mut Stream, said: Said) -> Result<(), Over> {
        if let Said::Line(line) = &said {
            self.source.newest = self.source.newest.max(Some(line.at));
        }
        let (source, stack) = (&self.source.source, self.source.stack);
        match said {
            Said::Line(line) => {
                let Wrote { task_id, task, node_id, node, stderr, at, text } = line;
                stream.line_at = Instant::now();
                let known = stream.seen.look(&task_id, stderr, at);
                let newest = stream.newest.entry(task_id).or_insert(at);
                *newest = at.max(*newest);
                if known == Known::Before {
                    return Ok(());
                }
                if !stream.rate.admits(at) {
                    self.drop_line(stream, at);
                    return Ok(());
                }
                self.send(Piece::Line(Box::new(NewLine {
                    stack,
                    service_id: source.id.clone(),
                    service: source.service.clone(),
                    task,
                    node: node_id.map(|id| (id.clone(), node.unwrap_or(id))),
                    stderr,
                    at,
                    level: level(&text),
                    text,
                    maybe_stored: known == Known::Maybe,
                })))
                .await
            }
            Said::Missing { node, message } => {
                let (service, at) = (source.service.clone(), self.clock.now());
                self.send(Piece::Missing(Missing { stack, service, node, at, message })).await
            }
        }
    }

    fn drop_line(&self, stream: &mut Stream, at: DateTime<Utc>) {
        let dropped = stream.dropped.get_or_insert_with(|| Dropped {
            stack: self.source.stack,
            service: self.source.source.service.clone(),
            since: at,
            until: at,
            lines: 0,
            rate: self.rate,
        });
        dropped.since = dropped.since.min(at);
        dropped.until = dropped.until.max(at);
        dropped.lines += 1;
    }

    async fn say_dropped(&self, stream: &mut Stream) -> Result<(), Over> {
        match stream.dropped.take() {
            Some(dropped) => self.send(Piece::Dropped(dropped)).await,
            None => Ok(()),
        }
    }

    /// Says until when the service is heard: until now where it is quiet, and
    /// where it is not, until the time of the task that is furthest behind.
    async fn say_heard(&mut self, stream: &mut Stream) -> Result<(), Over> {
        self.say_dropped(stream).await?;
        let now = self.clock.now();
        let behind = std::mem::take(&mut stream.newest).into_values().min();
        let until =
            behind.filter(|_| stream.line_at.elapsed() < QUIET).map_or(now, |at| at.min(now));
        stream.said_at = Instant::now();
        if stream.opened_at.elapsed() < SETTLES {
            return Ok(());
        }
        self.source.heard_until = self.source.heard_until.max(Some(until));
        let service_id = self.source.source.id.clone();
        self.send(Piece::Heard(Heard { service_id, until })).await
    }

    fn check_gone(&self, stream: &Stream) -> Result<(), Over> {
        let over = self.gone.is_cancelled() && stream.line_at.elapsed() >= LAST_WORDS;
        if over { Err(Over::Gone) } else { Ok(()) }
    }

    async fn send(&self, piece: Piece) -> Result<(), Over> {
        self.queue.send(piece).await.map_err(|_| Over::Unwanted)
    }
}
