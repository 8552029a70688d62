//! Whether a rule that somebody writes could ever work. Everything that is
//! wrong is said at once, each at its field.

use berth_compose_templates::render::{Names, TemplateError, render_environment, render_host};
use berth_domain::ids::{RepositoryId, RuleId};
use berth_domain::policy::Policy;
use berth_domain::registry;
use berth_domain::rule::{EventKind, Globs, Rule};
use berth_domain::turn::{Pace, Priority};

use super::repository;
use crate::problem::{FieldError, Problem, Result};
use crate::state::ApiState;
use crate::types::{self, OnRegistryFailure, RuleDraft, RuleEvent};

/// Patterns in a list, and characters in any text of a rule.
const PATTERNS_MAX: usize = 50;
const TEXT_MAX: usize = 255;
const NAME_MAX: usize = 100;
const AT_ONCE_MAX: i32 = 100;

/// The rule that a draft means.
///
/// # Errors
///
/// 422, with every field that needs another look.
pub(super) async fn check(state: &ApiState, id: RuleId, draft: RuleDraft) -> Result<Rule> {
    let mut errors = Vec::new();
    let repository = repository(state, draft.repository_id).await?;
    if repository.is_none() {
        errors.push(field("/repository_id", "No installation shows a repository with this id."));
    }
    let (owner, app) = repository
        .as_ref()
        .map_or(("acme", "shop"), |repository| (&*repository.owner, &*repository.name));
    errors.extend(wrong(&draft, owner, app));
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let own = |patterns: Vec<String>| {
        patterns.into_iter().map(|pattern| pattern.trim().to_owned()).collect()
    };
    let event = match draft.event {
        RuleEvent::Push => EventKind::Push,
        RuleEvent::Tag => EventKind::Tag,
        RuleEvent::PullRequest => EventKind::PullRequest,
    };
    Ok(Rule {
        id,
        repository: RepositoryId(draft.repository_id),
        name: draft.name.trim().to_owned(),
        event,
        refs: own(draft.refs),
        paths: own(draft.paths),
        environment: draft.environment.trim().to_owned(),
        compose_file: draft.compose_file.trim().to_owned(),
        host: draft.host.trim().to_owned(),
        on_registry_failure: match draft.on_registry_failure {
            OnRegistryFailure::Fail => registry::OnRegistryFailure::Fail,
            OnRegistryFailure::UseKnown => registry::OnRegistryFailure::UseKnown,
        },
        pace: Pace {
            priority: match draft.priority {
                types::Priority::High => Priority::High,
                types::Priority::Normal => Priority::Normal,
                types::Priority::Low => Priority::Low,
            },
            at_once: draft.at_once.and_then(|many| u16::try_from(many).ok()),
        },
        policy: match draft.policy {
            Some(types::Policy::Trusted) => Policy::Trusted,
            Some(types::Policy::Restricted) => Policy::Restricted,
            None => Policy::usual(event),
        },
        enabled: draft.enabled,
    })
}

/// What is wrong with a draft for the repository `owner/app`.
fn wrong(draft: &RuleDraft, owner: &str, app: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let length = draft.name.trim().chars().count();
    if !(1..=NAME_MAX).contains(&length) {
        errors.push(field("/name", format!("A rule's name has 1 to {NAME_MAX} characters.")));
    }
    patterns("/refs", &draft.refs, &mut errors);
    patterns("/paths", &draft.paths, &mut errors);
    if let Err(detail) = compose_file(draft.compose_file.trim()) {
        errors.push(field("/compose_file", detail));
    }
    if draft.position.is_some_and(|position| position < 0) {
        errors.push(field("/position", "A place is counted from 0."));
    }
    if draft.at_once.is_some_and(|many| !(1..=AT_ONCE_MAX).contains(&many)) {
        let detail =
            format!("From 1 to {AT_ONCE_MAX} may go on at once; leave it out for no limit.");
        errors.push(field("/at_once", detail));
    }
    templates(draft, owner, app, &mut errors);
    errors
}

