//! A compose file of twenty services: parsed, checked and made a stack, again and
//! again in one thread; and by whole processes, `berth render` and
//! `docker stack config` in turn.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use berth_compose_templates::{Settings, Source, StackContext, Variables, load};
use berth_domain::ids::StackName;
use serde_json::{Map, Value};

use crate::figures::{figure, median, spread, thread_cpu_ms};

/// Services of the file.
const SERVICES: usize = 20;
/// Rounds in one thread, and files of each.
const ROUNDS: usize = 9;
const FILES: u32 = 500;
/// Pairs of processes; the first of a pair changes each time.
const PAIRS: usize = 31;

/// Runs both.
pub(crate) fn run() -> anyhow::Result<Map<String, Value>> {
    let text = compose();
    println!("  {SERVICES} services, {} lines, {} bytes", text.lines().count(), text.len());
    let per_second = in_one_thread(&text)?;
    println!("  files/s    {:.0} ({})", median(&per_second), spread(&per_second));
    let ratios = as_processes(&text)?;
    println!("  ratio      {:.1} ({})", median(&ratios), spread(&ratios));
    Ok(Map::from_iter([
        ("per_second".to_owned(), figure(median(&per_second))),
        ("ratio_cli".to_owned(), figure(median(&ratios))),
    ]))
}

/// A file as people write them, which both tools take.
fn compose() -> String {
    let mut text =
        "x-env: &env\n  LOG_LEVEL: ${LOG_LEVEL:-info}\n  TZ: Europe/Berlin\nservices:\n".to_owned();
    for index in 0..SERVICES {
        let port = 8000 + index;
        // Writing to a text can't fail.
        _ = write!(
            text,
            r#"  service-{index}:
    image: registry.example.com/team/service-{index}:${{TAG:-1.4.{index}}}
    command: ["serve", "--port", "{port}"]
    environment:
      <<: *env
      PORT: {port}
      DATABASE_URL: postgres://app:${{DB_PASSWORD:-secret}}@db-{index}:5432/app
      FEATURES: "a,b,c"
    healthcheck:
      test: ["CMD", "wget", "-qO-", "http://127.0.0.1:{port}/healthz"]
      interval: 10s
      timeout: 3s
      retries: 5
      start_period: 20s
    networks: [front, back]
    volumes:
      - data-{index}:/var/lib/app
      - type: tmpfs
        target: /tmp
    ports:
      - target: {port}
        published: {port}
        mode: host
    labels:
      team: "team-{index}"
    deploy:
      replicas: 2
      labels:
        traefik.enable: "true"
        traefik.http.routers.service-{index}.rule: Host(`service-{index}.example.com`)
      update_config:
        parallelism: 1
        order: start-first
        failure_action: rollback
        monitor: 10s
      restart_policy:
        condition: on-failure
        delay: 5s
      resources:
        limits: {{cpus: "0.50", memory: 256M}}
        reservations: {{memory: 64M}}
      placement:
        constraints: ["node.role == worker"]
"#
        );
    }
    text.push_str("networks:\n  front: {}\n  back: {internal: true}\nvolumes:\n");
    for index in 0..SERVICES {
        _ = writeln!(text, "  data-{index}: {{}}");
    }
    text
}

/// Where the stack would be deployed.
pub(crate) fn context() -> anyhow::Result<StackContext> {
    Ok(StackContext {
        stack: StackName::parse("bench").context("a name")?,
        images: BTreeMap::new(),
        public_network: None,
        entrypoints: Vec::new(),
        tls_entrypoints: Vec::new(),
        bind_root: None,
        restrictions: None,
    })
}

fn beside(_: &str) -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::NotFound.into())
}

/// Files a second of CPU time of this one thread, round by round, after one that
/// does not count.
fn in_one_thread(text: &str) -> anyhow::Result<Vec<f64>> {
    let sources = [Source { path: "compose.yaml".to_owned(), text: text.to_owned() }];
    let settings = Settings::default();
    let context = context()?;
    let mut all = Vec::with_capacity(ROUNDS);
    for round in 0..=ROUNDS {
        let before = thread_cpu_ms()?;
        for _ in 0..FILES {
            let stack = load(black_box(&sources), &beside, &Variables::new(), &settings)
                .and_then(|loaded| loaded.to_stack(&context));
            match black_box(stack) {
                Ok((spec, _)) => ensure!(spec.services.len() == SERVICES),
                Err(wrong) => bail!("the file is refused: {wrong:?}"),
            }
        }
        let seconds = (thread_cpu_ms()? - before) / 1e3;
        if round > 0 {
            all.push(f64::from(FILES) / seconds);
        }
    }
    Ok(all)
}

/// Docker's time by Berth's, pair by pair.
fn as_processes(text: &str) -> anyhow::Result<Vec<f64>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("compose.yaml");
    std::fs::write(&file, text)?;
    let berth = berth_tests::berth::program()?;
    let mut ratios = Vec::with_capacity(PAIRS);
    for pair in 0..PAIRS {
        let ours = || {
            let mut command = Command::new(&berth);
            command.args(["render", "--compat", "stack", "-c"]).arg(&file).arg("bench");
            timed(command, folder.path())
        };
        let theirs = || {
            let mut command = Command::new("docker");
            command.args(["stack", "config", "-c"]).arg(&file);
            timed(command, folder.path())
        };
        let (ours, theirs) = if pair % 2 == 0 {
            let ours = ours()?;
            (ours, theirs()?)
        } else {
            let theirs = theirs()?;
            (ours()?, theirs)
        };
        ratios.push(theirs / ours);
    }
    Ok(ratios)
}

/// Seconds of a whole process that prints the file as it understood it.
fn timed(mut command: Command, folder: &Path) -> anyhow::Result<f64> {
    command.current_dir(folder);
    let start = Instant::now();
    let output = command.output()?;
    let seconds = start.elapsed().as_secs_f64();
    let printed = String::from_utf8_lossy(&output.stdout);
    let last = format!("service-{}:1.4.{0}", SERVICES - 1);
    if !output.status.success() || !printed.contains(&last) {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(seconds)
}
