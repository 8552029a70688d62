//! The keys of each mapping, in the order of their fields; a test holds them
//! against the schema.

pub(super) const X_BERTH: &[&str] = &["routes", "job"];
pub(super) const ROUTE: &[&str] = &[
    "protocol",
    "host",
    "port",
    "path",
    "strip",
    "check",
    "entrypoints",
    "priority",
    "tls",
    "redirect",
    "sticky",
    "basic_auth",
    "allow",
    "headers",
    "rate_limit",
    "compress",
    "retry",
    "health",
];
pub(super) const TCP: &[&str] =
    &["protocol", "host", "port", "entrypoints", "priority", "tls", "allow"];
pub(super) const UDP: &[&str] = &["protocol", "port", "entrypoints"];
pub(super) const TLS: &[&str] = &["resolver", "passthrough"];
pub(super) const REDIRECT: &[&str] = &["https", "hosts", "paths", "patterns"];
pub(super) const MOVED_PATH: &[&str] = &["from", "to", "permanent"];
pub(super) const PATTERN: &[&str] = &["regex", "replacement", "permanent"];
pub(super) const STICKY: &[&str] = &["name", "secure", "http_only", "same_site", "max_age", "path"];
pub(super) const BASIC_AUTH: &[&str] = &["users", "secret", "realm", "forward", "header"];
pub(super) const ALLOW: &[&str] = &["from", "depth"];
pub(super) const HEADERS: &[&str] = &["request", "response", "security"];
pub(super) const SECURITY: &[&str] = &[
    "hsts",
    "hsts_subdomains",
    "frame",
    "nosniff",
    "referrer_policy",
    "content_security_policy",
    "permissions_policy",
];
pub(super) const RATE_LIMIT: &[&str] = &["average", "burst", "period", "depth"];
pub(super) const RETRY: &[&str] = &["attempts", "interval"];
pub(super) const HEALTH: &[&str] = &["path", "interval", "timeout", "status"];
