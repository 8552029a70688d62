//! What lies on a single node, which no manager reaches: what its executor says
//! of it, and what it can be asked to remove there.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::StackName;

/// What becomes of a stack's volumes once the stack is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VolumePolicy {
    /// They stay.
    #[default]
    Keep,
    /// They go with it.
    WithStack,
    /// They go so many days after it.
    AfterDays(u16),
}

impl VolumePolicy {
    /// The words for them, in SQL and JSON.
    pub const WORDS: [&'static str; 3] = ["keep", "with_stack", "after_days"];

    /// The word used in SQL and JSON; the days stand beside it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::WithStack => "with_stack",
            Self::AfterDays(_) => "after_days",
        }
    }

    /// How many days they are kept, where that is said.
    #[must_use]
    pub const fn days(self) -> Option<u16> {
        match self {
            Self::AfterDays(days) => Some(days),
            Self::Keep | Self::WithStack => None,
        }
    }

    /// Reads what [`as_str`](Self::as_str) and [`days`](Self::days) say.
    #[must_use]
    pub fn read(word: &str, days: Option<u16>) -> Option<Self> {
        match (word, days) {
            ("keep", None) => Some(Self::Keep),
            ("with_stack", None) => Some(Self::WithStack),
            ("after_days", Some(days)) => Some(Self::AfterDays(days)),
            _ => None,
        }
    }
}

/// A volume on a node that carries this Berth's label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeVolume {
    /// Its name.
    pub name: String,
    /// The stack that its label names.
    pub stack: StackName,
}

/// A container on a node that carries this Berth's label and does not run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeContainer {
    /// Its id.
    pub id: String,
    /// The stack that its label names.
    pub stack: StackName,
    /// The id of the service that it was a task of.
    pub service: String,
}

/// An image on a node that no container uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeImage {
    /// Its tag where this Berth built it; `repository@digest` where it was pulled.
    pub name: String,
    /// The stack that it was built for; [`None`] where it was pulled.
    pub stack: Option<StackName>,
    /// All that a release may call it by: its tag, its id, its digests.
    pub keys: Vec<String>,
}

/// What there is on a node of this Berth's. One that could not be read in full
/// is never made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NodeReport {
    /// Its volumes, by name.
    pub volumes: Vec<NodeVolume>,
    /// Its containers that are over, by id.
    pub containers: Vec<NodeContainer>,
    /// Its images that nothing uses, by name.
    pub images: Vec<NodeImage>,
}

/// What an executor can be asked to remove. There is nothing else that it does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Item {
    /// A volume of a stack, and what is in it.
    Volume {
        /// Its name.
        name: String,
        /// The stack.
        stack: StackName,
    },
    /// The container of a task that is over.
    Container {
        /// Its id.
        id: String,
        /// The stack.
        stack: StackName,
    },
    /// An image.
    Image {
        /// Its tag, or `repository@digest`.
        name: String,
        /// The stack that it was built for; [`None`] where it was pulled.
        stack: Option<StackName>,
    },
}

impl Item {
    /// The stack that it is of, where it is one's.
    #[must_use]
    pub const fn stack(&self) -> Option<&StackName> {
        match self {
            Self::Volume { stack, .. } | Self::Container { stack, .. } => Some(stack),
            Self::Image { stack, .. } => stack.as_ref(),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Volume { name, .. } => write!(f, "- volume {name}"),
            Self::Container { id, .. } => {
                write!(f, "- container {}", id.get(..12).unwrap_or(id))
            }
            Self::Image { name, .. } => write!(f, "- image {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_reads_back_as_it_is_written() {
        for policy in [VolumePolicy::Keep, VolumePolicy::WithStack, VolumePolicy::AfterDays(7)] {
            assert!(VolumePolicy::WORDS.contains(&policy.as_str()));
            assert_eq!(VolumePolicy::read(policy.as_str(), policy.days()), Some(policy));
        }
        for (word, days) in [("keep", Some(1)), ("after_days", None), ("", None)] {
            assert_eq!(VolumePolicy::read(word, days), None, "{word} {days:?}");
        }
    }

    #[test]
    fn an_item_is_one_line() {
        let shop = || StackName::parse("shop").unwrap();
        let items = [
            Item::Volume { name: "shop_data".to_owned(), stack: shop() },
            Item::Container { id: "0123456789abcdef".to_owned(), stack: shop() },
            Item::Image { name: "berth/shop-web:1".to_owned(), stack: None },
        ];
        let lines = items.map(|item| item.to_string());
        assert_eq!(
            lines,
            ["- volume shop_data", "- container 0123456789ab", "- image berth/shop-web:1"]
        );
    }
}
