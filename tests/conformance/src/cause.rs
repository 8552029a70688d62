//! Why `docker stack deploy` refused, as a class instead of in words.
//!
//! Docker tells one cause, or the names of several forbidden keys. Where it does
//! not say of which service it speaks, a `*` stands in the path.

use std::fmt;

/// What is wrong, and with which key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// What.
    pub kind: Kind,
    /// The key, dotted, items by their number; `*` is any.
    pub path: String,
}

/// The classes of causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It is not YAML, or not YAML that JSON could say.
    Yaml,
    /// A version that there is not, or two versions.
    Version,
    /// A key that is refused by name.
    Forbidden,
    /// A key that the version does not have.
    Unknown,
    /// A value of another type.
    Type,
    /// No duration, or no port.
    Format,
    /// None of the words there are.
    Choice,
    /// A number beyond its limits.
    Range,
    /// A key that must be there.
    Required,
    /// A list with something twice.
    Unique,
    /// A `$` that begins no variable.
    Interpolation,
    /// A variable without a value.
    Variable,
    /// A variable whose value has another type than its place.
    Cast,
    /// A value that can't be read.
    Value,
    /// Two things that don't go together.
    Conflict,
    /// A name that nothing defines.
    Undefined,
    /// A file that can't be read.
    File,
    /// No image, or not the name of one.
    Image,
    /// Words that are in no class: a gap in this list.
    Other,
}

const NAMES: [(Kind, &str); 18] = [
    (Kind::Yaml, "yaml"),
    (Kind::Version, "version"),
    (Kind::Forbidden, "forbidden"),
    (Kind::Unknown, "unknown"),
    (Kind::Type, "type"),
    (Kind::Format, "format"),
    (Kind::Choice, "choice"),
    (Kind::Range, "range"),
    (Kind::Required, "required"),
    (Kind::Unique, "unique"),
    (Kind::Interpolation, "interpolation"),
    (Kind::Variable, "variable"),
    (Kind::Cast, "cast"),
    (Kind::Value, "value"),
    (Kind::Conflict, "conflict"),
    (Kind::Undefined, "undefined"),
    (Kind::File, "file"),
    (Kind::Image, "image"),
];

impl Kind {
    /// The class that Berth calls so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(kind, _)| *kind == self.kind).map_or("other", |(_, n)| n);
        write!(f, "{name} {}", if self.path.is_empty() { "(file)" } else { &self.path })
    }
}

impl Cause {
    fn new(kind: Kind, path: impl Into<String>) -> Self {
        Self { kind, path: path.into() }
    }

    /// Whether `other`, which names its key exactly, is this cause.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        if self.kind != other.kind {
            return false;
        }
        let (wanted, given): (Vec<&str>, Vec<&str>) =
            (self.path.split('.').collect(), other.path.split('.').collect());
        if let [head @ .., "**"] = wanted.as_slice() {
            return given.len() >= head.len() && alike(head, &given);
        }
        if let ["**", tail @ ..] = wanted.as_slice() {
            let from = given.len().saturating_sub(tail.len());
            return given
                .get(from..)
                .is_some_and(|end| end.len() == tail.len() && alike(tail, end));
        }
        wanted.len() == given.len() && alike(&wanted, &given)
    }
}

fn alike(wanted: &[&str], given: &[&str]) -> bool {
    wanted.iter().zip(given).all(|(wanted, given)| match *wanted {
        "*" => true,
        "[]" => given.parse::<usize>().is_ok(),
        wanted => wanted.eq_ignore_ascii_case(given),
    })
}

/// What Docker's words say. The last line that is none of its warnings counts,
/// with those before it where it goes over several.
#[must_use]
pub fn causes(words: &str) -> Vec<Cause> {
    let noise = ["Ignoring ", "Since --detach", "In a future release", "time=\"", "Creating "];
    let lines = words.lines().filter(|line| !noise.iter().any(|start| line.starts_with(start)));
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.trim();
    if let Some((_, rest)) = text.split_once("Compose file contains unsupported options:") {
        let names = rest.lines().filter_map(|line| line.split_once(": ")).map(|(name, _)| name);
        return names
            .map(|name| Cause::new(Kind::Forbidden, format!("services.*.{name}")))
            .collect();
    }
    // What only warned stands before, in paragraphs of its own.
    let last = text.rsplit("\n\n").find(|part| !part.trim().is_empty()).unwrap_or_default();
    vec![one(text).or_else(|| one(last)).unwrap_or_else(|| Cause::new(Kind::Other, last))]
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(inside, _)| inside)
}

