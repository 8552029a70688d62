//! Fail points: the places where a crash is tried out.
//!
//! Every transaction of the reconciler ([`Write`]) and every side effect
//! ([`Effect`]) has a name, and one can't be written without: the store's fenced
//! transactions take theirs to begin, the calls to GitHub theirs to be built, and
//! the cluster and the builder are wrapped in [`Marked`]. `berth fail-points`
//! prints the names, `cargo xtask chaos` kills a Berth at each of them.
//!
//! Unarmed, as in every process but those of the harness, passing a point costs
//! one relaxed load.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

mod ports;

pub use self::ports::Marked;

/// Which side of what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// It is about to be done; of a transaction, all but its commit is.
    Before,
    /// It is done, and nobody knows yet.
    After,
}

impl Side {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$what:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $type { $($(#[$what])* $variant,)* }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        impl From<$type> for Point {
            fn from(one: $type) -> Self {
                Self::$type(one)
            }
        }
    };
}

names! {
    /// A transaction that changes the state, by what it is for. Each stands at
    /// one place of the code alone.
    Write {
        /// A webhook is taken in.
        AcceptDelivery = "deliveries.accept",
        /// The lease is taken.
        AcquireLease = "lease.acquire",
        /// The lease is extended.
        RenewLease = "lease.renew",
        /// The lease is given up.
        ReleaseLease = "lease.release",
        /// A delivery is put off.
        PostponeDelivery = "inbox.postpone",
        /// Deliveries that lead to nothing are finished.
        DismissDeliveries = "inbox.dismiss",
        /// A delivery becomes deployments.
        JudgeDelivery = "inbox.deploy",
        /// An installation is followed.
        FollowInstallation = "inbox.installation",
        /// An installation's repositories are followed.
        FollowInstalled = "inbox.installation_repositories",
        /// A repository is followed.
        FollowRepository = "inbox.repository",
        /// An account's new name is followed.
        FollowAccount = "inbox.account",
        /// A pull request's end is followed.
        ClosePreviews = "inbox.close",
        /// A pull request's new title is followed.
        RetitlePreviews = "inbox.retitle",
        /// A deployment is asked for again at GitHub.
        DeployAgain = "inbox.again",
        /// An installation that nobody told of is stored.
        PutInstallation = "accounts.installation",
        /// A repository that an event told of is stored.
        PutRepository = "accounts.repository",
        /// An installation is read again.
        RereadInstallation = "catch_up.installation",
        /// What no event told of is deployed.
        CatchUp = "catch_up.deploy",
        /// A preview goes whose end no event told of.
        CatchUpClosed = "catch_up.close",
        /// A deployment is read, with its surroundings at one moment.
        ReadDeployment = "deployments.read",
        /// A step begins.
        BeginStep = "deployments.begin_step",
        /// A step's progress is noted.
        NoteStep = "deployments.note",
        /// What a deployment is going to do is written down.
        KeepPlan = "deployments.plan",
        /// How often a restart has a service forced is written down.
        KeepRestarts = "deployments.restarts",
        /// What a deployment would do is told whoever asked.
        AnswerDryRun = "dry_runs.answer",
        /// A deployment gets past a step.
        Advance = "deployments.advance",
        /// A deployment says what it waits for.
        Wait = "stacks.wait",
        /// A deployment waits for nothing any more.
        GoOn = "stacks.go_on",
        /// A deployment fails or is stopped.
        EndDeployment = "deployments.end",
        /// A build's output is stored.
        AppendBuildLog = "build_logs.append",
        /// Whose output is followed is noted.
        NoteSources = "logs.sources",
        /// Output is stored.
        AppendOutput = "logs.append",
        /// A release is stored.
        InsertRelease = "releases.insert",
        /// What a stack should be is said.
        SetRelease = "stacks.set_release",
        /// What a pass saw is stored.
        Observe = "stacks.observe",
        /// What was seen of the nodes is stored.
        ObserveNodes = "nodes.observe",
        /// What a person wanted of a node is done, or can't be.
        SettleNode = "nodes.settle",
        /// A stack is noted as gone.
        MarkRemoved = "stacks.mark_removed",
        /// What is going to be pruned is written down.
        PlanPruning = "pruning.plan",
        /// What is to be removed on nodes is written down.
        PlanNodes = "executors.plan",
        /// The executors' token is made.
        MakeExecutorToken = "executors.token",
        /// The images of releases are named.
        NameImages = "executors.name_images",
        /// What a release claims is taken.
        TakeClaims = "claims.take",
        /// What a release does without is given back.
        SettleClaims = "claims.settle",
        /// GitHub's number of a deployment is remembered.
        PutGithubDeployment = "reports.deployment",
        /// GitHub's number of a check run is remembered.
        PutCheckRun = "reports.check_run",
        /// GitHub's number of a comment is remembered.
        PutComment = "reports.comment",
        /// A report was sent.
        ReportSent = "outbox.sent",
        /// A report was not sent.
        ReportFailed = "outbox.failed",
        /// A report will never be sent.
        ReportDropped = "outbox.dropped",
        /// Reports are held back.
        HoldReports = "outbox.hold",
        /// An act that changed nothing else in the database is written down.
        RecordAct = "acts.record",
        /// What is old is forgotten.
        Forget = "retention.forget",
        /// Output is forgotten that is beyond what is kept.
        ForgetOutput = "logs.forget",
        /// Releases are forgotten that nobody will go back to.
        ForgetReleases = "retention.forget_releases",
    }
}

names! {
    /// A change outside of the database.
    Effect {
        /// A network is made.
        CreateNetwork = "cluster.create_network",
        /// A config is made.
        CreateConfig = "cluster.create_config",
        /// A secret is made.
        CreateSecret = "cluster.create_secret",
        /// A service is made.
        CreateService = "cluster.create_service",
        /// A service is changed.
        UpdateService = "cluster.update_service",
        /// A service is removed.
        RemoveService = "cluster.remove_service",
        /// A config is removed.
        RemoveConfig = "cluster.remove_config",
        /// A secret is removed.
        RemoveSecret = "cluster.remove_secret",
        /// A network is removed.
        RemoveNetwork = "cluster.remove_network",
        /// A volume is removed.
        RemoveVolume = "cluster.remove_volume",
        /// An image is removed.
        RemoveImage = "cluster.remove_image",
        /// A node is made active, paused or drained.
        SetAvailability = "cluster.set_availability",
        /// A commit's files are fetched.
        Fetch = "builder.fetch",
        /// Two commits are fetched and compared.
        Changes = "builder.changes",
        /// An image is built.
        Build = "builder.build",
        /// A token of an installation is made.
        CreateToken = "github.create_token",
        /// An App is made from its manifest.
        CreateApp = "github.create_app",
        /// An App's webhook is set.
        SetHook = "github.set_hook",
        /// A delivery is asked for again.
        Redeliver = "github.redeliver",
        /// A deployment is made.
        CreateDeployment = "github.create_deployment",
        /// A deployment's status is told.
        CreateStatus = "github.create_status",
        /// A check run is made.
        CreateCheckRun = "github.create_check_run",
        /// A check run is changed.
        UpdateCheckRun = "github.update_check_run",
        /// A comment is made.
        CreateComment = "github.create_comment",
        /// A comment is changed.
        UpdateComment = "github.update_comment",
    }
}

/// A fail point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    /// A transaction.
    Write(Write),
    /// A side effect.
    Effect(Effect),
}

