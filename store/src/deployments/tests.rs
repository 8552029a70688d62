//! Deployments against a real Postgres.

use std::time::Duration;

use berth_domain::deployment::{Event, Step};
use berth_domain::fail_point::Write;
use berth_domain::stack::StackSpec;
use chrono::TimeDelta;
use sqlx::PgPool;

use super::*;
use crate::leases::Guarded;
use crate::releases::{self, NewRelease};
use crate::seal::SealKey;
use crate::{seed, stacks};

async fn one_more(pool: &PgPool, new: &NewDeployment) -> Result<Created> {
    let mut db = crate::begin(pool).await.unwrap();
    let created = create(&mut db, new).await;
    db.commit().await.unwrap();
    created
}

fn reason(text: &str) -> Reason {
    Reason { code: "build_failed".to_owned(), text: text.to_owned(), place: None }
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_newer_deployment_takes_over(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    let first = seeded.deployment;
    begin_step(&pool, fence, first, Step::Fetch, Duration::from_secs(9)).await.unwrap();

    let new = seed::new_deployment(seeded.stack, &"b".repeat(40));
    let second = one_more(&pool, &new).await.unwrap();
    assert_eq!((second.number, second.superseded), (2, vec![first]));
    let old = get(&pool, first).await.unwrap();
    assert_eq!(old.phase, Phase::Superseded);
    assert_eq!(old.reason.unwrap().text, "deployment 2 took over");
    assert!(old.finished_at.is_some());
    let steps = phases(&pool, first).await.unwrap();
    let states: Vec<_> = steps.iter().map(|step| (step.phase, step.state)).collect();
    assert_eq!(
        states,
        [(Phase::Received, PhaseState::Done), (Phase::Fetched, PhaseState::Stopped),]
    );

    let late = advance(&pool, fence, first, Step::Fetch, "").await;
    assert!(matches!(late, Err(Error::Conflict { .. })), "{late:?}");
    assert_eq!(next_open(&pool, seeded.stack).await.unwrap().unwrap().id, second.id);
    assert_eq!(newest(&pool, seeded.stack).await.unwrap().unwrap().number, 2);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_delivery_deploys_a_stack_once(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    sqlx::query("insert into delivery (delivery_id, event, body) values ('g', 'push', '')")
        .execute(&pool)
        .await
        .unwrap();
    let mut new = seed::new_deployment(seeded.stack, &"b".repeat(40));
    new.delivery = Some("g".to_owned());
    let first = one_more(&pool, &new).await.unwrap();
    let second = one_more(&pool, &new).await.unwrap();
    assert!(first.new && !second.new);
    assert_eq!((second.id, second.superseded), (first.id, Vec::new()));
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn many_at_once_get_a_number_each_and_one_is_left_open(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let pool = pool.clone();
        let new = seed::new_deployment(seeded.stack, &"b".repeat(40));
        racers.spawn(async move { one_more(&pool, &new).await.unwrap().number });
    }
    let mut numbers = racers.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3, 4, 5, 6, 7, 8, 9]);
    let open: i64 = sqlx::query_scalar("select count(*) from deployment where finished_at is null")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(open, 1);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn steps_lead_to_the_end_with_start_end_and_message(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let id = seed::deployment(&pool, fence).await.deployment;
    for step in Step::ALL {
        let begun = begin_step(&pool, fence, id, step, Duration::from_secs(60)).await.unwrap();
        assert!(begun.left > Duration::from_secs(55) && begun.left <= Duration::from_secs(60));
        let again = begin_step(&pool, fence, id, step, Duration::from_secs(999)).await.unwrap();
        assert_eq!((again.started_at, again.deadline_at), (begun.started_at, begun.deadline_at));
        note(&pool, fence, id, step, ("getting on", Duration::from_secs(30))).await.unwrap();
        let waited = begin_step(&pool, fence, id, step, Duration::from_secs(999)).await.unwrap();
        let later = begun.deadline_at + TimeDelta::seconds(30);
        assert_eq!((waited.started_at, waited.deadline_at), (begun.started_at, later));
        let to = advance(&pool, fence, id, step, "").await.unwrap();
        // The answer to the first may have got lost.
        assert_eq!(advance(&pool, fence, id, step, "again").await.unwrap(), to);
    }
    assert_eq!(get(&pool, id).await.unwrap().phase, Phase::Succeeded);
    let steps = phases(&pool, id).await.unwrap();
    assert_eq!(steps.len(), 8);
    assert!(steps.iter().all(|step| step.state == PhaseState::Done && step.ended_at.is_some()));
    assert_eq!(steps[1].message, "getting on");
    let deployment = get(&pool, id).await.unwrap();
    assert!(deployment.finished_at.is_some() && deployment.reason.is_none());
    let over = fail(&pool, fence, id, &reason("late")).await;
    assert!(matches!(over, Err(Error::Conflict { .. })), "{over:?}");
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_step_is_never_skipped_nor_taken_back(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let id = seed::deployment(&pool, fence).await.deployment;
    advance(&pool, fence, id, Step::Fetch, "").await.unwrap();
    advance(&pool, fence, id, Step::Build, "").await.unwrap();
    for step in Step::ALL {
        let before = get(&pool, id).await.unwrap().phase;
        let result = advance(&pool, fence, id, step, "").await;
        let after = get(&pool, id).await.unwrap().phase;
        match before.next(Event::Reached(step)) {
            Ok(legal) => assert_eq!((result.unwrap(), after), (legal, legal)),
            Err(_) => assert!(matches!(result, Err(Error::Conflict { .. })), "{step:?}"),
        }
        assert!(after >= before, "{before} went back to {after}");
    }
    assert_eq!(get(&pool, id).await.unwrap().phase, Phase::Succeeded);
    let skipped = begin_step(&pool, fence, id, Step::Fetch, Duration::from_secs(1)).await;
    assert!(matches!(skipped, Err(Error::Conflict { .. })), "{skipped:?}");
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_failure_names_its_step_and_its_reason(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    let id = seeded.deployment;
    advance(&pool, fence, id, Step::Fetch, "").await.unwrap();
    begin_step(&pool, fence, id, Step::Build, Duration::from_secs(60)).await.unwrap();
    fail(&pool, fence, id, &reason("line 3: no\0")).await.unwrap();

    let deployment = get(&pool, id).await.unwrap();
    assert_eq!(deployment.phase, Phase::Failed);
    let last = phases(&pool, id).await.unwrap().pop().unwrap();
    assert_eq!((last.phase, last.state), (Phase::Built, PhaseState::Failed));
    assert_eq!(last.message, "line 3: no\u{fffd}");
    assert_eq!(
        context(&mut pool.acquire().await.unwrap(), id).await.unwrap().stack.id,
        seeded.stack
    );
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn somebody_may_ask_for_a_stop_and_the_leader_grants_it(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    request_cancel(&pool, seeded.deployment).await.unwrap();
    let open = next_open(&pool, seeded.stack).await.unwrap().unwrap();
    assert!(open.cancel_requested_at.is_some());
    cancel(&pool, fence, seeded.deployment, "ann stopped it").await.unwrap();
    let stopped = get(&pool, seeded.deployment).await.unwrap();
    assert_eq!(
        (stopped.phase, stopped.reason.unwrap().text.as_str()),
        (Phase::Cancelled, "ann stopped it")
    );
    let over = request_cancel(&pool, seeded.deployment).await;
    assert!(matches!(over, Err(Error::Conflict { .. })), "{over:?}");
    let unknown = request_cancel(&pool, DeploymentId::fresh()).await;
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_stale_leader_changes_nothing(pool: PgPool) {
    let stale = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, stale).await;
    let id = seeded.deployment;
    seed::depose(&pool, stale).await;
    for refused in [
        advance(&pool, stale, id, Step::Fetch, "").await.map(|_| ()),
        begin_step(&pool, stale, id, Step::Fetch, Duration::from_secs(1)).await.map(|_| ()),
        note(&pool, stale, id, Step::Fetch, ("x", Duration::from_secs(9))).await,
        fail(&pool, stale, id, &reason("x")).await,
        cancel(&pool, stale, id, "x").await,
        Guarded::begin(&pool, stale, Write::Observe).await.map(|_| ()),
    ] {
        assert!(matches!(refused, Err(Error::Fenced)), "{refused:?}");
    }
    assert_eq!(get(&pool, id).await.unwrap().phase, Phase::Received);
    assert_eq!(phases(&pool, id).await.unwrap().len(), 1);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn nothing_is_deployed_to_a_stack_that_leaves(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    stacks::remove(&pool, "shop-pr-7").await.unwrap();
    let new = seed::new_deployment(seeded.stack, &"b".repeat(40));
    let refused = one_more(&pool, &new).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    stacks::mark_removed(&pool, fence, seeded.stack).await.unwrap();
    let refused = one_more(&pool, &new).await;
    assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn what_was_tried_and_what_is_followed_can_be_asked(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    let (repository, sha) = (seeded.repository, "a".repeat(40));
    assert!(was_tried(&pool, (repository, "pr-7"), &sha).await.unwrap());
    assert!(!was_tried(&pool, (repository, "pr-8"), &sha).await.unwrap());
    assert!(!was_tried(&pool, (repository, "pr-7"), &"b".repeat(40)).await.unwrap());
    assert_eq!(newest_succeeded(&pool, seeded.stack).await.unwrap(), None);
    let shown = of_pull_request(&pool, repository, 7).await.unwrap();
    assert_eq!(shown, [seeded.deployment]);
    assert!(followed_branches(&pool, repository).await.unwrap().is_empty());

    sqlx::raw_sql(
        "update environment set kind = 'permanent', pull_request = null;
         update deployment set trigger = 'push', git_ref = 'refs/heads/main', phase = 'succeeded'",
    )
    .execute(&pool)
    .await
    .unwrap();
    assert_eq!(followed_branches(&pool, repository).await.unwrap(), ["refs/heads/main"]);
    assert_eq!(newest_succeeded(&pool, seeded.stack).await.unwrap(), Some(1));
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_failure_goes_back_behind_what_it_took_over_from(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    let (spec, key) = (StackSpec::default(), SealKey::generate());
    let render = async |deployment| {
        let new = NewRelease { deployment, spec: &spec, images: &[] };
        releases::insert(&pool, fence, &key, new).await.unwrap()
    };
    let good = render(seeded.deployment).await;
    for step in Step::ALL {
        advance(&pool, fence, seeded.deployment, step, "").await.unwrap();
    }
    // The second gets as far as the cluster, the third not even to its source.
    let second = one_more(&pool, &seed::new_deployment(seeded.stack, &"b".repeat(40))).await;
    let bad = render(second.unwrap().id).await;
    let third = one_more(&pool, &seed::new_deployment(seeded.stack, &"c".repeat(40))).await;
    assert_eq!(stacks::get(&pool, seeded.stack).await.unwrap().release, Some(bad));

    fail(&pool, fence, third.unwrap().id, &reason("no such commit")).await.unwrap();
    assert_eq!(stacks::get(&pool, seeded.stack).await.unwrap().release, Some(good));
}
