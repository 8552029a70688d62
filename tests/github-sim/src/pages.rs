//! The site, as far as a browser needs it: plain pages, titled as a simulator.

mod apps;
mod html;
mod markdown;
mod repository;

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};

use self::html::{Markup, escape, page};
use crate::sim::Sim;

/// What a page comes to.
enum Shown {
    Page(String, Markup),
    /// The browser is sent on.
    To(String),
    /// What was asked for can't be done; a sentence says why.
    Refused(String),
    Nothing,
}

/// A form's or query's fields, in order; a name may come more than once.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(bytes: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(bytes).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(it, _)| it == name).map(|(_, value)| value.as_str())
    }
}

/// Answers a browser.
pub(crate) async fn answer(
    sim: &Sim,
    method: &Method,
    path: &str,
    query: &str,
    body: &Bytes,
) -> Response {
    let parts: Vec<String> =
        path.trim_matches('/').split('/').map(crate::description::decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (query, form) = (Fields::parse(query.as_bytes()), Fields::parse(body));
    let shown = match (method, &parts[..]) {
        (&Method::GET, [""]) => home(sim),
        (&Method::GET, ["settings", "apps", "new"]) => apps::paste(None, &query),
        (&Method::GET, ["organizations", org, "settings", "apps", "new"]) => {
            apps::paste(Some(org), &query)
        }
        (&Method::POST, ["settings", "apps", "new"]) => apps::create(sim, None, &query, &form),
        (&Method::POST, ["organizations", org, "settings", "apps", "new"]) => {
            apps::create(sim, Some(org), &query, &form)
        }
        (&Method::GET, ["apps", slug]) => apps::app(sim, slug),
        (&Method::GET, ["apps", slug, "installations", "new"]) => apps::choose(sim, slug, &query),
        (&Method::POST, ["apps", slug, "installations", "new"]) => {
            apps::install(sim, slug, &query, &form)
        }
        (&Method::GET, ["settings", "installations", id])
        | (&Method::GET, ["organizations", _, "settings", "installations", id]) => {
            apps::installation(sim, id)
        }
        (&Method::POST, ["settings", "installations", id, action])
        | (&Method::POST, ["organizations", _, "settings", "installations", id, action]) => {
            apps::change_installation(sim, id, action)
        }
        (&Method::GET, ["login", "oauth", "authorize"]) => apps::authorize(sim, &query),
        (&Method::POST, ["login", "oauth", "authorize"]) => apps::authorized(sim, &query),
        (&Method::GET, [owner, name]) => {
            repository::overview(sim, &format!("{owner}/{name}")).await
        }
        (&Method::GET, [owner, name, "pull", number]) => {
            repository::pull(sim, &format!("{owner}/{name}"), number)
        }
        (&Method::GET, [owner, name, "commit", sha]) => {
            repository::commit(sim, &format!("{owner}/{name}"), sha).await
        }
        (&Method::GET, [owner, name, "runs", id]) => {
            repository::run(sim, &format!("{owner}/{name}"), id)
        }
        (&Method::POST, [owner, name, "pulls"]) => {
            repository::open(sim, &format!("{owner}/{name}"), &form).await
        }
        (&Method::POST, [owner, name, "pull", number, action]) => {
            repository::change(sim, &format!("{owner}/{name}"), number, action, &form).await
        }
        (_, _) => Shown::Nothing,
    };
    respond(shown)
}

fn respond(shown: Shown) -> Response {
    let (status, text) = match shown {
        Shown::Page(title, body) => (StatusCode::OK, page(&title, &body)),
        Shown::To(place) => {
            let mut response = StatusCode::FOUND.into_response();
            if let Ok(place) = HeaderValue::from_str(&place) {
                response.headers_mut().insert(header::LOCATION, place);
            }
            return response;
        }
        Shown::Refused(why) => {
            let body = Markup(format!("<p class=bad>{}</p>", escape(&why)));
            (StatusCode::UNPROCESSABLE_ENTITY, page("This can't be done", &body))
        }
        Shown::Nothing => {
            let body =
                Markup("<p>There is no such page. <a href=/>All repositories</a></p>".into());
            (StatusCode::NOT_FOUND, page("Not found", &body))
        }
    };
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, kind, text).into_response()
}

fn home(sim: &Sim) -> Shown {
    let mut body = String::from("<h2>Repositories</h2><ul class=list>");
    for it in sim.repositories() {
        let kind = if it.private { "private" } else { "public" };
        let name = escape(&it.full_name);
        body += &format!("<li><a href=\"/{name}\">{name}</a> <span class=tag>{kind}</span></li>");
    }
    body += "</ul><h2>Apps</h2><ul class=list>";
    for app in sim.world().apps.values() {
        let (name, slug) = (escape(&app.name), escape(&app.slug));
        body += &format!("<li><a href=\"/apps/{slug}\">{name}</a> of {}</li>", escape(&app.owner));
    }
    body += "</ul><h2>Webhooks</h2>";
    body += &deliveries(sim, None);
    Shown::Page("Repositories and Apps".into(), Markup(body))
}

/// The newest deliveries as a table, of one repository or of all.
fn deliveries(sim: &Sim, repository: Option<i64>) -> String {
    let world = sim.world();
    let newest = world.attempts.values().rev();
    let mut rows = String::new();
    for it in newest.filter(|it| repository.is_none() || it.repository == repository).take(15) {
        let name = match &it.action {
            Some(action) => format!("{}.{action}", it.event),
            None => it.event.clone(),
        };
        let class = if it.status == "OK" { "good" } else { "bad" };
        let status = if it.status.is_empty() { "under way" } else { &it.status };
        rows += &format!(
            "<tr><td>{}<td><code>{}</code><td class={class}>{}<td>{:.2} s",
            it.delivered_at.format("%H:%M:%S"),
            escape(&name),
            escape(status),
            it.duration,
        );
    }
    if rows.is_empty() {
        return "<p class=dim>None yet.</p>".to_owned();
    }
    format!("<table><tr><th>Sent<th>Event<th>Answer<th>Took{rows}</table>")
}
