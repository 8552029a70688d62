//! Rules: which events deploy what, and why the others don't.
//!
//! Pure: `(event, changed paths, rules) → decisions`. Every rule of the
//! repository gets a decision with a reason, matched or not, so that "why did
//! nothing happen?" always has an answer.
//!
//! Patterns are GitHub's (rulesets, `fnmatch` with path names): `*` does not
//! cross a `/`, `**` does, `!` in front takes back what earlier patterns gave,
//! and the last pattern that matches wins.

use glob::{MatchOptions, Pattern};
use serde::{Deserialize, Serialize};

use crate::ids::{RepositoryId, RuleId};
use crate::policy::Policy;
use crate::registry::OnRegistryFailure;
use crate::turn::Pace;

/// What a rule listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Commits arrived on a branch.
    Push,
    /// A tag was created or moved.
    Tag,
    /// A pull request was opened, reopened, updated or retargeted.
    PullRequest,
}

impl EventKind {
    /// The word used in SQL, JSON and the UI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Tag => "tag",
            Self::PullRequest => "pull_request",
        }
    }
}

/// A predicate on events, and what a match deploys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// The repository that it belongs to.
    pub repository: RepositoryId,
    /// What a person calls it.
    pub name: String,
    /// What it listens to.
    pub event: EventKind,
    /// Branches (of a pull request: its base branch) or tags. None means all.
    pub refs: Vec<String>,
    /// Paths, one of which must have changed. None means any change.
    pub paths: Vec<String>,
    /// The environment it deploys to. Handlebars: `{{branch}}`, `{{tag}}`,
    /// `{{number}}`; for a pull request the preview's name.
    pub environment: String,
    /// The compose file or template, from the repository's root.
    pub compose_file: String,
    /// The host of the environment, such as `{{branch}}.{{app}}.localhost`.
    pub host: String,
    /// How far the compose file is trusted.
    pub policy: Policy,
    /// What its deployments do where a registry does not answer.
    pub on_registry_failure: OnRegistryFailure,
    /// How its deployments take their turns.
    pub pace: Pace,
    /// Whether it is in force.
    pub enabled: bool,
}

/// What happened, less everything that no rule asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What kind of thing.
    pub kind: EventKind,
    /// The branch or tag, without `refs/…/`; of a pull request its base branch.
    pub name: String,
    /// Of a pull request: whether its head is in another repository.
    pub from_fork: bool,
}

/// What changed between the last deployed commit and this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// These paths.
    Paths(Vec<String>),
    /// It can't be told (first deployment, history rewritten): counts as all.
    Unknown,
}

/// What one rule makes of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The rule.
    pub rule: RuleId,
    /// Whether it deploys.
    pub matched: bool,
    /// Why, in one sentence.
    pub reason: String,
}

/// A pattern that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pattern:?} is not a pattern: {message}")]
pub struct InvalidPattern {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub message: String,
}

/// An ordered list of patterns.
#[derive(Debug, Clone)]
pub struct Globs(Vec<(bool, Pattern, String)>);

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

