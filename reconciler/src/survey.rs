//! One look at every stack at once: a fixed number of calls to the cluster, and
//! then nothing but comparing.

use std::collections::BTreeMap;
use std::sync::Arc;

use berth_domain::cluster::{Cluster, ClusterError, Desired, ObservedStack};
use berth_domain::ids::StackName;
use chrono::{DateTime, Utc};
use url::Url;

use crate::plan::{Plan, Prune, plan};
use crate::report::{Report, report};

/// A stack, and what it should be.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its name.
    pub name: StackName,
    /// What it should be; [`None`] where nobody has said so yet. Shared: a
    /// release is decoded once and compared many times.
    pub desired: Option<Arc<Desired>>,
}

/// What was seen of a stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What is there.
    pub observed: ObservedStack,
    /// What there is to do.
    pub plan: Plan,
    /// What to show.
    pub report: Report,
}

/// Every stack that was asked for, in the same order, and what else of ours is
/// on the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// What was seen of each stack.
    pub stacks: Vec<Seen>,
    /// What carries our label under names that were not asked for.
    pub orphans: BTreeMap<StackName, ObservedStack>,
}

/// Looks at every stack at `now`. Nothing is changed.
///
/// # Errors
///
/// What the cluster says.
pub async fn survey<C: Cluster>(
    cluster: &C,
    stacks: &[Wanted],
    router: &Url,
    now: DateTime<Utc>,
) -> Result<Survey, ClusterError> {
    let mut all = cluster.observe_all().await?;
    let stacks = stacks
        .iter()
        .map(|wanted| {
            let observed = all.remove(&wanted.name).unwrap_or_default();
            look(wanted.desired.as_deref(), observed, router, now)
        })
        .collect();
    Ok(Survey { stacks, orphans: all })
}

/// What there is to do about one stack, and what to show of it.
#[must_use]
pub fn look(
    desired: Option<&Desired>,
    observed: ObservedStack,
    router: &Url,
    now: DateTime<Utc>,
) -> Seen {
    let plan = desired.map_or_else(Plan::default, |it| plan(it, &observed, &Prune::all()));
    let report = report(desired, &observed, &plan, router, now);
    Seen { observed, plan, report }
}
