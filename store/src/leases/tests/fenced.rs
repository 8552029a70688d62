//! A stale leader changes nothing, whatever it writes: each write of the list of
//! fail points is made by a leader that was replaced, and the whole database is
//! compared. The newest leader then makes the same write and does change it, so
//! that the fence alone can have been what held the stale one back.

use berth_domain::cluster::output::Source;
use berth_domain::deployment::Step;
use berth_domain::facts::{Availability, NodeFacts, NodeState};
use berth_domain::ids::StackName;
use berth_domain::stack::{Claim, Protocol, StackSpec};
use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::acts::{self, Actor, Kind, NewAct};
use crate::logs::{self, Batch, Keep, NewLine};
use crate::outbox::{self, Report};
use crate::releases::{self, NewRelease};
use crate::reports::{self, StickyComment};
use crate::retention::{self, Kept};
use crate::seal::SealKey;
use crate::seed::{self, Seeded};
use crate::{build_logs, claims, deployments, dry_runs, executors, nodes, pruning, stacks};

/// What a leader may write about.
struct World {
    pool: PgPool,
    seeded: Seeded,
    report: Report,
    key: SealKey,
}

/// How a write is held to its leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// Its first statement proves the epoch: a stale one is refused, and told so.
    Fenced,
    /// It compares the epoch, and does nothing where that is stale.
    Compared,
    /// It is fenced, and only reads.
    Reads,
    /// Any replica may do it.
    Free,
}

/// A new write has to be put here, and below.
fn held(write: Write) -> Held {
    match write {
        // Every replica takes webhooks in.
        Write::AcceptDelivery => Held::Free,
        // One that was replaced may ask for the lease again, and gives up nobody's.
        Write::AcquireLease | Write::ReleaseLease => Held::Compared,
        Write::ReadDeployment => Held::Reads,
        Write::RenewLease
        | Write::PostponeDelivery
        | Write::DismissDeliveries
        | Write::JudgeDelivery
        | Write::FollowInstallation
        | Write::FollowInstalled
        | Write::FollowRepository
        | Write::FollowAccount
        | Write::ClosePreviews
        | Write::RetitlePreviews
        | Write::DeployAgain
        | Write::PutInstallation
        | Write::PutRepository
        | Write::RereadInstallation
        | Write::CatchUp
        | Write::CatchUpClosed
        | Write::BeginStep
        | Write::NoteStep
        | Write::KeepPlan
        | Write::KeepRestarts
        | Write::AnswerDryRun
        | Write::Advance
        | Write::Wait
        | Write::GoOn
        | Write::EndDeployment
        | Write::AppendBuildLog
        | Write::NoteSources
        | Write::AppendOutput
        | Write::InsertRelease
        | Write::SetRelease
        | Write::Observe
        | Write::ObserveNodes
        | Write::SettleNode
        | Write::MarkRemoved
        | Write::PlanPruning
        | Write::PlanNodes
        | Write::MakeExecutorToken
        | Write::NameImages
        | Write::TakeClaims
        | Write::SettleClaims
        | Write::PutGithubDeployment
        | Write::PutCheckRun
        | Write::PutComment
        | Write::ReportSent
        | Write::ReportFailed
        | Write::ReportDropped
        | Write::HoldReports
        | Write::RecordAct
        | Write::Forget
        | Write::ForgetOutput
        | Write::ForgetReleases => Held::Fenced,
    }
}

/// Has there be something that a write would change.
async fn prepare(world: &World, fence: Fence, write: Write) {
    let World { pool, seeded, key, .. } = world;
    let id = seeded.deployment;
    if write == Write::NoteStep {
        deployments::begin_step(pool, fence, id, Step::Fetch, LONG).await.unwrap();
    } else if write == Write::AnswerDryRun {
        dry_runs::ask(pool, "shop-pr-7", "Ada").await.unwrap();
    } else if write == Write::GoOn {
        stacks::wait(pool, fence, id, "somebody paused it", None).await.unwrap();
    } else if write == Write::MarkRemoved {
        stacks::remove(pool, "shop-pr-7").await.unwrap();
    } else if write == Write::SettleClaims {
        claims::take(pool, fence, seeded.stack, &wanted()).await.unwrap();
    } else if write == Write::Forget {
        let old = "insert into delivery (delivery_id, event, body, processed_at)
                   values ('old', 'push', '', now() - interval '31 days')";
        sqlx::query(old).execute(pool).await.unwrap();
    } else if write == Write::ForgetOutput {
        logs::append(pool, fence, &output(seeded)).await.unwrap();
    } else if write == Write::SettleNode {
        nodes::observe(pool, fence, &[node()]).await.unwrap();
        nodes::intend(pool, "n", Availability::Drain, "Ada").await.unwrap();
    } else if write == Write::PlanNodes {
        // Of a node that left the Swarm.
        let left = "insert into executor (node_id, hostname, version, report)
                    values ('gone', 'gone', '0', '{}')";
        sqlx::query(left).execute(pool).await.unwrap();
    } else if write == Write::NameImages {
        let spec = StackSpec::default();
        let new = NewRelease { deployment: id, spec: &spec, images: &[] };
        releases::insert(pool, fence, key, new).await.unwrap();
    } else if write == Write::ForgetReleases {
        let spec = StackSpec::default();
        let new = NewRelease { deployment: id, spec: &spec, images: &[] };
        releases::insert(pool, fence, key, new).await.unwrap();
        deployments::cancel(pool, fence, id, "somebody stopped it").await.unwrap();
    }
}

