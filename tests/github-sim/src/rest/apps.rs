//! Operations on the App itself: its hook, its installations, their tokens.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Answer, Call, Identity, Outcome};
use crate::apps::CODE_LIFE;
use crate::keys;
use crate::render::{View, time};
use crate::sim::Sim;
use crate::world::{App, Token};

/// The App that asks.
fn caller(sim: &Sim, call: &Call) -> Result<App, Answer> {
    match &call.identity {
        Identity::App(id) => sim.world().apps.get(id).cloned().ok_or_else(Answer::not_found),
        Identity::Nobody | Identity::Installation(_) => Err(Answer::not_found()),
    }
}

/// The token that asks.
fn token(call: &Call) -> Result<&Token, Answer> {
    match &call.identity {
        Identity::Installation(token) => Ok(token),
        Identity::Nobody | Identity::App(_) => Err(Answer::not_found()),
    }
}

pub(super) fn create_from_manifest(sim: &Sim, call: &Call) -> Outcome {
    let now = sim.now();
    let code = call.param("code");
    let app = {
        let mut world = sim.world();
        let mut apps = world.apps.values_mut();
        let app = apps
            .find(|app| app.code.as_deref() == Some(code) && now - app.created_at < CODE_LIFE)
            .ok_or_else(Answer::not_found)?;
        // A code works once.
        app.code = None;
        app.clone()
    };
    let mut body = sim.view(|view| view.app(&app));
    body["client_id"] = app.client_id.as_str().into();
    body["client_secret"] = app.client_secret.as_str().into();
    body["webhook_secret"] = app.hook.secret.as_deref().into();
    body["pem"] = keys::nth(app.key)?.pem().into();
    Ok(Answer::new(201, body))
}

pub(super) fn get(sim: &Sim, call: &Call) -> Outcome {
    let app = caller(sim, call)?;
    let mut body = sim.view(|view| view.app(&app));
    let count = sim.world().installations.values().filter(|it| it.app == app.id).count();
    body["installations_count"] = count.into();
    Ok(Answer::new(200, body))
}

pub(super) fn by_slug(sim: &Sim, call: &Call) -> Outcome {
    let app = sim.world().app_by_slug(call.param("app_slug")).cloned();
    let app = app.ok_or_else(Answer::not_found)?;
    Ok(Answer::new(200, sim.view(|view| view.app(&app))))
}

pub(super) fn hook_config(sim: &Sim, call: &Call) -> Outcome {
    Ok(Answer::new(200, View::hook_config(&caller(sim, call)?)))
}

pub(super) fn update_hook_config(sim: &Sim, call: &Call) -> Outcome {
    let id = caller(sim, call)?.id;
    let mut world = sim.world();
    let app = world.apps.get_mut(&id).ok_or_else(Answer::not_found)?;
    let hook = &mut app.hook;
    if let Some(url) = call.text("url") {
        hook.url = Some(url);
    }
    if let Some(kind) = call.text("content_type") {
        if !matches!(kind.as_str(), "json" | "form") {
            return Err(Answer::invalid("content_type"));
        }
        hook.content_type = kind;
    }
    if let Some(secret) = call.text("secret") {
        hook.secret = (!secret.is_empty()).then_some(secret);
    }
    match &call.body["insecure_ssl"] {
        Value::String(text) => text.clone_into(&mut hook.insecure_ssl),
        Value::Number(number) => hook.insecure_ssl = number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
    }
    Ok(Answer::new(200, View::hook_config(app)))
}

pub(super) fn installations(sim: &Sim, call: &Call) -> Outcome {
    let app = caller(sim, call)?;
    let items: Vec<Value> = sim.view(|view| {
        let own = view.world.installations.values().filter(|it| it.app == app.id);
        own.map(|it| view.installation(it)).collect()
    });
    Ok(call.page(sim, &items, |items| items))
}

pub(super) fn installation(sim: &Sim, call: &Call) -> Outcome {
    let app = caller(sim, call)?;
    let id = call.number("installation_id")?;
    sim.view(|view| {
        let it = view.world.installations.get(&id).filter(|it| it.app == app.id);
        it.map(|it| Answer::new(200, view.installation(it))).ok_or_else(Answer::not_found)
    })
}

pub(super) fn repository_installation(sim: &Sim, call: &Call) -> Outcome {
    let app = caller(sim, call)?;
    let name = format!("{}/{}", call.param("owner"), call.param("repo"));
    sim.view(|view| {
        let repository = view.world.repository(&name).ok_or_else(Answer::not_found)?;
        let mut own = view.world.installations.values().filter(|it| it.app == app.id);
        own.find(|it| view.world.covers(it, repository.id))
            .map(|it| Answer::new(200, view.installation(it)))
            .ok_or_else(Answer::not_found)
    })
}

pub(super) fn delete_installation(sim: &Sim, call: &Call) -> Outcome {
    // Only the App's own.
    installation(sim, call)?;
    sim.remove_installation(call.number("installation_id")?)?;
    Ok(Answer::empty(204))
}

