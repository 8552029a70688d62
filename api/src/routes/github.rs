//! Getting to know GitHub: the App, its installations, what they let us see.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use berth_domain::ids::InstallationId;
use berth_github_app::{Credentials, Error as GithubError, manifest};
use berth_store::github_apps::{self, GithubApp as StoredApp, PublicApp};
use berth_store::installations::Installation as StoredInstallation;
use berth_store::repositories::Repository as StoredRepository;
use berth_store::setup::{self, Purpose};
use berth_store::views::github::{InstallationView, installations};
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use tracing::warn;

use super::shape;
use crate::auth::{Admin, Identity, Viewer, secret};
use crate::extract::{Json as Body, OptionalJson};
use crate::problem::{Problem, Result};
use crate::state::ApiState;
use crate::types::{
    Github, GithubApp, Installation, InstallationClaim, Link, ManifestCode, ManifestForm,
    ManifestRequest, Permission,
};

/// How long a round trip to GitHub may take: GitHub's code lasts no longer.
const ROUND_TRIP: Duration = Duration::from_secs(60 * 60);

/// The longest name that GitHub takes for an App.
const APP_NAME_MAX: usize = 34;

/// How this Berth stands with GitHub
#[utoipa::path(
    get,
    path = "/api/v1/github",
    tag = "github",
    responses((status = 200, description = "The App and its installations", body = Github)),
)]
pub(crate) async fn get_github(
    State(state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Json<Github>> {
    let app = github_apps::get_public(&state.pool).await?;
    let rows = installations(&state.pool).await?;
    let last_delivery_at = berth_store::deliveries::last_received(&state.pool).await?;
    let public_url = public_url(&state);
    Ok(Json(Github {
        app: app.map(shown),
        installations: rows.into_iter().map(|row| installation(&state, row)).collect(),
        github_url: state.github.settings().web_url.to_string(),
        webhook_url: manifest::webhook_url(&public_url),
        public_url,
        last_delivery_at,
    }))
}

/// Begin to make the App: a form for the browser to post to GitHub
#[utoipa::path(
    post,
    path = "/api/v1/github/manifest",
    tag = "github",
    request_body = ManifestRequest,
    responses((status = 200, description = "The form", body = ManifestForm)),
)]
pub(crate) async fn create_manifest(
    State(state): State<ApiState>,
    Admin(who): Admin,
    OptionalJson(request): OptionalJson<ManifestRequest>,
) -> Result<Json<ManifestForm>> {
    let organization = request.organization.as_deref().map(str::trim);
    let organization = organization.filter(|login| !login.is_empty());
    let is_login = |login: &str| {
        login.len() <= 39 && login.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if organization.is_some_and(|login| !is_login(login)) {
        return Err(Problem::invalid_field("/organization", "This is no name on GitHub."));
    }
    let nonce = begin(&state, &who, Purpose::Manifest).await?;
    let host = state.settings.public_url.host_str().unwrap_or("berth");
    let name: String = format!("Berth {host}").chars().take(APP_NAME_MAX).collect();
    let manifest = manifest::manifest(&public_url(&state), name.trim_end());
    Ok(Json(ManifestForm {
        action: state.github.new_app_url(organization, nonce.expose_secret()),
        manifest: manifest.to_string(),
    }))
}

/// Finish making the App, with the code that GitHub sent back
#[utoipa::path(
    post,
    path = "/api/v1/github/app",
    tag = "github",
    request_body = ManifestCode,
    responses((status = 201, description = "The App", body = GithubApp)),
)]
pub(crate) async fn create_app(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Body(ManifestCode { code, state: nonce }): Body<ManifestCode>,
) -> Result<(StatusCode, Json<GithubApp>)> {
    end(&state, &who, &nonce, Purpose::Manifest).await?;
    let new = state.github.convert_manifest(code.expose_secret()).await.map_err(|err| {
        unknown(err, "/code", "GitHub does not know this code any more. Begin again.")
    })?;
    let made_by_github = new.webhook_secret.is_some();
    let app = StoredApp {
        public: PublicApp {
            app_id: new.app_id,
            slug: new.slug,
            name: new.name,
            owner_login: new.owner_login,
            html_url: new.html_url,
            client_id: new.client_id,
        },
        client_secret: new.client_secret,
        webhook_secret: new.webhook_secret.unwrap_or_else(|| secret::fresh("").0),
        private_key: new.private_key,
    };
    // GitHub shows the key this once: it is kept before anything else can fail.
    github_apps::put(&state.pool, &state.seal, &app).await?;
    state.keys.forget();
    let url = manifest::webhook_url(&public_url(&state));
    let credentials =
        Credentials { app_id: app.public.app_id, private_key: app.private_key.clone() };
    if let Err(err) = state.github.app(credentials).set_hook(&url, &app.webhook_secret).await {
        if !made_by_github {
            return Err(Problem::from(err).detail(
                "The App was made, but GitHub did not take its webhook's secret. Set it again on the App's page, or make the App anew.",
            ));
        }
        // Its deliveries come as forms then, which we take, too.
        let cause = berth_domain::chain(&err);
        warn!(error = cause, "GitHub was not told how to send webhooks: {cause}");
    }
    Ok((StatusCode::CREATED, Json(shown(app.public))))
}

