//! How much of what a service writes is kept, told by the lines' own times: what
//! comes late and at once is no more than what came in time.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// How long a service may write more than its rate, as long as it writes less
/// around that, in seconds.
const WINDOW: i64 = 10;
/// Windows that are remembered: lines of several tasks come out of order.
const WINDOWS: usize = 360;

/// Counts a service's lines.
#[derive(Debug)]
pub(super) struct Rate {
    most: u32,
    counts: BTreeMap<i64, u32>,
}

impl Rate {
    /// At most `lines` a second.
    pub(super) fn new(lines: u32) -> Self {
        let most = lines.saturating_mul(u32::try_from(WINDOW).unwrap_or(1));
        Self { most, counts: BTreeMap::new() }
    }

    /// Whether a line of this time is kept.
    pub(super) fn admits(&mut self, at: DateTime<Utc>) -> bool {
        let count = self.counts.entry(at.timestamp().div_euclid(WINDOW)).or_default();
        *count = count.saturating_add(1);
        let admitted = *count <= self.most;
        while self.counts.len() > WINDOWS {
            self.counts.pop_first();
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
    }

    fn kept(rate: &mut Rate, second: i64, lines: usize) -> usize {
        (0..lines).filter(|_| rate.admits(at(second))).count()
    }

    #[test]
    fn a_burst_is_kept_and_what_goes_on_is_cut_to_the_rate() {
        let mut rate = Rate::new(10);
        assert_eq!(kept(&mut rate, 0, 80), 80);
        assert_eq!(kept(&mut rate, 9, 80), 20);
        assert_eq!(kept(&mut rate, 10, 200), 100);
    }

    #[test]
    fn what_comes_late_counts_for_the_time_it_was_written_in() {
        let mut rate = Rate::new(10);
        let all: usize = (0..600).map(|second| kept(&mut rate, second, 10)).sum();
        assert_eq!(all, 6000);
        // Another task's lines of the same hour, after the first's.
        assert_eq!(kept(&mut rate, 100, 1), 0);
        assert_eq!(kept(&mut rate, 6000, 1), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let mut rate = Rate::new(1);
        for second in 0..100_000 {
            rate.admits(at(second * 10));
        }
        assert!(rate.counts.len() <= WINDOWS);
    }
}
