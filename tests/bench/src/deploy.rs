//! A stack of five services, from nothing and with a changed image, deployed by
//! `berth stack deploy` and by `docker stack deploy --detach=false` in turn.
//! Both wait for the monitor window that the file states.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::{Map, Value};

use crate::figures::{figure, median, spread};

/// Pairs of deploys; the first of a pair changes each time.
const PAIRS: usize = 7;
const IMAGES: [&str; 2] = ["berth-bench/app:1", "berth-bench/app:2"];
const BASE: &str = "berth-demo/base:1";

/// Who deploys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Berth,
    Docker,
}

/// Runs the pairs.
pub(crate) fn run() -> anyhow::Result<Map<String, Value>> {
    let folder = tempfile::tempdir()?;
    let outcome = pairs(folder.path());
    for image in IMAGES {
        let removed = docker(&["image", "rm", image]);
        if outcome.is_ok() {
            removed?;
        }
    }
    let Times { new, changed } = outcome?;
    println!("  ratio from nothing {:.3} ({})", median(&new), spread(&new));
    println!("  ratio changed      {:.3} ({})", median(&changed), spread(&changed));
    Ok(Map::from_iter([
        ("ratio_new".to_owned(), figure(median(&new))),
        ("ratio_changed".to_owned(), figure(median(&changed))),
    ]))
}

/// Berth's time by Docker's, of each pair.
#[derive(Debug, Default)]
struct Times {
    new: Vec<f64>,
    changed: Vec<f64>,
}

fn pairs(folder: &Path) -> anyhow::Result<Times> {
    for (index, image) in IMAGES.iter().enumerate() {
        variant(image, index)?;
        std::fs::write(folder.join(format!("{index}.yaml")), compose(image))?;
    }
    let mut ratios = Times::default();
    for pair in 0..PAIRS {
        let order =
            if pair % 2 == 0 { [Tool::Berth, Tool::Docker] } else { [Tool::Docker, Tool::Berth] };
        let mut times = [[0.0; 2]; 2];
        for tool in order {
            let stack = format!("berth-bench-{pair}-{}", tool.word());
            let slot = usize::from(tool == Tool::Docker);
            let taken = both(tool, folder, &stack);
            remove(&stack)?;
            [times[0][slot], times[1][slot]] = taken?;
        }
        let [[berth_new, docker_new], [berth_changed, docker_changed]] = times;
        println!(
            "  pair {}: from nothing {berth_new:.2} s and {docker_new:.2} s, changed {berth_changed:.2} s and {docker_changed:.2} s (berth and docker)",
            pair + 1,
        );
        ratios.new.push(berth_new / docker_new);
        ratios.changed.push(berth_changed / docker_changed);
    }
    Ok(ratios)
}

/// Seconds from nothing, and with a changed image.
fn both(tool: Tool, folder: &Path, stack: &str) -> anyhow::Result<[f64; 2]> {
    Ok([deploy(tool, &folder.join("0.yaml"), stack)?, deploy(tool, &folder.join("1.yaml"), stack)?])
}

/// Five services that start at once and stop at once.
fn compose(image: &str) -> String {
    let service = |name: &str| {
        format!(
            "  {name}:\n    image: {image}\n    command: [\"sh\", \"-c\", \"trap 'exit 0' TERM; while true; do sleep 1 & wait; done\"]\n    stop_grace_period: 1s\n    deploy:\n      endpoint_mode: dnsrr\n      update_config: {{ parallelism: 1, order: start-first, monitor: 1s }}\n"
        )
    };
    let services: String = ["web", "api", "worker", "cache", "store"].map(service).concat();
    format!("version: \"3.9\"\nservices:\n{services}")
}

/// An image that differs from its base in a label only.
fn variant(image: &str, index: usize) -> anyhow::Result<()> {
    let container = docker(&["create", BASE, "true"])?;
    let change = format!("LABEL variant={index}");
    docker(&["commit", "--change", &change, &container, image])?;
    docker(&["rm", &container])?;
    Ok(())
}

fn deploy(tool: Tool, file: &Path, stack: &str) -> anyhow::Result<f64> {
    let mut command = match tool {
        Tool::Berth => Command::new(berth_tests::berth::program()?),
        Tool::Docker => Command::new("docker"),
    };
    command.args(["stack", "deploy", "--detach=false", "--resolve-image", "never", "-c"]);
    command.arg(file).arg(stack);
    let start = Instant::now();
    let output = command.output()?;
    let seconds = start.elapsed().as_secs_f64();
    if !output.status.success() {
        bail!("{tool:?} could not deploy: {}", String::from_utf8_lossy(&output.stderr));
    }
    // A figure for a deploy that is none would be worth nothing.
    // Its former tasks may still be on their way out, so tasks are counted.
    let filter = ["--filter", "desired-state=running", "--format", "{{.Image}} {{.CurrentState}}"];
    let running = docker(&[&["stack", "ps", stack], filter.as_slice()].concat())?;
    let image = if file.ends_with("0.yaml") { IMAGES[0] } else { IMAGES[1] };
    let wanted = format!("{image} Running");
    if running.lines().filter(|line| line.starts_with(&wanted)).count() != 5 {
        bail!("{tool:?} said that {stack} is deployed, and it runs {running:?}");
    }
    Ok(seconds)
}

fn remove(stack: &str) -> anyhow::Result<()> {
    docker(&["stack", "rm", stack])?;
    let filter = format!("label=com.docker.stack.namespace={stack}");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !docker(&["ps", "--all", "--quiet", "--filter", &filter])?.is_empty()
        || !docker(&["network", "ls", "--quiet", "--filter", &filter])?.is_empty()
    {
        if Instant::now() > deadline {
            bail!("{stack} does not go away");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn docker(args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("docker").args(args).output()?;
    if !output.status.success() {
        bail!("docker {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Tool {
    const fn word(self) -> &'static str {
        match self {
            Self::Berth => "berth",
            Self::Docker => "docker",
        }
    }
}
