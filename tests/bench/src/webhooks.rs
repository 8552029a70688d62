//! Signed deliveries over 64 connections, and in the same run the rate at which
//! pgbench commits one-row inserts of the same row over 64 connections.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use berth_domain::ids::{InstallationId, RepositoryId, RuleId};
use berth_domain::policy::Policy;
use berth_domain::registry::OnRegistryFailure;
use berth_domain::rule::{EventKind, Rule};
use berth_domain::turn::Pace;
use berth_store::github_apps::{GithubApp, PublicApp};
use berth_store::installations::{self, Installation};
use berth_store::repositories::{self, Repository};
use berth_store::rules;
use berth_tests::berth::{Berth, Options};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::database::{self, psql};
use crate::figures::{figure, median, quantile, rss_mib, spread};

const DATABASE: &str = "berth_bench_webhooks";
const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
const SECONDS: u64 = 6;
const SECRET: &str = "a webhook secret of the benchmark";
const APP: i64 = 4242;

/// Runs the rounds.
pub(crate) fn run() -> anyhow::Result<Map<String, Value>> {
    // One thread: the load must cost as little of the two sides as it can.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure())
}

async fn measure() -> anyhow::Result<Map<String, Value>> {
    let url = database::fresh(DATABASE)?;
    let folder = tempfile::tempdir()?;
    let mut berth = start(folder.path(), &url).await?;
    let pid = berth.pid().context("Berth has ended")?;
    install(folder.path(), &url).await?;
    psql(&url, "create table bench_delivery (like delivery including all)")?;
    let body = payload();

    tokio::time::sleep(Duration::from_secs(3)).await;
    let idle = rss_mib(pid)?;
    // A round that does not count: caches, connections, file system.
    drop(load(&berth, &body, Duration::from_secs(2)).await?);

    let mut rounds = Vec::with_capacity(ROUNDS);
    for number in 1..=ROUNDS {
        let Load { rate, times, rss } = load(&berth, &body, Duration::from_secs(SECONDS)).await?;
        let emptied = settle(&url)?;
        let inserts = pgbench(folder.path(), &url, &body)?;
        let round = Round {
            rate,
            inserts,
            ratio: rate / inserts,
            p50: median(&times),
            p99: quantile(&times, 0.99),
            rss,
        };
        println!(
            "  round {number}: {rate:.0} deliveries/s, {inserts:.0} inserts/s by pgbench: {:.3}; p50 {:.1} ms, p99 {:.1} ms, {rss:.1} MiB; all judged {emptied:.1} s after the last",
            round.ratio, round.p50, round.p99,
        );
        rounds.push(round);
    }
    let after = rss_mib(pid)?;
    let stored = psql(&url, "select count(*) from delivery")?;
    berth.stop().await?;
    database::drop(DATABASE)?;
    println!("  {stored} deliveries were stored, each answered with 202");
    println!("  {idle:.1} MiB before any, {after:.1} MiB after all of them");
    let of = |what: fn(&Round) -> f64| rounds.iter().map(what).collect::<Vec<_>>();
    let ratios = of(|it| it.ratio);
    println!("  ratio {:.3} ({})", median(&ratios), spread(&ratios));
    Ok(Map::from_iter([
        ("rps".to_owned(), figure(median(&of(|it| it.rate)))),
        ("pgbench_tps".to_owned(), figure(median(&of(|it| it.inserts)))),
        ("ratio".to_owned(), figure(median(&ratios))),
        ("p50_ms".to_owned(), figure(median(&of(|it| it.p50)))),
        ("p99_ms".to_owned(), figure(median(&of(|it| it.p99)))),
        // The most that any round saw: a limit that is kept only mostly is none.
        ("rss_load_mib".to_owned(), figure(quantile(&of(|it| it.rss), 1.0))),
        ("rss_idle_mib".to_owned(), figure(idle)),
    ]))
}

/// What one round came to.
#[derive(Debug)]
struct Round {
    rate: f64,
    inserts: f64,
    ratio: f64,
    p50: f64,
    p99: f64,
    rss: f64,
}

/// What a load came to: deliveries a second, each answer's milliseconds, and
/// the most memory that was seen.
#[derive(Debug)]
struct Load {
    rate: f64,
    times: Vec<f64>,
    rss: f64,
}

