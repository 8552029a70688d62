//! Which key is worked on next: at most one entry a key, the earliest time wins,
//! and a key that is being worked on is held back and then done once more.
//!
//! Memory only. Losing it loses nothing, because a resync puts every key back.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// When to look at a key again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// After so long.
    After(Duration),
    /// When somebody puts it back.
    OnChange,
}

impl Next {
    /// After so long, if that is sooner.
    #[must_use]
    pub fn or_after(self, wait: Duration) -> Self {
        match self {
            Self::After(other) => Self::After(other.min(wait)),
            Self::OnChange => Self::After(wait),
        }
    }
}

/// The queue. Clones are the same queue.
#[derive(Debug)]
pub struct Queue<K>(Arc<Shared<K>>);

#[derive(Debug)]
struct Shared<K> {
    state: Mutex<State<K>>,
    changed: Notify,
}

#[derive(Debug)]
struct State<K> {
    waiting: BTreeMap<K, Instant>,
    order: BTreeSet<(Instant, K)>,
    /// Keys being worked on, with when to do them once more.
    running: BTreeMap<K, Option<Instant>>,
}

impl<K> Clone for Queue<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Ord + Clone> Default for Queue<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord + Clone> Queue<K> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        let state =
            State { waiting: BTreeMap::new(), order: BTreeSet::new(), running: BTreeMap::new() };
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Notify::new() }))
    }

    /// Has `key` worked on as soon as may be.
    pub fn put(&self, key: K) {
        self.put_at(key, Instant::now());
    }

    /// Has `key` worked on after so long, or earlier where somebody asks for that.
    pub fn put_after(&self, key: K, wait: Duration) {
        self.put_at(key, Instant::now() + wait);
    }

    /// Has `key` worked on at `at`, or earlier where somebody asks for that.
    pub fn put_at(&self, key: K, at: Instant) {
        self.state().put(key, at);
        self.0.changed.notify_one();
    }

    /// How many keys wait, and how many are being worked on.
    #[must_use]
    pub fn depth(&self) -> (usize, usize) {
        let state = self.state();
        (state.waiting.len(), state.running.len())
    }

    /// Waits for the next key that is due, and takes it. It is being worked on
    /// until the answer is dropped.
    pub async fn take(&self) -> Taken<K> {
        loop {
            let next = {
                let mut state = self.state();
                match state.order.first().cloned() {
                    Some((at, key)) if at <= Instant::now() => {
                        state.order.remove(&(at, key.clone()));
                        state.waiting.remove(&key);
                        state.running.insert(key.clone(), None);
                        // Another key may be due too, and another may be waiting for it.
                        self.0.changed.notify_one();
                        return Taken { key, queue: self.clone() };
                    }
                    next => next.map(|(at, _)| at),
                }
            };
            match next {
                Some(at) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(at) => {}
                        () = self.0.changed.notified() => {}
                    }
                }
                None => self.0.changed.notified().await,
            }
        }
    }

    /// Works on keys, up to `many` at once, until `stop`; then waits for those
    /// that are being worked on. `work` says when to look at its key again.
    pub async fn run<F, W>(&self, many: usize, stop: CancellationToken, work: W)
    where
        K: Send + 'static,
        W: Fn(K) -> F,
        F: Future<Output = Next> + Send + 'static,
    {
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(done) = running.join_next() => {
                    if let Err(error) = done {
                        tracing::error!(%error, "a pass panicked; the next resync repeats it");
                    }
                }
                taken = self.take(), if running.len() < many => {
                    let pass = work(taken.key.clone());
                    running.spawn(async move {
                        if let Next::After(wait) = pass.await {
                            taken.queue.put_after(taken.key.clone(), wait);
                        }
                    });
                }
            }
        }
        while running.join_next().await.is_some() {}
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord + Clone> State<K> {
    fn put(&mut self, key: K, at: Instant) {
        if let Some(again) = self.running.get_mut(&key) {
            *again = Some(again.map_or(at, |before| before.min(at)));
            return;
        }
        if let Some(before) = self.waiting.get(&key).copied() {
            if before <= at {
                return;
            }
            self.order.remove(&(before, key.clone()));
        }
        self.waiting.insert(key.clone(), at);
        self.order.insert((at, key));
    }
}

/// A key that is being worked on until this is dropped.
#[derive(Debug)]
pub struct Taken<K: Ord + Clone> {
    key: K,
    queue: Queue<K>,
}

impl<K: Ord + Clone> Taken<K> {
    /// The key.
    #[must_use]
    pub const fn key(&self) -> &K {
        &self.key
    }
}

