//! What a pass saw of a stack, as it is stored and shown.

mod state;

use std::collections::BTreeMap;

use berth_domain::cluster::{Desired, ObservedService, ObservedStack, TaskState};
use berth_domain::health::{Health, of_service};
use berth_domain::ids::ReleaseId;
use berth_domain::stack::{Mode, Port, Route, ServiceSpec, StackSpec};
use chrono::{DateTime, Utc};
use serde::Serialize;
use url::Url;

pub use self::state::{Answer, Before, State};
use crate::drift::{Difference, differences};
use crate::fight::Bout;
use crate::plan::Plan;

/// What a pass saw of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Report {
    /// The worst of its services' health.
    pub health: Health,
    /// Whether the plan is empty.
    pub synced: bool,
    /// Its services, by name: those that should be, and those that are.
    pub services: Vec<ServiceReport>,
    /// What is to be done, one line an action.
    pub plan: Vec<String>,
    /// Where it answers, as `host/path`.
    pub routes: Vec<String>,
    /// What else a person should know.
    pub message: String,
    /// What is not as it should be; empty exactly where it is synced.
    pub differences: Vec<Difference>,
    /// Whether it is synced and healthy, each with why and since when.
    pub state: State,
    /// The release that the cluster was last seen to be as a whole, as long as
    /// nothing was deployed since: what differs from that is drift.
    pub reached: Option<ReleaseId>,
    /// What was put back lately, and how often.
    pub bouts: Vec<Bout>,
}

/// What a pass saw of a service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct ServiceReport {
    /// Its short name.
    pub name: String,
    /// The image that it should run, or runs where nothing asks for it.
    pub image: String,
    /// `replicated`, `global`, `replicated_job` or `global_job`.
    pub mode: &'static str,
    /// New tasks that run.
    pub running: u64,
    /// Tasks that should run.
    pub wanted: u64,
    /// How well it is.
    pub health: Health,
    /// A stable word for what is wrong.
    pub code: String,
    /// In words.
    pub reason: String,
    /// Published ports, as `8080:80/tcp`.
    pub ports: Vec<String>,
    /// Where browsers reach it.
    pub urls: Vec<String>,
    /// Whether it is synced and healthy, each with why and since when.
    pub state: State,
    /// How many of its tasks run on which node, by the node's id.
    pub nodes: BTreeMap<String, u64>,
}

/// Reports on a stack that should be `desired`; [`None`] where nobody has said
/// what it should be, and what is there is left alone.
#[must_use]
pub fn report(
    desired: Option<&Desired>,
    observed: &ObservedStack,
    plan: &Plan,
    router: &Url,
    now: DateTime<Utc>,
) -> Report {
    let nothing = StackSpec::default();
    let spec_or_nothing = match desired {
        Some(Desired::Present(spec)) => spec.as_ref(),
        Some(Desired::Absent) | None => &nothing,
    };
    let wanted = spec_or_nothing.services.iter().map(|(name, wanted)| {
        let urls = urls_of(spec_or_nothing, name, router);
        service_report(name, wanted, observed, urls, now)
    });
    let unwanted = observed
        .services
        .iter()
        .filter(|(name, _)| !spec_or_nothing.services.contains_key(*name))
        .map(|(name, is)| {
            let empty = ServiceSpec::default();
            let live = is.spec.as_deref().unwrap_or(&empty);
            let as_it_is = service_report(name, live, observed, Vec::new(), now);
            if desired.is_none() {
                return as_it_is;
            }
            ServiceReport {
                reason: "nothing asks for it any more".to_owned(),
                code: "unwanted".to_owned(),
                health: Health::Progressing,
                wanted: 0,
                ..as_it_is
            }
        });
    let mut services: Vec<ServiceReport> = wanted.chain(unwanted).collect();
    services.sort_by(|a, b| a.name.cmp(&b.name));
    let differences = match desired {
        Some(desired) if !plan.is_synced() => differences(desired, observed, plan),
        Some(_) | None => Vec::new(),
    };
    for service in &mut services {
        service.judge(&differences, now);
    }

    let message =
        plan.conflicts().iter().chain(plan.waiting()).map(String::as_str).collect::<Vec<_>>();
    let mut report = Report {
        health: services.iter().map(|is| is.health).max().unwrap_or(Health::Healthy),
        synced: plan.is_synced(),
        plan: plan.lines(),
        routes: spec_or_nothing.routes.iter().map(ToString::to_string).collect(),
        message: message.join("; "),
        state: State::unknown(now),
        services,
        differences,
        reached: None,
        bouts: Vec::new(),
    };
    report.judge(now);
    report
}

/// The address of a route for browsers, if it is one for them. The port of
/// `router` is that of its own scheme: a route with TLS may have another.
#[must_use]
pub fn url(route: &Route, router: &Url) -> Option<String> {
    if !route.has_url() {
        return None;
    }
    let scheme = if route.tls { "https" } else { router.scheme() };
    let port = router.port().filter(|_| scheme == router.scheme());
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let path = if route.path == "/" { "" } else { &route.path };
    Some(format!("{scheme}://{}{port}{path}", route.host))
}

fn urls_of(spec: &StackSpec, service: &str, router: &Url) -> Vec<String> {
    let routes = spec.routes.iter().filter(|route| route.service == service);
    routes.filter_map(|route| url(route, router)).collect()
}

