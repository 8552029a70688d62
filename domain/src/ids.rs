//! Ids and names, parsed once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id; ids sort by creation time (UUID version 7).
            #[must_use]
            pub fn fresh() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// A [deployment](crate::deployment).
    DeploymentId
);
id!(
    /// An environment: a named target of a repository.
    EnvironmentId
);
id!(
    /// A release: an immutable answer to "what would run".
    ReleaseId
);
id!(
    /// A [rule](crate::rule).
    RuleId
);
id!(
    /// A stack: everything on the Swarm for one environment.
    StackId
);
id!(
    /// A person with an account on this Berth.
    UserId
);

/// GitHub's number for an installation of our App.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstallationId(pub i64);

/// GitHub's number for a repository; its name may change, this never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RepositoryId(pub i64);

impl fmt::Display for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for RepositoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a stack: Swarm's namespace, so it prefixes every object's name.
///
/// Lower-case letters, digits and single inner hyphens, at most 40 characters:
/// Swarm cuts `<stack>_<service>` off at 63 and wants something like a DNS name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StackName(String);

/// Why a text is no stack name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a stack name: use 1 to 40 lower-case letters, digits and hyphens or underscores, starting and ending with a letter or digit"
)]
pub struct InvalidStackName(pub String);

impl StackName {
    /// The longest name there may be, in characters.
    pub const MAX: usize = 40;

    /// Parses a stack name.
    ///
    /// # Errors
    ///
    /// Says what a stack name may look like.
    pub fn parse(text: &str) -> Result<Self, InvalidStackName> {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let good = (1..=Self::MAX).contains(&text.len())
            && text.chars().all(|c| inner(c) || c == '-' || c == '_')
            && text.starts_with(inner)
            && text.ends_with(inner);
        if good { Ok(Self(text.to_owned())) } else { Err(InvalidStackName(text.to_owned())) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The Swarm name of this stack's object `name`: `<stack>_<name>`.
    #[must_use]
    pub fn scope(&self, name: &str) -> String {
        format!("{}_{name}", self.0)
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for StackName {
    type Error = InvalidStackName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<StackName> for String {
    fn from(name: StackName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_name_is_what_swarm_takes() {
        for good in ["shop", "shop-pr-7", "a", "7", "a_b"] {
            assert_eq!(StackName::parse(good).unwrap().as_str(), good);
        }
        let long = "x".repeat(41);
        for bad in ["", "-a", "a-", "Shop", "a.b", "a b", long.as_str()] {
            assert!(StackName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
