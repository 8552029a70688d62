//! How the reconciler itself is doing, for `/readyz` and the UI.

use std::sync::Arc;

use tokio::sync::watch;

/// Whether something that we need answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// Whether it answered when last asked.
    pub ok: bool,
    /// What it said, where it did not; empty before it was first asked.
    pub detail: String,
}

impl Link {
    /// It answers.
    #[must_use]
    pub const fn up() -> Self {
        Self { ok: true, detail: String::new() }
    }

    /// It does not answer.
    #[must_use]
    pub const fn down(detail: String) -> Self {
        Self { ok: false, detail }
    }

    /// Whether it was asked and did not answer.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        !self.ok && !self.detail.is_empty()
    }
}

/// How the reconciler is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Whether this process leads.
    pub leading: bool,
    /// Docker.
    pub docker: Link,
    /// Postgres.
    pub postgres: Link,
    /// Stacks that were there at the last look at all of them.
    pub stacks: usize,
}

/// Where [`Status`] is kept. Clones are the same board.
#[derive(Debug, Clone)]
pub struct Board(Arc<watch::Sender<Status>>);

impl Default for Board {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Status::default())))
    }
}

impl Board {
    /// An empty board.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The status now.
    #[must_use]
    pub fn get(&self) -> Status {
        self.0.borrow().clone()
    }

    /// Follows the status.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.0.subscribe()
    }

    /// Changes the status; who follows it hears only of real changes.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Status)) {
        self.0.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }

    /// Notes whether Docker answers, and says so in the log when that changes.
    pub(crate) fn docker(&self, link: Link) {
        self.update(|status| {
            log_change("Docker", &status.docker, &link);
            status.docker = link;
        });
    }

    /// Notes whether Postgres answers, and says so in the log when that changes.
    pub(crate) fn postgres(&self, link: Link) {
        self.update(|status| {
            log_change("Postgres", &status.postgres, &link);
            status.postgres = link;
        });
    }
}

fn log_change(what: &str, before: &Link, now: &Link) {
    if before.ok && !now.ok {
        tracing::warn!(detail = %now.detail, "{what} is gone: {}", now.detail);
    } else if !before.ok && now.ok && !before.detail.is_empty() {
        tracing::info!("{what} is back");
    }
}
