//! Leadership: takes the lease, extends it, and says who may write.
//!
//! The lease lives by Postgres's clock; giving up in time lives by ours, counted
//! from before the last extension was asked for.
//!
//! A leader that Docker does not answer can do little, and another replica may be
//! better off: it gives the lease up, and takes it back once nobody has wanted it
//! for a few looks. While that goes on it does so again each time a lease has
//! passed, since another may have Docker back by then.

use std::time::Duration;

use berth_domain::chain;
use berth_store::leases::{self, Fence};
use berth_store::{Error, Pool};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::leading::Lead;
use crate::settings::Lease;
use crate::status::{Board, Link};

/// How long to wait before asking a database again that did not answer.
const RETRY: Duration = Duration::from_secs(1);

/// How many looks of a follower's the lease is left to others for.
const LOOKS: u32 = 3;

/// What leading takes.
#[derive(Debug)]
pub struct Leader {
    /// The database with the lease.
    pub pool: Pool,
    /// This process.
    pub holder: Uuid,
    /// The lease's times.
    pub times: Lease,
    /// Where it is said who may write.
    pub lead: Lead,
    /// Where it is said whether this process leads, and Postgres answers.
    pub board: Board,
}

/// Leads whenever it can until `stop`, and says so. At the end
/// it gives the lease up, so that another can lead at once.
pub async fn lead(leader: Leader, stop: CancellationToken) {
    let Leader { pool, holder: _, times, lead, board } = &leader;
    let times = *times;
    let mut held: Option<(Fence, Instant)> = None;
    // Since when nobody has wanted the lease that we leave to others.
    let mut unwanted: Option<Instant> = None;
    // When we last left it to others, as long as Docker has not answered since.
    let mut offered: Option<Instant> = None;
    loop {
        let gone = board.get().docker.is_gone();
        offered = offered.filter(|_| gone);
        if gone
            && offered.is_none_or(|since| since.elapsed() >= times.ttl)
            && let Some((mine, _)) = held.take()
        {
            tracing::warn!("gives the lease up: Docker does not answer here, and may elsewhere");
            offered = Some(Instant::now());
            publish(lead, board, None);
            give_up(pool, mine, times).await;
        }
        let asked = Instant::now();
        let leave = gone && unwanted.is_none_or(|since| since.elapsed() < times.watch * LOOKS);
        let left =
            held.map_or(times.ttl, |(_, since)| times.give_up.saturating_sub(since.elapsed()));
        let answer = tokio::select! {
            () = stop.cancelled() => break,
            answer = timeout(left, ask(&leader, held.map(|(fence, _)| fence), leave)) => answer,
        };
        match answer {
            Ok(Ok(answer)) => {
                board.postgres(Link::up());
                (held, unwanted) = match answer {
                    Answer::Ours(fence) => (Some((fence, asked)), None),
                    Answer::Others => (None, None),
                    Answer::Left => (None, unwanted.or(Some(asked))),
                };
            }
            Ok(Err(Error::Fenced)) => held = None,
            Ok(Err(error)) => board.postgres(Link::down(chain(&error))),
            Err(_) => board.postgres(Link::down("it does not answer".to_owned())),
        }
        // Another may lead as soon as the lease has run out: stop well before.
        if held.is_some_and(|(_, since)| since.elapsed() >= times.give_up) {
            tracing::warn!("gave up leading: the lease could not be extended in time");
            held = None;
        }
        publish(lead, board, held.map(|(fence, since)| (fence, since + times.give_up)));

        let wait = match held {
            Some((_, since)) if since == asked => times.renew,
            // It could not be extended: try again, but no longer than we may.
            Some((_, since)) => RETRY.min(times.give_up.saturating_sub(since.elapsed())),
            None => times.watch,
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = sleep(wait) => {}
        }
    }
    publish(lead, board, None);
    if let Some((mine, _)) = held {
        give_up(pool, mine, times).await;
    }
}

