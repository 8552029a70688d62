//! Everybody with an account, and invitations to get one.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use berth_domain::ids::UserId;
use berth_store::acts::{self, Actor, Kind, NewAct};
use berth_store::intent::Intent;
use berth_store::invitations::{self, Invitation};
use berth_store::members::{self, Changed, Member};
use http::{HeaderMap, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::session;
use crate::auth::{Admin, Viewer, login, same_site, secret};
use crate::extract::{Json as Body, Path};
use crate::pagination::Page;
use crate::problem::{Problem, Result};
use crate::state::ApiState;
use crate::types::{self, CreatedInvitation, NewInvitation, Session};

/// List the members
///
/// Everybody with an account here, by name.
#[utoipa::path(
    get,
    path = "/api/v1/members",
    tag = "members",
    responses((status = 200, description = "The members", body = types::MemberPage)),
)]
pub(crate) async fn list_members(
    State(state): State<ApiState>,
    Viewer(who): Viewer,
) -> Result<Json<types::MemberPage>> {
    let all = members::list(&state.pool).await?;
    let items = all.into_iter().map(|it| member(it, who.account.id)).collect();
    Ok(Json(Page::whole(items).into()))
}

/// Give a member another role
///
/// It counts from their next request on. Who may not configure any more invites
/// nobody either: invitations that they made end. The last admin stays one: 409.
#[utoipa::path(
    put,
    path = "/api/v1/members/{id}",
    tag = "members",
    params(("id" = Uuid, Path, description = "The member's id")),
    request_body = types::MemberRole,
    responses((status = 200, description = "The member, as they are now", body = types::Member)),
)]
pub(crate) async fn set_member_role(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Path(id): Path<Uuid>,
    Body(wanted): Body<types::MemberRole>,
) -> Result<Json<types::Member>> {
    let role = session::stored(wanted.role);
    let mut db = Intent::begin(&state.pool).await?;
    let Changed::Done(mut changed) = members::set_role(&mut db, UserId(id), role).await? else {
        return Err(last_admin());
    };
    let detail = format!("from {} to {}", changed.account.role.as_str(), role.as_str());
    let act = NewAct::new(Actor::Person(&who.account), Kind::RoleChanged, &changed.account.name);
    acts::record(&mut *db, act.saying(&detail)).await?;
    db.commit().await?;
    changed.account.role = role;
    Ok(Json(member(changed, who.account.id)))
}

/// Remove a member
///
/// Their sessions, their tokens and the invitations that they made end at once.
/// What they deployed stays. The last admin can't be removed: 409.
#[utoipa::path(
    delete,
    path = "/api/v1/members/{id}",
    tag = "members",
    params(("id" = Uuid, Path, description = "The member's id")),
    responses((status = 204, description = "Removed")),
)]
pub(crate) async fn delete_member(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let mut db = Intent::begin(&state.pool).await?;
    let Changed::Done(gone) = members::remove(&mut db, UserId(id)).await? else {
        return Err(last_admin());
    };
    let act = NewAct::new(Actor::Person(&who.account), Kind::MemberRemoved, &gone.account.name);
    acts::record(&mut *db, act.saying(&gone.account.email)).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the invitations
///
/// Those that nobody accepted yet, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/invitations",
    tag = "members",
    responses((status = 200, description = "The invitations", body = types::InvitationPage)),
)]
pub(crate) async fn list_invitations(
    State(state): State<ApiState>,
    _admin: Admin,
) -> Result<Json<types::InvitationPage>> {
    let all = invitations::list(&state.pool).await?;
    Ok(Json(Page::whole(all.into_iter().map(invitation).collect()).into()))
}

/// Invite somebody
///
/// The answer has a link, this once, to be passed on: it makes one account with
/// this address and role, within a week. An earlier link for the same address
/// ends.
#[utoipa::path(
    post,
    path = "/api/v1/invitations",
    tag = "members",
    request_body = NewInvitation,
    responses((status = 201, description = "The link, shown this once", body = CreatedInvitation)),
)]
pub(crate) async fn create_invitation(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Body(new): Body<NewInvitation>,
) -> Result<(StatusCode, Json<CreatedInvitation>)> {
    let email = new.email.trim();
    if let Some(fault) = session::fault_in_email(email) {
        return Err(Problem::invalid(vec![fault]));
    }
    let (token, hash) = secret::fresh("");
    let mut db = Intent::begin(&state.pool).await?;
    let role = session::stored(new.role);
    let made = invitations::create(&mut db, &hash, email, role, who.account.id).await;
    if matches!(made, Err(berth_store::Error::Taken { .. })) {
        return Err(Problem::invalid_field("/email", "Somebody with this address is a member."));
    }
    let made = made?;
    let act = NewAct::new(Actor::Person(&who.account), Kind::MemberInvited, email);
    acts::record(&mut *db, act.saying(&format!("as {}", role.as_str()))).await?;
    db.commit().await?;
    let mut link = state.settings.public_url.clone();
    link.set_path("/invitation");
    link.query_pairs_mut().clear().append_pair("token", token.expose_secret());
    let created = CreatedInvitation { invitation: invitation(made), link: link.into() };
    Ok((StatusCode::CREATED, Json(created)))
}

