//! Every point of every scenario, and then each apart, to its right end.
//!
//! Most of a run's time is waited for, so several worlds on the one Swarm try at
//! once: each has a Berth, a Postgres, a router and a GitHub of its own.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use futures_util::future::{join_all, try_join_all};

use super::{Plan, Runner};
use crate::chaos::points::Target;
use crate::chaos::report::Summary;
use crate::chaos::scenario::Scenario;
use crate::steps::step;

/// A scenario, and where Berth is to die in it.
#[derive(Debug)]
struct Try {
    what: String,
    scenario: Scenario,
    targets: Vec<Target>,
}

/// A world, and whether what was tried in it came to its right end.
struct World {
    runner: Runner,
    outcome: anyhow::Result<()>,
}

/// Tries all `targets` in each scenario, and then what each passed apart. Once
/// something does not come to its right end, nothing else is begun.
///
/// # Errors
///
/// Where a world does not begin or end.
pub(super) async fn all(plan: &Plan, folder: &Path, targets: &[Target]) -> anyhow::Result<Summary> {
    let begin = |number: usize| {
        let folder = folder.join(number.to_string());
        async move { Box::pin(Runner::begin(&folder)).await }
    };
    let runners = try_join_all((1..=plan.worlds.get()).map(begin)).await?;
    let mut worlds: Vec<World> =
        runners.into_iter().map(|runner| World { runner, outcome: Ok(()) }).collect();

    let scenarios = Scenario::ALL.into_iter().filter(|it| plan.wants(*it));
    let packed = scenarios.map(|scenario| Try {
        what: scenario.name().to_owned(),
        scenario,
        targets: targets.to_vec(),
    });
    let passed = spread(plan, &mut worlds, packed.collect()).await;
    if worlds.iter().all(|world| world.outcome.is_ok()) {
        let total = passed.len();
        let apart = passed.into_iter().enumerate().map(|(at, (scenario, target))| Try {
            what: format!("{} of {total}: {} {}", at + 1, scenario.name(), target.text()),
            scenario,
            targets: vec![target],
        });
        spread(plan, &mut worlds, apart.collect()).await;
    }

    let mut summary = Summary::default();
    for ended in join_all(worlds.into_iter().map(World::end)).await {
        summary.add(ended?);
    }
    Ok(summary)
}

/// Has the worlds try everything, each what is next. Gives where Berth died, by
/// scenario.
async fn spread(
    plan: &Plan,
    worlds: &mut [World],
    tries: VecDeque<Try>,
) -> Vec<(Scenario, Target)> {
    let left = &Mutex::new(tries);
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let in_turn = worlds.iter_mut().map(|world| async move {
        let mut passed = Vec::new();
        while let Some(Try { what, scenario, targets }) = next() {
            let tried = Box::pin(world.runner.one(scenario, &targets));
            let tried =
                if plan.aloud { step(&what, tried).await } else { tried.await.context(what) };
            match tried {
                Ok(there) => passed.extend(there.into_iter().map(|target| (scenario, target))),
                Err(err) => {
                    world.outcome = Err(err);
                    left.lock().unwrap_or_else(PoisonError::into_inner).clear();
                }
            }
        }
        passed
    });
    let mut passed = join_all(in_turn).await.concat();
    // As one world alone would come to them.
    passed.sort_by_key(|(scenario, _)| *scenario);
    passed
}

impl World {
    /// Ends it. A preview that is still there is none that was left over.
    async fn end(mut self) -> anyhow::Result<Summary> {
        if self.outcome.is_ok() {
            self.outcome = self.runner.tidy().await;
        }
        self.runner.end(self.outcome).await
    }
}

impl Runner {
    /// Kills Berth at these points of a scenario. Gives those that it passed.
    async fn one(&mut self, scenario: Scenario, targets: &[Target]) -> anyhow::Result<Vec<Target>> {
        // One that died wherever it should runs on with nowhere to die.
        if !self.site.armed().is_empty() {
            self.site.arm(Vec::new()).await?;
        }
        self.prepare(scenario).await?;
        self.site.arm(targets.to_vec()).await?;
        self.play(scenario).await?;
        let survived = self.site.armed();
        Ok(targets.iter().filter(|target| !survived.contains(target)).cloned().collect())
    }

    /// Closes what is open, with nobody dying.
    async fn tidy(&mut self) -> anyhow::Result<()> {
        self.site.arm(Vec::new()).await?;
        self.prepare(Scenario::FirstDeploy).await
    }
}
