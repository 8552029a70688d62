//! Everything that happened, in one list: deliveries, deployments, and what people
//! and Berth itself did.

use std::collections::BTreeMap;

use berth_domain::ids::UserId;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::deliveries::{self, DeliveryView};
use crate::{Error, Pool, Result, storable};

/// What a list of events can be narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// What GitHub told.
    Delivery,
    /// What was deployed.
    Deployment,
    /// What people did.
    Person,
    /// What Berth did by itself.
    Berth,
}

impl EventKind {
    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Deployment => "deployment",
            Self::Person => "person",
            Self::Berth => "berth",
        }
    }
}

/// Which events to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of this kind.
    pub kind: Option<EventKind>,
    /// Only those about the stack of this name.
    pub stack: Option<String>,
    /// Only those of whoever is called so, in whatever case.
    pub actor: Option<String>,
    /// Only those that have this somewhere in their words, in whatever case.
    pub text: Option<String>,
    /// Only those from then on.
    pub since: Option<DateTime<Utc>>,
}

/// The place of an event in the order.
pub type Place = (DateTime<Utc>, String);

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When, and what tells it from others of that moment.
    pub place: Place,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// GitHub told something.
    Delivery(Box<DeliveryView>),
    /// Something was deployed.
    Deployment(Box<DeploymentEvent>),
    /// Somebody, or Berth itself, did something.
    Act(Act),
}

/// A deployment, as far as a line says it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentEvent {
    /// Its id.
    pub id: Uuid,
    /// Its stack's name.
    pub stack: String,
    /// Its number within the stack.
    pub number: i64,
    /// How far it has come.
    pub phase: String,
    /// Why it began.
    pub why: String,
    /// What it deploys.
    pub commit_sha: String,
    /// The commit's message.
    pub commit_message: String,
    /// Why it ended as it did.
    pub reason: Option<Value>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// An act that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Whose account it was, if it was a person.
    pub user: Option<UserId>,
    /// What they were called then.
    pub actor: String,
    /// What was done: the word of a [`Kind`](crate::acts::Kind), perhaps of a newer
    /// Berth's.
    pub kind: String,
    /// To what: its name then.
    pub subject: String,
    /// The stack that it is about.
    pub stack: Option<String>,
    /// The number of that stack's deployment.
    pub number: Option<i64>,
    /// What more there is to say.
    pub detail: String,
}

