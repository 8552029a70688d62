//! What every pass works with.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use berth_domain::backoff::Backoff;
use berth_domain::cluster::Desired;
use berth_domain::ids::{ReleaseId, StackId, StackName};
use berth_domain::shared::Shared;
use berth_domain::stack::ServiceSpec;
use berth_store::leases::Fence;
use berth_store::stacks::{LiveStack, Wanted};
use berth_store::{Pool, releases};
use rand::Rng;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error::PassError;
use crate::fight::Bout;
use crate::leading::Leading;
use crate::queue::Queue;
use crate::report::{Before, Report};
use crate::settings::Settings;
use crate::status::Board;
use crate::turns::{self, Turns};

/// How long a failed pass waits, by how often it has failed in a row.
pub(crate) const RETRY: Backoff =
    Backoff { first: Duration::from_secs(1), most: Duration::from_secs(300) };

/// How many stacks' rows are held at once that are read for all of them.
pub(crate) const AT_ONCE: usize = 256;

/// What every pass works with. One a process.
#[derive(Debug)]
pub(crate) struct Engine<C, B> {
    pub(crate) settings: Settings,
    pub(crate) pool: Pool,
    pub(crate) cluster: Arc<C>,
    pub(crate) builder: Arc<B>,
    pub(crate) github: berth_github_app::Client,
    pub(crate) queue: Queue<StackId>,
    pub(crate) leading: Leading,
    pub(crate) stop: CancellationToken,
    pub(crate) board: Board,
    pub(crate) build_slots: Semaphore,
    /// Those of them that previews may have.
    pub(crate) preview_builds: Semaphore,
    /// Whose turn it is to be deployed.
    pub(crate) turns: Turns,
    /// Asks for a look at all stacks.
    pub(crate) look: Notify,
    /// Asks for a look at whose output is to be followed.
    pub(crate) output: Notify,
    /// Asks for a look at what people want a dry run of.
    pub(crate) dry_runs: Notify,
    memory: Mutex<Memory>,
}

/// What is remembered between passes. Losing it costs a few reads.
#[derive(Debug, Default)]
struct Memory {
    specs: BTreeMap<ReleaseId, Arc<Desired>>,
    /// What was stored last of each stack, as which leader did it.
    reports: BTreeMap<StackId, (Fence, Stored)>,
    /// When a pass looked at each stack last.
    looked: BTreeMap<StackId, Instant>,
    /// What was put back lately of each stack, as which leader knew it.
    bouts: BTreeMap<StackId, (Fence, Vec<Bout>)>,
    /// What was told last of a stack's healing, until there is none to do.
    told: BTreeMap<StackId, (Fence, String)>,
    names: BTreeMap<StackName, StackId>,
    failures: BTreeMap<StackId, u32>,
    hints: BTreeMap<StackId, Arc<Notify>>,
    /// How often a release of a service was put back after Swarm took it away.
    heals: BTreeMap<(StackId, String), (ReleaseId, u32)>,
    /// Whose claims are those of which release, as which leader knew it.
    settled: BTreeMap<StackId, (ReleaseId, Fence)>,
}

/// Of a report that was stored, what is needed of it: whether another is the same,
/// and what that goes on from.
#[derive(Debug)]
struct Stored {
    hash: u64,
    before: Before,
}

/// What an engine is made of.
#[derive(Debug)]
pub(crate) struct Parts<C, B> {
    pub(crate) settings: Settings,
    pub(crate) pool: Pool,
    pub(crate) cluster: Arc<C>,
    pub(crate) builder: Arc<B>,
    pub(crate) github: berth_github_app::Client,
    pub(crate) board: Board,
}

impl<C, B> Engine<C, B> {
    pub(crate) fn new(parts: Parts<C, B>, leading: Leading, stop: CancellationToken) -> Self {
        let Parts { settings, pool, cluster, builder, github, board } = parts;
        let queue = Queue::new();
        let builds = turns::places(settings.parallel_builds);
        let places = turns::places(settings.parallel);
        Self {
            build_slots: Semaphore::new(builds),
            preview_builds: Semaphore::new(turns::share(builds)),
            turns: Turns::new(places, queue.clone()),
            settings,
            pool,
            cluster,
            builder,
            github,
            queue,
            leading,
            stop,
            board,
            look: Notify::new(),
            output: Notify::new(),
            dry_runs: Notify::new(),
            memory: Mutex::new(Memory::default()),
        }
    }

    /// What shows that we lead, while we do.
    pub(crate) fn fence(&self) -> Option<Fence> {
        self.leading.now()
    }

