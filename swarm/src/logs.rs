//! What tasks write, taken apart: Docker sends both outputs in one stream.

use std::collections::VecDeque;
use std::time::Duration;

use berth_domain::cluster::ClusterError;
use chrono::{DateTime, Utc};

use crate::client::{Client, Request, Streaming, segment};
use crate::error::Failure;

/// Which of a task's two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
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
    /// What, without the line's end.
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

/// The longest line that is kept in one piece, in bytes.
const MAX_LINE: usize = 256 * 1024;
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
        request = request.query("since", since.timestamp().to_string());
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
    Ok(lines.into_iter().map(|line| line.text).collect())
}

/// Takes Docker's stream apart: frames of eight bytes (which output, how long)
/// and a payload. A service with a terminal sends none; its lines are plain.
#[derive(Debug, Default)]
struct Frames {
    pending: Vec<u8>,
    plain: bool,
    partial: [Vec<u8>; 2],
}

impl Frames {
    fn push(&mut self, bytes: &[u8]) -> Vec<LogLine> {
        self.pending.extend_from_slice(bytes);
        let mut lines = Vec::new();
        while !self.plain {
            let Some((&[kind, a, b, c, l0, l1, l2, l3], rest)) =
                self.pending.split_first_chunk::<8>()
            else {
                // A terminal's text starts with a time stamp, and no frame does.
                self.plain = self.pending.first().is_some_and(|first| *first > 2);
                break;
            };
            if kind > 2 || [a, b, c] != [0, 0, 0] {
                self.plain = true;
                break;
            }
            let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
            let Some(payload) = rest.get(..length) else { break };
            let output = if kind == 2 { Output::Stderr } else { Output::Stdout };
            let payload = payload.to_vec();
            self.pending.drain(..8 + length);
            self.feed(output, &payload, &mut lines);
        }
        if self.plain {
            let all = std::mem::take(&mut self.pending);
            self.feed(Output::Stdout, &all, &mut lines);
        }
        lines
    }

    fn feed(&mut self, output: Output, bytes: &[u8], lines: &mut Vec<LogLine>) {
        let partial = match output {
            Output::Stdout => &mut self.partial[0],
            Output::Stderr => &mut self.partial[1],
        };
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || partial.len() > MAX_LINE {
                lines.push(line(output, &std::mem::take(partial)));
            }
        }
    }

    fn finish(&mut self) -> Vec<LogLine> {
        let [out, err] = std::mem::take(&mut self.partial);
        [(Output::Stdout, out), (Output::Stderr, err)]
            .into_iter()
            .filter(|(_, rest)| !rest.is_empty())
            .map(|(output, rest)| line(output, &rest))
            .collect()
    }
}

/// `<time> <key=value,…> <text>`
fn line(output: Output, bytes: &[u8]) -> LogLine {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\n', '\r']);
    let stamped = text
        .split_once(' ')
        .and_then(|(stamp, rest)| Some((stamp.parse::<DateTime<Utc>>().ok()?, rest)));
    let Some((at, rest)) = stamped else {
        return LogLine { output, at: None, task: None, text: text.to_owned() };
    };
    let (details, text) = match rest.split_once(' ') {
        Some((details, text)) if details.contains("com.docker.swarm.") => (details, text),
        None if rest.contains("com.docker.swarm.") => (rest, ""),
        Some(_) | None => ("", rest),
    };
    let task = details
        .split(',')
        .find_map(|detail| detail.strip_prefix("com.docker.swarm.task.id="))
        .map(str::to_owned);
    LogLine { output, at: Some(at), task, text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, text: &str) -> Vec<u8> {
        let mut bytes = vec![kind, 0, 0, 0];
        bytes.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        bytes.extend(text.as_bytes());
        bytes
    }

    const STAMP: &str = "2026-11-21T05:41:58.783787061Z";

    #[test]
    fn two_outputs_in_one_stream_are_taken_apart_wherever_it_is_cut() {
        let details = "com.docker.swarm.node.id=n,com.docker.swarm.task.id=t1";
        let mut bytes = frame(1, &format!("{STAMP} {details} hello a\n"));
        bytes.extend(frame(2, &format!("{STAMP} {details} oh\n")));
        bytes.extend(frame(1, &format!("{STAMP} {details} no end")));
        for cut in 0..bytes.len() {
            let mut frames = Frames::default();
            let (one, two) = bytes.split_at(cut);
            let mut lines = frames.push(one);
            lines.extend(frames.push(two));
            lines.extend(frames.finish());
            let seen: Vec<_> = lines.iter().map(|line| (line.output, line.text.as_str())).collect();
            assert_eq!(
                seen,
                [(Output::Stdout, "hello a"), (Output::Stderr, "oh"), (Output::Stdout, "no end")],
                "cut at {cut}"
            );
            assert!(lines.iter().all(|line| line.task.as_deref() == Some("t1")));
        }
    }

    #[test]
    fn a_terminal_writes_plain_lines() {
        let mut frames = Frames::default();
        let lines = frames.push(format!("{STAMP} one\r\n{STAMP} two\r\n").as_bytes());
        assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    }
}
