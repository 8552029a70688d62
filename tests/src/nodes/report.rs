//! What a run says at its end.

use std::time::Duration;

use serde_json::{Value, json};

use super::probe::Answers;

/// One trial.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// What was done.
    pub(super) trial: &'static str,
    /// Until Berth said that the node is away.
    pub(super) told: Option<Duration>,
    /// Until everything that should run ran on the other nodes.
    pub(super) moved: Option<Duration>,
    /// Until what was pushed meanwhile was deployed and served.
    pub(super) deployed: Duration,
    /// Until Berth said that the node is back, from its return.
    pub(super) back: Option<Duration>,
    /// What visitors saw of a stack with a task on each node.
    pub(super) many: Answers,
    /// What visitors saw of a stack with one task.
    pub(super) single: Answers,
    /// What people saw of Berth.
    pub(super) berth: Answers,
}

/// The figures of a run.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    pub(super) rows: Vec<Row>,
    /// Deployments that were begun while something was away, or was upgraded.
    pub(super) deploys: usize,
    pub(super) problems: Vec<String>,
}

impl Summary {
    /// Whether everything was as it should be.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.problems.is_empty() && !self.rows.is_empty()
    }

    /// What was not, a sentence each.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The line of JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let most = |of: fn(&Row) -> Option<Duration>| {
            let longest = self.rows.iter().filter_map(of).max().unwrap_or_default();
            tenths(longest)
        };
        json!({
            "trials": self.rows.len(),
            "deploys": self.deploys,
            "problems": self.problems.len(),
            "max_told_s": most(|row| row.told),
            "max_moved_s": most(|row| row.moved),
            "max_deploy_s": most(|row| Some(row.deployed)),
            "max_gap_s": most(|row| Some(row.many.gap)),
            "max_gap_single_s": most(|row| Some(row.single.gap)),
            "max_gap_berth_s": most(|row| Some(row.berth.gap)),
        })
    }

    /// The table: a line a trial.
    #[must_use]
    pub fn table(&self) -> String {
        let mut lines = vec![format!(
            "{:34} {:>7} {:>8} {:>9} {:>7} {:>18} {:>18} {:>18}",
            "trial", "told s", "moved s", "deploy s", "back s", "3 tasks", "1 task", "Berth"
        )];
        let seconds = |time: Option<Duration>| {
            time.map_or_else(|| "–".to_owned(), |time| format!("{:.1}", time.as_secs_f64()))
        };
        let seen = |answers: &Answers| {
            let Answers { asked, failed, gap } = answers;
            format!("{failed}/{asked} {:.1} s", gap.as_secs_f64())
        };
        lines.extend(self.rows.iter().map(|row| {
            format!(
                "{:34} {:>7} {:>8} {:>9} {:>7} {:>18} {:>18} {:>18}",
                row.trial,
                seconds(row.told),
                seconds(row.moved),
                seconds(Some(row.deployed)),
                seconds(row.back),
                seen(&row.many),
                seen(&row.single),
                seen(&row.berth),
            )
        }));
        lines.push(
            "Of what was asked: questions without a good answer, all of them, and the longest time without one."
                .to_owned(),
        );
        lines.join("\n")
    }
}

fn tenths(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}
