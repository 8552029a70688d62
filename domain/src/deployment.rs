//! A deployment: one attempt to bring a stack to a commit. It has a phase,
//! which never goes back.

pub mod planned;
pub mod timing;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How far a deployment has come: the last step that is *done*, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A rule matched, or a person asked: the deployment exists.
    Received,
    /// The source is here, at the exact commit.
    Fetched,
    /// Every image that the compose file builds exists.
    Built,
    /// The compose file became a release.
    Rendered,
    /// Swarm has taken every object of the release.
    Applied,
    /// Every service's new tasks ran, healthy, for the monitor window.
    Converged,
    /// Every route answered through Traefik.
    Routed,
    /// All of it, and nothing was rolled back.
    Succeeded,
    /// A step failed, or its deadline passed. What served before still serves.
    Failed,
    /// A newer deployment of the same stack took over.
    Superseded,
    /// A person, or a pull request's end, stopped it.
    Cancelled,
}

/// What may happen to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The step that leads to this phase is done.
    Reached(Step),
    /// A step failed for good, or ran out of time.
    GaveUp,
    /// A newer deployment took over.
    Replaced,
    /// Somebody stopped it.
    Stopped,
}

/// The work that leads from one phase to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// To [`Phase::Fetched`].
    Fetch,
    /// To [`Phase::Built`].
    Build,
    /// To [`Phase::Rendered`].
    Render,
    /// To [`Phase::Applied`].
    Apply,
    /// To [`Phase::Converged`].
    Converge,
    /// To [`Phase::Routed`].
    Route,
    /// To [`Phase::Succeeded`].
    Finish,
}

/// An event that can't happen in a phase: a bug, or a lost race.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a deployment that is {from} cannot take the event {event:?}")]
pub struct IllegalTransition {
    /// Where the deployment stands.
    pub from: Phase,
    /// What was said to have happened.
    pub event: Event,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 11] = [
        Self::Received,
        Self::Fetched,
        Self::Built,
        Self::Rendered,
        Self::Applied,
        Self::Converged,
        Self::Routed,
        Self::Succeeded,
        Self::Failed,
        Self::Superseded,
        Self::Cancelled,
    ];

    /// The phase after `event`. Repeating a step is legal, going back is not.
    ///
    /// # Errors
    ///
    /// [`IllegalTransition`] where the event belongs to another phase.
    pub fn next(self, event: Event) -> Result<Self, IllegalTransition> {
        let illegal = Err(IllegalTransition { from: self, event });
        match event {
            Event::Reached(step) => {
                if self.step() == Some(step) || self == step.reaches() {
                    Ok(step.reaches())
                } else {
                    illegal
                }
            }
            Event::GaveUp if !self.is_over() => Ok(Self::Failed),
            Event::Replaced if !self.is_over() => Ok(Self::Superseded),
            Event::Stopped if !self.is_over() => Ok(Self::Cancelled),
            Event::GaveUp | Event::Replaced | Event::Stopped => illegal,
        }
    }

    /// The work to do next, or [`None`] where the deployment is over.
    #[must_use]
    pub const fn step(self) -> Option<Step> {
        match self {
            Self::Received => Some(Step::Fetch),
            Self::Fetched => Some(Step::Build),
            Self::Built => Some(Step::Render),
            Self::Rendered => Some(Step::Apply),
            Self::Applied => Some(Step::Converge),
            Self::Converged => Some(Step::Route),
            Self::Routed => Some(Step::Finish),
            Self::Succeeded | Self::Failed | Self::Superseded | Self::Cancelled => None,
        }
    }

    /// Whether nothing will happen to it any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        self.step().is_none()
    }

    /// The word used in SQL, JSON and the UI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Fetched => "fetched",
            Self::Built => "built",
            Self::Rendered => "rendered",
            Self::Applied => "applied",
            Self::Converged => "converged",
            Self::Routed => "routed",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 7] = [
        Self::Fetch,
        Self::Build,
        Self::Render,
        Self::Apply,
        Self::Converge,
        Self::Route,
        Self::Finish,
    ];

    /// The phase that this step leads to.
    #[must_use]
    pub const fn reaches(self) -> Phase {
        match self {
            Self::Fetch => Phase::Fetched,
            Self::Build => Phase::Built,
            Self::Render => Phase::Rendered,
            Self::Apply => Phase::Applied,
            Self::Converge => Phase::Converged,
            Self::Route => Phase::Routed,
            Self::Finish => Phase::Succeeded,
        }
    }

    /// How long it may take before the deployment fails, on top of the monitor
    /// window where it has one.
    #[must_use]
    pub const fn deadline(self) -> Duration {
        let minutes = match self {
            Self::Fetch | Self::Render | Self::Apply => 5,
            Self::Build => 30,
            Self::Finish => 1,
            Self::Converge => 10,
            Self::Route => 2,
        };
        Duration::from_secs(minutes * 60)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no phase.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a phase")]
pub struct UnknownPhase(pub String);

impl FromStr for Phase {
    type Err = UnknownPhase;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|phase| phase.as_str() == text)
            .ok_or_else(|| UnknownPhase(text.to_owned()))
    }
}

