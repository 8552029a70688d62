//! Rules as they are read and written.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::deliveries::Delivery;
use super::{page, words};

words! {
    /// What a rule listens to.
    RuleEvent {
        /// Commits arrived on a branch.
        Push = "push",
        /// A tag was created or moved.
        Tag = "tag",
        /// A pull request was opened, reopened, updated or retargeted.
        PullRequest = "pull_request",
    }
}

words! {
    /// What a deployment does about an image whose registry does not answer.
    OnRegistryFailure {
        /// It tries again until its time is over, and fails.
        Fail = "fail",
        /// It goes on with the digest that the last release has for the image.
        UseKnown = "use_known",
    }
}

words! {
    /// Who comes first where more deployments wait than there are places.
    Priority {
        /// Before the others.
        High = "high",
        /// As it comes; what stays before previews.
        Normal = "normal",
        /// After the others.
        Low = "low",
    }
}

words! {
    /// What a compose file may ask for.
    Policy {
        /// Whatever Swarm can do.
        Trusted = "trusted",
        /// Nothing of the nodes and of other stacks, and limits on what it uses.
        Restricted = "restricted",
    }
}

/// Which events deploy what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rule {
    /// Its id.
    pub id: Uuid,
    /// GitHub's id of its repository.
    pub repository_id: i64,
    /// `owner/name` of its repository.
    pub repository: String,
    /// Its place among the repository's rules, from 0.
    pub position: i32,
    /// What it is called; once in a repository.
    pub name: String,
    /// What it listens to.
    pub event: RuleEvent,
    /// Patterns of branches (of a pull request: its base) or tags; none means all.
    pub refs: Vec<String>,
    /// Patterns of paths, one of which must have changed; none means any change.
    pub paths: Vec<String>,
    /// The environment that it deploys, as a template.
    pub environment: String,
    /// The compose file, from the repository's root.
    pub compose_file: String,
    /// The environment's host, as a template.
    pub host: String,
    /// What its deployments do where a registry does not answer.
    pub on_registry_failure: OnRegistryFailure,
    /// How its deployments are ranked among those that wait for a place.
    pub priority: Priority,
    /// How many of its deployments may go on at once, such as of all its previews;
    /// null for as many as there are places.
    #[schema(required = true)]
    pub at_once: Option<i32>,
    /// What the compose file may ask for.
    pub policy: Policy,
    /// Whether it is in force.
    pub enabled: bool,
    /// Counts its changes; the number in its `ETag`.
    pub version: i64,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

page! {
    /// Rules, by repository and position.
    RulePage of Rule
}

/// A rule to be written.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleDraft {
    /// GitHub's id of its repository. It can't be changed later.
    pub repository_id: i64,
    /// Its place among the repository's rules, from 0; without it, it comes
    /// last, or stays where it is.
    #[serde(default)]
    pub position: Option<i32>,
    /// What it is called; once in a repository.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it listens to.
    pub event: RuleEvent,
    /// Patterns of branches (of a pull request: its base) or tags; none means
    /// all. `*` does not cross a `/`, `**` does, a `!` in front takes back, and
    /// the last pattern that matches wins.
    #[serde(default)]
    pub refs: Vec<String>,
    /// Patterns of paths, one of which must have changed; none means any change.
    #[serde(default)]
    pub paths: Vec<String>,
    /// The environment that it deploys, as a template: `{{branch}}`, `{{tag}}`
    /// and `{{number}}` have values where the event has them.
    pub environment: String,
    /// The compose file, from the repository's root.
    pub compose_file: String,
    /// The environment's host, as a template: `{{app}}` is the repository's
    /// name, `{{environment}}` the environment's, and those above.
    pub host: String,
    /// What its deployments do where a registry does not answer.
    #[serde(default = "fail")]
    #[schema(default = "fail")]
    pub on_registry_failure: OnRegistryFailure,
    /// How its deployments are ranked among those that wait for a place. Each five
    /// minutes of waiting lift one by a rank, so that nobody waits for ever.
    #[serde(default = "normal")]
    #[schema(default = "normal")]
    pub priority: Priority,
    /// How many of its deployments may go on at once, such as of all its previews:
    /// 1 to 100; without it, as many as there are places.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100)]
    pub at_once: Option<i32>,
    /// What the compose file may ask for. Without it, it stays as it is; in a
    /// new rule, or one that is to listen to something else, pull requests are
    /// restricted and the others trusted.
    #[serde(default)]
    pub policy: Option<Policy>,
    /// Whether it is in force.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub enabled: bool,
}

words! {
    /// What a rule was held against.
    CandidateKind {
        /// A push to a branch that is there.
        Branch = "branch",
        /// A tag that is there.
        Tag = "tag",
        /// A pull request that is open.
        PullRequest = "pull_request",
    }
}

/// What a rule would make of a branch, a tag or an open pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleMatch {
    /// What it is.
    pub kind: CandidateKind,
    /// The branch or tag; of a pull request, the branch it comes from.
    pub name: String,
    /// The pull request's number.
    #[schema(required = true)]
    pub number: Option<i64>,
    /// The pull request's title.
    #[schema(required = true)]
    pub title: Option<String>,
    /// Whether the rule would deploy it.
    pub matched: bool,
    /// Why, in one sentence.
    pub reason: String,
    /// The environment that it would deploy; null where it would not.
    #[schema(required = true)]
    pub environment: Option<String>,
    /// Where it would answer; null where it would not.
    #[schema(required = true)]
    pub host: Option<String>,
}

/// What a rule would make of everything that its repository has now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleMatches {
    /// Open pull requests, branches, and tags where the rule listens to tags;
    /// of each kind in GitHub's order.
    pub items: Vec<RuleMatch>,
}

words! {
    /// What a rule would have made of something that happened.
    ReplayVerdict {
        /// It would have deployed it.
        Deploys = "deploys",
        /// It would have made or updated a preview.
        Previews = "previews",
        /// It would have removed the preview.
        Removes = "removes",
        /// Nothing.
        Ignored = "ignored",
    }
}

/// What a rule would have made of a delivery, beside what really came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleReplay {
    /// The delivery, with what really came of it.
    pub delivery: Delivery,
    /// What happened, in words: `ann pushed to main`.
    pub happened: String,
    /// What the rule would have made of it.
    pub verdict: ReplayVerdict,
    /// Why, in one sentence.
    pub reason: String,
    /// The environment that it would have deployed; null where it would not.
    #[schema(required = true)]
    pub environment: Option<String>,
    /// Where that would have answered; null where it would not.
    #[schema(required = true)]
    pub host: Option<String>,
}

page! {
    /// What a rule would have made of past deliveries, newest first.
    RuleReplayPage of RuleReplay
}

/// Which past deliveries to hold a rule against.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RuleReplayQuery {
    /// Where to go on: an earlier answer's `next_cursor`.
    #[serde(default)]
    pub cursor: Option<String>,
    /// How many at most: 1 to 100, 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
}

const fn fail() -> OnRegistryFailure {
    OnRegistryFailure::Fail
}

const fn normal() -> Priority {
    Priority::Normal
}

const fn yes() -> bool {
    true
}

/// Which rules to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RuleQuery {
    /// Only of this repository.
    #[serde(default)]
    pub repository_id: Option<i64>,
    /// Where to go on: an earlier answer's `next_cursor`.
    #[serde(default)]
    pub cursor: Option<String>,
    /// How many at most: 1 to 100, 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
}