impl Point {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let effects = Effect::ALL.iter().copied().map(Self::Effect);
        Write::ALL.iter().copied().map(Self::Write).chain(effects)
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Write(one) => one.as_str(),
            Self::Effect(one) => one.as_str(),
        }
    }

    /// `write` or `effect`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Write(_) => "write",
            Self::Effect(_) => "effect",
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A point at which this process is to die: `name[:before|after][:n]`.
#[derive(Debug)]
pub struct Target {
    point: Point,
    side: Side,
    left: AtomicU32,
}

/// Why a target can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no fail point like deployments.advance:after:1; `berth fail-points` lists them")]
pub struct NoTarget(String);

impl FromStr for Target {
    type Err = NoTarget;

    fn from_str(text: &str) -> Result<Self, NoTarget> {
        let wrong = || NoTarget(text.to_owned());
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let point = Point::all().find(|point| point.as_str() == name).ok_or_else(wrong)?;
        let mut side = Side::Before;
        let mut times = 1;
        for (place, part) in parts.enumerate() {
            match (place, part) {
                (0, "before") => side = Side::Before,
                (0, "after") => side = Side::After,
                (0 | 1, number) => {
                    times = number.parse().ok().filter(|it| *it > 0).ok_or_else(wrong)?;
                }
                _ => return Err(wrong()),
            }
        }
        Ok(Self { point, side, left: AtomicU32::new(times) })
    }
}