async fn start(folder: &Path, url: &str) -> anyhow::Result<Berth> {
    let port = berth_tests::traefik::free_port(0)?;
    let migrated = Command::new(berth_tests::berth::program()?)
        .arg("migrate")
        .env("BERTH_DATABASE_URL", url)
        .stdout(Stdio::null())
        .status()?;
    if !migrated.success() {
        bail!("berth migrate failed");
    }
    Berth::start(Options {
        data_dir: folder.join("data"),
        port,
        docker_host: berth_tests::docker::Docker::from_env().host,
        github: "http://127.0.0.1:9".to_owned(),
        router_port: 9,
        public_network: "berth-public".to_owned(),
        env: vec![("BERTH_DATABASE_URL".to_owned(), url.to_owned())],
    })
    .await
}

/// Writes a GitHub App with a secret that we know, sealed as Berth seals it, and
/// a repository with a rule for another branch than the one that is pushed to.
async fn install(folder: &Path, url: &str) -> anyhow::Result<()> {
    let key = std::fs::read_to_string(folder.join("data/secret.key"))?;
    let key = berth_store::seal::SealKey::parse(&key.into())?;
    let pool = berth_store::connect(
        &url.to_owned().into(),
        &berth_store::PoolSettings { max_connections: 1, acquire_timeout: Duration::from_secs(5) },
    )
    .await?;
    berth_store::github_apps::put(
        &pool,
        &key,
        &GithubApp {
            public: PublicApp {
                app_id: APP,
                slug: "berth-bench".to_owned(),
                name: "Berth bench".to_owned(),
                owner_login: "acme".to_owned(),
                html_url: "http://127.0.0.1:9/apps/berth-bench".to_owned(),
                client_id: "Iv1.bench".to_owned(),
            },
            client_secret: "unused".to_owned().into(),
            webhook_secret: SECRET.to_owned().into(),
            private_key: "unused".to_owned().into(),
        },
    )
    .await?;
    let installation = Installation {
        id: InstallationId(3),
        account_id: 2,
        account_login: "acme".to_owned(),
        account_kind: "Organization".to_owned(),
        repository_selection: "all".to_owned(),
        permissions: json!({"contents": "read"}),
        suspended_at: None,
    };
    installations::put(&pool, &installation).await?;
    let repository = Repository {
        id: RepositoryId(1),
        installation: installation.id,
        owner: "acme".to_owned(),
        name: "shop".to_owned(),
        default_branch: "main".to_owned(),
        private: true,
        removed: false,
    };
    repositories::put(&mut *pool.acquire().await?, &repository).await?;
    let rule = Rule {
        id: RuleId::fresh(),
        repository: repository.id,
        name: "production".to_owned(),
        event: EventKind::Push,
        refs: vec!["release/*".to_owned()],
        paths: Vec::new(),
        environment: "production".to_owned(),
        compose_file: "compose.yaml".to_owned(),
        host: "{{app}}.localhost".to_owned(),
        policy: Policy::Trusted,
        on_registry_failure: OnRegistryFailure::default(),
        pace: Pace::default(),
        enabled: true,
    };
    rules::create(&pool, &rule, 1).await?;
    pool.close().await;
    Ok(())
}

/// A push as GitHub sends it, about 7 KB. It is to a branch that no rule of its
/// repository is about: the inbox judges it, stores why nothing comes of it, and
/// nothing else uses the machine.
fn payload() -> String {
    let commit = |n: usize| {
        json!({
            "id": format!("{n:040x}"), "tree_id": format!("{:040x}", n * 7),
            "message": format!("Change number {n}: tidy the harbour and count the crates"),
            "timestamp": "2026-11-21T09:00:00Z", "distinct": true,
            "author": {"name": "Mira", "email": "mira@acme.test", "username": "mira"},
            "added": [format!("src/added_{n}.rs")], "removed": [], "modified": ["README.md"],
        })
    };
    json!({
        "ref": "refs/heads/main", "before": "0".repeat(40), "after": format!("{:040x}", 17),
        "repository": {"id": 1, "name": "shop", "full_name": "acme/shop", "private": true,
            "owner": {"id": 2, "login": "acme"}, "default_branch": "main"},
        "installation": {"id": 3}, "sender": {"id": 4, "login": "mira"},
        "commits": (0..17).map(commit).collect::<Vec<_>>(), "head_commit": commit(17),
    })
    .to_string()
}

