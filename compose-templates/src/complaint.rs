//! What is wrong with a file, or ignored in it, and where.

use std::fmt;

use berth_domain::deployment::Place;

/// One thing that its author has to mend, in words fit to be posted on a pull
/// request: they show what the file says, and never what is in an environment,
/// an `env_file`, a config or a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Where, unless it is nobody's line.
    pub place: Option<Place>,
    /// What is wrong and what to do about it: one sentence, no full stop.
    pub message: String,
}

/// One thing that is ignored or taken differently than its author may think.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where, unless it is nobody's line.
    pub place: Option<Place>,
    /// What is ignored and why: one sentence, no full stop.
    pub message: String,
}

impl Complaint {
    /// A complaint about no particular place.
    #[must_use]
    pub fn anywhere(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(f, self.place.as_ref(), &self.message)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(f, self.place.as_ref(), &self.message)
    }
}

impl std::error::Error for Complaint {}

/// Keeps a sentence in one line, whatever a file calls its keys.
pub(crate) fn one_line(message: String) -> String {
    if message.contains(char::is_control) {
        message.replace(char::is_control, " ")
    } else {
        message
    }
}

fn display(f: &mut fmt::Formatter<'_>, place: Option<&Place>, message: &str) -> fmt::Result {
    match place {
        Some(place) => write!(f, "{place}: {message}"),
        None => f.write_str(message),
    }
}
