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
    /// Why `docker stack deploy` refuses the file, too; [`None`] where it does not.
    pub cause: Option<Cause>,
    /// The variables without a value that the place names: one of them may be all
    /// that it lacks.
    pub unset: Vec<String>,
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
        Self { place: None, message: message.into(), cause: None, unset: Vec::new() }
    }
}

/// Why `docker stack deploy` refuses a file, as a class instead of in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// What is wrong.
    pub kind: CauseKind,
    /// With which key, dotted, items by their number: `services.web.ports.0`.
    /// Empty where it is the whole file.
    pub path: String,
}

/// What can be wrong with a file to `docker stack deploy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CauseKind {
    /// It is not YAML, or not YAML that JSON could say.
    Yaml,
    /// It is of a version that there is not, or two files are of two versions.
    Version,
    /// A key of compose that is refused by name.
    Forbidden,
    /// A key that the file's version does not have.
    Unknown,
    /// A value of another type.
    Type,
    /// A text that is no duration or no port.
    Format,
    /// A word that is none of those there are.
    Choice,
    /// A number beyond its limits.
    Range,
    /// A key that must be there.
    Required,
    /// A list that names something twice.
    Unique,
    /// A `$` that begins no variable.
    Interpolation,
    /// A variable that must have a value.
    Variable,
    /// A variable whose value is of another type than its place.
    Cast,
    /// A value that can't be read.
    Value,
    /// Two things that don't go together.
    Conflict,
    /// A name that is used, but not defined.
    Undefined,
    /// A file beside that can't be read.
    File,
    /// No image, or not the name of one.
    Image,
}

impl CauseKind {
    /// A word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Version => "version",
            Self::Forbidden => "forbidden",
            Self::Unknown => "unknown",
            Self::Type => "type",
            Self::Format => "format",
            Self::Choice => "choice",
            Self::Range => "range",
            Self::Required => "required",
            Self::Unique => "unique",
            Self::Interpolation => "interpolation",
            Self::Variable => "variable",
            Self::Cast => "cast",
            Self::Value => "value",
            Self::Conflict => "conflict",
            Self::Undefined => "undefined",
            Self::File => "file",
            Self::Image => "image",
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(f, self.place.as_ref(), &self.message)?;
        // One that must have a value was named for that.
        let mut names = self.unset.iter().filter(|name| !self.message.contains(name.as_str()));
        let Some(first) = names.next() else { return Ok(()) };
        write!(f, " (`{first}`")?;
        for name in names.by_ref() {
            write!(f, ", `{name}`")?;
        }
        f.write_str(" is not set)")
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
