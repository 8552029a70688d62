//! A deployment, a step at a time, from wherever it stands.
//!
//! Each step is safe to repeat, and what it needs of earlier steps it can get
//! again: after a crash the same code goes on. What interrupts a step is a newer
//! deployment, a wish to stop it, its deadline, or losing the lease.

mod build;
mod cluster;
pub(crate) mod hold;
mod jobs;
mod pin;
mod rehearse;
mod restart;
mod source;
mod waited;

use std::collections::BTreeSet;
use std::time::Duration;

use berth_compose_templates::Loaded;
use berth_domain::build::{BuildError, Builder, Checkout, Image};
use berth_domain::chain;
use berth_domain::cluster::{Cluster, ObservedStack};
use berth_domain::deployment::{Phase, Reason, Step};
use berth_domain::fail_point::Write;
use berth_domain::ids::DeploymentId;
use berth_domain::stack::StackSpec;
use berth_store::claims;
use berth_store::deployments::{self, Begun, Context};
use berth_store::leases::{Fence, Guarded};
use berth_store::releases::{self, NewRelease};
use berth_store::stacks::{self, LiveStack};
use tokio::time::{Instant, sleep};

pub(crate) use self::rehearse::rehearse;
use crate::deploy::hold::touches;
use crate::deploy::waited::Waited;
use crate::engine::{Engine, RETRY};
use crate::error::PassError;
use crate::probe;
use crate::progress;
use crate::queue::Next;

/// How often to look whether a deployment was replaced or stopped, should the
/// hint that says so get lost.
const WATCH: Duration = Duration::from_secs(5);

/// How long a step may overrun its deadline to say itself what was missing.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The longest wait between two attempts at a step.
const PATIENCE: Duration = Duration::from_secs(15);

/// A deployment under way.
struct Run<'a, C, B> {
    engine: &'a Engine<C, B>,
    fence: Fence,
    stack: &'a LiveStack,
    context: Context,
    checkout: Option<Checkout>,
    loaded: Option<Loaded>,
    images: Option<Vec<(String, Image)>>,
    /// Services that this run has changed on the cluster.
    changed: BTreeSet<String>,
    said: String,
    /// When the whole stack was last seen, and how it is; [`None`] where something was
    /// done to it since.
    whole: Option<(Instant, ObservedStack)>,
    /// What of the plan is written down already.
    planned: Option<(Vec<String>, Vec<String>)>,
    /// How long the step under way has waited for its turn.
    waited: Waited,
}

impl<'a, C, B> Run<'a, C, B> {
    /// One that has found out nothing yet.
    fn new(engine: &'a Engine<C, B>, fence: Fence, stack: &'a LiveStack, context: Context) -> Self {
        Self {
            engine,
            fence,
            stack,
            context,
            checkout: None,
            loaded: None,
            images: None,
            changed: BTreeSet::new(),
            said: String::new(),
            whole: None,
            planned: None,
            waited: Waited::default(),
        }
    }
}

/// Why a step did not come to its end.
#[derive(Debug)]
enum StepError {
    /// It never will.
    Failed(Reason),
    /// Something does not answer: worth another try.
    Away(String),
    /// The pass can't go on.
    Pass(PassError),
}

impl From<berth_store::Error> for StepError {
    fn from(error: berth_store::Error) -> Self {
        Self::Pass(PassError::Store(error))
    }
}

impl From<PassError> for StepError {
    fn from(error: PassError) -> Self {
        Self::Pass(error)
    }
}

impl StepError {
    fn failed(code: &str, text: impl Into<String>) -> Self {
        Self::Failed(Reason { code: code.to_owned(), text: text.into(), place: None })
    }
}

impl From<BuildError> for StepError {
    fn from(error: BuildError) -> Self {
        match &error {
            BuildError::Source { .. } => Self::failed("source_unavailable", chain(&error)),
            BuildError::Failed { service, message } => Self::failed(
                "build_failed",
                format!("the image of `{service}` failed to build:\n{message}"),
            ),
            BuildError::Unavailable { .. } => Self::Away(chain(&error)),
        }
    }
}

