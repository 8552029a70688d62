//! A line that can be cut, or lets no news through: a Unix socket before another
//! one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, copy_bidirectional};
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
        Self::lead(path, target, false)
    }

    /// Starts to lead from `path` to the Docker engine at `target`, of whose events
    /// nothing comes through.
    ///
    /// # Errors
    ///
    /// Where there can be no socket at `path`.
    pub fn without_events(path: &Path, target: &Path) -> anyhow::Result<Self> {
        Self::lead(path, target, true)
    }

    fn lead(path: &Path, target: &Path, silent: bool) -> anyhow::Result<Self> {
        let listener = UnixListener::bind(path)
            .with_context(|| format!("failed to listen at {}", path.display()))?;
        let whole = Arc::new(watch::Sender::new(true));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, target.to_owned(), whole.subscribe(), silent));
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

async fn accept(
    listener: UnixListener,
    target: PathBuf,
    whole: watch::Receiver<bool>,
    silent: bool,
) {
    let mut lines = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let (target, mut whole) = (target.clone(), whole.clone());
        lines.spawn(async move {
            if !*whole.borrow() {
                return;
            }
            let Ok(mut far) = UnixStream::connect(target).await else { return };
            let lines = async {
                if silent {
                    but_events(&mut near, &mut far).await
                } else {
                    copy_bidirectional(&mut near, &mut far).await.map(|_| ())
                }
            };
            tokio::select! {
                _ = lines => (),
                _ = whole.wait_for(|whole| !whole) => (),
            }
        });
    }
}

/// What Docker answers at once where events are asked for.
const LISTENING: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";

/// Whoever asks for events is answered, and hears of none.
async fn but_events(near: &mut UnixStream, far: &mut UnixStream) -> std::io::Result<()> {
    let (mut from_near, mut to_near) = near.split();
    let (mut from_far, mut to_far) = far.split();
    let mut buffer = vec![0; 64 * 1024];
    let there = async {
        loop {
            let read = from_near.read(&mut buffer).await?;
            match buffer.get(..read) {
                None | Some([]) => return Ok(false),
                Some(sent) if asks_for_events(sent) => return Ok(true),
                Some(sent) => to_far.write_all(sent).await?,
            }
        }
    };
    let asked: std::io::Result<bool> = tokio::select! {
        asked = there => asked,
        done = copy(&mut from_far, &mut to_near) => done.map(|_| false),
    };
    if asked? {
        // Requests and answers take turns, so nothing else is on its way.
        to_near.write_all(LISTENING).await?;
        while from_near.read(&mut buffer).await? > 0 {}
    }
    Ok(())
}

fn asks_for_events(sent: &[u8]) -> bool {
    let line = sent.split(|byte| *byte == b'\r').next().unwrap_or_default();
    line.starts_with(b"GET /") && String::from_utf8_lossy(line).contains("/events?")
}
