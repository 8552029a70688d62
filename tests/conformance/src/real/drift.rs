//! Nothing that Swarm fills in by itself is drift: the real reconciler, with a
//! database and a Swarm, is given our own files as releases, makes them, and then
//! has nothing to do any more, however often it looks.
//!
//! Tasks come and go meanwhile, as the files' images do little but end: what
//! happens to them is no drift either.

mod fleet;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use berth_domain::stack::StackSpec;
use berth_tests::wait::until;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use self::fleet::Fleet;
use super::api::Api;
use super::guest::Guest;
use crate::cases::Case;
use crate::deploy::rendered;

/// How many stacks are on the engine at once, at most.
const AT_ONCE: usize = 24;

/// Between two looks of our own at what the reconciler would do.
const LOOK: Duration = Duration::from_secs(1);

/// Far longer than a batch takes to be made.
const SETTLE: Duration = Duration::from_secs(300);

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Drift {
    /// Files that were deployed.
    pub files: usize,
    /// Objects that were watched.
    pub objects: usize,
    /// Files that a single node can't run, and why.
    pub left_out: Vec<String>,
    /// Looks at stacks by the reconciler while nothing was to change.
    pub passes: u64,
    /// For how long, all batches together.
    pub seconds: u64,
    /// What changed all the same.
    pub changes: Vec<String>,
}

impl Drift {
    /// The figures, as one object.
    #[must_use]
    pub fn object(&self) -> Value {
        json!({
            "files": self.files, "objects": self.objects, "left_out": self.left_out.len(),
            "passes": self.passes, "seconds": self.seconds, "changes": self.changes.len(),
        })
    }
}

/// A file that can run.
struct One {
    stack: String,
    name: String,
    spec: StackSpec,
}

/// Has the reconciler watch over what `cases` come to on the engine at `host` for
/// `lasting` in all, some stacks at a time, and leaves nothing behind. The server
/// with its database is that of `DATABASE_URL`.
///
/// # Errors
///
/// Where a program can't be run, the engine does not answer, or a stack does not
/// come to be what was asked for.
pub async fn watch(cases: &[Case], host: &str, lasting: Duration) -> anyhow::Result<Drift> {
    let guest = Guest::take(Api::new(host)?).await?;
    let outcome = tokio::select! {
        outcome = watch_all(cases, host, &guest, lasting) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    let given_back = guest.give_back().await;
    outcome.and_then(|drift| given_back.map(|()| drift))
}

async fn watch_all(
    cases: &[Case],
    host: &str,
    guest: &Guest,
    lasting: Duration,
) -> anyhow::Result<Drift> {
    let mut drift = Drift::default();
    let ones = runnable(cases, host, guest, &mut drift).await?;
    let batches = batches(ones);
    let each = lasting / u32::try_from(batches.len().max(1))?;
    for batch in &batches {
        let fleet = Fleet::start(host, batch.iter().map(|one| (one.stack.as_str(), &one.spec)));
        let watched = one_batch(fleet.await?, guest, batch, each, &mut drift).await;
        for one in batch {
            guest.remove(&one.stack).await?;
        }
        watched?;
    }
    Ok(drift)
}

/// Those that a single node can run, as the reconciler's own preflight says.
async fn runnable(
    cases: &[Case],
    host: &str,
    guest: &Guest,
    drift: &mut Drift,
) -> anyhow::Result<Vec<One>> {
    let scratch = tempfile::tempdir()?;
    let mut ones = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let stack = guest.stack(number);
        let name = case.files.name.clone();
        let spec = match rendered(&case.files, scratch.path(), &stack).await? {
            // A file that must be refused is no file that could drift.
            Err(_) => continue,
            Ok(spec) => spec,
        };
        let refused = match &case.engine {
            Some(words) => vec![words.clone()],
            None => fleet::complaints(host, &stack, &spec).await?,
        };
        match refused.into_iter().next() {
            Some(why) => drift.left_out.push(format!("{name}: {why}")),
            None => ones.push(One { stack, name, spec }),
        }
    }
    Ok(ones)
}

/// Ports and addresses are one's alone: files that want the same are never on the
/// engine together.
fn batches(ones: Vec<One>) -> Vec<Vec<One>> {
    let mut batches: Vec<(BTreeSet<String>, Vec<One>)> = Vec::new();
    for one in ones {
        let wants = own(&one.spec);
        let free = batches
            .iter_mut()
            .find(|(taken, batch)| batch.len() < AT_ONCE && taken.is_disjoint(&wants));
        match free {
            Some((taken, batch)) => {
                taken.extend(wants);
                batch.push(one);
            }
            None => batches.push((wants, vec![one])),
        }
    }
    batches.into_iter().map(|(_, batch)| batch).collect()
}

