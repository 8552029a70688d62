//! One service of the model to a [`ServiceSpec`].

use std::collections::BTreeSet;

use berth_domain::stack::{
    Attachment, CredentialSpec, EndpointMode, Healthcheck, Mode, Placement, Port, Resources,
    RestartPolicy, ServiceSpec, UpdateConfig,
};

use super::Convert;
use crate::complaint::{Cause, CauseKind, one_line};
use crate::compose::model::{
    Deploy, DeployMode, HealthModel, NetworkUse, Placed, PortUse, Restart, Service, Update,
};
use crate::compose::units;
use crate::yaml::At;

/// Networks that every node has, and on which nobody has another name.
const PREDEFINED: [&str; 4] = ["bridge", "default", "host", "none"];

impl Convert<'_> {
    pub(super) fn service(&mut self, name: &str, service: &Service) -> ServiceSpec {
        let (image, written_image) = self.image(name, service);
        let mut spec = ServiceSpec {
            image,
            written_image,
            labels: service.deploy.labels.clone().into(),
            container_labels: service.labels.clone().into(),
            entrypoint: service.entrypoint.clone().unwrap_or_default(),
            command: service.command.clone().unwrap_or_default(),
            hostname: service.hostname.clone(),
            working_dir: service.working_dir.clone(),
            user: service.user.clone(),
            groups: service.group_add.clone(),
            env: service.environment.clone().into(),
            hosts: service.extra_hosts.clone(),
            dns: service.dns.clone(),
            dns_search: service.dns_search.clone(),
            dns_options: service.dns_opt.clone(),
            healthcheck: self.healthcheck(name, service.healthcheck.as_ref()).map(Box::new),
            stop_grace_period: service.stop_grace_period,
            stop_signal: service.stop_signal.clone(),
            init: service.init,
            tty: service.tty.unwrap_or(false),
            stdin_open: service.stdin_open.unwrap_or(false),
            read_only: service.read_only.unwrap_or(false),
            // Swarm says `default` where nothing was said.
            isolation: service.isolation.clone().filter(|isolation| isolation != "default"),
            cap_add: Vec::new(),
            cap_drop: Vec::new(),
            sysctls: service.sysctls.clone().into(),
            ulimits: service.ulimits.clone().into(),
            oom_score_adj: service.oom_score_adj,
            credential_spec: self.credentials(name, service).map(Box::new),
            mounts: self.mounts(name, service),
            configs: self.blob_uses(name, &service.configs, "config"),
            secrets: self.blob_uses(name, &service.secrets, "secret"),
            security: service.security.clone(),
            networks: self.attachments(name, service),
            logging: service.logging.clone().map(Box::new),
            mode: self.mode(name, service),
            resources: resources(service),
            restart: self.restart(name, service).map(Box::new),
            placement: placement(service),
            update: service.deploy.update.as_ref().map(update).map(Box::new),
            rollback: service.deploy.rollback.as_ref().map(update).map(Box::new),
            endpoint_mode: EndpointMode::Vip,
            ports: Vec::new(),
            force_updates: 0,
        };
        (spec.cap_add, spec.cap_drop) = capabilities(&service.cap_add, &service.cap_drop);
        (spec.endpoint_mode, spec.ports) = self.endpoint(service);
        self.route(name, service, &mut spec);
        self.rollout(name, service, &spec);
        spec
    }

    fn image(&mut self, name: &str, service: &Service) -> (String, String) {
        let built = service.build.as_ref().and_then(|_| self.context.images.get(name)).cloned();
        let written = match (built, &service.image, &service.build) {
            (Some(tag), ..) => tag,
            (None, Some(image), _) => image.it.clone(),
            (None, None, Some(build)) => {
                let message = format!(
                    "the service `{name}` has a `build` but no `image`, and was not built; build it first, or name an image"
                );
                self.refuse_as(
                    build.at,
                    CauseKind::Image,
                    format!("services.{name}.image"),
                    message,
                );
                return (String::new(), String::new());
            }
            (None, None, None) => {
                let message = format!("the service `{name}` has no image; set `image` or `build`");
                let path = format!("services.{name}.image");
                self.refuse_as(service.at, CauseKind::Image, path, message);
                return (String::new(), String::new());
            }
        };
        let at = service.image.as_ref().map_or(service.at, |image| image.at);
        let Some(image) = units::image(&written) else {
            let message = format!(
                "`{written}` is not an image's name; use `[host/]name[:tag]` in lower case"
            );
            self.refuse_as(at, CauseKind::Image, format!("services.{name}.image"), message);
            return (written.clone(), written);
        };
        (image, written)
    }

    fn healthcheck(&mut self, name: &str, model: Option<&HealthModel>) -> Option<Healthcheck> {
        let model = model?;
        if model.disable == Some(true) {
            // To compose, `disable` wins.
            if self.is_stack() && !model.it.test.is_empty() {
                let path = format!("services.{name}.healthcheck");
                let message = "`healthcheck` has a `test` and is disabled; keep one of both";
                self.refuse_as(model.at, CauseKind::Conflict, path, message);
            }
            return Some(Healthcheck { test: vec!["NONE".to_owned()], ..Healthcheck::default() });
        }
        let mut it = model.it.clone();
        // To Swarm, 0 is what was not said.
        for duration in
            [&mut it.interval, &mut it.timeout, &mut it.start_period, &mut it.start_interval]
        {
            *duration = duration.filter(|nanos| *nanos != 0);
        }
        it.retries = it.retries.filter(|retries| *retries != 0);
        (it != Healthcheck::default()).then_some(it)
    }

    fn credentials(&mut self, name: &str, service: &Service) -> Option<CredentialSpec> {
        let Placed { at, it } = service.credential_spec.as_ref()?;
        let given = [&it.config, &it.file, &it.registry].iter().filter(|one| one.is_some()).count();
        if given == 0 {
            return None;
        }
        if given > 1 {
            let message = "`credential_spec` needs one of `config`, `file` and `registry`";
            let path = format!("services.{name}.credential_spec");
            self.refuse_as(*at, CauseKind::Conflict, path, message);
        }
        if let (true, Some(key)) = (self.is_stack(), &it.config) {
            self.check_credentials(name, service, *at, key);
        }
        let config = it.config.as_ref().map(|key| match self.configs.get(key) {
            Some(name) => name.clone(),
            None => {
                let message =
                    format!("`credential_spec` names the config `{key}`, which no file defines");
                let cause = Cause { kind: CauseKind::Undefined, path: format!("configs.{key}") };
                self.complaints.push((*at, one_line(message), Some(cause)));
                key.clone()
            }
        });
        Some(CredentialSpec { config, file: it.file.clone(), registry: it.registry.clone() })
    }

    /// Docker looks for the config by what it is called on the Swarm, which with a
    /// `name` of its own is something else.
    fn check_credentials(&mut self, name: &str, service: &Service, at: At, key: &str) {
        let stack = &self.context.stack;
        let sources = service.configs.iter().map(|one| one.source.as_str()).chain([key]);
        let found = sources.filter_map(|source| {
            let blob = self.loaded.model.configs.get(source)?;
            let own = if blob.external { source.to_owned() } else { stack.scope(source) };
            Some(blob.name.clone().unwrap_or(own))
        });
        let found: Vec<String> = found.collect();
        if !found.is_empty() && !found.iter().any(|is| is == key || *is == stack.scope(key)) {
            let message = format!(
                "`docker stack deploy` does not find the config `{key}` of `credential_spec` where it has a `name`; take that out"
            );
            let path = format!("services.{name}.credential_spec");
            self.refuse_as(at, CauseKind::Conflict, path, message);
        }
    }

    fn attachments(&mut self, name: &str, service: &Service) -> Vec<Attachment> {
        if let Some(network) = &service.predefined_network {
            return vec![Attachment { network: network.clone(), ..Attachment::default() }];
        }
        let mut attachments = Vec::new();
        if service.networks.is_empty() {
            attachments.push(self.attachment(name, "default", None));
        }
        for (key, one) in &service.networks {
            let declared = self.loaded.model.networks.get(key);
            if declared.is_none() && key != "default" {
                let message = format!(
                    "the service `{name}` is on the network `{key}`, which no file defines; add it under `networks`"
                );
                self.refuse_as(one.at, CauseKind::Undefined, format!("networks.{key}"), message);
            }
            attachments.push(self.attachment(name, key, Some(one)));
        }
        attachments.sort_by(|a, b| a.network.cmp(&b.network));
        attachments
    }

    fn attachment(&mut self, name: &str, key: &str, one: Option<&NetworkUse>) -> Attachment {
        let mut aliases = one.map(|one| one.aliases.clone()).unwrap_or_default();
        let driver_opts = one.map(|one| one.driver_opts.clone()).unwrap_or_default();
        let named = one.is_none_or(|one| one.named);
        let network = self.network_name(key, self.loaded.model.networks.get(key));
        self.used_networks.insert(key.to_owned());
        let public = !self.is_stack() && self.context.public_network.as_ref() == Some(&network);
        if public {
            self.check_aliases(name, key, &aliases);
            // Every stack has a `web`; on a network that all share, it would be anybody's.
            aliases = vec![self.context.stack.scope(name)];
        } else if named && !PREDEFINED.contains(&network.as_str()) {
            aliases.push(name.to_owned());
        }
        Attachment { network, aliases, driver_opts: driver_opts.into() }
    }

    fn mode(&mut self, name: &str, service: &Service) -> Mode {
        let Deploy { mode, replicas, update, .. } = &service.deploy;
        let kind = match mode {
            Some(mode) if mode.it == DeployMode::Replicated && self.is_waited_out(name) => {
                let message = format!(
                    "`services.{name}.deploy.mode` is a job, since others wait until `{name}` has completed, or `x-berth.job` says so"
                );
                self.note(mode.at, message);
                DeployMode::ReplicatedJob
            }
            Some(mode) => mode.it,
            None if self.is_waited_out(name) => DeployMode::ReplicatedJob,
            None => DeployMode::Replicated,
        };
        let wanted = match (replicas, service.scale) {
            (Some(replicas), Some(scale)) if replicas.it != scale => {
                let message = format!(
                    "`scale` is {scale}, but `deploy.replicas` is {}; keep one of both",
                    replicas.it
                );
                self.refuse(replicas.at, message);
                scale
            }
            (Some(replicas), _) => replicas.it,
            (None, scale) => scale.unwrap_or(1),
        };
        let single = matches!(kind, DeployMode::Global | DeployMode::GlobalJob);
        if let (true, Some(replicas)) = (single, replicas) {
            let message = "a global service has one task on each node, so `replicas` must go";
            let path = format!("services.{name}.deploy.replicas");
            self.refuse_as(replicas.at, CauseKind::Conflict, path, message);
        }
        let job = matches!(kind, DeployMode::ReplicatedJob | DeployMode::GlobalJob);
        if let (true, Some(update)) = (job, update) {
            self.refuse(update.at, "a job is never updated, so `update_config` must go");
        }
        match kind {
            DeployMode::Replicated => Mode::Replicated { replicas: wanted },
            DeployMode::Global => Mode::Global,
            DeployMode::ReplicatedJob => {
                Mode::ReplicatedJob { max_concurrent: wanted, total_completions: wanted }
            }
            DeployMode::GlobalJob => Mode::GlobalJob,
        }
    }

    fn restart(&mut self, name: &str, service: &Service) -> Option<RestartPolicy> {
        let policy = |condition: &str, attempts: Option<u64>| RestartPolicy {
            condition: condition.to_owned(),
            max_attempts: attempts.filter(|attempts| *attempts != 0),
            ..RestartPolicy::default()
        };
        if let Some(block) = &service.deploy.restart {
            return Some(RestartPolicy {
                condition: block.condition.clone().unwrap_or_else(|| "any".to_owned()),
                delay: block.delay,
                max_attempts: block.max_attempts.filter(|attempts| *attempts != 0),
                window: block.window,
            });
        }
        let Some(restart) = &service.restart else {
            // Swarm would start it again for ever, and nobody would hear that it failed.
            return self.is_waited_out(name).then(|| policy("none", None));
        };
        match restart {
            // `docker stack deploy` says nothing here, and Swarm then restarts.
            Restart::No if self.is_stack() => None,
            Restart::No => Some(policy("none", None)),
            Restart::Always => Some(policy("any", None)),
            Restart::OnFailure(attempts) => Some(policy("on-failure", *attempts)),
            Restart::Unknown { at, text } => {
                let message = format!("`restart` is {text:?}, which is no restart policy");
                let path = format!("services.{name}.restart");
                self.refuse_as(*at, CauseKind::Value, path, message);
                None
            }
        }
    }

    fn endpoint(&mut self, service: &Service) -> (EndpointMode, Vec<Port>) {
        let mode = service.deploy.endpoint_mode.as_ref().map_or(EndpointMode::Vip, |mode| mode.it);
        let mut ports = Vec::new();
        let mut seen = BTreeSet::new();
        for PortUse { at, published, target, protocol, host } in &service.ports {
            if mode == EndpointMode::Dnsrr && !host {
                let message = format!(
                    "port {target} is published on every node, which needs `endpoint_mode: vip`; write it with `mode: host`"
                );
                self.refuse(*at, message);
            }
            let port = Port {
                published: *published,
                target: *target,
                protocol: protocol.clone(),
                host: *host,
            };
            // Docker sends one twice, too.
            if seen.insert(port.clone()) || self.is_stack() {
                ports.push(port);
            }
        }
        // By what is published alone, as Docker's own client does: another
        // order of the same ports would restart the tasks of its stacks.
        ports.sort_by_key(|port| port.published);
        (mode, ports)
    }
}

