//! Which stacks need a person.

use super::*;

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_stack_that_fails_is_found_behind_any_number_that_do_not(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let mut last = None;
    for number in 1..=60 {
        last = Some(stack(&api, fence, &format!("shop-pr-{number:02}"), Some(number)).await.1);
    }
    let reason = Reason {
        code: "build_failed".to_owned(),
        text: "`web` does not build".to_owned(),
        place: None,
    };
    deployments::fail(&api.pool, fence, last.unwrap(), &reason).await.unwrap();
    let viewer = api.browser(Role::Viewer).await;

    let first = api.get(&viewer, "/api/v1/stacks").await.json();
    assert_eq!(names(&first).last(), Some(&"shop-pr-50"), "it is on no first page");
    let troubled = api.get(&viewer, "/api/v1/stacks?attention=true").await.json();
    assert_eq!(names(&troubled), ["shop-pr-60"]);
    assert_eq!(troubled["next_cursor"], Value::Null);
    let all = api.get(&viewer, "/api/v1/stacks?attention=false&limit=100").await.json();
    assert_eq!(names(&all).len(), 60);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_stacks_that_need_attention_are_those_that_say_so(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let well = json!({"health": "healthy", "message": "", "services": []});
    let with = |part: Value| {
        let mut report = well.clone();
        report.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        report
    };
    let service = |health: &str, reason: &str| {
        json!({"services": [
            {"name": "web", "health": "healthy", "reason": ""},
            {"name": "api", "health": health, "reason": reason},
        ]})
    };
    let reports = [
        ("a-well", well.clone()),
        ("b-degraded", with(json!({"health": "degraded"}))),
        ("c-gave-up", with(json!({"message": "gave up on `web`"}))),
        ("d-sick", with(service("degraded", "its tasks failed 3 times"))),
        ("e-nothing-said", with(service("degraded", ""))),
        ("f-starts", with(service("progressing", "1 of 2 tasks is starting"))),
        ("g-differs", with(json!({"synced": false, "plan": ["~ service web"]}))),
        ("h-of-another-version", json!({"news": 1})),
        ("i-leaves", with(json!({"health": "degraded"}))),
    ];
    for (number, (name, report)) in (1..).zip(&reports) {
        let (id, _) = stack(&api, fence, name, Some(number)).await;
        stacks::observe(&api.pool, fence, id, report, &[]).await.unwrap();
    }
    stack(&api, fence, "j-unseen", None).await;
    let operator = api.browser(Role::Operator).await;
    api.delete(&operator, "/api/v1/stacks/i-leaves").await;

    let all = api.get(&operator, "/api/v1/stacks").await.json();
    let mut say_so = all.clone();
    say_so["items"].as_array_mut().unwrap().retain(|it| !it["attention"].is_null());
    let path = "/api/v1/stacks?attention=true";
    let troubled = api.get(&operator, path).await.json();
    assert_eq!(names(&troubled), names(&say_so));
    assert_eq!(names(&troubled), ["b-degraded", "c-gave-up", "d-sick"]);

    let page = api.get(&operator, &format!("{path}&limit=2")).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = api.get(&operator, &format!("{path}&limit=2&cursor={cursor}")).await.json();
    assert_eq!((names(&page), names(&rest)), (vec!["b-degraded", "c-gave-up"], vec!["d-sick"]));
}
