//! What stands before the nodes, as a load balancer does: a request goes to the
//! next node that takes it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::chaos::replicas::front::first_line;

/// A node that has not answered by then is passed over.
const PATIENCE: Duration = Duration::from_millis(300);

/// A balancer; it ends when dropped.
#[derive(Debug)]
pub(super) struct Front {
    /// Where it listens.
    pub(super) port: u16,
    _tasks: JoinSet<()>,
}

impl Front {
    /// Listens at `here` for the nodes at these addresses.
    pub(super) async fn start(here: Ipv4Addr, nodes: Vec<SocketAddr>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((here, 0)).await?;
        let port = listener.local_addr()?.port();
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, nodes.into()));
        Ok(Self { port, _tasks: tasks })
    }
}

async fn accept(listener: TcpListener, nodes: Arc<[SocketAddr]>) {
    let mut lines = JoinSet::new();
    let mut turn = 0;
    while let Ok((mut near, _)) = listener.accept().await {
        turn += 1;
        let nodes = Arc::clone(&nodes);
        lines.spawn(async move {
            // Whoever asked hears of an end by the line that ends.
            drop(pass(&mut near, &nodes, turn).await);
        });
        while lines.try_join_next().is_some() {}
    }
}

/// Passes one request on, and its answer back.
async fn pass(near: &mut TcpStream, nodes: &[SocketAddr], turn: usize) -> anyhow::Result<()> {
    let (line, rest) = first_line(near).await?;
    for node in nodes.iter().cycle().skip(turn % nodes.len()).take(nodes.len()) {
        let Ok(Ok(mut far)) = timeout(PATIENCE, TcpStream::connect(node)).await else {
            continue;
        };
        far.write_all(&line).await?;
        // One request a connection: none waits for a node that is gone since.
        far.write_all(b"connection: close\r\n").await?;
        far.write_all(&rest).await?;
        copy_bidirectional(near, &mut far).await?;
        return Ok(());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::probe::Probe;
    use super::*;
    use crate::wait::{LONG, until};

    /// A node that answers every request so.
    async fn node(answer: &'static str) -> (SocketAddr, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok((mut line, _)) = listener.accept().await {
                first_line(&mut line).await.unwrap();
                let head = "connection: close\r\ncontent-length: 0";
                let answer = format!("HTTP/1.1 {answer}\r\n{head}\r\n\r\n");
                line.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (address, task)
    }

    #[tokio::test]
    async fn a_node_that_takes_nothing_is_passed_over_and_who_asks_is_counted() {
        let (well, _running) = node("200 OK").await;
        let (ill, _failing) = node("503 Service Unavailable").await;
        let (gone, listening) = node("200 OK").await;
        drop(listening);
        let here = Ipv4Addr::LOCALHOST;
        let front = Front::start(here, vec![gone, well, gone]).await.unwrap();
        let probe = Probe::start(&format!("http://{here}:{}", front.port), "shop.test", "/");
        let asked = until("it was asked thrice", LONG, async || {
            let seen = probe.seen();
            if seen.asked >= 3 { Ok(seen) } else { Err(seen) }
        });
        assert_eq!(asked.await.unwrap().failed, 0);

        let front = Front::start(here, vec![ill]).await.unwrap();
        let probe = Probe::start(&format!("http://{here}:{}", front.port), "shop.test", "/");
        let failed = until("an answer was bad", LONG, async || {
            let seen = probe.seen();
            if seen.failed >= 2 { Ok(seen) } else { Err(seen) }
        });
        let seen = failed.await.unwrap();
        assert_eq!(seen.asked, seen.failed);
        assert!(probe.take().gap > probe.take().gap, "what was told is told again");
    }
}
