//! The world of three replicas: each has a line of its own to Postgres and to
//! Docker, and what is done to them is done here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::json;
use tokio::process::Command;
use tokio::time::Instant;

use super::crew::{Act, Crew, REPLICAS, answers};
use super::front::Front;
use super::readers::Readers;
use super::schedule::{Deed, Trouble};
use super::verdict::Loss;
use super::witness::Witness;
use crate::berth::{Berth, Options};
use crate::http::Client;
use crate::proxy::Proxy;
use crate::traefik::free_port;
use crate::wait::{LONG, until};
use crate::world::{NewRule, Settings, Visibility, World};

/// How long the lease lasts.
pub(super) const LEASE: Duration = Duration::from_secs(3);

/// How long a successor is waited for before its predecessor is healed: far
/// longer than it may take, so that what takes too long is measured.
const SUCCESSION: Duration = Duration::from_secs(60);

/// One replica, and its lines.
#[derive(Debug)]
struct Replica {
    berth: Berth,
    postgres: Proxy,
    docker: Proxy,
    api: Client,
}

/// The world, three replicas in it, and who watches them.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) world: World,
    pub(super) name: String,
    pub(super) witness: Witness,
    pub(super) readers: Readers,
    front: Front,
    replicas: Vec<Replica>,
    crew: Crew,
    /// Which replica a holder of the lease is. A process has a name of its own.
    holders: BTreeMap<String, usize>,
    /// When somebody was hindered last.
    pub(super) struck: Instant,
    /// Leaders that were hindered, since this was last taken.
    losses: Vec<(usize, Loss)>,
}

impl Site {
    /// A world with an account, an App, a rule for main, and three replicas.
    pub(super) async fn open(folder: PathBuf) -> anyhow::Result<Self> {
        let id = uuid::Uuid::now_v7().simple().to_string();
        let name = format!("crew{}", id.get(24..).unwrap_or_default());
        let ports = [free_port(0)?, free_port(0)?, free_port(0)?];
        let front = Front::start(ports).await?;
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut world = World::new(Settings {
            name: name.clone(),
            folder,
            ports: (0, 0, 0),
            // It brings Postgres and tells what is so, and never leads.
            env: vec![set("BERTH_ROLES", "api"), set("BERTH_PUBLIC_URL", &front.url())],
            docker_host: None,
        });
        let filled = Box::pin(Self::fill(&mut world, &name, &front, ports)).await;
        match filled {
            Ok((replicas, witness, readers)) => Ok(Self {
                world,
                name,
                witness,
                readers,
                front,
                replicas,
                crew: Crew::default(),
                holders: BTreeMap::new(),
                struck: Instant::now(),
                losses: Vec::new(),
            }),
            Err(err) => {
                drop(world.end().await);
                Err(err)
            }
        }
    }

    async fn fill(
        world: &mut World,
        name: &str,
        front: &Front,
        ports: [u16; REPLICAS],
    ) -> anyhow::Result<(Vec<Replica>, Witness, Readers)> {
        world.start_github(name, Visibility::Private).await?;
        world.start_traefik().await?;
        world.start_berth().await?;
        world.set_up().await?;
        let token = world.api()?.post("/api/v1/tokens", &json!({"name": "replicas"})).await?;
        let bearer = format!("Bearer {}", token["token"].as_str().context("no token")?);
        let server = Server::of(world.folder())?;
        // The App's first webhook finds nobody: the first leader asks for it again.
        let slug = world.create_app().await?;
        let mut replicas = Vec::new();
        for (number, port) in ports.into_iter().enumerate() {
            let options = Options {
                data_dir: world.folder().join(format!("replica-{number}")),
                port,
                ..options(world, front)?
            };
            front.open(number, true);
            replicas.push(Replica::start(options, world, &server, &bearer).await?);
        }
        let witness = Witness::start(server.url(&server.folder)).await?;
        let clients: Vec<Client> = replicas.iter().map(|one| one.api.clone()).collect();
        let clients = clients.try_into().ok().context("another number of replicas")?;
        let readers = Readers::start(clients, name);
        let repository = world.install(&slug, name).await?;
        let production = NewRule {
            name: "Production",
            event: "push",
            refs: &["main"],
            environment: "production",
            host: "{{app}}.localhost",
        };
        world.add_rule(repository, production).await?;
        Ok((replicas, witness, readers))
    }

    /// `acme/<name>`.
    pub(super) fn repository(&self) -> String {
        format!("acme/{}", self.name)
    }

