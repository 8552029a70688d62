//! What happens to Apps and installations, whoever does it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::driver::types::SubmittedManifest;
use crate::hooks::{Event, To};
use crate::keys;
use crate::render::View;
use crate::sim::Sim;
use crate::world::{App, Hook, Installation, Kind, Token};

/// How long a token lives.
const TOKEN_LIFE: chrono::Duration = chrono::Duration::hours(1);

/// How long the manifest flow may take.
pub(crate) const CODE_LIFE: chrono::Duration = chrono::Duration::hours(1);

/// A manifest: these keys and no others.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) name: Option<String>,
    pub(crate) url: String,
    hook_attributes: Option<HookAttributes>,
    redirect_url: Option<String>,
    #[serde(default)]
    callback_urls: Vec<String>,
    setup_url: Option<String>,
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) public: bool,
    #[serde(default)]
    pub(crate) default_events: Vec<String>,
    #[serde(default)]
    pub(crate) default_permissions: BTreeMap<String, String>,
    #[serde(default)]
    request_oauth_on_install: bool,
    #[serde(default)]
    setup_on_update: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct HookAttributes {
    url: String,
    active: Option<bool>,
}

impl Manifest {
    /// Reads a manifest, as critically as GitHub's form does.
    pub(crate) fn parse(value: Value) -> anyhow::Result<Self> {
        let it: Self = serde_json::from_value(value).context("the manifest can't be used")?;
        let addresses = [Some(&it.url), it.redirect_url.as_ref(), it.setup_url.as_ref()];
        let hook = it.hook_attributes.as_ref().map(|hook| &hook.url);
        for address in addresses.into_iter().chain([hook]).flatten().chain(it.callback_urls.iter())
        {
            let url = url::Url::parse(address).with_context(|| format!("{address:?}"))?;
            ensure!(matches!(url.scheme(), "http" | "https"), "{address:?} is no web address");
        }
        ensure!(it.callback_urls.len() <= 10, "there are more than 10 callback URLs");
        ensure!(
            !it.request_oauth_on_install && !it.setup_on_update || it.setup_url.is_some(),
            "there is no setup URL to send the user to"
        );
        for access in it.default_permissions.values() {
            ensure!(
                matches!(access.as_str(), "read" | "write" | "admin"),
                "{access:?} is no access level"
            );
        }
        for event in &it.default_events {
            // GitHub sends these unasked, and refuses to have them asked for.
            ensure!(
                !matches!(
                    event.as_str(),
                    "installation" | "installation_repositories" | "github_app_authorization"
                ),
                "{event} can't be subscribed to"
            );
            let needs = match event.as_str() {
                "push" | "create" | "delete" => "contents",
                "pull_request" => "pull_requests",
                "check_run" | "check_suite" => "checks",
                "deployment" | "deployment_status" => "deployments",
                "issue_comment" => "issues",
                _ => "metadata",
            };
            ensure!(
                it.default_permissions.contains_key(needs) || needs == "metadata",
                "the event {event} needs the permission {needs}"
            );
        }
        Ok(it)
    }
}

