//! What is to be removed on a node, decided from what its executor reported.
//!
//! Pure, as [`plan`](crate::plan) is: what is wanted, what is there, what was
//! planned before, and the time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use berth_domain::ids::StackName;
use berth_domain::node::{Item, NodeImage, NodeReport, VolumePolicy};
use berth_store::executors::Planned;
use chrono::{DateTime, Utc};

/// What a stack that is gone left behind: what its environment said of its
/// volumes, and when it was gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone {
    /// What was said.
    pub policy: VolumePolicy,
    /// Since when it is gone.
    pub since: DateTime<Utc>,
}

/// What is wanted, as one complete look at the database and the cluster found it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Stacks that there are: in the database, or on the cluster still.
    pub stacks: BTreeSet<StackName>,
    /// Those of them that are being deployed.
    pub deploying: BTreeSet<StackName>,
    /// The ids of all services.
    pub services: BTreeSet<String>,
    /// All that were gone under a name, of the names that were reported.
    pub gone: BTreeMap<StackName, Vec<Gone>>,
    /// What kept releases call their images; [`None`] where that is not known of
    /// all of them.
    pub images: Option<BTreeSet<String>>,
    /// What forgotten releases called theirs.
    pub old_images: BTreeSet<String>,
}

/// Plans what is removed on a node, and when.
///
/// What was not planned `before` begins now, and goes once it was in the plan for
/// `grace`; a volume not before its environment's time. Without a complete look at
/// what is `wanted`, nothing goes.
#[must_use]
pub fn plan_node_prune(
    wanted: Option<&Wanted>,
    reported: &NodeReport,
    before: &[Planned],
    grace: Duration,
    now: DateTime<Utc>,
) -> Vec<Planned> {
    let Some(wanted) = wanted else { return Vec::new() };
    let mut plan = Vec::new();
    let mut add = |item: Item, earliest: DateTime<Utc>| {
        let known = before.iter().find(|it| it.item == item);
        let since = known.map_or(now, |it| it.since);
        plan.push(Planned { due: (since + grace).max(earliest), item, since });
    };
    for volume in &reported.volumes {
        if let Some(earliest) = wanted.volume_goes(&volume.stack) {
            let (name, stack) = (volume.name.clone(), volume.stack.clone());
            add(Item::Volume { name, stack }, earliest);
        }
    }
    for container in &reported.containers {
        if !wanted.services.contains(&container.service) {
            let (id, stack) = (container.id.clone(), container.stack.clone());
            add(Item::Container { id, stack }, DateTime::UNIX_EPOCH);
        }
    }
    for image in &reported.images {
        if wanted.is_image_done_with(image) {
            let (name, stack) = (image.name.clone(), image.stack.clone());
            add(Item::Image { name, stack }, DateTime::UNIX_EPOCH);
        }
    }
    plan.sort_unstable_by(|a, b| a.item.cmp(&b.item));
    plan
}

impl Wanted {
    /// When the volumes of a stack go, if they do. Where stacks of one name said
    /// different things, the one that keeps them longest is followed.
    fn volume_goes(&self, stack: &StackName) -> Option<DateTime<Utc>> {
        if self.stacks.contains(stack) {
            return None;
        }
        let gone = self.gone.get(stack).filter(|gone| !gone.is_empty())?;
        let times = gone.iter().map(|it| match it.policy {
            VolumePolicy::Keep => None,
            VolumePolicy::WithStack => Some(it.since),
            VolumePolicy::AfterDays(days) => {
                it.since.checked_add_signed(chrono::Duration::days(days.into()))
            }
        });
        times.reduce(|a, b| Some(a?.max(b?))).flatten()
    }

    fn is_image_done_with(&self, image: &NodeImage) -> bool {
        let Some(kept) = &self.images else { return false };
        let ours = match &image.stack {
            Some(stack) => !self.deploying.contains(stack),
            None => image.keys.iter().any(|key| self.old_images.contains(key)),
        };
        ours && !image.keys.iter().any(|key| kept.contains(key))
    }
}

#[cfg(test)]
mod tests;
