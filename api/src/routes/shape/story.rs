//! What a deployment's own page says.

use berth_domain::deployment::planned::Planned;
use berth_domain::deployment::timing::{Timing, usual};
use berth_store::views::deployments::{DeploymentView, Served, Story};
use berth_store::views::events::Act;
use chrono::{DateTime, Utc};
use url::Url;

use super::{count, deployment, page};
use crate::types::{
    ActKind, Compare, DeploymentAct, DeploymentStory, Phase, PlanLine, PlanState, Usual, UsualPhase,
};

/// A deployment, with all that its own page says.
pub(in crate::routes) fn story(
    row: DeploymentView,
    told: Story,
    acts: Vec<(DateTime<Utc>, Act)>,
    github: &Url,
) -> DeploymentStory {
    let (owner, name) = &told.repository;
    let deployment = deployment(row);
    let sha = &deployment.commit.sha;
    let compare = told.served.map(|Served { number, sha: served }| Compare {
        number,
        url: page(github, &[owner, name, "compare", &format!("{served}...{sha}")]),
    });
    DeploymentStory {
        plan: told.plan.map(|plan| plan.into_iter().map(line).collect()),
        usual: usual(&told.others).map(|middle| shown(middle, told.others.len())),
        rule_id: told.rule,
        acts: acts.into_iter().filter_map(act).collect(),
        commit_url: page(github, &[owner, name, "commit", sha]),
        compare,
        deployment,
    }
}

/// What a newer Berth wrote while both run has no word here yet.
fn act((at, act): (DateTime<Utc>, Act)) -> Option<DeploymentAct> {
    let Act { user, actor, kind, detail, .. } = act;
    Some(DeploymentAct {
        at,
        actor,
        person: user.is_some(),
        kind: ActKind::from_word(&kind)?,
        detail,
    })
}

fn line(Planned { text, state }: Planned) -> PlanLine {
    PlanLine { text, state: PlanState::from_word(state.as_str()).unwrap_or(PlanState::Open) }
}

fn shown(Timing { total_ms, phases }: Timing, of: usize) -> Usual {
    let phase = |(name, duration_ms): (String, i64)| {
        Some(UsualPhase { phase: Phase::from_word(&name)?, duration_ms })
    };
    let mut phases: Vec<UsualPhase> = phases.into_iter().filter_map(phase).collect();
    phases.sort_by_key(|it| it.phase);
    Usual { of: count(of), duration_ms: total_ms, phases }
}
