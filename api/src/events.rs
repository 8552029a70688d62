//! The stream of changes: what browsers follow instead of asking again.
//!
//! One task reads the database for all of them and fans out through a channel.
//! A browser that comes back with `Last-Event-ID` is brought up to date from
//! the database first; where that is too much, or forgotten, it is told to
//! `reset`: to read everything anew.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use berth_domain::ids::StackId;
use berth_store::Pool;
use berth_store::changes::{self, Change, Position};
use berth_store::notify::{Hint, Listener};
use futures_util::Stream;
use futures_util::stream;
use http::{HeaderMap, HeaderName};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OnceCell, broadcast};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::warn;

use crate::auth::{Credential, Viewer};
use crate::problem::Result;
use crate::state::ApiState;
use crate::types;

/// A sign of life when nothing else is said: proxies cut silent streams off.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// How often a stream asks whether who follows it may still do so.
pub(crate) const CHECK: Duration = Duration::from_secs(10);

/// How many changes a browser may lag behind before it must read anew.
const LAG: usize = 1024;

/// How many changes a browser that comes back is told of one by one.
const BACKLOG: i64 = 1000;

/// How many changes are read at once.
const BATCH: i64 = 500;

/// How long to wait for older transactions to end, for which no hint comes.
const SETTLE: Duration = Duration::from_millis(25);

/// How often to look without a hint: one may be lost.
pub(crate) const LOOK: Duration = Duration::from_secs(5);

/// How long to leave the database alone after it failed.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Where all streams of this process get their changes from.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    sender: broadcast::Sender<Arc<Change>>,
    /// Which stack's output was stored; none where it may be any's.
    output: broadcast::Sender<Option<StackId>>,
    /// Where reading began: no stream may begin before.
    begun: Arc<OnceCell<Position>>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::Sender::new(LAG),
            output: broadcast::Sender::new(LAG),
            begun: Arc::default(),
        }
    }

    /// Hears which stack's output was stored from now on.
    pub(crate) fn output(&self) -> broadcast::Receiver<Option<StackId>> {
        self.output.subscribe()
    }

    async fn begun(&self, pool: &Pool) -> berth_store::Result<Position> {
        self.begun.get_or_try_init(|| changes::head(pool)).await.copied()
    }
}

/// Reads changes and hands them out, for ever.
pub(crate) async fn follow(pool: Pool, hub: Hub) {
    let mut position = None;
    loop {
        match follow_once(&pool, &hub, &mut position).await {
            Ok(never) => match never {},
            Err(err) => {
                warn!("the stream of changes stands still: {}", berth_domain::chain(&err));
                sleep(PAUSE).await;
            }
        }
    }
}

async fn follow_once(
    pool: &Pool,
    hub: &Hub,
    position: &mut Option<Position>,
) -> berth_store::Result<Infallible> {
    // Listening comes before reading, so that nothing falls in between.
    let mut hints = Listener::connect_for_browsers(pool).await?;
    let mut at = match *position {
        Some(position) => position,
        None => hub.begun(pool).await?,
    };
    loop {
        let batch = changes::after(pool, at, BATCH).await?;
        let settling = batch.more && batch.changes.is_empty();
        for change in batch.changes {
            at = change.position;
            // Nobody follows: that is no fault.
            let _nobody = hub.sender.send(Arc::new(change));
        }
        *position = Some(at);
        if settling {
            sleep(SETTLE).await;
        } else if !batch.more {
            let _in_time = timeout(LOOK, news(&mut hints, hub)).await;
        }
    }
}

/// Waits for a change, passing on whose output was stored meanwhile.
async fn news(hints: &mut Listener, hub: &Hub) {
    loop {
        // Nobody follows: that is no fault.
        match hints.next().await {
            Hint::Output(stack) => drop(hub.output.send(Some(stack))),
            Hint::Anything => {
                drop(hub.output.send(None));
                return;
            }
            Hint::Change => return,
            Hint::Inbox | Hint::Stack(_) | Hint::Outbox => {}
        }
    }
}

