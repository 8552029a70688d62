//! What containers wrote.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::words;

words! {
    /// How severe a line says it is.
    LogLevel {
        /// Something failed.
        Error = "error",
        /// Something may be wrong.
        Warn = "warn",
        /// Something happened.
        Info = "info",
        /// For who looks closely.
        Debug = "debug",
    }
}

words! {
    /// Which of a container's two outputs.
    LogOutput {
        /// Standard output.
        Stdout = "stdout",
        /// Standard error.
        Stderr = "stderr",
    }
}

/// A line that a container wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContainerLine {
    /// Its number: one of its own within the stack, and larger than those of all
    /// lines before it. Not larger than 2^53.
    pub id: String,
    /// When it was written, to the microsecond.
    pub at: DateTime<Utc>,
    /// The service's name.
    pub service: String,
    /// The task that wrote it, such as `web.1`.
    pub task: String,
    /// The name of the node that it ran on.
    #[schema(required = true)]
    pub node: Option<String>,
    /// Which output.
    pub stream: LogOutput,
    /// How severe it says it is; null where it says nothing.
    #[schema(required = true)]
    pub level: Option<LogLevel>,
    /// What it says, with its escape sequences, and cut after 16 KiB.
    pub text: String,
}

/// Why lines are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LogTrouble {
    /// The service that lines are missing of; null where it may be any.
    #[schema(required = true)]
    pub service: Option<String>,
    /// The node that lines are missing from; null where it may be any.
    #[schema(required = true)]
    pub node: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What is missing and why, in a sentence.
    pub message: String,
}

/// Lines of a stack, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContainerLogPage {
    /// The lines.
    pub lines: Vec<ContainerLine>,
    /// Whether there are older ones that the filters let through.
    pub older: bool,
    /// Whether there are newer ones that the filters let through.
    pub newer: bool,
    /// Since when lines are kept; null where none were forgotten.
    #[schema(required = true)]
    pub kept_since: Option<DateTime<Utc>>,
    /// The names of all services that run, or ever wrote anything that is kept.
    pub services: Vec<String>,
    /// What is missing around these lines.
    pub troubles: Vec<LogTrouble>,
}

/// Which lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContainerLogQuery {
    /// Only of these services: several times, or separated by commas.
    pub service: Option<Vec<String>>,
    /// Only as severe as this, or more; lines that tell no level count as `info`.
    #[param(inline)]
    pub level: Option<LogLevel>,
    /// Only with this in their text, in whichever case.
    pub q: Option<String>,
    /// Only written at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only written before this time.
    pub until: Option<DateTime<Utc>>,
}

/// Which page of them. With none of the three numbers, the newest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LogPosition {
    /// Those before the line with this number.
    pub before: Option<String>,
    /// Those after the line with this number.
    pub after: Option<String>,
    /// Those around the line with this number, and it.
    pub around: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 5000, default = 1000)]
    pub limit: Option<u16>,
}
