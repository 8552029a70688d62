//! One service: what it asks of its node, of the cluster and of its neighbours.

use berth_domain::build::BuildContext;

use super::check::Checks;
use super::lists::{self, LEAST_PAUSE, MOST_MOUNTS, MOST_PATIENCE};
use super::total;
use crate::compose::model::{
    BuildModel, Deploy, DeployMode, Placed, RestartBlock, Service, Update, VolumeKind, VolumeUse,
};
use crate::compose::units;
use crate::x_berth::{Protocol, Route};

impl Checks<'_> {
    pub(super) fn service(&mut self, name: &str, service: &Service) {
        let Service {
            at: _,
            image,
            build,
            beyond,
            // One of a profile that is not active is not there.
            profiles: _,
            // What runs inside, and as whom, is the container's business.
            entrypoint: _,
            command: _,
            hostname: _,
            working_dir: _,
            user: _,
            group_add: _,
            environment: _,
            stop_signal: _,
            init: _,
            tty: _,
            stdin_open: _,
            read_only: _,
            cap_drop: _,
            dns_search: _,
            dns_opt: _,
            platform: _,
            // Only a file of the repository, or what Berth itself says.
            configs: _,
            secrets: _,
            // Filled in, or cut down.
            scale: _,
            mem_limit: _,
            mem_reservation: _,
            cpus: _,
            pids_limit: _,
            labels,
            extra_hosts,
            dns,
            healthcheck,
            stop_grace_period,
            isolation,
            cap_add,
            sysctls,
            ulimits,
            oom_score_adj,
            credential_spec,
            security,
            logging,
            restart: _,
            tmpfs: _,
            shm_size: _,
            volumes,
            ports,
            networks,
            predefined_network,
            // An order among the stack's own services.
            depends_on: _,
            job: _,
            // What it says of merging, it has said.
            empty: _,
            mem_reservation_at: _,
            deploy,
            routes,
        } = service;
        let of = |key| ["services", name, key];
        self.image(name, image.as_ref(), build.as_ref());
        for Placed { at, it: key } in beyond {
            let why = "asks for something of the node or of another container; take it out";
            self.refuse_at(*at, &of(key), why);
        }
        self.labels(&of("labels"), labels);
        for line in extra_hosts {
            let (address, host) = line.split_once(' ').unwrap_or((line, ""));
            if lists::is_near(address) {
                let why = "names the node itself, or what answers only next to it; take it out";
                self.refuse(&["services", name, "extra_hosts", host], why);
            }
        }
        for server in dns.iter().filter(|server| lists::is_near(server)) {
            let why = "must be the address of a name server that is not the node's own";
            self.refuse_item(&of("dns"), server, why);
        }
        if let Some(health) = healthcheck {
            let it = &health.it;
            for (key, pause) in [("interval", it.interval), ("start_interval", it.start_interval)] {
                if pause.is_some_and(|pause| pause != 0 && pause < LEAST_PAUSE) {
                    let why = "must be 1s or more, since each check is work for the node";
                    self.refuse(&["services", name, "healthcheck", key], why);
                }
            }
        }
        self.patience(&of("stop_grace_period"), *stop_grace_period);
        if isolation.as_ref().is_some_and(|isolation| isolation != "default") {
            self.refuse(&of("isolation"), "must be `default`");
        }
        for capability in cap_add.iter().filter(|name| !lists::capability(name)) {
            let why = "is a capability over more than the container; take it out";
            self.refuse_item(&of("cap_add"), capability, why);
        }
        for parameter in sysctls.keys().filter(|name| !lists::sysctl(name)) {
            let why = "is a kernel parameter that may reach beyond the container; take it out";
            self.refuse(&["services", name, "sysctls", parameter], why);
        }
        for (limit, both) in ulimits {
            if let Some(why) = lists::ulimit(limit, *both) {
                let why = format!("is a limit {why}; take it out");
                self.refuse(&["services", name, "ulimits", limit], why);
            }
        }
        if oom_score_adj.is_some_and(|score| score < 0) {
            let why = "must not be below 0, since the kernel would end others first";
            self.refuse(&of("oom_score_adj"), why);
        }
        if !lists::is_confined(security) {
            let why =
                "takes the node's own protection away; take it out but for `no-new-privileges`";
            self.refuse(&of("security_opt"), why);
        }
        if let Some(Placed { at, .. }) = credential_spec {
            self.refuse_at(
                *at,
                &of("credential_spec"),
                "gives an identity of the node; take it out",
            );
        }
        if let Some(driver) = logging {
            let named = &driver.name;
            if !named.is_empty() && !lists::LOG_DRIVERS.contains(&named.as_str()) {
                let why = "has the node send logs elsewhere; use `json-file`, `local` or `none`, or leave it out";
                self.refuse(&["services", name, "logging", "driver"], why);
            }
            for (option, value) in &driver.options {
                if let Some(why) = lists::log_option(option, value) {
                    let why = format!("is an option {why}");
                    self.refuse(&["services", name, "logging", "options", option], why);
                }
            }
        }
        self.mounts(name, service, volumes);
        for port in ports {
            let why = "takes a port of every node; use `x-berth.routes` to be reached, and the service's name within the stack";
            self.refuse_at(port.at, &of("ports"), why);
        }
        for (key, one) in networks {
            for option in one.driver_opts.keys() {
                let why = "is an option that may reach beyond the stack; take it out";
                self.refuse(&["services", name, "networks", key, "driver_opts", option], why);
            }
        }
        if predefined_network.as_ref().is_some_and(|network| network != "none") {
            self.refuse(&of("network_mode"), "is the node's own network; take it out");
        }
        self.deploy(name, deploy);
        for route in routes {
            self.route(name, route);
        }
    }

    fn image(&mut self, name: &str, image: Option<&Placed<String>>, build: Option<&BuildModel>) {
        if let Some(build) = build {
            let BuildModel { at, context, dockerfile: _, args: _, target: _, labels: _ } = build;
            let why = match context {
                // The server would ask whatever address a stranger names, from its
                // own network, and keep as much as it is sent.
                Some(BuildContext::Repository(_)) => {
                    Some("is another repository; put what is to be built into this one")
                }
                Some(BuildContext::Folder(folder))
                    if folder.starts_with('/') || folder.split('/').any(|part| part == "..") =>
                {
                    Some("must be a folder of the repository")
                }
                Some(BuildContext::Folder(_)) | None => None,
            };
            if let Some(why) = why {
                self.refuse_at(*at, &["services", name, "build", "context"], why);
            }
            if self.context.images.contains_key(name) {
                return;
            }
        }
        let Some(Placed { at, it }) = image else { return };
        // One that can't be read is refused for that.
        let Some(image) = units::image(it) else { return };
        let path = ["services", name, "image"];
        if lists::is_built(&image) {
            self.refuse_at(*at, &path, "is what another stack built; use `build`");
            return;
        }
        let registry = lists::registry(&image);
        let known = &self.restrictions.limits.registries;
        if !known.iter().any(|known| known.eq_ignore_ascii_case(registry)) {
            let why = format!(
                "comes from {registry}, but images may come from {} only; use one of those, or `build`",
                if known.is_empty() { "no registry".to_owned() } else { known.join(", ") }
            );
            self.refuse_at(*at, &path, why);
        }
    }

    /// A time for which others have to wait.
    fn patience(&mut self, path: &[&str], time: Option<i64>) {
        if time.is_some_and(|time| !(0..=MOST_PATIENCE).contains(&time)) {
            self.refuse(path, "must be between 0s and 10m");
        }
    }

    fn mounts(&mut self, name: &str, service: &Service, volumes: &[VolumeUse]) {
        for one in volumes {
            let VolumeUse {
                at,
                kind,
                source,
                target,
                read_only: _,
                propagation: _,
                no_copy: _,
                subpath: _,
                labels,
                tmpfs_size: _,
                tmpfs_mode: _,
                options: _,
            } = one;
            self.labels(&["services", name, "volumes", target, "volume", "labels"], labels);
            let source = source.as_deref().unwrap_or_default();
            let why = match kind {
                VolumeKind::Volume | VolumeKind::Tmpfs => continue,
                VolumeKind::Bind if source.ends_with("docker.sock") => {
                    format!(
                        "mounts `{source}`, and who has Docker's socket has the node; take it out"
                    )
                }
                VolumeKind::Bind => format!(
                    "mounts `{source}` of the node; use a named volume, or `configs` for files"
                ),
                VolumeKind::Npipe => "mounts a pipe of the node; take it out".to_owned(),
                VolumeKind::Cluster => {
                    "mounts a volume of the cluster; use a named volume".to_owned()
                }
                VolumeKind::Image => {
                    "mounts an image, which may be anybody's; copy from it in a Dockerfile"
                        .to_owned()
                }
            };
            self.refuse_at(*at, &["services", name, "volumes"], why);
        }
        if volumes.len() + service.tmpfs.len() > MOST_MOUNTS {
            let why = format!("may be {MOST_MOUNTS} at most");
            self.refuse(&["services", name, "volumes"], why);
        }
        self.memory(name, service);
    }

    /// What is mounted from memory must fit into the service's own.
    fn memory(&mut self, name: &str, service: &Service) {
        let tmpfs = service.tmpfs.iter().map(|tmpfs| tmpfs.size);
        let volumes = service.volumes.iter().filter(|one| one.kind == VolumeKind::Tmpfs);
        let shared = service.shm_size.filter(|size| *size != 0).map(Some);
        let sizes = tmpfs.chain(volumes.map(|one| one.tmpfs_size)).chain(shared);
        let sizes: Vec<i64> =
            sizes.map(|size| size.filter(|size| *size != 0).unwrap_or(1)).collect();
        let most = self.restrictions.limits.memory;
        let asked = service.deploy.limit_memory.or(service.mem_limit).filter(|size| *size > 0);
        let limit = asked.unwrap_or(most).min(most);
        if sizes.iter().any(|size| *size < 0) || total(sizes.iter().copied()) > limit {
            let key = if service.tmpfs.is_empty() {
                if service.shm_size.is_some() { "shm_size" } else { "volumes" }
            } else {
                "tmpfs"
            };
            let why = format!(
                "mounts more from memory than the {limit} bytes that the service may use; give smaller sizes"
            );
            self.refuse(&["services", name, key], why);
        }
    }

    fn deploy(&mut self, name: &str, deploy: &Deploy) {
        let Deploy {
            mode,
            // Filled in, or cut down.
            replicas: _,
            limit_nano_cpus: _,
            limit_memory: _,
            limit_pids: _,
            reserve_nano_cpus: _,
            reserve_memory: _,
            // Among its own tasks.
            endpoint_mode: _,
            spread: _,
            max_replicas_per_node: _,
            labels,
            update,
            rollback,
            reserve_generic,
            restart,
            constraints,
            constraints_at: _,
            reservations_at: _,
        } = deploy;
        let of = |key| ["services", name, "deploy", key];
        if let Some(Placed { at, it: DeployMode::Global | DeployMode::GlobalJob }) = mode {
            let why = "would run on every node; use `replicated`";
            self.refuse_at(*at, &of("mode"), why);
        }
        self.labels(&of("labels"), labels);
        for (key, update) in [("update_config", update), ("rollback_config", rollback)] {
            let Some(Update { at: _, delay, monitor, .. }) = update else { continue };
            self.patience(&["services", name, "deploy", key, "delay"], *delay);
            self.patience(&["services", name, "deploy", key, "monitor"], *monitor);
        }
        for kind in reserve_generic.keys() {
            let path = [
                "services",
                name,
                "deploy",
                "resources",
                "reservations",
                "generic_resources",
                kind,
            ];
            self.refuse(&path, "takes a device of a node; take it out");
        }
        if let Some(RestartBlock { delay, .. }) = restart
            && delay.is_some_and(|delay| delay < LEAST_PAUSE)
        {
            let why = "must be 1s or more, since each start is work for the managers";
            self.refuse(&["services", name, "deploy", "restart_policy", "delay"], why);
        }
        for text in constraints {
            if let Some(why) = lists::constraint(text) {
                let why = format!("{why}; constrain by `node.labels.…` or `node.role == worker`");
                self.refuse_item(
                    &["services", name, "deploy", "placement", "constraints"],
                    text,
                    why,
                );
            }
        }
    }

    fn route(&mut self, name: &str, route: &Placed<Route>) {
        let Placed { at, it } = route;
        let Route {
            protocol,
            host: hosts,
            port: _,
            path: _,
            strip: _,
            check: _,
            entrypoints,
            priority: _,
            tls,
            redirect,
            sticky: _,
            basic_auth: _,
            allow: _,
            headers: _,
            rate_limit: _,
            compress: _,
            retry: _,
            health: _,
        } = it;
        let path = ["services", name, "x-berth", "routes"];
        match protocol {
            Protocol::Http => {}
            Protocol::Tcp | Protocol::Udp => {
                let why = "takes an entry point that all stacks share; use HTTP";
                self.refuse_at(*at, &path, why);
            }
        }
        if !entrypoints.is_empty() {
            let why = "names entry points; leave them to Berth by taking `entrypoints` out";
            self.refuse_at(*at, &path, why);
        }
        if tls.as_ref().is_some_and(|tls| tls.resolver.is_some() || tls.passthrough) {
            let why = "asks for certificates of its own; write `tls: true`";
            self.refuse_at(*at, &path, why);
        }
        let Some(own) = &self.restrictions.host else {
            self.refuse_at(*at, &path, "needs `BERTH_HOST`, the environment's own host");
            return;
        };
        for host in hosts.iter().chain(&redirect.hosts) {
            if !lists::is_below(host, own) {
                let why = format!(
                    "answers at `{host}`, which may be another stack's; use `{own}` or a host below it"
                );
                self.refuse_at(*at, &path, why);
            }
        }
    }
}
