//! How the database fails, by what a caller would do about it.

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such row.
    #[error("there is no such {what}")]
    NotFound {
        /// The kind of row.
        what: &'static str,
    },
    /// The row moved on since the caller read it; read again and decide anew.
    #[error("the {what} changed meanwhile")]
    Conflict {
        /// The kind of row.
        what: &'static str,
    },
    /// Another row has this name already; the caller must choose another.
    #[error("the {what} is taken")]
    Taken {
        /// What is taken, such as `rule's name`.
        what: &'static str,
    },
    /// The caller no longer leads. It must stop, not retry.
    #[error("a newer leader has taken over")]
    Fenced,
    /// The database did not answer. Worth another try.
    #[error("could not reach the database to {doing}")]
    Unavailable {
        /// What we were doing, as a verb phrase.
        doing: &'static str,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// A row says something that this version of Berth can't read, or that the
    /// master key can't open.
    #[error("the {what} cannot be read: {message}")]
    Corrupt {
        /// The kind of row.
        what: &'static str,
        /// What is wrong with it; never its content.
        message: String,
    },
    /// The database answered with an error, which is a bug of ours.
    #[error("failed to {doing}")]
    Database {
        /// What we were doing, as a verb phrase.
        doing: &'static str,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
}

impl Error {
    /// For `map_err`: attaches what we were doing, and settles whose fault it was.
    pub(crate) fn while_(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| {
            if is_silence(&source) {
                Self::Unavailable { doing, source }
            } else {
                Self::Database { doing, source }
            }
        }
    }

    /// For `map_err`: a row that can't be read.
    pub(crate) fn corrupt<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |err| Self::Corrupt { what, message: err.to_string() }
    }

    /// Whether the same call may well succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// Whether the database is away, rather than of another opinion. Postgres says
/// so itself while it starts, stops or is out of connections or time (SQLSTATE
/// classes 08, 53, 57 and the serialisation failures of 40).
fn is_silence(source: &sqlx::Error) -> bool {
    if let sqlx::Error::Database(err) = source {
        return err.code().is_some_and(|code| {
            ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))
        });
    }
    matches!(
        source,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
    )
}

/// Whether the statement broke the unique constraint or index `name`.
pub(crate) fn breaks(source: &sqlx::Error, name: &str) -> bool {
    source.as_database_error().and_then(|err| err.constraint()) == Some(name)
}
