//! Applying a release, and waiting until it is well.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use berth_compose_templates::{Note, Places};
use berth_domain::build::Builder;
use berth_domain::cluster::{Action, Cluster, ClusterError, Desired, ObservedStack};
use berth_domain::deployment::{Reason, Step};
use berth_domain::health::{Health, of_service};
use berth_domain::stack::StackSpec;
use berth_store::deployments::{self, Begun};
use berth_store::releases::{self, NewRelease};
use tokio::time::{Instant, sleep};

use super::source::complaints;
use super::{Run, StepError};
use crate::error::PassError;
use crate::plan::{Plan, Prune, depends, plan};
use crate::preflight;
use crate::progress::{self, Failure, Situation, TIMED_OUT, Verdict};
use crate::reconcile::{self, names};

/// Lines of a failed task's output that go into the reason.
const LOG_LINES: u32 = 20;

/// How long to wait before looking again at what somebody else just changed.
const STALE: Duration = Duration::from_millis(100);

/// How often that is believed; then it is rather missing, and takes longer.
const STALE_TIMES: u32 = 5;

/// How long to wait for what is missing.
const STALE_AGAIN: Duration = Duration::from_secs(1);

/// How long what there is beside services is believed to be as it was seen, while they
/// are waited for.
const BELIEVED: Duration = Duration::from_secs(10);

/// The shortest secret that is blotted out of a log: shorter ones are words.
const SECRET: usize = 6;

/// What the name of a variable with a secret in it contains.
const SECRET_NAMES: [&str; 8] =
    ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "DSN", "URL"];

