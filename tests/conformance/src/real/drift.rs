//! Nothing that Swarm fills in by itself is drift.
//!
//! The real reconciler, with a database and a Swarm, is given our own files as
//! releases, makes them, and then has nothing to do any more, however often it
//! looks. Tasks come and go meanwhile, as the files' images do little but end: what
//! happens to them is no drift either. A file that Docker refuses can't drift;
//! Docker is asked, and what it says is kept.

mod fleet;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use berth_domain::stack::StackSpec;
use berth_tests::wait::until;
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use self::fleet::Fleet;
use super::api::Api;
use super::guest::Guest;
use super::refusal;
use crate::cases::Case;
use crate::deploy::{rendered, run_docker};

/// How many stacks are on the engine at once, at most.
const AT_ONCE: usize = 24;

/// How many files are read at once.
const READ: usize = 3;

/// Between two looks of our own at what the reconciler would do.
const LOOK: Duration = Duration::from_secs(1);

/// Far longer than a batch takes to be made.
const SETTLE: Duration = Duration::from_secs(300);

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Drift {
    /// Files, or files that go together: each is watched as a stack, or refused.
    pub files: usize,
    /// Stacks that were watched.
    pub stacks: usize,
    /// Their services, networks, configs and secrets.
    pub objects: usize,
    /// Looks at stacks, each with a plan, while nothing was to change.
    pub passes: u64,
    /// For how long, all batches together.
    pub seconds: u64,
    /// What changed, or would have, all the same; and what was never made.
    pub changes: Vec<String>,
    /// Files that Docker refuses, with what it says.
    pub refused: Vec<String>,
}

impl Drift {
    /// The figures, as one object.
    #[must_use]
    pub fn object(&self) -> Value {
        json!({
            "files": self.files, "stacks": self.stacks, "objects": self.objects,
            "passes": self.passes, "seconds": self.seconds,
            "changes": self.changes.len(), "refused": self.refused.len(),
        })
    }
}

/// A file that comes to a stack.
struct One<'a> {
    stack: String,
    case: &'a Case,
    spec: StackSpec,
}

impl One<'_> {
    fn name(&self) -> &str {
        &self.case.files.name
    }
}

/// Has the reconciler watch over what `cases` come to on the engine at `host`.
///
/// It does so for `lasting` in all, some stacks at a time, and leaves nothing behind.
/// The server with its database is that of `DATABASE_URL`.
///
/// # Errors
///
/// Where a program can't be run, the engine does not answer, or a stack does not
/// come to be what was asked for.
pub async fn watch(cases: &[Case], host: &str, lasting: Duration) -> anyhow::Result<Drift> {
    let guest = Guest::take(Api::new(host)?).await?;
    let instance = Uuid::now_v7().to_string();
    let mut watch = Watch { host, instance, guest: &guest, drift: Drift::default() };
    let outcome = tokio::select! {
        outcome = watch.all(cases, lasting) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    let drift = watch.drift;
    let given_back = guest.give_back().await;
    outcome.and(given_back).map(|()| drift)
}

struct Watch<'a> {
    host: &'a str,
    /// Whose the stacks are, one reconciler after another.
    instance: String,
    guest: &'a Guest,
    drift: Drift,
}