/// Why a deployment failed: a code to filter by, and words fit to be posted on
/// a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// A stable word such as `build_failed` or `crash_loop`.
    pub code: String,
    /// One sentence or a few lines, with no secret in them.
    pub text: String,
    /// Where in the repository, if it is a file's fault.
    pub place: Option<Place>,
}

/// What becomes of a stack whose deployment failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// The last release that succeeded is applied again.
    #[default]
    Rollback,
    /// What was applied stays as it is, to be looked into.
    Keep,
}

impl OnFailure {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Rollback, Self::Keep];

    /// The word used in SQL, JSON and the UI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Keep => "keep",
        }
    }
}

/// What becomes of a difference between a stack and its release that no
/// deployment made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDrift {
    /// It is put back.
    #[default]
    Heal,
    /// It is shown, and left as it is until the next deployment.
    Show,
}

impl OnDrift {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Heal, Self::Show];

    /// The word used in SQL, JSON and the UI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Heal => "heal",
            Self::Show => "show",
        }
    }
}

/// A place in a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, from the repository's root.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            prop::sample::select(Step::ALL.to_vec()).prop_map(Event::Reached),
            Just(Event::GaveUp),
            Just(Event::Replaced),
            Just(Event::Stopped),
        ]
    }

    proptest! {
        #[test]
        fn a_phase_never_goes_back(events in prop::collection::vec(event(), 0..40)) {
            let mut phase = Phase::Received;
            for event in events {
                let Ok(next) = phase.next(event) else { continue };
                prop_assert!(next >= phase, "{phase} to {next}");
                prop_assert!(!phase.is_over() || next == phase, "{phase} to {next}");
                phase = next;
            }
        }
    }

    #[test]
    fn the_steps_lead_from_received_to_succeeded() {
        let end = Step::ALL
            .into_iter()
            .try_fold(Phase::Received, |phase, step| phase.next(Event::Reached(step)));
        assert_eq!(end, Ok(Phase::Succeeded));
    }

    #[test]
    fn no_step_can_be_skipped() {
        let refused = Phase::Received.next(Event::Reached(Step::Build));
        assert!(refused.is_err(), "{refused:?}");
    }

    #[test]
    fn what_goes_on_can_give_up_be_replaced_and_be_stopped_and_what_is_over_can_not() {
        for phase in Phase::ALL {
            let ends = [
                (Event::GaveUp, Phase::Failed),
                (Event::Replaced, Phase::Superseded),
                (Event::Stopped, Phase::Cancelled),
            ];
            for (event, end) in ends {
                let next = phase.next(event);
                assert_eq!(next.ok(), (!phase.is_over()).then_some(end), "{phase}, {event:?}");
            }
        }
    }

    #[test]
    fn the_words_of_settings_and_phases_are_those_of_the_database() {
        assert_eq!(OnFailure::ALL.map(OnFailure::as_str), ["rollback", "keep"]);
        assert_eq!(OnDrift::ALL.map(OnDrift::as_str), ["heal", "show"]);
        assert_eq!(Phase::Superseded.to_string(), "superseded");
    }

    #[test]
    fn a_build_may_take_half_an_hour_and_nothing_else_as_long() {
        let minutes = Step::ALL.map(|step| (step, step.deadline().as_secs() / 60));
        for (step, minutes) in minutes {
            assert_eq!(minutes == 30, step == Step::Build, "{step:?}: {minutes} min");
            assert!((1..=30).contains(&minutes), "{step:?}: {minutes} min");
        }
    }

    #[test]
    fn a_place_is_written_as_compilers_do() {
        let place = Place { file: "compose.yaml".to_owned(), line: 3, column: 7 };
        assert_eq!(place.to_string(), "compose.yaml:3:7");
    }

    #[test]
    fn every_phase_reads_back() {
        for phase in Phase::ALL {
            assert_eq!(phase.as_str().parse(), Ok(phase));
        }
    }
}
