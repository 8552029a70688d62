//! What a file may say under a service's `x-berth`: the one definition of it.
//!
//! Plain data, as written, with shorthands spelled out. [`read()`] fills it from
//! a file and complains with places; a JSON Schema comes from it by itself; the
//! labels that do it are `traefik`'s. Words that are read are the fields' names.

mod getters;
mod keys;
mod options;
mod read;
mod values;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use berth_domain::stack::{JobTime, Protocol};

pub(crate) use self::options::users_of;
pub(crate) use self::read::read;

/// `x-berth` of a service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct XBerth {
    /// Where the service answers.
    pub routes: Vec<Route>,
    /// The service is a job: `before` runs it before any other service is made or
    /// changed, `after` once all of them are healthy. One that fails stops the
    /// deployment.
    #[schemars(with = "Option<JobWords>")]
    pub job: Option<JobTime>,
}

/// One way through Traefik to the service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["port"]))]
pub struct Route {
    /// `http` (the default), `tcp` or `udp`.
    #[schemars(with = "Words")]
    pub protocol: Protocol,
    /// The host, or several; the default is `${BERTH_HOST}`. `*.` in front
    /// stands for one more part. Of TCP: the names asked for within TLS; the
    /// default takes every connection.
    #[schemars(with = "OneOrMore")]
    pub host: Vec<String>,
    /// The port that the service listens on; required.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// A path prefix; the default is `/`.
    pub path: Option<String>,
    /// Take the prefix away before the service sees it.
    pub strip: bool,
    /// The path to ask before the deployment is green; the default is `path`.
    pub check: Option<String>,
    /// Traefik's entry points; the default is what Berth is set to. Required
    /// for TCP and UDP.
    #[schemars(with = "OneOrMore")]
    pub entrypoints: Vec<String>,
    /// Which route goes first where several match; the default prefers the
    /// longer rule. 1 to 1000000.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub priority: Option<u32>,
    /// Speak TLS: `true`, or how.
    #[schemars(with = "Option<Switch<Tls>>")]
    pub tls: Option<Tls>,
    /// What is sent elsewhere.
    pub redirect: Redirect,
    /// Keep a visitor at one task: `true`, or how.
    #[schemars(with = "Option<Switch<Sticky>>")]
    pub sticky: Option<Sticky>,
    /// Ask for a name and password.
    pub basic_auth: Option<BasicAuth>,
    /// Let only these addresses in: a list, or with `depth`.
    #[schemars(with = "Option<ListOr<Allow>>")]
    pub allow: Option<Allow>,
    /// Headers to set.
    pub headers: Headers,
    /// How many requests a client may make.
    pub rate_limit: Option<RateLimit>,
    /// Compress answers, with gzip, Brotli or Zstandard.
    pub compress: bool,
    /// Ask another time where no connection to a task comes about.
    pub retry: Option<Retry>,
    /// The path that Traefik asks each task by itself, or how. One that does
    /// not answer well gets no requests. Not to be mistaken for `check`.
    #[schemars(with = "Option<TextOr<HealthCheck>>")]
    pub health: Option<HealthCheck>,
}

/// `tls`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Traefik's certificate resolver; without one, Traefik's own certificates.
    pub resolver: Option<String>,
    /// TCP only: leave TLS to the service.
    pub passthrough: bool,
}

/// `redirect`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Redirect {
    /// From `http://` to `https://`, for good. Needs `tls`.
    pub https: bool,
    /// Hosts that lead to the route's first one, for good: `www.example.org`.
    #[schemars(with = "OneOrMore")]
    pub hosts: Vec<String>,
    /// Paths that moved.
    pub paths: Vec<MovedPath>,
    /// Addresses by pattern.
    pub patterns: Vec<Pattern>,
}

/// An entry of `redirect.paths`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["from", "to"]))]
pub struct MovedPath {
    /// The prefix as it was; required.
    pub from: String,
    /// The prefix as it is; required.
    pub to: String,
    /// Browsers may remember it.
    pub permanent: bool,
}

/// An entry of `redirect.patterns`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["regex", "replacement"]))]
pub struct Pattern {
    /// A regular expression (RE2) on the whole address; required.
    pub regex: String,
    /// The new address, with `${1}` for a group; required.
    pub replacement: String,
    /// Browsers may remember it.
    pub permanent: bool,
}