impl<C: Cluster, B: Builder> Run<'_, C, B> {
    pub(super) async fn apply(&mut self, begun: &Begun) -> Result<String, StepError> {
        if self.has_release() {
            self.take_back().await?;
        }
        let notes = self.preflight().await?;
        self.settle_restarts().await?;
        let observed = self.bring(Step::Apply, begun, progress::applied).await?;
        let spec = self.spec().await?;
        let services = spec.services.keys().map(|name| {
            let awaited = depends::awaited(&spec, &observed, name);
            if awaited.is_empty() {
                name.clone()
            } else {
                format!("{name} {}", depends::words(&awaited))
            }
        });
        let mut message = services.collect::<Vec<_>>().join(", ");
        for note in notes {
            message.push('\n');
            message.push_str(&note.to_string());
        }
        Ok(message)
    }

    /// Whether its release was there before it.
    pub(super) const fn has_release(&self) -> bool {
        self.context.deployment.trigger.has_release()
    }

    /// Makes the kept release what the stack should be, with its routes: what
    /// rendering does for a new one.
    async fn take_back(&mut self) -> Result<(), StepError> {
        let spec = self.spec().await?;
        self.claim(&spec).await?;
        let (pool, fence) = (&self.engine.pool, self.fence);
        let kept = NewRelease { deployment: self.id(), spec: &spec, images: &[] };
        match releases::insert(pool, fence, &self.engine.settings.seal_key, kept).await {
            // Where it is over, the watch for that is about to say so.
            Ok(_) | Err(berth_store::Error::Conflict { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What would go wrong on the cluster, before anything is touched there.
    async fn preflight(&mut self) -> Result<Vec<Note>, StepError> {
        let spec = self.spec().await?;
        let facts = match self.engine.cluster.facts(&preflight::images(&spec)).await {
            Ok(facts) => facts,
            Err(error) => return Err(away(PassError::Observe(error))),
        };
        // No file is fetched to say where in it a kept release went wrong.
        let places = if self.has_release() { Places::default() } else { self.places().await? };
        let found = preflight::preflight(&self.stack.name, &spec, &places, &facts);
        if found.complaints.is_empty() {
            return Ok(found.notes);
        }
        Err(complaints("preflight_failed", &found.complaints))
    }

    pub(super) async fn converge(&mut self, begun: &Begun) -> Result<String, StepError> {
        self.bring(Step::Converge, begun, progress::converged).await?;
        let spec = self.spec().await?;
        let window = progress::window(&spec);
        Ok(format!("every service has been healthy for {window:?}"))
    }

    /// Observes, plans and applies until the verdict is there, and gives what was
    /// seen then. What the release no longer asks for stays until it succeeded, so
    /// that what served before can be put back.
    async fn bring(
        &mut self,
        step: Step,
        begun: &Begun,
        judge: impl Fn(&Situation<'_>, chrono::DateTime<chrono::Utc>) -> Option<Verdict>,
    ) -> Result<ObservedStack, StepError> {
        let spec = self.spec().await?;
        let desired = Desired::Present(spec.clone());
        let since = self.applying_since(begun).await?;
        let mut prune = Prune::Off;
        // What is not as it must be, such as a network that nobody has made.
        let mut stale: Option<(String, u32)> = None;
        let began = Instant::now();
        loop {
            let observed = self.look().await?;
            let now = self.engine.settings.clock.now();
            let situation = Situation {
                spec: &spec,
                observed: &observed,
                changed: &self.changed,
                since,
                deadline: begun.deadline_at,
            };
            let verdict = judge(&situation, now);
            let plan = plan(&desired, &observed, &prune);
            self.show(&desired, &observed, &plan).await?;
            match verdict {
                Some(Verdict::Reached) => {
                    self.keep_plan(&plan, &spec, &observed).await?;
                    self.keep_job_logs(&spec, &observed, false).await?;
                    return Ok(observed);
                }
                Some(Verdict::Failed(mut failure)) => {
                    self.keep_job_logs(&spec, &observed, true).await?;
                    if let Some((what, _)) = stale.filter(|_| failure.code == TIMED_OUT) {
                        failure
                            .text
                            .push_str(&format!("; Docker has no {what}, or it keeps changing"));
                    }
                    return Err(self.failed(&spec, failure).await);
                }
                None => {}
            }
            self.keep_plan(&plan, &spec, &observed).await?;
            if plan.is_empty() {
                if let Some(conflict) = plan.conflicts().first() {
                    return Err(StepError::failed("conflict", conflict.clone()));
                }
                let waits = waiting_for(&spec, &observed, now);
                self.say(step, &waits).await?;
                let rest = progress::rest(&spec, &observed.services, now);
                sleep(pause(self.engine.settings.poll, began.elapsed(), rest)).await;
                continue;
            }
            self.whole = None;
            match self.carry_out(plan.actions()).await {
                Ok(()) => stale = None,
                Err(PassError::Apply { source: ClusterError::Stale { what }, .. }) => {
                    let times = stale.map_or(1, |(_, times)| times + 1);
                    if times > STALE_TIMES {
                        self.say(step, &format!("waits for {what}")).await?;
                        sleep(STALE_AGAIN).await;
                    } else {
                        sleep(STALE).await;
                    }
                    stale = Some((what, times));
                }
                // A service that goes may hold what its successor needs, such as
                // a port: then it has to go first.
                Err(PassError::Apply {
                    source: ClusterError::Rejected { message, .. }, ..
                }) if prune == Prune::Off && message.contains("in use") => {
                    prune = Prune::On { keep: self.way_back().await? };
                }
                Err(error) => return Err(away(error)),
            }
        }
    }

    /// Looks at the stack: at its services alone, where all of it was seen a moment ago
    /// and nothing was done to it since. Their tasks are what is waited for, and they
    /// keep Docker from taking away what they use.
    pub(super) async fn look(&mut self) -> Result<ObservedStack, StepError> {
        let (engine, stack) = (self.engine, self.stack);
        if let Some((at, whole)) = &mut self.whole
            && at.elapsed() < BELIEVED
        {
            whole.services = reconcile::observe_services(engine, stack).await.map_err(away)?;
            return Ok(whole.clone());
        }
        let whole = reconcile::observe(engine, stack).await.map_err(away)?;
        self.whole = Some((Instant::now(), whole.clone()));
        Ok(whole)
    }

    /// Since when the release has been applied: what Swarm says of earlier
    /// updates does not count.
    async fn applying_since(
        &self,
        begun: &Begun,
    ) -> Result<chrono::DateTime<chrono::Utc>, StepError> {
        let phases = deployments::phases(&self.engine.pool, self.id()).await?;
        let applied = phases.iter().find(|row| row.phase == Step::Apply.reaches());
        Ok(applied.map_or(begun.started_at, |row| row.started_at))
    }

    async fn carry_out(&mut self, actions: &[Action]) -> Result<(), PassError> {
        for action in actions {
            let one = std::slice::from_ref(action);
            reconcile::apply(self.engine, self.fence, self.stack, one).await?;
            if let Action::CreateService { name, .. } | Action::UpdateService { name, .. } = action
            {
                self.changed.insert(name.clone());
            }
        }
        Ok(())
    }

    /// Writes down what is going to be done, before it is: for whoever reads later
    /// what a deployment did.
    async fn keep_plan(
        &mut self,
        plan: &Plan,
        spec: &StackSpec,
        observed: &ObservedStack,
    ) -> Result<(), StepError> {
        let after = goes_after(spec, observed);
        let lines = (plan.sentences(), after);
        if self.planned.as_ref() == Some(&lines) {
            return Ok(());
        }
        let (now, after) = &lines;
        deployments::keep_plan(&self.engine.pool, self.fence, self.id(), now, after).await?;
        self.planned = Some(lines);
        Ok(())
    }

    async fn show(
        &self,
        desired: &Desired,
        observed: &ObservedStack,
        plan: &Plan,
    ) -> Result<(), StepError> {
        let mut seen = reconcile::see(self.engine, Some(desired), observed, plan);
        // What is well is not done yet while it is being deployed.
        if seen.health == Health::Healthy && !seen.synced {
            seen.health = Health::Progressing;
        }
        reconcile::store_progress(self.engine, self.fence, self.stack, seen).await?;
        Ok(())
    }

    /// What the release refers to that is gone back to if this one fails.
    async fn way_back(&self) -> Result<BTreeSet<String>, StepError> {
        let last = releases::last_succeeded(&self.engine.pool, self.stack.id).await?;
        let Some(last) = last else { return Ok(BTreeSet::new()) };
        let desired: Arc<Desired> = self.engine.release(last).await?;
        Ok(names(&desired))
    }

    /// A failure with what the failed task wrote last.
    async fn failed(&self, spec: &StackSpec, failure: Failure) -> StepError {
        let Failure { code, mut text, task, .. } = failure;
        if let Some(task) = task
            && let Ok(lines) = self.engine.cluster.task_log(&task, LOG_LINES).await
            && !lines.is_empty()
        {
            text.push_str("\nThe last it wrote:");
            for line in lines {
                text.push_str("\n  ");
                text.push_str(&without_secrets(spec, &line));
            }
        }
        StepError::Failed(Reason { code, text, place: None })
    }
}

/// How long to wait before looking again, where looking has gone on for a while: who
/// has waited for long can wait a little longer, and Docker starts tasks sooner the
/// less it is asked. Where all are well, until they were for long enough.
fn pause(poll: Duration, waited: Duration, rest: Option<Duration>) -> Duration {
    let most = poll * 4;
    match rest {
        Some(rest) if !rest.is_zero() => rest.min(most),
        Some(_) | None => (waited / 16).clamp(poll, most),
    }
}

/// The services that go once the release has succeeded, as a plan says it. Which
/// other objects go is known only then: Swarm's own way back may name them.
fn goes_after(spec: &StackSpec, observed: &ObservedStack) -> Vec<String> {
    let gone =
        observed.services.iter().filter(|(name, is)| is.ours && !spec.services.contains_key(*name));
    gone.map(|(name, is)| {
        Action::RemoveService { name: name.clone(), from: is.version }.to_string()
    })
    .collect()
}

/// `line` with the stack's secrets blotted out, those in its environment too: a
/// reason may be
/// posted where more people read it.
pub(super) fn without_secrets(spec: &StackSpec, line: &str) -> String {
    let secrets = spec.secrets.values().filter_map(|file| std::str::from_utf8(&file.data).ok());
    // A password is as likely in the environment; its other values are words
    // that a reason is better with.
    let environment = spec
        .services
        .values()
        .flat_map(|service| &service.env)
        .filter(|(name, _)| SECRET_NAMES.iter().any(|part| name.to_uppercase().contains(part)))
        .filter_map(|(_, value)| value.as_ref());
    let parts = secrets.flat_map(str::lines).chain(environment.map(String::as_str)).map(str::trim);
    parts
        .filter(|part| part.len() >= SECRET)
        .fold(line.to_owned(), |line, part| line.replace(part, "•••"))
}

/// The first service that is not well yet, and how many are.
fn waiting_for(
    spec: &StackSpec,
    observed: &ObservedStack,
    now: chrono::DateTime<chrono::Utc>,
) -> String {
    let mut well = 0;
    let mut first = None;
    for (name, wanted) in &spec.services {
        let Some(live) = observed.services.get(name) else { continue };
        let health = of_service(wanted, live, now);
        if health.health == Health::Healthy {
            well += 1;
        } else if first.is_none() {
            first = Some(format!("; `{name}` {}", health.reason));
        }
    }
    let all = spec.services.len();
    format!("{well} of {all} services are healthy{}", first.unwrap_or_default())
}

/// What to make of a cluster's error during a step.
pub(super) fn away(error: PassError) -> StepError {
    let (PassError::Observe(source) | PassError::Apply { source, .. }) = &error else {
        return StepError::Pass(error);
    };
    match source {
        ClusterError::Stale { .. } | ClusterError::Unavailable { .. } | ClusterError::Login(_) => {
            StepError::Away(source.to_string())
        }
        ClusterError::Rejected { .. } => StepError::failed("docker_refused", source.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use berth_domain::map::Map;
    use berth_domain::stack::{FileSpec, ServiceSpec};

    use super::*;

    #[test]
    fn who_waits_for_long_is_looked_at_less_often_and_who_is_well_once_more() {
        let poll = Duration::from_millis(250);
        let after = |waited, rest| pause(poll, Duration::from_secs(waited), rest);
        assert_eq!(after(0, None), poll);
        assert_eq!(after(8, None), 2 * poll);
        assert_eq!(after(60, None), 4 * poll);
        let rest = |millis| Some(Duration::from_millis(millis));
        assert_eq!(after(60, rest(30)), Duration::from_millis(30), "it is over by then");
        assert_eq!(after(0, rest(700)), Duration::from_millis(700));
        assert_eq!(after(0, rest(60_000)), 4 * poll, "it may still crash");
        assert_eq!(after(8, rest(0)), 2 * poll, "something else is waited for");
    }

    #[test]
    fn a_secret_that_a_task_wrote_is_blotted_out() {
        let secret = FileSpec { data: b"hunter2!\n".to_vec(), ..FileSpec::default() };
        let env = [("DB_PASSWORD", "swordfish"), ("DB_HOST", "postgres")]
            .map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
        let service = ServiceSpec { env: env.into(), ..ServiceSpec::default() };
        let short = FileSpec { data: b"on".to_vec(), ..FileSpec::default() };
        let spec = StackSpec {
            secrets: Map::from([("a".to_owned(), secret.into()), ("b".to_owned(), short.into())]),
            services: BTreeMap::from([("web".to_owned(), service.into())]),
            ..StackSpec::default()
        };
        let line = without_secrets(&spec, "no connection with hunter2! or swordfish to postgres");
        assert_eq!(line, "no connection with ••• or ••• to postgres");
    }
}
