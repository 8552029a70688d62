//! A line that can be cut: a Unix socket before another one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tokio::io::copy_bidirectional;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A socket at a path of its own that leads to another; it ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    path: PathBuf,
    whole: Arc<watch::Sender<bool>>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Starts to lead from `path` to `target`.
    ///
    /// # Errors
    ///
    /// Where there can be no socket at `path`.
    pub fn start(path: &Path, target: &Path) -> anyhow::Result<Self> {
        let listener = UnixListener::bind(path)
            .with_context(|| format!("failed to listen at {}", path.display()))?;
        let whole = Arc::new(watch::Sender::new(true));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, target.to_owned(), whole.subscribe()));
        Ok(Self { path: path.to_owned(), whole, _tasks: tasks })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends every connection, and each new one at once.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn accept(listener: UnixListener, target: PathBuf, whole: watch::Receiver<bool>) {
    let mut lines = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let (target, mut whole) = (target.clone(), whole.clone());
        lines.spawn(async move {
            if !*whole.borrow() {
                return;
            }
            let Ok(mut far) = UnixStream::connect(target).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => (),
                _ = whole.wait_for(|whole| !whole) => (),
            }
        });
    }
}
