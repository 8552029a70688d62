//! The catalogue: compose files to start from, with declared variables.
//!
//! Each template is a folder of `catalogue/`: `template.yaml.hbs`, and
//! `template.json`, plain data, that says what it is for and which variables it
//! takes. Both are in the program. Whatever is given is checked against what is
//! declared, all at once, before anything is rendered.
//!
//! A rendered file is a plain compose file, to be kept in a repository or
//! deployed as it is. No secret is ever in it: the file names variables, and
//! [`Filled`] says what they are to hold.

mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use berth_domain::ids::StackName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::values::WrongValue;
use crate::complaint::{Complaint, Note};
use crate::load::{Settings, Source, StackContext, Variables, load};
use crate::render::fill;

/// The parts of a template: its name, its declaration and its text.
macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        [$((
            $name,
            include_str!(concat!("../catalogue/", $name, "/template.json")),
            include_str!(concat!("../catalogue/", $name, "/template.yaml.hbs")),
        )),+]
    };
}

/// The folders of `catalogue/`, the simple ones first.
const TEMPLATES: [(&str, &str, &str); 6] = templates![
    "static-site",
    "web-service",
    "web-redis",
    "web-worker-postgres",
    "full-stack",
    "cron",
];

/// What a rendered file is called in messages.
const RENDERED: &str = "compose.yaml";

/// A compose file to start from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its name: a DNS label.
    #[serde(skip)]
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// What runs, in a sentence or two.
    pub description: String,
    /// What can be set, in the order to be asked for.
    pub variables: Vec<Variable>,
    #[serde(skip)]
    text: &'static str,
}

/// Something to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name: upper-case letters, digits and underscores.
    pub name: String,
    /// What may be put in.
    #[serde(flatten)]
    pub kind: Kind,
    /// What it is where nothing is put in, as it would be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether something must be put in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// What it is for: one sentence.
    pub description: String,
}

/// What may be put into a [`Variable`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Kind {
    /// A line of text.
    String,
    /// A whole number, from `min` to `max`.
    Int {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// `true` or `false`.
    Bool,
    /// One of a few words.
    Enum {
        /// The words.
        values: Vec<String>,
    },
    /// A host name.
    Host,
    /// The name of an image.
    Image,
    /// A port, from 1 to 65535.
    Port,
    /// A duration such as `90s` or `1h30m`.
    Duration,
    /// A size such as `64m` or `1g`.
    Size,
    /// A line of text that nobody is shown. Where it is not required and not
    /// given, one is made up.
    Secret,
}

/// A template with its variables put in.
#[derive(Clone, PartialEq, Eq)]
pub struct Filled {
    /// The compose file. It has no secret in it.
    pub text: String,
    /// What the file's variables are to hold when it is deployed, by name.
    pub secrets: BTreeMap<String, String>,
    /// The secrets that were made up.
    pub made_up: Vec<String>,
}

impl fmt::Debug for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filled")
            .field("text", &self.text)
            .field("secrets", &self.secrets.keys())
            .field("made_up", &self.made_up)
            .finish()
    }
}

/// The whole catalogue.
pub fn templates() -> &'static [Template] {
    static ALL: LazyLock<Vec<Template>> = LazyLock::new(|| {
        let read = TEMPLATES.iter().filter_map(|(name, declaration, text)| {
            let declared: Template = serde_json::from_str(declaration).ok()?;
            Some(Template { name: (*name).to_owned(), text, ..declared })
        });
        read.collect()
    });
    &ALL
}

/// The template of this name.
#[must_use]
pub fn template(name: &str) -> Option<&'static Template> {
    templates().iter().find(|template| template.name == name)
}

impl Kind {
    /// Its name, as it is declared.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int { .. } => "int",
            Self::Bool => "bool",
            Self::Enum { .. } => "enum",
            Self::Host => "host",
            Self::Image => "image",
            Self::Port => "port",
            Self::Duration => "duration",
            Self::Size => "size",
            Self::Secret => "secret",
        }
    }
}

impl Variable {
    /// Whether it is for nobody's eyes.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret)
    }
}

impl Template {
    /// The template itself.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// Puts `values` in. A number or a truth value may be given as such, or as
    /// the text that it is written as. Secrets that are made up come from
    /// `seed`, 32 bytes that nobody can guess: the same seed makes the same ones.
    ///
    /// # Errors
    ///
    /// Every value that is unknown, missing or of the wrong kind.
    pub fn fill(
        &self,
        values: &BTreeMap<String, Value>,
        seed: &[u8; 32],
    ) -> Result<Filled, Vec<WrongValue>> {
        let read = values::read(&self.variables, values, seed)?;
        let rendered = fill(self.text, read.data).map_err(|wrong| {
            let all = wrong.into_iter().map(|error| WrongValue {
                name: None,
                message: format!(
                    "the template `{}` has a mistake in line {}: {}",
                    self.name, error.line, error.message
                ),
            });
            all.collect::<Vec<_>>()
        })?;
        let text = rendered.text;
        let (mut secrets, mut made_up) = (read.secrets, read.made_up);
        // A template may have another place for one.
        secrets.retain(|name, _| text.contains(&format!("environment: {name}\n")));
        made_up.retain(|name| secrets.contains_key(name));
        Ok(Filled { text, secrets, made_up })
    }
}

impl Filled {
    /// What Berth would say of the file: it is loaded and converted with
    /// made-up values for Berth's own variables.
    ///
    /// # Errors
    ///
    /// Everything for which it would not be deployed.
    pub fn check(&self) -> Result<Vec<Note>, Vec<Complaint>> {
        let berth = [("BERTH_HOST", "preview.localhost"), ("BERTH_ENVIRONMENT", "preview")];
        let mut variables: Variables =
            berth.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        variables.extend(self.secrets.clone());
        let file = Source { path: RENDERED.to_owned(), text: self.text.clone() };
        let nothing = |_: &str| Err(std::io::ErrorKind::NotFound.into());
        let loaded = load(&[file], &nothing, &variables, &Settings::default())?;
        let stack = StackName::parse("preview")
            .map_err(|error| vec![Complaint::anywhere(error.to_string())])?;
        let context = StackContext {
            stack,
            images: BTreeMap::new(),
            public_network: Some("berth-public".to_owned()),
            entrypoints: Vec::new(),
            tls_entrypoints: Vec::new(),
            bind_root: None,
            restrictions: None,
        };
        loaded.to_stack(&context).map(|(_, notes)| notes)
    }
}

#[cfg(test)]
mod tests;
