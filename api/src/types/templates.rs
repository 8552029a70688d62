//! The catalogue of compose files to start from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Place, page, words};

/// A template, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TemplateSummary {
    /// Its name, as in the path.
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// What runs, in a sentence or two.
    pub description: String,
}

page! {
    /// The whole catalogue, the simple ones first; there is never a next page.
    TemplatePage of TemplateSummary
}

words! {
    /// What may be put into a variable.
    VariableType {
        /// A line of text.
        String = "string",
        /// A whole number from `min` to `max`.
        Int = "int",
        /// `true` or `false`.
        Bool = "bool",
        /// One of `values`.
        Enum = "enum",
        /// A host name.
        Host = "host",
        /// The name of an image.
        Image = "image",
        /// A port, from 1 to 65535.
        Port = "port",
        /// A duration such as `90s`.
        Duration = "duration",
        /// A size such as `64m`.
        Size = "size",
        /// A line of text that nobody is shown.
        Secret = "secret",
    }
}

/// Something to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TemplateVariable {
    /// Its name.
    pub name: String,
    /// What may be put in.
    pub r#type: VariableType,
    /// What it is where nothing is put in, as it would be written.
    #[schema(required = true)]
    pub default: Option<String>,
    /// Whether something must be put in.
    pub required: bool,
    /// Whether it is for nobody's eyes.
    pub secret: bool,
    /// What it is for.
    pub description: String,
    /// The words of an `enum`; else empty.
    pub values: Vec<String>,
    /// The least of an `int`.
    #[schema(required = true)]
    pub min: Option<i64>,
    /// The most of an `int`.
    #[schema(required = true)]
    pub max: Option<i64>,
}

/// A compose file to start from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Template {
    /// Its name, as in the path.
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// What runs, in a sentence or two.
    pub description: String,
    /// What can be set, in the order to be asked for.
    pub variables: Vec<TemplateVariable>,
    /// The Handlebars template itself.
    pub text: String,
}

/// What to put into a template.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateValues {
    /// Values by variable. A number or a truth value may also be given as text.
    pub values: BTreeMap<String, serde_json::Value>,
}

/// Something to be said of a rendered file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Remark {
    /// Where in the file; null where it is nobody's line.
    #[schema(required = true)]
    pub place: Option<Place>,
    /// What is to be said, for people.
    pub message: String,
}

/// A template with its variables put in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RenderedTemplate {
    /// The compose file. It has no secret in it.
    pub compose: String,
    /// The variables that must hold secrets when the file is deployed.
    pub secrets: Vec<String>,
    /// What Berth would ignore in it, or take differently than one may think.
    pub notes: Vec<Remark>,
    /// Why Berth would not deploy it; empty where it would.
    pub complaints: Vec<Remark>,
}
