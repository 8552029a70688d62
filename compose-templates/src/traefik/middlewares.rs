//! What Traefik does to requests and answers on their way.

use super::{Labels, Route, Security};

/// Makes middlewares of one route, and keeps their names in order.
struct Chain<'a> {
    labels: &'a mut Labels,
    route: &'a str,
    names: Vec<String>,
}

impl Chain<'_> {
    /// Begins one; `word` ends its name, `kind` is Traefik's. Gives the start of its labels.
    fn add(&mut self, word: &str, kind: &str) -> String {
        let name = format!("{}-{word}", self.route);
        let start = format!("traefik.http.middlewares.{name}.{kind}");
        self.names.push(name);
        start
    }
}

/// The middlewares of a route, from the visitor to the service. Headers come
/// first, so that a refusal has them, too; who may come in is asked before what
/// they want, and the service is asked again last.
pub(super) fn of(labels: &mut Labels, name: &str, route: &Route) -> Vec<String> {
    let mut chain = Chain { labels, route: name, names: Vec::new() };
    headers(&mut chain, route);
    if let Some(allow) = &route.allow {
        let it = chain.add("allow", "ipallowlist");
        chain.labels.set(format!("{it}.sourcerange"), allow.from.join(","));
        chain.labels.set_some(format!("{it}.ipstrategy.depth"), allow.depth);
    }
    if let Some(limit) = &route.rate_limit {
        let it = chain.add("rate", "ratelimit");
        chain.labels.set(format!("{it}.average"), limit.average.to_string());
        chain.labels.set_some(format!("{it}.burst"), limit.burst);
        chain.labels.set_some(format!("{it}.period"), limit.period.as_ref());
        chain.labels.set_some(format!("{it}.sourcecriterion.ipstrategy.depth"), limit.depth);
    }
    redirects(&mut chain, route);
    if let Some(auth) = &route.basic_auth {
        let it = chain.add("auth", "basicauth");
        chain.labels.set(format!("{it}.users"), auth.users.join(","));
        chain.labels.set_some(format!("{it}.realm"), auth.realm.as_ref());
        chain.labels.set(format!("{it}.removeheader"), (!auth.forward).to_string());
        chain.labels.set_some(format!("{it}.headerfield"), auth.header.as_ref());
    }
    if route.compress {
        let it = chain.add("compress", "compress");
        chain.labels.set(it, "true");
    }
    let path = route.path.as_deref().unwrap_or("/");
    if route.strip && path != "/" {
        let it = chain.add("strip", "stripprefix");
        chain.labels.set(format!("{it}.prefixes"), path);
    }
    if let Some(retry) = &route.retry {
        let it = chain.add("retry", "retry");
        chain.labels.set(format!("{it}.attempts"), retry.attempts.to_string());
        chain.labels.set_some(format!("{it}.initialinterval"), retry.interval.as_ref());
    }
    chain.names
}

fn headers(chain: &mut Chain<'_>, route: &Route) {
    let headers = &route.headers;
    if headers.request.is_empty() && headers.response.is_empty() && headers.security.is_none() {
        return;
    }
    let it = chain.add("headers", "headers");
    for (which, all) in [("request", &headers.request), ("response", &headers.response)] {
        for (name, value) in all {
            chain.labels.set(format!("{it}.custom{which}headers.{name}"), value.clone());
        }
    }
    let Some(security) = &headers.security else { return };
    let Security {
        hsts,
        hsts_subdomains,
        frame,
        nosniff,
        referrer_policy,
        content_security_policy,
        permissions_policy,
    } = security;
    let labels = &mut *chain.labels;
    if let Some(hsts) = hsts {
        labels.set(format!("{it}.stsseconds"), hsts.trim_end_matches('s'));
        labels.set(format!("{it}.stsincludesubdomains"), hsts_subdomains.to_string());
        // TLS may end before Traefik; the route has it anyway.
        labels.set(format!("{it}.forcestsheader"), "true");
    }
    let frame = frame.as_ref().map(|frame| frame.to_ascii_uppercase());
    labels.set_some(format!("{it}.customframeoptionsvalue"), frame);
    if *nosniff {
        labels.set(format!("{it}.contenttypenosniff"), "true");
    }
    labels.set_some(format!("{it}.referrerpolicy"), referrer_policy.as_ref());
    labels.set_some(format!("{it}.contentsecuritypolicy"), content_security_policy.as_ref());
    labels.set_some(format!("{it}.permissionspolicy"), permissions_policy.as_ref());
}

fn redirects(chain: &mut Chain<'_>, route: &Route) {
    for (index, moved) in route.redirect.paths.iter().enumerate() {
        let from = literal(moved.from.trim_end_matches('/'));
        let to = moved.to.trim_end_matches('/').replace('$', "$$");
        let it = chain.add(&format!("path{}", index + 1), "redirectregex");
        // The whole prefix, or with more below it: `/old` is not `/older`.
        let regex = format!("^(https?://[^/]+){from}(/[^?]*)?(\\?.*)?$");
        redirect(chain.labels, &it, regex, format!("${{1}}{to}${{2}}${{3}}"), moved.permanent);
    }
    for (index, pattern) in route.redirect.patterns.iter().enumerate() {
        let it = chain.add(&format!("pattern{}", index + 1), "redirectregex");
        let (regex, to) = (pattern.regex.clone(), pattern.replacement.clone());
        redirect(chain.labels, &it, regex, to, pattern.permanent);
    }
}

/// What leads other hosts to the route's first one.
pub(super) fn to_first_host(labels: &mut Labels, name: &str, route: &Route) -> Option<String> {
    let first = route.host.first().filter(|_| !route.redirect.hosts.is_empty())?;
    let name = format!("{name}-first");
    let it = format!("traefik.http.middlewares.{name}.redirectregex");
    let regex = "^(https?)://[^/:]+(:[0-9]+)?(.*)$".to_owned();
    redirect(labels, &it, regex, format!("${{1}}://{first}${{2}}${{3}}"), true);
    Some(name)
}

/// What leads to TLS.
pub(super) fn to_https(labels: &mut Labels, name: &str, route: &Route) -> Option<String> {
    if !route.redirect.https {
        return None;
    }
    let name = format!("{name}-https");
    let it = format!("traefik.http.middlewares.{name}.redirectscheme");
    labels.set(format!("{it}.scheme"), "https");
    labels.set(format!("{it}.permanent"), "true");
    Some(name)
}

fn redirect(labels: &mut Labels, it: &str, regex: String, replacement: String, permanent: bool) {
    labels.set(format!("{it}.regex"), regex);
    labels.set(format!("{it}.replacement"), replacement);
    labels.set(format!("{it}.permanent"), permanent.to_string());
}

/// `text` as a regular expression for itself.
fn literal(text: &str) -> String {
    regex_syntax::escape(text)
}
