//! A person pauses the node, makes it active again, and is kept from draining the
//! only one there is.

use anyhow::{bail, ensure};
use berth_tests::http::Client;
use berth_tests::scene::scene;
use berth_tests::wait::{LONG, until};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

async fn become_so(api: &Client, path: &str, wanted: &str) -> anyhow::Result<Value> {
    let body = json!({"availability": wanted});
    api.json(Method::PUT, &format!("{path}/availability"), &body).await?;
    until(&format!("the node is {wanted}"), LONG, async || {
        let seen = api.read(path).await?;
        let (is, done) = (&seen["node"]["availability"], &seen["intent"]["done_at"]);
        if is == wanted && done.is_string() { Ok(seen) } else { bail!("{seen}") }
    })
    .await
}

#[tokio::test]
async fn the_only_node_is_paused_and_made_active_and_is_never_drained() {
    scene(&[], async |scene| {
        let deployment = scene.deploy("Open the shop", &[]).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        let api = scene.world.api()?;
        let cluster = api.read("/api/v1/cluster").await?;
        let node = &cluster["nodes"][0];
        ensure!(node["berth_leader"] == true && node["state"] == "ready", "{cluster}");
        let running = cluster["tasks_running"].as_i64().unwrap_or_default();
        ensure!(running > 0 && cluster["tasks_desired"] == running, "{cluster}");

        let path = format!("/api/v1/cluster/nodes/{}", node["id"].as_str().unwrap_or_default());
        let page = api.read(&path).await?;
        let tasks = page["load"]["tasks"].as_array().map(Vec::as_slice).unwrap_or_default();
        let ours = tasks.iter().filter(|task| task["stack"] == scene.name.as_str());
        ensure!(ours.clone().count() > 0, "{page}");
        ensure!(ours.clone().all(|task| task["fate"] == "waits"), "{page}");

        let body =
            Bytes::from(json!({"availability": "drain", "even_with_leader": true}).to_string());
        let head = [("content-type", "application/json")];
        let refused = api.send(Method::PUT, &format!("{path}/availability"), &head, body).await?;
        ensure!(refused.status == StatusCode::CONFLICT, "{}", refused.text());
        ensure!(refused.text().contains("No other node takes tasks"), "{}", refused.text());

        let paused = become_so(api, &path, "pause").await;
        let active = become_so(api, &path, "active").await?;
        let still = paused?["load"]["tasks"].as_array().map(Vec::len);
        ensure!(still == Some(tasks.len()), "a pause ends nothing: {active}");
        Ok(())
    })
    .await
    .unwrap();
}
