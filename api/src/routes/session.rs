//! Logging in and out, and the first account.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use berth_domain::ids::UserId;
use berth_store::accounts::{self, Account, Role};
use berth_store::sessions;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};

use crate::auth::login::{self, PASSWORD_MAX, PASSWORD_MIN, Peer};
use crate::auth::{COOKIE, Credential, Viewer, same_site, secret};
use crate::extract::Json;
use crate::problem::{FieldError, Problem, Result};
use crate::state::ApiState;
use crate::types::{self, Login, Session, Setup, User};

/// Log in
#[utoipa::path(
    post,
    path = "/api/v1/session",
    tag = "session",
    request_body = Login,
    responses((status = 200, description = "Logged in; the cookie is set", body = Session)),
    security(()),
)]
pub(crate) async fn log_in(
    State(state): State<ApiState>,
    peer: Peer,
    headers: HeaderMap,
    Json(login): Json<Login>,
) -> Result<Response> {
    same_site(&headers, &state.settings.public_url)?;
    let Login { email, password } = login;
    state.attempts.begin(&email, peer)?;
    let known = accounts::by_email(&state.pool, email.trim()).await?;
    let (account, hash) = known.unzip();
    let long = password.expose_secret().len() > PASSWORD_MAX;
    let password = if long { SecretString::default() } else { password };
    let right = login::verify(&state.hashing, password, hash).await?;
    let Some(account) = account.filter(|_| right) else {
        return Err(Problem::unauthorized("The e-mail address or the password is wrong."));
    };
    state.attempts.succeeded(&email, peer);
    let cookie = begin(&state, account.id, &headers).await?;
    let body = axum::Json(Session { user: user(account) });
    Ok(([(header::SET_COOKIE, cookie)], body).into_response())
}

/// Make the first account with the one-time setup link
#[utoipa::path(
    post,
    path = "/api/v1/setup",
    tag = "session",
    request_body = Setup,
    responses((status = 201, description = "Made, and logged in; the cookie is set", body = Session)),
    security(()),
)]
pub(crate) async fn set_up(
    State(state): State<ApiState>,
    headers: HeaderMap,
    Json(setup): Json<Setup>,
) -> Result<Response> {
    same_site(&headers, &state.settings.public_url)?;
    let Setup { token, email, name, password } = setup;
    let account = Account {
        id: UserId::fresh(),
        email: email.trim().to_owned(),
        name: name.trim().to_owned(),
        role: Role::Admin,
    };
    check(&account, &password)?;
    // Hashing is dear: nobody gets there without a chance.
    if accounts::any(&state.pool).await? {
        return Err(used_up());
    }
    let password = login::hash(&state.hashing, password).await?;
    let token = secret::hash(token.expose_secret());
    let made = berth_store::setup::redeem(&state.pool, &token, &account, &password).await;
    if matches!(made, Err(berth_store::Error::NotFound { .. })) {
        return Err(used_up());
    }
    made?;
    let cookie = begin(&state, account.id, &headers).await?;
    let body = axum::Json(Session { user: user(account) });
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], body).into_response())
}

/// Who is logged in
#[utoipa::path(
    get,
    path = "/api/v1/session",
    tag = "session",
    responses((status = 200, description = "The person", body = Session)),
)]
pub(crate) async fn get_session(Viewer(who): Viewer) -> axum::Json<Session> {
    axum::Json(Session { user: user(who.account) })
}

/// Log out
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    tag = "session",
    responses((status = 204, description = "Logged out")),
)]
pub(crate) async fn log_out(
    State(state): State<ApiState>,
    Viewer(who): Viewer,
) -> Result<Response> {
    let Credential::Session(hash) = who.credential else {
        return Err(Problem::conflict("A token has no session. Revoke it instead."));
    };
    sessions::delete(&state.pool, &hash).await?;
    let cookie = cookie(&state, "", 0)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

fn used_up() -> Problem {
    Problem::forbidden(
        "This setup link is not good any more. If nobody has an account yet, start Berth again for a new one.",
    )
}

/// Begins a session: the cookie that says so.
pub(super) async fn begin(
    state: &ApiState,
    user: UserId,
    headers: &HeaderMap,
) -> Result<HeaderValue> {
    let (value, hash) = secret::fresh("");
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    sessions::create(&state.pool, &hash, user, agent.unwrap_or_default()).await?;
    cookie(state, value.expose_secret(), sessions::LIFETIME.as_secs())
}

fn cookie(state: &ApiState, value: &str, max_age: u64) -> Result<HeaderValue> {
    let secure = if state.settings.public_url.scheme() == "https" { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}");
    let mut cookie =
        HeaderValue::from_str(&cookie).map_err(|err| Problem::internal().because(&err))?;
    cookie.set_sensitive(true);
    Ok(cookie)
}

fn check(account: &Account, password: &SecretString) -> Result<()> {
    let faults =
        [fault_in_email(&account.email), fault_in_name(&account.name), fault_in_password(password)];
    let faults: Vec<_> = faults.into_iter().flatten().collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// What is wrong with an e-mail address as a login.
pub(super) fn fault_in_email(email: &str) -> Option<FieldError> {
    let looks_right = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && !email.contains(char::is_whitespace);
    (!looks_right || email.len() > 254)
        .then(|| fault("/email", "This is not an e-mail address.".to_owned()))
}

/// What is wrong with a person's name.
pub(super) fn fault_in_name(name: &str) -> Option<FieldError> {
    (name.is_empty() || name.chars().count() > 100)
        .then(|| fault("/name", "A name has 1 to 100 characters.".to_owned()))
}

/// What is wrong with a new password.
pub(super) fn fault_in_password(password: &SecretString) -> Option<FieldError> {
    let password = password.expose_secret();
    let wrong = if password.chars().count() < PASSWORD_MIN {
        format!("A password has at least {PASSWORD_MIN} characters.")
    } else if password.len() > PASSWORD_MAX {
        format!("A password has at most {PASSWORD_MAX} bytes.")
    } else {
        return None;
    };
    Some(fault("/password", wrong))
}

fn fault(pointer: &str, detail: String) -> FieldError {
    FieldError { pointer: pointer.to_owned(), detail }
}

/// A role as it is shown.
pub(super) const fn shown(role: Role) -> types::Role {
    match role {
        Role::Viewer => types::Role::Viewer,
        Role::Operator => types::Role::Operator,
        Role::Admin => types::Role::Admin,
    }
}

/// A role as it is stored.
pub(super) const fn stored(role: types::Role) -> Role {
    match role {
        types::Role::Viewer => Role::Viewer,
        types::Role::Operator => Role::Operator,
        types::Role::Admin => Role::Admin,
    }
}

/// A person as they are shown.
pub(super) fn user(account: Account) -> User {
    User { id: account.id.0, email: account.email, name: account.name, role: shown(account.role) }
}
