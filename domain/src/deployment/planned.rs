//! The plan that a deployment was applied with, kept as the sentences that the
//! passes planned, so that people can read later what it did.

use serde::{Deserialize, Serialize};

/// A sentence of a deployment's plan, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The sentence, as a plan prints it. No value that may be a secret is in it.
    pub text: String,
    /// How it stands.
    pub state: PlannedState,
}

/// How a sentence of a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedState {
    /// It is still to be done.
    Open,
    /// No later pass planned it any more: it is so.
    Done,
    /// It is done once the deployment has succeeded.
    After,
}

impl PlannedState {
    /// The word used in SQL, JSON and the UI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::After => "after",
        }
    }
}

/// The most sentences that are kept: more than a stack has objects.
const MOST: usize = 2000;

/// What is kept of a plan after one more pass, which plans `now`, and `after` for later.
///
/// What an earlier pass planned stays, and is done where this one plans it no more.
/// Doing it twice is as good as once.
#[must_use]
pub fn follow(kept: &[Planned], now: &[String], after: &[String]) -> Vec<Planned> {
    let state = |text: &String| {
        if now.contains(text) {
            PlannedState::Open
        } else if after.contains(text) {
            PlannedState::After
        } else {
            PlannedState::Done
        }
    };
    let mut plan: Vec<Planned> =
        kept.iter().map(|it| Planned { text: it.text.clone(), state: state(&it.text) }).collect();
    for text in now.iter().chain(after) {
        if plan.len() < MOST && plan.iter().all(|it| it.text != *text) {
            plan.push(Planned { text: text.clone(), state: state(text) });
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sentences() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("[a-e]", 0..6)
    }

    proptest! {
        #[test]
        fn no_sentence_gets_lost_and_open_is_what_the_last_pass_planned(
            passes in prop::collection::vec((sentences(), sentences()), 1..6),
        ) {
            let mut kept = Vec::new();
            for (now, after) in &passes {
                let next = follow(&kept, now, after);
                prop_assert_eq!(&follow(&next, now, after), &next);
                let before: Vec<_> = kept.iter().map(|it: &Planned| &it.text).collect();
                let there: Vec<_> = next.iter().map(|it| &it.text).take(before.len()).collect();
                prop_assert_eq!(before, there);
                for text in now.iter().chain(after) {
                    let same = next.iter().filter(|it| it.text == *text);
                    prop_assert_eq!(same.count(), 1, "{}", text);
                }
                for it in &next {
                    prop_assert_eq!(it.state == PlannedState::Open, now.contains(&it.text));
                }
                kept = next;
            }
        }
    }

    #[test]
    fn what_a_later_pass_plans_no_more_is_done() {
        let texts = |all: &[&str]| all.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let first =
            follow(&[], &texts(&["+ service db", "… service web waits"]), &texts(&["- old"]));
        let second = follow(&first, &texts(&["+ service web"]), &texts(&["- old"]));
        let shown: Vec<_> = second.iter().map(|it| (it.text.as_str(), it.state.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("+ service db", "done"),
                ("… service web waits", "done"),
                ("- old", "after"),
                ("+ service web", "open"),
            ]
        );
    }
}
