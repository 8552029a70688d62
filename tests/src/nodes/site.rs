//! The Swarm of three managers, Berth on it as `deploy/berth.stack.yaml` says, a
//! GitHub beside it, and a person who has two stacks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use berth_github_sim::{Commit, GithubSim, NewRepository, Settings as SimSettings};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::{Instant, timeout};

use super::Images;
use super::front::Front;
use super::machine::{HERE, Machine, NODES, has_ipsec, lay_bridge, tidy};
use super::probe::Probe;
use crate::http::Client;
use crate::steps::step;
use crate::wait::until;
use crate::world::{NewRule, Settings, World, items};

/// Far longer than anything takes, a webhook that a node took with it included:
/// Berth asks for that one again within five minutes.
pub(super) const LIMIT: Duration = Duration::from_secs(420);

/// The stack with a task on each node, and the one with a single task.
pub(super) const MANY: Stack = Stack { branch: "main", environment: "production", replicas: 3 };
pub(super) const SINGLE: Stack = Stack { branch: "single", environment: "single", replicas: 1 };

/// The port of Traefik on each node.
const ROUTER: u16 = 80;

/// The service that is Berth.
pub(super) const BERTH: &str = "berth_berth";

/// A stack of the person's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stack {
    pub(super) branch: &'static str,
    environment: &'static str,
    replicas: usize,
}

impl Stack {
    pub(super) fn host(self) -> String {
        format!("{}.shop.test", self.environment)
    }

    /// Its compose file: a server that says of which commit it is, with what
    /// `docs/operations.md` asks of an app that is to outlive its nodes.
    fn compose(self) -> String {
        format!(
            r#"services:
  web:
    image: berth-demo/base:1
    command:
      - sh
      - -c
      - mkdir -p /www && echo "$$COMMIT at $$NODE" >/www/index.html && exec httpd -f -p 8080 -h /www
    environment:
      COMMIT: ${{BERTH_SHA}}
      NODE: "{{{{.Node.Hostname}}}}"
    stop_grace_period: 1s
    healthcheck:
      test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:8080/"]
      interval: 1s
      timeout: 3s
      retries: 5
    deploy:
      replicas: {}
      endpoint_mode: dnsrr
      placement: {{ preferences: [{{ spread: node.id }}] }}
      restart_policy: {{ condition: any, delay: 1s }}
      update_config: {{ order: start-first, monitor: 2s, failure_action: rollback }}
    x-berth:
      routes:
        - port: 8080
          check: /
          health: {{ path: /, interval: 1s, timeout: 1s }}
          retry: {{ attempts: 3, interval: 50ms }}
"#,
            self.replicas
        )
    }
}

/// All of it.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) machines: Vec<Machine>,
    pub(super) images: Images,
    world: World,
    front: Front,
    bearer: String,
    folder: PathBuf,
    pushes: usize,
    pub(super) probes: Vec<Probe>,
}

impl Site {
    /// Brings it all up.
    pub(super) async fn open(folder: PathBuf, images: Images) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        lay_bridge().await?;
        let machines = step("Start three engines", start_engines(&folder)).await?;
        step("Give them the images", load(&machines, &images.tar)).await?;
        step("Make them a Swarm of three managers", join(&machines)).await?;

