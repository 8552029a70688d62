//! What a list of stacks is narrowed to, and its order.

use super::*;
use crate::control::{fail, succeed};

async fn shown(api: &Api, who: &As, query: &str) -> String {
    let answer = api.get(who, &format!("/api/v1/stacks?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.shown());
    names(&answer.json()).join(" ")
}

/// A stack, and what a pass saw of it: in each of the words that stand for one.
async fn world(api: &Api, fence: Fence) {
    let reports = [
        ("a-well", Some(json!({"health": "healthy", "synced": true}))),
        ("b-starts", Some(json!({"health": "progressing", "synced": true}))),
        ("c-sick", Some(json!({"health": "degraded", "synced": false}))),
        ("d-of-another-version", Some(json!({"health": "splendid", "synced": "yes"}))),
        ("e-unseen", None),
    ];
    for (number, (name, report)) in (1..).zip(reports) {
        let (id, deployment) = stack(api, fence, name, Some(number)).await;
        let Some(report) = report else {
            // As one that ended before anybody kept releases.
            for step in Step::ALL {
                deployments::advance(&api.pool, fence, deployment, step, "").await.unwrap();
            }
            continue;
        };
        stacks::observe(&api.pool, fence, id, &report, &[]).await.unwrap();
        succeed(api, fence, deployment).await;
    }
    let (_, broken) = stack(api, fence, "f-never-ran", Some(6)).await;
    fail(api, fence, broken).await;
    let (id, _) = stack(api, fence, "g-on-its-way", None).await;
    let report = json!({"health": "healthy", "synced": false});
    stacks::observe(&api.pool, fence, id, &report, &[]).await.unwrap();
    stack(api, fence, "h-leaves", Some(8)).await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_state_finds_the_stacks_that_the_one_word_stands_for(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    world(&api, fence).await;
    let operator = api.browser(Role::Operator).await;
    api.delete(&operator, "/api/v1/stacks/h-leaves").await;
    for (state, expected) in [
        ("healthy", "a-well"),
        ("progressing", "b-starts"),
        ("degraded", "c-sick"),
        ("unknown", "d-of-another-version e-unseen"),
        ("failed", "f-never-ran"),
        ("deploying", "g-on-its-way"),
        ("removing", "h-leaves"),
    ] {
        assert_eq!(shown(&api, &operator, &format!("state={state}")).await, expected, "{state}");
    }
    let unheard = api.get(&operator, "/api/v1/stacks?state=splendid").await;
    assert_eq!(unheard.status, StatusCode::BAD_REQUEST);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_runs_nothing_is_neither_in_sync_nor_out_of_it(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    world(&api, fence).await;
    let viewer = api.browser(Role::Viewer).await;
    assert_eq!(shown(&api, &viewer, "synced=true").await, "a-well b-starts");
    assert_eq!(shown(&api, &viewer, "synced=false").await, "c-sick d-of-another-version");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn an_environment_is_found_by_its_name_and_told_where_it_stays(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    stack(&api, fence, "shop", None).await;
    stack(&api, fence, "shop-pr-7", Some(7)).await;
    let viewer = api.browser(Role::Viewer).await;
    assert_eq!(shown(&api, &viewer, "environment=production").await, "shop");
    assert_eq!(shown(&api, &viewer, "environment=pr-7&kind=preview").await, "shop-pr-7");
    assert_eq!(shown(&api, &viewer, "environment=prod").await, "");
    let choices = api.get(&viewer, "/api/v1/stack-choices").await.json();
    let shop = json!({"id": SHOP.0, "full_name": "acme/shop"});
    assert_eq!(choices, json!({"environments": ["production"], "repositories": [shop]}));

    sqlx::query("update stack set removed_at = now()").execute(&api.pool).await.unwrap();
    let choices = api.get(&viewer, "/api/v1/stack-choices").await.json();
    assert_eq!(choices, json!({"environments": [], "repositories": []}));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_changed_last_comes_first_page_by_page(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    for (number, name) in (1..).zip(["a", "b", "c", "d", "e"]) {
        stack(&api, fence, name, Some(number)).await;
    }
    // Of one moment are three, among which a page ends.
    let mut db = berth_store::begin(&api.pool).await.unwrap();
    sqlx::raw_sql(
        "set local session_replication_role = replica;
         update deployment set updated_at = '2026-01-01';
         update stack set updated_at = '2026-01-01 10:00Z';
         update stack set updated_at = '2026-01-01 12:00Z' where name = 'e';
         update stack set updated_at = '2026-01-01 09:00Z' where name = 'a'",
    )
    .execute(&mut *db)
    .await
    .unwrap();
    db.commit().await.unwrap();
    let viewer = api.browser(Role::Viewer).await;
    let mut query = "sort=updated&limit=2".to_owned();
    let mut paged = Vec::new();
    loop {
        let page = api.get(&viewer, &format!("/api/v1/stacks?{query}")).await.json();
        paged.push(names(&page).join(" "));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("sort=updated&limit=2&cursor={cursor}");
    }
    assert_eq!(paged, ["e b", "c d", "a"]);
    assert_eq!(shown(&api, &viewer, "sort=name").await, "a b c d e");
}
