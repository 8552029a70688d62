//! What a report says, gathered from the rows.

use berth_domain::ids::{DeploymentId, RepositoryId};
use berth_github_app::report::{Report, Service};
use berth_store::deployments::{self, Context};
use berth_store::stacks::Wanted;
use berth_store::{Error, Pool};
use serde_json::Value;
use url::Url;

use crate::tasks::Deps;

/// How a deployment stands.
#[derive(Debug)]
pub(super) struct Gathered {
    /// For GitHub.
    pub(super) report: Report,
    /// Whether a newer one of the same stack succeeded.
    pub(super) replaced: bool,
}

/// How a deployment stands. Its stack counts as removed from the moment that it
/// is no longer wanted.
pub(super) async fn deployment<B>(deps: &Deps<B>, id: DeploymentId) -> Result<Gathered, Error> {
    let context = context(&deps.pool, id).await?;
    let stack = context.deployment.stack;
    let newest = deployments::newest_succeeded(&deps.pool, stack).await?;
    let replaced = newest.is_some_and(|newest| newest > context.deployment.number);
    let removed = context.stack.wanted == Wanted::Absent || context.stack.removed_at.is_some();
    Ok(Gathered { report: report(deps, context, removed), replaced })
}

/// How every stack that previews a pull request stands. One counts as removed
/// once nothing of it is left.
pub(super) async fn pull_request<B>(
    deps: &Deps<B>,
    repository: RepositoryId,
    pull_request: i64,
) -> Result<Vec<Report>, Error> {
    let mut reports = Vec::new();
    for id in deployments::of_pull_request(&deps.pool, repository, pull_request).await? {
        let context = context(&deps.pool, id).await?;
        let removed = context.stack.removed_at.is_some();
        reports.push(report(deps, context, removed));
    }
    Ok(reports)
}

async fn context(pool: &Pool, id: DeploymentId) -> Result<Context, Error> {
    let mut db = pool
        .acquire()
        .await
        .map_err(|source| Error::Unavailable { doing: "read what to report", source })?;
    deployments::context(&mut db, id).await
}

fn report<B>(deps: &Deps<B>, context: Context, removed: bool) -> Report {
    let Context { deployment, stack, environment, .. } = context;
    let observed = stack.observed.as_ref();
    let mut urls = observed.map(urls_of).unwrap_or_default();
    if urls.is_empty() {
        urls.extend(address(&deps.router_url, &environment.host));
    }
    let page = deps.public_url.join(&format!("stacks/{}", stack.name));
    Report {
        stack: stack.name.as_str().to_owned(),
        environment: environment.name,
        pull_request: environment.preview.map(|preview| preview.number),
        deployment_id: deployment.id.to_string(),
        number: deployment.number,
        sha: deployment.commit.sha,
        phase: deployment.phase,
        reason: deployment.reason,
        urls,
        page_url: page.map_or_else(|_| deps.public_url.to_string(), |page| page.to_string()),
        services: observed.map(services_of).unwrap_or_default(),
        created_at: deployment.created_at,
        finished_at: deployment.finished_at,
        removed,
    }
}

/// Where the router answers for `host`.
fn address(router: &Url, host: &str) -> Option<String> {
    let mut url = router.clone();
    url.set_host(Some(host)).ok()?;
    url.set_path("");
    Some(url.to_string().trim_end_matches('/').to_owned())
}

fn services(observed: &Value) -> impl Iterator<Item = &Value> {
    observed.get("services").and_then(Value::as_array).into_iter().flatten()
}

fn urls_of(observed: &Value) -> Vec<String> {
    let mut urls: Vec<String> = Vec::new();
    let all = services(observed)
        .filter_map(|service| service.get("urls")?.as_array())
        .flatten()
        .filter_map(Value::as_str);
    for url in all {
        if !urls.iter().any(|there| there == url) {
            urls.push(url.to_owned());
        }
    }
    // The shortest is the one without a path or a prefix: the front door.
    urls.sort_by_key(String::len);
    urls
}

fn services_of(observed: &Value) -> Vec<Service> {
    services(observed)
        .filter_map(|service| {
            let number = |key: &str| service.get(key).and_then(Value::as_i64).unwrap_or_default();
            let health = service.get("health").and_then(Value::as_str).unwrap_or("unknown");
            Some(Service {
                name: service.get("name")?.as_str()?.to_owned(),
                status: format!("{health}, {}/{} running", number("running"), number("wanted")),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_router_s_with_the_stack_s_host() {
        let router = Url::parse("http://127.0.0.1:8080").unwrap();
        let found = address(&router, "pr-7.shop.localhost");
        assert_eq!(found.as_deref(), Some("http://pr-7.shop.localhost:8080"));
    }

    #[test]
    fn what_a_pass_saw_is_told() {
        let observed = serde_json::json!({"services": [
            {"name": "api", "health": "healthy", "running": 2, "wanted": 2,
             "urls": ["http://api.shop.localhost", "http://shop.localhost"]},
            {"name": "web", "health": "progressing", "running": 0, "wanted": 1,
             "urls": ["http://shop.localhost"]},
            {"name": "worker"},
        ]});
        assert_eq!(urls_of(&observed), ["http://shop.localhost", "http://api.shop.localhost"]);
        let told: Vec<_> =
            services_of(&observed).into_iter().map(|it| (it.name, it.status)).collect();
        let expected = [
            ("api", "healthy, 2/2 running"),
            ("web", "progressing, 0/1 running"),
            ("worker", "unknown, 0/0 running"),
        ];
        assert_eq!(told, expected.map(|(name, status)| (name.to_owned(), status.to_owned())));
        assert_eq!(urls_of(&serde_json::json!({"services": null})), Vec::<String>::new());
    }
}
