//! What we tell GitHub, as pure functions from how a deployment stands.
//!
//! Three places show it: GitHub's deployment with its statuses, one check run a
//! stack, and one comment on the pull request that is rewritten in place.
//! Everything that comes from a user (names, messages, output of a build) is
//! escaped, so that it can neither mention anybody nor break the layout.

mod markdown;

use std::collections::BTreeMap;

use berth_domain::deployment::{Phase, Place, Reason};
use chrono::{DateTime, Utc};

use self::markdown::{code, cut, escape, fenced, html_code, link};
use crate::wire::{
    Annotation, CheckAction, CheckOutput, CheckRun, DeploymentState, DeploymentStatus,
    NewDeployment,
};

/// The longest description of a deployment or its status, in characters.
const DESCRIPTION_MAX: usize = 140;

/// The longest summary or text of a check run, in characters.
const SUMMARY_MAX: usize = 65_535;

/// The longest comment, in characters.
const COMMENT_MAX: usize = 65_536;

/// The most notes that a check run takes at once.
const ANNOTATIONS_MAX: usize = 50;

/// The longest title of a check run that GitHub shows whole.
const TITLE_MAX: usize = 120;

/// The identifier of the check run's button, as it comes back in
/// [`requested_action`](crate::webhook::CheckRun::requested_action).
pub const REDEPLOY: &str = "redeploy";

/// How a deployment stands, with all that a report says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The stack's name.
    pub stack: String,
    /// The environment's name.
    pub environment: String,
    /// The pull request, for a preview.
    pub pull_request: Option<i64>,
    /// The deployment's id.
    pub deployment_id: String,
    /// The deployment's number in its stack.
    pub number: i64,
    /// The commit.
    pub sha: String,
    /// How far it has come.
    pub phase: Phase,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// Where it serves, most important first.
    pub urls: Vec<String>,
    /// Berth's page about it.
    pub page_url: String,
    /// Its services.
    pub services: Vec<Service>,
    /// When it was received.
    pub created_at: DateTime<Utc>,
    /// When it was over.
    pub finished_at: Option<DateTime<Utc>>,
    /// Whether the stack has been taken down since.
    pub removed: bool,
}

/// One service of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name in the compose file.
    pub name: String,
    /// How it is, in a word or two, such as `running 2/2`.
    pub status: String,
}

impl Report {
    fn short_sha(&self) -> &str {
        self.sha.get(..7).unwrap_or(&self.sha)
    }

    /// One sentence on how it stands.
    fn sentence(&self) -> String {
        match self.phase {
            _ if self.removed => "The stack was taken down.".to_owned(),
            Phase::Received => "Waiting to start.".to_owned(),
            Phase::Fetched => "Building images.".to_owned(),
            Phase::Built => "Rendering the compose file.".to_owned(),
            Phase::Rendered => "Applying to the swarm.".to_owned(),
            Phase::Applied => "Waiting until every service is healthy.".to_owned(),
            Phase::Converged => "Checking the routes.".to_owned(),
            Phase::Routed => "Finishing.".to_owned(),
            Phase::Succeeded => match self.took() {
                Some(seconds) => format!("Deployed in {seconds} s."),
                None => "Deployed.".to_owned(),
            },
            Phase::Failed => match &self.reason {
                Some(reason) => format!("Failed: {}", first_line(&reason.text)),
                None => "Failed.".to_owned(),
            },
            Phase::Superseded => "A newer deployment took over.".to_owned(),
            Phase::Cancelled => "Cancelled.".to_owned(),
        }
    }

    fn took(&self) -> Option<i64> {
        Some((self.finished_at? - self.created_at).num_seconds().max(0))
    }

