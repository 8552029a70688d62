//! Rows to wire types. What a pass saw is read as far as it goes: a field that
//! another version of Berth does not know is left out, never an error.

mod dry_run;
mod links;
mod story;

use berth_domain::stack::StackSpec;
use berth_store::views::deployments::{DeploymentView, PhaseView};
use berth_store::views::stacks::StackView;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

pub(super) use self::dry_run::dry_run;
pub(super) use self::story::story;
use crate::types::{
    Approval, Commit, Deployment, DeploymentPhase, Difference, Freeze, Health, HealthState,
    LatestDeployment, ObjectKind, Paused, Phase, PhaseState, Place, Policy, PullRequest, Reason,
    Service, Stack, StackKind, StackSettings, StackSummary, State, SyncedState, Trigger, Verdict,
    Wanted,
};

/// The phases of a deployment that goes well, in order.
const COURSE: [Phase; 8] = [
    Phase::Received,
    Phase::Fetched,
    Phase::Built,
    Phase::Rendered,
    Phase::Applied,
    Phase::Converged,
    Phase::Routed,
    Phase::Succeeded,
];

/// What a pass saw of a stack, as the reconciler writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Observed {
    health: String,
    synced: bool,
    services: Vec<ObservedService>,
    plan: Vec<String>,
    routes: Vec<String>,
    message: String,
    differences: Vec<ObservedDifference>,
    state: Option<ObservedState>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ObservedDifference {
    kind: String,
    name: String,
    field: String,
    desired: Option<String>,
    live: Option<String>,
    sentence: String,
}

#[derive(Debug, Deserialize)]
struct ObservedState {
    synced: ObservedAnswer<bool>,
    healthy: ObservedAnswer<String>,
}

#[derive(Debug, Deserialize)]
struct ObservedAnswer<T> {
    value: T,
    reason: String,
    since: DateTime<Utc>,
}

