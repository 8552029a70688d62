//! What a run says at its end.

use serde_json::{Value, json};

/// One kill, and what came after it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Where it died, as `point:side`.
    pub(super) at: String,
    /// What was going on.
    pub(super) scenario: &'static str,
    /// How many deployments of the stack were looked at in the end.
    pub(super) deploys: usize,
    /// Seconds from the death to the next point, or to the right end.
    pub(super) seconds: f64,
    /// What was left over when the scenario was over.
    pub(super) leftovers: usize,
}

/// The figures of a run.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    pub(super) rows: Vec<Row>,
    /// Points that were passed.
    pub(super) reached: Vec<String>,
    /// Points that nothing passed and nobody excuses.
    pub(super) missed: Vec<String>,
    /// Objects that nothing asks for.
    pub(super) leftovers: Vec<String>,
    /// What is there twice.
    pub(super) doubles: Vec<String>,
    /// Webhooks that were not judged.
    pub(super) lost: Vec<String>,
    /// Whatever else is not as it should be.
    pub(super) unmet: Vec<String>,
}

impl Summary {
    /// Adds what another world came to.
    pub(super) fn add(&mut self, other: Self) {
        let Self { rows, reached, missed, leftovers, doubles, lost, unmet } = other;
        self.rows.extend(rows);
        let new: Vec<String> =
            reached.into_iter().filter(|name| !self.reached.contains(name)).collect();
        self.reached.extend(new);
        self.missed.extend(missed);
        self.leftovers.extend(leftovers);
        self.doubles.extend(doubles);
        self.lost.extend(lost);
        self.unmet.extend(unmet);
    }

    /// Whether everything was as it should be.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.problems().next().is_none() && !self.rows.is_empty()
    }

    /// What was not, a sentence each.
    pub fn problems(&self) -> impl Iterator<Item = String> {
        let said = |what: &'static str, list: &[String]| {
            list.iter().map(move |one| format!("{what}: {one}")).collect::<Vec<_>>()
        };
        [
            said("left over", &self.leftovers),
            said("there twice", &self.doubles),
            said("lost", &self.lost),
            said("not as it should be", &self.unmet),
            said("a point that no scenario reaches and no excuse names", &self.missed),
        ]
        .into_iter()
        .flatten()
    }

    /// The line of JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let slowest = self.rows.iter().map(|row| row.seconds).fold(0.0, f64::max);
        json!({
            "points": self.reached.len(),
            "runs": self.rows.len(),
            "leftovers": self.leftovers.len(),
            "doubles": self.doubles.len(),
            "lost": self.lost.len(),
            "max_recover_s": (slowest * 10.0).round() / 10.0,
        })
    }

    /// The table: a line a kill, and one a point that was not reached.
    #[must_use]
    pub fn table(&self) -> String {
        let mut lines = vec![format!(
            "{:44} {:16} {:>7} {:>10} {:>9}",
            "point", "while", "deploys", "recover s", "leftovers"
        )];
        for row in &self.rows {
            lines.push(format!(
                "{:44} {:16} {:>7} {:>10.1} {:>9}",
                row.at, row.scenario, row.deploys, row.seconds, row.leftovers
            ));
        }
        for (name, why) in super::points::EXCUSED {
            if !self.reached.iter().any(|reached| reached == name) {
                lines.push(format!("{name:44} not reached: {why}"));
            }
        }
        lines.extend(self.missed.iter().map(|name| format!("{name:44} not reached")));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        let row = Row {
            at: "lease.renew:after".to_owned(),
            scenario: "update",
            deploys: 2,
            seconds: 2.46,
            leftovers: 0,
        };
        Summary { rows: vec![row], reached: vec!["lease.renew".to_owned()], ..Summary::default() }
    }

    #[test]
    fn a_run_is_fine_if_it_killed_and_found_nothing() {
        assert!(summary().is_fine());
        assert!(!Summary::default().is_fine(), "nothing was killed");
        let left = Summary { leftovers: vec!["config x".to_owned()], ..summary() };
        assert!(!left.is_fine());
        assert_eq!(left.problems().collect::<Vec<_>>(), ["left over: config x"]);
        let missed = Summary { missed: vec!["outbox.sent".to_owned()], ..summary() };
        assert!(!missed.is_fine());
    }

    #[test]
    fn the_last_line_has_the_figures() {
        let figures =
            r#"{"points":1,"runs":1,"leftovers":0,"doubles":0,"lost":0,"max_recover_s":2.5}"#;
        assert_eq!(summary().json().to_string(), figures);
    }
}
