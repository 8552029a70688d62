//! The fail points, as the program under test lists them.

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::process::Command;

use crate::berth::program;

/// Points that no scenario passes, and why that is well. Whatever is not here
/// must be passed: the run fails otherwise.
pub(super) const EXCUSED: &[(&str, &str)] = &[
    ("github.create_app", "a person waits for the answer, and asks again"),
    ("github.set_hook", "a person waits for the answer, and asks again"),
    (
        "accounts.installation",
        "only where an installation's own event is late: tasks/inbox/tests.rs",
    ),
    (
        "acts.record",
        "only of what no stack asks for, which no scenario leaves: tests/pipeline/passes.rs",
    ),
    ("inbox.account", "the simulator's accounts keep their names"),
    ("stacks.set_release", "only after a deployment that was replaced half way: tests/pipeline"),
    ("stacks.wait", "only of what a pause, a person or a time holds up: tests/pipeline/pauses.rs"),
    ("stacks.go_on", "only of what was held up: tests/pipeline/approvals.rs, turns.rs"),
    ("pruning.plan", "only where nothing asks for a stack: reconciler, tests/pipeline/pruning.rs"),
    ("executors.plan", "only with an executor: store/src/executors/tests.rs"),
    ("executors.token", "only with an executor: store/src/executors/tests.rs"),
    ("executors.name_images", "only with an executor: store/src/executors/tests.rs"),
    ("dry_runs.answer", "only when a person asks: reconciler, tests/pipeline/dry_runs.rs"),
    ("inbox.postpone", "only with a GitHub that fails: reconciler, tasks/inbox/tests.rs"),
    ("nodes.settle", "only when a person drains a node: reconciler, tests/pipeline/nodes.rs"),
    (
        "cluster.set_availability",
        "only when a person drains a node: reconciler, tests/pipeline/nodes.rs",
    ),
    ("logs.forget", "only where a stack wrote more than is kept: store/src/logs/tests.rs"),
    ("nodes.observe", "only when a node changes: store/src/nodes.rs"),
    ("outbox.failed", "only with a GitHub that fails: reconciler, tasks/tests/reports.rs"),
    ("outbox.dropped", "only with a GitHub that refuses: reconciler, tasks/tests/reports.rs"),
    ("outbox.hold", "only with a GitHub that is busy: reconciler, tasks/tests/reports.rs"),
];

/// Which side of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Before,
    After,
}

/// A place to die at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) point: String,
    pub(super) side: Side,
}

impl Target {
    /// As the program takes it, and as it says where it died.
    pub(super) fn text(&self) -> String {
        let side = match self.side {
            Side::Before => "before",
            Side::After => "after",
        };
        format!("{}:{side}", self.point)
    }
}

/// The names of all points.
pub(super) async fn listed() -> anyhow::Result<Vec<String>> {
    let output = Command::new(program()?).arg("fail-points").output().await?;
    if !output.status.success() {
        bail!("`berth fail-points` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let names = String::from_utf8(output.stdout)?
        .lines()
        .map(|line| {
            let point: Value = serde_json::from_str(line)?;
            point["name"].as_str().map(str::to_owned).context("a fail point without a name")
        })
        .collect::<anyhow::Result<Vec<String>>>()?;
    let unknown: Vec<&str> = EXCUSED
        .iter()
        .map(|(name, _)| *name)
        .filter(|excused| !names.iter().any(|name| name == excused))
        .collect();
    if !unknown.is_empty() {
        bail!("what is excused is no fail point: {}", unknown.join(", "));
    }
    Ok(names)
}

/// Whether a point is excused.
pub(super) fn is_excused(name: &str) -> bool {
    EXCUSED.iter().any(|(excused, _)| *excused == name)
}
