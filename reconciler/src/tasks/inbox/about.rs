//! What a delivery is about, for lists.

use berth_github_app::webhook::{self, Webhook};
use berth_store::deliveries::{About, Delivery, Outcome, Verdict};

/// What `webhook` is about.
pub(super) fn of_webhook(webhook: &Webhook) -> About {
    About {
        action: webhook.action().map(str::to_owned),
        repository: webhook.repository_id(),
        git_ref: webhook.git_ref().map(str::to_owned),
        sha: webhook.sha().map(str::to_owned),
        sender: webhook.sender().map(str::to_owned),
    }
}

/// What `delivery` is about, as far as it can be read.
pub(super) fn of(delivery: &Delivery) -> About {
    webhook::parse(&delivery.event, &delivery.body)
        .or_else(|_| webhook::parse("unknown", &delivery.body))
        .map_or_else(|_| About::default(), |webhook| of_webhook(&webhook))
}

/// A verdict with no decisions.
pub(super) fn verdict(webhook: &Webhook, outcome: Outcome, reason: impl Into<String>) -> Verdict {
    Verdict { outcome, reason: reason.into(), about: of_webhook(webhook), decisions: Vec::new() }
}