impl Globs {
    /// Reads patterns.
    ///
    /// # Errors
    ///
    /// The first that can't be read. A list with nothing but negations is
    /// refused too, because it could never match.
    pub fn parse(patterns: &[String]) -> Result<Self, InvalidPattern> {
        let invalid = |pattern: &str, message: &str| InvalidPattern {
            pattern: pattern.to_owned(),
            message: message.to_owned(),
        };
        let globs = patterns
            .iter()
            .map(|text| {
                let (positive, body) =
                    text.strip_prefix('!').map_or((true, text.as_str()), |rest| (false, rest));
                if body.is_empty() {
                    return Err(invalid(text, "it is empty"));
                }
                let pattern = Pattern::new(body).map_err(|err| invalid(text, err.msg))?;
                Ok((positive, pattern, text.clone()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if let Some((_, _, first)) = globs.first()
            && globs.iter().all(|(positive, ..)| !positive)
        {
            return Err(invalid(first, "a list of nothing but negations matches nothing"));
        }
        Ok(Self(globs))
    }

    /// The pattern that decides on `text`: the last one that matches it.
    fn verdict(&self, text: &str) -> Option<(bool, &str)> {
        self.0
            .iter()
            .rev()
            .find(|(_, pattern, _)| pattern.matches_with(text, OPTIONS))
            .map(|(positive, _, written)| (*positive, written.as_str()))
    }

    /// Whether `text` matches; an empty list matches everything.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_empty() || self.verdict(text).is_some_and(|(positive, _)| positive)
    }
}

/// What every rule makes of an event, in the rules' order.
#[must_use]
pub fn decide(event: &Event, changes: &Changes, rules: &[Rule]) -> Vec<Decision> {
    rules
        .iter()
        .map(|rule| {
            let (matched, reason) = match judge(event, changes, rule) {
                Ok(reason) => (true, reason),
                Err(reason) => (false, reason),
            };
            Decision { rule: rule.id, matched, reason }
        })
        .collect()
}

/// Whether any of `rules` would need to know what changed in order to decide.
#[must_use]
pub fn asks_for_changes(event: &Event, rules: &[Rule]) -> bool {
    rules.iter().any(|rule| !rule.paths.is_empty() && judge(event, &Changes::Unknown, rule).is_ok())
}

fn judge(event: &Event, changes: &Changes, rule: &Rule) -> Result<String, String> {
    if !rule.enabled {
        return Err("the rule is switched off".to_owned());
    }
    if rule.event != event.kind {
        return Err(format!("it listens to {}", described(rule.event)));
    }
    if event.from_fork {
        return Err("the pull request comes from a fork, whose code is not run".to_owned());
    }
    let noun = match event.kind {
        EventKind::Push => "branch",
        EventKind::Tag => "tag",
        EventKind::PullRequest => "base branch",
    };
    let refs = Globs::parse(&rule.refs).map_err(|err| err.to_string())?;
    let by_ref = match refs.verdict(&event.name) {
        _ if rule.refs.is_empty() => format!("any {noun} matches"),
        Some((true, pattern)) => format!("{noun} `{}` matches `{pattern}`", event.name),
        Some((false, pattern)) => {
            return Err(format!("{noun} `{}` is excluded by `{pattern}`", event.name));
        }
        None => {
            return Err(format!(
                "{noun} `{}` matches none of {}",
                event.name,
                rule.refs.iter().map(|glob| format!("`{glob}`")).collect::<Vec<_>>().join(", ")
            ));
        }
    };
    if rule.paths.is_empty() {
        return Ok(by_ref);
    }
    let paths = Globs::parse(&rule.paths).map_err(|err| err.to_string())?;
    match changes {
        Changes::Unknown => Ok(format!("{by_ref}, and what changed is not known")),
        Changes::Paths(changed) => changed
            .iter()
            .find(|path| paths.matches(path))
            .map(|path| format!("{by_ref}, and `{path}` changed"))
            .ok_or_else(|| format!("none of the {} changed paths matches", changed.len())),
    }
}

const fn described(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Push => "pushes to branches",
        EventKind::Tag => "tags",
        EventKind::PullRequest => "pull requests",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(event: EventKind, refs: &[&str], paths: &[&str]) -> Rule {
        let own = |list: &[&str]| list.iter().map(|&glob| glob.to_owned()).collect();
        Rule {
            id: RuleId::fresh(),
            repository: RepositoryId(1),
            name: "production".to_owned(),
            event,
            refs: own(refs),
            paths: own(paths),
            environment: "production".to_owned(),
            compose_file: "compose.yaml".to_owned(),
            host: "{{app}}.localhost".to_owned(),
            policy: Policy::usual(event),
            on_registry_failure: OnRegistryFailure::Fail,
            pace: Pace::default(),
            enabled: true,
        }
    }

    fn push(name: &str) -> Event {
        Event { kind: EventKind::Push, name: name.to_owned(), from_fork: false }
    }

    fn why(event: &Event, changes: &Changes, rule: Rule) -> String {
        let decision = decide(event, changes, &[rule]).remove(0);
        format!("{}: {}", decision.matched, decision.reason)
    }

    #[test]
    fn a_star_does_not_cross_a_slash_and_two_do() {
        let globs = |glob: &str| Globs::parse(&[glob.to_owned()]).unwrap();
        assert!(globs("release/*").matches("release/1"));
        assert!(!globs("release/*").matches("release/1/hotfix"));
        assert!(globs("release/**").matches("release/1/hotfix"));
        assert!(globs("**/*.md").matches("docs/a/b.md"));
        assert!(!globs("*").matches("a/b"));
        assert!(globs("**").matches("a/b"));
        assert!(globs("v[0-9]*").matches("v1.2"));
    }

    #[test]
    fn the_last_pattern_that_matches_wins() {
        let globs = Globs::parse(&["**", "!wip/**", "wip/show/*"].map(str::to_owned)).unwrap();
        assert!(globs.matches("main"));
        assert!(!globs.matches("wip/a"));
        assert!(globs.matches("wip/show/a"));
    }

    #[test]
    fn every_decision_says_why() {
        let any = Changes::Unknown;
        let docs = Changes::Paths(vec!["docs/a.md".to_owned()]);
        let mut off = rule(EventKind::Push, &[], &[]);
        off.enabled = false;
        let lines = [
            why(&push("main"), &any, rule(EventKind::Push, &["main"], &[])),
            why(&push("dev"), &any, rule(EventKind::Push, &["main", "release/*"], &[])),
            why(&push("wip/x"), &any, rule(EventKind::Push, &["**", "!wip/*"], &[])),
            why(&push("main"), &any, rule(EventKind::Tag, &[], &[])),
            why(&push("main"), &docs, rule(EventKind::Push, &[], &["**", "!docs/**"])),
            why(&push("main"), &docs, rule(EventKind::Push, &[], &["docs/**"])),
            why(&push("main"), &any, rule(EventKind::Push, &[], &["docs/**"])),
            why(&push("main"), &any, off),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        true: branch `main` matches `main`
        false: branch `dev` matches none of `main`, `release/*`
        false: branch `wip/x` is excluded by `!wip/*`
        false: it listens to tags
        false: none of the 1 changed paths matches
        true: any branch matches, and `docs/a.md` changed
        true: any branch matches, and what changed is not known
        false: the rule is switched off
        ");
    }

    #[test]
    fn a_fork_never_deploys() {
        let event =
            Event { kind: EventKind::PullRequest, name: "main".to_owned(), from_fork: true };
        let line = why(&event, &Changes::Unknown, rule(EventKind::PullRequest, &[], &[]));
        assert_eq!(line, "false: the pull request comes from a fork, whose code is not run");
    }

    #[test]
    fn a_bad_pattern_is_named() {
        for bad in ["[", "a**b", "!", "!main"] {
            let err = Globs::parse(&[bad.to_owned()]).unwrap_err();
            assert!(err.to_string().contains(bad), "{err}");
        }
    }
}
