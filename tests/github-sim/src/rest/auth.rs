//! Who asks, by JWT or token, and whether they may.

use http::{HeaderMap, header};
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;

use super::{Answer, Call, Identity};
use crate::keys;
use crate::sim::Sim;
use crate::world::{Repository, Token};

/// The most that a JWT may be valid for, from now.
const JWT_LIFE: i64 = 10 * 60;
/// How far ahead of ours a client's clock may be.
const CLOCK_SKEW: i64 = 60;

/// What an operation asks for.
enum Needs {
    Nothing,
    /// The App's JWT.
    App,
    /// An installation's token, with any of these permissions.
    Permission(&'static [(&'static str, &'static str)]),
}

fn needs(operation: &str) -> Needs {
    match operation {
        "apps/create-from-manifest" | "apps/get-by-slug" | "rate-limit/get" => Needs::Nothing,
        "apps/list-repos-accessible-to-installation"
        | "apps/revoke-installation-access-token"
        | "repos/get"
        | "repos/get-collaborator-permission-level" => Needs::Permission(&[("metadata", "read")]),
        "checks/create" | "checks/update" => Needs::Permission(&[("checks", "write")]),
        "checks/get" | "checks/list-annotations" | "checks/list-for-ref" => {
            Needs::Permission(&[("checks", "read")])
        }
        "issues/create-comment" | "issues/delete-comment" | "issues/update-comment" => {
            Needs::Permission(&[("issues", "write"), ("pull_requests", "write")])
        }
        "issues/get-comment" | "issues/list-comments" => {
            Needs::Permission(&[("issues", "read"), ("pull_requests", "read")])
        }
        "pulls/get" | "pulls/list" | "pulls/list-files" => {
            Needs::Permission(&[("pull_requests", "read")])
        }
        "pulls/create" | "pulls/update" => Needs::Permission(&[("pull_requests", "write")]),
        "pulls/merge" => Needs::Permission(&[("contents", "write")]),
        "repos/create-deployment"
        | "repos/create-deployment-status"
        | "repos/delete-deployment" => Needs::Permission(&[("deployments", "write")]),
        "repos/get-deployment"
        | "repos/get-deployment-status"
        | "repos/list-deployment-statuses"
        | "repos/list-deployments" => Needs::Permission(&[("deployments", "read")]),
        _ if operation.starts_with("apps/") => Needs::App,
        _ => Needs::Permission(&[("contents", "read")]),
    }
}

/// Finds out who asks, and refuses those who may not.
pub(super) fn identify(
    sim: &Sim,
    operation: &str,
    call: &Call,
    headers: &HeaderMap,
) -> Result<Identity, Answer> {
    if !headers.contains_key(header::USER_AGENT) {
        return Err(Answer::refusal(403, "Request forbidden by administrative rules."));
    }
    let bearer = bearer(headers);
    match needs(operation) {
        Needs::Nothing => Ok(Identity::Nobody),
        Needs::App => {
            let jwt = bearer.ok_or_else(|| Answer::refusal(401, "Requires authentication"))?;
            app(sim, &jwt).map(Identity::App)
        }
        Needs::Permission(any) => {
            let text = bearer.ok_or_else(|| Answer::refusal(401, "Requires authentication"))?;
            let token = token(sim, &text)?;
            let repository = repository_of(sim, call)?;
            if repository.is_some_and(|it| !reaches(sim, &token, &it)) {
                return Err(Answer::not_found());
            }
            if any.iter().any(|(name, access)| token.grants(name, access)) {
                return Ok(Identity::Installation(token));
            }
            Err(Answer::refusal(403, "Resource not accessible by integration"))
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token");
    known.then(|| rest.trim().to_owned())
}

#[derive(Deserialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: Issuer,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Issuer {
    Number(i64),
    Text(String),
}

/// The App whose key signed a JWT.
fn app(sim: &Sim, jwt: &str) -> Result<i64, Answer> {
    let undecodable = || Answer::refusal(401, "A JSON web token could not be decoded");
    let mut rules = Validation::new(Algorithm::RS256);
    // The times are judged below, by the simulator's clock.
    rules.validate_exp = false;
    rules.required_spec_claims.clear();
    let claimed: Claims =
        jsonwebtoken::dangerous::insecure_decode(jwt).map_err(|_| undecodable())?.claims;
    let issuer = match claimed.iss {
        Issuer::Number(id) => id.to_string(),
        Issuer::Text(text) => text,
    };
    let app = {
        let world = sim.world();
        let mut apps = world.apps.values();
        apps.find(|app| app.id.to_string() == issuer || app.client_id == issuer).cloned()
    };
    let app = app.ok_or_else(|| Answer::refusal(404, "Integration not found"))?;
    let key = keys::nth(app.key).map_err(|_| undecodable())?.verifier();
    jsonwebtoken::decode::<Claims>(jwt, &key, &rules).map_err(|_| undecodable())?;
    let now = sim.now().timestamp();
    if claimed.exp <= now {
        let why = "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
        return Err(Answer::refusal(401, why));
    }
    if claimed.exp > now + JWT_LIFE + CLOCK_SKEW
        || claimed.exp - claimed.iat > JWT_LIFE + CLOCK_SKEW
    {
        return Err(Answer::refusal(
            401,
            "'Expiration time' claim ('exp') is too far in the future",
        ));
    }
    if claimed.iat > now + CLOCK_SKEW {
        return Err(Answer::refusal(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ));
    }
    Ok(app.id)
}

/// A token that still holds.
pub(crate) fn token(sim: &Sim, text: &str) -> Result<Token, Answer> {
    let bad = || Answer::refusal(401, "Bad credentials");
    let now = sim.now();
    let world = sim.world();
    let token = world.tokens.get(text).ok_or_else(bad)?.clone();
    let installation = world.installations.get(&token.installation).ok_or_else(bad)?;
    if token.expires_at <= now {
        return Err(bad());
    }
    if installation.suspended_at.is_some() {
        return Err(Answer::refusal(403, "This installation has been suspended"));
    }
    drop(world);
    Ok(token)
}

impl Token {
    /// Whether it has at least this access.
    pub(crate) fn grants(&self, name: &str, access: &str) -> bool {
        let rank = |access: &str| match access {
            "read" => 1,
            "write" => 2,
            "admin" => 3,
            _ => 0,
        };
        self.permissions.get(name).is_some_and(|has| rank(has) >= rank(access))
    }
}

/// Whether a token may see a repository.
pub(crate) fn reaches(sim: &Sim, token: &Token, repository: &Repository) -> bool {
    let world = sim.world();
    world.installations.get(&token.installation).is_some_and(|it| world.covers(it, repository.id))
        && token.repositories.as_ref().is_none_or(|ids| ids.contains(&repository.id))
}

/// The repository that a call is about. Under an old name, the call is sent on.
fn repository_of(sim: &Sim, call: &Call) -> Result<Option<Repository>, Answer> {
    let (owner, name) = (call.param("owner"), call.param("repo"));
    if owner.is_empty() || name.is_empty() {
        return Ok(None);
    }
    let full_name = format!("{owner}/{name}");
    let world = sim.world();
    if let Some(it) = world.repository(&full_name) {
        return Ok(Some(it.clone()));
    }
    let Some(moved) = world.renamed(&full_name) else { return Err(Answer::not_found()) };
    let rest = call.path.split_once(name).map_or("", |(_, rest)| rest);
    let location = format!("{}/repositories/{}{rest}", sim.base_url(), moved.id);
    drop(world);
    let status = if call.is_read { 301 } else { 307 };
    let mut answer = Answer::refusal(status, "Moved Permanently");
    answer.headers.push(("location", location));
    Err(answer)
}