async fn give_up(pool: &Pool, mine: Fence, times: Lease) {
    let released = timeout(times.renew, leases::release(pool, mine)).await;
    if !matches!(released, Ok(Ok(()))) {
        tracing::warn!("could not give the lease up: the next leader waits until it runs out");
    }
}

/// Whose the lease is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Ours(Fence),
    Others,
    /// Nobody's: it was left to others.
    Left,
}

/// Extends the lease that is held, or takes it where it is free and not to be
/// left to others.
async fn ask(leader: &Leader, held: Option<Fence>, leave: bool) -> Result<Answer, Error> {
    let Leader { pool, holder, times, lead: _, board: _ } = leader;
    if let Some(fence) = held {
        return leases::renew(pool, fence, times.ttl).await.map(|()| Answer::Ours(fence));
    }
    // Reading takes no lock, and a follower does it every second.
    match leases::current(pool).await? {
        Some(lease) if lease.live && lease.holder != *holder => Ok(Answer::Others),
        Some(_) | None if leave => Ok(Answer::Left),
        Some(_) | None => {
            let taken = leases::acquire(pool, *holder, times.ttl).await?;
            Ok(taken.map_or(Answer::Others, Answer::Ours))
        }
    }
}

/// Says that we lead until then, or that we do not.
fn publish(lead: &Lead, board: &Board, held: Option<(Fence, Instant)>) {
    let changed = lead.say(held);
    board.update(|status| status.leading = held.is_some());
    if changed {
        match held {
            Some((fence, _)) => tracing::info!(epoch = fence.epoch, "leads from now on"),
            None => tracing::info!("does not lead any more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use berth_domain::fail_point::Write;
    use berth_store::leases::Guarded;
    use sqlx::PgPool;
    use tokio::sync::watch;

    use super::*;
    use crate::leading::leading;

    const QUICK: Lease = Lease {
        ttl: Duration::from_secs(2),
        renew: Duration::from_millis(100),
        give_up: Duration::from_millis(600),
        watch: Duration::from_millis(20),
    };

    struct Candidate {
        fence: watch::Receiver<Option<Fence>>,
        board: Board,
        stop: CancellationToken,
        task: tokio::task::JoinHandle<()>,
    }

    fn candidate(pool: &PgPool, holder: u128) -> Candidate {
        let (lead, leading) = leading();
        let (board, stop) = (Board::new(), CancellationToken::new());
        let (pool, its_board, its_stop) = (pool.clone(), board.clone(), stop.clone());
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move {
            let holder = Uuid::from_u128(holder);
            let leader = Leader { pool, holder, times: QUICK, lead, board: its_board };
            super::lead(leader, its_stop).await;
        });
        #[expect(clippy::disallowed_methods, reason = "the handle is awaited by each test")]
        let task = tokio::task::spawn(async move { while tasks.join_next().await.is_some() {} });
        Candidate { fence: leading.watch(), board, stop, task }
    }

    async fn leads(candidate: &mut Candidate) -> Fence {
        let led = candidate.fence.wait_for(Option::is_some);
        timeout(Duration::from_secs(20), led).await.unwrap().unwrap().unwrap()
    }

    #[sqlx::test(migrator = "berth_store::MIGRATOR")]
    async fn the_next_leads_as_soon_as_the_first_gives_up(pool: PgPool) {
        let mut first = candidate(&pool, 1);
        let before = leads(&mut first).await;
        let mut second = candidate(&pool, 2);

        let asked = Instant::now();
        first.stop.cancel();
        first.task.await.unwrap();
        let after = leads(&mut second).await;

        assert!(after > before, "a change of holder is a new epoch");
        assert!(asked.elapsed() < QUICK.ttl, "it waited for the lease to run out");
        assert_eq!(*first.fence.borrow(), None);
        second.stop.cancel();
        second.task.await.unwrap();
    }

    #[sqlx::test(migrator = "berth_store::MIGRATOR")]
    async fn only_one_leads_while_the_lease_is_extended(pool: PgPool) {
        let mut first = candidate(&pool, 1);
        let before = leads(&mut first).await;
        let second = candidate(&pool, 2);

        // Longer than the lease lasts, so only being extended keeps it.
        sleep(QUICK.ttl + QUICK.renew).await;

        assert_eq!(*first.fence.borrow(), Some(before));
        assert_eq!(*second.fence.borrow(), None);
        for it in [first, second] {
            it.stop.cancel();
            it.task.await.unwrap();
        }
    }

    #[sqlx::test(migrator = "berth_store::MIGRATOR")]
    async fn a_leader_that_docker_does_not_answer_leaves_the_lease_to_another(pool: PgPool) {
        let mut first = candidate(&pool, 1);
        let before = leads(&mut first).await;
        let mut second = candidate(&pool, 2);

        first.board.docker(Link::down("it is gone".to_owned()));
        let after = leads(&mut second).await;

        assert!(after > before, "a change of holder is a new epoch");
        assert_eq!(*first.fence.borrow(), None);
        // It does not want the lease back, now that another has it.
        first.board.docker(Link::up());
        sleep(QUICK.renew * 3).await;
        assert_eq!(*second.fence.borrow(), Some(after));
        for it in [first, second] {
            it.stop.cancel();
            it.task.await.unwrap();
        }
    }

    #[sqlx::test(migrator = "berth_store::MIGRATOR")]
    async fn who_is_alone_leads_again_though_docker_does_not_answer(pool: PgPool) {
        let mut only = candidate(&pool, 1);
        let before = leads(&mut only).await;

        only.board.docker(Link::down("it is gone".to_owned()));
        let left = only.fence.wait_for(Option::is_none);
        timeout(Duration::from_secs(20), left).await.unwrap().unwrap();
        assert_eq!(leads(&mut only).await, before);

        // It is not left again at once: nobody wanted it.
        sleep(QUICK.renew * 3).await;
        assert_eq!(*only.fence.borrow(), Some(before));
        only.stop.cancel();
        only.task.await.unwrap();
    }

    #[sqlx::test(migrator = "berth_store::MIGRATOR")]
    async fn it_stops_leading_before_the_lease_runs_out_where_postgres_hangs(pool: PgPool) {
        let mut first = candidate(&pool, 1);
        leads(&mut first).await;

        // Nobody can write the row, which is what a hanging database looks like.
        let mut hanging = berth_store::begin(&pool).await.unwrap();
        sqlx::query("select * from leader_lease for update")
            .fetch_all(&mut *hanging)
            .await
            .unwrap();
        let asked = Instant::now();
        let lost = first.fence.wait_for(Option::is_none);
        timeout(Duration::from_secs(20), lost).await.unwrap().unwrap();
        assert!(asked.elapsed() < QUICK.ttl, "another may have led by then");
        assert!(!first.board.get().postgres.ok);

        hanging.rollback().await.unwrap();
        leads(&mut first).await;
        assert!(first.board.get().postgres.ok);
        first.stop.cancel();
        first.task.await.unwrap();
    }

    #[sqlx::test(migrator = "berth_store::MIGRATOR")]
    async fn a_leader_that_was_replaced_learns_of_it(pool: PgPool) {
        let mut first = candidate(&pool, 1);
        let stale = leads(&mut first).await;
        let other = Uuid::from_u128(2);
        let mut db = berth_store::begin(&pool).await.unwrap();
        leases::release(&mut *db, stale).await.unwrap();
        leases::acquire(&mut *db, other, Duration::from_secs(60)).await.unwrap().unwrap();
        db.commit().await.unwrap();

        let lost = first.fence.wait_for(Option::is_none);
        timeout(Duration::from_secs(20), lost).await.unwrap().unwrap();
        assert!(matches!(Guarded::begin(&pool, stale, Write::Observe).await, Err(Error::Fenced)));
        first.stop.cancel();
        first.task.await.unwrap();
    }
}