    /// How it stands, in the words of GitHub's deployments.
    #[must_use]
    pub const fn state(&self) -> DeploymentState {
        match self.phase {
            _ if self.removed => DeploymentState::Inactive,
            Phase::Received => DeploymentState::Queued,
            Phase::Fetched
            | Phase::Built
            | Phase::Rendered
            | Phase::Applied
            | Phase::Converged
            | Phase::Routed => DeploymentState::InProgress,
            Phase::Succeeded => DeploymentState::Success,
            Phase::Failed => DeploymentState::Failure,
            Phase::Superseded | Phase::Cancelled => DeploymentState::Inactive,
        }
    }

    /// A check run's status and, once it is over, its conclusion.
    const fn conclusion(&self) -> (&'static str, Option<&'static str>) {
        match self.phase {
            Phase::Received => ("queued", None),
            Phase::Fetched
            | Phase::Built
            | Phase::Rendered
            | Phase::Applied
            | Phase::Converged
            | Phase::Routed => ("in_progress", None),
            Phase::Succeeded => ("completed", Some("success")),
            Phase::Failed => ("completed", Some("failure")),
            Phase::Superseded | Phase::Cancelled => ("completed", Some("cancelled")),
        }
    }
}

/// The deployment to create at GitHub.
///
/// All previews share the environment `preview`: each name leaves a row in the
/// repository's settings for good, and we may not delete those.
#[must_use]
pub fn deployment(report: &Report) -> NewDeployment {
    let preview = report.pull_request.is_some();
    let environment = if preview { "preview" } else { report.environment.as_str() };
    let description = match report.pull_request {
        Some(number) => format!("Preview of pull request {number}: {}", report.stack),
        None => format!("Stack {}, deployment {}", report.stack, report.number),
    };
    NewDeployment {
        git_ref: report.sha.clone(),
        task: "deploy".to_owned(),
        auto_merge: false,
        required_contexts: Vec::new(),
        environment: environment.to_owned(),
        description: cut(&description, DESCRIPTION_MAX),
        transient_environment: preview,
        production_environment: report.environment == "production",
        payload: BTreeMap::from([
            ("berth_stack".to_owned(), report.stack.clone()),
            ("berth_deployment".to_owned(), report.deployment_id.clone()),
        ]),
    }
}

/// The status to add to the deployment at GitHub.
#[must_use]
pub fn deployment_status(report: &Report) -> DeploymentStatus {
    let state = report.state();
    let serves = state == DeploymentState::Success;
    DeploymentStatus {
        state,
        log_url: report.page_url.clone(),
        description: cut(&report.sentence(), DESCRIPTION_MAX),
        environment_url: report.urls.first().filter(|_| serves).cloned(),
        auto_inactive: false,
    }
}

/// The check run to create or bring up to date.
#[must_use]
pub fn check_run(report: &Report) -> CheckRun {
    let (status, conclusion) = report.conclusion();
    let over = conclusion.is_some();
    let failure = report.reason.as_ref().filter(|_| report.phase == Phase::Failed);
    let redeploy = CheckAction {
        label: "Redeploy".to_owned(),
        description: "Deploy this commit again".to_owned(),
        identifier: REDEPLOY.to_owned(),
    };
    CheckRun {
        name: format!("berth / {}", report.stack),
        head_sha: report.sha.clone(),
        details_url: report.page_url.clone(),
        external_id: report.deployment_id.clone(),
        status: status.to_owned(),
        started_at: (status != "queued").then_some(report.created_at),
        conclusion: conclusion.map(str::to_owned),
        completed_at: if over { report.finished_at } else { None },
        output: CheckOutput {
            title: cut(&report.sentence(), TITLE_MAX),
            summary: cut(&summary(report), SUMMARY_MAX),
            text: failure.map(failure_text),
            annotations: failure
                .and_then(|reason| reason.place.as_ref().map(|place| annotation(place, reason)))
                .into_iter()
                .take(ANNOTATIONS_MAX)
                .collect(),
        },
        actions: if over { vec![redeploy] } else { Vec::new() },
    }
}

