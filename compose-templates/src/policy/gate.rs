//! The last look: at the finished stack, and at nothing that made it.
//!
//! It says what is allowed, and everything else is forbidden; [`check()`] goes the
//! other way round. What both let pass, two mistakes had to agree on.
//!
//! [`check()`]: super::check()

use berth_domain::ids::StackName;
use berth_domain::stack::{
    Attachment, Driver, FileRef, FileSpec, Healthcheck, Mode, Mount, MountKind, NetworkSpec,
    Placement, Protocol, Resources, Route, ServiceSpec, StackSpec, UpdateConfig,
};

use super::lists::{
    self, DROPPED, LEAST_PAUSE, MOST_FILE_BYTES, MOST_MOUNTS, MOST_NETWORKS, MOST_PATIENCE,
    MOST_ROUTES,
};
use super::{Labels, Limits, Restrictions, total};
use crate::load::StackContext;

/// Everything of `spec` that is not known to be harmless, in words.
pub(super) fn forbidden(
    spec: &StackSpec,
    context: &StackContext,
    restrictions: &Restrictions,
) -> Vec<String> {
    let StackSpec { services, networks, configs, secrets, routes, dependencies: _, jobs: _ } = spec;
    let mut gate = Gate { spec, context, restrictions, found: Vec::new() };
    for (name, service) in services {
        gate.service(name, service);
    }
    for (name, network) in networks {
        let NetworkSpec {
            driver,
            driver_opts,
            labels,
            internal: _,
            attachable: _,
            ipam_driver,
            subnets,
            pools,
        } = &**network;
        let fine = gate.is_ours(name)
            && driver.is_empty()
            && driver_opts.keys().all(|key| lists::NETWORK_OPTIONS.contains(&key.as_str()))
            && only_describe(labels)
            && ipam_driver.is_none()
            && subnets.is_empty()
            && pools.is_empty();
        gate.want(fine, &format!("network `{name}`"));
    }
    let mut bytes = 0;
    for (name, file) in configs.iter().chain(secrets) {
        let FileSpec { data, labels, driver, template_driver } = &**file;
        bytes += data.len();
        let fine = gate.is_ours(name)
            && only_describe(labels)
            && driver.is_none()
            && template_driver.as_deref().is_none_or(|driver| driver == "golang");
        gate.want(fine, &format!("config or secret `{name}`"));
    }
    for route in routes {
        let Route {
            service,
            protocol,
            host,
            path: _,
            check: _,
            entrypoints,
            tls: _,
            password: _,
            allow_list: _,
            redirect,
        } = route;
        let fine = services.contains_key(service)
            && *protocol == Protocol::Http
            && gate.is_own_host(host)
            && redirect.as_ref().is_none_or(|host| gate.is_own_host(host))
            && gate.are_usual(entrypoints);
        gate.want(fine, &format!("route to `{host}`"));
    }
    let tasks = services.values().map(|service| match service.mode {
        Mode::Replicated { replicas } => replicas,
        Mode::ReplicatedJob { max_concurrent, .. } => max_concurrent,
        Mode::Global | Mode::GlobalJob => u64::MAX,
    });
    let tasks = tasks.map(|tasks| tasks.max(1)).fold(0, u64::saturating_add);
    gate.want(tasks <= restrictions.limits.tasks, "number of tasks");
    gate.want(networks.len() <= MOST_NETWORKS + 1, "number of networks");
    gate.want(routes.len() <= MOST_ROUTES, "number of routes");
    gate.want(bytes <= MOST_FILE_BYTES, "size of configs and secrets");
    gate.found
}

/// Whether a name on the Swarm is in the stack's own space.
pub(super) fn is_scoped(name: &str, stack: &StackName) -> bool {
    name.strip_prefix(&stack.scope("")).is_some_and(|rest| {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        !rest.is_empty() && rest.chars().all(word)
    })
}

struct Gate<'a> {
    spec: &'a StackSpec,
    context: &'a StackContext,
    restrictions: &'a Restrictions,
    found: Vec<String>,
}