impl Sim {
    /// Makes an App from its manifest; the code for it waits to be used.
    pub(crate) fn create_app(
        &self,
        owner: &str,
        manifest: Manifest,
        state: &str,
    ) -> anyhow::Result<SubmittedManifest> {
        let name = manifest.name.context("the App needs a name")?;
        let name = name.trim().to_owned();
        ensure!(!name.is_empty() && name.chars().count() <= 34, "a name has 1 to 34 characters");
        let slug = slug(&name);
        ensure!(!slug.is_empty(), "a name needs letters or digits");
        let now = self.now();
        let mut world = self.world();
        ensure!(world.accounts.contains_key(owner), "there is no account {owner}");
        ensure!(world.app_by_slug(&slug).is_none(), "the name {name:?} is taken");
        let id = world.id();
        let hook = Hook {
            id: world.id(),
            active: manifest
                .hook_attributes
                .as_ref()
                .is_some_and(|hook| hook.active.unwrap_or(true)),
            url: manifest.hook_attributes.map(|hook| hook.url),
            content_type: "json".to_owned(),
            insecure_ssl: "0".to_owned(),
            secret: Some(secret(20)),
        };
        let mut permissions = manifest.default_permissions;
        permissions.entry("metadata".to_owned()).or_insert_with(|| "read".to_owned());
        let code = secret(20);
        let app = App {
            id,
            slug: slug.clone(),
            name,
            owner: owner.to_owned(),
            description: manifest.description,
            external_url: manifest.url,
            setup_url: manifest.setup_url,
            permissions,
            events: manifest.default_events,
            hook,
            client_id: format!("Iv23li{}", secret(7)),
            client_secret: secret(20),
            key: keys::OWN + 1 + world.apps.len(),
            code: Some(code.clone()),
            created_at: now,
        };
        world.apps.insert(id, app);
        world.account(&format!("{slug}[bot]"), Kind::Bot);
        drop(world);
        let redirect = manifest
            .redirect_url
            .map(|url| with_query(&url, &[("code", &code), ("state", state)]))
            .transpose()?;
        self.ping(id);
        Ok(SubmittedManifest { app_id: id, slug, code, redirect })
    }

    /// Installs an App on an account, or changes which repositories it has.
    pub(crate) fn install_app(
        &self,
        slug: &str,
        account: &str,
        repositories: Option<&[String]>,
        state: Option<&str>,
    ) -> anyhow::Result<(i64, Option<String>)> {
        let now = self.now();
        let mut world = self.world();
        let app = world.app_by_slug(slug).with_context(|| format!("no App {slug}"))?.clone();
        ensure!(world.accounts.contains_key(account), "there is no account {account}");
        let ids = repositories
            .map(|names| {
                let id = |name: &String| {
                    let it = world.repository(name).filter(|it| it.owner == account);
                    it.map(|it| it.id).with_context(|| format!("{account} has no {name}"))
                };
                names.iter().map(id).collect::<anyhow::Result<BTreeSet<i64>>>()
            })
            .transpose()?;
        let there =
            world.installations.values().find(|it| it.app == app.id && it.account == account);
        if let Some(there) = there {
            let id = there.id;
            drop(world);
            self.select(id, ids)?;
            return Ok((id, after_setup(&app, id, "update", state)?));
        }
        let id = world.id();
        let installation = Installation {
            id,
            app: app.id,
            account: account.to_owned(),
            repositories: ids,
            permissions: app.permissions.clone(),
            events: app.events.clone(),
            suspended_at: None,
            created_at: now,
            updated_at: now,
        };
        let stubs: Value =
            world.covered(&installation).into_iter().map(View::repository_stub).collect();
        world.installations.insert(id, installation);
        drop(world);
        let payload = json!({ "repositories": stubs, "requester": null });
        self.installation_event(id, "installation", "created", payload);
        Ok((id, after_setup(&app, id, "install", state)?))
    }

    /// Changes which repositories an installation has.
    pub(crate) fn select(&self, id: i64, to: Option<BTreeSet<i64>>) -> anyhow::Result<()> {
        let now = self.now();
        let mut world = self.world();
        let mut it = world.installations.get(&id).context("no such installation")?.clone();
        let ids = |world: &crate::world::World, it: &Installation| {
            world.covered(it).into_iter().map(|it| it.id).collect::<BTreeSet<i64>>()
        };
        let before = ids(&world, &it);
        it.repositories = to;
        it.updated_at = now;
        let after = ids(&world, &it);
        let stubs = |ids: Vec<&i64>| -> Value {
            let found = ids.into_iter().filter_map(|id| world.repositories.get(id));
            found.map(View::repository_stub).collect()
        };
        let added = stubs(after.difference(&before).collect());
        let removed = stubs(before.difference(&after).collect());
        let selection = crate::render::selection(&it);
        world.installations.insert(id, it);
        drop(world);
        let none = Value::Array(Vec::new());
        for (action, added, removed) in [("added", &added, &none), ("removed", &none, &removed)] {
            if *added == none && *removed == none {
                continue;
            }
            let payload = json!({
                "repository_selection": selection,
                "repositories_added": added,
                "repositories_removed": removed,
                "requester": null,
            });
            self.installation_event(id, "installation_repositories", action, payload);
        }
        Ok(())
    }