fn service_report(
    name: &str,
    wanted: &ServiceSpec,
    observed: &ObservedStack,
    urls: Vec<String>,
    now: DateTime<Utc>,
) -> ServiceReport {
    let base = ServiceReport {
        name: name.to_owned(),
        image: wanted.image.clone(),
        mode: wanted.mode.word(),
        running: 0,
        wanted: match wanted.mode {
            Mode::Replicated { replicas } => replicas,
            Mode::ReplicatedJob { total_completions, .. } => total_completions,
            Mode::Global | Mode::GlobalJob => 1,
        },
        health: Health::Progressing,
        code: String::new(),
        reason: "it is not there yet".to_owned(),
        ports: wanted.ports.iter().map(port).collect(),
        urls,
        state: State::unknown(now),
        nodes: BTreeMap::new(),
    };
    let Some(live) = observed.services.get(name) else { return base };
    let health = of_service(wanted, live, now);
    ServiceReport {
        running: health.running,
        wanted: health.wanted,
        health: health.health,
        code: health.code,
        reason: health.reason,
        nodes: nodes(live),
        ..base
    }
}

/// Where a service's tasks run, those of an older release too.
fn nodes(live: &ObservedService) -> BTreeMap<String, u64> {
    let running = live.tasks.iter().filter(|task| {
        task.state == TaskState::Running && task.desired == TaskState::Running && !task.node_down
    });
    let mut nodes = BTreeMap::new();
    for node in running.filter_map(|task| task.node.clone()) {
        *nodes.entry(node).or_default() += 1;
    }
    nodes
}

fn port(port: &Port) -> String {
    let Port { published, target, protocol, .. } = port;
    match published {
        Some(published) => format!("{published}:{target}/{protocol}"),
        None => format!("{target}/{protocol}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::plan::{Prune, plan};
    use berth_domain::cluster::{ObservedTask, Version};

    #[test]
    fn a_report_says_what_is_and_what_is_missing() {
        let web = ServiceSpec {
            image: "shop:1".to_owned(),
            ports: vec![Port {
                published: Some(8080),
                target: 80,
                protocol: "tcp".to_owned(),
                host: false,
            }],
            ..ServiceSpec::default()
        };
        let route = Route {
            service: "web".to_owned(),
            host: "shop.localhost".to_owned(),
            path: "/".to_owned(),
            check: "/".to_owned(),
            ..Route::default()
        };
        let spec = StackSpec {
            services: BTreeMap::from([
                ("web".to_owned(), web.clone().into()),
                ("db".to_owned(), ServiceSpec::default().into()),
            ]),
            routes: vec![route],
            ..StackSpec::default()
        };
        let since = DateTime::UNIX_EPOCH;
        let task = ObservedTask {
            id: "t".to_owned(),
            slot: Some(1),
            node: Some("n1".to_owned()),
            node_down: false,
            state: TaskState::Running,
            desired: TaskState::Running,
            since,
            up_to_date: true,
            error: None,
            exit_code: None,
        };
        let live = ObservedService {
            id: "s".to_owned(),
            version: Version(1),
            changed_at: DateTime::UNIX_EPOCH,
            ours: true,
            spec: Some(web.into()),
            previous: BTreeSet::new(),
            update: None,
            tasks: vec![task],
        };
        let observed = ObservedStack {
            services: BTreeMap::from([("web".to_owned(), live)]),
            ..ObservedStack::default()
        };
        let desired = Desired::Present(Box::new(spec));
        let plan = plan(&desired, &observed, &Prune::all());
        let router = Url::parse("http://127.0.0.1:8088").unwrap();

        let report = report(Some(&desired), &observed, &plan, &router, since);

        insta::assert_json_snapshot!(report, @r#"
{
  "health": "progressing",
  "synced": false,
  "services": [
    {
      "name": "db",
      "image": "",
      "mode": "replicated",
      "running": 0,
      "wanted": 1,
      "health": "progressing",
      "code": "",
      "reason": "it is not there yet",
      "ports": [],
      "urls": [],
      "state": {
        "synced": {
          "value": false,
          "reason": "service `db` is missing",
          "since": "1970-01-01T00:00:00Z"
        },
        "healthy": {
          "value": "progressing",
          "reason": "it is not there yet",
          "since": "1970-01-01T00:00:00Z"
        }
      },
      "nodes": {}
    },
    {
      "name": "web",
      "image": "shop:1",
      "mode": "replicated",
      "running": 1,
      "wanted": 1,
      "health": "healthy",
      "code": "",
      "reason": "",
      "ports": [
        "8080:80/tcp"
      ],
      "urls": [
        "http://shop.localhost:8088"
      ],
      "state": {
        "synced": {
          "value": true,
          "reason": "nothing differs",
          "since": "1970-01-01T00:00:00Z"
        },
        "healthy": {
          "value": "healthy",
          "reason": "all its tasks are well",
          "since": "1970-01-01T00:00:00Z"
        }
      },
      "nodes": {
        "n1": 1
      }
    }
  ],
  "plan": [
    "+ service db  x1"
  ],
  "routes": [
    "shop.localhost"
  ],
  "message": "",
  "differences": [
    {
      "kind": "service",
      "name": "db",
      "field": "",
      "desired": "there",
      "live": null,
      "sentence": "service `db` is missing"
    }
  ],
  "state": {
    "synced": {
      "value": false,
      "reason": "service `db` is missing",
      "since": "1970-01-01T00:00:00Z"
    },
    "healthy": {
      "value": "progressing",
      "reason": "service `db`: it is not there yet",
      "since": "1970-01-01T00:00:00Z"
    }
  },
  "reached": null,
  "bouts": []
}
"#);
    }
}
