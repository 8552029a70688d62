//! `berth executor`: what acts on one node. It tells Berth what is there of its
//! own, is told what to remove, and listens to nothing. `docs/adr/0020` says why.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use berth_api::types::{
    ItemKind, NodeContainer, NodeFailure, NodeImage, NodeItem, NodeReport, NodeVolume, NodeWork,
};
use berth_domain::chain;
use berth_domain::ids::StackName;
use berth_domain::node::{self, Item};
use berth_swarm::{Node, NodeName};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};
use url::Url;
use uuid::Uuid;

use crate::config::{DockerArgs, duration};

/// The longest that a report may take, answer included.
const PATIENCE: Duration = Duration::from_secs(60);

/// No answer of Berth's is near as large.
const ANSWER_MAX: usize = 8 << 20;

/// Settings of `berth executor`. Berth makes its service, and gives it these.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ExecutorArgs {
    #[command(flatten)]
    pub(crate) docker: DockerArgs,

    /// Where Berth is.
    #[arg(long, env = "BERTH_EXECUTOR_SERVER", value_name = "URL")]
    pub(crate) server: Url,

    /// Whose things may be touched: Berth's id.
    #[arg(long, env = "BERTH_EXECUTOR_INSTANCE", value_name = "ID")]
    pub(crate) instance: Uuid,

    /// A file with the token to show.
    #[arg(long, env = "BERTH_EXECUTOR_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: PathBuf,

    /// How often to report.
    #[arg(long, env = "BERTH_EXECUTOR_EVERY", default_value = "30s", value_parser = duration, value_name = "DURATION")]
    pub(crate) every: Duration,
}

type Https = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The way to Berth.
struct Berth {
    client: Https,
    server: Url,
    token: SecretString,
}

/// Reports and removes until it is told to end.
pub(crate) async fn run(args: ExecutorArgs) -> anyhow::Result<ExitCode> {
    let token = std::fs::read_to_string(&args.token_file)
        .with_context(|| format!("failed to read {}", args.token_file.display()))?;
    let node = Node::new(&args.docker.docker_host.parse()?, &args.instance.to_string());
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let tls = match HttpsConnectorBuilder::new().with_provider_and_native_roots(provider) {
        Ok(tls) => tls,
        // Without TLS there is nobody to trust.
        Err(_) if args.server.scheme() == "http" => {
            HttpsConnectorBuilder::new().with_tls_config(trusting_nobody()?)
        }
        Err(error) => return Err(error).context("there are no certificates to trust"),
    };
    let connector = tls.https_or_http().enable_http1().build();
    let berth = Berth {
        client: Client::builder(TokioExecutor::new()).build(connector),
        server: args.server,
        token: token.trim().to_owned().into(),
    };
    info!("reports to {} every {:?}", berth.server, args.every);
    let mut terminate = signal(SignalKind::terminate())?;
    let stopped = async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    };
    tokio::select! {
        () = stopped => {}
        () = work(&node, &berth, args.every) => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn trusting_nobody() -> anyhow::Result<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?;
    Ok(versions.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

async fn work(node: &Node, berth: &Berth, every: Duration) {
    let mut failures = Vec::new();
    loop {
        // What was removed is told at once, and only that: what can't be removed
        // is not tried again without a rest.
        let removed = match round(node, berth, &mut failures).await {
            Ok(removed) => removed,
            Err(error) => {
                warn!("could not report: {error:#}");
                0
            }
        };
        if removed == 0 {
            sleep(every).await;
        }
    }
}

/// One report and what it leads to. Says how much was removed.
async fn round(
    node: &Node,
    berth: &Berth,
    failures: &mut Vec<NodeFailure>,
) -> anyhow::Result<usize> {
    let name = node.name().await?.context("this node is in no Swarm")?;
    let report = message(&name, node.report().await?, failures.clone());
    let work = berth.report(&name.id, &report).await?;
    failures.clear();
    let mut removed = 0;
    for told in work.items {
        let Some(item) = read(&told) else {
            warn!("was told to remove something that has no stack: {told:?}");
            continue;
        };
        match node.remove(&item).await {
            Ok(()) => {
                info!(stack.name = item.stack().map(StackName::as_str), "removed: {item}");
                removed += 1;
            }
            Err(error) => {
                let why = chain(&error);
                warn!("could not remove: {item}: {why}");
                failures.push(NodeFailure { item: told, why });
            }
        }
    }
    Ok(removed)
}

impl Berth {
    async fn report(&self, node: &str, report: &NodeReport) -> anyhow::Result<NodeWork> {
        let mut url = self.server.clone();
        url.path_segments_mut()
            .map_err(|()| anyhow::anyhow!("{} can't be asked", self.server))?
            .pop_if_empty()
            .extend(["api", "v1", "nodes", node, "report"]);
        let request = Request::builder()
            .method(Method::POST)
            .uri(url.as_str())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token.expose_secret()))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(serde_json::to_vec(report)?)))?;
        let asked = async {
            let answer = self.client.request(request).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
            let bytes = body.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
            anyhow::Ok((status, bytes))
        };
        let (status, bytes) = timeout(PATIENCE, asked).await.context("Berth does not answer")??;
        if status != StatusCode::OK {
            bail!("Berth answers {status}: {}", String::from_utf8_lossy(&bytes));
        }
        serde_json::from_slice(&bytes).context("Berth answers something else")
    }
}

/// What is there, as the wire has it.
fn message(name: &NodeName, report: node::NodeReport, failures: Vec<NodeFailure>) -> NodeReport {
    let node::NodeReport { volumes, containers, images } = report;
    NodeReport {
        hostname: name.hostname.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        volumes: volumes
            .into_iter()
            .map(|it| NodeVolume { name: it.name, stack: it.stack.into() })
            .collect(),
        containers: containers
            .into_iter()
            .map(|it| NodeContainer { id: it.id, stack: it.stack.into(), service: it.service })
            .collect(),
        images: images
            .into_iter()
            .map(|it| NodeImage { name: it.name, stack: it.stack.map(Into::into), keys: it.keys })
            .collect(),
        failures,
    }
}

/// What is to be removed, where it can be meant.
fn read(told: &NodeItem) -> Option<Item> {
    let stack = told.stack.as_deref().map(StackName::parse).transpose().ok()?;
    let name = told.name.clone();
    Some(match told.kind {
        ItemKind::Volume => Item::Volume { name, stack: stack? },
        ItemKind::Container => Item::Container { id: name, stack: stack? },
        ItemKind::Image => Item::Image { name, stack },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_stack_is_removed_only_where_it_is_an_image() {
        let told = |kind, stack: Option<&str>| {
            read(&NodeItem { kind, name: "x".to_owned(), stack: stack.map(str::to_owned) })
        };
        assert!(told(ItemKind::Volume, Some("shop")).is_some());
        assert!(told(ItemKind::Image, None).is_some());
        for kind in [ItemKind::Volume, ItemKind::Container] {
            assert_eq!(told(kind, None), None);
            assert_eq!(told(kind, Some("../shop")), None);
        }
        assert_eq!(told(ItemKind::Image, Some("Shop!")), None);
    }
}