    /// Suspends an installation, or lifts that.
    pub(crate) fn set_suspended(&self, id: i64, suspended: bool) -> anyhow::Result<()> {
        let now = self.now();
        let mut world = self.world();
        let it = world.installations.get_mut(&id).context("no such installation")?;
        ensure!(it.suspended_at.is_some() != suspended, "it is so already");
        it.suspended_at = suspended.then_some(now);
        it.updated_at = now;
        drop(world);
        let action = if suspended { "suspend" } else { "unsuspend" };
        self.installation_event(id, "installation", action, json!({}));
        Ok(())
    }

    /// Removes an installation and all its tokens.
    pub(crate) fn remove_installation(&self, id: i64) -> anyhow::Result<()> {
        if !self.world().installations.contains_key(&id) {
            bail!("no such installation");
        }
        // The event needs what is about to go.
        self.installation_event(id, "installation", "deleted", json!({}));
        let mut world = self.world();
        world.installations.remove(&id);
        world.tokens.retain(|_, token| token.installation != id);
        drop(world);
        Ok(())
    }

    fn installation_event(&self, id: i64, name: &'static str, action: &'static str, it: Value) {
        self.fire(&Event {
            name,
            action: Some(action),
            to: To::Installation(id),
            sender: crate::world::USER.to_owned(),
            payload: it,
        });
    }

    /// Makes a token of an installation.
    pub(crate) fn mint(&self, mut token: Token) -> anyhow::Result<(String, Token)> {
        let now = self.now();
        token.expires_at = now + TOKEN_LIFE;
        let mut world = self.world();
        world.minted += 1;
        token.serial = world.minted;
        let app = world.installations.get(&token.installation).map_or(0, |it| it.app);
        let claims = json!({
            "iss": "github",
            "sub": token.installation,
            "iat": now.timestamp(),
            "exp": token.expires_at.timestamp(),
            "jti": world.minted,
        });
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
        let signed = jsonwebtoken::encode(&header, &claims, &keys::nth(keys::OWN)?.signer())?;
        let text = format!("ghs_{app}_{signed}");
        world.tokens.insert(text.clone(), token.clone());
        drop(world);
        Ok((text, token))
    }
}

/// Where GitHub sends the browser after an installation.
fn after_setup(
    app: &App,
    installation: i64,
    action: &str,
    state: Option<&str>,
) -> anyhow::Result<Option<String>> {
    let id = installation.to_string();
    let mut pairs = vec![("installation_id", id.as_str()), ("setup_action", action)];
    pairs.extend(state.map(|state| ("state", state)));
    app.setup_url.as_ref().map(|url| with_query(url, &pairs)).transpose()
}

/// An address with more parameters.
pub(crate) fn with_query(address: &str, pairs: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut url = url::Url::parse(address)?;
    url.query_pairs_mut().extend_pairs(pairs);
    Ok(url.into())
}

/// A name as a part of an address.
fn slug(name: &str) -> String {
    let dashed: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    dashed.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// Something nobody guesses, of as many random bytes.
pub(crate) fn secret(bytes: usize) -> String {
    let random: Vec<u8> = (0..bytes).map(|_| rand::random()).collect();
    if bytes < 10 {
        URL_SAFE_NO_PAD.encode(random).replace(['-', '_'], "x")
    } else {
        hex::encode(random)
    }
}
