//! The strings that a test in another language pulls on the world: Berth is
//! killed, started again, and given a second replica.
//!
//! One connection, one line with a word, one line back: `ok`, `ok` and an
//! address, or `error:` and why.
//!
//! | word | what is done |
//! |---|---|
//! | `kill` | Berth is killed, as a power cut would; its Postgres goes on |
//! | `start` | Berth is started again, and serves |
//! | `second` | a second replica is started on the same database; its address |
//! | `kill-second` | the second replica is killed |

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::berth::{Berth, Options};
use crate::traefik::free_port;
use crate::world::World;

/// How long a leader of a world that is controlled may be silent: short, so that
/// a test sees another one lead, and long enough for a busy machine.
pub const LEASE: &str = "8s";

/// Where the words come in.
#[derive(Debug)]
pub struct Control {
    listener: TcpListener,
    second: Option<Berth>,
}

impl Control {
    /// Listens on a port of its own.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub async fn listen() -> anyhow::Result<Self> {
        Ok(Self { listener: TcpListener::bind(("127.0.0.1", 0)).await?, second: None })
    }

    /// Where it listens: `127.0.0.1:port`.
    ///
    /// # Errors
    ///
    /// Where the system does not know.
    pub fn address(&self) -> anyhow::Result<String> {
        Ok(self.listener.local_addr()?.to_string())
    }

    /// Does what it is told, for ever. Only accepting may be dropped half way:
    /// use it beside a command whose end is the end of the world.
    ///
    /// # Errors
    ///
    /// Where nobody can connect any more.
    pub async fn serve(&mut self, world: &mut World) -> anyhow::Result<()> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            // A test that went away does not hear the answer.
            let _ = self.answer(world, stream).await;
        }
    }

    async fn answer(&mut self, world: &mut World, stream: TcpStream) -> anyhow::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut word = String::new();
        stream.read_line(&mut word).await?;
        let said = match Box::pin(self.obey(world, word.trim())).await {
            Ok(None) => "ok".to_owned(),
            Ok(Some(said)) => format!("ok {said}"),
            Err(err) => format!("error: {err:#}").replace('\n', " "),
        };
        stream.write_all(format!("{said}\n").as_bytes()).await?;
        Ok(stream.shutdown().await?)
    }

    async fn obey(&mut self, world: &mut World, word: &str) -> anyhow::Result<Option<String>> {
        match word {
            "kill" => world.berth()?.kill().await?,
            "start" => world.berth()?.restart().await?,
            "second" => {
                let second = Berth::start(beside(world)?).await?;
                let url = second.url();
                self.second = Some(second);
                return Ok(Some(url));
            }
            "kill-second" => {
                self.second.take().context("there is no second replica")?.kill().await?;
            }
            other => bail!("{other:?} is no word that means anything here"),
        }
        Ok(None)
    }

    /// Stops what it started and nobody stopped.
    ///
    /// # Errors
    ///
    /// Where it does not stop.
    pub async fn end(&mut self) -> anyhow::Result<()> {
        match self.second.take() {
            Some(mut second) => second.stop().await,
            None => Ok(()),
        }
    }
}

/// A replica on the Postgres of the world's Berth, with its key.
fn beside(world: &mut World) -> anyhow::Result<Options> {
    let first = world.berth()?.options().clone();
    let postmaster = std::fs::read_to_string(first.data_dir.join("postgres/data/postmaster.pid"))?;
    let socket = postmaster.lines().nth(4).context("Postgres names no socket")?;
    let database = format!("postgres://berth@localhost/berth?host={}", socket.replace('/', "%2F"));
    let key = first.data_dir.join("secret.key").display().to_string();
    let public = format!("http://127.0.0.1:{}", first.port);
    let mut env = first.env;
    env.extend([
        ("BERTH_DATABASE_URL".to_owned(), database),
        ("BERTH_SECRET_KEY_FILE".to_owned(), key),
        // GitHub goes on sending to the first.
        ("BERTH_PUBLIC_URL".to_owned(), public),
    ]);
    Ok(Options { data_dir: world.folder().join("second"), port: free_port(0)?, env, ..first })
}