fn wanted() -> BTreeSet<Claim> {
    BTreeSet::from([Claim {
        protocol: Protocol::Http,
        entrypoints: vec!["web".to_owned()],
        host: "shop.x".to_owned(),
        path: "/".to_owned(),
    }])
}

fn node() -> NodeFacts {
    NodeFacts { id: "n".into(), state: NodeState::Ready, ..NodeFacts::default() }
}

/// A line of output.
fn output(seeded: &Seeded) -> Batch {
    let line = NewLine {
        stack: seeded.stack,
        service_id: "web-id".into(),
        service: "web".into(),
        task: "web.1".into(),
        node: None,
        stderr: false,
        at: DateTime::UNIX_EPOCH,
        level: None,
        text: "a line".into(),
        maybe_stored: false,
    };
    Batch { lines: vec![line], ..Batch::default() }
}

/// Makes a write as the leader that `fence` stands for.
async fn make(world: &World, fence: Fence, write: Write) -> Result<()> {
    let World { pool, seeded, report, key } = world;
    let (id, stack) = (seeded.deployment, seeded.stack);
    match write {
        Write::AcceptDelivery => Ok(()),
        Write::AcquireLease => {
            let holder = Uuid::from_u128(fence.epoch.unsigned_abs().into());
            acquire(pool, holder, LONG).await.map(drop)
        }
        Write::RenewLease => renew(pool, fence, LONG).await,
        Write::ReleaseLease => release(pool, fence).await,
        Write::BeginStep => {
            deployments::begin_step(pool, fence, id, Step::Fetch, LONG).await.map(drop)
        }
        Write::NoteStep => {
            let said = ("half of it", Duration::from_secs(1));
            deployments::note(pool, fence, id, Step::Fetch, said).await
        }
        Write::KeepPlan => {
            deployments::keep_plan(pool, fence, id, &["+ service web".to_owned()], &[]).await
        }
        Write::KeepRestarts => {
            let forced = BTreeMap::from([("web".to_owned(), 1)]);
            deployments::keep_restarts(pool, fence, id, &forced).await
        }
        Write::AnswerDryRun => {
            let open = dry_runs::open(pool).await.unwrap().remove(0);
            dry_runs::answer(pool, fence, open.id, &serde_json::json!({})).await
        }
        Write::Advance => deployments::advance(pool, fence, id, Step::Fetch, "").await.map(drop),
        Write::Wait => stacks::wait(pool, fence, id, "somebody paused it", None).await,
        Write::GoOn => stacks::go_on(pool, fence, id).await,
        Write::EndDeployment => deployments::cancel(pool, fence, id, "it was stopped").await,
        Write::AppendBuildLog => {
            let line = build_logs::NewLine { service: "web".into(), line: "a line".into() };
            build_logs::append(pool, fence, id, &[line]).await
        }
        Write::NoteSources => {
            let stack = StackName::parse("shop-pr-7").unwrap();
            let source = Source { id: "web-id".into(), stack, service: "web".into() };
            logs::sources(pool, fence, &[source]).await.map(drop)
        }
        Write::AppendOutput => logs::append(pool, fence, &output(seeded)).await.map(drop),
        Write::InsertRelease => {
            let spec = StackSpec::default();
            let new = NewRelease { deployment: id, spec: &spec, images: &[] };
            releases::insert(pool, fence, key, new).await.map(drop)
        }
        Write::SetRelease => stacks::set_release(pool, fence, stack, None).await,
        Write::Observe => stacks::observe(pool, fence, stack, &serde_json::json!({}), &[]).await,
        Write::ObserveNodes => nodes::observe(pool, fence, &[node()]).await.map(drop),
        Write::SettleNode => {
            let intent = nodes::intents(pool).await.unwrap().remove(0);
            nodes::settle(pool, fence, &intent, None).await
        }
        Write::MarkRemoved => stacks::mark_removed(pool, fence, stack).await,
        Write::PlanPruning => pruning::put(pool, fence, &[], true).await,
        Write::PlanNodes => executors::plan(pool, fence, &[]).await,
        Write::MakeExecutorToken => executors::token(pool, fence, key).await.map(drop),
        Write::NameImages => executors::name_images(pool, fence, key).await,
        Write::TakeClaims => claims::take(pool, fence, stack, &wanted()).await.map(drop),
        Write::SettleClaims => claims::settle(pool, fence, stack, &BTreeSet::new()).await.map(drop),
        Write::PutGithubDeployment => reports::put_deployment(pool, fence, id, 1, None).await,
        Write::PutCheckRun => reports::put_check_run(pool, fence, id, 1, None).await,
        Write::PutComment => {
            let comment = StickyComment { id: 1, body_hash: "x".into() };
            reports::put_comment(pool, fence, seeded.repository, 7, &comment).await
        }
        Write::ReportSent => outbox::sent(pool, fence, report).await,
        Write::ReportFailed => outbox::failed(pool, fence, report, LONG, "busy").await,
        Write::ReportDropped => outbox::dropped(pool, fence, report, "refused").await,
        Write::HoldReports => outbox::hold(pool, fence, seeded.repository, LONG).await,
        Write::RecordAct => {
            let act = NewAct::new(Actor::Reconciler, Kind::Led, "here");
            acts::record_led(pool, fence, act).await
        }
        Write::ForgetOutput => {
            let none = Keep { lines: 0, ..Keep::USUAL };
            logs::forget(pool, fence, none).await.map(drop)
        }
        Write::Forget => retention::forget(pool, fence).await.map(drop),
        Write::ForgetReleases => {
            let none = Kept { count: 0, age: Duration::ZERO };
            retention::forget_releases(pool, fence, none).await.map(drop)
        }
        Write::ReadDeployment => {
            let mut db = Guarded::begin(pool, fence, write).await?;
            deployments::context(&mut db, id).await?;
            db.commit().await
        }
        // Transactions of the reconciler's own: whatever is written in one.
        Write::PostponeDelivery
        | Write::DismissDeliveries
        | Write::JudgeDelivery
        | Write::FollowInstallation
        | Write::FollowInstalled
        | Write::FollowRepository
        | Write::FollowAccount
        | Write::ClosePreviews
        | Write::RetitlePreviews
        | Write::DeployAgain
        | Write::PutInstallation
        | Write::PutRepository
        | Write::RereadInstallation
        | Write::CatchUp
        | Write::CatchUpClosed => {
            let mut db = Guarded::begin(pool, fence, write).await?;
            let anything = "update repository set private = not private";
            sqlx::query(anything).execute(&mut *db).await.unwrap();
            db.commit().await
        }
    }
}

