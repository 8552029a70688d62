//! The time that a step waits for its turn among others': it is not the step's own,
//! so it is given to it on top of what it may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How long a step has waited; clones tell the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Waited(Arc<AtomicU64>);

impl Waited {
    /// It has waited so much more.
    pub(super) fn add(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Waits until `allowed`, and what it has waited by then, has gone by.
    pub(super) async fn and(self, allowed: Duration) {
        let began = Instant::now();
        loop {
            let end = began + allowed + Duration::from_millis(self.0.load(Ordering::SeqCst));
            if Instant::now() >= end {
                return;
            }
            sleep_until(end).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_a_step_waited_for_others_is_given_to_it() {
        let (waited, began) = (Waited::default(), Instant::now());
        let second = Duration::from_secs(1);
        let over = async {
            waited.clone().and(10 * second).await;
            began.elapsed()
        };
        let meanwhile = async {
            for _ in 0..3 {
                sleep(2 * second).await;
                waited.add(2 * second);
            }
        };
        let (took, ()) = tokio::join!(over, meanwhile);
        assert!((16 * second..17 * second).contains(&took), "{took:?}");
    }
}
