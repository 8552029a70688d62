//! What a deployment would do, without doing it: the same file read, the same
//! images looked for and the same plan made, and nothing written or applied.

use std::collections::BTreeSet;
use std::fmt::Display;

use berth_domain::build::{Builder, Image};
use berth_domain::cluster::{Cluster, Desired};
use berth_domain::deployment::{Reason, Step};
use berth_domain::ids::StackId;
use berth_domain::stack::{StackSpec, contested};
use berth_store::deployments::{Frozen, Holds};
use berth_store::leases::Fence;
use berth_store::stacks::{self, LiveStack, Wanted};
use berth_store::{claims, deployments, environments};

use super::cluster::away;
use super::source::complaints;
use super::{Run, StepError, hold};
use crate::drift;
use crate::dry_run::{Answer, Failure};
use crate::engine::Engine;
use crate::error::PassError;
use crate::plan::{Prune, plan};
use crate::preflight;
use crate::reconcile::{self, names};

/// Where a deployment would end, and why.
type Ended = (Step, StepError);

/// What a deployment of `stack` would do now, if somebody asked for one; [`None`]
/// where there is nothing to deploy.
pub(crate) async fn rehearse<C: Cluster, B: Builder>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: StackId,
) -> Result<Option<Answer>, PassError> {
    let live = stacks::live_one(&engine.pool, stack).await?;
    let Some(stack) = live.filter(|stack| stack.wanted == Wanted::Present) else {
        return Ok(None);
    };
    let context = deployments::proposed(&engine.pool, stack.id).await?;
    let mut answer = Answer::of(&context.deployment);
    answer.holds = holds(engine, &stack).await?;
    if let Some(open) = stack.open_deployment {
        let number = deployments::get(&engine.pool, open).await?.number;
        answer.notes.push(format!(
            "deployment #{number} is under way: a new one takes its place, and what is live may \
             be different by then"
        ));
    }
    let mut run = Run::new(engine, fence, &stack, context);
    match Box::pin(run.rehearse(&mut answer)).await {
        Ok(()) => {}
        Err((_, StepError::Pass(error))) => return Err(error),
        Err((step, StepError::Failed(reason))) => answer.failure = Some(Failure::at(step, reason)),
        Err((step, StepError::Away(what))) => {
            let text = format!("{what}; a deployment would try again for some time");
            let reason = Reason { code: "unavailable".to_owned(), text, place: None };
            answer.failure = Some(Failure::at(step, reason));
        }
    }
    Ok(Some(answer))
}

