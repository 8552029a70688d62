//! The API: who asks, whether they may, and what each operation does.

mod activity;
mod apps;
pub(crate) mod auth;
mod pulls;
mod repos;

use std::collections::BTreeMap;

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use crate::description::{Description, Operation};
use crate::driver::types::{Faults, Request, Side};
use crate::sim::Sim;
use crate::world::Token;

/// How many requests an hour an installation has. The simulator counts down,
/// but never refuses by it.
const RATE_LIMIT: u64 = 5000;

/// A request to an operation, checked and authorised.
pub(crate) struct Call {
    pub(crate) params: BTreeMap<String, String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Value,
    pub(crate) identity: Identity,
    /// The path and query, for links to other pages.
    path: String,
    /// Whether it changes nothing.
    is_read: bool,
}

/// Who asks.
pub(crate) enum Identity {
    Nobody,
    /// An App, by its JWT.
    App(i64),
    /// An installation, by its token.
    Installation(Token),
}

/// What is answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// An answer, or a refusal; both are sent.
pub(crate) type Outcome = Result<Answer, Answer>;

impl Answer {
    pub(crate) const fn new(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), headers: Vec::new() }
    }

    pub(crate) const fn empty(status: u16) -> Self {
        Self { status, body: None, headers: Vec::new() }
    }

    /// A refusal with its message.
    pub(crate) fn refusal(status: u16, message: &str) -> Self {
        Self::new(
            status,
            json!({
                "message": message,
                "documentation_url": "https://docs.github.com/rest",
                "status": status.to_string(),
            }),
        )
    }

    pub(crate) fn not_found() -> Self {
        Self::refusal(404, "Not Found")
    }

    /// What a request asked for can't be done.
    pub(crate) fn invalid(why: impl std::fmt::Display) -> Self {
        Self::refusal(422, &format!("Validation Failed: {why}"))
    }
}

impl From<anyhow::Error> for Answer {
    fn from(err: anyhow::Error) -> Self {
        Self::invalid(format_args!("{err:#}"))
    }
}

impl Call {
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// A number in the path; the description was checked already.
    pub(crate) fn number(&self, name: &str) -> Result<i64, Answer> {
        self.param(name).parse().map_err(|_| Answer::not_found())
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.body[name].as_str().map(str::to_owned)
    }

    /// `items`, less what is on other pages, and the links to those.
    pub(crate) fn page(
        &self,
        sim: &Sim,
        items: &[Value],
        wrap: impl FnOnce(Value) -> Value,
    ) -> Answer {
        let read = |name: &str, other: usize| {
            self.query(name).and_then(|text| text.parse().ok()).unwrap_or(other)
        };
        let size = read("per_page", 30).clamp(1, 100);
        let page = read("page", 1).max(1);
        let last = items.len().div_ceil(size).max(1);
        let part: Value = items.iter().skip((page - 1) * size).take(size).cloned().collect();
        let mut links = Vec::new();
        for (relation, there, to) in [
            ("prev", page > 1, page.saturating_sub(1)),
            ("next", page < last, page + 1),
            ("last", page < last, last),
            ("first", page > 1, 1),
        ] {
            if there {
                let link = self.link(sim, &[("page", &to.to_string())]);
                links.push(format!("<{link}>; rel=\"{relation}\""));
            }
        }
        let mut answer = Answer::new(200, wrap(part));
        if !links.is_empty() {
            answer.headers.push(("link", links.join(", ")));
        }
        answer
    }

    /// This request's address with other parameters.
    pub(crate) fn link(&self, sim: &Sim, changed: &[(&str, &str)]) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = self.query.iter().filter(|(name, _)| !changed.iter().any(|(it, _)| it == name));
        query.extend_pairs(kept);
        query.extend_pairs(changed);
        format!("{}{path}?{}", sim.base_url(), query.finish())
    }
}

/// Whether a path is one of the API, by its first part. Those are no names of
/// accounts.
pub(crate) fn is_api(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match first {
        "api" | "app" | "app-manifests" | "events" | "graphql" | "installation" | "markdown"
        | "meta" | "notifications" | "orgs" | "rate_limit" | "repos" | "repositories"
        | "search" | "user" | "users" | "zen" => true,
        // The page that installs an App is under its name.
        "apps" => path.trim_matches('/').split('/').count() == 2,
        _ => false,
    }
}

