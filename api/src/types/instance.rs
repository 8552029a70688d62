//! What is set of this Berth, for people to read.

use serde::Serialize;
use utoipa::ToSchema;

use super::words;

words! {
    /// What a setting is about.
    SettingTopic {
        /// Where this Berth and its stacks are reached.
        Addresses = "addresses",
        /// How long things are kept.
        Retention = "retention",
        /// What goes that nothing asks for.
        Pruning = "pruning",
        /// How the cluster is kept as it should be.
        Reconciling = "reconciling",
        /// What restricted environments may use.
        Restricted = "restricted",
    }
}

/// Something that is set where this Berth is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Setting {
    /// What it is about.
    pub topic: SettingTopic,
    /// What it says, in a sentence.
    pub what: String,
    /// What it is; empty where nothing is.
    pub value: String,
    /// The variable of the environment that sets it; null where it is the same in
    /// every Berth.
    #[schema(required = true)]
    pub variable: Option<String>,
}

/// What is set of this Berth. There is no secret among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InstanceSettings {
    /// Where people and GitHub reach it.
    pub public_url: String,
    /// The settings, topic by topic.
    pub items: Vec<Setting>,
}
