//! The pages that a browser walks to make and install an App.

use serde_json::Value;

use super::html::{Markup, escape, link};
use super::{Fields, Shown};
use crate::apps::{Manifest, with_query};
use crate::sim::Sim;
use crate::world::{Installation, USER};

/// Where a manifest can be pasted, for who comes without one.
pub(super) fn paste(organization: Option<&str>, query: &Fields) -> Shown {
    let owner = escape(organization.unwrap_or(USER));
    let state = escape(query.get("state").unwrap_or_default());
    let body = format!(
        "<p>A program that wants an App of its own posts its manifest here. To try one by hand, \
         paste it.</p><form method=post action=\"?state={state}\">\
         <label for=manifest>Manifest</label>\
         <p><textarea id=manifest name=manifest rows=12 cols=70 required></textarea></p>\
         <button class=main>Continue</button></form>"
    );
    Shown::Page(format!("New GitHub App of {owner}"), Markup(body))
}

/// Shows what a posted manifest asks for; with the button pressed, makes the App.
pub(super) fn create(
    sim: &Sim,
    organization: Option<&str>,
    query: &Fields,
    form: &Fields,
) -> Shown {
    let owner = organization.unwrap_or(USER);
    let text = form.get("manifest").unwrap_or_default();
    let mut manifest = match serde_json::from_str::<Value>(text) {
        Ok(value) => match Manifest::parse(value) {
            Ok(manifest) => manifest,
            Err(err) => return Shown::Refused(format!("{err:#}")),
        },
        Err(err) => return Shown::Refused(format!("the manifest is no JSON: {err}")),
    };
    let state = query.get("state").unwrap_or_default();
    if form.get("create").is_none() {
        return confirm(owner, &manifest, text, state);
    }
    if let Some(name) = form.get("name") {
        manifest.name = Some(name.to_owned());
    }
    match sim.create_app(owner, manifest, state) {
        Ok(made) => {
            let place = made.redirect.unwrap_or_else(|| format!("/apps/{}", made.slug));
            Shown::To(place)
        }
        Err(err) => Shown::Refused(format!("{err:#}")),
    }
}

fn confirm(owner: &str, manifest: &Manifest, text: &str, state: &str) -> Shown {
    let mut rows = String::new();
    for (name, access) in &manifest.default_permissions {
        rows += &format!("<tr><td><code>{}</code><td>{}", escape(name), escape(access));
    }
    let events: Vec<String> =
        manifest.default_events.iter().map(|it| format!("<code>{}</code>", escape(it))).collect();
    let query =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
    let body = format!(
        "<p>{}</p><p>Homepage: {}</p>\
         <form method=post action=\"?{query}\"><input type=hidden name=manifest value=\"{}\">\
         <label for=name>GitHub App name</label>\
         <p><input type=text id=name name=name value=\"{}\" required maxlength=34></p>\
         <p><button class=main name=create value=1>Create GitHub App</button> for {}</p></form>\
         <h2>Permissions</h2><table><tr><th>What<th>Access{rows}</table>\
         <h2>Events</h2><p>{}</p><p class=dim>{}</p>",
        escape(manifest.description.as_deref().unwrap_or_default()),
        link(&manifest.url, &manifest.url),
        escape(text),
        escape(manifest.name.as_deref().unwrap_or_default()),
        escape(owner),
        events.join(" "),
        if manifest.public {
            "Any account can install it."
        } else {
            "Only this account can install it."
        },
    );
    Shown::Page(format!("Create GitHub App for {owner}"), Markup(body))
}

/// An App's own page.
pub(super) fn app(sim: &Sim, slug: &str) -> Shown {
    let Some(app) = sim.world().app_by_slug(slug).cloned() else { return Shown::Nothing };
    let mut list = String::new();
    for it in sim.world().installations.values().filter(|it| it.app == app.id) {
        list += &format!("<li><a href=\"{}\">{}</a></li>", settings(it), escape(&it.account));
    }
    let body = format!(
        "<p>{}</p><p>{} · by {}</p><p><a href=\"/apps/{slug}/installations/new\">Install</a></p>\
         <h2>Installed on</h2><ul class=list>{list}</ul>",
        escape(app.description.as_deref().unwrap_or_default()),
        link(&app.external_url, &app.external_url),
        escape(&app.owner),
        slug = escape(&app.slug),
    );
    Shown::Page(app.name, Markup(body))
}

fn settings(it: &Installation) -> String {
    format!("/settings/installations/{}", it.id)
}

