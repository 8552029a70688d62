//! How far the compose files of an environment are trusted.
//!
//! Only the word: what it means for a file is `compose-templates::policy`.

use serde::{Deserialize, Serialize};

use crate::rule::EventKind;

/// What a compose file may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Whatever Swarm can do: who may push may use the nodes.
    Trusted,
    /// Nothing of the nodes and of other stacks, and limits on what it uses.
    Restricted,
}

impl Policy {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Trusted, Self::Restricted];

    /// What is meant where nobody chose: a pull request is not merged yet.
    #[must_use]
    pub const fn usual(event: EventKind) -> Self {
        match event {
            EventKind::Push | EventKind::Tag => Self::Trusted,
            EventKind::PullRequest => Self::Restricted,
        }
    }

    /// The word used in SQL, JSON and the UI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Restricted => "restricted",
        }
    }

    /// The policy that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_request_is_not_trusted_unless_somebody_says_so() {
        assert_eq!(Policy::usual(EventKind::PullRequest), Policy::Restricted);
        assert_eq!(Policy::usual(EventKind::Push), Policy::Trusted);
        assert_eq!(Policy::usual(EventKind::Tag), Policy::Trusted);
    }

    #[test]
    fn a_policy_is_known_by_its_word() {
        for policy in Policy::ALL {
            assert_eq!(Policy::from_word(policy.as_str()), Some(policy));
            assert_eq!(serde_json::to_value(policy).unwrap(), policy.as_str());
        }
        assert_eq!(Policy::from_word("Trusted"), None);
    }
}
