//! Reading single options of a route.

use std::collections::BTreeMap;

use super::getters::{duration, each, few, good, hosts, needed, number, seconds, switch, unseen};
use super::keys;
use super::values;
use super::{
    Allow, BasicAuth, Headers, HealthCheck, MovedPath, Pattern, RateLimit, Redirect, Retry,
    Security, Sticky, Tls,
};
use crate::compose::check::{Check, Field};

/// `Referrer-Policy`'s words.
const REFERRER: [&str; 8] = [
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
];

pub(super) fn tls(check: &mut Check<'_>, field: &Field<'_>) -> Tls {
    let mut it = Tls::default();
    for key in check.map(field) {
        match key.key {
            "resolver" => it.resolver = good(check, &key, values::name),
            "passthrough" => it.passthrough = check.flag(&key).unwrap_or(false),
            _ => check.unknown(&key, keys::TLS),
        }
    }
    if it.passthrough && it.resolver.is_some() {
        let message = format!(
            "`{}` passes TLS through, so Traefik needs no certificate; take `resolver` out",
            field.path
        );
        check.refuse(field.at(), message);
    }
    it
}

pub(super) fn redirect(check: &mut Check<'_>, field: &Field<'_>) -> Redirect {
    let mut it = Redirect::default();
    for key in check.map(field) {
        match key.key {
            "https" => it.https = check.flag(&key).unwrap_or(false),
            "hosts" => it.hosts = hosts(check, &key, false),
            "paths" => {
                it.paths = few(check, &key).iter().filter_map(|at| moved(check, at)).collect();
            }
            "patterns" => {
                it.patterns = few(check, &key).iter().filter_map(|at| pattern(check, at)).collect();
            }
            _ => check.unknown(&key, keys::REDIRECT),
        }
    }
    it
}

fn moved(check: &mut Check<'_>, field: &Field<'_>) -> Option<MovedPath> {
    let (mut from, mut to, mut permanent) = (None, None, false);
    let before = check.complaints.len();
    for key in check.map(field) {
        match key.key {
            "from" => from = good(check, &key, values::path),
            "to" => to = good(check, &key, values::path),
            "permanent" => permanent = check.flag(&key).unwrap_or(false),
            _ => check.unknown(&key, keys::MOVED_PATH),
        }
    }
    needed(check, field, before, &[("from", from.is_some()), ("to", to.is_some())]);
    Some(MovedPath { from: from?, to: to?, permanent })
}

fn pattern(check: &mut Check<'_>, field: &Field<'_>) -> Option<Pattern> {
    let (mut regex, mut replacement, mut permanent) = (None, None, false);
    let before = check.complaints.len();
    for key in check.map(field) {
        match key.key {
            "regex" => regex = good(check, &key, values::regex),
            "replacement" => replacement = good(check, &key, values::replacement),
            "permanent" => permanent = check.flag(&key).unwrap_or(false),
            _ => check.unknown(&key, keys::PATTERN),
        }
    }
    let there = [("regex", regex.is_some()), ("replacement", replacement.is_some())];
    needed(check, field, before, &there);
    Some(Pattern { regex: regex?, replacement: replacement?, permanent })
}

pub(super) fn sticky(check: &mut Check<'_>, field: &Field<'_>) -> Sticky {
    let mut it = Sticky::default();
    for key in check.map(field) {
        match key.key {
            "name" => it.name = good(check, &key, values::name),
            "secure" => it.secure = check.flag(&key).unwrap_or(false),
            "http_only" => it.http_only = check.flag(&key).unwrap_or(false),
            "same_site" => it.same_site = check.word(&key, &["strict", "lax", "none"]),
            "max_age" => it.max_age = seconds(check, &key),
            "path" => it.path = good(check, &key, values::path),
            _ => check.unknown(&key, keys::STICKY),
        }
    }
    if it.same_site.as_deref() == Some("none") && !it.secure {
        let message =
            format!("`{}.same_site` is `none`, which browsers take with `secure` only", field.path);
        check.refuse(field.at(), message);
    }
    it
}

pub(super) fn basic_auth(check: &mut Check<'_>, field: &Field<'_>) -> Option<BasicAuth> {
    let mut it = BasicAuth::default();
    let before = check.complaints.len();
    for key in check.map(field) {
        match key.key {
            "users" => it.users = users(check, &key),
            "secret" => it.secret = check.filled(&key),
            "realm" => it.realm = good(check, &key, values::realm),
            "forward" => it.forward = check.flag(&key).unwrap_or(false),
            "header" => it.header = good(check, &key, values::header_name),
            _ => check.unknown(&key, keys::BASIC_AUTH),
        }
    }
    // A variable that is not set must not mean that nobody is asked.
    if check.complaints.len() == before && it.users.is_empty() && it.secret.is_none() {
        let message = format!("`{}` needs `users` or a `secret`, and has neither", field.path);
        check.refuse(field.at(), message);
    }
    Some(it)
}

fn users(check: &mut Check<'_>, field: &Field<'_>) -> Vec<String> {
    let mut users = Vec::new();
    for item in few(check, field) {
        let Some(text) = check.text(&item) else { continue };
        match users_of(&text) {
            Ok(some) => users.extend(some),
            Err(what) => check.refuse(item.at(), format!("`{}` must be {what}", item.path)),
        }
    }
    users
}