        let nodes = machines.iter().map(|it| (it.address, ROUTER).into()).collect();
        let front = Front::start(HERE, nodes).await?;
        let sim = GithubSim::start(SimSettings {
            listen: (HERE, 0).into(),
            data: Some(folder.clone()),
            ..SimSettings::default()
        })
        .await?;
        sim.create_repository(NewRepository {
            owner: "acme".to_owned(),
            name: "shop".to_owned(),
            private: true,
            ..NewRepository::default()
        })
        .await?;
        let settings = Settings {
            name: "nodes".to_owned(),
            folder: folder.join("world"),
            ports: (0, 0, 0),
            env: Vec::new(),
            docker_host: None,
        };
        std::fs::create_dir_all(&settings.folder)?;
        let github = sim.base_url().to_owned();
        let world = World::beside(settings, sim);
        let mut site = Self {
            machines,
            images,
            world,
            front,
            bearer: String::new(),
            folder,
            pushes: 0,
            probes: Vec::new(),
        };
        step("Deploy Berth, Traefik and Postgres", site.deploy_berth(&github)).await?;
        step("Create an account, the App and two rules", site.onboard()).await?;
        Ok(site)
    }

    /// Where everybody reaches the site.
    pub(super) fn url(&self) -> String {
        format!("http://{HERE}:{}", self.front.port)
    }

    /// A client of Berth's API. It has no connection yet that leads to a node
    /// that is gone.
    pub(super) fn api(&self) -> Client {
        Client::new(self.url()).with_header("authorization", &self.bearer)
    }

    /// The GitHub beside it.
    pub(super) fn github(&self) -> anyhow::Result<&GithubSim> {
        self.world.github()
    }

    /// Reads of the API, whoever answers: the node that does not is passed over.
    pub(super) async fn read(&self, path: &str) -> anyhow::Result<Value> {
        timeout(Duration::from_secs(5), self.api().read(path)).await?
    }

    /// The node that is never lost: the database's files are on it.
    pub(super) fn keeper(&self) -> anyhow::Result<&Machine> {
        self.machines.first().context("there are no nodes")
    }

    pub(super) fn machine(&mut self, name: &str) -> anyhow::Result<&mut Machine> {
        self.machines.iter_mut().find(|it| it.name == name).context("there is no such node")
    }

    async fn deploy_berth(&self, github: &str) -> anyhow::Result<()> {
        let docker = &self.keeper()?.docker;
        docker.run(&["node", "update", "--label-add", "berth.postgres=true", "n1"]).await?;
        let password = uuid::Uuid::now_v7().simple().to_string();
        let key = format!("{0}{0}", uuid::Uuid::now_v7().simple());
        let url = format!("postgres://berth:{password}@postgres/berth");
        for (name, value) in [
            ("berth_secret_key", key),
            ("berth_postgres_password", password),
            ("berth_database_url", url),
        ] {
            let file = self.folder.join(name);
            std::fs::write(&file, value)?;
            docker.run(&["secret", "create", name, &file.display().to_string()]).await?;
            std::fs::remove_file(file)?;
        }
        let stack = self.folder.join("berth.stack.yaml");
        std::fs::write(&stack, stack_file().await?)?;
        let beside = self.folder.join("beside.yaml");
        std::fs::write(&beside, self.beside(github))?;
        let output = Command::new("docker")
            .args(["stack", "deploy", "--resolve-image", "never", "--compose-file"])
            .arg(stack)
            .arg("--compose-file")
            .arg(beside)
            .arg("berth")
            .env("DOCKER_HOST", &docker.host)
            .env("BERTH_IMAGE", &self.images.berth[0])
            .env("BERTH_HOST", HERE.to_string())
            .env("BERTH_SCHEME", "http")
            .env("POSTGRES_IMAGE", &self.images.postgres)
            .output()
            .await?;
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "docker stack deploy failed: {words}");
        until("Postgres is well", LIMIT, || self.runs("berth_postgres", 1)).await?;
        let berth = self.images.berth[0].as_str();
        let file = "/run/secrets/berth_database_url";
        let job = [
            "service",
            "create",
            "--name",
            "berth-migrate",
            "--mode",
            "replicated-job",
            "--detach",
            "--endpoint-mode",
            "dnsrr",
            "--no-resolve-image",
            "--network",
            "berth_data",
            "--secret",
            "berth_database_url",
            berth,
            "migrate",
            "--database-url-file",
            file,
        ];
        docker.run(&job).await?;
        until("Berth serves on each node", LIMIT, || self.runs(BERTH, NODES)).await?;
        docker.run(&["service", "rm", "berth-migrate"]).await?;
        let host = HERE.to_string();
        until("Berth answers at each node", LIMIT, || self.is_routed(&host, "/healthz")).await
    }

    /// What the stack file lacks for this machine and this GitHub.
    fn beside(&self, github: &str) -> String {
        let url = self.url();
        format!(
            r#"version: "3.8"
services:
  berth:
    environment:
      BERTH_PUBLIC_URL: {url}
      BERTH_GITHUB_URL: {github}
      BERTH_GITHUB_API_URL: {github}
      BERTH_PRUNE_AFTER: 5s
    deploy: {{ endpoint_mode: dnsrr }}
  traefik:
    deploy: {{ endpoint_mode: dnsrr }}
  postgres:
    deploy: {{ endpoint_mode: dnsrr }}
"#
        )
    }

    /// Whether the router of every node that has power leads to this host.
    pub(super) async fn is_routed(&self, host: &str, path: &str) -> anyhow::Result<()> {
        for machine in self.machines.iter().filter(|it| it.is_on()) {
            let client = Client::new(format!("http://{}", machine.address));
            let asked = timeout(Duration::from_secs(5), client.get_host(host, path));
            let answer = asked.await?.with_context(|| machine.name.clone())?;
            ensure!(answer.status.is_success(), "{}: {}", machine.name, answer.status);
        }
        Ok(())
    }

    /// Whether so many tasks of a service run well.
    pub(super) async fn runs(&self, service: &str, many: usize) -> anyhow::Result<()> {
        let args = ["service", "ls", "--format", "{{.Name}} {{.Replicas}}"];
        let list = self.keeper()?.docker.run(&args).await?;
        let wanted = format!("{many}/{many}");
        let found = list.lines().find_map(|line| line.strip_prefix(&format!("{service} ")));
        if found.is_some_and(|found| found.split(' ').next() == Some(&wanted)) {
            return Ok(());
        }
        bail!("{list}")
    }

    async fn onboard(&mut self) -> anyhow::Result<()> {
        let mut logs = String::new();
        for machine in &self.machines {
            logs.push_str(&machine.log(BERTH).await?);
        }
        let rest = logs.split("/setup?token=").nth(1).context("no setup link was printed")?;
        let letter = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
        let token: String = rest.chars().take_while(letter).collect();
        let client = Client::new(self.url());
        self.bearer = self.world.set_up_at(client, &token).await?;
        let slug = self.world.create_app().await?;
        let repository = self.world.install(&slug, "shop").await?;
        for stack in [MANY, SINGLE] {
            let rule = NewRule {
                name: stack.environment,
                event: "push",
                refs: &[stack.branch],
                environment: stack.environment,
                host: &stack.host(),
            };
            self.world.add_rule(repository, rule).await?;
        }
        let previews = NewRule {
            name: "previews",
            event: "pull_request",
            refs: &[],
            environment: "pr-{{number}}",
            host: "pr-{{number}}.shop.test",
        };
        self.world.add_rule(repository, previews).await?;
        until("every replica knows the App", LIMIT, || self.takes_webhooks()).await
    }

    /// Whether replicas in turn do more than say that they have no App yet: what
    /// one of them has read holds for half a second.
    async fn takes_webhooks(&self) -> anyhow::Result<()> {
        for _ in 0..2 * NODES {
            let client = Client::new(self.url());
            let asked = client.send(Method::POST, "/webhooks/github", &[], Bytes::new()).await?;
            ensure!(asked.status != StatusCode::SERVICE_UNAVAILABLE, "{}", asked.text());
        }
        Ok(())
    }

    /// Deploys both stacks, and begins to ask for them.
    pub(super) async fn begin(&mut self) -> anyhow::Result<()> {
        for stack in [MANY, SINGLE] {
            self.deploy(stack).await?;
            let host = stack.host();
            until("it answers at each node", LIMIT, || self.is_routed(&host, "/")).await?;
        }
        let front = self.url();
        let ask = |host: &str, path| Probe::start(&front, host, path);
        let here = HERE.to_string();
        self.probes =
            vec![ask(&MANY.host(), "/"), ask(&SINGLE.host(), "/"), ask(&here, "/healthz")];
        Ok(())
    }

    /// Pushes to a stack, and waits until it is deployed and served. Says how long
    /// that took.
    pub(super) async fn deploy(&mut self, stack: Stack) -> anyhow::Result<Duration> {
        self.pushes += 1;
        let begun = Instant::now();
        let note = format!("{}\n", self.pushes);
        let files = [("compose.yaml", stack.compose()), ("note.txt", note)];
        let commit = Commit::of(&format!("Push {}", self.pushes), files);
        let sha = self.world.github()?.push("acme/shop", stack.branch, commit).await?.after;
        let ended = until(&format!("{sha} is deployed"), LIMIT, async || {
            let name = self.name(stack).await?;
            let list = self.read(&format!("/api/v1/stacks/{name}/deployments")).await?;
            let of_it = items(&list).find(|it| it["commit"]["sha"] == sha.as_str());
            let over = of_it.filter(|it| !it["finished_at"].is_null());
            over.cloned().with_context(|| list.to_string())
        })
        .await?;
        ensure!(ended["phase"] == "succeeded", "the deployment did not succeed: {ended}");
        let host = stack.host();
        until(&format!("{host} serves {sha}"), LIMIT, async || {
            let client = Client::new(self.url());
            let answer = timeout(Duration::from_secs(5), client.get_host(&host, "/")).await??;
            let text = answer.text();
            ensure!(answer.status.is_success() && text.contains(&sha), "{} {text}", answer.status);
            Ok(())
        })
        .await?;
        Ok(begun.elapsed())
    }

    /// The stack's name, which Berth chose.
    pub(super) async fn name(&self, stack: Stack) -> anyhow::Result<String> {
        let list = self.read("/api/v1/stacks").await?;
        let its = items(&list).find(|it| it["environment"] == stack.environment);
        let name = its.and_then(|it| it["name"].as_str());
        name.map(str::to_owned).with_context(|| list.to_string())
    }

    /// The node with the Berth that leads: the one that took the lease last, by
    /// its own word.
    pub(super) async fn leader(&self) -> anyhow::Result<String> {
        let mut last = (0, String::new());
        for machine in self.machines.iter().filter(|it| it.is_on()) {
            for line in
                machine.log(BERTH).await?.lines().filter(|it| it.contains("leads from now on"))
            {
                let line: Value = serde_json::from_str(line)?;
                let epoch = line["epoch"].as_u64().context("a lease without an epoch")?;
                last = last.max((epoch, machine.name.clone()));
            }
        }
        ensure!(last.0 > 0, "nobody has led yet");
        Ok(last.1)
    }

    /// What Berth says of the nodes: those that are away.
    pub(super) async fn lost(&self) -> anyhow::Result<Vec<String>> {
        let status = self.read("/api/v1/status").await?;
        let lost = status["lost_nodes"].as_array().with_context(|| status.to_string())?;
        let name = |node: &Value| node["hostname"].as_str().unwrap_or_default().to_owned();
        Ok(lost.iter().map(name).collect())
    }

    /// Takes it all down. What went well leaves nothing behind.
    pub(super) async fn close(self, all: bool) -> anyhow::Result<()> {
        let Self { mut machines, world, front, probes, folder, .. } = self;
        drop(probes);
        for machine in &machines {
            if let Ok(text) = machine.log(BERTH).await {
                std::fs::write(folder.join(format!("berth-{}.log", machine.name)), text)?;
            }
        }
        for machine in &mut machines {
            machine.power_off().await?;
        }
        drop(front);
        tidy().await;
        world.end().await?;
        if all {
            std::fs::remove_dir_all(&folder)?;
        } else {
            for machine in &machines {
                std::fs::remove_dir_all(folder.join(&machine.name).join("data"))?;
            }
        }
        Ok(())
    }
}

