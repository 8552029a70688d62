//! Who we are to registries.

use axum::Json;
use axum::extract::State;
use berth_domain::registry::{DOCKER_HUB, Login};
use berth_store::acts::{self, Actor, Kind, NewAct};
use berth_store::intent::Intent;
use berth_store::registries;
use berth_swarm::LoginCheck;
use http::StatusCode;
use secrecy::ExposeSecret as _;

use crate::auth::Admin;
use crate::extract::{Json as Body, Path};
use crate::pagination::Page;
use crate::problem::{FieldError, Problem, Result};
use crate::state::ApiState;
use crate::types::{LoginOutcome, Registry, RegistryCheck, RegistryLogin, RegistryPage};

/// Characters in a name, and bytes in a password: access tokens can be long.
const NAME_MAX: usize = 255;
const PASSWORD_MAX: usize = 8192;

/// List the registries that there is a login for
///
/// Passwords are not in it.
#[utoipa::path(
    get,
    path = "/api/v1/registries",
    tag = "registries",
    responses((status = 200, description = "The registries, by host", body = RegistryPage)),
)]
pub(crate) async fn list_registries(
    State(state): State<ApiState>,
    _admin: Admin,
) -> Result<Json<RegistryPage>> {
    let items = registries::list(&state.pool).await?.into_iter().map(registry).collect();
    Ok(Json(Page::whole(items).into()))
}

/// Store the login to a registry, or replace it
///
/// Running services keep the login that they were deployed with until they
/// change.
#[utoipa::path(
    put,
    path = "/api/v1/registries/{host}",
    tag = "registries",
    params(("host" = String, Path, description = "The registry's host, as images name it; `docker.io` for Docker Hub")),
    request_body = RegistryLogin,
    responses((status = 200, description = "The registry, without the password", body = Registry)),
)]
pub(crate) async fn put_registry(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Path(host): Path<String>,
    Body(login): Body<RegistryLogin>,
) -> Result<Json<Registry>> {
    let login = check(&host, login)?;
    let mut db = Intent::begin(&state.pool).await?;
    let stored = registries::put(&mut *db, &state.seal, &host, &login).await?;
    let act = NewAct::new(Actor::Person(&who.account), Kind::RegistrySet, &host);
    acts::record(&mut *db, act).await?;
    db.commit().await?;
    Ok(Json(registry(stored)))
}

/// Forget the login to a registry
///
/// Running services keep it until they change.
#[utoipa::path(
    delete,
    path = "/api/v1/registries/{host}",
    tag = "registries",
    params(("host" = String, Path, description = "The registry's host")),
    responses((status = 204, description = "Forgotten")),
)]
pub(crate) async fn delete_registry(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Path(host): Path<String>,
) -> Result<StatusCode> {
    let mut db = Intent::begin(&state.pool).await?;
    registries::delete(&mut *db, &host).await?;
    let act = NewAct::new(Actor::Person(&who.account), Kind::RegistryRemoved, &host);
    acts::record(&mut *db, act).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Try the stored login to a registry
#[utoipa::path(
    post,
    path = "/api/v1/registries/{host}/test",
    tag = "registries",
    params(("host" = String, Path, description = "The registry's host")),
    responses((status = 200, description = "What the registry says", body = RegistryCheck)),
)]
pub(crate) async fn check_registry(
    State(state): State<ApiState>,
    _admin: Admin,
    Path(host): Path<String>,
) -> Result<Json<RegistryCheck>> {
    let login = registries::login(&state.pool, &state.seal, &host).await?;
    let login = login.ok_or_else(|| Problem::not_found("registry"))?;
    let answer = state.docker.check_login(&host, &login).await.map_err(|err| {
        Problem::unavailable("Docker does not answer, and registries are asked through it.")
            .retry_after(5)
            .because(&err)
    })?;
    let (outcome, detail) = match answer {
        LoginCheck::Accepted => {
            (LoginOutcome::Accepted, format!("The registry {host} takes this login."))
        }
        LoginCheck::Denied { message } => {
            (LoginOutcome::Denied, format!("The registry {host} refused this login: {message}"))
        }
        LoginCheck::Unreachable { message } => {
            (LoginOutcome::Unreachable, format!("The registry {host} does not answer: {message}"))
        }
    };
    Ok(Json(RegistryCheck { outcome, detail }))
}

fn registry(row: registries::Registry) -> Registry {
    let registries::Registry { host, username, created_at, updated_at } = row;
    Registry { host, username, created_at, updated_at }
}

/// The login, where it can be one. Says nothing of the password but its size.
fn check(host: &str, login: RegistryLogin) -> Result<Login> {
    let RegistryLogin { username, password } = login;
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, detail: String| {
        errors.push(FieldError { pointer: pointer.to_owned(), detail });
    };
    if let Err(detail) = is_host(host) {
        wrong("/host", detail);
    }
    let length = username.chars().count();
    if !(1..=NAME_MAX).contains(&length) || username.contains(char::is_control) {
        wrong("/username", format!("A name has 1 to {NAME_MAX} characters, none of them unseen."));
    }
    let length = password.expose_secret().len();
    if !(1..=PASSWORD_MAX).contains(&length) {
        wrong("/password", format!("A password has 1 to {PASSWORD_MAX} bytes."));
    }
    if errors.is_empty() {
        Ok(Login { username, secret: password })
    } else {
        Err(Problem::invalid(errors))
    }
}

/// Whether images can name a registry like this: any other login would never be
/// used.
fn is_host(host: &str) -> Result<(), String> {
    if matches!(host, "index.docker.io" | "registry-1.docker.io" | "hub.docker.com") {
        return Err(format!("Docker Hub goes by `{DOCKER_HUB}` here."));
    }
    if host.contains("://") || host.contains('/') {
        return Err(
            "Leave out `https://` and the path: only the host, with its port if it has one."
                .to_owned(),
        );
    }
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let port_fits =
        port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number.to_string() == port));
    if host.len() > NAME_MAX || !name.split('.').all(label) || !port_fits {
        return Err("A registry is a host name in lower case, with a port if it has one, such as \
             `registry.example.com:5000`."
            .to_owned());
    }
    if !name.contains('.') && port.is_none() && name != "localhost" {
        return Err(format!(
            "An image `{host}/…` would be Docker Hub's: a registry's host has a dot or a port."
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_a_host_that_images_can_name() {
        for good in ["docker.io", "ghcr.io", "127.0.0.1:5000", "localhost", "registry:5000"] {
            assert_eq!(is_host(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("https://ghcr.io", "Leave out"),
            ("ghcr.io/acme", "Leave out"),
            ("index.docker.io", "`docker.io`"),
            ("registry", "a dot or a port"),
            ("", "lower case"),
            ("GHCR.io", "lower case"),
            ("ghcr.io:", "lower case"),
            ("ghcr.io:99999", "lower case"),
            ("ghcr.io:05", "lower case"),
            ("-a.example", "lower case"),
            ("a b.example", "lower case"),
            ("user@ghcr.io", "lower case"),
        ] {
            let said = is_host(bad).unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }
}