impl Observed {
    /// The services, as they are shown, and the rest.
    fn split(mut self) -> (Vec<Service>, Self) {
        let services = std::mem::take(&mut self.services).into_iter().map(service).collect();
        (services, self)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ObservedService {
    name: String,
    image: String,
    mode: String,
    running: i64,
    wanted: i64,
    health: String,
    code: String,
    reason: String,
    ports: Vec<Value>,
    urls: Vec<String>,
    state: Option<ObservedState>,
}

#[derive(Debug, Deserialize)]
struct StoredReason {
    code: String,
    text: String,
    #[serde(default)]
    place: Option<StoredPlace>,
}

#[derive(Debug, Deserialize)]
struct StoredPlace {
    file: String,
    line: u32,
    column: u32,
}

/// A stack, as a row of a list.
pub(super) fn summary(row: StackView, github: &Url) -> StackSummary {
    let (services, seen) = observed(row.observed.clone()).split();
    summarize(row, github, &services, &seen)
}

/// A stack; `spec` is what its release says of it, where it has one.
pub(super) fn stack(
    row: StackView,
    settings: StackSettings,
    spec: Option<&StackSpec>,
    github: &Url,
) -> Stack {
    let observed_at = row.observed_at;
    let (mut services, seen) = observed(row.observed.clone()).split();
    if let Some(spec) = spec {
        links::add(&mut services, spec);
    }
    Stack {
        summary: summarize(row, github, &services, &seen),
        settings,
        services,
        plan: seen.plan,
        differences: seen.differences.into_iter().filter_map(difference).collect(),
        state: seen.state.map(state),
        routes: seen.routes,
        message: seen.message,
        observed_at,
    }
}

fn summarize(
    row: StackView,
    github: &Url,
    services: &[Service],
    observed: &Observed,
) -> StackSummary {
    let wanted = Wanted::from_word(&row.wanted).unwrap_or(Wanted::Present);
    let latest = row.latest_number.zip(row.latest_phase.as_deref().and_then(Phase::from_word));
    let well = services.iter().filter(|it| it.health == Health::Healthy).count();
    let health = match Health::from_word(&observed.health) {
        Some(health) => health,
        // No pass has looked yet.
        None if row.deploying => Health::Progressing,
        None => Health::Unknown,
    };
    let attention = (wanted == Wanted::Present)
        .then(|| attention(latest, row.latest_reason, health, services, &observed.message))
        .flatten();
    let commit = row.commit_sha.map(|sha| Commit {
        sha,
        message: first_line(&row.commit_message.unwrap_or_default()).to_owned(),
        author: row.commit_author.unwrap_or_default(),
    });
    let pull_request = row.pull_request.map(|number| PullRequest {
        number,
        title: row.pull_request_title.unwrap_or_default(),
        author: row.pull_request_author.unwrap_or_default(),
        url: page(github, &[&row.owner, &row.repository, "pull", &number.to_string()]),
    });
    StackSummary {
        name: row.name,
        repository: format!("{}/{}", row.owner, row.repository),
        repository_id: row.repository_id,
        environment: row.environment,
        kind: StackKind::from_word(&row.kind).unwrap_or(StackKind::Permanent),
        pull_request,
        health,
        synced: observed.synced,
        deploying: row.deploying,
        paused: row.paused_by.zip(row.paused_at).map(|(by, at)| Paused { by, at }),
        wanted,
        urls: urls(services.iter().flat_map(|it| &it.urls)),
        commit,
        services_running: count(well),
        services_wanted: count(services.len()),
        updated_at: row.updated_at,
        attention,
        policy: row.latest_policy.as_deref().and_then(Policy::from_word),
        latest_deployment: latest.map(|(number, phase)| LatestDeployment { number, phase }),
    }
}

/// A deployment.
pub(super) fn deployment(row: DeploymentView) -> Deployment {
    let phase = Phase::from_word(&row.phase).unwrap_or(Phase::Received);
    let seen = observed(row.observed);
    Deployment {
        id: row.id,
        stack: row.stack,
        number: row.number,
        trigger: Trigger::from_word(&row.trigger).unwrap_or(Trigger::Manual),
        why: row.why,
        rule_name: row.rule_name,
        delivery_id: row.delivery_id,
        commit: Commit {
            sha: row.commit_sha,
            message: first_line(&row.commit_message).to_owned(),
            author: row.commit_author,
        },
        git_ref: row.git_ref,
        phase,
        reason: row.reason.and_then(reason),
        waiting: row.waiting,
        needs_approval: row.needs_approval,
        approved: row.approved_by.zip(row.approved_at).map(|(by, at)| Approval { by, at }),
        rejected: verdict(row.rejected_by, row.rejected_at, row.rejected_reason),
        frozen: row
            .frozen_from
            .zip(row.frozen_until)
            .zip(row.frozen_reason)
            .map(|((from, until), reason)| Freeze { from, until, reason }),
        freeze_override: verdict(
            row.freeze_overridden_by,
            row.freeze_overridden_at,
            row.freeze_override_reason,
        ),
        phases: course(phase, &row.phases),
        created_at: row.created_at,
        finished_at: row.finished_at,
        duration_ms: row.duration_ms,
        urls: urls(seen.services.iter().flat_map(|it| &it.urls)),
        images: row.images.map(images).unwrap_or_default(),
        can_roll_back: row.can_roll_back,
    }
}

fn verdict(
    by: Option<String>,
    at: Option<DateTime<Utc>>,
    reason: Option<String>,
) -> Option<Verdict> {
    let ((by, at), reason) = by.zip(at).zip(reason)?;
    Some(Verdict { by, at, reason })
}

/// The eight phases, those that were not begun too.
fn course(phase: Phase, rows: &[PhaseView]) -> Vec<DeploymentPhase> {
    let over = phase >= Phase::Succeeded;
    COURSE
        .into_iter()
        .map(|step| match rows.iter().find(|row| row.phase == step.as_str()) {
            Some(row) => {
                let state = PhaseState::from_word(&row.state).unwrap_or(PhaseState::Running);
                // What nobody works on any more does not go on.
                let halted = over && state == PhaseState::Running;
                DeploymentPhase {
                    phase: step,
                    state: if halted { PhaseState::Stopped } else { state },
                    started_at: Some(row.started_at),
                    ended_at: row.ended_at,
                    message: row.message.clone(),
                }
            }
            None => DeploymentPhase {
                phase: step,
                state: if over { PhaseState::Stopped } else { PhaseState::Pending },
                started_at: None,
                ended_at: None,
                message: String::new(),
            },
        })
        .collect()
}

/// What a person should look into, the most pressing first.
///
/// The store's list of stacks finds them by the same conditions.
fn attention(
    latest: Option<(i64, Phase)>,
    why: Option<Value>,
    health: Health,
    services: &[Service],
    message: &str,
) -> Option<String> {
    if let Some((number, Phase::Failed)) = latest {
        let why = why.and_then(reason).map(|reason| first_line(&reason.text).to_owned());
        return Some(match why {
            Some(why) if !why.is_empty() => format!("Deployment {number} failed: {why}"),
            _ => format!("Deployment {number} failed."),
        });
    }
    let sick = services.iter().find(|it| it.health == Health::Degraded && !it.reason.is_empty());
    if let Some(Service { name, reason, .. }) = sick {
        return Some(format!("{name}: {reason}"));
    }
    if !message.is_empty() {
        return Some(first_line(message).to_owned());
    }
    (health == Health::Degraded).then(|| "A service is not well.".to_owned())
}

fn service(it: ObservedService) -> Service {
    let text = |value: Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    Service {
        name: it.name,
        image: it.image,
        mode: it.mode,
        running: it.running,
        wanted: it.wanted,
        health: Health::from_word(&it.health).unwrap_or(Health::Unknown),
        code: it.code,
        reason: it.reason,
        ports: it.ports.into_iter().map(text).collect(),
        urls: it.urls,
        volumes: Vec::new(),
        depends_on: Vec::new(),
        state: it.state.map(state),
    }
}

/// What is of a kind that this version does not know is left out.
fn difference(it: ObservedDifference) -> Option<Difference> {
    let ObservedDifference { kind, name, field, desired, live, sentence } = it;
    let kind = ObjectKind::from_word(&kind)?;
    Some(Difference { kind, name, field, desired, live, sentence })
}

fn state(it: ObservedState) -> State {
    let ObservedState { synced, healthy } = it;
    State {
        synced: SyncedState { value: synced.value, reason: synced.reason, since: synced.since },
        healthy: HealthState {
            value: Health::from_word(&healthy.value).unwrap_or(Health::Unknown),
            reason: healthy.reason,
            since: healthy.since,
        },
    }
}

fn observed(value: Option<Value>) -> Observed {
    value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

pub(super) fn reason(value: Value) -> Option<Reason> {
    let StoredReason { code, text, place } = serde_json::from_value(value).ok()?;
    let place = place.map(|StoredPlace { file, line, column }| Place { file, line, column });
    Some(Reason { code, text, place })
}

/// The names of images, from a release's list of them.
fn images(value: Value) -> Vec<String> {
    let Value::Array(images) = value else { return Vec::new() };
    images
        .into_iter()
        .filter_map(|image| match image {
            Value::String(name) => Some(name),
            Value::Object(fields) => fields.get("tag")?.as_str().map(str::to_owned),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        })
        .collect()
}

/// Each address once, in order.
fn urls<'a>(all: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut urls: Vec<String> = Vec::new();
    for url in all {
        if !urls.contains(url) {
            urls.push(url.clone());
        }
    }
    urls
}

/// A page of GitHub's.
pub(super) fn page(github: &Url, segments: &[&str]) -> String {
    let mut url = github.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url.into()
}

pub(super) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;

    fn row(phase: &str, state: &str) -> PhaseView {
        let at = DateTime::<Utc>::UNIX_EPOCH;
        PhaseView {
            phase: phase.to_owned(),
            state: state.to_owned(),
            started_at: at,
            ended_at: Some(at + TimeDelta::seconds(1)),
            message: String::new(),
        }
    }

    fn states(phase: Phase, rows: &[PhaseView]) -> Vec<&'static str> {
        course(phase, rows).iter().map(|it| it.state.as_str()).collect()
    }