impl Gate<'_> {
    fn want(&mut self, fine: bool, what: &str) {
        if !fine {
            self.found.push(format!("a restricted environment does not take the {what}"));
        }
    }

    fn is_ours(&self, name: &str) -> bool {
        is_scoped(name, &self.context.stack)
    }

    fn is_own_host(&self, host: &str) -> bool {
        self.restrictions.host.as_ref().is_some_and(|own| lists::is_below(host, own))
    }

    fn service(&mut self, name: &str, service: &ServiceSpec) {
        let ServiceSpec {
            image,
            written_image,
            labels,
            container_labels,
            entrypoint: _,
            command: _,
            hostname: _,
            working_dir: _,
            user: _,
            groups: _,
            env: _,
            hosts,
            dns,
            dns_search: _,
            dns_options: _,
            healthcheck,
            stop_grace_period,
            stop_signal: _,
            init: _,
            tty: _,
            stdin_open: _,
            read_only: _,
            isolation,
            cap_add,
            cap_drop,
            sysctls,
            ulimits,
            oom_score_adj,
            credential_spec,
            security,
            mounts,
            configs,
            secrets,
            networks,
            logging,
            mode,
            resources,
            restart,
            placement,
            update,
            rollback,
            endpoint_mode: _,
            ports,
            force_updates: _,
        } = service;
        let patience = |time: Option<i64>| time.is_none_or(|it| (0..=MOST_PATIENCE).contains(&it));
        let mut hosts = hosts.iter().map(|line| line.split_once(' ').map_or(&**line, |it| it.0));
        let dropped = |name: &&str| cap_drop.iter().any(|it| it == name || it == "ALL");
        for (fine, what) in [
            (self.is_ours(&self.context.stack.scope(name)), "name"),
            (self.is_image(name, image) && self.is_image(name, written_image), "image"),
            (self.are_labels(name, labels) && only_describe(container_labels), "labels"),
            (hosts.all(|address| !lists::is_near(address)), "extra hosts"),
            (dns.iter().all(|address| !lists::is_near(address)), "name servers"),
            (is_slow(healthcheck.as_deref()), "health check"),
            (patience(*stop_grace_period), "grace period"),
            (isolation.is_none(), "isolation"),
            (cap_add.iter().all(|name| lists::capability(name)), "added capabilities"),
            (DROPPED.iter().all(dropped), "kept capabilities"),
            (sysctls.keys().all(|name| lists::sysctl(name)), "kernel parameters"),
            (ulimits.iter().all(|(name, it)| lists::ulimit(name, *it).is_none()), "limits"),
            (oom_score_adj.is_none_or(|score| score >= 0), "OOM score"),
            (credential_spec.is_none(), "credential spec"),
            (lists::is_confined(security), "security options"),
            (self.are_mounts(mounts, resources.limit_memory), "mounts"),
            (known(configs, |name| self.spec.configs.contains_key(name)), "configs"),
            (known(secrets, |name| self.spec.secrets.contains_key(name)), "secrets"),
            (networks.iter().all(|it| self.is_attachment(name, it)), "networks"),
            (logging.as_deref().is_none_or(is_log), "logging"),
            (is_few(*mode, &self.restrictions.limits), "number of tasks"),
            (are_limited(resources, &self.restrictions.limits), "resources"),
            (
                restart.as_ref().is_none_or(|it| it.delay.is_none_or(|it| it >= LEAST_PAUSE)),
                "restarts",
            ),
            (is_anywhere(placement), "placement"),
            (
                [update, rollback].into_iter().flatten().all(|config| {
                    let UpdateConfig { delay, monitor, .. } = &**config;
                    patience(*delay) && patience(*monitor)
                }),
                "updates",
            ),
            (ports.is_empty(), "ports"),
        ] {
            self.want(fine, &format!("{what} of the service `{name}`"));
        }
    }

    fn is_image(&self, service: &str, image: &str) -> bool {
        let built = self.context.images.get(service).is_some_and(|built| built == image);
        let registry = lists::registry(image);
        let known = &self.restrictions.limits.registries;
        built
            || (!lists::is_built(image)
                && known.iter().any(|known| known.eq_ignore_ascii_case(registry)))
    }

    /// Those that describe, and Traefik's where they are about this service
    /// alone and its rules about the environment's host alone.
    fn are_labels(&self, service: &str, labels: &Labels) -> bool {
        let own = format!("{}-", self.context.stack.scope(service));
        let about_own =
            |rest: &str| rest.split_once('.').is_some_and(|(_, name)| name.starts_with(&own));
        labels.iter().all(|(label, value)| match label.strip_prefix("traefik.") {
            // The loader lets no file set Berth's own.
            None => lists::describes(label) || label.starts_with("berth."),
            Some("enable") => value == "true",
            Some("swarm.network") => self.context.public_network.as_ref() == Some(value),
            Some(rest) => {
                let names = || value.split(',').map(str::to_owned).collect::<Vec<_>>();
                rest.strip_prefix("http.").is_some_and(about_own)
                    && (!rest.ends_with(".rule") || self.is_rule(value))
                    && (!rest.ends_with(".entrypoints") || self.are_usual(&names()))
                    && !rest.ends_with(".tls.certresolver")
                    && !rest.ends_with(".tls.passthrough")
            }
        })
    }

    /// Whether a rule asks for one host of the environment's own, or for all that
    /// are one part below such a one, and perhaps for a path.
    fn is_rule(&self, rule: &str) -> bool {
        let (wild, rest) = match rule.strip_prefix("HostRegexp(`^[a-z0-9-]+\\.") {
            Some(rest) => (true, rest),
            None => match rule.strip_prefix("Host(`") {
                Some(rest) => (false, rest),
                None => return false,
            },
        };
        let Some((host, rest)) = rest.split_once('`') else { return false };
        let host = match (wild, host.strip_suffix('$')) {
            (true, Some(host)) => host.replace("\\.", "."),
            (true, None) => return false,
            (false, _) => host.to_owned(),
        };
        let path = rest.strip_prefix(") && PathPrefix(`").and_then(|rest| rest.strip_suffix("`)"));
        self.is_own_host(&host) && (rest == ")" || path.is_some_and(|path| !path.contains('`')))
    }

    /// Whether these are the entry points that Berth itself gives to routes.
    fn are_usual(&self, entrypoints: &[String]) -> bool {
        let StackContext { entrypoints: usual, tls_entrypoints, .. } = self.context;
        entrypoints == usual.as_slice() || entrypoints == tls_entrypoints.as_slice()
    }

    fn are_mounts(&self, mounts: &[Mount], memory: Option<i64>) -> bool {
        let each = mounts.iter().all(|mount| {
            let Mount { kind, source, target: _, read_only: _, consistency: _ } = mount;
            match kind {
                MountKind::Volume { no_copy: _, subpath: _, labels, driver, external } => {
                    let local = |driver: &Driver| {
                        let Driver { name, options } = driver;
                        matches!(name.as_str(), "" | "local") && options.is_empty()
                    };
                    source.as_ref().is_none_or(|name| self.is_ours(name))
                        && only_describe(labels)
                        && driver.as_ref().is_none_or(local)
                        && !external
                }
                MountKind::Tmpfs { size, mode: _ } => size.is_some_and(|size| size > 0),
                MountKind::Bind { .. }
                | MountKind::Npipe
                | MountKind::Cluster
                | MountKind::Image => false,
            }
        });
        let sizes = mounts.iter().filter_map(|mount| {
            if let MountKind::Tmpfs { size, .. } = mount.kind { size } else { None }
        });
        each && mounts.len() <= MOST_MOUNTS + 1 && total(sizes) <= memory.unwrap_or(0)
    }

    fn is_attachment(&self, service: &str, attachment: &Attachment) -> bool {
        let Attachment { network, aliases, driver_opts } = attachment;
        if !driver_opts.is_empty() {
            return false;
        }
        if self.context.public_network.as_ref() == Some(network) {
            // By a short name it would be found by everybody.
            return aliases.iter().all(|alias| *alias == self.context.stack.scope(service));
        }
        network == "none" || self.spec.networks.contains_key(network)
    }
}

