//! The manifest that a new App is made from.

use serde_json::{Value, json};

/// What Berth asks of an account.
///
/// It reads which repositories there are and their code, comments with a preview's
/// address, and shows how a deployment goes. Nothing can be added later without
/// every account's consent.
pub const PERMISSIONS: [(&str, &str); 7] = [
    ("checks", "write"),
    ("contents", "read"),
    ("deployments", "write"),
    ("issues", "read"),
    ("metadata", "read"),
    ("pull_requests", "write"),
    ("statuses", "write"),
];

/// What Berth listens to. An App hears of its own installations without asking.
const EVENTS: [&str; 6] = ["check_run", "create", "delete", "pull_request", "push", "repository"];

/// The manifest of an App named `name` for the Berth at `public_url`, which is
/// posted to [`new_app_url`](crate::Client::new_app_url) as the field `manifest`.
///
/// GitHub sends the browser back to `/setup/github/done` when the App exists,
/// and to `/setup/github/installed` when it was installed.
#[must_use]
pub fn manifest(public_url: &str, name: &str) -> Value {
    let base = public_url.trim_end_matches('/');
    json!({
        "name": name,
        "url": base,
        "description": "Deploys pushes and pull requests to Docker Swarm.",
        "hook_attributes": { "url": webhook_url(base), "active": true },
        "redirect_url": format!("{base}/setup/github/done"),
        "setup_url": format!("{base}/setup/github/installed"),
        "setup_on_update": true,
        "public": false,
        "default_permissions":
            PERMISSIONS.into_iter().map(|(name, access)| (name.to_owned(), json!(access)))
                .collect::<serde_json::Map<_, _>>(),
        "default_events": EVENTS,
    })
}

/// Where GitHub sends webhooks to.
#[must_use]
pub fn webhook_url(public_url: &str) -> String {
    format!("{}/webhooks/github", public_url.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_asks_for_what_berth_does_and_no_more() {
        insta::assert_json_snapshot!(manifest("https://berth.test/", "Berth of acme"), @r#"
        {
          "name": "Berth of acme",
          "url": "https://berth.test",
          "description": "Deploys pushes and pull requests to Docker Swarm.",
          "hook_attributes": {
            "url": "https://berth.test/webhooks/github",
            "active": true
          },
          "redirect_url": "https://berth.test/setup/github/done",
          "setup_url": "https://berth.test/setup/github/installed",
          "setup_on_update": true,
          "public": false,
          "default_permissions": {
            "checks": "write",
            "contents": "read",
            "deployments": "write",
            "issues": "read",
            "metadata": "read",
            "pull_requests": "write",
            "statuses": "write"
          },
          "default_events": [
            "check_run",
            "create",
            "delete",
            "pull_request",
            "push",
            "repository"
          ]
        }
        "#);
    }
}