/// `sticky`: the cookie that says which task a visitor is at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sticky {
    /// The cookie's name; Traefik makes one up.
    pub name: Option<String>,
    /// Send it over TLS only.
    pub secure: bool,
    /// Hide it from scripts.
    pub http_only: bool,
    /// `strict`, `lax` or `none`.
    pub same_site: Option<String>,
    /// How long browsers keep it, in whole seconds; the default is until they
    /// are closed.
    pub max_age: Option<String>,
    /// The path it is for.
    pub path: Option<String>,
}

/// `basic_auth`. Passwords are hashed, as `htpasswd -nB` does it.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BasicAuth {
    /// `name:hash`, a list or one a line; best from a variable: `${SHOP_USERS}`.
    #[schemars(with = "OneOrMore")]
    pub users: Vec<String>,
    /// One of the file's `secrets`, with a user a line.
    pub secret: Option<String>,
    /// What browsers show.
    pub realm: Option<String>,
    /// Let the service see the name and password.
    pub forward: bool,
    /// A header to tell the service the name in.
    pub header: Option<String>,
}

impl std::fmt::Debug for BasicAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A hash is for nobody's eyes: how many there are says enough.
        f.debug_struct("BasicAuth")
            .field("users", &self.users.len())
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}

/// `allow`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["from"]))]
pub struct Allow {
    /// Addresses and networks in CIDR notation; required.
    #[schemars(with = "OneOrMore")]
    pub from: Vec<String>,
    /// How many proxies before Traefik add to `X-Forwarded-For`: the client is
    /// that many from its end.
    pub depth: Option<u32>,
}

/// `headers`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Headers {
    /// Of requests; an empty value takes the header away.
    #[schemars(with = "BTreeMap<String, Option<String>>")]
    pub request: BTreeMap<String, String>,
    /// Of answers; an empty value takes the header away.
    #[schemars(with = "BTreeMap<String, Option<String>>")]
    pub response: BTreeMap<String, String>,
    /// Headers that browsers heed: `true`, or which.
    #[schemars(with = "Option<Switch<Security>>")]
    pub security: Option<Security>,
}

/// `headers.security`. `true` is `nosniff`, `frame: deny` and
/// `referrer_policy: strict-origin-when-cross-origin`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Security {
    /// How long browsers insist on TLS, in whole seconds.
    pub hsts: Option<String>,
    /// For every host below this one as well.
    pub hsts_subdomains: bool,
    /// Who may show the page in a frame: `deny` or `sameorigin`.
    pub frame: Option<String>,
    /// Browsers don't guess content types.
    pub nosniff: bool,
    /// `Referrer-Policy`.
    pub referrer_policy: Option<String>,
    /// `Content-Security-Policy`.
    pub content_security_policy: Option<String>,
    /// `Permissions-Policy`.
    pub permissions_policy: Option<String>,
}

/// `rate_limit`: by client address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["average"]))]
pub struct RateLimit {
    /// Requests in each `period`; required.
    #[schemars(range(min = 1))]
    pub average: u32,
    /// Requests at once on top; the default is 1.
    #[schemars(range(min = 1))]
    pub burst: Option<u32>,
    /// The default is `1s`.
    pub period: Option<String>,
    /// As `allow.depth`.
    pub depth: Option<u32>,
}

/// `retry`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["attempts"]))]
pub struct Retry {
    /// How often in all, at least 2; required.
    #[schemars(range(min = 2, max = 100))]
    pub attempts: u32,
    /// The first wait, which then grows; the default is none.
    pub interval: Option<String>,
}

/// `health`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["path"]))]
pub struct HealthCheck {
    /// The path to ask; required.
    pub path: String,
    /// How often; Traefik's default is 30 s.
    pub interval: Option<String>,
    /// How long an answer may take; Traefik's default is 5 s.
    pub timeout: Option<String>,
    /// The one status that is well; the default is any of 200 to 399.
    #[schemars(range(min = 100, max = 599))]
    pub status: Option<u16>,
}

/// How shorthands look to the schema; [`read()`] spells them out.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Switch<T> {
    Flag(bool),
    Set(T),
}

/// A text, or a list of them.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// A list of texts, or more than that.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum ListOr<T> {
    List(OneOrMore),
    Set(T),
}

/// A text, or more than that.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum TextOr<T> {
    Text(String),
    Set(T),
}

/// [`Protocol`], which knows of no schemas.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Words {
    Http,
    Tcp,
    Udp,
}

/// [`JobTime`], likewise.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum JobWords {
    Before,
    After,
}

#[cfg(test)]
mod tests;