/// Begin to install the App: where to send the browser
#[utoipa::path(
    post,
    path = "/api/v1/github/install",
    tag = "github",
    responses((status = 200, description = "The page on GitHub", body = Link)),
)]
pub(crate) async fn create_install_link(
    State(state): State<ApiState>,
    Admin(who): Admin,
) -> Result<Json<Link>> {
    let app = github_apps::get_public(&state.pool).await?.ok_or_else(no_app)?;
    let nonce = begin(&state, &who, Purpose::Install).await?;
    Ok(Json(Link { url: state.github.install_url(&app.slug, nonce.expose_secret()) }))
}

/// Read an installation from GitHub, with its repositories
///
/// The id may come from anybody: what counts is that our App's key reads it.
#[utoipa::path(
    post,
    path = "/api/v1/github/installations",
    tag = "github",
    request_body = InstallationClaim,
    responses((status = 201, description = "The installation", body = Installation)),
)]
pub(crate) async fn claim_installation(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Body(claim): Body<InstallationClaim>,
) -> Result<(StatusCode, Json<Installation>)> {
    // Installed from GitHub's own pages, it comes back without a state.
    if let Some(nonce) = claim.state.filter(|nonce| !nonce.expose_secret().is_empty()) {
        end(&state, &who, &nonce, Purpose::Install).await?;
    }
    let app = github_apps::get(&state.pool, &state.seal).await?.ok_or_else(no_app)?;
    let app =
        state.github.app(Credentials { app_id: app.public.app_id, private_key: app.private_key });
    let id = InstallationId(claim.installation_id);
    let read = app.installation(id).await.map_err(|err| {
        unknown(err, "/installation_id", "GitHub knows of no such installation of this App.")
    })?;
    // A suspended installation lets us read nothing.
    let seen = if read.suspended_at.is_some() { Vec::new() } else { app.repositories(id).await? };
    let stored = StoredInstallation {
        id,
        account_id: read.account_id,
        account_login: read.account_login,
        account_kind: read.account_kind,
        repository_selection: read.repository_selection,
        permissions: serde_json::to_value(read.permissions).unwrap_or_default(),
        suspended_at: read.suspended_at,
    };
    let repositories: Vec<_> = seen
        .into_iter()
        .map(|it| StoredRepository {
            id: it.id,
            installation: id,
            owner: it.owner,
            name: it.name,
            default_branch: it.default_branch,
            private: it.private,
            removed: false,
        })
        .collect();
    setup::record(&state.pool, &stored, &repositories).await?;
    let row = InstallationView {
        id: id.0,
        account_login: stored.account_login,
        account_kind: stored.account_kind,
        suspended: stored.suspended_at.is_some(),
        repository_count: i64::try_from(repositories.len()).unwrap_or(i64::MAX),
        permissions: stored.permissions,
    };
    Ok((StatusCode::CREATED, Json(installation(&state, row))))
}

/// Says at a field that GitHub knows nothing of what it names.
fn unknown(err: GithubError, pointer: &str, detail: &str) -> Problem {
    if matches!(err, GithubError::NotFound { .. }) {
        Problem::invalid_field(pointer, detail)
    } else {
        err.into()
    }
}

fn no_app() -> Problem {
    Problem::conflict("There is no GitHub App yet. Make it first.")
}

/// Begins a round trip to GitHub: the state that it comes back with.
async fn begin(state: &ApiState, who: &Identity, purpose: Purpose) -> Result<SecretString> {
    let (nonce, hash) = secret::fresh("");
    setup::begin(&state.pool, &hash, who.account.id, purpose, ROUND_TRIP).await?;
    Ok(nonce)
}

/// Ends a round trip to GitHub. A state is good once, for whoever began.
async fn end(
    state: &ApiState,
    who: &Identity,
    nonce: &SecretString,
    purpose: Purpose,
) -> Result<()> {
    let hash = secret::hash(nonce.expose_secret());
    let ended = setup::end(&state.pool, &hash, who.account.id, purpose).await;
    if matches!(ended, Err(berth_store::Error::NotFound { .. })) {
        return Err(Problem::invalid_field(
            "/state",
            "This round trip to GitHub was not begun by you, is over, or took more than an hour. Begin again.",
        ));
    }
    Ok(ended?)
}

fn public_url(state: &ApiState) -> String {
    state.settings.public_url.as_str().trim_end_matches('/').to_owned()
}

fn shown(app: PublicApp) -> GithubApp {
    GithubApp {
        app_id: app.app_id,
        slug: app.slug,
        name: app.name,
        owner_login: app.owner_login,
        html_url: app.html_url,
    }
}

fn installation(state: &ApiState, row: InstallationView) -> Installation {
    let id = row.id.to_string();
    let github = &state.github.settings().web_url;
    let html_url = if row.account_kind == "Organization" {
        let path = ["organizations", &row.account_login, "settings", "installations", &id];
        shape::page(github, &path)
    } else {
        shape::page(github, &["settings", "installations", &id])
    };
    Installation {
        id: row.id,
        account_login: row.account_login,
        account_kind: row.account_kind,
        suspended: row.suspended,
        repository_count: row.repository_count,
        permissions: permissions(&row.permissions),
        html_url,
    }
}

/// What Berth asks for, beside what an account grants: who made the App before
/// Berth asked for something has to grant that once more.
fn permissions(granted: &serde_json::Value) -> Vec<Permission> {
    let permission = |(name, wanted): (&str, &str)| {
        let granted = granted.get(name).and_then(serde_json::Value::as_str);
        let enough = granted.is_some_and(|granted| granted == wanted || granted == "write");
        Permission {
            name: name.to_owned(),
            wanted: wanted.to_owned(),
            granted: granted.map(str::to_owned),
            enough,
        }
    };
    manifest::PERMISSIONS.into_iter().map(permission).collect()
}
