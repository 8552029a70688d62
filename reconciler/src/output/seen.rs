//! Which lines of a stream may be stored already.
//!
//! A stream begins a little before where the last one ended, and a node that comes
//! back gives again all that it gave to this stream. A task's lines are in order on
//! each of its outputs, so one that is older than its predecessor was either given
//! again, or stamped by a clock that was set back: a little is looked up, the rest
//! is no news.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

/// How far clocks are apart, or are set back, at most.
pub(super) const MARGIN: TimeDelta = TimeDelta::seconds(60);
/// Outputs that are remembered. A forgotten one's lines are looked up again.
const OUTPUTS: usize = 2000;

/// What is known of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It is new.
    New,
    /// It may be stored.
    Maybe,
    /// It came before.
    Before,
}

/// What came of one stream.
#[derive(Debug)]
pub(super) struct Seen {
    /// Lines until then may be stored by who followed before.
    maybe_until: DateTime<Utc>,
    /// The newest line of each task's outputs.
    last: BTreeMap<(String, bool), DateTime<Utc>>,
}

impl Seen {
    /// A stream that begins at `now`, where lines until `newest` are stored.
    pub(super) fn new(now: DateTime<Utc>, newest: Option<DateTime<Utc>>) -> Self {
        let maybe_until = newest.map_or(now, |newest| newest.max(now)) + MARGIN;
        Self { maybe_until, last: BTreeMap::new() }
    }

    /// What is known of a line of this task and output, of this time.
    pub(super) fn look(&mut self, task: &str, stderr: bool, at: DateTime<Utc>) -> Known {
        let output = (task.to_owned(), stderr);
        let last = self.last.get(&output).copied();
        match last {
            Some(last) if at < last - MARGIN => return Known::Before,
            Some(last) if at <= last => return Known::Maybe,
            Some(_) => {}
            None if self.last.len() >= OUTPUTS => {
                // The task that was silent for longest.
                let oldest = self.last.iter().min_by_key(|(_, at)| **at);
                if let Some(oldest) = oldest.map(|(output, _)| output.clone()) {
                    self.maybe_until = self.maybe_until.max(at);
                    self.last.remove(&oldest);
                }
            }
            None => {}
        }
        self.last.insert(output, at);
        if at <= self.maybe_until { Known::Maybe } else { Known::New }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
    }

    #[test]
    fn what_was_written_before_the_stream_began_may_be_stored() {
        let mut seen = Seen::new(at(0), None);
        assert_eq!(seen.look("t", false, at(-100)), Known::Maybe);
        assert_eq!(seen.look("t", false, at(60)), Known::Maybe);
        assert_eq!(seen.look("t", false, at(61)), Known::New);
        // A node's clock is ahead.
        let mut seen = Seen::new(at(0), Some(at(500)));
        assert_eq!(seen.look("t", false, at(560)), Known::Maybe);
        assert_eq!(seen.look("t", false, at(561)), Known::New);
    }

    #[test]
    fn what_a_node_gives_again_is_no_news() {
        let mut seen = Seen::new(at(0), None);
        for second in [100, 200, 300] {
            assert_eq!(seen.look("t", false, at(second)), Known::New);
        }
        for (second, known) in
            [(100, Known::Before), (200, Known::Before), (300, Known::Maybe), (301, Known::New)]
        {
            assert_eq!(seen.look("t", false, at(second)), known, "{second}");
        }
        // The other output, and another task, are in an order of their own.
        assert_eq!(seen.look("t", true, at(100)), Known::New);
        assert_eq!(seen.look("u", false, at(100)), Known::New);
    }

    #[test]
    fn a_clock_that_is_set_back_loses_no_line() {
        let mut seen = Seen::new(at(0), None);
        assert_eq!(seen.look("t", false, at(300)), Known::New);
        assert_eq!(seen.look("t", false, at(290)), Known::Maybe);
        assert_eq!(seen.look("t", false, at(291)), Known::Maybe);
    }

    #[test]
    fn memory_is_bounded_and_what_is_forgotten_is_looked_up() {
        let mut seen = Seen::new(at(0), None);
        for task in 0..3000 {
            seen.look(&task.to_string(), false, at(100 + task));
        }
        assert!(seen.last.len() <= OUTPUTS);
        assert_eq!(seen.look("0", false, at(100)), Known::Maybe);
    }
}
