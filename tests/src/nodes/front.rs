//! What stands before the nodes, as a load balancer does: a connection goes to the
//! next node that takes it.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A node that has not answered by then is passed over.
const PATIENCE: Duration = Duration::from_millis(300);
/// The port of Traefik on each node.
const PORT: u16 = 80;

/// A balancer; it ends when dropped.
#[derive(Debug)]
pub(super) struct Front {
    /// Where it listens.
    pub(super) port: u16,
    _tasks: JoinSet<()>,
}

impl Front {
    /// Listens at `here` for the nodes at these addresses.
    pub(super) async fn start(here: Ipv4Addr, nodes: Vec<Ipv4Addr>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((here, 0)).await?;
        let port = listener.local_addr()?.port();
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::new(nodes)));
        Ok(Self { port, _tasks: tasks })
    }
}

async fn accept(listener: TcpListener, nodes: Arc<Vec<Ipv4Addr>>) {
    let mut lines = JoinSet::new();
    let mut turn = 0;
    while let Ok((mut near, _)) = listener.accept().await {
        turn += 1;
        let nodes = Arc::clone(&nodes);
        lines.spawn(async move {
            let all = nodes.len();
            for node in nodes.iter().cycle().skip(turn % all).take(all) {
                let Ok(Ok(mut far)) = timeout(PATIENCE, TcpStream::connect((*node, PORT))).await
                else {
                    continue;
                };
                // Whoever asked hears of an end by the line that ends.
                drop(copy_bidirectional(&mut near, &mut far).await);
                return;
            }
        });
        while lines.try_join_next().is_some() {}
    }
}
