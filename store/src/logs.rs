//! What the containers of stacks wrote: a row a line, how far each service's
//! output is stored, and what is missing.
//!
//! ```text
//! sources (who is followed, until when) ──> append (lines, troubles, counts) ──> read
//!                                                └──────────── forget
//! ```
//!
//! Only the leader writes, one transaction at a time: a line's number is visible
//! only after every smaller one is, so that a reader goes on behind the last
//! number that it saw.

mod forget;
mod read;
mod sources;
mod write;

use berth_domain::log::Level;
use chrono::{DateTime, Utc};

pub use self::forget::{Forgotten, Keep, forget};
pub use self::read::{
    Filter, Line, Trouble, after, before, head, kept_since, services, stack_named, troubles,
};
pub use self::sources::{Followed, sources};
pub use self::write::{Batch, Dropped, Heard, Missing, NewLine, append};

/// What a line is counted as beside its text, in bytes: about what Postgres keeps
/// of it and its indexes beyond that.
const BESIDE: i64 = 300;

/// A level as it is stored: the more severe, the smaller, and a line that tells
/// none beside those that tell `info`.
const fn severity(level: Option<Level>) -> i16 {
    match level {
        Some(Level::Error) => 0,
        Some(Level::Warn) => 1,
        Some(Level::Info) => 2,
        None => 3,
        Some(Level::Debug) => 4,
    }
}

/// The level that is stored so.
const fn level_of(severity: i16) -> Option<Level> {
    match severity {
        0 => Some(Level::Error),
        1 => Some(Level::Warn),
        2 => Some(Level::Info),
        4 => Some(Level::Debug),
        _ => None,
    }
}

/// The least severe that is shown, where `level` is asked for: who asks for `info`
/// sees what tells no level, too.
const fn least_severe(level: Level) -> i16 {
    match level {
        Level::Info => severity(None),
        Level::Error | Level::Warn | Level::Debug => severity(Some(level)),
    }
}

/// A node that was away for longer is not waited for: what its containers wrote
/// meanwhile is not read again after a restart.
const WAITED_DAYS: i32 = 1;

/// Whole microseconds, which is what Postgres keeps of a time, and the rest of it
/// in nanoseconds.
fn split(at: DateTime<Utc>) -> (DateTime<Utc>, i16) {
    let rest = at.timestamp_subsec_nanos() % 1000;
    let whole = at - chrono::TimeDelta::nanoseconds(i64::from(rest));
    (whole, i16::try_from(rest).unwrap_or_default())
}

#[cfg(test)]
mod tests;