fn one(text: &str) -> Option<Cause> {
    let start = |start: &str| text.starts_with(start);
    if start("yaml:") || start("json: unsupported") || start("top-level object must be") {
        return Some(Cause::new(Kind::Yaml, ""));
    }
    if start("unsupported Compose file version") || start("version mismatched between") {
        return Some(Cause::new(Kind::Version, "version"));
    }
    if let Some(path) = between(text, "invalid interpolation format for ", ": ") {
        let variable = text.contains("\"required variable ");
        return Some(Cause::new(if variable { Kind::Variable } else { Kind::Interpolation }, path));
    }
    if let Some(path) = between(text, "error while interpolating ", ": failed to cast") {
        return Some(Cause::new(Kind::Cast, path));
    }
    decoding(text).or_else(|| joined(text)).or_else(|| schema(text))
}

/// Values that could not be decoded; the path is in Go's words.
fn decoding(text: &str) -> Option<Cause> {
    let field =
        between(text, "error decoding '", "'").or_else(|| between(text, "cannot parse '", "'"));
    let field = field?.replace('[', ".").replace(']', "");
    let words = field.split('.').map(snake).collect::<Vec<_>>().join(".");
    Some(Cause::new(Kind::Value, format!("**.{words}")))
}

/// `MaxReplicas` as a compose file says it.
fn snake(word: &str) -> String {
    let known = [("MaxReplicas", "max_replicas_per_node"), ("NanoCPUs", "cpus")];
    if let Some((_, key)) = known.iter().find(|(go, _)| *go == word) {
        return (*key).to_owned();
    }
    let mut out = String::new();
    for c in word.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// What shows when the files are one.
fn joined(text: &str) -> Option<Cause> {
    let image = between(text, "invalid image reference for service ", ":");
    if let Some(service) = image {
        return Some(Cause::new(Kind::Image, format!("services.{service}.image")));
    }
    if let Some(volume) = text.split_once("specified for volume \"").map(|(_, rest)| rest) {
        let volume = volume.trim_end_matches('"');
        return Some(Cause::new(Kind::Conflict, format!("volumes.{volume}")));
    }
    for kind in ["network", "volume", "secret", "config"] {
        let conflicts = text.contains(".name conflict;") || text.contains(" conflict; only use");
        if let (true, Some(name)) = (conflicts, text.strip_prefix(&format!("{kind} "))) {
            let name = name.split(':').next().unwrap_or_default();
            return Some(Cause::new(Kind::Conflict, format!("{kind}s.{name}")));
        }
        if let Some(name) = between(text, &format!("undefined {kind} \""), "\"") {
            return Some(Cause::new(Kind::Undefined, format!("{kind}s.{name}")));
        }
    }
    if text.contains("invalid env file (") {
        return Some(Cause::new(Kind::Value, "services.*.env_file.**"));
    }
    let unreadable = ["no such file or directory", "is a directory", "permission denied"];
    if unreadable.iter().any(|end| text.ends_with(end)) {
        return Some(Cause::new(Kind::File, "**"));
    }
    if text.contains("field Source must not be empty") {
        return Some(Cause::new(Kind::Value, "services.*.volumes.**"));
    }
    let (service, words) = text.strip_prefix("service ")?.split_once(": ")?;
    let at = |kind, key: &str| Some(Cause::new(kind, format!("services.{service}.{key}")));
    match words {
        _ if words.contains("test and disable can't be set") => at(Kind::Conflict, "healthcheck"),
        _ if words.contains("replicas can only be used") => at(Kind::Conflict, "deploy.replicas"),
        _ if words.contains("nknown mode") => at(Kind::Value, "deploy.mode"),
        _ if words.contains("restart policy") => at(Kind::Value, "restart"),
        _ if words.contains("volume type must be") => at(Kind::Value, "volumes.**"),
        _ if words.contains("options are incompatible")
            || words.contains("source must be empty") =>
        {
            at(Kind::Conflict, "volumes.**")
        }
        _ if words.contains("source cannot be empty") => at(Kind::Value, "volumes.**"),
        _ if words.contains("duplicate secret target") => at(Kind::Conflict, "secrets"),
        _ if words.contains("duplicate config target") => at(Kind::Conflict, "configs"),
        _ if words.contains("rational number") || words.contains("too precise") => {
            at(Kind::Value, "deploy.resources.**")
        }
        _ if words.contains("invalid credential spec") => at(Kind::Conflict, "credential_spec"),
        _ => None,
    }
}

/// What does not fit the schema: a path, then words.
fn schema(text: &str) -> Option<Cause> {
    let (path, words) = text.split_once(' ')?;
    let path = if path == "(root)" { "" } else { path };
    let within =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if let Some(name) = between(words, "Additional property ", " is not allowed") {
        return Some(Cause::new(Kind::Unknown, within(name)));
    }
    let kind = match words {
        _ if words.starts_with("must be a ") => Kind::Type,
        _ if words.starts_with("Does not match format") => Kind::Format,
        _ if words.contains("must be one of the following") => Kind::Choice,
        _ if words.starts_with("Must be greater than or equal") => Kind::Range,
        _ if words.ends_with("is required") => Kind::Required,
        _ if words.ends_with("must be unique") => Kind::Unique,
        _ => return None,
    };
    Some(Cause::new(kind, path))
}
