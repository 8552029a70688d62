//! Everything together: the lease, the queue, the hints, the looks at all
//! stacks, and the background tasks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use berth_domain::build::Builder;
use berth_domain::chain;
use berth_domain::cluster::Cluster;
use berth_domain::ids::{ReleaseId, StackId};
use berth_store::leases::Fence;
use berth_store::notify::{Hint, Listener};
use berth_store::stacks::LiveStack;
use berth_store::{Pool, stacks};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::claims;
use crate::dry_run;
use crate::engine::{AT_ONCE, Engine, Parts, RETRY};
use crate::error::PassError;
use crate::executors::{self, Executors};
use crate::leader::{self, Leader};
use crate::leading::leading;
use crate::nodes;
use crate::output;
use crate::queue::Next;
use crate::reconcile;
use crate::report::Report;
use crate::settings::Settings;
use crate::status::{Board, Link};
use crate::survey::{Seen, Wanted, survey};
use crate::tasks;
use crate::tasks::orphans::{self, Orphans};
use crate::turns;

/// How long a burst of Docker's events is let pass before a stack is looked at.
const BURST: Duration = Duration::from_millis(200);

/// The least time between two looks at all stacks.
const LOOK: Duration = Duration::from_millis(500);

/// How long passes have to stop once Berth does.
const STOPPING: Duration = Duration::from_secs(10);

/// How long to wait before listening for Docker's events again, where there was
/// nothing to hear.
const DEAF: Duration = Duration::from_secs(1);

/// The most that a look at all stacks waits after failures. A follower that does not
/// know yet that Docker is back leaves the lease to others, so it has to know within
/// the two seconds that a replacement may take on top of the lease.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What the reconciler works with.
#[derive(Debug)]
pub struct Deps<C, B> {
    /// How it works.
    pub settings: Settings,
    /// The database.
    pub pool: Pool,
    /// The cluster.
    pub cluster: Arc<C>,
    /// Gets sources and makes images.
    pub builder: Arc<B>,
    /// The way to GitHub.
    pub github: berth_github_app::Client,
    /// Where people reach this Berth, for links in reports.
    pub public_url: Url,
    /// Where to read how it is getting on.
    pub board: Board,
    /// Where to read how the background tasks are getting on.
    pub tasks: tasks::Board,
}

