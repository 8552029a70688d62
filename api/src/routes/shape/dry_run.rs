//! What a deployment would do, as the reconciler writes it: read as far as it goes.

use berth_store::dry_runs;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::{ObservedDifference, difference, first_line, reason};
use crate::types::{
    Commit, DryRun, DryRunAnswer, DryRunAsked, DryRunFailure, DryRunText, ObjectKind, Phase,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    number: i64,
    commit: AnsweredCommit,
    git_ref: String,
    compose_file: String,
    failure: Option<Failure>,
    holds: Vec<String>,
    notes: Vec<String>,
    plan: Vec<String>,
    differences: Vec<ObservedDifference>,
    texts: Vec<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AnsweredCommit {
    sha: String,
    message: String,
    author: String,
}

#[derive(Debug, Deserialize)]
struct Failure {
    phase: String,
    reason: Value,
}

#[derive(Debug, Deserialize)]
struct Text {
    kind: String,
    name: String,
    desired: Option<String>,
    live: Option<String>,
}

/// A stack's last dry run.
pub(in crate::routes) fn dry_run(last: Option<dry_runs::DryRun>) -> DryRun {
    let Some(dry_runs::DryRun { asked_by, asked_at, answer }) = last else {
        return DryRun { asked: None, answer: None };
    };
    DryRun {
        asked: Some(DryRunAsked { by: asked_by, at: asked_at }),
        answer: answer.map(|(at, value)| answered(at, value)),
    }
}

fn answered(answered_at: DateTime<Utc>, value: Value) -> DryRunAnswer {
    let answer: Answer = serde_json::from_value(value).unwrap_or_default();
    let text = |Text { kind, name, desired, live }: Text| {
        Some(DryRunText { kind: ObjectKind::from_word(&kind)?, name, desired, live })
    };
    DryRunAnswer {
        answered_at,
        number: answer.number,
        commit: Commit {
            message: first_line(&answer.commit.message).to_owned(),
            sha: answer.commit.sha,
            author: answer.commit.author,
        },
        git_ref: answer.git_ref,
        compose_file: answer.compose_file,
        failure: answer.failure.and_then(|failure| {
            let phase = Phase::from_word(&failure.phase)?;
            Some(DryRunFailure { phase, reason: reason(failure.reason)? })
        }),
        holds: answer.holds,
        notes: answer.notes,
        plan: answer.plan,
        differences: answer.differences.into_iter().filter_map(difference).collect(),
        texts: answer.texts.into_iter().filter_map(text).collect(),
    }
}