fn patterns(pointer: &str, patterns: &[String], errors: &mut Vec<FieldError>) {
    if patterns.len() > PATTERNS_MAX {
        errors.push(field(pointer, format!("A list has at most {PATTERNS_MAX} patterns.")));
        return;
    }
    let trimmed: Vec<String> = patterns.iter().map(|it| it.trim().to_owned()).collect();
    let before = errors.len();
    for (place, pattern) in trimmed.iter().enumerate() {
        let body = pattern.strip_prefix('!').unwrap_or(pattern);
        let alone = Globs::parse(&[body.to_owned()]);
        let detail = match alone {
            _ if pattern.chars().count() > TEXT_MAX => {
                format!("A pattern has at most {TEXT_MAX} characters.")
            }
            Err(err) => format!("{err}."),
            Ok(_) => continue,
        };
        errors.push(field(format!("{pointer}/{place}"), detail));
    }
    // Each may be right, and the list still say nothing.
    if errors.len() == before
        && let Err(err) = Globs::parse(&trimmed)
    {
        errors.push(field(pointer, format!("{err}.")));
    }
}

/// A file within the repository.
fn compose_file(path: &str) -> Result<(), &'static str> {
    if path.is_empty() {
        return Err("Name the compose file, such as `compose.yaml`.");
    }
    if path.chars().count() > TEXT_MAX {
        return Err("The path is too long.");
    }
    if path.starts_with('/') || path.contains('\\') || path.contains(char::is_control) {
        return Err(
            "The path must be relative to the repository's root, with `/` between folders.",
        );
    }
    if path.split('/').any(|part| matches!(part, ".." | "")) {
        return Err("The path must name a file inside the repository.");
    }
    Ok(())
}

/// Renders the templates with what an event of the rule's kind would have.
fn templates(draft: &RuleDraft, owner: &str, app: &str, errors: &mut Vec<FieldError>) {
    let of = |branch, number| {
        let names = Names { owner, app, ..Names::default() };
        match draft.event {
            RuleEvent::Push => Names { branch: Some(branch), ..names },
            RuleEvent::Tag => Names { tag: Some("v1.0.0"), ..names },
            RuleEvent::PullRequest => Names { branch: Some(branch), number: Some(number), ..names },
        }
    };
    let (one, other) = (of("feature/a", 1), of("feature/b", 2));
    for (pointer, text) in [("/environment", &draft.environment), ("/host", &draft.host)] {
        if text.chars().count() > TEXT_MAX {
            errors.push(field(pointer, format!("A template has at most {TEXT_MAX} characters.")));
            return;
        }
    }
    let name = |names| render_environment(&draft.environment, names);
    let (first, second) = match (name(&one), name(&other)) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(err), _) | (_, Err(err)) => {
            errors.push(template("/environment", &err));
            return;
        }
    };
    let host = |names: Names<'_>, environment: &str| {
        render_host(&draft.host, &Names { environment: Some(environment), ..names })
    };
    let hosts = match (host(one, &first), host(other, &second)) {
        (Ok(one), Ok(other)) => (one, other),
        (Err(err), _) | (_, Err(err)) => {
            errors.push(template("/host", &err));
            return;
        }
    };
    if draft.event != RuleEvent::PullRequest {
        return;
    }
    if first == second {
        let detail = "Each pull request needs an environment of its own: use `{{number}}`.";
        errors.push(field("/environment", detail));
    }
    if hosts.0 == hosts.1 {
        let detail = "Each pull request needs a host of its own: use `{{number}}`.";
        errors.push(field("/host", detail));
    }
}

fn template(pointer: &str, err: &TemplateError) -> FieldError {
    let mut detail = format!("{err}.");
    // Our sentences begin with a capital, the template's errors don't.
    if let Some(first) = detail.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    field(pointer, detail)
}