/// The users in a text, one a line. Never told what is wrong with which: it
/// may be a password.
pub(crate) fn users_of(text: &str) -> Result<Vec<String>, &'static str> {
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| values::user(line).map(|()| line.to_owned())).collect()
}

pub(super) fn allow(check: &mut Check<'_>, field: &Field<'_>) -> Option<Allow> {
    let mut it = Allow::default();
    let before = check.complaints.len();
    if field.is_map() {
        for key in check.map(field) {
            match key.key {
                "from" => it.from = each(check, &key, values::network),
                "depth" => it.depth = number(check, &key, 1, 16),
                _ => check.unknown(&key, keys::ALLOW),
            }
        }
    } else {
        it.from = each(check, field, values::network);
    }
    if check.complaints.len() == before && it.from.is_empty() {
        let message = format!("`{}` names no address, so it would let nobody in", field.path);
        check.refuse(field.at(), message);
    }
    Some(it)
}

pub(super) fn headers(check: &mut Check<'_>, field: &Field<'_>) -> Headers {
    let mut it = Headers::default();
    for key in check.map(field) {
        match key.key {
            "request" => it.request = some_headers(check, &key),
            "response" => it.response = some_headers(check, &key),
            "security" => {
                let usual = || Security {
                    frame: Some("deny".to_owned()),
                    nosniff: true,
                    referrer_policy: Some("strict-origin-when-cross-origin".to_owned()),
                    ..Security::default()
                };
                it.security = switch(check, &key, security, usual);
            }
            _ => check.unknown(&key, keys::HEADERS),
        }
    }
    it
}

fn some_headers(check: &mut Check<'_>, field: &Field<'_>) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for key in check.map(field) {
        if let Err(what) = values::header_name(key.key) {
            let message =
                format!("`{}` has the key {:?}, which must be {what}", field.path, key.key);
            check.refuse(key.key_at, message);
            continue;
        }
        if all.keys().any(|name| name.eq_ignore_ascii_case(key.key)) {
            check.refuse(key.key_at, format!("`{}` is there in other letters already", key.path));
            continue;
        }
        if key.is_null() {
            all.insert(key.key.to_owned(), String::new());
        } else if let Some(value) = unseen(check, &key, values::header_value) {
            all.insert(key.key.to_owned(), value);
        }
    }
    all
}

fn security(check: &mut Check<'_>, field: &Field<'_>) -> Security {
    let mut it = Security::default();
    for key in check.map(field) {
        match key.key {
            "hsts" => it.hsts = seconds(check, &key),
            "hsts_subdomains" => it.hsts_subdomains = check.flag(&key).unwrap_or(false),
            "frame" => it.frame = check.word(&key, &["deny", "sameorigin"]),
            "nosniff" => it.nosniff = check.flag(&key).unwrap_or(false),
            "referrer_policy" => it.referrer_policy = check.word(&key, &REFERRER),
            "content_security_policy" => {
                it.content_security_policy = good(check, &key, values::header_value);
            }
            "permissions_policy" => it.permissions_policy = good(check, &key, values::header_value),
            _ => check.unknown(&key, keys::SECURITY),
        }
    }
    it
}

pub(super) fn rate_limit(check: &mut Check<'_>, field: &Field<'_>) -> Option<RateLimit> {
    let mut it = RateLimit::default();
    let before = check.complaints.len();
    for key in check.map(field) {
        match key.key {
            "average" => it.average = number(check, &key, 1, 1_000_000).unwrap_or(0),
            "burst" => it.burst = number(check, &key, 1, 1_000_000),
            "period" => it.period = duration(check, &key),
            "depth" => it.depth = number(check, &key, 1, 16),
            _ => check.unknown(&key, keys::RATE_LIMIT),
        }
    }
    needed(check, field, before, &[("average", it.average > 0)]);
    Some(it)
}

pub(super) fn retry(check: &mut Check<'_>, field: &Field<'_>) -> Option<Retry> {
    let mut it = Retry::default();
    let before = check.complaints.len();
    for key in check.map(field) {
        match key.key {
            "attempts" => it.attempts = number(check, &key, 2, 100).unwrap_or(0),
            "interval" => it.interval = duration(check, &key),
            _ => check.unknown(&key, keys::RETRY),
        }
    }
    needed(check, field, before, &[("attempts", it.attempts > 0)]);
    Some(it)
}

pub(super) fn health(check: &mut Check<'_>, field: &Field<'_>) -> Option<HealthCheck> {
    if !field.is_map() {
        let path = good(check, field, values::path_and_query)?;
        return Some(HealthCheck { path, ..HealthCheck::default() });
    }
    let mut it = HealthCheck::default();
    let before = check.complaints.len();
    for key in check.map(field) {
        match key.key {
            "path" => it.path = good(check, &key, values::path_and_query).unwrap_or_default(),
            "interval" => it.interval = duration(check, &key),
            "timeout" => it.timeout = duration(check, &key),
            "status" => {
                it.status =
                    number(check, &key, 100, 599).and_then(|status| u16::try_from(status).ok());
            }
            _ => check.unknown(&key, keys::HEALTH),
        }
    }
    needed(check, field, before, &[("path", !it.path.is_empty())]);
    Some(it)
}