/// The events before `before`, newest first, one more than `limit`.
///
/// # Errors
///
/// What the database says.
pub async fn list(
    pool: &Pool,
    filter: &Filter,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<Event>> {
    let mut db = pool.acquire().await.map_err(Error::while_("list events"))?;
    let places = places(&mut db, filter, before, limit).await?;
    let of = |kinds: &[&str]| -> Vec<String> {
        let own = places.iter().filter(|it| kinds.contains(&it.kind.as_str()));
        own.map(|it| it.id.clone()).collect()
    };
    let mut found = BTreeMap::new();
    let deliveries = deliveries::all(&mut *db, &of(&["delivery"])).await?;
    found.extend(deliveries.into_iter().map(|it| (it.id.clone(), What::Delivery(Box::new(it)))));
    found.extend(deployments(&mut db, &of(&["deployment"])).await?);
    found.extend(acts(&mut db, &of(&["person", "berth"])).await?);
    // What was forgotten meanwhile is left out.
    let shown = places.into_iter().filter_map(|it| {
        let what = found.remove(&it.id)?;
        Some(Event { place: (it.at, it.key), what })
    });
    Ok(shown.collect())
}

/// Where an event stands, and where it is read.
struct Found {
    kind: String,
    at: DateTime<Utc>,
    key: String,
    id: String,
}

/// Each part of the union is cut by itself, so that each is read along its index.
async fn places(
    db: &mut PgConnection,
    filter: &Filter,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<Found>> {
    let (at, key) = before.unzip();
    // The words that the rows are compared with in lower case.
    let lower = |text: &Option<String>| text.as_deref().map(|it| storable(it).to_lowercase());
    sqlx::query_as!(
        Found,
        r#"
        with told as (
            select 'delivery' as kind, d.received_at as at, d.delivery_id as key,
                   d.delivery_id as id
            from delivery d left join repository r using (repository_id)
            where ($3::text is null or $3::text = 'delivery')
              and ($1::timestamptz is null or (d.received_at, d.delivery_id) < ($1::timestamptz, $2::text))
              and ($8::timestamptz is null or d.received_at >= $8)
              and ($5::text is null or lower(d.sender) = $5::text)
              and ($4::text is null or exists (
                  select from delivery_decision v join deployment using (deployment_id)
                                                  join stack s using (stack_id)
                  where v.delivery_id = d.delivery_id and s.name = $4::text))
              and ($6::text is null or position($6::text in lower(concat_ws(' ',
                  d.event, d.action, r.owner || '/' || r.name, d.git_ref, d.sha, d.sender,
                  d.outcome, d.reason, (
                      select string_agg(v.rule_name || ' ' || v.reason, ' ')
                      from delivery_decision v where v.delivery_id = d.delivery_id)))) > 0)
            order by d.received_at desc, d.delivery_id desc
            limit $7::bigint + 1
        ), deployed as (
            select 'deployment' as kind, d.created_at as at, d.deployment_id::text as key,
                   d.deployment_id::text as id
            from deployment d join stack s using (stack_id)
                 left join delivery v on v.delivery_id = d.delivery_id
                 left join account a on a.user_id = d.requested_by
            where ($3::text is null or $3::text = 'deployment')
              and ($1::timestamptz is null or (d.created_at, d.deployment_id::text) < ($1::timestamptz, $2::text))
              and ($8::timestamptz is null or d.created_at >= $8)
              and ($5::text is null or lower(coalesce(a.name, v.sender)) = $5::text)
              and ($4::text is null or s.name = $4::text)
              and ($6::text is null or position($6::text in lower(concat_ws(' ',
                  s.name, '#' || d.number, d.phase, d.why, d.commit_sha, d.commit_message,
                  d.commit_author, d.git_ref, d.reason->>'text'))) > 0)
            order by d.created_at desc, d.deployment_id::text desc
            limit $7::bigint + 1
        ), done as (
            select case when a.user_id is null then 'berth' else 'person' end as kind,
                   a.happened_at as at, lpad(a.act_id::text, 20, '0') as key,
                   a.act_id::text as id
            from act a
            where ($3::text is null
                   or $3::text = case when a.user_id is null then 'berth' else 'person' end)
              and ($1::timestamptz is null or (a.happened_at, lpad(a.act_id::text, 20, '0')) < ($1::timestamptz, $2::text))
              and ($8::timestamptz is null or a.happened_at >= $8)
              and ($5::text is null or lower(a.actor) = $5::text)
              and ($4::text is null or a.stack = $4::text)
              and ($6::text is null or position($6::text in lower(concat_ws(' ',
                  a.actor, replace(a.kind, '_', ' '), a.subject, '#' || a.number,
                  a.detail))) > 0)
            order by a.happened_at desc, lpad(a.act_id::text, 20, '0') desc
            limit $7::bigint + 1
        )
        select kind as "kind!", at as "at!", key as "key!", id as "id!"
        from (table told union all table deployed union all table done) happened
        order by at desc, key desc
        limit $7::bigint + 1
        "#,
        at,
        key,
        filter.kind.map(EventKind::as_str),
        filter.stack.as_deref().map(storable),
        lower(&filter.actor),
        lower(&filter.text),
        limit,
        filter.since,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list events"))
}

async fn deployments(db: &mut PgConnection, ids: &[String]) -> Result<Vec<(String, What)>> {
    let rows = sqlx::query_as!(
        DeploymentEvent,
        "select d.deployment_id as id, s.name as stack, d.number, d.phase, d.why, d.commit_sha,
                d.commit_message, d.reason, d.finished_at
         from deployment d join stack s using (stack_id)
         where d.deployment_id = any($1::text[]::uuid[])",
        ids,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read what was deployed"))?;
    Ok(rows.into_iter().map(|it| (it.id.to_string(), What::Deployment(Box::new(it)))).collect())
}

async fn acts(db: &mut PgConnection, ids: &[String]) -> Result<Vec<(String, What)>> {
    let rows = sqlx::query!(
        "select act_id, user_id, actor, kind, subject, stack, number, detail
         from act where act_id = any($1::text[]::bigint[])",
        ids,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read acts"))?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let it = Act {
                user: row.user_id.map(UserId),
                actor: row.actor,
                kind: row.kind,
                subject: row.subject,
                stack: row.stack,
                number: row.number,
                detail: row.detail,
            };
            (row.act_id.to_string(), What::Act(it))
        })
        .collect())
}

/// What was done to a stack's deployment of this number while it went on, oldest
/// first. Of another stack that had its name is another time.
///
/// # Errors
///
/// What the database says.
pub async fn of_deployment(
    db: impl PgExecutor<'_>,
    stack_id: Uuid,
    number: i64,
) -> Result<Vec<(DateTime<Utc>, Act)>> {
    let rows = sqlx::query!(
        "select a.happened_at, a.user_id, a.actor, a.kind, a.subject, a.stack, a.number, a.detail
         from deployment d
         join stack s using (stack_id)
         join act a on a.stack = s.name and a.number = d.number
                   and a.happened_at >= d.created_at
                   and (d.finished_at is null or a.happened_at <= d.finished_at)
         where d.stack_id = $1 and d.number = $2
         order by a.act_id",
        stack_id,
        number,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read what was done to a deployment"))?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let it = Act {
                user: row.user_id.map(UserId),
                actor: row.actor,
                kind: row.kind,
                subject: row.subject,
                stack: row.stack,
                number: row.number,
                detail: row.detail,
            };
            (row.happened_at, it)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::accounts::tests::ada;
    use crate::acts::{Actor, Kind, NewAct, record};
    use crate::seed;

    /// An event in a word or two.
    fn short(event: &Event) -> String {
        match &event.what {
            What::Delivery(it) => format!("delivery {}", it.id),
            What::Deployment(it) => format!("deployment {} #{} {}", it.stack, it.number, it.phase),
            What::Act(it) => format!("{} {} {}", it.actor, it.kind, it.subject),
        }
    }

    async fn shown(pool: &PgPool, filter: Filter) -> Vec<String> {
        list(pool, &filter, None, 50).await.unwrap().iter().map(short).collect()
    }

    /// A delivery that was deployed, one that was not, and acts, a minute apart.
    async fn world(pool: &PgPool) {
        let fence = seed::lead(pool).await;
        seed::deployment(pool, fence).await;
        let ada = ada(pool).await;
        for act in [
            NewAct::on_stack(Actor::Person(&ada), Kind::RolledBack, "shop-pr-7").numbered(1),
            NewAct::new(Actor::Person(&ada), Kind::TokenMade, "ci"),
            NewAct::on_stack(Actor::Reconciler, Kind::Healed, "docs").saying("a\0b 100%"),
        ] {
            record(pool, act).await.unwrap();
        }
        sqlx::raw_sql(
            "delete from act where kind = 'led';
             insert into delivery (delivery_id, event, body, sender, reason, processed_at, outcome)
             values ('d1', 'push', '', 'octo', 'rule `main` deploys', now(), 'deployed'),
                    ('d2', 'ping', '', 'octo', 'GitHub reaches this address', now(), 'recorded');
             update deployment set delivery_id = 'd1';
             insert into delivery_decision (delivery_id, position, rule_name, matched, reason, deployment_id)
             select 'd1', 0, 'main', true, 'the branch matches', deployment_id from deployment;
             update delivery set received_at = '2026-01-01 10:00Z' where delivery_id = 'd1';
             update deployment set created_at = '2026-01-01 10:01Z';
             update delivery set received_at = '2026-01-01 10:02Z' where delivery_id = 'd2';
             update act set happened_at = '2026-01-01 10:03Z'",
        )
        .execute(pool)
        .await
        .unwrap();
    }

    const ALL: [&str; 6] = [
        "Berth healed docs",
        "Ada token_made ci",
        "Ada rolled_back shop-pr-7",
        "delivery d2",
        "deployment shop-pr-7 #1 received",
        "delivery d1",
    ];

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_happened_stands_in_one_list_newest_first_page_by_page(pool: PgPool) {
        world(&pool).await;
        assert_eq!(shown(&pool, Filter::default()).await, ALL);
        // Of one moment are three: the page ends among them all the same.
        let mut before = None;
        let mut paged = Vec::new();
        loop {
            let mut page = list(&pool, &Filter::default(), before, 2).await.unwrap();
            let more = page.len() > 2;
            page.truncate(2);
            paged.extend(page.iter().map(short));
            before = page.pop().map(|event| event.place);
            if !more {
                break;
            }
        }
        assert_eq!(paged, ALL);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn events_are_found_by_kind_stack_actor_words_and_time(pool: PgPool) {
        world(&pool).await;
        let kind = |kind| Filter { kind: Some(kind), ..Filter::default() };
        assert_eq!(shown(&pool, kind(EventKind::Person)).await, ALL[1..3]);
        assert_eq!(shown(&pool, kind(EventKind::Berth)).await, ALL[..1]);
        assert_eq!(shown(&pool, kind(EventKind::Delivery)).await, ["delivery d2", "delivery d1"]);
        assert_eq!(shown(&pool, kind(EventKind::Deployment)).await, ALL[4..5]);
        let stack = Filter { stack: Some("shop-pr-7".to_owned()), ..Filter::default() };
        assert_eq!(shown(&pool, stack).await, [ALL[2], ALL[4], ALL[5]]);
        let actor = |name: &str| Filter { actor: Some(name.to_owned()), ..Filter::default() };
        assert_eq!(shown(&pool, actor("ADA")).await, ALL[1..3]);
        assert_eq!(shown(&pool, actor("octo")).await, ALL[3..]);
        let text = |text: &str| Filter { text: Some(text.to_owned()), ..Filter::default() };
        assert_eq!(shown(&pool, text("Rolled back")).await, [ALL[2]]);
        assert_eq!(shown(&pool, text("branch MATCHES")).await, [ALL[5]]);
        assert_eq!(shown(&pool, text("100%")).await, [ALL[0]], "no pattern is read into it");
        assert_eq!(shown(&pool, text("_00")).await, Vec::<String>::new());
        assert_eq!(shown(&pool, text("#1")).await, [ALL[2], ALL[4]]);
        let since = |at: &str| Filter { since: Some(at.parse().unwrap()), ..Filter::default() };
        assert_eq!(shown(&pool, since("2026-01-01T10:02:00Z")).await, ALL[..4]);
        assert_eq!(shown(&pool, since("2026-01-01T10:01:00Z")).await, ALL[..5]);
        assert_eq!(shown(&pool, since("2026-01-01T10:03:01Z")).await, Vec::<String>::new());
        let both = Filter { actor: Some("Ada".to_owned()), ..text("ci") };
        assert_eq!(shown(&pool, both).await, [ALL[1]]);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_was_done_to_a_deployment_is_told_of_it_alone(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let ada = ada(&pool).await;
        let here = NewAct::on_stack(Actor::Person(&ada), Kind::Approved, "shop-pr-7").numbered(1);
        for act in [
            here,
            here.saying("of a stack that had the name before"),
            NewAct::on_stack(Actor::Person(&ada), Kind::Cancelled, "shop-pr-7").numbered(2),
            NewAct::on_stack(Actor::Person(&ada), Kind::Cancelled, "docs").numbered(1),
            NewAct::on_stack(Actor::Reconciler, Kind::Healed, "shop-pr-7"),
        ] {
            record(&pool, act).await.unwrap();
        }
        sqlx::query("update act set happened_at = now() - interval '1 day' where detail <> ''")
            .execute(&pool)
            .await
            .unwrap();
        let told = async || {
            let told = of_deployment(&pool, seeded.stack.0, 1).await.unwrap();
            told.into_iter()
                .map(|(_, act)| format!("{} {}", act.actor, act.kind))
                .collect::<Vec<_>>()
        };
        assert_eq!(told().await, ["Ada approved"]);

        // A stack that has the name afterwards has deployments of the same numbers.
        sqlx::query("update deployment set finished_at = created_at").execute(&pool).await.unwrap();
        assert_eq!(told().await, Vec::<String>::new());
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_deployment_that_waits_for_somebody_is_told_once(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let id = seed::deployment(&pool, fence).await.deployment;
        let held = Filter { text: Some("held".to_owned()), ..Filter::default() };
        for why in ["it is frozen", "it is frozen", "it is protected"] {
            crate::stacks::wait(&pool, fence, id, why, Some(Kind::Held)).await.unwrap();
        }
        crate::stacks::wait(&pool, fence, id, "Ada paused it", None).await.unwrap();
        let told = list(&pool, &held, None, 50).await.unwrap();
        let said: Vec<_> = told
            .iter()
            .filter_map(|event| match &event.what {
                What::Act(act) => Some((act.detail.as_str(), act.number)),
                What::Delivery(_) | What::Deployment(_) => None,
            })
            .collect();
        assert_eq!(said, [("it is protected", Some(1)), ("it is frozen", Some(1))]);
    }
}
