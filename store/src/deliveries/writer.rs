//! Group commit for webhooks: requests that arrive while a flush to disk is
//! under way share the next one.
//!
//! A few flushers take turns at one queue. Whoever's turn it is takes the first
//! delivery, then all that have gathered meanwhile up to a bound, and writes
//! them in one statement. With nothing else waiting, a delivery is written at
//! once: nobody waits for company.

use std::sync::Arc;
use std::time::Duration;

use berth_domain::chain;
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tracing::warn;

use super::NewDelivery;
use crate::{Error, Pool, notify};

/// How long the database may take for a batch before its webhooks are refused:
/// GitHub itself gives up after ten seconds.
const FLUSH: Duration = Duration::from_secs(8);

/// How many webhooks to gather, and where to stop.
#[derive(Debug, Clone, Copy)]
pub struct WriterSettings {
    /// Statements under way at once. Each needs a connection.
    pub flushers: usize,
    /// The most deliveries in one statement.
    pub batch_rows: usize,
    /// The most bytes of bodies in one statement, unless one alone is larger.
    pub batch_bytes: usize,
    /// The most deliveries waiting; a caller beyond it waits for a place.
    pub queue: usize,
}

impl WriterSettings {
    /// For some 64 requests at once: a few statements under way keep the disk busy
    /// while the next batches gather; more would only make the batches smaller.
    pub const USUAL: Self = Self { flushers: 3, batch_rows: 256, batch_bytes: 4 << 20, queue: 256 };
}

/// What became of a delivery that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is kept, and will be judged.
    New,
    /// It was here already: nothing happens twice.
    Known,
}

/// Why a delivery was not written. GitHub should be told to come again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Postgres does not answer.
    #[error("could not reach the database to store a delivery: {0}")]
    Unavailable(String),
    /// Postgres refused this delivery.
    #[error("failed to store a delivery: {0}")]
    Refused(String),
    /// Berth is shutting down.
    #[error("the inbox is closed")]
    Closed,
}

struct Item {
    delivery: NewDelivery,
    answer: oneshot::Sender<Result<Written, WriteError>>,
}

/// Writes deliveries; clones share one queue.
#[derive(Debug, Clone)]
pub struct Writer(mpsc::Sender<Item>);

/// The tasks behind a [`Writer`]. They end once every clone of it is dropped
/// and the queue is empty; dropping this ends them at once.
#[derive(Debug)]
pub struct WriterTasks(JoinSet<()>);

impl WriterTasks {
    /// Waits until everything in the queue is written.
    pub async fn finished(mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

impl Writer {
    /// Starts the flushers.
    #[must_use]
    pub fn start(pool: &Pool, settings: WriterSettings) -> (Self, WriterTasks) {
        let (sender, receiver) = mpsc::channel(settings.queue.max(1));
        let queue = Arc::new(Mutex::new(receiver));
        let news = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        for _ in 0..settings.flushers.max(1) {
            tasks.spawn(flush_forever(
                pool.clone(),
                Arc::clone(&queue),
                Arc::clone(&news),
                settings,
            ));
        }
        // The notifier ends with the last flusher: theirs are the other handles.
        let weak = Arc::downgrade(&news);
        drop(news);
        tasks.spawn(notify_forever(pool.clone(), weak));
        (Self(sender), WriterTasks(tasks))
    }

    /// Stores a delivery. Once this returns without an error it is on disk.
    ///
    /// # Errors
    ///
    /// Says why not; the sender must be told to come again.
    pub async fn insert(&self, delivery: NewDelivery) -> Result<Written, WriteError> {
        let (answer, result) = oneshot::channel();
        self.0.send(Item { delivery, answer }).await.map_err(|_| WriteError::Closed)?;
        result.await.map_err(|_| WriteError::Closed)?
    }
}

/// Once this many flushes end at nearly the same time, one hint is enough.
const HINT_PAUSE: Duration = Duration::from_millis(20);

async fn notify_forever(pool: Pool, news: std::sync::Weak<Notify>) {
    loop {
        let Some(signal) = news.upgrade() else { return };
        // Wakes now and then to see whether the flushers are gone.
        let woken = tokio::time::timeout(Duration::from_millis(500), signal.notified()).await;
        let last = Arc::strong_count(&signal) == 1;
        drop(signal);
        if woken.is_ok() {
            if let Err(err) = notify::inbox(&pool).await {
                // The inbox also looks by itself, every few seconds.
                warn!("a hint at the inbox was lost: {}", chain(&err));
            }
            tokio::time::sleep(HINT_PAUSE).await;
        }
        if last {
            return;
        }
    }
}

async fn flush_forever(
    pool: Pool,
    queue: Arc<Mutex<mpsc::Receiver<Item>>>,
    news: Arc<Notify>,
    settings: WriterSettings,
) {
    let mut batch = Vec::new();
    loop {
        gather(&queue, settings, &mut batch).await;
        if batch.is_empty() {
            return;
        }
        let (deliveries, answers): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|item| (item.delivery, item.answer)).unzip();
        let results = write(&pool, &deliveries).await;
        if results.contains(&Ok(Written::New)) {
            news.notify_one();
        }
        for (answer, result) in answers.into_iter().zip(results) {
            // A caller that hung up does not want to know.
            let _gone = answer.send(result);
        }
    }
}

/// Waits for one delivery, then takes those that are there. Leaves `batch`
/// empty once there will be no more.
async fn gather(
    queue: &Mutex<mpsc::Receiver<Item>>,
    settings: WriterSettings,
    batch: &mut Vec<Item>,
) {
    let mut queue = queue.lock().await;
    let Some(first) = queue.recv().await else { return };
    let mut bytes = first.delivery.body.len();
    batch.push(first);
    while batch.len() < settings.batch_rows && bytes < settings.batch_bytes {
        let Ok(item) = queue.try_recv() else { break };
        bytes += item.delivery.body.len();
        batch.push(item);
    }
}

async fn write(pool: &Pool, deliveries: &[NewDelivery]) -> Vec<Result<Written, WriteError>> {
    let all = insert(pool, deliveries).await;
    match all {
        Ok(written) => written.into_iter().map(Ok).collect(),
        // One of them is at fault; the others must not suffer for it.
        Err(WriteError::Refused(_)) if deliveries.len() > 1 => {
            let mut results = Vec::with_capacity(deliveries.len());
            for delivery in deliveries {
                let one = insert(pool, std::slice::from_ref(delivery)).await;
                results.push(one.and_then(|mut written| {
                    written.pop().ok_or_else(|| WriteError::Refused("no answer".to_owned()))
                }));
            }
            results
        }
        Err(err) => vec![Err(err); deliveries.len()],
    }
}

async fn insert(pool: &Pool, deliveries: &[NewDelivery]) -> Result<Vec<Written>, WriteError> {
    match tokio::time::timeout(FLUSH, super::insert(pool, deliveries)).await {
        Ok(Ok(kept)) => Ok(kept
            .into_iter()
            .map(|new| if new { Written::New } else { Written::Known })
            .collect()),
        Ok(Err(err @ Error::Unavailable { .. })) => Err(WriteError::Unavailable(chain(&err))),
        Ok(Err(err)) => Err(WriteError::Refused(chain(&err))),
        Err(_) => Err(WriteError::Unavailable(format!("no answer in {} s", FLUSH.as_secs()))),
    }
}