fn only_describe(labels: &Labels) -> bool {
    labels.keys().all(|label| lists::describes(label))
}

fn known(references: &[FileRef], is_known: impl Fn(&str) -> bool) -> bool {
    references.iter().all(|reference| is_known(&reference.name))
}

fn is_slow(check: Option<&Healthcheck>) -> bool {
    check.is_none_or(|check| {
        [check.interval, check.start_interval]
            .into_iter()
            .flatten()
            .all(|pause| pause >= LEAST_PAUSE)
    })
}

fn is_log(driver: &Driver) -> bool {
    let Driver { name, options } = driver;
    let bounded = name != "json-file" || options.contains_key("max-size");
    (name.is_empty() || lists::LOG_DRIVERS.contains(&name.as_str()))
        && options.iter().all(|(name, value)| lists::log_option(name, value).is_none())
        && bounded
}

const fn is_few(mode: Mode, limits: &Limits) -> bool {
    match mode {
        Mode::Replicated { replicas } => replicas <= limits.replicas,
        Mode::ReplicatedJob { max_concurrent, total_completions } => {
            max_concurrent <= limits.replicas && total_completions <= limits.replicas
        }
        Mode::Global | Mode::GlobalJob => false,
    }
}

fn are_limited(resources: &Resources, limits: &Limits) -> bool {
    let Resources {
        limit_nano_cpus,
        limit_memory,
        limit_pids,
        reserve_nano_cpus,
        reserve_memory,
        reserve_generic,
    } = resources;
    let limited =
        |limit: Option<i64>, most: i64| limit.is_some_and(|limit| (1..=most).contains(&limit));
    let kept = |reserve: Option<i64>, limit: Option<i64>| {
        reserve.is_none_or(|reserve| reserve >= 0 && Some(reserve) <= limit)
    };
    limited(*limit_nano_cpus, limits.nano_cpus)
        && limited(*limit_memory, limits.memory)
        && limited(*limit_pids, limits.pids)
        && kept(*reserve_nano_cpus, *limit_nano_cpus)
        && kept(*reserve_memory, *limit_memory)
        && reserve_generic.is_empty()
}

fn is_anywhere(placement: &Placement) -> bool {
    let Placement { constraints, spread: _, max_replicas_per_node: _, platforms: _ } = placement;
    constraints.iter().all(|text| lists::constraint(text).is_none())
}
