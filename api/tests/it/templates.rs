//! The catalogue, looked at and rendered.

use berth_store::accounts::Role;
use http::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::Api;

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_catalogue_is_listed_and_shown(pool: PgPool) {
    let api = Api::new(pool);
    let viewer = api.browser(Role::Viewer).await;
    let list = api.get(&viewer, "/api/v1/templates").await.json();
    let items = list["items"].as_array().unwrap();
    assert!(items.iter().any(|item| item["name"] == "web-worker-postgres"), "{list}");
    for item in items {
        let path = format!("/api/v1/templates/{}", item["name"].as_str().unwrap());
        let shown = api.get(&viewer, &path).await.json();
        assert_eq!(
            (&shown["title"], &shown["description"]),
            (&item["title"], &item["description"])
        );
        assert!(shown["text"].as_str().unwrap().contains("services:"));
        for variable in shown["variables"].as_array().unwrap() {
            let secret = variable["type"] == "secret";
            assert_eq!(variable["secret"], secret, "{variable}");
        }
    }
    let missing = api.get(&viewer, "/api/v1/templates/none").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_template_is_rendered_and_its_secrets_are_not_shown(pool: PgPool) {
    let api = Api::new(pool);
    let viewer = api.browser(Role::Viewer).await;
    let path = "/api/v1/templates/web-worker-postgres/render";
    let values = json!({"values": {
        "IMAGE": "acme/shop:1",
        "WORKER_COMMAND": "work --hard",
        "PORT": 3000,
        "REPLICAS": "3",
        "DATABASE_PASSWORD": "hunter2",
    }});
    let answer = api.post(&viewer, path, values).await;
    assert_eq!(answer.status, StatusCode::OK);
    let rendered = answer.json();
    let compose = rendered["compose"].as_str().unwrap();
    assert!(compose.contains("replicas: 3") && compose.contains("- port: 3000"), "{compose}");
    assert_eq!(rendered["secrets"], json!(["DATABASE_PASSWORD"]));
    assert_eq!((&rendered["notes"], &rendered["complaints"]), (&json!([]), &json!([])));
    assert!(!rendered.to_string().contains("hunter2"));

    // What is well-formed, but nothing that Berth would deploy.
    let values = json!({"values": {
        "IMAGE": "acme/shop:1",
        "WORKER_COMMAND": "work",
        "CHECK": "healthz",
    }});
    let rendered = api.post(&viewer, path, values).await.json();
    let complaint = &rendered["complaints"][0];
    assert_eq!(complaint["place"]["file"], "compose.yaml", "{rendered}");
    assert!(complaint["message"].as_str().unwrap().contains("starts with one `/`"));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn every_wrong_value_is_a_field_s_error(pool: PgPool) {
    let api = Api::new(pool);
    let viewer = api.browser(Role::Viewer).await;
    let values = json!({"values": {
        "IMAGE": "No Image",
        "PORT": 0,
        "DATABASE_PASSWORD": "hunter2\n",
        "a/b": 1,
    }});
    let answer = api.post(&viewer, "/api/v1/templates/web-worker-postgres/render", values).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    let errors = problem["errors"].as_array().unwrap();
    let pointers: Vec<&str> = errors.iter().map(|it| it["pointer"].as_str().unwrap()).collect();
    let expected = ["IMAGE", "WORKER_COMMAND", "PORT", "DATABASE_PASSWORD", "a~1b"];
    assert_eq!(pointers, expected.map(|name| format!("/values/{name}")));
    assert!(!problem.to_string().contains("hunter2"));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_schema_knows_x_berth(pool: PgPool) {
    let api = Api::new(pool);
    let viewer = api.browser(Role::Viewer).await;
    let schema = api.get(&viewer, "/api/v1/schema/compose.json").await.json();
    let x_berth = schema.pointer("/$defs/service/properties/x-berth");
    assert_eq!(x_berth, Some(&json!({"$ref": "#/$defs/x-berth"})));
    let routes = schema.pointer("/$defs/x-berth/properties/routes");
    assert!(routes.is_some_and(Value::is_object));
}