/// Why nobody waits for a deployment any more.
enum Stop {
    /// It is over: replaced, or cancelled with its stack.
    Over,
    /// Somebody asked.
    Asked,
    /// Its stack was paused.
    Paused,
}

/// Moves a deployment on until it is over.
pub(crate) async fn drive<C: Cluster, B: Builder>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
    id: DeploymentId,
) -> Result<Next, PassError> {
    let mut run = Run::new(engine, fence, stack, context(engine, fence, id).await?);
    while let Some(step) = run.context.deployment.phase.step() {
        if let Some(hold) = run.held_up(step).await? {
            return run.wait(&hold).await;
        }
        match Box::pin(run.take(step)).await? {
            Some(phase) => run.context.deployment.phase = phase,
            None => break,
        }
    }
    // The stack is looked at once more: to remove what the new release no longer
    // asks for, to put back what served before, or to go on with the next.
    Ok(Next::After(Duration::ZERO))
}

async fn context<C, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    id: DeploymentId,
) -> Result<Context, PassError> {
    let mut db = Guarded::begin(&engine.pool, fence, Write::ReadDeployment).await?;
    let context = deployments::context(&mut db, id).await?;
    db.commit().await?;
    Ok(context)
}

impl<C: Cluster, B: Builder> Run<'_, C, B> {
    const fn id(&self) -> DeploymentId {
        self.context.deployment.id
    }

    /// Takes one step. The phase that it led to, or [`None`] where the deployment
    /// is over.
    async fn take(&mut self, step: Step) -> Result<Option<Phase>, PassError> {
        let (engine, fence, id) = (self.engine, self.fence, self.id());
        engine.check(fence)?;
        let begun = match deployments::begin_step(
            &engine.pool,
            fence,
            id,
            step,
            self.allowance(step).await?,
        )
        .await
        {
            Ok(begun) => begun,
            Err(berth_store::Error::Conflict { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        self.said.clear();
        if step == Step::Apply {
            // Somebody decided anew: what was fought over before is forgotten.
            engine.set_bouts(self.stack.id, fence, Vec::new());
        }
        let outcome = tokio::select! {
            biased;
            () = engine.deposed(fence) => return Err(PassError::Deposed),
            stop = stopped(engine, self.stack.id, id, touches(step)) => Err(stop),
            outcome = self.attempt(step, &begun) => Ok(outcome),
        };
        match outcome {
            Err(Stop::Over) => {
                tracing::info!(deployment.id = %id, stack.name = %self.stack.name, "a deployment of stack `{}` was taken over or stopped", self.stack.name);
                Ok(None)
            }
            // The next look at what holds it up says so.
            Err(Stop::Paused) => Ok(Some(self.context.deployment.phase)),
            Err(Stop::Asked) => {
                let why = hold::why_stopped(&deployments::get(&engine.pool, id).await?);
                settled(deployments::cancel(&engine.pool, fence, id, &why).await)?;
                Ok(None)
            }
            Ok(Ok(message)) => {
                match deployments::advance(&engine.pool, fence, id, step, &message).await {
                    Ok(phase) => {
                        tracing::info!(deployment.id = %id, stack.name = %self.stack.name, "deployment {} of stack `{}` is {phase}", self.context.deployment.number, self.stack.name);
                        Ok(Some(phase))
                    }
                    Err(berth_store::Error::Conflict { .. }) => Ok(None),
                    Err(error) => Err(error.into()),
                }
            }
            Ok(Err(StepError::Failed(reason))) => {
                tracing::info!(deployment.id = %id, stack.name = %self.stack.name, reason = %reason.code, "deployment {} of stack `{}` failed: {}", self.context.deployment.number, self.stack.name, reason.code);
                self.fail(step, reason).await
            }
            Ok(Err(StepError::Away(what))) => {
                let reason = Reason { code: "timed_out".to_owned(), text: what, place: None };
                self.fail(step, reason).await
            }
            Ok(Err(StepError::Pass(error))) => Err(error),
        }
    }

    /// Works on a step until it is done, fails, or has taken too long.
    async fn attempt(&mut self, step: Step, begun: &Begun) -> Result<String, StepError> {
        self.waited = Waited::default();
        let late = self.waited.clone().and(begun.left + LAST_WORDS);
        let outcome = tokio::select! {
            outcome = Box::pin(self.persist(step, begun)) => Some(outcome),
            () = late => None,
        };
        outcome.unwrap_or_else(|| {
            let minutes = step.deadline().as_secs() / 60;
            let last =
                if self.said.is_empty() { String::new() } else { format!(": {}", self.said) };
            let text = format!("it was not {} within {minutes} min{last}", step.reaches());
            Err(StepError::failed("timed_out", text))
        })
    }

    /// Works on a step again and again while something does not answer.
    async fn persist(&mut self, step: Step, begun: &Begun) -> Result<String, StepError> {
        let mut failures = 0;
        loop {
            let what = match Box::pin(self.work(step, begun)).await {
                Err(StepError::Away(what)) => what,
                other => return other,
            };
            failures += 1;
            self.say(step, &format!("{what}; tries again")).await?;
            sleep(RETRY.wait(failures, rand::random()).min(PATIENCE)).await;
        }
    }

    async fn work(&mut self, step: Step, begun: &Begun) -> Result<String, StepError> {
        match step {
            Step::Fetch => self.fetch().await,
            Step::Build => self.build(step).await,
            Step::Render => self.render().await,
            Step::Apply => self.apply(begun).await,
            Step::Converge => self.converge(begun).await,
            Step::Route => self.route().await,
            Step::Finish => Ok("it serves".to_owned()),
        }
    }

    /// How long a step may take.
    async fn allowance(&self, step: Step) -> Result<Duration, PassError> {
        let window = match step {
            Step::Converge => match self.spec().await {
                Ok(desired) => progress::window(&desired),
                Err(StepError::Pass(error)) => return Err(error),
                Err(StepError::Failed(_) | StepError::Away(_)) => Duration::ZERO,
            },
            Step::Fetch | Step::Build | Step::Render | Step::Apply | Step::Route | Step::Finish => {
                Duration::ZERO
            }
        };
        Ok(step.deadline() + window)
    }

    async fn render(&mut self) -> Result<String, StepError> {
        let (images, notes, mut spec) = self.rendered().await?;
        self.claim(&spec).await?;
        // A release that is there already is what counts, so no registry is asked.
        let pins = match self.context.deployment.release {
            Some(_) => Vec::new(),
            None => self.pin(&mut spec, &images).await?,
        };
        spec.run_jobs_for(self.id());
        let built: Vec<Image> = images.into_iter().map(|(_, image)| image).collect();
        let (pool, fence) = (&self.engine.pool, self.fence);
        let new = NewRelease { deployment: self.id(), spec: &spec, images: &built };
        let release = match releases::insert(pool, fence, &self.engine.settings.seal_key, new).await
        {
            Ok(release) => release,
            // It is over: the watch for that is about to say so.
            Err(berth_store::Error::Conflict { .. }) => return Ok(String::new()),
            Err(error) => return Err(error.into()),
        };
        self.context.deployment.release = Some(release);
        let count = spec.services.len();
        let mut message = format!("{count} service{}", if count == 1 { "" } else { "s" });
        for note in notes.iter().map(ToString::to_string).chain(pins) {
            message.push('\n');
            message.push_str(&note);
        }
        Ok(message)
    }

    /// Takes for the stack what its routes want, before anything is applied.
    async fn claim(&self, spec: &StackSpec) -> Result<(), StepError> {
        let (pool, fence) = (&self.engine.pool, self.fence);
        self.engine.unsettle(self.stack.id);
        let contested = claims::take(pool, fence, self.stack.id, &spec.claims()).await?;
        if contested.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = contested.iter().map(ToString::to_string).collect();
        Err(StepError::failed("route_taken", lines.join("\n")))
    }

    async fn route(&mut self) -> Result<String, StepError> {
        let spec = self.spec().await?;
        if spec.routes.is_empty() {
            return Ok("nothing is routed".to_owned());
        }
        let settings = &self.engine.settings;
        let router = probe::Router::new(probe::Addresses {
            http: settings.router.clone(),
            https: settings.tls_router.clone(),
            tcp: settings.tcp_routers.clone(),
        });
        loop {
            match router.ask(&spec.routes, settings.router_settles).await {
                Ok(()) => break,
                Err(why) => self.say(Step::Route, &why).await?,
            }
            sleep(settings.poll).await;
        }
        let lines = spec.routes.iter().map(|route| {
            let unasked = if router.asks(route) { "" } else { " (nobody could ask)" };
            match crate::report::url(route, &settings.public_router) {
                Some(url) => url,
                None => format!("{route}{unasked}"),
            }
        });
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    /// What the deployment's release says. One that is kept runs no jobs: what they
    /// did for it, or for a newer one, is done.
    async fn spec(&self) -> Result<Box<StackSpec>, StepError> {
        use berth_domain::cluster::Desired;
        let missing = || StepError::failed("release_missing", "the deployment has no release");
        let release = self.context.deployment.release.ok_or_else(missing)?;
        let release = match self.engine.release(release).await {
            Err(PassError::Store(berth_store::Error::NotFound { .. })) => {
                let text = "its release can't be read: the key that it was sealed with is another, or a newer Berth wrote it";
                return Err(StepError::failed("release_unreadable", text));
            }
            other => other?,
        };
        match release.as_ref() {
            Desired::Present(spec) if self.has_release() => {
                Ok(self.with_restarts(Box::new(spec.without_jobs())))
            }
            Desired::Present(spec) => Ok(self.with_restarts(spec.clone())),
            Desired::Absent => Err(missing()),
        }
    }

    /// Says how a step is getting on.
    async fn say(&mut self, step: Step, message: &str) -> Result<(), StepError> {
        if self.said == message {
            return Ok(());
        }
        self.note(step, message, Duration::ZERO).await
    }

    /// Says so, and that the step waited for others meanwhile.
    async fn note(&mut self, step: Step, message: &str, waited: Duration) -> Result<(), StepError> {
        message.clone_into(&mut self.said);
        self.waited.add(waited);
        let (pool, fence, id) = (&self.engine.pool, self.fence, self.id());
        Ok(deployments::note(pool, fence, id, step, (message, waited)).await?)
    }
}

/// A deployment that is over already needs no end.
fn settled(outcome: berth_store::Result<()>) -> Result<(), PassError> {
    match outcome {
        Err(berth_store::Error::Conflict { .. }) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Waits until nobody wants the deployment to go on; or, where it `pauses`, until
/// its stack is paused.
async fn stopped<C, B>(
    engine: &Engine<C, B>,
    stack: berth_domain::ids::StackId,
    id: DeploymentId,
    pauses: bool,
) -> Stop {
    let hints = engine.hints_of(stack);
    loop {
        let hint = hints.notified();
        tokio::pin!(hint);
        // What comes between the look and the wait is not missed.
        hint.as_mut().enable();
        match deployments::get(&engine.pool, id).await {
            Ok(deployment) if deployment.phase.is_over() => return Stop::Over,
            Ok(deployment) if deployment.cancel_requested_at.is_some() => return Stop::Asked,
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(deployment.id = %id, "could not look after a deployment: {}", chain(&error));
            }
        }
        if pauses && matches!(stacks::paused_by(&engine.pool, stack).await, Ok(Some(_))) {
            return Stop::Paused;
        }
        tokio::select! {
            () = hint => {}
            () = sleep(WATCH) => {}
        }
    }
}
