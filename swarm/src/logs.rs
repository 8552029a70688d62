//! What tasks write, taken apart: Docker sends both outputs in one stream.

mod feed;
mod frames;

use std::collections::VecDeque;
use std::time::Duration;

use berth_domain::cluster::ClusterError;
use chrono::{DateTime, Utc};

pub use self::feed::SwarmFeed;
pub(crate) use self::feed::{follow, sources};
use self::frames::Frames;
use crate::client::{Client, Request, Streaming, segment};
use crate::error::Failure;

/// Which of a task's two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Neither: the engine says itself what it could not get.
    Engine,
}

/// One line that a task wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Where to.
    pub output: Output,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// The task, as far as Docker says.
    pub task: Option<String>,
    /// The node that it ran on, as far as Docker says.
    pub node: Option<String>,
    /// What, without the line's end; cut where it is longer than 16 KiB.
    pub text: String,
}

/// Which lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Only so many of the last; [`None`] for all.
    pub tail: Option<u32>,
    /// Go on as more is written.
    pub follow: bool,
    /// Only from then on.
    pub since: Option<DateTime<Utc>>,
}

/// How long reading a log that is not followed may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Lines as they come.
#[derive(Debug)]
pub struct LogStream {
    body: Streaming,
    frames: Frames,
    ready: VecDeque<LogLine>,
    ended: bool,
}

impl LogStream {
    /// The next line; [`None`] at the end. Can be cancelled without loss.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub async fn next(&mut self) -> Result<Option<LogLine>, ClusterError> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Ok(Some(line));
            }
            if self.ended {
                return Ok(None);
            }
            match self.body.next().await {
                Ok(Some(bytes)) => self.ready.extend(self.frames.push(&bytes)),
                Ok(None) => {
                    self.ended = true;
                    self.ready.extend(self.frames.finish());
                }
                Err(error) => return Err(error.about("reading a log")),
            }
        }
    }
}

pub(crate) async fn stream(
    client: &Client,
    kind: &str,
    id: &str,
    options: &LogOptions,
) -> Result<LogStream, ClusterError> {
    let LogOptions { tail, follow, since } = options;
    let mut request = Request::get(format!("/{kind}/{}/logs", segment(id)))
        .query("stdout", "true")
        .query("stderr", "true")
        .query("timestamps", "true")
        .query("details", "true")
        .query("follow", follow.to_string());
    if let Some(tail) = tail {
        request = request.query("tail", tail.to_string());
    }
    if let Some(since) = since {
        let nanos = since.timestamp_subsec_nanos();
        request = request.query("since", format!("{}.{nanos:09}", since.timestamp()));
    }
    let body =
        client.stream(request).await.map_err(|error| error.about(format!("the log of {id}")))?;
    Ok(LogStream { body, frames: Frames::default(), ready: VecDeque::new(), ended: false })
}

/// All lines of a log that is not followed, oldest first.
pub(crate) async fn lines(
    client: &Client,
    kind: &str,
    id: &str,
    options: &LogOptions,
) -> Result<Vec<String>, ClusterError> {
    let mut stream = stream(client, kind, id, options).await?;
    let mut lines = Vec::new();
    let read = async {
        while let Some(line) = stream.next().await? {
            lines.push(line);
        }
        Ok(())
    };
    match tokio::time::timeout(PATIENCE, read).await {
        Ok(result) => result?,
        // A node that is lost never ends its part: what came is what there is.
        Err(_) if !lines.is_empty() => {}
        Err(_) => return Err(Failure::Timeout(PATIENCE).about(format!("the log of {id}"))),
    }
    // The two outputs come one after the other.
    lines.sort_by_key(|line| line.at);
    let written = lines.into_iter().filter(|line| line.output != Output::Engine);
    Ok(written.map(|line| line.text).collect())
}