/// Answers a request to the API.
pub(crate) async fn answer(
    sim: &Sim,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let (path_only, query) = path.split_once('?').unwrap_or((path, ""));
    let at = by_name(sim, path_only.strip_prefix("/api/v3").unwrap_or(path_only));
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let found = Description::get().find(method.as_str(), &at);
    let operation = found.as_ref().map(|(operation, _)| operation.id.clone());
    let answer = match found {
        Some((operation, params)) => {
            let call = Call {
                params,
                query,
                body: Value::Null,
                identity: Identity::Nobody,
                path: path.to_owned(),
                is_read: method == Method::GET,
            };
            operate(sim, operation, call, headers, body).await
        }
        None => {
            let why = "no operation that the simulator knows".to_owned();
            sim.blame(Side::Request, &format!("{method} {at}"), vec![(String::new(), why)]);
            Answer::not_found()
        }
    };
    let sent = u64::try_from(sim.world().requests.len()).unwrap_or(u64::MAX);
    sim.world().requests.push(Request {
        operation,
        method: method.to_string(),
        path: path.to_owned(),
        status: answer.status,
    });
    respond(sim, answer, sent)
}

async fn operate(
    sim: &Sim,
    operation: &Operation,
    mut call: Call,
    headers: &HeaderMap,
    body: &Bytes,
) -> Answer {
    if let Some(fault) = fault_before(&mut sim.world().faults) {
        return fault;
    }
    let mut misfits = header_misfits(headers, !body.is_empty());
    match serde_json::from_slice(body) {
        Ok(value) => call.body = value,
        Err(_) if body.is_empty() => {}
        Err(err) => {
            misfits.push((String::new(), format!("is no JSON: {err}")));
            sim.blame(Side::Request, &operation.id, misfits);
            return Answer::refusal(400, "Problems parsing JSON");
        }
    }
    let schema = Description::get().request(operation, &call.params, &call.query, &call.body);
    // A key too many does no harm at GitHub; anything else is refused.
    let refused = schema.iter().find(|(_, why)| !why.starts_with("is no key")).cloned();
    misfits.extend(schema);
    sim.blame(Side::Request, &operation.id, misfits);
    if let Some((place, why)) = refused {
        return Answer::invalid(format_args!("{place} {why}"));
    }
    let answer = match auth::identify(sim, &operation.id, &call, headers) {
        Ok(identity) => {
            call.identity = identity;
            perform(sim, &operation.id, &call).await.unwrap_or_else(|refusal| refusal)
        }
        Err(refusal) => refusal,
    };
    let misfits = Description::get().answer(operation, answer.status, answer.body.as_ref());
    sim.blame(Side::Answer, &operation.id, misfits);
    if operation.method != "GET" && answer.status < 300 {
        let mut world = sim.world();
        if world.faults.bad_gateway_after_write > 0 {
            world.faults.bad_gateway_after_write -= 1;
            return Answer::refusal(502, "Server Error");
        }
    }
    answer
}

async fn perform(sim: &Sim, operation: &str, call: &Call) -> Outcome {
    match operation {
        "apps/create-from-manifest" => apps::create_from_manifest(sim, call),
        "apps/create-installation-access-token" => apps::create_token(sim, call),
        "apps/delete-installation" => apps::delete_installation(sim, call),
        "apps/get-authenticated" => apps::get(sim, call),
        "apps/get-by-slug" => apps::by_slug(sim, call),
        "apps/get-installation" => apps::installation(sim, call),
        "apps/get-repo-installation" => apps::repository_installation(sim, call),
        "apps/get-webhook-config-for-app" => apps::hook_config(sim, call),
        "apps/get-webhook-delivery" => apps::delivery(sim, call),
        "apps/list-installations" => apps::installations(sim, call),
        "apps/list-repos-accessible-to-installation" => apps::repositories(sim, call),
        "apps/list-webhook-deliveries" => apps::deliveries(sim, call),
        "apps/redeliver-webhook-delivery" => apps::redeliver(sim, call),
        "apps/revoke-installation-access-token" => apps::revoke_token(sim, call),
        "apps/update-webhook-config-for-app" => apps::update_hook_config(sim, call),
        "checks/create" => activity::create_check(sim, call).await,
        "checks/get" => activity::check(sim, call),
        "checks/list-annotations" => activity::annotations(sim, call),
        "checks/list-for-ref" => activity::checks(sim, call).await,
        "checks/update" => activity::update_check(sim, call),
        "git/get-ref" => repos::git_ref(sim, call).await,
        "git/list-matching-refs" => repos::matching_refs(sim, call).await,
        "issues/create-comment" => pulls::create_comment(sim, call),
        "issues/delete-comment" => pulls::delete_comment(sim, call),
        "issues/get-comment" => pulls::comment(sim, call),
        "issues/list-comments" => pulls::comments(sim, call),
        "issues/update-comment" => pulls::update_comment(sim, call),
        "pulls/create" => pulls::create(sim, call).await,
        "pulls/get" => pulls::get(sim, call),
        "pulls/list" => pulls::list(sim, call),
        "pulls/list-files" => pulls::files(sim, call).await,
        "pulls/merge" => pulls::merge(sim, call).await,
        "pulls/update" => pulls::update(sim, call),
        "rate-limit/get" => Ok(rate_limit(sim)),
        "repos/compare-commits-with-basehead" => repos::compare(sim, call).await,
        "repos/create-deployment" => activity::create_deployment(sim, call).await,
        "repos/create-deployment-status" => activity::create_status(sim, call),
        "repos/delete-deployment" => activity::delete_deployment(sim, call),
        "repos/get" => repos::get(sim, call),
        "repos/get-branch" => repos::branch(sim, call).await,
        "repos/get-collaborator-permission-level" => repos::permission(sim, call),
        "repos/get-commit" => repos::commit(sim, call).await,
        "repos/get-deployment" => activity::deployment(sim, call),
        "repos/get-deployment-status" => activity::status(sim, call),
        "repos/list-branches" => repos::branches(sim, call),
        "repos/list-commits" => repos::commits(sim, call).await,
        "repos/list-deployment-statuses" => activity::statuses(sim, call),
        "repos/list-deployments" => activity::deployments(sim, call),
        "repos/list-tags" => repos::tags(sim, call).await,
        _ => Err(Answer::refusal(404, "the simulator does not do this")),
    }
}

