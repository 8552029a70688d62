//! What GitHub said, and what came of it.

use berth_domain::fail_point::Write;
use berth_domain::ids::RuleId;
use berth_store::accounts::Role;
use berth_store::deliveries::{self, About, NewDelivery, Outcome, RuleDecision, Verdict};
use berth_store::leases::{Fence, Guarded};
use http::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::stacks::{lead, stack};
use crate::support::{Api, SHOP};

async fn arrive(api: &Api, id: &str) {
    let body = b"{\"planted\": \"body\"}".to_vec();
    let new = NewDelivery::now(id.to_owned(), "push".to_owned(), body);
    deliveries::insert(&api.pool, &[new]).await.unwrap();
}

/// A delivery about the shop that came to nothing, and waits no more.
pub(crate) async fn arrive_and_end(
    api: &Api,
    fence: Fence,
    id: &str,
    (event, body): (&str, &Value),
) {
    let new = NewDelivery::now(id.to_owned(), event.to_owned(), body.to_string().into_bytes());
    deliveries::insert(&api.pool, &[new]).await.unwrap();
    let verdict = Verdict {
        outcome: Outcome::Ignored,
        reason: "its rule does not match".to_owned(),
        about: About { repository: Some(SHOP), ..About::default() },
        decisions: Vec::new(),
    };
    let mut db = Guarded::begin(&api.pool, fence, Write::Observe).await.unwrap();
    deliveries::finish(&mut db, id, &verdict).await.unwrap();
    db.commit().await.unwrap();
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_delivery_says_what_every_rule_made_of_it(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, deployment) = stack(&api, fence, "shop", None).await;
    arrive(&api, "guid-1").await;
    let decision = |name: &str, reason: &str, deployment| RuleDecision {
        rule: RuleId::fresh(),
        rule_name: name.to_owned(),
        matched: deployment,
        reason: reason.to_owned(),
        deployment: None,
    };
    let mut matched = decision("production", "branch `main` matches `main`", true);
    matched.deployment = Some(deployment);
    let verdict = Verdict {
        outcome: Outcome::Deployed,
        reason: "1 of 2 rules matched".to_owned(),
        about: About {
            action: None,
            repository: Some(SHOP),
            git_ref: Some("refs/heads/main".to_owned()),
            sha: Some("a".repeat(40)),
            sender: Some("ann".to_owned()),
        },
        decisions: vec![matched, decision("tags", "it listens to tags", false)],
    };
    let mut db = Guarded::begin(&api.pool, fence, Write::Observe).await.unwrap();
    deliveries::finish(&mut db, "guid-1", &verdict).await.unwrap();
    db.commit().await.unwrap();

    let viewer = api.browser(Role::Viewer).await;
    let answer = api.get(&viewer, "/api/v1/deliveries/guid-1").await;
    insta::assert_snapshot!(answer.shown(), @r#"
    200 {
      "id": "guid-1",
      "event": "push",
      "action": null,
      "repository": "acme/shop",
      "git_ref": "refs/heads/main",
      "sha": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "sender": "ann",
      "received_at": "[time]",
      "processed_at": "[time]",
      "outcome": "deployed",
      "reason": "1 of 2 rules matched",
      "decisions": [
        {
          "rule_name": "production",
          "matched": true,
          "reason": "branch `main` matches `main`",
          "deployment": {
            "stack": "shop",
            "number": 1
          }
        },
        {
          "rule_name": "tags",
          "matched": false,
          "reason": "it listens to tags",
          "deployment": null
        }
      ]
    }
    "#);
    let list = api.get(&viewer, "/api/v1/deliveries").await.json();
    assert_eq!(list["items"], json!([answer.json()]));
    let none = api.get(&viewer, "/api/v1/deliveries/guid-2").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);

    let operator = api.browser(Role::Operator).await;
    let replayed = api.post(&operator, "/api/v1/deliveries/guid-1/replay", json!({})).await;
    assert_eq!(replayed.status, StatusCode::ACCEPTED);
    assert_eq!(
        (&replayed.json()["outcome"], &replayed.json()["processed_at"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(deliveries::waiting(&api.pool, 10).await.unwrap().len(), 1);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn deliveries_come_newest_first_page_by_page(pool: PgPool) {
    let api = Api::new(pool);
    for id in ["a", "b", "c"] {
        arrive(&api, id).await;
    }
    let viewer = api.browser(Role::Viewer).await;
    let first = api.get(&viewer, "/api/v1/deliveries?limit=2").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = api.get(&viewer, &format!("/api/v1/deliveries?limit=2&cursor={cursor}")).await;
    let second = second.json();
    let ids: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["c", "b", "a"]);
    assert_eq!(second["next_cursor"], Value::Null);
    assert!(!first.to_string().contains("planted"), "bodies are not shown");
}