/// Where the user chooses an account and its repositories.
pub(super) fn choose(sim: &Sim, slug: &str, query: &Fields) -> Shown {
    let Some(app) = sim.world().app_by_slug(slug).cloned() else { return Shown::Nothing };
    let account = query.get("account").unwrap_or(&app.owner).to_owned();
    let mut accounts = String::new();
    for login in ["acme", USER] {
        let class = if login == account { " aria-current=true class=tag" } else { "" };
        let mut address = url::form_urlencoded::Serializer::new(String::new());
        address.append_pair("account", login);
        if let Some(state) = query.get("state") {
            address.append_pair("state", state);
        }
        accounts += &format!("<a href=\"?{}\"{class}>{login}</a> ", escape(&address.finish()));
    }
    let mut boxes = String::new();
    for it in sim.world().repositories.values().filter(|it| it.owner == account) {
        let name = escape(&it.full_name());
        boxes += &format!(
            "<label><input type=checkbox name=repository value=\"{name}\"> {name}</label>"
        );
    }
    let state = query.get("state").map_or_else(String::new, |state| {
        format!("<input type=hidden name=state value=\"{}\">", escape(state))
    });
    let body = format!(
        "<p>Account: {accounts}</p><form method=post>{state}\
         <input type=hidden name=account value=\"{}\">\
         <label><input type=radio name=selection value=all checked> All repositories</label>\
         <label><input type=radio name=selection value=selected> Only these:</label>\
         <div style=\"padding-left:1.6rem\">{boxes}</div>\
         <p><button class=main>Install</button></p></form>",
        escape(&account),
    );
    Shown::Page(format!("Install {} on {account}", app.name), Markup(body))
}

/// Installs, and sends the browser to the App's setup URL.
pub(super) fn install(sim: &Sim, slug: &str, query: &Fields, form: &Fields) -> Shown {
    let account = form.get("account").unwrap_or_default();
    let chosen: Vec<String> = form.all("repository").map(str::to_owned).collect();
    let selected = form.get("selection") == Some("selected");
    if selected && chosen.is_empty() {
        return Shown::Refused("no repository was chosen".to_owned());
    }
    let state = form.get("state").or_else(|| query.get("state"));
    match sim.install_app(slug, account, selected.then_some(&chosen[..]), state) {
        Ok((id, redirect)) => {
            Shown::To(redirect.unwrap_or_else(|| format!("/settings/installations/{id}")))
        }
        Err(err) => Shown::Refused(format!("{err:#}")),
    }
}

/// An installation, with what its owner can do about it.
pub(super) fn installation(sim: &Sim, id: &str) -> Shown {
    let found = id.parse().ok().and_then(|id| sim.installation(id).ok());
    let Some(it) = found else { return Shown::Nothing };
    let name = sim.world().apps.get(&it.app_id).map(|app| app.name.clone()).unwrap_or_default();
    let mut list = String::new();
    for name in &it.repositories {
        list += &format!("<li><a href=\"/{0}\">{0}</a></li>", escape(name));
    }
    let (action, words) =
        if it.suspended { ("unsuspend", "Unsuspend") } else { ("suspend", "Suspend") };
    let body = format!(
        "<p>{}</p><h2>Repositories</h2><ul class=list>{list}</ul>\
         <p><form method=post action=\"/settings/installations/{id}/{action}\">\
         <button>{words}</button></form> \
         <form method=post action=\"/settings/installations/{id}/uninstall\">\
         <button>Uninstall</button></form></p>",
        if it.suspended { "Suspended." } else { "Active." },
        id = it.id,
    );
    Shown::Page(format!("{name} on {}", it.account), Markup(body))
}

pub(super) fn change_installation(sim: &Sim, id: &str, action: &str) -> Shown {
    let Ok(number) = id.parse() else { return Shown::Nothing };
    let done = match action {
        "suspend" => sim.set_suspended(number, true),
        "unsuspend" => sim.set_suspended(number, false),
        "uninstall" => sim.remove_installation(number),
        _ => return Shown::Nothing,
    };
    match done {
        Ok(()) if action == "uninstall" => Shown::To("/".to_owned()),
        Ok(()) => Shown::To(format!("/settings/installations/{number}")),
        Err(err) => Shown::Refused(format!("{err:#}")),
    }
}

/// Asks the user whether an App may know who they are.
pub(super) fn authorize(sim: &Sim, query: &Fields) -> Shown {
    let id = query.get("client_id").unwrap_or_default();
    let app = sim.world().apps.values().find(|app| app.client_id == id).cloned();
    let Some(app) = app else { return Shown::Nothing };
    let body = format!(
        "<p>{} wants to know that you are <strong>{USER}</strong>.</p>\
         <form method=post><button class=main>Authorize {}</button></form>",
        escape(&app.name),
        escape(&app.name),
    );
    Shown::Page(format!("Authorize {}", app.name), Markup(body))
}

/// Sends the browser back with a code.
pub(super) fn authorized(sim: &Sim, query: &Fields) -> Shown {
    let id = query.get("client_id").unwrap_or_default();
    if !sim.world().apps.values().any(|app| app.client_id == id) {
        return Shown::Nothing;
    }
    let Some(back) = query.get("redirect_uri") else {
        return Shown::Refused("there is no redirect_uri to go back to".to_owned());
    };
    let code = crate::apps::secret(10);
    let mut pairs = vec![("code", code.as_str())];
    pairs.extend(query.get("state").map(|state| ("state", state)));
    match with_query(back, &pairs) {
        Ok(place) => Shown::To(place),
        Err(err) => Shown::Refused(format!("{err:#}")),
    }
}