/// Reconciles until `stop`; then stops what runs, gives the lease up and returns.
///
/// Whatever it needs may come and go meanwhile: it says so on the board and goes
/// on once it is back.
pub async fn run<C: Cluster, B: Builder>(deps: Deps<C, B>, stop: CancellationToken) {
    let Deps { settings, pool, cluster, builder, github, public_url, board, tasks } = deps;
    let (lead, leading) = leading();
    let background = tasks::Deps {
        pool: pool.clone(),
        key: Arc::clone(&settings.seal_key),
        github: github.clone(),
        builder: Arc::clone(&builder),
        clock: settings.clock.clone(),
        public_url,
        router_url: settings.public_router.clone(),
        kept: settings.kept,
        output: settings.output,
        board: tasks,
        leading: leading.clone(),
    };
    let (holder, times) = (settings.holder, settings.lease);
    let parts =
        Parts { settings, pool: pool.clone(), cluster, builder, github, board: board.clone() };
    let engine = Arc::new(Engine::new(parts, leading, stop.clone()));

    // The lease outlives the passes, so that none is fenced by our own leaving.
    let leave = CancellationToken::new();
    let mut keeping = JoinSet::new();
    let leader = Leader { pool, holder, times, lead, board };
    keeping.spawn(leader::lead(leader, leave.clone()));
    let mut work = JoinSet::new();
    work.spawn(tasks::run(background, stop.clone()));
    work.spawn(listen(Arc::clone(&engine)));
    work.spawn(hear_docker(Arc::clone(&engine)));
    work.spawn(look_at_all(Arc::clone(&engine)));
    work.spawn(pass_on(Arc::clone(&engine)));
    work.spawn(output::collect(Arc::clone(&engine)));
    work.spawn(dry_run::answer(Arc::clone(&engine)));

    while let Some(done) = work.join_next().await {
        if let Err(error) = done {
            tracing::error!(%error, "a loop of the reconciler ended: Berth stops");
            stop.cancel();
        }
        if stop.is_cancelled() {
            break;
        }
    }
    stop.cancelled().await;
    let ended = timeout(STOPPING, async { while work.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!("some passes did not stop in time and are broken off");
        work.shutdown().await;
    }
    leave.cancel();
    while keeping.join_next().await.is_some() {}
}

/// Works on stacks as they come due.
async fn pass_on<C: Cluster, B: Builder>(engine: Arc<Engine<C, B>>) {
    let (queue, stop) = (engine.queue.clone(), engine.stop.clone());
    let many = turns::passes(turns::places(engine.settings.parallel));
    let pass = move |stack| Box::pin(reconcile::pass(Arc::clone(&engine), stack));
    queue.run(many, stop, pass).await;
}

/// Hears what other replicas, and our own webhooks, want.
async fn listen<C: Cluster, B: Builder>(engine: Arc<Engine<C, B>>) {
    loop {
        let listener = tokio::select! {
            () = engine.stop.cancelled() => return,
            listener = Listener::connect(&engine.pool) => listener,
        };
        match listener {
            Ok(mut listener) => {
                engine.look.notify_one();
                engine.dry_runs.notify_one();
                loop {
                    let hint = tokio::select! {
                        () = engine.stop.cancelled() => return,
                        hint = listener.next() => hint,
                    };
                    match hint {
                        Hint::Stack(stack) => {
                            engine.hint(stack);
                            engine.dry_runs.notify_one();
                        }
                        Hint::Anything => {
                            engine.look.notify_one();
                            engine.dry_runs.notify_one();
                        }
                        Hint::Inbox | Hint::Outbox | Hint::Change | Hint::Output(_) => {}
                    }
                }
            }
            Err(error) => {
                engine.board.postgres(Link::down(chain(&error)));
                tokio::select! {
                    () = engine.stop.cancelled() => return,
                    () = sleep(RETRY.first) => {}
                }
            }
        }
    }
}

/// Hears what happens on the cluster.
async fn hear_docker<C: Cluster, B: Builder>(engine: Arc<Engine<C, B>>) {
    loop {
        let heard = Instant::now();
        let changed = tokio::select! {
            () = engine.stop.cancelled() => return,
            changed = engine.cluster.changed() => changed,
        };
        engine.output.notify_one();
        match changed {
            Some(name) => {
                if let Some(stack) = engine.stack_named(&name) {
                    engine.queue.put_after(stack, BURST);
                }
            }
            None => {
                engine.look.notify_one();
                // Where Docker is away, that is no news.
                tokio::select! {
                    () = engine.stop.cancelled() => return,
                    () = sleep(DEAF.saturating_sub(heard.elapsed())) => {}
                }
            }
        }
    }
}

/// Looks at every stack: at once on taking the lease, when anything may have
/// happened, and now and then.
async fn look_at_all<C: Cluster, B: Builder>(engine: Arc<Engine<C, B>>) {
    let mut fence = engine.leading.watch();
    let (mut orphans, mut executors) = (Orphans::new(), Executors::default());
    let mut failures = 0;
    loop {
        let now = *fence.borrow_and_update();
        let wait = match look(&engine, now, (&mut orphans, &mut executors)).await {
            Ok(()) => {
                failures = 0;
                let resync = engine.settings.resync;
                if executors.behind { executors::EVERY.min(resync) } else { resync }
            }
            Err(error) => {
                failures += 1;
                tracing::debug!("could not look at the stacks: {}", chain(&error));
                RETRY.wait(failures, rand::random()).min(LOOK_AGAIN)
            }
        };
        tokio::select! {
            () = engine.stop.cancelled() => return,
            () = sleep(LOOK) => {}
        }
        tokio::select! {
            () = engine.stop.cancelled() => return,
            () = engine.look.notified() => {}
            changed = fence.changed() => if changed.is_err() { return },
            () = sleep(wait) => {}
        }
    }
}

/// One look at every stack. The leader stores what is new and has worked on what
/// is not as it should be; a follower only knows.
pub(crate) async fn look<C: Cluster, B: Builder>(
    engine: &Engine<C, B>,
    fence: Option<Fence>,
    (orphans, executors): (&mut Orphans, &mut Executors),
) -> Result<(), PassError> {
    let stacks = match stacks::live(&engine.pool).await {
        Ok(stacks) => stacks,
        Err(error) => {
            engine.board.postgres(Link::down(chain(&error)));
            return Err(error.into());
        }
    };
    engine.board.postgres(Link::up());
    let releases: Vec<ReleaseId> = stacks.iter().filter_map(|stack| stack.release).collect();
    if let Err(error) = engine.load_releases(&releases).await {
        // One that can't be read leaves its stack alone and no other.
        tracing::warn!("some releases cannot be read: {}", chain(&error));
    }
    let own = executors::wanted(engine, fence).await;
    let wanted: Vec<Wanted> = stacks
        .iter()
        .zip(engine.remember(&stacks))
        .map(|(stack, desired)| Wanted { name: stack.name.clone(), desired })
        .chain(own.clone())
        .collect();
    let clock = engine.settings.clock.now();
    let began = Instant::now();
    let seen = survey(&*engine.cluster, &wanted, &engine.settings.public_router, clock).await;
    let mut survey = match seen {
        Ok(seen) => seen,
        Err(error) => {
            engine.board.docker(Link::down(error.to_string()));
            if fence.is_some() {
                // What is being deployed comes as far as it can without Docker.
                let open = stacks.iter().filter(|stack| stack.open_deployment.is_some());
                open.for_each(|stack| engine.queue.put(stack.id));
            }
            return Err(PassError::Observe(error));
        }
    };
    engine.board.docker(Link::up());
    engine.board.update(|status| status.stacks = stacks.len());
    let Some(fence) = fence else { return Ok(()) };
    nodes::look(engine, fence).await?;

    let (mut idle_ones, mut services) = (Vec::new(), Vec::new());
    loop {
        let some: Vec<(usize, Seen)> = survey.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            break;
        }
        let mut idle = Vec::with_capacity(some.len());
        for (place, mut seen) in some {
            services.append(&mut seen.services);
            match (stacks.get(place), &own) {
                (Some(stack), _) if is_idle(stack, &seen) => idle.push((stack, seen.report)),
                (Some(stack), _) => engine.queue.put(stack.id),
                // The executors' stack has no row.
                (None, Some(own)) => {
                    executors::keep(engine, fence, (&own.name, &seen.plan)).await?;
                }
                (None, None) => {}
            }
        }
        // A pass that looked meanwhile knows better.
        idle.retain(|(stack, _)| !engine.looked_since(stack.id, began));
        idle_ones.extend(idle.iter().map(|(stack, _)| *stack));
        store_idle(engine, fence, idle).await?;
    }
    claims::settle_all(engine, fence, &idle_ones).await?;
    let left = survey.into_orphans();
    // A stack that was made since its row was read is none: it has its grace.
    orphans::tend(engine, fence, orphans, (&left, stacks.len())).await?;
    executors::tend(engine, fence, executors, (&stacks, services, &left)).await
}

