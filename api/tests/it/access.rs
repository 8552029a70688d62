//! Who may do what, for every operation there is.

use berth_store::accounts::Role;
use http::{Method, StatusCode};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Api, As, request};

/// What may be asked by anybody: webhooks (signed), health, and the ways in.
const OPEN: [(&str, &str); 7] = [
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("post", "/api/v1/invitations/accept"),
    ("post", "/api/v1/invitations/look"),
    ("post", "/api/v1/session"),
    ("post", "/api/v1/setup"),
    ("post", "/webhooks/github"),
];

/// Every operation of the document, with something in each path's holes.
fn operations() -> Vec<(String, String, Method, String)> {
    let document = serde_json::to_value(berth_api::document()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let filled = path
            .replace("{id}", &Uuid::from_u128(9).to_string())
            .replace("{name}", "shop")
            .replace("{number}", "1");
        for method in item.as_object().unwrap().keys() {
            let verb = method.to_uppercase().parse().unwrap();
            all.push((method.clone(), path.clone(), verb, filled.clone()));
        }
    }
    all
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn nothing_but_the_way_in_is_open(pool: PgPool) {
    let api = Api::new(pool);
    let mut closed = 0;
    for (method, path, verb, filled) in operations() {
        if OPEN.contains(&(&method, &path)) {
            continue;
        }
        let body = (verb != Method::GET).then(|| json!({}));
        for stranger in
            [As::Nobody, As::Browser("made-up".into()), As::Token("berth_made-up".into())]
        {
            let answer = api.send(request(verb.clone(), &filled, &stranger, body.clone())).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{verb} {path} as {stranger:?}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
        closed += 1;
    }
    assert!(closed >= 28, "only {closed} operations were found");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_document_says_of_the_same_operations_that_they_are_open(_pool: PgPool) {
    let document = serde_json::to_value(berth_api::document()).unwrap();
    assert_eq!(document["security"], json!([{"session": []}, {"token": []}]));
    for (method, path, ..) in operations() {
        let security = &document["paths"][&path][&method]["security"];
        let open = *security == json!([{}]);
        assert_eq!(open, OPEN.contains(&(&method, &path)), "{method} {path}: {security}");
    }
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_cookie_alone_changes_nothing(pool: PgPool) {
    let api = Api::new(pool);
    let As::Browser(value) = api.browser(Role::Admin).await else { unreachable!() };
    for (method, path, verb, filled) in operations() {
        if OPEN.contains(&(&method, &path)) || verb == Method::GET {
            continue;
        }
        let tricked = As::Tricked(value.clone());
        let answer = api.send(request(verb.clone(), &filled, &tricked, Some(json!({})))).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{verb} {path}");

        let mut foreign = request(verb, &filled, &As::Browser(value.clone()), Some(json!({})));
        foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        let answer = api.send(foreign).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} from another site");
    }
    let answer = api.get(&As::Tricked(value), "/api/v1/session").await;
    assert_eq!(answer.status, StatusCode::OK, "and reading needs no more");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_viewer_looks_an_operator_deploys_an_admin_configures(pool: PgPool) {
    let api = Api::new(pool);
    let viewer = api.browser(Role::Viewer).await;
    let operator = api.browser(Role::Operator).await;
    let mut lines = Vec::new();
    for (method, path, verb, filled) in operations() {
        let own = path.starts_with("/api/v1/session") || path.starts_with("/api/v1/tokens");
        // It is executors' alone: executors.rs.
        let executors = path == "/api/v1/nodes/{id}/report";
        if OPEN.contains(&(&method, &path)) || own || executors || path == "/api/v1/stream" {
            continue;
        }
        let mut may = Vec::new();
        for (who, name) in [(&viewer, "viewer"), (&operator, "operator")] {
            let body = (verb != Method::GET).then(|| json!({}));
            let answer = api.send(request(verb.clone(), &filled, who, body)).await;
            if answer.status != StatusCode::FORBIDDEN {
                may.push(name);
            }
        }
        let least = may.first().copied().unwrap_or("admin");
        lines.push(format!("{least}: {method} {path}"));
    }
    lines.sort();
    insta::assert_snapshot!(lines.join("\n"), @"
    admin: delete /api/v1/invitations/{id}
    admin: delete /api/v1/members/{id}
    admin: delete /api/v1/registries/{host}
    admin: delete /api/v1/rules/{id}
    admin: get /api/v1/invitations
    admin: get /api/v1/registries
    admin: post /api/v1/deployments/{id}/override-freeze
    admin: post /api/v1/github/app
    admin: post /api/v1/github/install
    admin: post /api/v1/github/installations
    admin: post /api/v1/github/manifest
    admin: post /api/v1/invitations
    admin: post /api/v1/prune/approve
    admin: post /api/v1/registries/{host}/test
    admin: post /api/v1/rules
    admin: post /api/v1/rules/matches
    admin: post /api/v1/rules/replay
    admin: put /api/v1/cluster/nodes/{id}/availability
    admin: put /api/v1/members/{id}
    admin: put /api/v1/registries/{host}
    admin: put /api/v1/rules/{id}
    admin: put /api/v1/stacks/{name}/settings
    operator: delete /api/v1/stacks/{name}
    operator: post /api/v1/deliveries/{id}/replay
    operator: post /api/v1/deployments/{id}/approve
    operator: post /api/v1/deployments/{id}/cancel
    operator: post /api/v1/deployments/{id}/reject
    operator: post /api/v1/deployments/{id}/retry
    operator: post /api/v1/stacks/{name}/deployments
    operator: post /api/v1/stacks/{name}/dry-run
    operator: post /api/v1/stacks/{name}/pause
    operator: post /api/v1/stacks/{name}/restart
    operator: post /api/v1/stacks/{name}/resume
    operator: post /api/v1/stacks/{name}/rollback
    viewer: get /api/v1/cluster
    viewer: get /api/v1/cluster/nodes/{id}
    viewer: get /api/v1/deliveries
    viewer: get /api/v1/deliveries/{id}
    viewer: get /api/v1/deployments/{id}/log
    viewer: get /api/v1/events
    viewer: get /api/v1/github
    viewer: get /api/v1/members
    viewer: get /api/v1/openapi.json
    viewer: get /api/v1/prune
    viewer: get /api/v1/repositories
    viewer: get /api/v1/rules
    viewer: get /api/v1/rules/{id}
    viewer: get /api/v1/schema/compose.json
    viewer: get /api/v1/settings
    viewer: get /api/v1/stack-choices
    viewer: get /api/v1/stacks
    viewer: get /api/v1/stacks/{name}
    viewer: get /api/v1/stacks/{name}/deployments
    viewer: get /api/v1/stacks/{name}/deployments/{number}
    viewer: get /api/v1/stacks/{name}/dry-run
    viewer: get /api/v1/stacks/{name}/logs
    viewer: get /api/v1/stacks/{name}/logs/download
    viewer: get /api/v1/stacks/{name}/logs/stream
    viewer: get /api/v1/stacks/{name}/settings
    viewer: get /api/v1/status
    viewer: get /api/v1/templates
    viewer: get /api/v1/templates/{name}
    viewer: post /api/v1/templates/{name}/render
    ");
}
