//! How long to wait before trying again.

use std::time::Duration;

/// Full-jitter exponential backoff: a random wait between zero and a bound that
/// doubles with each failure.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The bound after the first failure.
    pub first: Duration,
    /// The bound that doubling stops at.
    pub most: Duration,
}

impl Backoff {
    /// The bound after `failures` failures in a row.
    #[must_use]
    pub fn bound(self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.checked_mul(factor).map_or(self.most, |wait| wait.min(self.most))
    }

    /// The wait itself, given `jitter` drawn evenly from 0 to 1.
    ///
    /// It is never under a tenth of the bound, so that a streak of small draws
    /// does not become a busy loop.
    #[must_use]
    pub fn wait(self, failures: u32, jitter: f64) -> Duration {
        self.bound(failures).mul_f64(jitter.clamp(0.1, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Backoff =
        Backoff { first: Duration::from_secs(1), most: Duration::from_secs(300) };

    #[test]
    fn the_bound_doubles_until_it_stops() {
        let bounds: Vec<u64> = (1..=12).map(|n| RETRY.bound(n).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert_eq!(RETRY.bound(u32::MAX), RETRY.most);
    }

    #[test]
    fn the_wait_is_a_share_of_the_bound_and_never_under_a_tenth() {
        for (jitter, wait) in [(0.5, 2_000), (1.0, 4_000), (0.0, 400), (7.0, 4_000)] {
            assert_eq!(RETRY.wait(3, jitter), Duration::from_millis(wait), "{jitter}");
        }
    }
}
