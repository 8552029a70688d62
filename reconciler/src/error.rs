//! How a pass fails, by what to do about it.

use berth_domain::cluster::ClusterError;

/// Why a pass came to no good end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PassError {
    /// The stack could not be looked at.
    #[error("failed to observe the stack")]
    Observe(#[source] ClusterError),
    /// An action was not carried out.
    #[error("failed to apply `{action}`")]
    Apply {
        /// Its line.
        action: String,
        /// Why.
        #[source]
        source: ClusterError,
    },
    /// The database did not do its part.
    #[error("the database did not do its part")]
    Store(#[from] berth_store::Error),
    /// We no longer lead, or Berth stops: somebody else goes on.
    #[error("no longer leads")]
    Deposed,
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Look again at once: what was seen is out of date.
    Again,
    /// Try again after a while.
    Wait,
    /// A person, or another change, must come first.
    Park,
    /// Stop.
    Stop,
}

impl PassError {
    pub(crate) const fn remedy(&self) -> Remedy {
        match self {
            Self::Observe(source) | Self::Apply { source, .. } => match source {
                ClusterError::Stale { .. } => Remedy::Again,
                ClusterError::Unavailable { .. } | ClusterError::Login(_) => Remedy::Wait,
                ClusterError::Rejected { .. } => Remedy::Park,
            },
            Self::Store(error) => match error {
                berth_store::Error::Fenced => Remedy::Stop,
                berth_store::Error::Conflict { .. } => Remedy::Again,
                berth_store::Error::NotFound { .. }
                | berth_store::Error::Taken { .. }
                | berth_store::Error::Unavailable { .. }
                | berth_store::Error::Corrupt { .. }
                | berth_store::Error::Database { .. } => Remedy::Wait,
            },
            Self::Deposed => Remedy::Stop,
        }
    }
}
