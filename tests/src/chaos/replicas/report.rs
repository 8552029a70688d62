//! What a run of schedules says at its end.

use serde_json::{Value, json};

use super::crew::REPLICAS;

/// The figures of a run.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Schedules that were played.
    pub(super) schedules: u64,
    pub(super) pushes: usize,
    /// Seconds until each hindered leader was replaced.
    pub(super) takeovers: Vec<f64>,
    /// Requests through the front that each replica was sent.
    pub(super) taken: [usize; REPLICAS],
    /// Answers that were looked at, and those that were wrong or did not come.
    pub(super) reads: usize,
    pub(super) unread: usize,
    /// Two leaders at a time.
    pub(super) splits: usize,
    /// Changes to what was over.
    pub(super) late: usize,
    pub(super) leftovers: usize,
    pub(super) doubles: usize,
    pub(super) lost: usize,
    /// What is not as it should be, in words.
    pub(super) problems: Vec<String>,
}

impl Summary {
    /// Whether everything was as it should be, and anything was tried.
    #[must_use]
    pub const fn is_fine(&self) -> bool {
        self.problems.is_empty() && self.schedules > 0 && self.reads > 0
    }

    /// What was not.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The line of JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let slowest = self.takeovers.iter().copied().fold(0.0, f64::max);
        json!({
            "schedules": self.schedules,
            "pushes": self.pushes,
            "takeovers": self.takeovers.len(),
            "max_takeover_s": (slowest * 10.0).round() / 10.0,
            "splits": self.splits,
            "late": self.late,
            "webhooks": self.taken,
            "reads": self.reads,
            "unread": self.unread,
            "leftovers": self.leftovers,
            "doubles": self.doubles,
            "lost": self.lost,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_fine_if_it_tried_something_and_found_nothing() {
        let fine = Summary { schedules: 1, reads: 1, ..Summary::default() };
        assert!(fine.is_fine());
        assert!(!Summary::default().is_fine(), "nothing was tried");
        let wrong = Summary { problems: vec!["a late write".to_owned()], ..fine };
        assert!(!wrong.is_fine());
    }

    #[test]
    fn the_last_line_has_the_figures() {
        let summary =
            Summary { takeovers: vec![1.26, 3.04], taken: [1, 2, 3], ..Summary::default() };
        let json = summary.json();
        assert_eq!(json["max_takeover_s"], 3.0);
        assert_eq!(json["takeovers"], 2);
        assert_eq!(json["webhooks"], json!([1, 2, 3]));
    }
}
