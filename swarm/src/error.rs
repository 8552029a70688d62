//! What can go wrong with a call, and what that means for the caller.

use std::time::Duration;

use berth_domain::cluster::ClusterError;

/// Why a call to the engine failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No connection, or it broke.
    #[error("no connection to {endpoint}")]
    Connection {
        endpoint: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No answer in time.
    #[error("no answer in {0:?}")]
    Timeout(Duration),
    /// The engine refused.
    #[error("{message}")]
    Status { status: u16, message: String },
    /// The answer is not what the API says.
    #[error("an answer that can't be read")]
    Decode(#[source] serde_json::Error),
    /// The engine's API is too old.
    #[error("the engine speaks API {0} and Berth needs 1.41 or newer (Docker 20.10)")]
    TooOld(String),
}

/// Words in the engine's answers that tell what its status codes don't. The
/// statuses are those of Docker 20.10 to 29.
const STALE: [&str; 5] = [
    "update out of sequence",
    "secret not found",
    "config not found",
    "already in progress",
    "name conflicts with an existing object",
];
const IN_USE: [&str; 5] =
    ["in use by", "in use -", "has active endpoints", "is being used by", "volume is in use"];
const REFUSED: [&str; 3] =
    ["constraint expected", "invalid reference format", "already in use by service"];

impl Failure {
    pub(crate) fn connection(
        endpoint: &crate::Endpoint,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Connection { endpoint: endpoint.to_string(), source: source.into() }
    }

    /// Whether the engine knows no such thing.
    pub(crate) const fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { status: 404, .. })
    }

    /// Whether the name is taken.
    pub(crate) fn is_conflict(&self) -> bool {
        match self {
            Self::Status { status: 409, .. } => true,
            Self::Status { message, .. } => message.contains("already exists"),
            Self::Connection { .. } | Self::Timeout(_) | Self::Decode(_) | Self::TooOld(_) => false,
        }
    }

    /// Whether something still uses it.
    pub(crate) fn is_in_use(&self) -> bool {
        match self {
            Self::Status { message, .. } => IN_USE.iter().any(|words| message.contains(words)),
            Self::Connection { .. } | Self::Timeout(_) | Self::Decode(_) | Self::TooOld(_) => false,
        }
    }

    /// What the caller is to do about it, where `what` was to be done.
    pub(crate) fn about(self, what: impl Into<String>) -> ClusterError {
        let what = what.into();
        let Self::Status { status, message } = &self else {
            return ClusterError::Unavailable {
                message: format!("{what}: {}", berth_domain::chain(&self)),
            };
        };
        let has = |words: &[&str]| words.iter().any(|words| message.contains(words));
        if has(&STALE) || (message.contains("network") && message.contains("not found")) {
            return ClusterError::Stale { what };
        }
        // Nobody has installed what is to keep a secret, say.
        let no_plugin = message.contains("plugin \"") && message.contains("not found");
        if no_plugin || has(&REFUSED) {
            return ClusterError::Rejected { what, message: message.clone() };
        }
        if has(&IN_USE) {
            // Docker is well: what holds it, such as a container, is on its way out.
            return ClusterError::Stale { what };
        }
        match status {
            404 => ClusterError::Stale { what },
            400..=499 | 501 => ClusterError::Rejected { what, message: message.clone() },
            _ => ClusterError::Unavailable { message: format!("{what}: {message}") },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, message: &str) -> &'static str {
        match (Failure::Status { status, message: message.to_owned() }).about("it") {
            ClusterError::Stale { .. } => "stale",
            ClusterError::Unavailable { .. } => "unavailable",
            ClusterError::Rejected { .. } => "rejected",
            ClusterError::Login(_) => "login",
        }
    }

    #[test]
    fn what_an_engine_says_is_told_apart_by_what_to_do() {
        for (status, message, expected) in [
            (500, "rpc error: code = Unknown desc = update out of sequence", "stale"),
            (409, "rpc error: name conflicts with an existing object", "stale"),
            (404, "service x not found", "stale"),
            (500, "network x not found", "stale"),
            (400, "rpc error: secret not found: abc", "stale"),
            (501, "service mode change is not allowed", "rejected"),
            (500, "rpc error: constraint expected one operator from ==, !=", "rejected"),
            (500, "rpc error: code = Unknown desc = plugin \"vault\" not found", "rejected"),
            (400, "expanding env failed", "rejected"),
            (400, "port '80' is already in use by service 'x' (y) as an ingress port", "rejected"),
            (400, "rpc error: secret 'x' is in use by the following service: y", "stale"),
            (400, "rpc error: network abc is in use by task def", "stale"),
            (403, "error while removing network: network x has active endpoints", "stale"),
            (409, "remove x: volume is in use - [abc]", "stale"),
            (503, "This node is not a swarm manager.", "unavailable"),
            (500, "rpc error: code = DeadlineExceeded", "unavailable"),
        ] {
            assert_eq!(verdict(status, message), expected, "{status} {message}");
        }
    }
}