    #[test]
    fn there_are_always_eight_phases_and_none_goes_on_after_the_end() {
        let rows = [row("received", "done"), row("fetched", "running")];
        assert_eq!(
            states(Phase::Received, &rows),
            ["done", "running", "pending", "pending", "pending", "pending", "pending", "pending"]
        );
        assert_eq!(
            states(Phase::Cancelled, &rows),
            ["done", "stopped", "stopped", "stopped", "stopped", "stopped", "stopped", "stopped"]
        );
    }

    #[test]
    fn what_a_pass_saw_is_read_as_far_as_it_goes() {
        let seen = observed(Some(json!({
            "health": "degraded",
            "news": 1,
            "services": [{"name": "web", "health": "degraded", "ports": [80, "443:8443/tcp"]}],
        })));
        assert_eq!(seen.health, "degraded");
        let web = service(seen.services.into_iter().next().unwrap());
        assert_eq!(web.ports, ["80", "443:8443/tcp"]);
        assert!(observed(Some(json!("nonsense"))).services.is_empty());
    }

    #[test]
    fn the_most_pressing_thing_is_said() {
        let failed = Some((7, Phase::Failed));
        let why = json!({"code": "build_failed", "text": "`web` does not build\nmore"});
        assert_eq!(
            attention(failed, Some(why), Health::Healthy, &[], "").as_deref(),
            Some("Deployment 7 failed: `web` does not build")
        );
        assert_eq!(
            attention(failed, None, Health::Healthy, &[], "").as_deref(),
            Some("Deployment 7 failed.")
        );
        let sick = service(ObservedService {
            name: "api".to_owned(),
            health: "degraded".to_owned(),
            reason: "its tasks failed 3 times".to_owned(),
            ..ObservedService::default()
        });
        assert_eq!(
            attention(None, None, Health::Degraded, &[sick], "x").as_deref(),
            Some("api: its tasks failed 3 times")
        );
        assert_eq!(attention(None, None, Health::Healthy, &[], ""), None);
    }

    #[test]
    fn a_page_of_github_may_be_below_a_path() {
        let at = |base: &str| page(&Url::parse(base).unwrap(), &["acme", "shop", "pull", "7"]);
        assert_eq!(at("https://github.com"), "https://github.com/acme/shop/pull/7");
        assert_eq!(at("http://localhost:3000/gh/"), "http://localhost:3000/gh/acme/shop/pull/7");
    }
}
