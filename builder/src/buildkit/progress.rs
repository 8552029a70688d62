//! BuildKit's status messages as lines a person reads.
//!
//! BuildKit runs steps at once, so each line begins with its step's number, as
//! `docker build --progress=plain` prints them.

use std::collections::{BTreeMap, VecDeque};

use berth_domain::build::{BuildError, BuildLog};
use bollard::moby::buildkit::v1::{StatusResponse, Vertex};

/// The last lines of a step that failed go into the deployment's reason.
const TAIL: usize = 20;

/// A line that is longer is cut, in characters.
const LINE_MAX: usize = 2_000;

/// A build that prints more is not read to its end.
const LINES_MAX: usize = 20_000;

/// What is known of one step.
#[derive(Debug, Default)]
struct Step {
    number: usize,
    name: String,
    /// What was printed since the last newline.
    open: String,
    tail: VecDeque<String>,
    /// Whether its end was told.
    over: bool,
}

/// Tells a build's log, and remembers what a failure needs.
pub(super) struct Progress<'a> {
    service: &'a str,
    log: &'a dyn BuildLog,
    /// By BuildKit's digest.
    steps: BTreeMap<String, Step>,
    /// The digest of the step that failed, and BuildKit's words.
    failure: Option<(String, String)>,
    lines: usize,
}

impl<'a> Progress<'a> {
    pub(super) fn new(service: &'a str, log: &'a dyn BuildLog) -> Self {
        Self { service, log, steps: BTreeMap::new(), failure: None, lines: 0 }
    }

    /// Takes one message.
    pub(super) fn take(&mut self, status: &StatusResponse) {
        for vertex in &status.vertexes {
            self.vertex(vertex);
        }
        for log in &status.logs {
            self.output(&log.vertex, &String::from_utf8_lossy(&log.msg));
        }
        for warning in &status.warnings {
            let text = String::from_utf8_lossy(&warning.short).into_owned();
            self.say(&format!("warning: {text}"));
        }
    }

    /// A line that belongs to no step.
    pub(super) fn say(&mut self, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            self.line(&tidy(line));
        }
    }

    /// What the build came to: a failure if a step of it failed.
    pub(super) fn finish(mut self) -> Result<(), BuildError> {
        match self.failure.take() {
            Some((digest, words)) => {
                self.failure = Some((digest, words.clone()));
                Err(self.failed(&words))
            }
            None => Ok(()),
        }
    }

    /// The failure, with the last lines of the step that it happened in.
    pub(super) fn failed(&mut self, words: &str) -> BuildError {
        let failed = self.failure.as_ref().and_then(|(digest, _)| self.steps.get(digest));
        let message = match failed {
            Some(step) if !step.tail.is_empty() => {
                let tail: Vec<&str> = step.tail.iter().map(String::as_str).collect();
                format!("{}\n{}\n{}", step.name, tail.join("\n"), tidy(words.trim()))
            }
            Some(step) if !words.contains(&step.name) => {
                format!("{}\n{}", step.name, words.trim())
            }
            _ => words.trim().to_owned(),
        };
        self.line(&format!("ERROR {}", tidy(words.trim())));
        BuildError::Failed { service: self.service.to_owned(), message }
    }

    fn vertex(&mut self, vertex: &Vertex) {
        let number = self.steps.len() + 1;
        let known = self.steps.contains_key(&vertex.digest);
        let step = self.steps.entry(vertex.digest.clone()).or_default();
        if !known {
            step.number = number;
        }
        if step.name.is_empty() && (vertex.started.is_some() || vertex.cached) {
            step.name = tidy(&vertex.name);
            let line = format!("#{} {}", step.number, step.name);
            self.line(&line);
        }
        self.end(vertex);
    }

    fn end(&mut self, vertex: &Vertex) {
        let Some(step) = self.steps.get_mut(&vertex.digest) else { return };
        let ended = vertex.completed.is_some() || !vertex.error.is_empty();
        if !ended || step.over {
            return;
        }
        step.over = true;
        let number = step.number;
        let open = std::mem::take(&mut step.open);
        if !open.is_empty() {
            self.output(&vertex.digest, &format!("{open}\n"));
        }
        if vertex.error.is_empty() {
            let took = vertex.started.as_ref().zip(vertex.completed.as_ref()).map(|(from, to)| {
                let tenths = (to.seconds - from.seconds) * 10
                    + i64::from(to.nanos - from.nanos) / 100_000_000;
                format!("{}.{} s", tenths / 10, tenths % 10)
            });
            let word = if vertex.cached { "CACHED".to_owned() } else { "DONE".to_owned() };
            let line = match took.filter(|_| !vertex.cached) {
                Some(took) => format!("#{number} {word} {took}"),
                None => format!("#{number} {word}"),
            };
            self.line(&line);
        } else {
            self.line(&format!("#{number} ERROR {}", tidy(&vertex.error)));
            // A step that was stopped because another failed is not the cause.
            if self.failure.is_none() && !vertex.error.contains("context canceled") {
                self.failure = Some((vertex.digest.clone(), vertex.error.clone()));
            }
        }
    }

    fn output(&mut self, digest: &str, text: &str) {
        let Some(step) = self.steps.get_mut(digest) else { return self.say(text) };
        step.open.push_str(text);
        let whole = match step.open.rfind('\n') {
            Some(end) => {
                let rest = step.open.split_off(end + 1);
                std::mem::replace(&mut step.open, rest)
            }
            // A progress bar that never ends its line must not fill the memory.
            None if step.open.len() > 4 * LINE_MAX => std::mem::take(&mut step.open),
            None => return,
        };
        let number = step.number;
        let lines: Vec<String> = whole.lines().map(tidy).filter(|line| !line.is_empty()).collect();
        for line in &lines {
            step.tail.push_back(line.clone());
            if step.tail.len() > TAIL {
                step.tail.pop_front();
            }
        }
        for line in lines {
            self.line(&format!("#{number} {line}"));
        }
    }

    fn line(&mut self, line: &str) {
        self.lines += 1;
        if self.lines < LINES_MAX {
            self.log.line(self.service, line);
        } else if self.lines == LINES_MAX {
            self.log.line(self.service, "… what follows is left out: the build prints too much");
        }
    }
}

/// One line as it looked at its end: without colours, and with what a carriage
/// return wrote over gone.
fn tidy(line: &str) -> String {
    let line = line.trim_end_matches(['\r', '\n']);
    let shown = line.rsplit('\r').next().unwrap_or_default();
    let mut plain = String::with_capacity(shown.len());
    let mut rest = shown.chars();
    while let Some(c) = rest.next() {
        match c {
            // A control sequence ends with its first letter.
            '\u{1b}' => drop(rest.by_ref().find(char::is_ascii_alphabetic)),
            '\t' => plain.push_str("    "),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    if plain.chars().count() > LINE_MAX {
        plain = plain.chars().take(LINE_MAX).chain(['…']).collect();
    }
    plain.trim_end().to_owned()
}

#[cfg(test)]
mod tests;