/// Whether a pass has nothing to do about a stack.
fn is_idle(stack: &LiveStack, seen: &Seen) -> bool {
    stack.wanted == stacks::Wanted::Present
        && stack.open_deployment.is_none()
        && seen.plan.is_empty()
}

/// Stores what is news of stacks that there is nothing to do about.
async fn store_idle<C: Cluster, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    idle: Vec<(&LiveStack, Report)>,
) -> Result<(), PassError> {
    // Read once, by a leader that knows of none yet, and then never again.
    let unknown: Vec<StackId> = idle
        .iter()
        .map(|(stack, _)| stack.id)
        .filter(|stack| engine.knows_no_report(*stack, fence))
        .collect();
    let mut stored = BTreeMap::new();
    if !unknown.is_empty() {
        stored = stacks::reports(&engine.pool, &unknown).await?;
    }
    for (stack, report) in idle {
        // What happens on other nodes, nobody tells of.
        if let Next::After(wait) = reconcile::look_again(engine, &report) {
            engine.queue.put_after(stack.id, wait);
        }
        match stored.remove(&stack.id) {
            None => reconcile::store_if_new(engine, fence, stack, report).await?,
            observed => {
                let stack = LiveStack { observed, ..stack.clone() };
                reconcile::store_if_new(engine, fence, &stack, report).await?;
            }
        }
    }
    Ok(())
}