fn update(update: &Update) -> UpdateConfig {
    UpdateConfig {
        parallelism: update.parallelism.unwrap_or(1),
        delay: update.delay.filter(|nanos| *nanos != 0),
        failure_action: update.failure_action.clone().unwrap_or_else(|| "pause".to_owned()),
        monitor: update.monitor.filter(|nanos| *nanos != 0),
        max_failure_ratio: update.max_failure_ratio.unwrap_or(0.0),
        order: update.order.clone().unwrap_or_else(|| "stop-first".to_owned()),
    }
}

fn resources(service: &Service) -> Resources {
    let Deploy {
        limit_nano_cpus,
        limit_memory,
        limit_pids,
        reserve_nano_cpus,
        reserve_memory,
        reserve_generic,
        ..
    } = &service.deploy;
    // To Swarm, 0 is no limit.
    let some = |deploy: Option<i64>, short: Option<i64>| deploy.or(short).filter(|n| *n != 0);
    Resources {
        limit_nano_cpus: some(*limit_nano_cpus, service.cpus),
        limit_memory: some(*limit_memory, service.mem_limit),
        limit_pids: some(*limit_pids, service.pids_limit),
        reserve_nano_cpus: some(*reserve_nano_cpus, None),
        reserve_memory: some(*reserve_memory, service.mem_reservation),
        reserve_generic: reserve_generic.clone().into(),
    }
}

fn placement(service: &Service) -> Placement {
    Placement {
        constraints: service.deploy.constraints.clone(),
        spread: service.deploy.spread.clone(),
        max_replicas_per_node: service.deploy.max_replicas_per_node.unwrap_or(0),
        platforms: service.platform.iter().cloned().collect(),
    }
}

/// What to add and what to drop: upper case, with `CAP_`, sorted. Adding wins
/// over dropping, and `ALL` over every single one.
fn capabilities(add: &[String], drop: &[String]) -> (Vec<String>, Vec<String>) {
    let normal = |names: &[String]| -> BTreeSet<String> {
        let names: BTreeSet<String> = names
            .iter()
            .map(|name| name.trim().to_ascii_uppercase())
            .map(|name| {
                let bare = name == "ALL" || name == "RESET" || name.starts_with("CAP_");
                if bare { name } else { format!("CAP_{name}") }
            })
            .collect();
        let names: BTreeSet<String> = names.into_iter().filter(|name| name != "RESET").collect();
        if names.contains("ALL") { BTreeSet::from(["ALL".to_owned()]) } else { names }
    };
    let add = normal(add);
    let drop = normal(drop).difference(&add).cloned().collect();
    (add.into_iter().collect(), drop)
}
