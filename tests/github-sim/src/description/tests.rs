//! What fits GitHub's description and what doesn't.

use serde_json::json;

use super::*;

fn request(method: &str, path: &str, body: &Value) -> Vec<Misfit> {
    let description = Description::get();
    let (operation, params) = description.find(method, path).unwrap();
    description.request(operation, &params, &[], body)
}

#[test]
fn every_schema_of_the_cut_compiles() {
    let description = Description::get();
    assert!(description.operations.len() > 40);
    for operation in &description.operations {
        for (status, has_body) in &operation.answers {
            if *has_body {
                let found = description.answer(operation, *status, Some(&json!("no object")));
                assert!(!found.iter().any(|(_, why)| why.contains("usable")), "{found:?}");
            }
        }
    }
    for name in description.document["webhooks"].as_object().unwrap().keys() {
        let found = description.webhook(name, &json!(1));
        assert!(!found.is_empty(), "{name} takes a number");
        assert!(!found.iter().any(|(_, why)| why.contains("usable")), "{name}: {found:?}");
    }
}

#[test]
fn the_most_literal_path_wins_and_a_branch_may_have_slashes() {
    let find = |path: &str| {
        let (operation, params) = Description::get().find("GET", path).unwrap();
        (operation.id.clone(), params.get("ref").or(params.get("branch")).cloned())
    };
    assert_eq!(
        find("/repos/acme/shop/commits/feature/x/check-runs"),
        ("checks/list-for-ref".to_owned(), Some("feature/x".to_owned()))
    );
    assert_eq!(
        find("/repos/acme/shop/commits/feature%2Fx"),
        ("repos/get-commit".to_owned(), Some("feature/x".to_owned()))
    );
    assert_eq!(find("/app/hook/config").0, "apps/get-webhook-config-for-app");
    assert!(Description::get().find("GET", "/repositories").is_none());
}

#[test]
fn a_good_request_fits() {
    let body = json!({
        "ref": "abc", "auto_merge": false, "required_contexts": [], "payload": { "any": "key" },
    });
    assert_eq!(request("POST", "/repos/a/b/deployments", &body), []);
    let token = json!({ "repository_ids": [1], "permissions": { "contents": "read" } });
    assert_eq!(request("POST", "/app/installations/1/access_tokens", &token), []);
    assert_eq!(request("POST", "/app/installations/1/access_tokens", &Value::Null), []);
}

#[test]
fn a_key_that_the_description_does_not_name_is_found_at_any_depth() {
    let body = json!({ "name": "x", "check_run_id": 1, "output": { "title": "t", "sumary": "s" } });
    let places: Vec<String> = request("PATCH", "/repos/a/b/check-runs/1", &body)
        .into_iter()
        .map(|(place, _)| place)
        .collect();
    assert!(places.contains(&"/check_run_id".to_owned()), "{places:?}");
    assert!(places.contains(&"/output/sumary".to_owned()), "{places:?}");
}

#[test]
fn a_completed_run_without_a_conclusion_is_found() {
    let body = json!({ "name": "x", "head_sha": "abc", "status": "completed" });
    let found = request("POST", "/repos/a/b/check-runs", &body);
    assert!(found.iter().any(|(place, _)| place == "/conclusion"), "{found:?}");
}

#[test]
fn a_wrong_type_a_missing_key_and_a_wrong_parameter_are_found() {
    assert!(!request("POST", "/repos/a/b/deployments", &json!({ "ref": 1 })).is_empty());
    assert!(!request("POST", "/repos/a/b/issues/1/comments", &json!({})).is_empty());
    assert!(!request("GET", "/repos/a/b/pulls/seven", &Value::Null).is_empty());
}

#[test]
fn an_answer_that_is_not_described_is_found() {
    let description = Description::get();
    let (operation, _) = description.find("GET", "/app").unwrap();
    assert!(!description.answer(operation, 418, None).is_empty());
    assert!(!description.answer(operation, 200, Some(&json!({ "id": 1 }))).is_empty());
    assert!(!description.answer(operation, 200, None).is_empty());
}