async fn start_engines(folder: &Path) -> anyhow::Result<Vec<Machine>> {
    let mut machines = Vec::new();
    for number in 1..=NODES {
        machines.push(Machine::start(number, folder).await?);
    }
    Ok(machines)
}

async fn load(machines: &[Machine], tar: &Path) -> anyhow::Result<()> {
    for machine in machines {
        machine.docker.run(&["load", "--quiet", "--input", &tar.display().to_string()]).await?;
    }
    Ok(())
}

async fn join(machines: &[Machine]) -> anyhow::Result<()> {
    let [first, others @ ..] = machines else { bail!("there are no nodes") };
    let at = first.address.to_string();
    first.docker.run(&["swarm", "init", "--advertise-addr", &at]).await?;
    let token = first.docker.run(&["swarm", "join-token", "--quiet", "manager"]).await?;
    for other in others {
        let own = other.address.to_string();
        let args = ["swarm", "join", "--advertise-addr", &own, "--token", &token];
        other.docker.run(&[&args[..], &[&format!("{at}:2377")]].concat()).await?;
    }
    Ok(())
}

/// The stack file as it is shipped; on a kernel without `IPsec` less the encryption
/// of its network, which would carry nothing.
async fn stack_file() -> anyhow::Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/berth.stack.yaml");
    let text = std::fs::read_to_string(path)?;
    if has_ipsec().await {
        return Ok(text);
    }
    let line = "    driver_opts: { encrypted: \"\" }\n";
    ensure!(text.contains(line), "the stack file says otherwise how its network is encrypted");
    Ok(text.replace(line, ""))
}

/// A node as the cluster's page shows it.
pub(super) async fn node(site: &Site, name: &str) -> anyhow::Result<Value> {
    let cluster = site.read("/api/v1/cluster").await?;
    let nodes = cluster["nodes"].as_array();
    let node = nodes.into_iter().flatten().find(|node| node["hostname"] == name);
    node.cloned().with_context(|| cluster.to_string()).map_err(|err| err.context(json!(name)))
}
