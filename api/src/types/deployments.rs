//! Deployments, their phases and their build logs.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::events::ActKind;
use super::stacks::Freeze;
use super::{page, words};

words! {
    /// How far a deployment has come, or how it ended.
    Phase {
        /// It exists.
        Received = "received",
        /// The source is here.
        Fetched = "fetched",
        /// Its images exist.
        Built = "built",
        /// The compose file became a release.
        Rendered = "rendered",
        /// Swarm has taken it.
        Applied = "applied",
        /// It ran, healthy, for the monitor window.
        Converged = "converged",
        /// Its routes answered.
        Routed = "routed",
        /// All of it.
        Succeeded = "succeeded",
        /// A step failed or took too long.
        Failed = "failed",
        /// A newer deployment took over.
        Superseded = "superseded",
        /// Somebody stopped it.
        Cancelled = "cancelled",
    }
}

words! {
    /// How a phase of a deployment stands.
    PhaseState {
        /// Not begun.
        Pending = "pending",
        /// It goes on.
        Running = "running",
        /// Done.
        Done = "done",
        /// It failed.
        Failed = "failed",
        /// It was stopped, and won't go on.
        Stopped = "stopped",
    }
}

words! {
    /// What began a deployment.
    Trigger {
        /// Commits on a branch.
        Push = "push",
        /// A tag.
        Tag = "tag",
        /// A pull request.
        PullRequest = "pull_request",
        /// A person.
        Manual = "manual",
        /// A person, or Berth, going back to an older release.
        Rollback = "rollback",
        /// A person, having what runs started anew.
        Restart = "restart",
    }
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Commit {
    /// Its full SHA.
    pub sha: String,
    /// Its message's first line.
    pub message: String,
    /// Who wrote it.
    pub author: String,
}

/// A place in a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Place {
    /// The file, from the repository's root.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// Why a deployment ended as it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reason {
    /// A stable word, such as `build_failed`.
    pub code: String,
    /// For people.
    pub text: String,
    /// Where, if it is a file's fault.
    #[schema(required = true)]
    pub place: Option<Place>,
}

/// One of a deployment's eight phases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeploymentPhase {
    /// The phase that this step leads to.
    pub phase: Phase,
    /// How it stands.
    pub state: PhaseState,
    /// When it began.
    #[schema(required = true)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[schema(required = true)]
    pub ended_at: Option<DateTime<Utc>>,
    /// What it has to say.
    pub message: String,
}

/// Who let something go, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Approval {
    /// The person's name.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What a person decided of a deployment, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Verdict {
    /// The person's name.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Why, in the person's words.
    pub reason: String,
}

/// Why a person decides as they do.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// Why, for whoever wonders: 1 to 200 characters.
    pub reason: String,
}

/// One attempt to bring a stack to a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Deployment {
    /// Its id.
    pub id: Uuid,
    /// The stack's name.
    pub stack: String,
    /// Its number within the stack, from 1.
    pub number: i64,
    /// What began it.
    pub trigger: Trigger,
    /// Why it began, in one sentence.
    pub why: String,
    /// The rule that matched.
    #[schema(required = true)]
    pub rule_name: Option<String>,
    /// The delivery that it began with.
    #[schema(required = true)]
    pub delivery_id: Option<String>,
    /// What it deploys.
    pub commit: Commit,
    /// The ref that pointed there, such as `refs/heads/main`.
    pub git_ref: String,
    /// How far it has come.
    pub phase: Phase,
    /// Why it ended as it did; null while it goes on, and when all is well.
    #[schema(required = true)]
    pub reason: Option<Reason>,
    /// What it waits for before it goes on, in one sentence; null where nothing
    /// holds it up.
    #[schema(required = true)]
    pub waiting: Option<String>,
    /// Whether it goes on once a person approves it.
    pub needs_approval: bool,
    /// Who approved it; null where nobody did.
    #[schema(required = true)]
    pub approved: Option<Approval>,
    /// Who turned it down instead, and why; null where nobody did.
    #[schema(required = true)]
    pub rejected: Option<Verdict>,
    /// The freeze of its environment that it waits out; null where none holds it
    /// up.
    #[schema(required = true)]
    pub frozen: Option<Freeze>,
    /// Who let it through the freezes of its environment; null where nobody did.
    #[schema(required = true)]
    pub freeze_override: Option<Verdict>,
    /// The eight phases from `received` to `succeeded`, in order.
    pub phases: Vec<DeploymentPhase>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    #[schema(required = true)]
    pub finished_at: Option<DateTime<Utc>>,
    /// How long it took, or has been going on as of this answer.
    pub duration_ms: i64,
    /// Where the stack answers.
    pub urls: Vec<String>,
    /// What its release runs.
    pub images: Vec<String>,
    /// Whether it succeeded and its release is kept, so that it can be gone back
    /// to.
    pub can_roll_back: bool,
}