/// Posts as fast as answers come.
async fn load(berth: &Berth, body: &str, length: Duration) -> anyhow::Result<Load> {
    let address = berth.url().trim_start_matches("http://").to_owned();
    let signature = berth_github_app::signature::sign(SECRET.as_bytes(), body.as_bytes());
    let pid = berth.pid().context("Berth has ended")?;
    let end = Instant::now() + length;
    let mut posters = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (address, body, signature) = (address.clone(), body.to_owned(), signature.clone());
        posters.spawn(async move { post(&address, &body, &signature, end).await });
    }
    let mut most = 0.0_f64;
    let mut times = Vec::new();
    let start = Instant::now();
    let mut watch = tokio::time::interval(Duration::from_millis(200));
    loop {
        tokio::select! {
            _ = watch.tick() => most = most.max(rss_mib(pid)?),
            done = posters.join_next() => match done {
                Some(mine) => times.append(&mut mine??),
                None => break,
            },
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    Ok(Load { rate, times, rss: most })
}

async fn post(
    address: &str,
    body: &str,
    signature: &str,
    end: Instant,
) -> anyhow::Result<Vec<f64>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut times = Vec::new();
    let mut answer = vec![0; 4096];
    while Instant::now() < end {
        let request = format!(
            "POST /webhooks/github HTTP/1.1\r\nhost: {address}\r\nuser-agent: GitHub-Hookshot/bench\r\ncontent-type: application/json\r\nx-github-event: push\r\nx-github-delivery: {}\r\nx-github-hook-installation-target-id: {APP}\r\nx-github-hook-installation-target-type: integration\r\nx-hub-signature-256: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
            uuid::Uuid::now_v7(),
            body.len(),
        );
        let sent = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let mut length = 0;
        while !complete(answer.get(..length).unwrap_or_default()) {
            let room = answer.get_mut(length..).context("the answer is too long")?;
            let read = stream.read(room).await?;
            if read == 0 {
                bail!("the connection was closed");
            }
            length += read;
        }
        times.push(sent.elapsed().as_secs_f64() * 1000.0);
        if !answer.starts_with(b"HTTP/1.1 202") {
            bail!(
                "not accepted: {}",
                String::from_utf8_lossy(answer.get(..length).unwrap_or_default())
            );
        }
    }
    Ok(times)
}

/// Whether an answer is here to its end, by its own content length.
fn complete(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .unwrap_or(0);
    body.len() >= length
}

/// Waits until the inbox is empty, so that pgbench has the machine to itself;
/// says how many seconds that took.
fn settle(url: &str) -> anyhow::Result<f64> {
    let start = Instant::now();
    while psql(url, "select exists (select from delivery where processed_at is null)")? == "t" {
        if start.elapsed() > Duration::from_secs(300) {
            bail!("the inbox does not empty");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(start.elapsed().as_secs_f64())
}

/// Commits of one-row inserts a second. The body is sent along with each, as
/// any client would have to.
fn pgbench(folder: &Path, url: &str, body: &str) -> anyhow::Result<f64> {
    let script = folder.join("insert.sql");
    std::fs::write(
        &script,
        "insert into bench_delivery (delivery_id, event, body)
         values (gen_random_uuid()::text, 'push', convert_to(:body::text, 'UTF8'));\n",
    )?;
    let output = Command::new(database::tool("pgbench"))
        .args(["-n", "-M", "prepared", "-c", "64", "-j", "2", "-T", &SECONDS.to_string()])
        .args(["-D", &format!("body={body}"), "-f"])
        .arg(&script)
        .arg(url)
        .output()
        .context("failed to run pgbench")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
        .with_context(|| format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)))?;
    let size = psql(url, "select octet_length(body) from bench_delivery limit 1")?;
    if size != body.len().to_string() {
        bail!("pgbench inserted bodies of {size} bytes, not of {}", body.len());
    }
    Ok(rate)
}
