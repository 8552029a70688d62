//! Going back to a kept release, beside deploying anew: on the real Swarm, in turn,
//! between two releases that differ in an image that is there already.
//!
//! Both are asked for by one call, and the time is what the deployment itself says
//! that it took.

use anyhow::{Context as _, bail, ensure};
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::{LONG, until};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::figures::{figure, median, spread};

/// How often each is done.
const ROUNDS: usize = 5;

/// Goes back and forth.
pub(crate) fn run() -> anyhow::Result<Map<String, Value>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut back, mut anew) = (Vec::new(), Vec::new());
    runtime.block_on(Box::pin(scene(&[], async |scene| {
        let mut kept = Vec::new();
        for note in ["one\n", "two\n"] {
            let sha = scene.push("Change the note", &[("web/www/note.txt", note)]).await?;
            let made = scene.world.deployed(&scene.name, &sha).await?;
            ensure!(made["phase"] == "succeeded", "{made}");
            kept.push((sha, made["number"].clone()));
        }
        let [(first, number), (second, _)] = kept.as_slice() else { bail!("two releases") };
        for _ in 0..ROUNDS {
            // From the second release to the first, each time.
            back.push(took(scene, "rollback", &json!({ "number": number })).await?);
            took(scene, "deployments", &json!({ "sha": second })).await?;
            anew.push(took(scene, "deployments", &json!({ "sha": first })).await?);
            took(scene, "deployments", &json!({ "sha": second })).await?;
        }
        Ok(())
    })))?;
    println!(
        "  rollback {:.2} s ({}), redeploy {:.2} s ({})",
        median(&back),
        spread(&back),
        median(&anew),
        spread(&anew)
    );
    Ok(Map::from_iter([
        ("rollback_s".to_owned(), figure(median(&back))),
        ("redeploy_s".to_owned(), figure(median(&anew))),
        ("rollback_ratio".to_owned(), figure(median(&back) / median(&anew))),
    ]))
}

/// Asks for a deployment, and gives how many seconds it went on.
async fn took(scene: &Scene, what: &str, body: &Value) -> anyhow::Result<f64> {
    let stack = format!("/api/v1/stacks/{}", scene.name);
    let api = scene.world.api()?;
    let made = api.post(&format!("{stack}/{what}"), body).await?;
    let path = format!("{stack}/deployments/{}", made["number"]);
    let over = until("the deployment is over", LONG, async || {
        let now = api.read(&path).await?;
        if now["finished_at"].is_null() { bail!("{now}") } else { Ok(now) }
    })
    .await?;
    ensure!(over["phase"] == "succeeded", "{over}");
    let at = |field: &str| -> anyhow::Result<DateTime<Utc>> {
        Ok(over[field].as_str().context("a time")?.parse()?)
    };
    let span = at("finished_at")? - at("created_at")?;
    Ok(span.as_seconds_f64())
}