/// What of a stack no other may have at the same time. Of subnets that overlap
/// without being the same, none of our files has any; so one of them is enough.
fn own(spec: &StackSpec) -> BTreeSet<String> {
    let ports = spec.services.values().flat_map(|service| &service.ports);
    let ports = ports.filter(|port| !port.host);
    let mut wants: BTreeSet<String> =
        ports.filter_map(|port| Some(format!("{}/{}", port.published?, port.protocol))).collect();
    if spec.networks.values().any(|network| !network.subnets.is_empty()) {
        wants.insert("a subnet".to_owned());
    }
    let routed = spec.routes.iter().map(|route| format!("{}{}", route.host, route.path));
    wants.extend(routed);
    wants
}

async fn one_batch(
    fleet: Fleet,
    guest: &Guest,
    batch: &[One],
    lasting: Duration,
    drift: &mut Drift,
) -> anyhow::Result<()> {
    let outcome = watch_one(&fleet, guest, batch, lasting, drift).await;
    fleet.stop().await?;
    outcome
}

async fn watch_one(
    fleet: &Fleet,
    guest: &Guest,
    batch: &[One],
    lasting: Duration,
    drift: &mut Drift,
) -> anyhow::Result<()> {
    until("every stack is what was asked for", SETTLE, async || {
        let open = fleet.open().await.map_err(|err| vec![err.to_string()])?;
        if open.is_empty() { Ok(()) } else { Err(open) }
    })
    .await?;
    until("every service is allocated", SETTLE, async || allocated(guest, batch).await).await?;
    let before = marks(guest, batch).await?;
    ensure!(before.len() >= batch.len(), "only {} objects are there", before.len());
    let (calls, done) = fleet.calls();

    let began = Instant::now();
    while began.elapsed() < lasting {
        for line in fleet.open().await.context("one look of our own")? {
            drift.changes.push(format!("a plan that is not empty: {line}"));
        }
        sleep(LOOK.min(lasting.saturating_sub(began.elapsed()))).await;
    }

    let (calls_then, done_then) = fleet.calls();
    drift.changes.extend(done_then.into_iter().skip(done.len()));
    let after = marks(guest, batch).await?;
    for (key, mark) in &before {
        if after.get(key) != Some(mark) {
            drift.changes.push(format!("{key}: {mark} is now {:?}", after.get(key)));
        }
    }
    let new = after.keys().filter(|key| !before.contains_key(*key));
    drift.changes.extend(new.map(|key| format!("{key} is new")));
    let names: Vec<&str> = batch.iter().map(|one| one.name.as_str()).collect();
    ensure!(calls_then > calls, "nobody looked at {}", names.join(", "));
    drift.files += batch.len();
    drift.objects += before.len();
    drift.passes += calls_then - calls;
    drift.seconds += began.elapsed().as_secs();
    Ok(())
}

/// Whether Swarm has given every service what it wants of it: until then it writes
/// to them by itself.
async fn allocated(guest: &Guest, batch: &[One]) -> Result<(), String> {
    for one in batch {
        let services = guest.api.of_stack("/services", Some(&one.stack)).await;
        let services = services.map_err(|err| err.to_string())?;
        if services.iter().any(|service| service["Endpoint"]["Spec"]["Mode"].is_null()) {
            return Err(one.name.clone());
        }
    }
    Ok(())
}

/// What tells of each object whether anybody made it anew or changed it: its id,
/// its version, and the spec before its last update.
async fn marks(guest: &Guest, batch: &[One]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut marks = BTreeMap::new();
    for one in batch {
        for kind in ["services", "networks", "configs", "secrets"] {
            for object in guest.api.of_stack(&format!("/{kind}"), Some(&one.stack)).await? {
                let name = object["Spec"]["Name"].as_str().or(object["Name"].as_str());
                let key = format!("{}: {kind} {}", one.name, name.unwrap_or_default());
                let mark =
                    ["ID", "Id", "Version", "PreviousSpec"].map(|field| object[field].to_string());
                marks.insert(key, mark.join(" "));
            }
        }
    }
    Ok(marks)
}