    /// How many requests each replica was sent through the front.
    pub(super) fn taken(&self) -> [usize; REPLICAS] {
        self.front.taken()
    }

    /// From here on every replica that can is expected to answer.
    pub(super) fn watch(&self) {
        for replica in 0..REPLICAS {
            self.readers.expect(replica, answers(self.crew.trouble_of(replica)));
        }
    }

    /// The replica with the lease, and the lease's epoch.
    async fn leader(&mut self) -> anyhow::Result<(usize, i64)> {
        until("a replica leads", LONG, async || {
            let (epoch, holder) = self.witness.leader().await?.context("nobody leads")?;
            if let Some(replica) = self.holders.get(&holder) {
                return Ok((*replica, epoch));
            }
            for (number, replica) in self.replicas.iter().enumerate() {
                if !answers(self.crew.trouble_of(number)) {
                    continue;
                }
                if replica.leads(&holder).await? {
                    self.holders.insert(holder, number);
                    return Ok((number, epoch));
                }
            }
            bail!("{holder} leads, and nobody says to be it")
        })
        .await
    }

    /// Does a deed, with what it takes to do it.
    pub(super) async fn act(&mut self, deed: Deed) -> anyhow::Result<()> {
        let leader = match deed {
            Deed::Hinder(..) => Some(self.leader().await?.0),
            Deed::Heal => None,
        };
        for act in self.crew.apply(deed, leader) {
            self.carry_out(act).await?;
        }
        Ok(())
    }

    /// Heals everybody.
    pub(super) async fn heal_all(&mut self) -> anyhow::Result<()> {
        for act in self.crew.heal_all() {
            self.carry_out(act).await?;
        }
        Ok(())
    }

    /// The leaders that were hindered, and forgets them.
    pub(super) fn take_losses(&mut self) -> Vec<Loss> {
        std::mem::take(&mut self.losses).into_iter().map(|(_, loss)| loss).collect()
    }

    async fn carry_out(&mut self, act: Act) -> anyhow::Result<()> {
        match act {
            Act::Hinder(who, trouble) => self.hinder(who, trouble).await,
            Act::Heal(who, trouble) => self.heal(who, trouble).await,
        }
    }

    async fn hinder(&mut self, who: usize, trouble: Trouble) -> anyhow::Result<()> {
        if let Some(epoch) = self.leads(who).await? {
            let what = format!("{trouble:?} of replica {who}");
            let at = self.witness.now().await?;
            self.losses.push((who, Loss { what, epoch, at }));
        }
        // Nobody may expect what is about to be hindered.
        if !answers(Some(trouble)) {
            self.front.open(who, false);
            self.readers.expect(who, false);
        }
        let replica = self.replicas.get_mut(who).context("no such replica")?;
        self.struck = Instant::now();
        match trouble {
            Trouble::Kill => replica.berth.kill().await?,
            Trouble::Stop => replica.signal("-STOP").await?,
            Trouble::CutPostgres => replica.postgres.cut(),
            Trouble::CutDocker => replica.docker.cut(),
        }
        Ok(())
    }

    /// The epoch that `who` leads in, if it leads.
    async fn leads(&mut self, who: usize) -> anyhow::Result<Option<i64>> {
        let Some((epoch, holder)) = self.witness.leader().await? else { return Ok(None) };
        let known = self.holders.get(&holder).copied();
        if known.is_some_and(|known| known != who) {
            return Ok(None);
        }
        let replica = self.replicas.get(who).context("no such replica")?;
        if known.is_none() && !replica.leads(&holder).await? {
            return Ok(None);
        }
        self.holders.insert(holder, who);
        Ok(Some(epoch))
    }

    async fn heal(&mut self, who: usize, trouble: Trouble) -> anyhow::Result<()> {
        let newest = self.losses.iter().rev().find(|(other, _)| *other == who);
        if let Some(epoch) = newest.map(|(_, loss)| loss.epoch) {
            // Past the lease: what comes too late, or never, is in the verdict.
            let replaced = async || match self.witness.leader().await? {
                Some((now, _)) if now > epoch => anyhow::Ok(()),
                other => bail!("{other:?} leads"),
            };
            drop(until("the leader is replaced", SUCCESSION, replaced).await);
        }
        let replica = self.replicas.get_mut(who).context("no such replica")?;
        match trouble {
            Trouble::Kill => replica.berth.restart().await?,
            Trouble::Stop => replica.signal("-CONT").await?,
            Trouble::CutPostgres => replica.postgres.mend(),
            Trouble::CutDocker => replica.docker.mend(),
        }
        let api = replica.api.clone();
        let what = format!("replica {who} answers again after {trouble:?}");
        until(&what, LONG, async || match api.read("/api/v1/status").await {
            Ok(status) if status["postgres"]["ok"] == true => anyhow::Ok(()),
            Ok(status) => bail!("{status}"),
            Err(err) => Err(err),
        })
        .await?;
        self.front.open(who, true);
        self.readers.expect(who, true);
        Ok(())
    }

