//! Following GitHub: installations and repositories as its events tell of them.

use berth_domain::build::Builder;
use berth_domain::fail_point::Write;
use berth_domain::ids::InstallationId;
use berth_github_app::webhook::{
    Installation, InstallationRepositories, Repository, RepositoryChange,
};
use berth_store::leases::{Fence, Guarded};
use berth_store::{installations, repositories};

use super::Trouble;
use crate::tasks::Deps;

/// A repository as an event names it.
fn named(repository: &Repository, installation: InstallationId) -> repositories::Named {
    repositories::Named {
        id: repository.id,
        installation,
        owner: repository.owner.clone(),
        name: repository.name.clone(),
        default_branch: repository.default_branch.clone(),
        private: repository.private,
    }
}

/// Makes sure that we know `installation`, by asking GitHub where we do not: its
/// own event may come later, or never have come.
pub(crate) async fn ensure_installation<B: Builder>(
    deps: &Deps<B>,
    fence: Fence,
    installation: InstallationId,
) -> Result<(), Trouble> {
    if installations::is_known(&deps.pool, installation).await? {
        return Ok(());
    }
    let Some(app) = deps.app().await? else {
        return Err(Trouble::Later("there is no GitHub App yet".to_owned()));
    };
    let details = app.installation(installation).await?;
    let mut db = Guarded::begin(&deps.pool, fence, Write::PutInstallation).await?;
    let row = stored(details)?;
    installations::put(&mut *db, &row).await?;
    Ok(db.commit().await?)
}

/// An installation as GitHub's API describes it, as we keep it.
pub(crate) fn stored(
    details: berth_github_app::wire::Installation,
) -> Result<installations::Installation, Trouble> {
    Ok(installations::Installation {
        id: details.id,
        account_id: details.account_id,
        account_login: details.account_login,
        account_kind: details.account_kind,
        repository_selection: details.repository_selection,
        permissions: serde_json::to_value(details.permissions)
            .map_err(|err| Trouble::Never(err.to_string()))?,
        suspended_at: details.suspended_at,
    })
}

/// The repository that an event is about, brought up to date; [`None`] where
/// the event names no installation and we do not know it.
pub(super) async fn repository<B: Builder>(
    deps: &Deps<B>,
    fence: Fence,
    repository: &Repository,
    installation: Option<InstallationId>,
) -> Result<Option<repositories::Repository>, Trouble> {
    let known = repositories::get(&deps.pool, repository.id).await?;
    let Some(installation) =
        installation.or_else(|| known.as_ref().map(|known| known.installation))
    else {
        return Ok(None);
    };
    let is_current = known.as_ref().is_some_and(|known| {
        !known.removed
            && known.installation == installation
            && known.owner == repository.owner
            && known.name == repository.name
            && repository.private.is_none_or(|private| private == known.private)
            && repository.default_branch.as_ref().is_none_or(|it| *it == known.default_branch)
    });
    if is_current {
        return Ok(known);
    }
    ensure_installation(deps, fence, installation).await?;
    let mut db = Guarded::begin(&deps.pool, fence, Write::PutRepository).await?;
    repositories::put_named(&mut *db, &named(repository, installation)).await?;
    db.commit().await?;
    Ok(repositories::get(&deps.pool, repository.id).await?)
}

/// Follows an `installation` event. Says what was done.
pub(super) async fn installation<B: Builder>(
    deps: &Deps<B>,
    db: &mut Guarded,
    event: &Installation,
) -> Result<String, Trouble> {
    let login = &event.account_login;
    let now = deps.clock.now();
    match event.action.as_str() {
        "deleted" => {
            installations::remove(&mut **db, event.id).await?;
            return Ok(format!("the App was removed from {login}; what runs stays as it is"));
        }
        "suspend" => {
            installations::set_suspended(&mut **db, event.id, Some(now)).await?;
            return Ok(format!("{login} suspended the App"));
        }
        _ => {}
    }
    let row = installations::Installation {
        id: event.id,
        account_id: event.account_id,
        account_login: login.clone(),
        account_kind: event.account_kind.clone(),
        repository_selection: event.repository_selection.clone(),
        permissions: serde_json::to_value(&event.permissions)
            .map_err(|err| Trouble::Never(err.to_string()))?,
        suspended_at: event.suspended.then_some(now),
    };
    installations::put(&mut **db, &row).await?;
    for repository in &event.repositories {
        repositories::put_named(&mut **db, &named(repository, event.id)).await?;
    }
    Ok(match event.action.as_str() {
        "created" => {
            format!("the App was installed on {login}, with {}", count(event.repositories.len()))
        }
        "unsuspend" => format!("{login} let the App in again"),
        "new_permissions_accepted" => format!("{login} accepted new permissions"),
        other => format!("the installation on {login} was brought up to date ({other})"),
    })
}

fn count(repositories: usize) -> String {
    match repositories {
        1 => "1 repository".to_owned(),
        many => format!("{many} repositories"),
    }
}

/// Follows an `installation_repositories` event. Says what was done.
pub(super) async fn repositories_of(
    db: &mut Guarded,
    event: &InstallationRepositories,
) -> Result<String, Trouble> {
    installations::set_selection(&mut **db, event.id, &event.repository_selection).await?;
    for repository in &event.added {
        repositories::put_named(&mut **db, &named(repository, event.id)).await?;
    }
    for repository in &event.removed {
        repositories::remove(&mut **db, repository.id).await?;
    }
    let mut said = Vec::new();
    if !event.added.is_empty() {
        said.push(format!("{} added", count(event.added.len())));
    }
    if !event.removed.is_empty() {
        said.push(format!("{} removed; what runs stays as it is", count(event.removed.len())));
    }
    Ok(if said.is_empty() { "nothing changed".to_owned() } else { said.join(", ") })
}

/// Follows a `repository` event, whose repository has been brought up to date
/// already where we may still see it. Says what was done.
pub(super) async fn change(db: &mut Guarded, event: &RepositoryChange) -> Result<String, Trouble> {
    let name = &event.repository.full_name;
    Ok(match event.action.as_str() {
        "deleted" | "archived" => {
            repositories::remove(&mut **db, event.repository.id).await?;
            format!("{name} was {}; what runs stays as it is", event.action)
        }
        "publicized" => {
            format!("{name} is public now: anybody can open pull requests on it")
        }
        "renamed" | "transferred" => format!("the repository is {name} now"),
        other => format!("{name} was {other}"),
    })
}

/// Whether a `repository` event is of one that we may no longer see.
pub(super) fn is_farewell(event: &RepositoryChange) -> bool {
    matches!(event.action.as_str(), "deleted" | "archived")
}