/// Follow what changes
///
/// Server-sent events: `change` with a [`Change`](types::Change) as data, and
/// `reset` where the stream can't be resumed from `last-event-id`: then
/// everything must be read again. A comment comes every 15 seconds. The stream
/// ends when the session does.
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    tag = "status",
    params(("last-event-id" = Option<String>, Header, description = "Where to go on")),
    responses((status = 200, description = "The events", body = String, content_type = "text/event-stream")),
)]
pub(crate) async fn stream_changes(
    State(state): State<ApiState>,
    Viewer(who): Viewer,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    // Subscribing comes before reading, so that nothing falls in between.
    let news = state.hub.sender.subscribe();
    state.hub.begun(&state.pool).await?;
    let head = changes::head(&state.pool).await?;
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let (sent, missed) = match last {
        None => (head, Missed::Nothing),
        Some(id) => match id.parse() {
            Ok(position) => missed(&state, position, head).await?,
            Err(_) => (head, Missed::TooMuch),
        },
    };
    let mut waiting = VecDeque::new();
    match missed {
        // Tells the browser where to go on from, before anything changes.
        Missed::Nothing => waiting.push_back(Event::default().id(sent.to_string())),
        Missed::These(changes) => waiting.extend(changes.iter().filter_map(event)),
        Missed::TooMuch => waiting.push_back(reset(sent)),
    }
    let follower = Follower {
        check_at: Instant::now() + CHECK,
        credential: who.credential,
        state,
        news,
        sent,
        waiting,
    };
    let events = stream::unfold(follower, async |mut follower| {
        let event = follower.next().await?;
        Some((Ok(event), follower))
    });
    Ok(Sse::new(Box::pin(events)).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

/// What a browser that was away was not told.
enum Missed {
    Nothing,
    These(Vec<Change>),
    TooMuch,
}

/// What was missed since `position`, and where the browser stands once told.
async fn missed(
    state: &ApiState,
    position: Position,
    head: Position,
) -> Result<(Position, Missed)> {
    if position == head {
        return Ok((head, Missed::Nothing));
    }
    if !changes::is_kept(&state.pool, position).await? {
        return Ok((head, Missed::TooMuch));
    }
    let batch = changes::after(&state.pool, position, BACKLOG).await?;
    let told = batch.changes.last().map_or(position, |change| change.position);
    // What is still missing is either in the channel, or too much.
    if told < head {
        return Ok((head, Missed::TooMuch));
    }
    Ok((told, Missed::These(batch.changes)))
}

/// One browser's stream.
struct Follower {
    state: ApiState,
    credential: Credential,
    news: broadcast::Receiver<Arc<Change>>,
    /// The last change that it was told of.
    sent: Position,
    waiting: VecDeque<Event>,
    check_at: Instant,
}

impl Follower {
    /// The next event; [`None`] ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            tokio::select! {
                biased;
                () = self.state.shutdown.cancelled() => return None,
                () = sleep_until(self.check_at) => {
                    // Where the database does not answer, the browser comes
                    // back by itself.
                    let account = self.credential.account(&self.state).await;
                    if !matches!(account, Ok(Some(_))) {
                        return None;
                    }
                    self.check_at = Instant::now() + CHECK;
                }
                news = self.news.recv() => match news {
                    Ok(change) if change.position > self.sent => {
                        self.sent = change.position;
                        // Who was removed hears nothing more.
                        if change.topic == types::Topic::Member.as_str() {
                            self.check_at = Instant::now();
                        }
                        self.waiting.extend(event(&change));
                    }
                    Ok(_told_already) => {}
                    Err(RecvError::Lagged(_)) => self.waiting.push_back(reset(self.sent)),
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }
}

/// A change as an event; [`None`] for topics that only a newer Berth knows.
fn event(change: &Change) -> Option<Event> {
    let data = types::Change {
        topic: types::Topic::from_word(&change.topic)?,
        id: change.subject.clone(),
        stack: change.stack.clone(),
    };
    let event = Event::default().id(change.position.to_string()).event("change");
    event.json_data(data).ok()
}

fn reset(position: Position) -> Event {
    Event::default().id(position.to_string()).event("reset").data("{}")
}