impl<C: Cluster, B: Builder> Run<'_, C, B> {
    /// Fills in what there is to say, as far as a deployment would come.
    async fn rehearse(&mut self, answer: &mut Answer) -> Result<(), Ended> {
        self.checkout().await.map_err(|error| (Step::Fetch, error))?;
        // What is wrong with the file is said where it would be: once it is rendered.
        self.checked().await.map_err(|error| (Step::Render, error))?;
        let images = self.expected().await.map_err(|error| (Step::Build, error))?;
        answer.notes.extend(images.iter().map(|(service, image)| {
            let Image { tag, reused, .. } = image;
            if *reused {
                format!("the image of `{service}` is there already: `{tag}`")
            } else {
                format!(
                    "the image of `{service}` has yet to be built, as `{tag}`: only then is it \
                     known whether it can be"
                )
            }
        }));
        let spec = self.foreseen(&images, &mut answer.notes).await;
        let spec = spec.map_err(|error| (Step::Render, error))?;
        let unbuilt: BTreeSet<&str> = images
            .iter()
            .filter(|(_, image)| !image.reused)
            .map(|(_, image)| image.tag.as_str())
            .collect();
        self.compare(&spec, answer).await.map_err(|error| (Step::Apply, error))?;
        let notes = self.forewarned(&spec, &unbuilt).await.map_err(|error| (Step::Apply, error))?;
        answer.notes.extend(notes);
        Ok(())
    }

    /// The images that would be built, by service.
    async fn expected(&mut self) -> Result<Vec<(String, Image)>, StepError> {
        let checkout = self.checkout().await?;
        let mut images = Vec::new();
        for build in self.loaded().await?.builds() {
            let request = self.request(build);
            let image = self.engine.builder.look(&checkout, &request).await?;
            images.push((request.service, image));
        }
        Ok(images)
    }

    /// What the compose file would become, by what registries have now.
    async fn foreseen(
        &mut self,
        images: &[(String, Image)],
        notes: &mut Vec<String>,
    ) -> Result<StackSpec, StepError> {
        let tags: Vec<(String, String)> =
            images.iter().map(|(service, image)| (service.clone(), image.tag.clone())).collect();
        let (mut spec, found) = self.stack_with(&tags).await?;
        notes.extend(lines(&found));
        let held = claims::all(&self.engine.pool).await?;
        let contested = contested(&self.stack.name, &spec.claims(), &held);
        if !contested.is_empty() {
            let text = lines(&contested).collect::<Vec<_>>().join("\n");
            return Err(StepError::failed("route_taken", text));
        }
        notes.extend(self.pin(&mut spec, images).await?);
        spec.run_jobs_for(self.id());
        Ok(spec)
    }

    /// What would be done to the cluster, in order and as data.
    async fn compare(&self, spec: &StackSpec, answer: &mut Answer) -> Result<(), StepError> {
        let observed = reconcile::observe(self.engine, self.stack).await.map_err(away)?;
        let desired = Desired::Present(Box::new(spec.clone()));
        // As it is once the deployment is over: what the stack does without is gone.
        let plan = plan(&desired, &observed, &Prune::On { keep: names(&desired) });
        answer.plan = plan.sentences();
        answer.differences = drift::changes(spec, &observed, &plan);
        answer.texts = drift::texts(spec, &observed, &answer.differences);
        answer.notes.extend(plan.replaced().iter().map(|what| format!("replaces {what}")));
        match plan.conflicts() {
            [] => Ok(()),
            [first, ..] => Err(StepError::failed("conflict", first.clone())),
        }
    }

    /// What would go wrong on the cluster; and what might.
    async fn forewarned(
        &mut self,
        spec: &StackSpec,
        unbuilt: &BTreeSet<&str>,
    ) -> Result<Vec<String>, StepError> {
        let mut images = preflight::images(spec);
        images.retain(|image| !unbuilt.contains(image.as_str()));
        let facts = self.engine.cluster.facts(&images).await;
        let facts = facts.map_err(|error| away(PassError::Observe(error)))?;
        let places = self.places().await?;
        let found = preflight::preflight(&self.stack.name, spec, &places, &facts);
        if !found.complaints.is_empty() {
            return Err(complaints("preflight_failed", &found.complaints));
        }
        Ok(lines(&found.notes).collect())
    }
}

/// What a deployment would wait for before it is applied.
async fn holds<C, B>(engine: &Engine<C, B>, stack: &LiveStack) -> Result<Vec<String>, PassError> {
    let paused_by = stacks::paused_by(&engine.pool, stack.id).await?;
    let (settings, _) = environments::settings(&engine.pool, stack.name.as_str()).await?;
    let now = engine.settings.clock.now();
    let frozen = settings
        .freezes
        .into_iter()
        .filter(|freeze| freeze.from <= now && now < freeze.until)
        .max_by_key(|freeze| freeze.until)
        .map(|freeze| Frozen {
            until: freeze.until,
            left: freeze.until.signed_duration_since(now).to_std().unwrap_or_default(),
            reason: freeze.reason,
        });
    let each = [
        Holds { paused_by, ..Holds::default() },
        Holds { unapproved: settings.protected, ..Holds::default() },
        Holds { frozen, ..Holds::default() },
    ];
    Ok(each.iter().filter_map(hold::words).collect())
}

fn lines<'a>(all: &'a [impl Display + 'a]) -> impl Iterator<Item = String> + 'a {
    all.iter().map(ToString::to_string)
}
