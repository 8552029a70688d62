//! Docker's stream of a log, taken apart into lines.
//!
//! A frame has eight bytes (which output, how long) and a payload, which is what
//! a container wrote at once: a line, or 16 KiB of a longer one. A service with a
//! terminal sends no frames; its lines are plain.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{LogLine, Output};

/// How much of a line is kept, in bytes.
const MAX_LINE: usize = 16 * 1024;
/// What stands before a line's text, at most, in bytes.
const MAX_HEAD: usize = 1024;
/// What stands where the rest of a line was.
const CUT: &str = "… (cut after 16 KiB)";
/// Lines whose end has not come, at most: of more, the rest is taken for others.
const MAX_OPEN: usize = 256;

/// Takes Docker's stream apart.
#[derive(Debug, Default)]
pub(super) struct Frames {
    pending: Vec<u8>,
    plain: bool,
    /// A terminal's line whose end has not come.
    begun: Vec<u8>,
    /// Lines whose end has not come, by task and output.
    open: BTreeMap<(Option<String>, u8), LogLine>,
}

impl Frames {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<LogLine> {
        self.pending.extend_from_slice(bytes);
        let mut lines = Vec::new();
        let mut taken = 0;
        while !self.plain {
            let rest = self.pending.get(taken..).unwrap_or_default();
            let Some((&[kind, a, b, c, l0, l1, l2, l3], rest)) = rest.split_first_chunk::<8>()
            else {
                // A terminal's text starts with a time stamp, and no frame does.
                self.plain = rest.first().is_some_and(|first| *first > 3);
                break;
            };
            if kind > 3 || [a, b, c] != [0, 0, 0] {
                self.plain = true;
                break;
            }
            let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
            let Some(payload) = rest.get(..length) else { break };
            let (output, ended) = (output(kind), payload.ends_with(b"\n"));
            let line = line(output, payload);
            taken += 8 + length;
            self.take(kind, line, ended, &mut lines);
        }
        self.pending.drain(..taken);
        if self.plain {
            let all = std::mem::take(&mut self.pending);
            self.take_plain(&all, &mut lines);
        }
        lines
    }

    /// A frame's line. The pieces of a long one bear the same time.
    fn take(&mut self, kind: u8, line: LogLine, ended: bool, lines: &mut Vec<LogLine>) {
        let key = (line.task.clone(), kind);
        if let Some(begun) = self.open.get_mut(&key) {
            if begun.at == line.at {
                append(&mut begun.text, &line.text);
                if ended {
                    lines.extend(self.open.remove(&key));
                }
                return;
            }
            lines.extend(self.open.remove(&key));
        }
        if ended || self.open.len() >= MAX_OPEN {
            lines.push(line);
        } else {
            self.open.insert(key, line);
        }
    }

    fn take_plain(&mut self, bytes: &[u8], lines: &mut Vec<LogLine>) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = (MAX_LINE + MAX_HEAD).saturating_sub(self.begun.len());
            self.begun.extend_from_slice(piece.get(..room).unwrap_or(piece));
            if piece.ends_with(b"\n") {
                lines.push(line(Output::Stdout, &std::mem::take(&mut self.begun)));
            }
        }
    }

    pub(super) fn finish(&mut self) -> Vec<LogLine> {
        let mut lines: Vec<LogLine> = std::mem::take(&mut self.open).into_values().collect();
        if !self.begun.is_empty() {
            lines.push(line(Output::Stdout, &std::mem::take(&mut self.begun)));
        }
        lines
    }
}

const fn output(kind: u8) -> Output {
    match kind {
        2 => Output::Stderr,
        3 => Output::Engine,
        _ => Output::Stdout,
    }
}

/// `text` with `more` behind it, as far as a line goes.
fn append(text: &mut String, more: &str) {
    if !text.ends_with(CUT) {
        text.push_str(more);
        cut(text);
    }
}

/// Cuts a line that is too long, and says so, once.
fn cut(text: &mut String) {
    if text.len() <= MAX_LINE || text.ends_with(CUT) {
        return;
    }
    let mut end = MAX_LINE;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push_str(CUT);
}

