//! What stands before the replicas: GitHub knows one address, and each request
//! goes to another of those that can take it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::crew::REPLICAS;

/// A request's first line is shorter.
const LINE_MAX: usize = 8 * 1024;

/// Where a replica is, and whether it is sent anything.
#[derive(Debug, Default)]
struct Backend {
    port: u16,
    open: AtomicBool,
    taken: AtomicUsize,
}

/// A balancer; it ends when dropped.
#[derive(Debug)]
pub(super) struct Front {
    port: u16,
    backends: Arc<[Backend; REPLICAS]>,
    _tasks: JoinSet<()>,
}

impl Front {
    /// Listens for the replicas at `ports`, none of which is sent anything yet.
    pub(super) async fn start(ports: [u16; REPLICAS]) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let backends = Arc::new(ports.map(|port| Backend { port, ..Backend::default() }));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&backends)));
        Ok(Self { port, backends, _tasks: tasks })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sends a replica requests from now on, or none any more.
    pub(super) fn open(&self, replica: usize, open: bool) {
        if let Some(backend) = self.backends.get(replica) {
            backend.open.store(open, Ordering::SeqCst);
        }
    }

    /// How many requests each replica was sent.
    pub(super) fn taken(&self) -> [usize; REPLICAS] {
        self.backends.each_ref().map(|backend| backend.taken.load(Ordering::SeqCst))
    }
}

async fn accept(listener: TcpListener, backends: Arc<[Backend; REPLICAS]>) {
    let mut lines = JoinSet::new();
    let mut turn = 0;
    while let Ok((near, _)) = listener.accept().await {
        turn += 1;
        let backends = Arc::clone(&backends);
        lines.spawn(async move {
            // Whoever sent it hears of it by the line that ends.
            drop(pass(near, &backends, turn).await);
        });
    }
}

/// Passes one request on to the next replica that takes it.
async fn pass(
    mut near: TcpStream,
    backends: &[Backend; REPLICAS],
    turn: usize,
) -> anyhow::Result<()> {
    let (line, rest) = first_line(&mut near).await?;
    let in_turn = backends.iter().cycle().skip(turn % REPLICAS).take(REPLICAS);
    for backend in in_turn.filter(|backend| backend.open.load(Ordering::SeqCst)) {
        let Ok(mut far) = TcpStream::connect(("127.0.0.1", backend.port)).await else { continue };
        backend.taken.fetch_add(1, Ordering::SeqCst);
        far.write_all(&line).await?;
        // One request a connection: the next one goes to another replica.
        far.write_all(b"connection: close\r\n").await?;
        far.write_all(&rest).await?;
        copy_bidirectional(&mut near, &mut far).await?;
        return Ok(());
    }
    near.write_all(b"HTTP/1.1 503 Service Unavailable\r\n").await?;
    near.write_all(b"connection: close\r\ncontent-length: 0\r\n\r\n").await?;
    Ok(())
}

/// The request line with its end, and what came with it.
pub(crate) async fn first_line(near: &mut TcpStream) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(2).position(|two| two == b"\r\n") {
            let rest = read.split_off(end + 2);
            return Ok((read, rest));
        }
        anyhow::ensure!(read.len() < LINE_MAX, "the first line has no end");
        if near.read_buf(&mut read).await.context("failed to read a request")? == 0 {
            anyhow::bail!("there was no request");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Client;

    /// Answers every request with a number, and closes.
    async fn backend(number: usize) -> (u16, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (mut line, _) = listener.accept().await.unwrap();
                let mut read = Vec::new();
                while !read.windows(4).any(|four| four == b"\r\n\r\n") {
                    line.read_buf(&mut read).await.unwrap();
                }
                let text = String::from_utf8(read).unwrap();
                let closes = text.contains("\r\nconnection: close\r\n");
                let body = format!("{number} {closes}");
                let head = format!("connection: close\r\ncontent-length: {}", body.len());
                let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}");
                line.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (port, tasks)
    }

    #[tokio::test]
    async fn requests_go_to_each_open_replica_in_turn() {
        let (mut ports, mut tasks) = ([0; REPLICAS], Vec::new());
        for (number, port) in ports.iter_mut().enumerate() {
            let (its, task) = backend(number).await;
            *port = its;
            tasks.push(task);
        }
        let front = Front::start(ports).await.unwrap();
        let client = Client::new(front.url());
        assert_eq!(client.get("/").await.unwrap().status, 503, "nobody is open");
        for replica in [0, 2] {
            front.open(replica, true);
        }
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..REPLICAS {
            seen.insert(client.get("/").await.unwrap().text());
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["0 true", "2 true"]);
        assert_eq!(front.taken()[1], 0);
        assert_eq!(front.taken().iter().sum::<usize>(), REPLICAS);
    }
}
