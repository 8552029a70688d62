//! What a file may say under a service's `x-berth`, as types: the JSON Schema
//! comes from them.
#![expect(dead_code, reason = "only their schema is of interest")]

use std::num::NonZeroU16;

use schemars::JsonSchema;

/// `x-berth` of a service.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct XBerth {
    /// Where the service answers.
    routes: Option<Vec<Route>>,
}

/// One way through Traefik to the service.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Route {
    /// The host; the default is `${BERTH_HOST}`.
    host: Option<String>,
    /// The port that the service listens on.
    port: NonZeroU16,
    /// A path prefix; the default is `/`.
    path: Option<String>,
    /// The path to ask before the deployment is green; the default is `path`.
    check: Option<String>,
    /// Take the prefix away before the service sees it.
    strip: Option<bool>,
}