/// `<time> <key=value,…> <text>`
fn line(output: Output, bytes: &[u8]) -> LogLine {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\n', '\r']);
    let stamped = text
        .split_once(' ')
        .and_then(|(stamp, rest)| Some((stamp.parse::<DateTime<Utc>>().ok()?, rest)));
    let (at, details, text) = match stamped {
        None => (None, "", text),
        Some((at, rest)) => match rest.split_once(' ') {
            Some((details, text)) if details.contains("com.docker.swarm.") => {
                (Some(at), details, text)
            }
            None if rest.contains("com.docker.swarm.") => (Some(at), rest, ""),
            Some(_) | None => (Some(at), "", rest),
        },
    };
    let detail = |name: &str| {
        let mut details = details.split(',');
        details.find_map(|detail| detail.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    let mut text = text.to_owned();
    cut(&mut text);
    let (task, node) = (detail("com.docker.swarm.task.id"), detail("com.docker.swarm.node.id"));
    LogLine { output, at, task, node, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, text: impl AsRef<[u8]>) -> Vec<u8> {
        let text = text.as_ref();
        let mut bytes = vec![kind, 0, 0, 0];
        bytes.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        bytes.extend(text);
        bytes
    }

    const STAMP: &str = "2026-11-21T05:41:58.783787061Z";
    const DETAILS: &str = "com.docker.swarm.node.id=n,com.docker.swarm.task.id=t1";

    #[test]
    fn two_outputs_in_one_stream_are_taken_apart_wherever_it_is_cut() {
        let mut bytes = frame(1, format!("{STAMP} {DETAILS} hello a\n"));
        bytes.extend(frame(2, format!("{STAMP} {DETAILS} oh\n")));
        bytes.extend(frame(3, "Error grabbing logs: no\n"));
        bytes.extend(frame(1, format!("{STAMP} {DETAILS} no end")));
        for cut in 0..bytes.len() {
            let mut frames = Frames::default();
            let (one, two) = bytes.split_at(cut);
            let mut lines = frames.push(one);
            lines.extend(frames.push(two));
            lines.extend(frames.finish());
            let seen: Vec<_> = lines.iter().map(|line| (line.output, line.text.as_str())).collect();
            assert_eq!(
                seen,
                [
                    (Output::Stdout, "hello a"),
                    (Output::Stderr, "oh"),
                    (Output::Engine, "Error grabbing logs: no"),
                    (Output::Stdout, "no end")
                ],
                "cut at {cut}"
            );
            for line in lines.iter().filter(|line| line.output != Output::Engine) {
                assert_eq!(line.task.as_deref(), Some("t1"));
                assert_eq!(line.node.as_deref(), Some("n"));
                assert_eq!(line.at.unwrap().timestamp_subsec_nanos(), 783_787_061);
            }
        }
    }

    #[test]
    fn a_terminal_writes_plain_lines() {
        let mut frames = Frames::default();
        let lines = frames.push(format!("{STAMP} one\r\n{STAMP} two\r\n").as_bytes());
        assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["one", "two"]);
        let long = format!("{STAMP} {}\r\n", "x".repeat(100_000));
        let lines = frames.push(long.as_bytes());
        assert_eq!(lines.len(), 1);
        assert!(lines[0].text.ends_with(CUT) && lines[0].text.len() < MAX_LINE + MAX_HEAD);
    }

    #[test]
    fn a_long_line_comes_in_pieces_between_those_of_others_and_is_cut() {
        let mut frames = Frames::default();
        let piece = "é".repeat(8 * 1024);
        let others = DETAILS.replace("t1", "t2");
        let mut bytes = Vec::new();
        for _ in 0..3 {
            bytes.extend(frame(1, format!("{STAMP} {DETAILS} {piece}")));
            bytes.extend(frame(1, format!("{STAMP} {others} between\n")));
        }
        bytes.extend(frame(1, format!("{STAMP} {DETAILS} end\n")));
        bytes.extend(frame(1, format!("{STAMP} {DETAILS} next\n")));
        let lines = frames.push(&bytes);
        let told: Vec<_> = lines.iter().map(|line| line.task.clone().unwrap()).collect();
        assert_eq!(told, ["t2", "t2", "t2", "t1", "t1"]);
        assert_eq!(lines[3].text, format!("{piece}{CUT}"));
        assert_eq!(lines[4].text, "next");
    }

    #[test]
    fn a_line_of_exactly_the_limit_is_whole() {
        let mut frames = Frames::default();
        let full = "x".repeat(MAX_LINE);
        let mut bytes = frame(1, format!("{STAMP} {DETAILS} {full}"));
        bytes.extend(frame(1, format!("{STAMP} {DETAILS} \n")));
        let lines = frames.push(&bytes);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].text, full);
    }

    #[test]
    fn what_is_no_text_is_shown_as_far_as_it_is() {
        let mut frames = Frames::default();
        let mut payload = format!("{STAMP} {DETAILS} a").into_bytes();
        payload.extend([0xff, 0, b'b', b'\n']);
        let lines = frames.push(&frame(1, payload));
        assert_eq!(lines[0].text, "a\u{fffd}\0b");
    }
}
