//! What a push or an event of a pull request asks rules about. Pure: the inbox
//! reads it from here, and so does whoever asks what a draft of a rule would have
//! made of it.

use berth_domain::rule::{Event, EventKind};

use super::{PullRequest, Push};

/// What an event is about, as templates call it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// The branch; of a pull request, the one it comes from.
    pub branch: Option<String>,
    /// The tag.
    pub tag: Option<String>,
    /// The pull request's number.
    pub pull_request: Option<u64>,
}

/// Something that rules are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asks {
    /// What happened, as rules see it.
    pub event: Event,
    /// What templates speak of.
    pub head: Head,
    /// What happened, in words: `ann pushed to main`.
    pub happened: String,
}

/// What becomes of an event of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// The rules say.
    Asks(Asks),
    /// Its previews go, for this reason.
    Ends(String),
    /// Its previews get its title.
    Retitles,
    /// Nothing, for this reason.
    Nothing(String),
}

/// What rules are asked about a push, or why they are asked nothing.
///
/// # Errors
///
/// The reason, in a sentence.
pub fn of_push(event: &Push) -> Result<Asks, String> {
    let (kind, name) = match (event.branch(), event.tag()) {
        (Some(branch), _) => (EventKind::Push, branch),
        (None, Some(tag)) => (EventKind::Tag, tag),
        (None, None) => {
            return Err(format!("`{}` is neither a branch nor a tag", event.git_ref));
        }
    };
    if event.deleted {
        return Err(format!("`{name}` was deleted"));
    }
    let who = event.sender.as_deref().or(event.pusher.as_deref()).unwrap_or("somebody");
    let is_tag = kind == EventKind::Tag;
    Ok(Asks {
        event: Event { kind, name: name.to_owned(), from_fork: false },
        head: Head {
            branch: (!is_tag).then(|| name.to_owned()),
            tag: is_tag.then(|| name.to_owned()),
            pull_request: None,
        },
        happened: if is_tag {
            format!("{who} tagged {name}")
        } else {
            format!("{who} pushed to {name}")
        },
    })
}

/// What becomes of an event of a pull request.
#[must_use]
pub fn of_pull_request(event: &PullRequest) -> Meaning {
    let number = event.number;
    let did = match event.action.as_str() {
        "closed" => {
            let end = if event.merged { "merged" } else { "closed" };
            return Meaning::Ends(format!("pull request {number} was {end}"));
        }
        "edited" if !event.base_changed => return Meaning::Retitles,
        "opened" | "reopened" => event.action.as_str(),
        "synchronize" => "pushed to",
        "ready_for_review" => "marked as ready",
        "edited" => "retargeted",
        other => {
            return Meaning::Nothing(format!("`{other}` changes nothing about what is deployed"));
        }
    };
    if event.state == "closed" {
        return Meaning::Nothing(format!("pull request {number} is closed"));
    }
    let who = event.sender.as_deref().unwrap_or(&event.author);
    Meaning::Asks(Asks {
        event: asked_about(event),
        head: Head {
            branch: Some(event.head_ref.clone()),
            tag: None,
            pull_request: u64::try_from(number).ok(),
        },
        happened: format!("{who} {did} pull request {number}"),
    })
}

/// A pull request, as rules see it.
#[must_use]
pub fn asked_about(event: &PullRequest) -> Event {
    Event {
        kind: EventKind::PullRequest,
        name: event.base_ref.clone(),
        from_fork: event.from_fork(),
    }
}

/// The words in a commit's message that forbid deploying it, if there are any.
#[must_use]
pub fn skip_directive(message: &str) -> Option<&'static str> {
    let message = message.to_ascii_lowercase();
    ["[skip deploy]", "[deploy skip]", "[no deploy]", "[skip ci]", "[ci skip]", "[no ci]"]
        .into_iter()
        .find(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{Webhook, parse};

    #[test]
    fn a_commit_can_say_that_it_is_not_to_be_deployed() {
        assert_eq!(skip_directive("Fix docs\n\n[Skip Deploy]"), Some("[skip deploy]"));
        assert_eq!(skip_directive("[ci skip] x"), Some("[ci skip]"));
        assert_eq!(skip_directive("skip ci please"), None);
    }

    fn push(body: &str) -> Push {
        let Webhook::Push(push) = parse("push", body.as_bytes()).unwrap() else {
            panic!("{body} is no push");
        };
        push
    }

    #[test]
    fn a_push_asks_about_its_branch_or_tag_and_a_deletion_about_nothing() {
        let body = |git_ref: &str, deleted: bool| {
            format!(
                r#"{{"ref": "{git_ref}", "before": "a", "after": "b", "deleted": {deleted},
                    "repository": {{"id": 1, "name": "shop", "full_name": "acme/shop",
                                    "owner": {{"login": "acme"}}}},
                    "sender": {{"login": "ann"}}}}"#
            )
        };
        let asks = of_push(&push(&body("refs/heads/main", false))).unwrap();
        assert_eq!(asks.happened, "ann pushed to main");
        assert_eq!(asks.event.kind, EventKind::Push);
        let asks = of_push(&push(&body("refs/tags/v1", false))).unwrap();
        assert_eq!(
            (asks.happened.as_str(), asks.head.tag.as_deref()),
            ("ann tagged v1", Some("v1"))
        );
        let gone = of_push(&push(&body("refs/heads/main", true)));
        assert_eq!(gone, Err("`main` was deleted".to_owned()));
        let strange = of_push(&push(&body("refs/notes/x", false)));
        assert_eq!(strange, Err("`refs/notes/x` is neither a branch nor a tag".to_owned()));
    }
}