fn field(pointer: impl Into<String>, detail: impl Into<String>) -> FieldError {
    FieldError { pointer: pointer.into(), detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> RuleDraft {
        RuleDraft {
            repository_id: 1,
            position: None,
            name: "production".to_owned(),
            event: RuleEvent::Push,
            refs: vec!["main".to_owned()],
            paths: Vec::new(),
            environment: "production".to_owned(),
            compose_file: "compose.yaml".to_owned(),
            host: "{{app}}.localhost".to_owned(),
            on_registry_failure: OnRegistryFailure::Fail,
            priority: types::Priority::Normal,
            at_once: None,
            policy: None,
            enabled: true,
        }
    }

    fn said(change: impl FnOnce(&mut RuleDraft)) -> String {
        let mut draft = draft();
        change(&mut draft);
        let lines: Vec<_> = wrong(&draft, "acme", "shop")
            .into_iter()
            .map(|error| format!("{}: {}", error.pointer, error.detail))
            .collect();
        lines.join("\n")
    }

    fn own(list: &[&str]) -> Vec<String> {
        list.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn a_rule_that_works_is_not_complained_about() {
        assert_eq!(said(|_| ()), "");
        assert_eq!(
            said(|it| {
                it.event = RuleEvent::PullRequest;
                it.environment = "pr-{{number}}".to_owned();
                it.host = "{{environment}}.{{app}}.localhost".to_owned();
                it.compose_file = "deploy/stack.yml.hbs".to_owned();
                it.paths = own(&["**", "!docs/**"]);
            }),
            ""
        );
    }

    #[test]
    fn every_pattern_that_can_not_be_read_is_named_at_its_place() {
        insta::assert_snapshot!(said(|it| it.refs = own(&["main", "a**b", "[", ""])), @r#"
        /refs/1: "a**b" is not a pattern: recursive wildcards must form a single path component.
        /refs/2: "[" is not a pattern: invalid range pattern.
        /refs/3: "" is not a pattern: it is empty.
        "#);
        insta::assert_snapshot!(said(|it| it.paths = own(&["!docs/**"])), @r#"/paths: "!docs/**" is not a pattern: a list of nothing but negations matches nothing."#);
    }

    #[test]
    fn a_compose_file_is_inside_the_repository() {
        for bad in ["", " ", "/etc/passwd", "../compose.yaml", "a/../../b", "a//b", "a\\b", "a/"] {
            let said = said(|it| it.compose_file = bad.to_owned());
            assert!(said.starts_with("/compose_file: "), "{bad:?}: {said}");
        }
    }

    #[test]
    fn a_template_speaks_only_of_what_the_event_has() {
        insta::assert_snapshot!(said(|it| it.host = "pr-{{number}}.localhost".to_owned()), @"/host: The template names `number`, which has no value here; there are `branch`, `app`, `owner`, `environment`.");
        insta::assert_snapshot!(said(|it| it.host = "{{app".to_owned()), @"/host: A `{{` is not closed.");
        insta::assert_snapshot!(said(|it| it.environment = "Not A Name".to_owned()), @"/environment: The template `Not A Name` gives the environment `Not A Name`, but an environment's name is 1 to 63 lower-case letters, digits and single hyphens, with no hyphen at its ends.");
    }

    #[test]
    fn at_least_one_deployment_may_go_on() {
        for wrong in [0, -1, 101] {
            let said = said(|it| it.at_once = Some(wrong));
            assert!(said.starts_with("/at_once: From 1 to 100"), "{wrong}: {said}");
        }
        assert_eq!(said(|it| it.at_once = Some(1)), "");
    }

    #[test]
    fn previews_do_not_share() {
        insta::assert_snapshot!(said(|it| it.event = RuleEvent::PullRequest), @"
        /environment: Each pull request needs an environment of its own: use `{{number}}`.
        /host: Each pull request needs a host of its own: use `{{number}}`.
        ");
    }
}