pub(super) fn create_token(sim: &Sim, call: &Call) -> Outcome {
    let app = caller(sim, call)?;
    let id = call.number("installation_id")?;
    let installation = sim.world().installations.get(&id).filter(|it| it.app == app.id).cloned();
    let installation = installation.ok_or_else(Answer::not_found)?;
    if installation.suspended_at.is_some() {
        return Err(Answer::refusal(403, "This installation has been suspended"));
    }
    let covered: BTreeMap<String, i64> = sim
        .world()
        .covered(&installation)
        .into_iter()
        .map(|it| (it.name.to_lowercase(), it.id))
        .collect();
    let unknown = || {
        let why = "There is at least one repository that does not exist or is not accessible to the parent installation.";
        Answer::refusal(422, why)
    };
    let mut chosen: Option<BTreeSet<i64>> = None;
    if let Some(ids) = call.body["repository_ids"].as_array() {
        for id in ids.iter().filter_map(Value::as_i64) {
            if !covered.values().any(|it| *it == id) {
                return Err(unknown());
            }
            chosen.get_or_insert_default().insert(id);
        }
    }
    if let Some(names) = call.body["repositories"].as_array() {
        for name in names.iter().filter_map(Value::as_str) {
            let id = covered.get(&name.to_lowercase()).ok_or_else(unknown)?;
            chosen.get_or_insert_default().insert(*id);
        }
    }
    let has = Token {
        serial: 0,
        installation: id,
        repositories: None,
        permissions: installation.permissions.clone(),
        expires_at: sim.now(),
    };
    let mut permissions = installation.permissions.clone();
    if let Some(asked) = call.body["permissions"].as_object() {
        permissions.clear();
        for (name, access) in asked {
            let access = access.as_str().unwrap_or_default();
            if !has.grants(name, access) {
                let why = "The permissions requested are not granted to this installation.";
                return Err(Answer::refusal(422, why));
            }
            permissions.insert(name.clone(), access.to_owned());
        }
        // Every token may read what there is.
        permissions.entry("metadata".to_owned()).or_insert_with(|| "read".to_owned());
    }
    let (text, token) = sim.mint(Token { repositories: chosen.clone(), permissions, ..has })?;
    let mut body = json!({
        "token": text,
        "expires_at": time(token.expires_at),
        "permissions": token.permissions,
        "repository_selection":
            if chosen.is_some() { "selected" } else { crate::render::selection(&installation) },
    });
    if let Some(ids) = chosen {
        body["repositories"] = sim.view(|view| {
            let found = ids.iter().filter_map(|id| view.world.repositories.get(id));
            found.map(|it| view.repository(it)).collect()
        });
    }
    Ok(Answer::new(201, body))
}

pub(super) fn revoke_token(sim: &Sim, call: &Call) -> Outcome {
    let own = token(call)?.serial;
    sim.world().tokens.retain(|_, it| it.serial != own);
    Ok(Answer::empty(204))
}

pub(super) fn repositories(sim: &Sim, call: &Call) -> Outcome {
    let token = token(call)?;
    let mut selection = "all";
    let items: Vec<Value> = sim.view(|view| {
        let Some(installation) = view.world.installations.get(&token.installation) else {
            return Vec::new();
        };
        selection = crate::render::selection(installation);
        let covered = view.world.covered(installation).into_iter();
        covered
            .filter(|it| token.repositories.as_ref().is_none_or(|ids| ids.contains(&it.id)))
            .map(|it| view.repository(it))
            .collect()
    });
    let count = items.len();
    Ok(call.page(sim, &items, |items| {
        json!({ "total_count": count, "repository_selection": selection, "repositories": items })
    }))
}

pub(super) fn deliveries(sim: &Sim, call: &Call) -> Outcome {
    let app = caller(sim, call)?;
    let size = call.query("per_page").and_then(|it| it.parse().ok()).unwrap_or(30_usize);
    let size = size.clamp(1, 100);
    // The newest first; a cursor names the last one of the page before.
    let before: i64 = call
        .query("cursor")
        .and_then(|cursor| cursor.strip_prefix("v1_"))
        .and_then(|id| id.parse().ok())
        .unwrap_or(i64::MAX);
    let failed_only = call.query("status") == Some("failure");
    let items: Vec<Value> = sim.view(|view| {
        let own = view.world.attempts.values().rev().filter(|it| it.app == app.id);
        own.filter(|it| !it.status.is_empty() && it.id < before)
            .filter(|it| !failed_only || (400..600).contains(&it.status_code))
            .take(size + 1)
            .map(|it| view.attempt(it, false))
            .collect()
    });
    let page: Vec<Value> = items.iter().take(size).cloned().collect();
    let last = page.last().and_then(|it| it["id"].as_i64());
    let mut answer = Answer::new(200, page.into());
    if let (true, Some(last)) = (items.len() > size, last) {
        let link = call.link(sim, &[("cursor", &format!("v1_{last}"))]);
        answer.headers.push(("link", format!("<{link}>; rel=\"next\"")));
    }
    Ok(answer)
}

pub(super) fn delivery(sim: &Sim, call: &Call) -> Outcome {
    let app = caller(sim, call)?;
    let id = call.number("delivery_id")?;
    sim.view(|view| {
        let it = view.world.attempts.get(&id).filter(|it| it.app == app.id);
        it.map(|it| Answer::new(200, view.attempt(it, true))).ok_or_else(Answer::not_found)
    })
}

pub(super) fn redeliver(sim: &Sim, call: &Call) -> Outcome {
    let app = caller(sim, call)?;
    let id = call.number("delivery_id")?;
    let own = sim.world().attempts.get(&id).is_some_and(|it| it.app == app.id);
    if !own || sim.again(id).is_none() {
        return Err(Answer::not_found());
    }
    Ok(Answer::new(202, json!({})))
}
