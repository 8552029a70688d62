//! State as GitHub's JSON: accounts, Apps, installations, repositories.
//!
//! The same objects go into answers and webhooks. They are the largest form
//! that GitHub has of each; what a schema doesn't name, it allows.

mod activity;
mod commit;
mod pull;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::world::{App, Attempt, Installation, Kind, Repository, World};

/// The world, seen from an address.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) world: &'a World,
    pub(crate) base: &'a str,
}

/// A time as GitHub writes it: in seconds.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub(crate) fn times(at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, |at| time(at).into())
}

pub(crate) fn node(kind: &str, id: impl std::fmt::Display) -> String {
    STANDARD.encode(format!("{kind}:{id}"))
}

impl View<'_> {
    /// A user, an organisation or, for a login in `[bot]`, an App.
    pub(crate) fn account(&self, login: &str) -> Value {
        let account = self.world.accounts.get(login);
        let kind = account.map_or(Kind::User, |account| account.kind);
        let id = account.map_or(0, |account| account.id);
        // An App's login has brackets, which addresses don't.
        let segment = login.replace('[', "%5B").replace(']', "%5D");
        let (api, html) = (format!("{}/users/{segment}", self.base), self.base);
        let page = login
            .strip_suffix("[bot]")
            .map_or_else(|| format!("{html}/{login}"), |slug| format!("{html}/apps/{slug}"));
        json!({
            "login": login,
            "id": id,
            "node_id": node(kind.as_str(), id),
            "avatar_url": format!("{html}/avatars/{id}"),
            "gravatar_id": "",
            "url": api,
            "html_url": page,
            "followers_url": format!("{api}/followers"),
            "following_url": format!("{api}/following{{/other_user}}"),
            "gists_url": format!("{api}/gists{{/gist_id}}"),
            "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{api}/subscriptions"),
            "organizations_url": format!("{api}/orgs"),
            "repos_url": format!("{api}/repos"),
            "events_url": format!("{api}/events{{/privacy}}"),
            "received_events_url": format!("{api}/received_events"),
            "type": kind.as_str(),
            "user_view_type": "public",
            "site_admin": false,
        })
    }

    /// The short form of an organisation, which webhooks carry.
    pub(crate) fn organization(&self, login: &str) -> Option<Value> {
        let account = self.world.accounts.get(login)?;
        (account.kind == Kind::Organization).then(|| {
            let api = format!("{}/orgs/{login}", self.base);
            json!({
                "login": login,
                "id": account.id,
                "node_id": node("Organization", account.id),
                "url": api,
                "repos_url": format!("{api}/repos"),
                "events_url": format!("{api}/events"),
                "hooks_url": format!("{api}/hooks"),
                "issues_url": format!("{api}/issues"),
                "members_url": format!("{api}/members{{/member}}"),
                "public_members_url": format!("{api}/public_members{{/member}}"),
                "avatar_url": format!("{}/avatars/{}", self.base, account.id),
                "description": null,
            })
        })
    }

    pub(crate) fn app(&self, app: &App) -> Value {
        json!({
            "id": app.id,
            "slug": app.slug,
            "node_id": node("App", app.id),
            "client_id": app.client_id,
            "owner": self.account(&app.owner),
            "name": app.name,
            "description": app.description,
            "external_url": app.external_url,
            "html_url": format!("{}/apps/{}", self.base, app.slug),
            "created_at": time(app.created_at),
            "updated_at": time(app.created_at),
            "permissions": app.permissions,
            "events": app.events,
        })
    }

    /// An App by its number, where there may be none.
    pub(crate) fn app_of(&self, id: Option<i64>) -> Value {
        id.and_then(|id| self.world.apps.get(&id)).map_or(Value::Null, |app| self.app(app))
    }

    pub(crate) fn bot(&self, app: i64) -> Value {
        let slug = self.world.apps.get(&app).map_or("ghost", |app| &app.slug);
        self.account(&format!("{slug}[bot]"))
    }

    pub(crate) fn hook_config(app: &App) -> Value {
        let mut config = json!({
            "content_type": app.hook.content_type,
            "insecure_ssl": app.hook.insecure_ssl,
        });
        // An unset URL and an unset secret are left out; a set one is masked.
        if let Some(url) = &app.hook.url {
            config["url"] = url.as_str().into();
        }
        if app.hook.secret.is_some() {
            config["secret"] = "********".into();
        }
        config
    }

    pub(crate) fn installation(&self, it: &Installation) -> Value {
        let api = format!("{}/app/installations/{}", self.base, it.id);
        let account = self.account(&it.account);
        let slug = self.world.apps.get(&it.app).map_or("", |app| &app.slug);
        let page = if account["type"] == "Organization" {
            format!("{}/organizations/{}/settings/installations/{}", self.base, it.account, it.id)
        } else {
            format!("{}/settings/installations/{}", self.base, it.id)
        };
        let suspended_by =
            it.suspended_at.map_or(Value::Null, |_| self.account(crate::world::USER));
        json!({
            "id": it.id,
            "client_id": self.world.apps.get(&it.app).map(|app| app.client_id.as_str()),
            "account": account,
            "repository_selection": selection(it),
            "access_tokens_url": format!("{api}/access_tokens"),
            "repositories_url": format!("{}/installation/repositories", self.base),
            "html_url": page,
            "app_id": it.app,
            "app_slug": slug,
            "target_id": account["id"],
            "target_type": account["type"],
            "permissions": it.permissions,
            "events": it.events,
            "created_at": time(it.created_at),
            "updated_at": time(it.updated_at),
            "single_file_name": null,
            "has_multiple_single_files": false,
            "single_file_paths": [],
            "suspended_by": suspended_by,
            "suspended_at": times(it.suspended_at),
        })
    }

    /// A repository as installation events list it.
    pub(crate) fn repository_stub(it: &Repository) -> Value {
        json!({
            "id": it.id,
            "node_id": node("Repository", it.id),
            "name": it.name,
            "full_name": it.full_name(),
            "private": it.private,
        })
    }

    pub(crate) fn repository(&self, it: &Repository) -> Value {
        let full = it.full_name();
        let (api, html) = (format!("{}/repos/{full}", self.base), format!("{}/{full}", self.base));
        let open = it.pulls.values().filter(|pull| pull.open).count();
        let forks = self.world.repositories.values().filter(|r| r.fork_of == Some(it.id)).count();
        let mut fields = match json!({
            "id": it.id,
            "node_id": node("Repository", it.id),
            "name": it.name,
            "full_name": full,
            "private": it.private,
            "owner": self.account(&it.owner),
            "html_url": html,
            "description": null,
            "fork": it.fork_of.is_some(),
            "url": api,
            "git_url": format!("{}/{full}.git", self.base.replacen("http", "git", 1)),
            "ssh_url": format!("git@127.0.0.1:{full}.git"),
            "clone_url": format!("{html}.git"),
            "svn_url": html,
            "created_at": time(it.created_at),
            "updated_at": time(it.pushed_at),
            "pushed_at": time(it.pushed_at),
            "homepage": null,
            "size": 0,
            "stargazers_count": 0,
            "watchers_count": 0,
            "language": null,
            "has_issues": true,
            "has_projects": false,
            "has_downloads": true,
            "has_wiki": false,
            "has_pages": false,
            "has_discussions": false,
            "has_pull_requests": true,
            "pull_request_creation_policy": "all",
            "forks_count": forks,
            "mirror_url": null,
            "archived": false,
            "disabled": false,
            "open_issues_count": open,
            "license": null,
            "allow_forking": true,
            "is_template": false,
            "web_commit_signoff_required": false,
            "topics": [],
            "visibility": if it.private { "private" } else { "public" },
            "forks": forks,
            "open_issues": open,
            "watchers": 0,
            "default_branch": it.default_branch,
            "network_count": forks,
            "subscribers_count": 0,
            "custom_properties": {},
        }) {
            Value::Object(fields) => fields,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Map::new(),
        };
        for (name, rest) in REPOSITORY_URLS {
            fields.insert(format!("{name}_url"), format!("{api}/{rest}").into());
        }
        fields.into()
    }

    pub(crate) fn attempt(&self, it: &Attempt, whole: bool) -> Value {
        let mut value = json!({
            "id": it.id,
            "guid": it.guid,
            "delivered_at": it.delivered_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "redelivery": it.redelivery,
            "duration": it.duration,
            "status": if it.status.is_empty() { "pending" } else { &it.status },
            "status_code": it.status_code,
            "event": it.event,
            "action": it.action,
            "installation_id": it.installation,
            "repository_id": it.repository,
            "throttled_at": null,
        });
        if whole {
            value["url"] = it.url.as_str().into();
            value["request"] = json!({ "headers": it.request_headers, "payload": it.payload });
            value["response"] = json!({ "headers": it.response_headers, "payload": it.response });
        }
        value
    }
}

