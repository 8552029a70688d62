//! Whether this process leads, for whatever acts because it does. Who finds that out
//! is [`leader`](crate::leader).
//!
//! It is two things: a watch, for who wants to be told, and until when we may act
//! without having extended the lease. The second counts for who is about to act: a
//! process that was stopped for a while goes on in the middle of what it was at,
//! before its watch has heard of anything, and another may have led meanwhile.

use std::time::Duration;

use berth_store::leases::Fence;
use tokio::sync::watch;
use tokio::time::Instant;

/// Longer than anything goes on.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The side on which it is said.
#[derive(Debug)]
pub struct Lead {
    fence: watch::Sender<Option<Fence>>,
    until: watch::Sender<Instant>,
}

/// The side on which it is read.
#[derive(Debug, Clone)]
pub struct Leading {
    fence: watch::Receiver<Option<Fence>>,
    until: watch::Receiver<Instant>,
}

/// Both sides; nobody leads yet.
#[must_use]
pub fn leading() -> (Lead, Leading) {
    let (fence, its_fence) = watch::channel(None);
    let (until, its_until) = watch::channel(Instant::now());
    (Lead { fence, until }, Leading { fence: its_fence, until: its_until })
}

/// Both sides, where `fence` leads until something else is said: for who works
/// without [`leader`](crate::leader).
#[must_use]
pub fn always(fence: Fence) -> (Lead, Leading) {
    let (lead, leading) = leading();
    lead.say(Some((fence, Instant::now() + YEAR)));
    (lead, leading)
}

impl Lead {
    /// Says that we lead until then, or that we do not. True where whether we do has
    /// changed.
    pub fn say(&self, held: Option<(Fence, Instant)>) -> bool {
        // First: who is told that we lead may act at once.
        if let Some((_, until)) = held {
            self.until.send_replace(until);
        }
        let fence = held.map(|(fence, _)| fence);
        self.fence.send_if_modified(|before| {
            let changed = *before != fence;
            *before = fence;
            changed
        })
    }
}

impl Leading {
    /// What shows that we lead, while we may act.
    #[must_use]
    pub fn now(&self) -> Option<Fence> {
        let fence = *self.fence.borrow();
        fence.filter(|_| Instant::now() < *self.until.borrow())
    }

    /// Whether what is done under `fence` may still be done.
    #[must_use]
    pub fn holds(&self, fence: Fence) -> bool {
        self.now() == Some(fence)
    }

    /// Tells of each change, as far as it has been noticed.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Option<Fence>> {
        self.fence.clone()
    }

    /// Waits until `fence` is noticed to be no longer ours.
    pub async fn lost(&self, fence: Fence) {
        // An error means that whoever leads is gone, which is as good as no.
        let _ = self.watch().wait_for(|now| *now != Some(fence)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_has_not_extended_the_lease_in_time_may_not_act_though_nobody_noticed() {
        let (lead, leading) = leading();
        let fence = Fence { epoch: 7 };
        assert_eq!(leading.now(), None);
        let hour = Duration::from_secs(3600);
        assert!(lead.say(Some((fence, Instant::now() + hour))));
        assert!(leading.holds(fence));
        assert!(!leading.holds(Fence { epoch: 6 }));

        tokio::time::advance(hour).await;
        assert_eq!(leading.now(), None);
        assert_eq!(*leading.watch().borrow(), Some(fence), "nobody has noticed yet");

        assert!(!lead.say(Some((fence, Instant::now() + hour))), "it leads as before");
        assert!(leading.holds(fence));
        assert!(lead.say(None));
        leading.lost(fence).await;
        assert_eq!(leading.now(), None);
    }
}
