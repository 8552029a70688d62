//! Reading `x-berth`: what is wrong is told with its place, all of it at once.

use super::getters::{each, good, hosts, number, switch};
use super::keys;
use super::options::{
    allow, basic_auth, headers, health, rate_limit, redirect, retry, sticky, tls,
};
use super::values;
use super::{JobTime, Protocol, Route, Sticky, Tls};
use crate::compose::check::{Check, Field};
use crate::compose::model::Placed;

/// What `x-berth` says, each with its place.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) routes: Vec<Placed<Route>>,
    pub(crate) job: Option<Placed<JobTime>>,
}

/// Reads `x-berth`.
pub(crate) fn read(check: &mut Check<'_>, field: &Field<'_>) -> Read {
    let mut all = Read::default();
    for key in check.map(field) {
        match key.key {
            "routes" => all.routes = routes_in(check, &key),
            "job" => all.job = job(check, &key),
            _ => check.unknown(&key, keys::X_BERTH),
        }
    }
    if let (Some(job), Some(_)) = (&all.job, all.routes.first()) {
        check.refuse(job.at, format!("`{}` has routes, but a job answers nobody", field.path));
    }
    all
}

fn job(check: &mut Check<'_>, field: &Field<'_>) -> Option<Placed<JobTime>> {
    let it = match check.word(field, &["before", "after"])?.as_str() {
        "before" => JobTime::Before,
        _ => JobTime::After,
    };
    Some(Placed { at: field.at(), it })
}

fn routes_in(check: &mut Check<'_>, field: &Field<'_>) -> Vec<Placed<Route>> {
    check.list(field).iter().filter_map(|item| route(check, item)).collect()
}

fn route(check: &mut Check<'_>, field: &Field<'_>) -> Option<Placed<Route>> {
    let before = check.complaints.len();
    let mut it = Route::default();
    let fields = check.map(field);
    if let Some(key) = fields.iter().find(|key| key.key == "protocol") {
        it.protocol = match check.word(key, &["http", "tcp", "udp"]).as_deref() {
            Some("tcp") => Protocol::Tcp,
            Some("udp") => Protocol::Udp,
            _ => Protocol::Http,
        };
    }
    let known = match it.protocol {
        Protocol::Http => keys::ROUTE,
        Protocol::Tcp => keys::TCP,
        Protocol::Udp => keys::UDP,
    };
    for key in &fields {
        if known.contains(&key.key) {
            option(check, key, &mut it);
        } else if keys::ROUTE.contains(&key.key) {
            let message = format!(
                "`{}` is not possible for `protocol: {}`; take it out",
                key.path,
                it.protocol.as_str()
            );
            check.refuse(key.key_at, message);
        } else {
            check.unknown(key, known);
        }
    }
    together(check, field, &mut it, check.complaints.len() > before);
    (check.complaints.len() == before).then(|| Placed { at: field.at(), it })
}

fn option(check: &mut Check<'_>, key: &Field<'_>, it: &mut Route) {
    match key.key {
        "host" => it.host = hosts(check, key, true),
        "port" => it.port = check.number::<u16>(key).unwrap_or(0),
        "path" => it.path = good(check, key, values::path),
        "strip" => it.strip = check.flag(key).unwrap_or(false),
        "check" => it.check = good(check, key, values::path_and_query),
        "entrypoints" => it.entrypoints = each(check, key, values::name),
        "priority" => it.priority = number(check, key, 1, 1_000_000),
        "tls" => it.tls = switch(check, key, tls, Tls::default),
        "redirect" => it.redirect = redirect(check, key),
        "sticky" => it.sticky = switch(check, key, sticky, Sticky::default),
        "basic_auth" => it.basic_auth = basic_auth(check, key),
        "allow" => it.allow = allow(check, key),
        "headers" => it.headers = headers(check, key),
        "rate_limit" => it.rate_limit = rate_limit(check, key),
        "compress" => it.compress = check.flag(key).unwrap_or(false),
        "retry" => it.retry = retry(check, key),
        "health" => it.health = health(check, key),
        _ => {}
    }
}

/// What options need of each other. `wrong` says that something was complained
/// about already; then what is missing may only look so.
fn together(check: &mut Check<'_>, field: &Field<'_>, it: &mut Route, wrong: bool) {
    let path = &field.path;
    if it.host.is_empty() && it.protocol == Protocol::Http {
        let host =
            check.variables_of(field.at()).get("BERTH_HOST").map(|host| host.to_ascii_lowercase());
        match host.filter(|host| !host.is_empty()) {
            Some(host) => match values::host(&host, true) {
                Ok(()) => it.host = vec![host],
                Err(why) => check.refuse(field.at(), format!("`BERTH_HOST` is {host:?}, {why}")),
            },
            None if wrong => {}
            None => check.refuse(
                field.at(),
                format!("`{path}` needs a `host`, since `BERTH_HOST` is not set"),
            ),
        }
    }
    let mut refuse = |message: String| check.refuse(field.at(), message);
    if it.port == 0 {
        refuse(format!("`{path}` needs a `port`: the one that the service listens on"));
    }
    if wrong {
        return;
    }
    let is_tls = it.tls.is_some();
    let passthrough = it.tls.as_ref().is_some_and(|tls| tls.passthrough);
    match it.protocol {
        Protocol::Http => {
            if it.redirect.https && !is_tls {
                refuse(format!("`{path}.redirect.https` leads to TLS, so the route needs `tls`"));
            }
            if passthrough {
                refuse(format!(
                    "`{path}.tls.passthrough` hides host and path from Traefik; it is for `protocol: tcp`"
                ));
            }
            for host in &it.redirect.hosts {
                if it.host.contains(host) {
                    refuse(format!(
                        "`{path}.redirect.hosts` leads `{host}` to itself; take it out"
                    ));
                }
            }
            if !it.redirect.hosts.is_empty()
                && it.host.first().is_some_and(|host| host.starts_with('*'))
            {
                refuse(format!(
                    "`{path}.redirect.hosts` leads to the route's first host, which must be no wildcard then"
                ));
            }
            let asked = it.check.as_deref().or(it.path.as_deref()).unwrap_or("/");
            let asked = asked.split('?').next().unwrap_or("/");
            for moved in &it.redirect.paths {
                if under(asked, &moved.from) {
                    refuse(format!(
                        "the check asks `{asked}`, which `{path}.redirect.paths` leads away from; name another path in `check`"
                    ));
                }
                if under(&moved.to, &moved.from) {
                    refuse(format!(
                        "`{path}.redirect.paths` leads `{}` to `{}`, which leads on to itself for ever; name another path",
                        moved.from, moved.to
                    ));
                }
            }
            let secure = it.sticky.as_ref().is_some_and(|sticky| sticky.secure)
                || it.headers.security.as_ref().is_some_and(|security| security.hsts.is_some());
            if secure && !is_tls {
                refuse(format!("`{path}` asks for `secure` or `hsts`, so it needs `tls`"));
            }
        }
        Protocol::Tcp => {
            if it.host.iter().any(|host| host.starts_with('*')) {
                refuse(format!("`{path}.host` can have no wildcard for `protocol: tcp`"));
            }
            if !it.host.is_empty() && !is_tls {
                refuse(format!(
                    "`{path}.host` is asked for within TLS, so the route needs `tls`; or take it out for every connection"
                ));
            }
        }
        Protocol::Udp => {}
    }
    if it.protocol != Protocol::Http && it.entrypoints.is_empty() {
        refuse(format!("`{path}` needs `entrypoints`: which of Traefik's it is at"));
    }
}

/// Whether `path` is `prefix` or below it.
fn under(path: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