impl Target {
    /// Whether this passing is the one.
    fn is_due(&self, point: Point, side: Side) -> bool {
        self.point == point && self.side == side && self.left.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

/// Ends the process. It gets what was passed, to say so.
pub type Kill = fn(Point, Side);

static ARMED: AtomicBool = AtomicBool::new(false);
static TARGETS: OnceLock<(Vec<Target>, Kill)> = OnceLock::new();

/// From now on, whoever comes first to one of `targets` calls `kill`. Once in a
/// process; later calls change nothing.
pub fn arm(targets: Vec<Target>, kill: Kill) {
    if TARGETS.set((targets, kill)).is_ok() {
        ARMED.store(true, Ordering::SeqCst);
    }
}

/// Passes a point.
pub fn pass(point: impl Into<Point>, side: Side) {
    if ARMED.load(Ordering::Relaxed) {
        reached(point.into(), side);
    }
}

#[cold]
fn reached(point: Point, side: Side) {
    if let Some((targets, kill)) = TARGETS.get()
        && targets.iter().any(|target| target.is_due(point, side))
    {
        kill(point, side);
    }
}

/// Does something, between the two sides of its point. What failed was not done.
///
/// # Errors
///
/// Those of what is done.
pub async fn around<T, E>(
    point: impl Into<Point> + Copy + Send,
    work: impl Future<Output = Result<T, E>> + Send,
) -> Result<T, E> {
    pass(point, Side::Before);
    let done = work.await?;
    pass(point, Side::After);
    Ok(done)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_told_apart_and_read_back() {
        let names: BTreeSet<_> = Point::all().map(Point::as_str).collect();
        assert_eq!(names.len(), Write::ALL.len() + Effect::ALL.len());
        for point in Point::all() {
            assert_eq!(point.as_str().parse::<Target>().unwrap().point, point);
        }
    }

    #[test]
    fn a_target_names_its_side_and_its_time() {
        let read = |text: &str| {
            let target: Target = text.parse().unwrap();
            (target.side, target.left.into_inner())
        };
        assert_eq!(read("deployments.advance"), (Side::Before, 1));
        assert_eq!(read("deployments.advance:after"), (Side::After, 1));
        assert_eq!(read("deployments.advance:3"), (Side::Before, 3));
        assert_eq!(read("deployments.advance:after:2"), (Side::After, 2));
        for wrong in [
            "",
            "advance",
            "deployments.advance:0",
            "deployments.advance:later",
            "lease.renew:1:2:3",
        ] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_target_is_due_once_at_its_time_and_side() {
        let target: Target = "lease.renew:after:2".parse().unwrap();
        let renew = Point::from(Write::RenewLease);
        let due = [Side::After, Side::Before, Side::After, Side::After]
            .map(|side| target.is_due(renew, side));
        assert_eq!(due, [false, false, true, false]);
        assert!(!target.is_due(Effect::Build.into(), Side::After));
    }
}
