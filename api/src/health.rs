//! Whether everything that Berth stands on answers, asked at most once a second
//! however many want to know.

use std::time::Duration;

use berth_domain::chain;
use berth_domain::facts::NodeFacts;
use berth_store::leases::Lease;
use berth_swarm::Engine;
use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::state::Inner;

/// How long an answer is good for.
const FRESH: Duration = Duration::from_secs(1);

/// Who does not answer by then does not answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was found, or in words why not.
pub(crate) type Found<T> = Result<T, String>;

/// What Berth stands on.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) postgres: Found<()>,
    pub(crate) docker: Found<Engine>,
    pub(crate) lease: Found<Lease>,
    /// The nodes that the leader last saw away, and since when.
    pub(crate) lost_nodes: Vec<(NodeFacts, DateTime<Utc>)>,
}

impl Report {
    pub(crate) const fn is_ready(&self) -> bool {
        self.postgres.is_ok() && self.docker.is_ok() && self.lease.is_ok()
    }
}

/// The last report.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<Option<(Instant, Report)>>);

impl Health {
    /// How things are, or were less than a second ago.
    pub(crate) async fn report(&self, state: &Inner) -> Report {
        // Held while asking, so that one asks and the others wait for it.
        let mut last = self.0.lock().await;
        if let Some((at, report)) = &*last
            && at.elapsed() < FRESH
        {
            return report.clone();
        }
        let (postgres, docker, lease, lost_nodes) =
            tokio::join!(postgres(state), docker(state), lease(state), lost_nodes(state));
        let lease = if postgres.is_ok() { lease } else { Err("the database would know".into()) };
        let report = Report { postgres, docker, lease, lost_nodes };
        *last = Some((Instant::now(), report.clone()));
        report
    }
}

async fn postgres(state: &Inner) -> Found<()> {
    match timeout(PATIENCE, berth_store::ping(&state.pool)).await {
        Ok(Ok(())) => Ok(()),
        // The driver's words may name hosts and users.
        Ok(Err(err)) => Err(err.to_string()),
        Err(_) => Err(silence()),
    }
}

async fn docker(state: &Inner) -> Found<Engine> {
    let engine = match timeout(PATIENCE, state.docker.engine()).await {
        Ok(Ok(engine)) => engine,
        Ok(Err(err)) => return Err(chain(&err)),
        Err(_) => return Err(silence()),
    };
    if !engine.swarm_active {
        return Err("the engine is not part of a Swarm; run `docker swarm init`".to_owned());
    }
    if !engine.manager {
        return Err("the engine is not a manager of its Swarm, so it can't run stacks".to_owned());
    }
    if !engine.swarm_error.is_empty() {
        return Err(engine.swarm_error);
    }
    Ok(engine)
}

async fn lease(state: &Inner) -> Found<Lease> {
    match timeout(PATIENCE, berth_store::leases::current(&state.pool)).await {
        Ok(Ok(Some(lease))) if lease.live => Ok(lease),
        Ok(Ok(_)) => Err("no Berth leads at the moment".to_owned()),
        Ok(Err(err)) => Err(err.to_string()),
        Err(_) => Err(silence()),
    }
}

/// None where the database does not answer, which is trouble enough.
async fn lost_nodes(state: &Inner) -> Vec<(NodeFacts, DateTime<Utc>)> {
    let nodes = match timeout(PATIENCE, berth_store::nodes::list(&state.pool)).await {
        Ok(Ok(nodes)) => nodes,
        Ok(Err(_)) | Err(_) => Vec::new(),
    };
    nodes.into_iter().filter_map(|node| Some((node.facts, node.away_since?))).collect()
}

fn silence() -> String {
    format!("no answer in {} seconds", PATIENCE.as_secs())
}
