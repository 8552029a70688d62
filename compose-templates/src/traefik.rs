//! Routes: what a file asks for, and the labels by which Traefik does it.
//!
//! Names of routers are global to Traefik, so they start with the service's
//! name on the Swarm, which no other service has.

use std::collections::BTreeMap;

use crate::compose::check::{Check, Field};
use crate::compose::model::RouteUse;
use crate::render::check_host_name;

/// Reads one entry of `x-berth.routes`.
pub(crate) fn read(check: &mut Check<'_>, field: &Field<'_>) -> Option<RouteUse> {
    let (mut host, mut port, mut path, mut asked, mut strip) = (None, None, None, None, false);
    let before = check.complaints.len();
    for key in check.map(field) {
        match key.key {
            "host" => host = check.filled(&key),
            "port" => port = check.number::<u16>(&key).filter(|port| *port > 0),
            "path" => path = path_of(check, &key, plain),
            "check" => asked = path_of(check, &key, |c| plain(c) || matches!(c, '?' | '&' | '=')),
            "strip" => strip = check.flag(&key).unwrap_or(false),
            _ => check.unknown(&key, &["host", "port", "path", "check", "strip"]),
        }
    }
    let host = host.or_else(|| check.variables.get("BERTH_HOST").cloned());
    let host = host.unwrap_or_default().to_ascii_lowercase();
    if host.is_empty() {
        let message = format!("`{}` needs a `host`, since `BERTH_HOST` is not set", field.path);
        check.refuse(field.at(), message);
    } else if let Err(why) = check_host_name(&host) {
        check.refuse(field.at(), format!("`{}.host` is {host:?}, {why}", field.path));
    }
    if port.is_none() {
        let message =
            format!("`{}` needs a `port`: the one that the service listens on", field.path);
        check.refuse(field.at(), message);
    }
    if check.complaints.len() > before {
        return None;
    }
    let path = path.unwrap_or_else(|| "/".to_owned());
    let asked = asked.unwrap_or_else(|| path.clone());
    Some(RouteUse { at: field.at(), host, port: port?, path, check: asked, strip })
}

/// The labels for one service's routes. `service` is its name on the Swarm.
pub(crate) fn labels(
    service: &str,
    routes: &[RouteUse],
    network: &str,
    entrypoints: &[String],
) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut set = |key: String, value: String| drop(labels.insert(key, value));
    set("traefik.enable".to_owned(), "true".to_owned());
    set("traefik.swarm.network".to_owned(), network.to_owned());
    for (index, route) in routes.iter().enumerate() {
        let name = format!("{service}-{}", index + 1);
        let router = format!("traefik.http.routers.{name}");
        set(format!("{router}.rule"), rule(route));
        // Said even where there is one: with two, Traefik would drop both.
        set(format!("{router}.service"), name.clone());
        if !entrypoints.is_empty() {
            set(format!("{router}.entrypoints"), entrypoints.join(","));
        }
        set(
            format!("traefik.http.services.{name}.loadbalancer.server.port"),
            route.port.to_string(),
        );
        if route.strip && route.path != "/" {
            let middleware = format!("{name}-strip");
            set(
                format!("traefik.http.middlewares.{middleware}.stripprefix.prefixes"),
                route.path.clone(),
            );
            set(format!("{router}.middlewares"), middleware);
        }
    }
    labels
}

fn rule(route: &RouteUse) -> String {
    let host = format!("Host(`{}`)", route.host);
    if route.path == "/" { host } else { format!("{host} && PathPrefix(`{}`)", route.path) }
}

/// What may stand in a path: nothing that could end the backticks of a rule, or
/// that Traefik would take for a pattern.
const fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '/' | '-' | '_' | '.' | '~' | '%' | '+' | '@' | ':' | ',' | ';' | '!' | '$')
}

fn path_of(
    check: &mut Check<'_>,
    field: &Field<'_>,
    allowed: impl Fn(char) -> bool,
) -> Option<String> {
    let path = check.filled(field)?;
    // `//host/` names a host, and the check would be asked there.
    let good = path.starts_with('/')
        && !path.starts_with("//")
        && path.chars().all(allowed)
        && !path.split('/').any(|part| part == "..");
    if good {
        return Some(path);
    }
    let message = format!(
        "`{}` must start with one `/` and have only letters, digits and `-._~%+@:,;!$` in it, but is {path:?}",
        field.path
    );
    check.refuse(field.at(), message);
    None
}

#[cfg(test)]
mod tests;
