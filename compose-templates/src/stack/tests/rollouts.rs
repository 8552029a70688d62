//! What a file is told about updates that would lose requests.

use super::*;

/// What is noted of a routed service with these keys.
fn noted(keys: &str) -> String {
    let route = "x-berth: {routes: [{port: 80}]}";
    let file = format!("services: {{web: {{image: x, {route}, {keys}}}}}\nvolumes: {{data: }}");
    let (_, notes) = convert(&[&file], Reading::Compose, &context()).unwrap();
    notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

const START_FIRST: &str = "deploy: {update_config: {order: start-first}}";

#[test]
fn a_routed_service_is_told_what_its_update_would_lose() {
    insta::assert_snapshot!(noted("init: true"), @"compose.yml:1:47: an update stops the task of `web` before its successor runs, and requests in between are lost; give it `deploy: { update_config: { order: start-first } }`");
    insta::assert_snapshot!(noted(START_FIRST), @"compose.yml:1:47: an update stops the former task of `web` as soon as the new one's process runs, not when it answers; give it a `healthcheck`, unless its image has one");
}

#[test]
fn nothing_is_told_where_nothing_is_lost_or_can_be_helped() {
    let check = format!("healthcheck: {{test: ok}}, {START_FIRST}");
    assert_eq!(noted(&check), "");
    // Two of them at once would write to the same files, or want the same port.
    assert_eq!(noted("volumes: [data:/data]"), "");
    assert_eq!(noted("ports: [{target: 80, published: 80, mode: host}]"), "");
    assert!(!noted("volumes: [data:/data:ro]").is_empty());
    // No route, no requests.
    let bare = convert(&["services: {web: {image: x}}"], Reading::Compose, &context());
    assert!(bare.unwrap().1.is_empty());
}