    /// Ends it all. `keep` says whether the logs are kept, and gives where.
    pub(super) async fn close(mut self, keep: bool) -> (Option<PathBuf>, anyhow::Result<()>) {
        let mut outcome = self.heal_all().await;
        let kept = if keep { self.keep().ok() } else { None };
        for replica in &mut self.replicas {
            outcome = outcome.and(replica.berth.stop().await);
        }
        (kept, outcome.and(self.world.end().await))
    }

    /// Keeps the logs where the world's folder will be gone.
    fn keep(&self) -> anyhow::Result<PathBuf> {
        let folder = std::env::temp_dir().join(format!("berth-replicas-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        for (number, replica) in self.replicas.iter().enumerate() {
            std::fs::write(folder.join(format!("{number}.log")), replica.berth.log()?)?;
        }
        Ok(folder)
    }
}

impl Replica {
    /// Starts one with lines of its own, beside the world's Berth.
    async fn start(
        options: Options,
        world: &World,
        server: &Server,
        bearer: &str,
    ) -> anyhow::Result<Self> {
        // Postgres's own socket name, or nobody finds it.
        let lines = options.data_dir.join("lines");
        std::fs::create_dir_all(&lines)?;
        let postgres =
            Proxy::start(&lines.join(server.file()), &server.folder.join(server.file()))?;
        let docker = Proxy::start(&lines.join("docker.sock"), world.docker.socket()?.as_ref())?;
        let mut options = options;
        options.docker_host = format!("unix://{}", docker.path().display());
        options.env.push(("BERTH_DATABASE_URL".to_owned(), server.url(&lines)));
        let berth = Berth::start(options).await?;
        let api = Client::new(berth.url()).with_header("authorization", bearer);
        Ok(Self { berth, postgres, docker, api })
    }

    /// Whether it leads as `holder`: another may have led when that was read.
    async fn leads(&self, holder: &str) -> anyhow::Result<bool> {
        let leader = &self.api.read("/api/v1/status").await?["leader"];
        Ok(leader["is_me"] == true && leader["holder"] == holder)
    }

    async fn signal(&self, name: &str) -> anyhow::Result<()> {
        let pid = self.berth.pid().context("it has ended")?.to_string();
        ensure!(Command::new("kill").args([name, &pid]).status().await?.success());
        Ok(())
    }
}

/// What all replicas have in common.
fn options(world: &World, front: &Front) -> anyhow::Result<Options> {
    let set = |name: &str, value: String| (name.to_owned(), value);
    let key = world.folder().join("berth/secret.key").display().to_string();
    let traefik = world.traefik()?;
    Ok(Options {
        data_dir: PathBuf::new(),
        port: 0,
        docker_host: String::new(),
        github: world.github()?.base_url().to_owned(),
        router_port: traefik.port,
        public_network: traefik.network.clone(),
        env: vec![
            set("BERTH_SECRET_KEY_FILE", key),
            set("BERTH_LEASE_TTL", format!("{}s", LEASE.as_secs())),
            set("BERTH_PUBLIC_URL", front.url()),
        ],
    })
}

/// The Postgres of the world's own Berth.
#[derive(Debug)]
struct Server {
    folder: PathBuf,
    port: String,
}

impl Server {
    fn of(world: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(world.join("berth/postgres/data/postmaster.pid"))?;
        let line = |number| text.lines().nth(number).map(str::trim);
        let port = line(3).context("Postgres names no port")?.to_owned();
        let folder = line(4).context("Postgres names no socket")?.into();
        Ok(Self { folder, port })
    }

    /// The socket's name.
    fn file(&self) -> String {
        format!(".s.PGSQL.{}", self.port)
    }

    /// Its address, by a socket in `folder`.
    fn url(&self, folder: &Path) -> String {
        let host = folder.display().to_string().replace('/', "%2F");
        format!("postgres://berth@localhost:{}/berth?host={host}", self.port)
    }
}