words! {
    /// How a line of a plan stands.
    PlanState {
        /// It is still to be done, or never was.
        Open = "open",
        /// It is done.
        Done = "done",
        /// It is done once the deployment has succeeded.
        After = "after",
    }
}

/// A line of what a deployment does to the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanLine {
    /// What is done, as `berth stack plan` prints it, such as
    /// `~ service web nginx:1.27 x2`.
    pub text: String,
    /// How it stands.
    pub state: PlanState,
}

/// What a phase usually takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UsualPhase {
    /// Which.
    pub phase: Phase,
    /// The median.
    pub duration_ms: i64,
}

/// What the stack's last deployments took that succeeded before this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Usual {
    /// How many they are: three at least, 20 at most. Rollbacks are compared with
    /// rollbacks, and restarts with restarts.
    pub of: i64,
    /// The median of the whole.
    pub duration_ms: i64,
    /// The median of each phase that three at least went through.
    pub phases: Vec<UsualPhase>,
}

/// How a deployment's commit compares with what served before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Compare {
    /// The number of the deployment that served before it.
    pub number: i64,
    /// Where GitHub shows the commits in between.
    pub url: String,
}

/// Something that was done to a deployment while it went on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeploymentAct {
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it, as they were called then; `Berth` where it was no person.
    pub actor: String,
    /// Whether it was a person.
    pub person: bool,
    /// What was done.
    pub kind: ActKind,
    /// What more there is to say; may be empty.
    pub detail: String,
}

/// A deployment, with all that its own page says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeploymentStory {
    /// What the list says of it, too.
    #[serde(flatten)]
    pub deployment: Deployment,
    /// What it does to the cluster, in order; null until that is planned, empty
    /// where there is nothing to change.
    #[schema(required = true)]
    pub plan: Option<Vec<PlanLine>>,
    /// What is usual for the stack; null while too few have succeeded to say so.
    #[schema(required = true)]
    pub usual: Option<Usual>,
    /// The rule that matched; null where none did, or it is gone since.
    #[schema(required = true)]
    pub rule_id: Option<Uuid>,
    /// What people and Berth did to it, oldest first. Kept for 90 days.
    pub acts: Vec<DeploymentAct>,
    /// Where GitHub shows the commit.
    pub commit_url: String,
    /// How its commit compares with what served before it; null where nothing did,
    /// or the same commit.
    #[schema(required = true)]
    pub compare: Option<Compare>,
}

page! {
    /// A stack's deployments, newest first.
    DeploymentPage of Deployment
}

/// What to deploy anew.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redeploy {
    /// The full SHA of a commit; without it, the stack's newest deployment's.
    #[serde(default)]
    #[schema(pattern = "^[0-9a-f]{40}$")]
    pub sha: Option<String>,
}

/// What to go back to.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// The number of a deployment of the same stack that succeeded.
    pub number: i64,
}

/// What to restart.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// The services, by their short names; without any, all of them.
    #[serde(default)]
    pub services: Vec<String>,
}

words! {
    /// Who wrote a line of a deployment's log.
    LogSource {
        /// The build of an image.
        Build = "build",
        /// A job that ran before or after the rollout.
        Job = "job",
    }
}

/// A line that a build or a job wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LogLine {
    /// Orders the lines.
    pub id: i64,
    /// Who wrote it.
    pub source: LogSource,
    /// The service whose image is built, or the job.
    pub service: String,
    /// The line.
    pub line: String,
    /// When it came.
    pub at: DateTime<Utc>,
}

page! {
    /// A part of a deployment's log, in order. `next_cursor` is never null here while
    /// there are lines: pass the last line's id as `after` to go on.
    LogPage of LogLine
}

/// Which part of a build log.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LogQuery {
    /// Only lines after the one with this id.
    #[serde(default)]
    pub after: Option<i64>,
    /// How many at most: 1 to 2000, 1000 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 2000)]
    pub limit: Option<u16>,
}

/// Which part of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Where to go on: an earlier answer's `next_cursor`.
    #[serde(default)]
    pub cursor: Option<String>,
    /// How many at most: 1 to 100, 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
}