impl<K: Ord + Clone> Drop for Taken<K> {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        if let Some(Some(again)) = state.running.remove(&self.key) {
            state.put(self.key.clone(), again);
        }
        drop(state);
        self.queue.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_earliest_time_wins() {
        let queue = Queue::new();
        let start = Instant::now();
        queue.put_after("a", 10 * SECOND);
        queue.put_after("a", 2 * SECOND);
        queue.put_after("a", 5 * SECOND);

        assert_eq!(*queue.take().await.key(), "a");
        assert_eq!(start.elapsed(), 2 * SECOND);
        assert_eq!(queue.depth().0, 0, "a key has one entry, however often it is put");
    }

    #[tokio::test(start_paused = true)]
    async fn keys_come_in_the_order_of_their_times() {
        let queue = Queue::new();
        queue.put_after("late", 3 * SECOND);
        queue.put_after("soon", SECOND);
        queue.put("now");

        let mut order = Vec::new();
        for _ in 0..3 {
            order.push(*queue.take().await.key());
        }
        assert_eq!(order, ["now", "soon", "late"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_is_worked_on_is_held_back_and_done_once_more() {
        let queue = Queue::new();
        queue.put("a");
        let first = queue.take().await;
        queue.put("a");
        queue.put_after("a", 5 * SECOND);
        queue.put("b");

        let other = queue.take().await;
        assert_eq!(*other.key(), "b", "a is being worked on");
        let none = tokio::time::timeout(60 * SECOND, queue.take()).await;
        assert!(none.is_err(), "two passes over one key at once");

        drop(first);
        let again = queue.take().await;
        assert_eq!(*again.key(), "a");
        drop(again);
        assert_eq!(queue.depth(), (0, 1), "once more, not once for each time it was put");
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleeper_wakes_for_an_earlier_key() {
        let queue = Queue::new();
        queue.put_after("late", 100 * SECOND);
        let start = Instant::now();
        let taken = async { *queue.take().await.key() };
        let put = async {
            tokio::time::sleep(SECOND).await;
            queue.put("early");
        };
        let (taken, ()) = tokio::join!(taken, put);

        assert_eq!(taken, "early");
        assert_eq!(start.elapsed(), SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_so_many_run_at_once_and_none_twice() {
        let queue = Queue::new();
        for key in 0..10 {
            queue.put(key);
        }
        let (now, most, all) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicUsize::new(0)),
        );
        let stop = CancellationToken::new();
        let work = {
            let (now, most, all, stop) = (now.clone(), most.clone(), all.clone(), stop.clone());
            move |_key| {
                let (now, most, all, stop) = (now.clone(), most.clone(), all.clone(), stop.clone());
                async move {
                    let running = now.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(running, Ordering::SeqCst);
                    tokio::time::sleep(SECOND).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    if all.fetch_add(1, Ordering::SeqCst) + 1 == 10 {
                        stop.cancel();
                    }
                    Next::OnChange
                }
            }
        };
        let start = Instant::now();
        queue.run(3, stop, work).await;

        assert_eq!(most.load(Ordering::SeqCst), 3);
        assert_eq!(all.load(Ordering::SeqCst), 10);
        assert_eq!(start.elapsed(), 4 * SECOND, "ten keys, three at once");
    }

    #[tokio::test(start_paused = true)]
    async fn work_says_when_it_wants_its_key_again() {
        let queue = Queue::new();
        queue.put("a");
        let stop = CancellationToken::new();
        let times = Arc::new(AtomicUsize::new(0));
        let start = Instant::now();
        let work = {
            let (times, stop) = (times.clone(), stop.clone());
            move |_key| {
                let (times, stop) = (times.clone(), stop.clone());
                async move {
                    if times.fetch_add(1, Ordering::SeqCst) == 2 {
                        stop.cancel();
                    }
                    Next::After(7 * SECOND)
                }
            }
        };
        queue.run(1, stop, work).await;

        assert_eq!(times.load(Ordering::SeqCst), 3);
        assert_eq!(start.elapsed(), 14 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_in_one_pass_stops_no_other() {
        let queue = Queue::new();
        queue.put("bad");
        queue.put_after("good", SECOND);
        let stop = CancellationToken::new();
        let done = stop.clone();
        let work = move |key| {
            let done = done.clone();
            async move {
                assert_ne!(key, "bad", "a planted panic");
                done.cancel();
                Next::OnChange
            }
        };
        let outcome = tokio::time::timeout(60 * SECOND, queue.run(1, stop, work)).await;
        assert!(outcome.is_ok(), "the other key was never worked on");
        assert_eq!(queue.depth(), (0, 0), "the key of the pass that panicked is free again");
    }
}
