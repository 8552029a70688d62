//! Whether everything that Berth stands on is there.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Approval, NodePlan};

/// Whether something answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Check {
    /// Whether it does.
    pub ok: bool,
    /// What is wrong; empty when well.
    pub detail: String,
}

/// Whether this Berth can do its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Readiness {
    /// The database.
    pub postgres: Check,
    /// The Docker engine.
    pub docker: Check,
    /// Whether some Berth leads.
    pub leader: Check,
}

/// This process is alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Alive {
    /// Always true.
    pub ok: bool,
}

/// Who may act on the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Leader {
    /// The holder of the lease; null where nobody has it.
    #[schema(required = true)]
    pub holder: Option<Uuid>,
    /// Whether that is the process that answers.
    pub is_me: bool,
    /// Until when, unless renewed.
    #[schema(required = true)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// The Docker engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Docker {
    /// Whether it answers, and is a Swarm manager.
    pub ok: bool,
    /// What is wrong; empty when well.
    pub detail: String,
    /// Its version; empty where it does not answer.
    pub version: String,
    /// Nodes of the Swarm.
    pub nodes: i64,
}

/// A node that is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LostNode {
    /// Its id.
    pub id: String,
    /// Its name.
    pub hostname: String,
    /// Since when it is away.
    pub since: DateTime<Utc>,
}

/// How this Berth is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Status {
    /// Berth's version.
    pub version: String,
    /// This Berth's id: it labels every object that it makes.
    pub instance_id: Uuid,
    /// Who leads.
    pub leader: Leader,
    /// The database.
    pub postgres: Check,
    /// The engine.
    pub docker: Docker,
    /// Stacks that nothing asks for and that are too many to be removed before a
    /// person lets them go.
    pub held_orphans: i64,
    /// Nodes of the Swarm that are away, by name.
    pub lost_nodes: Vec<LostNode>,
    /// Nodes that are there and whose executor was not heard of for too long, by
    /// name: what is to be removed there stays.
    pub silent_executors: Vec<String>,
    /// Whether all of it is well.
    pub ready: bool,
}

/// A stack on the cluster that nothing asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Orphan {
    /// Its name.
    pub stack: String,
    /// Since when it was seen with nothing asking for it.
    pub since: DateTime<Utc>,
    /// When it goes, unless something asks for it by then.
    pub due: DateTime<Utc>,
    /// What would be removed first, a line an action. Its volumes stay.
    pub actions: Vec<String>,
}

/// What is going to be pruned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PrunePlan {
    /// The stacks, by name.
    pub orphans: Vec<Orphan>,
    /// What is to be removed on single nodes, by their names; empty where no node
    /// has an executor.
    pub nodes: Vec<NodePlan>,
    /// Whether the stacks are more than go without a person.
    pub held: bool,
    /// Who let them go; null where nobody did.
    #[schema(required = true)]
    pub approved: Option<Approval>,
}

/// What a person lets go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct PruneApproval {
    /// The stacks, as the plan has them: all of them.
    pub stacks: Vec<String>,
}

/// What a `change` event of the stream says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Change {
    /// What kind of thing changed.
    pub topic: Topic,
    /// Its id. A stack's is its row's, not its name.
    pub id: String,
    /// Of a stack, a deployment or a build log: the stack's name.
    #[schema(required = true)]
    pub stack: Option<String>,
}

super::words! {
    /// What kind of thing changed.
    Topic {
        /// A stack.
        Stack = "stack",
        /// A deployment, or one of its phases.
        Deployment = "deployment",
        /// A build log grew; the id is the deployment's.
        BuildLog = "build_log",
        /// A rule.
        Rule = "rule",
        /// A repository.
        Repository = "repository",
        /// An installation.
        Installation = "installation",
        /// Our App.
        GithubApp = "github_app",
        /// A delivery was worked on.
        Delivery = "delivery",
        /// An environment.
        Environment = "environment",
        /// What is going to be pruned.
        Prune = "prune",
        /// A node of the Swarm.
        Node = "node",
        /// Somebody, or Berth itself, did something.
        Act = "act",
        /// A member, or an invitation.
        Member = "member",
    }
}