/// `all` or `selected`.
pub(crate) const fn selection(it: &Installation) -> &'static str {
    if it.repositories.is_some() { "selected" } else { "all" }
}

/// The addresses that every repository lists, relative to its own.
const REPOSITORY_URLS: [(&str, &str); 36] = [
    ("forks", "forks"),
    ("keys", "keys{/key_id}"),
    ("collaborators", "collaborators{/collaborator}"),
    ("teams", "teams"),
    ("hooks", "hooks"),
    ("issue_events", "issues/events{/number}"),
    ("events", "events"),
    ("assignees", "assignees{/user}"),
    ("branches", "branches{/branch}"),
    ("tags", "tags"),
    ("blobs", "git/blobs{/sha}"),
    ("git_tags", "git/tags{/sha}"),
    ("git_refs", "git/refs{/sha}"),
    ("trees", "git/trees{/sha}"),
    ("statuses", "statuses/{sha}"),
    ("languages", "languages"),
    ("stargazers", "stargazers"),
    ("contributors", "contributors"),
    ("subscribers", "subscribers"),
    ("subscription", "subscription"),
    ("commits", "commits{/sha}"),
    ("git_commits", "git/commits{/sha}"),
    ("comments", "comments{/number}"),
    ("issue_comment", "issues/comments{/number}"),
    ("contents", "contents/{+path}"),
    ("compare", "compare/{base}...{head}"),
    ("merges", "merges"),
    ("archive", "{archive_format}{/ref}"),
    ("downloads", "downloads"),
    ("issues", "issues{/number}"),
    ("pulls", "pulls{/number}"),
    ("milestones", "milestones{/number}"),
    ("notifications", "notifications{?since,all,participating}"),
    ("labels", "labels{/name}"),
    ("releases", "releases{/id}"),
    ("deployments", "deployments"),
];
