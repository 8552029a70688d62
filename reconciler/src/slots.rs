//! Places for the deployments of previews: at most half of all, so that they
//! never hold up what stays.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use berth_domain::ids::StackId;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::queue::Queue;

/// How many of `all` places previews may have.
pub(crate) const fn share(all: usize) -> usize {
    if all < 2 { 1 } else { all / 2 }
}

/// How many places there must be, so that one is left where previews have their
/// share.
pub(crate) const fn places(wanted: usize) -> usize {
    if wanted < 2 { 2 } else { wanted }
}

/// The places of previews. Whoever finds none is put back into the queue once
/// there is one.
#[derive(Debug)]
pub(crate) struct Slots {
    free: Semaphore,
    waiting: Mutex<BTreeSet<StackId>>,
    queue: Queue<StackId>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot<'a> {
    permit: Option<SemaphorePermit<'a>>,
    slots: &'a Slots,
}

impl Slots {
    /// So many places, all of them free.
    pub(crate) const fn new(many: usize, queue: Queue<StackId>) -> Self {
        Self { free: Semaphore::const_new(many), waiting: Mutex::new(BTreeSet::new()), queue }
    }

    /// A place; [`None`] where none is free.
    pub(crate) fn take(&self, stack: StackId) -> Option<Slot<'_>> {
        // Before the look, so that a place that is given up in between is heard of.
        self.waiting().insert(stack);
        let permit = self.free.try_acquire().ok()?;
        self.waiting().remove(&stack);
        Some(Slot { permit: Some(permit), slots: self })
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeSet<StackId>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        // The place is free before anybody hears of it.
        drop(self.permit.take());
        // All of them: the first may not want it any more.
        let waiting = std::mem::take(&mut *self.slots.waiting());
        for stack in waiting {
            self.slots.queue.put(stack);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_left_for_what_stays_however_few_there_are() {
        for wanted in 0..20 {
            let all = places(wanted);
            assert!(all >= wanted, "{wanted}");
            assert!((1..all).contains(&share(all)), "{wanted}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_found_no_place_is_put_back_once_one_is_free() {
        let queue = Queue::new();
        let slots = Slots::new(1, queue.clone());
        let [first, second, third] = [(); 3].map(|()| StackId::fresh());
        let place = slots.take(first).unwrap();
        assert!(slots.take(second).is_none());
        assert!(slots.take(third).is_none());
        assert_eq!(queue.depth().0, 0);

        drop(place);
        assert_eq!(queue.depth().0, 2, "both are asked again");
        let place = slots.take(third).unwrap();
        assert!(slots.take(second).is_none());
        drop(queue.take().await);
        drop(queue.take().await);
        drop(place);
        assert_eq!(*queue.take().await.key(), second, "whoever has a place does not wait");
        assert_eq!(queue.depth().0, 0);
    }
}