/// Revoke an invitation
#[utoipa::path(
    delete,
    path = "/api/v1/invitations/{id}",
    tag = "members",
    params(("id" = Uuid, Path, description = "The invitation's id")),
    responses((status = 204, description = "Its link is not good any more")),
)]
pub(crate) async fn delete_invitation(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let mut db = Intent::begin(&state.pool).await?;
    let email = invitations::revoke(&mut *db, id).await?;
    let act = NewAct::new(Actor::Person(&who.account), Kind::InvitationRevoked, &email);
    acts::record(&mut *db, act).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read the invitation that a link is for
///
/// A POST, so that the token is in no log of addresses; it changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/invitations/look",
    tag = "members",
    request_body = types::InvitationToken,
    responses((status = 200, description = "Whom it is for", body = types::InvitationLook)),
    security(()),
)]
pub(crate) async fn look_at_invitation(
    State(state): State<ApiState>,
    headers: HeaderMap,
    Body(look): Body<types::InvitationToken>,
) -> Result<Json<types::InvitationLook>> {
    same_site(&headers, &state.settings.public_url)?;
    let hash = secret::hash(look.token.expose_secret());
    let found = invitations::find(&state.pool, &hash).await.map_err(no_good)?;
    Ok(Json(types::InvitationLook {
        email: found.email,
        role: session::shown(found.role),
        invited_by: found.invited_by,
        expires_at: found.expires_at,
    }))
}

/// Accept an invitation
///
/// Makes the account that it is for, and logs in. The link is used up then.
#[utoipa::path(
    post,
    path = "/api/v1/invitations/accept",
    tag = "members",
    request_body = types::Acceptance,
    responses((status = 201, description = "Made, and logged in; the cookie is set", body = Session)),
    security(()),
)]
pub(crate) async fn accept_invitation(
    State(state): State<ApiState>,
    headers: HeaderMap,
    Body(acceptance): Body<types::Acceptance>,
) -> Result<Response> {
    same_site(&headers, &state.settings.public_url)?;
    let types::Acceptance { token, name, password } = acceptance;
    let name = name.trim();
    let faults = [session::fault_in_name(name), session::fault_in_password(&password)];
    let faults: Vec<_> = faults.into_iter().flatten().collect();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let hash = secret::hash(token.expose_secret());
    // Hashing is dear: nobody gets there without a chance.
    invitations::find(&state.pool, &hash).await.map_err(no_good)?;
    let account = make(&state, &hash, name, password).await?;
    let cookie = session::begin(&state, account.id, &headers).await?;
    let body = Json(Session { user: session::user(account) });
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], body).into_response())
}

async fn make(
    state: &ApiState,
    hash: &secret::Hash,
    name: &str,
    password: SecretString,
) -> Result<berth_store::accounts::Account> {
    let password = login::hash(&state.hashing, password).await?;
    let mut db = Intent::begin(&state.pool).await?;
    let account = invitations::accept(&mut db, hash, name, &password).await.map_err(no_good)?;
    let act = NewAct::new(Actor::Person(&account), Kind::MemberJoined, &account.email);
    acts::record(&mut *db, act.saying(&format!("as {}", account.role.as_str()))).await?;
    db.commit().await?;
    Ok(account)
}

fn no_good(err: berth_store::Error) -> Problem {
    if matches!(err, berth_store::Error::NotFound { .. }) {
        return Problem::forbidden(
            "This invitation is not good any more: it was used or revoked, or it ran out. Ask for a new one.",
        );
    }
    err.into()
}

fn last_admin() -> Problem {
    Problem::conflict("This is the only admin. Make somebody else an admin first.")
}

fn member(row: Member, asking: UserId) -> types::Member {
    let Member { account, created_at, seen_at } = row;
    types::Member { you: account.id == asking, user: session::user(account), created_at, seen_at }
}

fn invitation(row: Invitation) -> types::Invitation {
    types::Invitation {
        id: row.id,
        email: row.email,
        role: session::shown(row.role),
        invited_by: row.invited_by,
        created_at: row.created_at,
        expires_at: row.expires_at,
        expired: row.expired,
    }
}
