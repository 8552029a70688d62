//! What is missing or different: making, changing, replacing.

use berth_domain::cluster::{Action, ObservedService, ObservedStack};
use berth_domain::stack::{ServiceSpec, StackSpec};

use super::{Plan, depends, replace};

pub(super) fn ensure(spec: &StackSpec, observed: &ObservedStack) -> Plan {
    let mut plan = Plan::default();
    let held = replace::networks(spec, observed, &mut plan);
    for (name, network) in &spec.networks {
        if !observed.networks.contains_key(name) {
            plan.actions
                .push(Action::CreateNetwork { name: name.clone(), spec: (**network).clone() });
        }
    }
    for (name, secret) in &spec.secrets {
        if !observed.secrets.contains_key(name) {
            plan.actions
                .push(Action::CreateSecret { name: name.clone(), spec: (**secret).clone() });
        }
    }
    for (name, config) in &spec.configs {
        if !observed.configs.contains_key(name) {
            plan.actions
                .push(Action::CreateConfig { name: name.clone(), spec: (**config).clone() });
        }
    }
    for (name, wanted) in &spec.services {
        if !held.contains(name.as_str()) {
            service(spec, observed, name, wanted, &mut plan);
        }
    }
    plan
}

fn service(
    spec: &StackSpec,
    observed: &ObservedStack,
    name: &str,
    wanted: &ServiceSpec,
    plan: &mut Plan,
) {
    let awaited = depends::awaited(spec, observed, name);
    let is_ours = observed.services.get(name).is_none_or(|is| is.ours);
    if is_ours && !awaited.is_empty() {
        plan.wait(format!("service {name} {}", depends::words(&awaited)));
        plan.partial = true;
        return;
    }
    let Some(is) = observed.services.get(name) else {
        plan.actions.push(create(name, wanted));
        return;
    };
    if is.spec.as_ref().is_some_and(|spec| spec.means(wanted)) {
        return;
    }
    if !is.ours {
        plan.conflicts.push(format!("service {name} exists and was not made by this Berth"));
    } else if can_become(is, wanted) {
        plan.actions.push(Action::UpdateService {
            name: name.to_owned(),
            spec: Box::new(wanted.clone()),
            from: is.version,
        });
    } else {
        plan.replaced.push(format!("service {name}: {}", replace::why(is, wanted)));
        plan.actions.push(Action::RemoveService { name: name.to_owned(), from: is.version });
        plan.actions.push(create(name, wanted));
    }
}

/// Whether Swarm can update `is` into `wanted`. It refuses a change of mode; what
/// can't be read may be of any mode.
fn can_become(is: &ObservedService, wanted: &ServiceSpec) -> bool {
    is.spec.as_ref().is_some_and(|spec| {
        std::mem::discriminant(&spec.mode) == std::mem::discriminant(&wanted.mode)
    })
}

fn create(name: &str, spec: &ServiceSpec) -> Action {
    Action::CreateService { name: name.to_owned(), spec: Box::new(spec.clone()) }
}