async fn tables(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select tablename::text from pg_tables
         where schemaname = 'public' and tablename <> '_sqlx_migrations' order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// All that the database has in it.
async fn everything(pool: &PgPool) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for table in tables(pool).await {
        let rows = format!(
            "select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from {table} t"
        );
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_one(pool).await.unwrap();
        all.push((table, rows));
    }
    all
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_stale_leader_changes_nothing_whatever_it_writes_and_the_newest_does(pool: PgPool) {
    for write in Write::ALL.iter().copied() {
        let all = format!("truncate {} cascade", tables(&pool).await.join(", "));
        sqlx::query(sqlx::AssertSqlSafe(all)).execute(&pool).await.unwrap();
        let stale = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, stale).await;
        sqlx::query("update outbox set due_at = now()").execute(&pool).await.unwrap();
        let report = outbox::due(&pool, 1).await.unwrap().pop().unwrap();
        let world = World { pool: pool.clone(), seeded, report, key: SealKey::generate() };
        prepare(&world, stale, write).await;
        let newest = seed::depose(&pool, stale).await;
        let name = write.as_str();

        let before = everything(&pool).await;
        let late = make(&world, stale, write).await;
        let after = everything(&pool).await;
        assert_eq!(before, after, "{name}: a stale leader changed that");
        let is_refused = matches!(late, Err(Error::Fenced));
        let how = held(write);
        let tells = matches!(how, Held::Fenced | Held::Reads);
        assert_eq!(is_refused, tells, "{name}: {late:?}");

        make(&world, newest, write).await.unwrap();
        let changes = before != everything(&pool).await;
        let should = matches!(how, Held::Fenced | Held::Compared);
        assert_eq!(changes, should, "{name}: without its fence, it would change that");
    }
}