fn summary(report: &Report) -> String {
    let mut lines = vec![
        format!(
            "{} Commit {} on stack {}.",
            escape(&report.sentence()),
            code(report.short_sha()),
            code(&report.stack)
        ),
        String::new(),
    ];
    lines.extend(report.urls.iter().map(|url| format!("- {}", link(shown(url), url))));
    lines.push(format!("- {}", link("Phases and build log", &report.page_url)));
    if !report.services.is_empty() {
        lines.extend([String::new(), "| Service | Status |".to_owned(), "|---|---|".to_owned()]);
        lines.extend(
            report.services.iter().map(|service| {
                format!("| {} | {} |", escape(&service.name), escape(&service.status))
            }),
        );
    }
    lines.join("\n")
}

fn failure_text(reason: &Reason) -> String {
    let place = match &reason.place {
        Some(place) => format!("At {}:\n\n", code(&place.to_string())),
        None => String::new(),
    };
    format!("{place}{}", fenced(&reason.text, SUMMARY_MAX - place.chars().count() - 32))
}

fn annotation(place: &Place, reason: &Reason) -> Annotation {
    let line = place.line.max(1);
    Annotation {
        path: place.file.clone(),
        start_line: line,
        end_line: line,
        start_column: Some(place.column.max(1)),
        end_column: Some(place.column.max(1)),
        annotation_level: "failure".to_owned(),
        message: cut(&reason.text, 10_000),
        title: Some(reason.code.clone()),
    }
}

/// The invisible words by which we know our comment on `pull_request` again.
#[must_use]
pub fn marker(instance: &str, pull_request: i64) -> String {
    let instance: String =
        instance.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    format!("<!-- berth:sticky:{instance}:{pull_request} -->")
}

/// The comment on a pull request: a row for each stack that previews it.
#[must_use]
pub fn comment(marker: &str, reports: &[Report], now: DateTime<Utc>) -> String {
    let mut lines = vec![
        marker.to_owned(),
        String::new(),
        "| Stack | Status | Preview | Details | Updated (UTC) |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    for report in reports {
        let preview = if report.removed {
            "—".to_owned()
        } else {
            report.urls.iter().map(|url| link(shown(url), url)).collect::<Vec<_>>().join("<br>")
        };
        lines.push(format!(
            "| {} | {} {} | {preview} | {} | {} {} |",
            code(&report.stack),
            icon(report),
            word(report),
            link("Phases and log", &report.page_url),
            report.finished_at.unwrap_or(now).format("%Y-%m-%d %H:%M"),
            code(report.short_sha()),
        ));
    }
    for report in reports.iter().filter(|report| report.phase == Phase::Failed && !report.removed) {
        let Some(reason) = &report.reason else { continue };
        let place = match &reason.place {
            Some(place) => format!(" at {}", html_code(&place.to_string())),
            None => String::new(),
        };
        lines.push(format!(
            "\n<details><summary>Why {} failed{place}</summary>\n\n{}\n\n</details>\n\nWhat served before still serves. Push a fix, or press *Redeploy* on the check.",
            html_code(&report.stack),
            fenced(&reason.text, 6_000),
        ));
    }
    cut(&lines.join("\n"), COMMENT_MAX)
}

const fn icon(report: &Report) -> &'static str {
    match report.state() {
        DeploymentState::Queued | DeploymentState::InProgress => "🟡",
        DeploymentState::Success => "🟢",
        DeploymentState::Failure | DeploymentState::Error => "🔴",
        DeploymentState::Inactive => "⚪",
    }
}

const fn word(report: &Report) -> &'static str {
    match report.phase {
        _ if report.removed => "Removed",
        Phase::Received => "Waiting",
        Phase::Fetched => "Building",
        Phase::Built | Phase::Rendered | Phase::Applied | Phase::Converged | Phase::Routed => {
            "Deploying"
        }
        Phase::Succeeded => "Ready",
        Phase::Failed => "Failed",
        Phase::Superseded => "Superseded",
        Phase::Cancelled => "Cancelled",
    }
}

/// An address as people say it.
fn shown(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

fn first_line(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim()
}

#[cfg(test)]
pub(crate) mod tests;
