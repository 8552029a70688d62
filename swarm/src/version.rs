//! The version of Docker's API that is spoken.

use std::fmt;
use std::str::FromStr;

/// A version of Docker's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiVersion {
    /// Before the point.
    pub major: u16,
    /// After the point.
    pub minor: u16,
}

impl ApiVersion {
    /// The oldest that will do: Docker 20.10, with jobs, capabilities and limits
    /// of processes.
    pub const OLDEST: Self = Self { major: 1, minor: 41 };
    /// The newest that this was written for: Docker 28.5.
    pub const NEWEST: Self = Self { major: 1, minor: 51 };

    pub(crate) const fn has(self, minor: u16) -> bool {
        self.major > 1 || self.minor >= minor
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A text that is no API version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an API version")]
pub struct InvalidApiVersion(pub String);

impl FromStr for ApiVersion {
    type Err = InvalidApiVersion;

    fn from_str(text: &str) -> Result<Self, InvalidApiVersion> {
        let invalid = || InvalidApiVersion(text.to_owned());
        let (major, minor) = text.split_once('.').ok_or_else(invalid)?;
        Ok(Self {
            major: major.parse().map_err(|_| invalid())?,
            minor: minor.parse().map_err(|_| invalid())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        let parsed = |text: &str| text.parse::<ApiVersion>().unwrap();
        assert!(parsed("1.9") < parsed("1.41"));
        assert!(parsed("1.44").has(44) && !parsed("1.43").has(44));
        assert!("1".parse::<ApiVersion>().is_err());
    }
}
