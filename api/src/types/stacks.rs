//! Stacks, as rows of a list and one by one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::deployments::{Commit, Phase};
use super::rules::Policy;
use super::{page, words};

words! {
    /// How well something is.
    Health {
        /// All that should run runs.
        Healthy = "healthy",
        /// Not yet, and nothing speaks against it.
        Progressing = "progressing",
        /// Something is wrong.
        Degraded = "degraded",
        /// It can't be told.
        Unknown = "unknown",
    }
}

words! {
    /// What an environment is for.
    StackKind {
        /// It stays until somebody removes it.
        Permanent = "permanent",
        /// It belongs to a pull request and ends with it.
        Preview = "preview",
    }
}

words! {
    /// What is wanted of a stack.
    Wanted {
        /// It should run.
        Present = "present",
        /// It should go, with all it has; the row stays until it is gone.
        Absent = "absent",
    }
}

words! {
    /// A stack in one word: what goes on comes before how it is.
    StackState {
        /// It goes, with all it has.
        Removing = "removing",
        /// A deployment of it goes on.
        Deploying = "deploying",
        /// Nothing of it ever ran, and the last attempt failed.
        Failed = "failed",
        /// All that should run runs.
        Healthy = "healthy",
        /// Not yet, and nothing speaks against it.
        Progressing = "progressing",
        /// Something is wrong.
        Degraded = "degraded",
        /// It can't be told.
        Unknown = "unknown",
    }
}

words! {
    /// What comes first in a list of stacks.
    StackSort {
        /// By name.
        Name = "name",
        /// What changed last.
        Updated = "updated",
    }
}

/// A repository that has stacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StackRepository {
    /// GitHub's id of it.
    pub id: i64,
    /// `owner/name`.
    pub full_name: String,
}

/// What lists of stacks can be narrowed to: what tells apart those there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StackChoices {
    /// The names of permanent environments, in order. A preview has one of its own.
    pub environments: Vec<String>,
    /// The repositories, by name.
    pub repositories: Vec<StackRepository>,
}

/// The pull request that a preview belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PullRequest {
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Who opened it.
    pub author: String,
    /// Its page on GitHub.
    pub url: String,
}

/// A deployment, as far as a list of stacks says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LatestDeployment {
    /// Its number within the stack.
    pub number: i64,
    /// How far it has come.
    pub phase: Phase,
}

/// Who paused a stack, and since when nothing is applied to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Paused {
    /// The person's name.
    pub by: String,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// A stack, as a row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StackSummary {
    /// Its name on the Swarm.
    pub name: String,
    /// `owner/name` of its repository.
    pub repository: String,
    /// GitHub's id of its repository.
    pub repository_id: i64,
    /// Its environment's name.
    pub environment: String,
    /// What its environment is for.
    pub kind: StackKind,
    /// Of a preview: its pull request.
    #[schema(required = true)]
    pub pull_request: Option<PullRequest>,
    /// How well it is.
    pub health: Health,
    /// Whether the cluster is as it should be: nothing is left to do.
    pub synced: bool,
    /// Whether a deployment of it goes on.
    pub deploying: bool,
    /// Since when nothing is applied to it; null where that is not so.
    #[schema(required = true)]
    pub paused: Option<Paused>,
    /// Whether it should be there.
    pub wanted: Wanted,
    /// Where it answers.
    pub urls: Vec<String>,
    /// What runs; null before the first release.
    #[schema(required = true)]
    pub commit: Option<Commit>,
    /// Services all of whose tasks run.
    pub services_running: i64,
    /// Services there should be.
    pub services_wanted: i64,
    /// When anything about it last changed.
    pub updated_at: DateTime<Utc>,
    /// What a person should look into, in one sentence.
    #[schema(required = true)]
    pub attention: Option<String>,
    /// What its compose file may ask for; null before the first deployment.
    #[schema(required = true)]
    pub policy: Option<Policy>,
    /// Its newest deployment; null before the first.
    #[schema(required = true)]
    pub latest_deployment: Option<LatestDeployment>,
}

page! {
    /// Stacks, by name.
    StackPage of StackSummary
}

/// Whether something is what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SyncedState {
    /// Whether it is.
    pub value: bool,
    /// Why, in words.
    pub reason: String,
    /// Since when it has been so.
    pub since: DateTime<Utc>,
}

/// How well something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HealthState {
    /// How well.
    pub value: Health,
    /// Why, in words.
    pub reason: String,
    /// Since when it has been so.
    pub since: DateTime<Utc>,
}

/// Two questions that have an answer each: is it what it should be, and is it
/// well?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct State {
    /// Whether it is what it should be.
    pub synced: SyncedState,
    /// How well it is.
    pub healthy: HealthState,
}

words! {
    /// The kinds of object that a stack is made of.
    ObjectKind {
        /// A service.
        Service = "service",
        /// A network.
        Network = "network",
        /// A config.
        Config = "config",
        /// A secret.
        Secret = "secret",
    }
}

