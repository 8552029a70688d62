//! How deployments that wait for a place are ranked, and how many of a rule may go
//! on at once. Only the words: whose turn it is, the reconciler says.

use serde::{Deserialize, Serialize};

/// Who comes first where there are more deployments than places.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Before the others.
    High,
    /// As it comes.
    #[default]
    Normal,
    /// After the others.
    Low,
}

impl Priority {
    /// All of them, the first first.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// The word used in SQL, JSON and the UI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// The priority that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// Its place, the lower the sooner.
    #[must_use]
    pub const fn rank(self) -> u64 {
        match self {
            Self::High => 0,
            Self::Normal => 1,
            Self::Low => 2,
        }
    }
}

/// What a rule says of the turns of its deployments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pace {
    /// How they are ranked among those that wait. Of the same rank, what stays comes
    /// before previews.
    pub priority: Priority,
    /// How many of them may go on at once; [`None`] for as many as there are places.
    pub at_once: Option<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_is_known_by_its_word_and_ranked_in_order() {
        for (place, priority) in Priority::ALL.into_iter().enumerate() {
            assert_eq!(Priority::from_word(priority.as_str()), Some(priority));
            assert_eq!(serde_json::to_value(priority).unwrap(), priority.as_str());
            assert_eq!(usize::try_from(priority.rank()), Ok(place));
        }
        assert_eq!(Priority::from_word("High"), None);
        assert_eq!(Pace::default().at_once, None);
    }
}
