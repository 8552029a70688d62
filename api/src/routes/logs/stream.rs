//! Output as it is stored, for browsers to follow.
//!
//! A hint wakes each stream, which reads what is behind the last line that it
//! sent: the order of numbers is the order in which they become visible.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::extract::{RawQuery, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use berth_domain::ids::StackId;
use berth_store::logs::{self, Filter};
use futures_util::{Stream, stream};
use http::HeaderMap;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Duration, Instant, sleep, sleep_until, timeout};
use tracing::warn;

use super::query::read;
use super::{lately, shape};
use crate::auth::{Credential, Viewer};
use crate::events::{CHECK, HEARTBEAT, LAST_EVENT_ID, LOOK};
use crate::extract::Path;
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::{ContainerLine, ContainerLogQuery, LogTrouble};

/// How many lines an event has at most.
const AT_ONCE: i64 = 2000;

/// How long lines gather before they are read: a hint comes with each batch.
const GATHER: Duration = Duration::from_millis(50);

/// How long to leave the database alone after it failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Follow what containers write
///
/// Server-sent events: `lines` with an array of at most 2,000 `ContainerLine`s, its
/// id that of the last one; `troubles` with an array of all `LogTrouble`s of now, at
/// once and whenever they change. Without `after` and `last-event-id`, only what is
/// written from now on comes. A comment comes every 15 seconds. The stream ends when
/// the session does.
#[utoipa::path(
    get,
    path = "/api/v1/stacks/{name}/logs/stream",
    tag = "logs",
    params(
        ("name" = String, Path, description = "The stack's name"),
        ContainerLogQuery,
        ("after" = Option<String>, Query, description = "The id of the line to go on behind"),
        ("last-event-id" = Option<String>, Header, description = "The same, as browsers say it"),
    ),
    responses((status = 200, description = "The events", body = String, content_type = "text/event-stream")),
)]
pub(crate) async fn stream_logs(
    State(state): State<ApiState>,
    Viewer(who): Viewer,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let (filter, after) = read(query.as_deref().unwrap_or_default()).with_after()?;
    let stack = logs::stack_named(&state.pool, &name).await?;
    // Subscribing comes before reading, so that nothing falls in between.
    let news = state.hub.output();
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()?.parse().ok());
    let sent = match last.or(after) {
        Some(id) => id,
        None => logs::head(&state.pool, stack).await?,
    };
    let troubles = lately(&state, stack).await?;
    let first = Event::default().id(sent.to_string()).event("troubles").json_data(&troubles);
    let follower = Follower {
        check_at: Instant::now() + CHECK,
        credential: who.credential,
        state,
        stack,
        filter,
        news,
        sent,
        troubles,
        behind: true,
        waiting: first.ok().into_iter().collect(),
    };
    let events = stream::unfold(follower, async |mut follower| {
        let event = follower.next().await?;
        Some((Ok(event), follower))
    });
    Ok(Sse::new(Box::pin(events)).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

/// One browser's stream.
struct Follower {
    state: ApiState,
    credential: Credential,
    stack: StackId,
    filter: Filter,
    news: Receiver<Option<StackId>>,
    /// The last line that it was told of.
    sent: i64,
    /// What it was told is missing.
    troubles: Vec<LogTrouble>,
    /// Whether there may be lines behind the last one.
    behind: bool,
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
            if Instant::now() >= self.check_at {
                // Where the database does not answer, the browser comes back by
                // itself.
                let account = self.credential.account(&self.state).await;
                if !matches!(account, Ok(Some(_))) {
                    return None;
                }
                self.check_at = Instant::now() + CHECK;
            }
            if self.behind {
                tokio::select! {
                    biased;
                    () = self.state.shutdown.clone().cancelled_owned() => return None,
                    read = self.read() => if let Err(problem) = read {
                        warn!("output can't be told: {}", problem.cause().unwrap_or("?"));
                        sleep(PAUSE).await;
                    },
                }
                continue;
            }
            tokio::select! {
                biased;
                () = self.state.shutdown.cancelled() => return None,
                () = sleep_until(self.check_at) => {}
                // A hint may be lost: it is looked now and then without one.
                heard = timeout(LOOK, hear(&mut self.news, self.stack)) => {
                    if matches!(heard, Ok(false)) {
                        return None;
                    }
                    sleep(GATHER).await;
                    self.behind = true;
                }
            }
        }
    }

    /// Reads what is behind the last line, and what is missing.
    async fn read(&mut self) -> Result<()> {
        let pool = &self.state.pool;
        // What is filtered out is behind us as well, once it was looked through.
        let head = logs::head(pool, self.stack).await?;
        let lines = logs::after(pool, self.stack, &self.filter, self.sent, AT_ONCE).await?;
        let full = lines.len() >= usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
        let last = lines.last().map(|line| line.id);
        let lines: Vec<ContainerLine> = lines.into_iter().map(shape).collect();
        let troubles = lately(&self.state, self.stack).await?;
        self.sent = match last {
            Some(last) if full => last,
            last => self.sent.max(last.unwrap_or_default()).max(head),
        };
        self.behind = full;
        if let Some(last) = last
            && let Ok(event) = Event::default().id(last.to_string()).event("lines").json_data(lines)
        {
            self.waiting.push_back(event);
        }
        if troubles != self.troubles {
            self.waiting.extend(Event::default().event("troubles").json_data(&troubles).ok());
            self.troubles = troubles;
        }
        Ok(())
    }
}

/// Waits for output of `stack`; false where nothing will be heard any more.
async fn hear(news: &mut Receiver<Option<StackId>>, stack: StackId) -> bool {
    loop {
        match news.recv().await {
            Ok(Some(other)) if other != stack => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return true,
            Err(RecvError::Closed) => return false,
        }
    }
}
