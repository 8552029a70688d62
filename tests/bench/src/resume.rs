//! Berth killed at each phase of a deployment, and how long its successor, once
//! it serves, takes to work on that deployment again.
//!
//! Nothing is caught by looking: a process dies by its own fail points. One is
//! killed as it commits a phase, the next as it has taken up the step after it,
//! and the time of the second death is the figure.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use berth_tests::berth::Berth;
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::LONG;
use serde_json::{Map, Value};
use tokio::time::{sleep, timeout};

use crate::figures::figure;

/// The phases to be killed at: after each there is a step to be taken up.
const PHASES: [&str; 7] =
    ["received", "fetched", "built", "rendered", "applied", "converged", "routed"];

/// The lease, which a process that was killed leaves behind: its successor has
/// to wait until it has run out.
const LEASE: &str = "2s";

/// Where a delivery has become a deployment, a step is taken up, a phase is done.
const JUDGED: &str = "inbox.deploy:after";
const TAKEN_UP: &str = "deployments.begin_step:after";
const DONE: &str = "deployments.advance:after";

/// Kills it.
pub(crate) fn run() -> anyhow::Result<Map<String, Value>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut seconds = Vec::new();
    runtime.block_on(Box::pin(scene(&[("BERTH_LEASE_TTL", LEASE)], async |scene| {
        let mut berth = scene.world.take_berth()?;
        let outcome = phases(scene, &mut berth).await;
        let stopped = berth.stop().await;
        seconds = outcome?;
        stopped
    })))?;
    for (phase, seconds) in PHASES.iter().zip(&seconds) {
        println!("  {phase:10} {seconds:.2} s");
    }
    let most = seconds.iter().copied().fold(0.0, f64::max);
    Ok(Map::from_iter([("max_s".to_owned(), figure(most))]))
}

async fn phases(scene: &Scene, berth: &mut Berth) -> anyhow::Result<Vec<f64>> {
    berth.stop().await?;
    up(berth, JUDGED).await?.context("Berth died before there was anything to judge")?;
    let sha = scene.push("Open the shop", &[("note.txt", "1\n")]).await?;
    death(berth).await?;
    let mut seconds = Vec::with_capacity(PHASES.len());
    for phase in PHASES {
        let taken = taken_up(berth).await;
        seconds.push(taken.with_context(|| format!("after it was {phase}"))?);
        up(berth, DONE).await?;
        death(berth).await.with_context(|| format!("the step after {phase}"))?;
    }
    // Nobody dies any more, and it has come to its right end.
    berth.restart().await?;
    let deployment = scene.world.deployed(&scene.name, &sha).await?;
    anyhow::ensure!(deployment["phase"] == "succeeded", "{deployment}");
    Ok(seconds)
}

/// Starts Berth to die as it takes a step up, and gives how long after it was up
/// that was.
async fn taken_up(berth: &mut Berth) -> anyhow::Result<f64> {
    let up = up(berth, TAKEN_UP).await?;
    let Some(up) = up else { return Ok(0.0) };
    death(berth).await?;
    Ok(up.elapsed().as_secs_f64())
}

/// Starts Berth to die at a point, and gives when it was up; none where it had
/// died by then.
async fn up(berth: &mut Berth, target: &str) -> anyhow::Result<Option<Instant>> {
    berth.launch(&[("BERTH_FAIL_POINT".to_owned(), target.to_owned())])?;
    let client = berth.client();
    let serves = async {
        loop {
            match client.get("/healthz").await {
                Ok(answer) if answer.status.is_success() => return Instant::now(),
                _ => sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let first = async {
        tokio::select! {
            at = serves => Ok(Some(at)),
            status = berth.ended() => killed(status?).map(|()| None),
        }
    };
    timeout(LONG, first).await.context("Berth does not serve")?
}

/// Waits until it has died, unless it has already.
async fn death(berth: &mut Berth) -> anyhow::Result<()> {
    let status = timeout(LONG, berth.ended()).await.context("Berth lives on")??;
    killed(status)
}

fn killed(status: ExitStatus) -> anyhow::Result<()> {
    use std::os::unix::process::ExitStatusExt as _;
    if status.signal() == Some(9) { Ok(()) } else { bail!("Berth ended by itself ({status})") }
}