/// A path by number, `/repositories/7/…`, by name. GitHub redirects to it after
/// a repository was renamed, though its description doesn't know it.
fn by_name(sim: &Sim, path: &str) -> String {
    let named = path.strip_prefix("/repositories/").and_then(|rest| {
        let (id, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let name = sim.world().repositories.get(&id.parse().ok()?)?.full_name();
        Some(format!("/repos/{name}/{rest}"))
    });
    named.unwrap_or_else(|| path.to_owned())
}

fn fault_before(faults: &mut Faults) -> Option<Answer> {
    if faults.unavailable > 0 {
        faults.unavailable -= 1;
        return Some(Answer::refusal(503, "Service Unavailable"));
    }
    if faults.rate_limited > 0 {
        faults.rate_limited -= 1;
        let message = "You have exceeded a secondary rate limit. Please wait.";
        let mut answer = Answer::refusal(403, message);
        if let Some(seconds) = faults.retry_after {
            answer.headers.push(("retry-after", seconds.to_string()));
        }
        return Some(answer);
    }
    None
}

fn header_misfits(headers: &HeaderMap, has_body: bool) -> Vec<(String, String)> {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let mut found = Vec::new();
    let mut wants = |name: &str, good: bool| {
        if !good {
            let why = format!("should not be {:?}", text(name));
            found.push((format!("header {name}"), why));
        }
    };
    wants("user-agent", !text("user-agent").is_empty());
    wants("accept", text("accept").contains("json"));
    wants("x-github-api-version", text("x-github-api-version") == "2022-11-28");
    wants("content-type", !has_body || text("content-type").starts_with("application/json"));
    found
}

fn rate_limit(sim: &Sim) -> Answer {
    let reset = sim.now().timestamp() + 3600;
    let one = |limit: u64| json!({ "limit": limit, "used": 0, "remaining": limit, "reset": reset });
    Answer::new(
        200,
        json!({
            "resources": { "core": one(RATE_LIMIT), "search": one(30), "graphql": one(5000) },
            "rate": one(RATE_LIMIT),
        }),
    )
}

fn respond(sim: &Sim, answer: Answer, sent: u64) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match answer.body {
        Some(body) => axum::Json(body).into_response(),
        None => ().into_response(),
    };
    *response.status_mut() = status;
    let used = sent % RATE_LIMIT;
    let headers = [
        ("x-github-media-type", "github.v3; format=json".to_owned()),
        ("x-github-api-version-selected", "2022-11-28".to_owned()),
        ("x-github-request-id", format!("SIM:{sent:08X}")),
        ("x-ratelimit-limit", RATE_LIMIT.to_string()),
        ("x-ratelimit-used", used.to_string()),
        ("x-ratelimit-remaining", (RATE_LIMIT - used).to_string()),
        ("x-ratelimit-reset", (sim.now().timestamp() + 3600).to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
    ];
    for (name, value) in headers.into_iter().chain(answer.headers) {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