impl Watch<'_> {
    async fn all(&mut self, cases: &[Case], lasting: Duration) -> anyhow::Result<()> {
        let batches = batches(self.read(cases).await?);
        let each = lasting / u32::try_from(batches.len().max(1))?;
        for batch in batches {
            let stacks: Vec<String> = batch.iter().map(|one| one.stack.clone()).collect();
            let watched = self.batch(batch, each).await;
            for stack in &stacks {
                self.guest.remove(stack).await?;
            }
            watched?;
        }
        Ok(())
    }

    /// What the files come to. Of one that Berth refuses or warns of, Docker is asked:
    /// it has to refuse what Berth can't read, and what it takes besides is made.
    async fn read<'a>(&mut self, cases: &'a [Case]) -> anyhow::Result<Vec<One<'a>>> {
        let scratch = tempfile::tempdir()?;
        let (path, guest, host) = (scratch.path(), self.guest, self.host);
        let each = cases.iter().enumerate().map(async |(number, case)| {
            let stack = guest.stack(number);
            let read = rendered(&case.files, path, &stack).await?;
            let complaints = match &read {
                Ok(spec) => fleet::complaints(host, &stack, spec).await?,
                Err(_) => Vec::new(),
            };
            anyhow::Ok((stack, case, read, complaints))
        });
        let read: Vec<_> = stream::iter(each).buffered(READ).collect().await;
        let mut ones = Vec::new();
        for one in read {
            let (stack, case, read, complaints) = one?;
            self.drift.files += 1;
            match read {
                Ok(mut spec) if complaints.is_empty() || !self.refuses(case, &stack).await? => {
                    // Containers that end at once would be waited for until one is
                    // seen: what waits for what is tried elsewhere.
                    spec.dependencies.clear();
                    ones.push(One { stack, case, spec });
                }
                Ok(_) => {}
                Err(words) => self.must_refuse(case, &stack, &words).await?,
            }
        }
        Ok(ones)
    }

    /// Whether Docker refuses a file, which is kept then with what it says.
    async fn refuses(&mut self, case: &Case, stack: &str) -> anyhow::Result<bool> {
        let scratch = tempfile::tempdir()?;
        self.guest.remove(stack).await?;
        let output = run_docker(&case.files, scratch.path(), self.host, stack).await?;
        let says = match (refusal(&output), &case.engine) {
            (Some(refusal), _) => Some(refusal.reason()),
            // It is the first task that is.
            (None, Some(says)) => {
                self.guest.api.rejected(stack, says).await?;
                Some(says.clone())
            }
            (None, None) => None,
        };
        self.guest.remove(stack).await?;
        let line = says.map(|says| format!("{}: {says}", case.files.name));
        let refuses = line.is_some();
        self.drift.refused.extend(line);
        Ok(refuses)
    }

    /// Sees that Docker refuses what was refused to Berth, or by it, with `words`.
    async fn must_refuse(&mut self, case: &Case, stack: &str, words: &str) -> anyhow::Result<()> {
        if !self.refuses(case, stack).await? {
            let line = format!("{}: never made, though Docker takes it: {words}", case.files.name);
            self.drift.changes.push(line);
        }
        Ok(())
    }

    /// Has the batch made and watched, less what can't be made.
    async fn batch(&mut self, mut batch: Vec<One<'_>>, lasting: Duration) -> anyhow::Result<()> {
        while !batch.is_empty() {
            let specs = batch.iter().map(|one| (one.stack.as_str(), &one.spec));
            let fleet = Fleet::start(self.host, &self.instance, specs).await?;
            let outcome = match made(&fleet).await {
                Ok(refused) if refused.is_empty() => {
                    self.watch(&fleet, &batch, lasting).await.map(|()| None)
                }
                refused => refused.map(Some),
            };
            fleet.stop().await?;
            let Some(refused) = outcome? else { break };
            for one in &batch {
                if let Some(words) = refused.get(&one.stack) {
                    self.must_refuse(one.case, &one.stack, words).await?;
                }
            }
            batch.retain(|one| !refused.contains_key(&one.stack));
        }
        Ok(())
    }

    /// Sees that nothing happens to what is made.
    async fn watch(
        &mut self,
        fleet: &Fleet,
        batch: &[One<'_>],
        lasting: Duration,
    ) -> anyhow::Result<()> {
        let guest = self.guest;
        until("every service is allocated", SETTLE, async || allocated(guest, batch).await).await?;
        let before = marks(guest, batch).await?;
        ensure!(before.len() >= batch.len(), "only {} objects are there", before.len());
        let (calls, done) = fleet.calls();

        let drift = &mut self.drift;
        let began = Instant::now();
        while began.elapsed() < lasting {
            for (stack, line) in fleet.open().await.context("one look of our own")? {
                drift.changes.push(format!("{}: would change: {line}", named(batch, &stack)));
            }
            drift.passes += 1;
            sleep(LOOK.min(lasting.saturating_sub(began.elapsed()))).await;
        }

        let (calls_then, done_then) = fleet.calls();
        let done = done_then.into_iter().skip(done.len());
        drift.changes.extend(done.map(|(stack, line)| format!("{}: {line}", named(batch, &stack))));
        let after = marks(guest, batch).await?;
        for (key, mark) in &before {
            if after.get(key) != Some(mark) {
                drift.changes.push(format!("{key}: {mark} is now {:?}", after.get(key)));
            }
        }
        let new = after.keys().filter(|key| !before.contains_key(*key));
        drift.changes.extend(new.map(|key| format!("{key} is new")));
        let names: Vec<&str> = batch.iter().map(One::name).collect();
        ensure!(calls_then > calls, "nobody looked at {}", names.join(", "));
        drift.stacks += batch.len();
        drift.objects += before.len();
        drift.passes += calls_then - calls;
        drift.seconds += began.elapsed().as_secs();
        Ok(())
    }
}

/// The file that a stack is of.
fn named<'a>(batch: &'a [One<'_>], stack: &'a str) -> &'a str {
    batch.iter().find(|one| one.stack == stack).map_or(stack, One::name)
}

/// Waits until every stack is what was asked for, but for those that can't be made;
/// tells of these what was said.
async fn made(fleet: &Fleet) -> anyhow::Result<BTreeMap<String, String>> {
    until("every stack is what was asked for", SETTLE, async || {
        let open = fleet.open().await.map_err(|err| vec![(err.to_string(), String::new())])?;
        let mut in_vain = fleet.in_vain();
        in_vain.retain(|stack, _| open.iter().any(|(name, _)| name == stack));
        if open.len() == in_vain.len() {
            return Ok(in_vain);
        }
        // It is no small question.
        sleep(LOOK).await;
        Err(open)
    })
    .await
}

/// Ports and addresses are one's alone: files that want the same are never on the
/// engine together.
fn batches(ones: Vec<One<'_>>) -> Vec<Vec<One<'_>>> {
    let mut batches: Vec<(BTreeSet<String>, Vec<One<'_>>)> = Vec::new();
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

/// Whether Swarm has given every service what it wants of it: until then it writes
/// to them by itself.
async fn allocated(guest: &Guest, batch: &[One<'_>]) -> Result<(), String> {
    for one in batch {
        let services = guest.api.of_stack("/services", Some(&one.stack)).await;
        let services = services.map_err(|err| err.to_string())?;
        if services.iter().any(|service| service["Endpoint"]["Spec"]["Mode"].is_null()) {
            return Err(one.name().to_owned());
        }
    }
    Ok(())
}

/// What tells of each object whether anybody made it anew or changed it: its id,
/// its version, and the spec before its last update.
async fn marks(guest: &Guest, batch: &[One<'_>]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut marks = BTreeMap::new();
    for one in batch {
        for kind in ["services", "networks", "configs", "secrets"] {
            for object in guest.api.of_stack(&format!("/{kind}"), Some(&one.stack)).await? {
                let name = object["Spec"]["Name"].as_str().or(object["Name"].as_str());
                let key = format!("{}: {kind} {}", one.name(), name.unwrap_or_default());
                let mark =
                    ["ID", "Id", "Version", "PreviousSpec"].map(|field| object[field].to_string());
                marks.insert(key, mark.join(" "));
            }
        }
    }
    Ok(marks)
}
