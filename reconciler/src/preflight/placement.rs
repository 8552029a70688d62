//! Placement that no node satisfies, and more than any node has. Swarm would not
//! only leave such tasks waiting: it ends those that run.

use berth_compose_templates::Subject;
use berth_domain::facts::NodeFacts;
use berth_domain::placement::{fits, fits_platform, is_constraint, satisfies};
use berth_domain::stack::{Mode, Placement, ServiceSpec};

use super::Check;

impl Check<'_> {
    pub(super) fn placement(&mut self) {
        let (spec, facts) = (self.spec, self.facts);
        if facts.nodes.is_empty() {
            return;
        }
        for (name, service) in &spec.services {
            let subjects = [Subject::Constraints(name.clone()), Subject::Service(name.clone())];
            if let Some(bad) = service.placement.constraints.iter().find(|it| !is_constraint(it)) {
                self.refuse(&subjects, format!(
                    "Swarm knows no constraint `{bad}`; compare `node.role`, `node.hostname`, `node.id`, `node.ip`, `node.labels.…`, `node.platform.os`, `node.platform.arch` or `engine.labels.…` by `==` or `!=`"
                ));
                continue;
            }
            let fit: Vec<&NodeFacts> =
                facts.nodes.iter().filter(|node| fits(&service.placement, node)).collect();
            if fit.is_empty() {
                let message = self.nowhere(name, service);
                self.refuse(&subjects, message);
                continue;
            }
            let open = fit.iter().filter(|node| node.takes_tasks).count();
            if open == 0 {
                let names: Vec<&str> = fit.iter().map(|node| node.name.as_str()).collect();
                self.note(&subjects, format!(
                    "the service `{name}` waits until one of its nodes is up and takes tasks: {}",
                    names.join(", ")
                ));
            }
            self.spread(name, service, fit.len());
            self.reservations(name, service, &fit);
        }
    }

    fn nowhere(&self, name: &str, service: &ServiceSpec) -> String {
        let Placement { constraints, platforms, .. } = &service.placement;
        let on_platform = self.facts.nodes.iter().any(|node| fits_platform(platforms, node));
        if !on_platform {
            let all: Vec<String> =
                platforms.iter().map(|(os, arch)| format!("{os}/{arch}")).collect();
            return format!(
                "no node can run the image of the service `{name}`, which is for {}; build it for the nodes' platform, or add such a node",
                all.join(", ")
            );
        }
        let alone = constraints
            .iter()
            .find(|one| !self.facts.nodes.iter().any(|node| satisfies(node, one)));
        match alone {
            Some(one) => format!(
                "no node satisfies the constraint `{one}` of the service `{name}`; change it, or give a node that label or role"
            ),
            None => format!(
                "no node satisfies all constraints of the service `{name}` at once; take one of them out"
            ),
        }
    }

    fn spread(&mut self, name: &str, service: &ServiceSpec, nodes: usize) {
        let most = service.placement.max_replicas_per_node;
        let Mode::Replicated { replicas } = service.mode else { return };
        if most > 0 && replicas > most.saturating_mul(nodes as u64) {
            let subjects =
                [Subject::Constraints(name.to_owned()), Subject::Service(name.to_owned())];
            self.refuse(&subjects, format!(
                "the service `{name}` wants {replicas} tasks, but at most {most} a node, and only {nodes} can run it; lower `replicas` or raise `max_replicas_per_node`"
            ));
        }
    }

    fn reservations(&mut self, name: &str, service: &ServiceSpec, nodes: &[&NodeFacts]) {
        let subjects = [Subject::Reservations(name.to_owned()), Subject::Service(name.to_owned())];
        let most = |of: fn(&NodeFacts) -> i64| nodes.iter().map(|node| of(node)).max().unwrap_or(0);
        let (memory, cpus) = (most(|node| node.memory), most(|node| node.nano_cpus));
        if let Some(asked) = service.resources.reserve_memory.filter(|asked| *asked > memory) {
            self.refuse(&subjects, format!(
                "the service `{name}` reserves {} of memory a task, but no node that can run it has more than {}; reserve less",
                mebibytes(asked),
                mebibytes(memory)
            ));
        }
        if let Some(asked) = service.resources.reserve_nano_cpus.filter(|asked| *asked > cpus) {
            self.refuse(&subjects, format!(
                "the service `{name}` reserves {} CPUs a task, but no node that can run it has more than {}; reserve less",
                cores(asked),
                cores(cpus)
            ));
        }
    }
}

fn mebibytes(bytes: i64) -> String {
    format!("{} MiB", bytes / (1 << 20))
}

fn cores(nano: i64) -> String {
    let text = format!("{}.{:02}", nano / 1_000_000_000, nano % 1_000_000_000 / 10_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