/// One thing that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Difference {
    /// What kind of object it is about.
    pub kind: ObjectKind,
    /// Which one: a service's short name, or the name on the Swarm.
    pub name: String,
    /// Which field of it, such as `replicas` or `env.DEBUG`; empty where all of it
    /// is missing, or should not be there.
    pub field: String,
    /// What it should be; null where nobody asked for it. What may be a secret is
    /// blotted out.
    #[schema(required = true)]
    pub desired: Option<String>,
    /// What it is, likewise; null where it is not there.
    #[schema(required = true)]
    pub live: Option<String>,
    /// All that in a sentence.
    pub sentence: String,
}

/// A service, as the last pass saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Service {
    /// Its short name.
    pub name: String,
    /// The image that runs.
    pub image: String,
    /// `replicated`, `global`, `replicated_job` or `global_job`.
    pub mode: String,
    /// Tasks that run, and are healthy where there is a check.
    pub running: i64,
    /// Tasks that should.
    pub wanted: i64,
    /// How well it is.
    pub health: Health,
    /// A stable word for what is wrong; empty when well.
    pub code: String,
    /// What is wrong, in words; empty when well.
    pub reason: String,
    /// Ports that it publishes or is routed to.
    pub ports: Vec<String>,
    /// Where it answers.
    pub urls: Vec<String>,
    /// The named volumes that it mounts, by their names on the Swarm.
    pub volumes: Vec<String>,
    /// The services that it waits for before it is made, by their short names.
    pub depends_on: Vec<String>,
    /// Whether it is what it should be, and well; null where the last pass was an
    /// older Berth's.
    #[schema(required = true)]
    pub state: Option<State>,
}

words! {
    /// What becomes of a difference that no deployment made.
    #[derive(Default)]
    OnDrift {
        /// It is put back.
        #[default]
        Heal = "heal",
        /// It is shown, and left until the next deployment.
        Show = "show",
    }
}

words! {
    /// What becomes of a stack whose deployment failed.
    OnFailure {
        /// The last release that succeeded is applied again.
        Rollback = "rollback",
        /// What was applied stays as it is.
        Keep = "keep",
    }
}

/// When nothing is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// From then on.
    pub from: DateTime<Utc>,
    /// Until then.
    pub until: DateTime<Utc>,
    /// Why, for whoever waits: 1 to 200 characters.
    pub reason: String,
}

/// What is said of a stack's environment. A change says all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StackSettings {
    /// What becomes of it when a deployment fails.
    pub on_failure: OnFailure,
    /// Whether a person has to approve each deployment.
    pub protected: bool,
    /// When nothing is deployed, the earliest first; empty where there is no such
    /// time. 50 at most.
    pub freezes: Vec<Freeze>,
    /// What becomes of a difference that no deployment made.
    pub drift: OnDrift,
    /// What becomes of its volumes once the stack is gone.
    pub volumes: Volumes,
}

super::words! {
    /// What becomes of a stack's volumes once it is gone.
    VolumePolicy {
        /// They stay.
        Keep = "keep",
        /// They go with it.
        WithStack = "with_stack",
        /// They go some days after it.
        AfterDays = "after_days",
    }
}

/// What becomes of a stack's volumes once it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Volumes {
    /// What becomes of them.
    pub policy: VolumePolicy,
    /// Of `after_days`, and of nothing else: how many days; 1 to 3650.
    #[serde(default)]
    #[schema(required = true)]
    pub days: Option<u16>,
}

/// A stack, with everything the last pass saw of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Stack {
    /// What the list says of it, too.
    #[serde(flatten)]
    pub summary: StackSummary,
    /// What people say of its environment.
    pub settings: StackSettings,
    /// Its services.
    pub services: Vec<Service>,
    /// What is left to do, a line an action; empty where it is synced.
    pub plan: Vec<String>,
    /// What is not as it should be; empty where it is synced.
    pub differences: Vec<Difference>,
    /// Whether it is what it should be, and well; null before the first pass.
    #[schema(required = true)]
    pub state: Option<State>,
    /// Its routes, as `host/path`.
    pub routes: Vec<String>,
    /// What the last pass has to say; mostly nothing.
    pub message: String,
    /// When the last pass was; null before the first.
    #[schema(required = true)]
    pub observed_at: Option<DateTime<Utc>>,
}

/// Which stacks to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StackQuery {
    /// A part of the name, the repository, or the pull request's title or number.
    #[serde(default)]
    pub q: Option<String>,
    /// Only of this kind.
    #[serde(default)]
    pub kind: Option<StackKind>,
    /// Only of this repository.
    #[serde(default)]
    pub repository_id: Option<i64>,
    /// Only of the environments of this name.
    #[serde(default)]
    pub environment: Option<String>,
    /// Only those that are in this state.
    #[serde(default)]
    pub state: Option<StackState>,
    /// Only those that run something and are as they should be, or are not.
    #[serde(default)]
    pub synced: Option<bool>,
    /// Only those that a person should look into.
    #[serde(default)]
    pub attention: bool,
    /// What comes first: by name without it.
    #[serde(default)]
    pub sort: Option<StackSort>,
    /// Where to go on: an earlier answer's `next_cursor`.
    #[serde(default)]
    pub cursor: Option<String>,
    /// How many at most: 1 to 100, 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
}