    /// Waits until `fence` is no longer ours, or Berth stops.
    pub(crate) async fn deposed(&self, fence: Fence) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.leading.lost(fence) => {}
        }
    }

    /// Whether writes under `fence` may still go on.
    pub(crate) fn check(&self, fence: Fence) -> Result<(), PassError> {
        if self.leading.holds(fence) && !self.stop.is_cancelled() {
            Ok(())
        } else {
            Err(PassError::Deposed)
        }
    }

    /// What a stack should be between deployments; [`None`] where nobody has said so
    /// yet.
    pub(crate) async fn desired(
        &self,
        stack: &LiveStack,
    ) -> Result<Option<Arc<Desired>>, PassError> {
        match (stack.wanted, stack.release) {
            (Wanted::Absent, _) => Ok(Some(Arc::new(Desired::Absent))),
            (Wanted::Present, None) => Ok(None),
            (Wanted::Present, Some(release)) => {
                Ok(Some(between_deployments(&self.release(release).await?)))
            }
        }
    }

    /// A release with its jobs, decoded once.
    pub(crate) async fn release(&self, id: ReleaseId) -> Result<Arc<Desired>, PassError> {
        self.load_releases(&[id]).await?;
        let known = self.memory().specs.get(&id).cloned();
        known.ok_or(PassError::Store(berth_store::Error::NotFound { what: "release" }))
    }

    /// Reads those releases that are not known yet, some in one query.
    pub(crate) async fn load_releases(&self, ids: &[ReleaseId]) -> Result<(), PassError> {
        let unknown: Vec<ReleaseId> = {
            let memory = self.memory();
            ids.iter().copied().filter(|id| !memory.specs.contains_key(id)).collect()
        };
        for some in unknown.chunks(AT_ONCE) {
            let read = releases::specs(&self.pool, &self.settings.seal_key, some).await?;
            let mut memory = self.memory();
            for (id, mut spec) in read {
                // What was just decoded has room to grow, and a copy has none.
                for service in spec.services.values_mut() {
                    *service = Shared::new(ServiceSpec::clone(service));
                }
                spec.routes.shrink_to_fit();
                memory.specs.insert(id, Arc::new(Desired::Present(Box::new(spec))));
            }
        }
        Ok(())
    }

    /// What is known of these stacks, with what is no longer needed forgotten.
    pub(crate) fn remember(&self, stacks: &[LiveStack]) -> Vec<Option<Arc<Desired>>> {
        let mut memory = self.memory();
        memory.names = stacks.iter().map(|stack| (stack.name.clone(), stack.id)).collect();
        let live = |id: &StackId| stacks.iter().any(|stack| stack.id == *id);
        if memory.reports.len() > stacks.len() {
            memory.reports.retain(|id, _| live(id));
            memory.failures.retain(|id, _| live(id));
            memory.heals.retain(|(id, _), _| live(id));
            memory.settled.retain(|id, _| live(id));
            memory.looked.retain(|id, _| live(id));
            memory.bouts.retain(|id, _| live(id));
        }
        // A stack has the release that it is and the one that it goes back to.
        if memory.specs.len() > 2 * stacks.len() + 64 {
            memory.specs.retain(|id, _| stacks.iter().any(|stack| stack.release == Some(*id)));
        }
        let absent = Arc::new(Desired::Absent);
        stacks
            .iter()
            .map(|stack| match (stack.wanted, stack.release) {
                (Wanted::Absent, _) => Some(Arc::clone(&absent)),
                (Wanted::Present, None) => None,
                (Wanted::Present, Some(id)) => memory.specs.get(&id).map(between_deployments),
            })
            .collect()
    }

    /// Whether `report` differs from the stack's last one. What another leader may
    /// have stored since is not known.
    pub(crate) fn is_news(&self, stack: StackId, fence: Fence, report: &Report) -> bool {
        let memory = self.memory();
        let last = memory.reports.get(&stack);
        !last.is_some_and(|(since, last)| *since == fence && last.hash == hash_of(report))
    }

    /// Remembers a stack's report, once its row says so.
    pub(crate) fn remember_report(&self, stack: StackId, fence: Fence, report: &Report) {
        let stored = Stored { hash: hash_of(report), before: Before::of(report) };
        self.memory().reports.insert(stack, (fence, stored));
    }

    /// A pass has looked at a stack.
    pub(crate) fn has_looked(&self, stack: StackId) {
        self.memory().looked.insert(stack, Instant::now());
    }

    /// Whether a pass has looked at a stack since `then`: what was seen before is
    /// old by now.
    pub(crate) fn looked_since(&self, stack: StackId, then: Instant) -> bool {
        self.memory().looked.get(&stack).is_some_and(|looked| *looked >= then)
    }

    /// Whether nothing is remembered of a stack since we lead.
    pub(crate) fn knows_no_report(&self, stack: StackId, fence: Fence) -> bool {
        self.memory().reports.get(&stack).is_none_or(|(since, _)| *since != fence)
    }

    /// What the stack's last report said.
    pub(crate) fn before(&self, stack: &LiveStack, fence: Fence) -> Before {
        match self.memory().reports.get(&stack.id) {
            Some((since, last)) if *since == fence => last.before.clone(),
            Some(_) | None => Before::read(stack.observed.as_ref()),
        }
    }

    /// What was put back lately of a stack.
    pub(crate) fn bouts(&self, stack: &LiveStack, fence: Fence) -> Vec<Bout> {
        let memory = self.memory();
        if let Some((since, bouts)) = memory.bouts.get(&stack.id)
            && *since == fence
        {
            return bouts.clone();
        }
        match memory.reports.get(&stack.id) {
            Some((since, last)) if *since == fence => last.before.bouts.clone(),
            Some(_) | None => Before::read(stack.observed.as_ref()).bouts,
        }
    }

    /// Remembers what was put back of a stack, until a report says it.
    pub(crate) fn set_bouts(&self, stack: StackId, fence: Fence, bouts: Vec<Bout>) {
        self.memory().bouts.insert(stack, (fence, bouts));
    }

    /// Whether this is news of a stack's healing; remembers it. What Docker
    /// refuses time and again is told once.
    pub(crate) fn is_news_of_healing(&self, stack: StackId, fence: Fence, words: &str) -> bool {
        let told = (fence, words.to_owned());
        self.memory().told.insert(stack, told.clone()) != Some(told)
    }

    /// There is nothing to heal of a stack: the next time is news again.
    pub(crate) fn is_whole(&self, stack: StackId) {
        self.memory().told.remove(&stack);
    }

    /// Forgets a stack's last report, because it could not be stored.
    pub(crate) fn forget_report(&self, stack: StackId) {
        self.memory().reports.remove(&stack);
    }

    /// The stack of this name, as far as the last look at all of them knew.
    pub(crate) fn stack_named(&self, name: &StackName) -> Option<StackId> {
        self.memory().names.get(name).copied()
    }

    /// Wakes whoever works on a stack, and has it worked on.
    pub(crate) fn hint(&self, stack: StackId) {
        let hints = self.memory().hints.get(&stack).cloned();
        if let Some(hints) = hints {
            hints.notify_waiters();
        }
        self.queue.put(stack);
    }

    /// What [`hint`](Self::hint) wakes.
    pub(crate) fn hints_of(&self, stack: StackId) -> Arc<Notify> {
        Arc::clone(self.memory().hints.entry(stack).or_default())
    }

    /// How long to wait after one more failure of a stack's pass.
    pub(crate) fn failed(&self, stack: StackId) -> Duration {
        let mut memory = self.memory();
        let failures = memory.failures.entry(stack).or_default();
        *failures = failures.saturating_add(1);
        RETRY.wait(*failures, rand::rng().random())
    }

    /// A stack's pass went well.
    pub(crate) fn went_well(&self, stack: StackId) {
        self.memory().failures.remove(&stack);
    }

    /// Counts one more time that a release of a service is put back after Swarm
    /// took it away.
    pub(crate) fn count_heal(&self, stack: StackId, service: &str, release: ReleaseId) -> u32 {
        let mut memory = self.memory();
        let entry = memory.heals.entry((stack, service.to_owned())).or_insert((release, 0));
        if entry.0 != release {
            *entry = (release, 0);
        }
        entry.1 = entry.1.saturating_add(1);
        entry.1
    }

    /// Whether a stack claims what this release of it does, and nothing else.
    pub(crate) fn is_settled(&self, stack: StackId, release: ReleaseId, fence: Fence) -> bool {
        self.memory().settled.get(&stack) == Some(&(release, fence))
    }

    /// Remembers that it does.
    pub(crate) fn settle(&self, stack: StackId, release: ReleaseId, fence: Fence) {
        self.memory().settled.insert(stack, (release, fence));
    }

    /// Forgets that it did: it is about to claim more.
    pub(crate) fn unsettle(&self, stack: StackId) {
        self.memory().settled.remove(&stack);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A release less what only its deployment runs.
fn between_deployments(release: &Arc<Desired>) -> Arc<Desired> {
    match release.as_ref() {
        Desired::Present(spec) if !spec.jobs.is_empty() => {
            Arc::new(Desired::Present(Box::new(spec.without_jobs())))
        }
        Desired::Present(_) | Desired::Absent => Arc::clone(release),
    }
}

fn hash_of(report: &Report) -> u64 {
    let mut hasher = DefaultHasher::new();
    report.hash(&mut hasher);
    hasher.finish()
}
