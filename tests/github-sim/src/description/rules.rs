//! What GitHub documents in words only, so that no schema says it.

use serde_json::Value;

use super::Misfit;

/// The most characters that a deployment's and a status's description may have.
const DESCRIPTION_MAX: usize = 140;
/// The most annotations that a request may carry.
const ANNOTATIONS_MAX: usize = 50;
/// The most characters in a comment.
const COMMENT_MAX: usize = 65_536;
/// The most repositories that a token can be narrowed to by number.
const TOKEN_REPOSITORIES_MAX: usize = 500;

/// What is wrong with a request, beyond its schema.
pub(super) fn request(operation: &str, body: &Value) -> Vec<Misfit> {
    let mut found = Vec::new();
    match operation {
        "checks/create" | "checks/update" => check_run(body, &mut found),
        "repos/create-deployment" => {
            too_long(body, "/description", DESCRIPTION_MAX, &mut found);
            if body["auto_merge"] != false {
                let why = "may merge the default branch into the user's: it must be false";
                found.push(("/auto_merge".to_owned(), why.to_owned()));
            }
            if body["required_contexts"] != Value::Array(Vec::new()) {
                let why = "a deployment that waits for every status must be meant: it must be []";
                found.push(("/required_contexts".to_owned(), why.to_owned()));
            }
        }
        "repos/create-deployment-status" => {
            too_long(body, "/description", DESCRIPTION_MAX, &mut found);
            for name in ["/log_url", "/environment_url", "/target_url"] {
                address(body, name, &mut found);
            }
        }
        "issues/create-comment" | "issues/update-comment" => {
            too_long(body, "/body", COMMENT_MAX, &mut found);
            if body["body"].as_str().is_some_and(|text| text.trim().is_empty()) {
                found.push(("/body".to_owned(), "is blank".to_owned()));
            }
        }
        "apps/create-installation-access-token" => {
            let count = body["repository_ids"].as_array().map_or(0, Vec::len);
            if count > TOKEN_REPOSITORIES_MAX {
                found.push(("/repository_ids".to_owned(), format!("has {count} entries")));
            }
        }
        _ => {}
    }
    found
}

/// What is wrong with an answer, beyond its schema.
pub(super) fn answer(operation: &str, body: &Value) -> Vec<Misfit> {
    let mut found = Vec::new();
    if operation.starts_with("checks/") && body["status"] == "completed" {
        for name in ["conclusion", "completed_at"] {
            if body[name].is_null() {
                found.push((format!("/{name}"), "is missing where it is completed".to_owned()));
            }
        }
    }
    found
}

fn check_run(body: &Value, found: &mut Vec<Misfit>) {
    if body["status"] == "completed" && body["conclusion"].is_null() {
        let why = "is missing where the status is completed";
        found.push(("/conclusion".to_owned(), why.to_owned()));
    }
    // GitHub completes a run by its conclusion, whatever the status says.
    let open = body["status"].as_str().is_some_and(|status| status != "completed");
    if open && !body["conclusion"].is_null() {
        let why = "completes a run whose status says that it is not";
        found.push(("/conclusion".to_owned(), why.to_owned()));
    }
    let annotations = body["output"]["annotations"].as_array();
    if annotations.is_some_and(|it| it.len() > ANNOTATIONS_MAX) {
        found.push(("/output/annotations".to_owned(), "has more than 50 entries".to_owned()));
    }
    for (index, it) in annotations.into_iter().flatten().enumerate() {
        if it["start_line"] != it["end_line"]
            && !(it["start_column"].is_null() && it["end_column"].is_null())
        {
            let place = format!("/output/annotations/{index}/start_column");
            found.push((place, "is for annotations of one line".to_owned()));
        }
    }
    address(body, "/details_url", found);
}

fn too_long(body: &Value, place: &str, max: usize, found: &mut Vec<Misfit>) {
    let length = body.pointer(place).and_then(Value::as_str).map_or(0, |text| text.chars().count());
    if length > max {
        found.push((place.to_owned(), format!("has {length} characters, more than {max}")));
    }
}

fn address(body: &Value, place: &str, found: &mut Vec<Misfit>) {
    let Some(text) = body.pointer(place).and_then(Value::as_str) else { return };
    let good = url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !good && !text.is_empty() {
        found.push((place.to_owned(), format!("{text:?} is no web address")));
    }
}
