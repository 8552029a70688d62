//! The planner's laws, stated on the world that a plan leaves behind.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::cluster::{
    ObservedFile, ObservedNetwork, ObservedService, ObservedTask, TaskState, Version,
};
use berth_domain::health::meets;
use berth_domain::ids::StackName;
use berth_domain::shared::Shared;
use berth_domain::stack::{Attachment, Condition, FileRef, FileSpec, JobTime, Mode, NetworkSpec};
use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::sim::carry_out;

mod examples;
mod restarts;

fn shop() -> StackName {
    StackName::parse("shop").unwrap()
}

fn file_ref(name: &str) -> FileRef {
    FileRef {
        name: name.to_owned(),
        target: "/x".to_owned(),
        uid: "0".to_owned(),
        gid: "0".to_owned(),
        mode: 0o444,
    }
}

fn service(image: &str, replicas: u64) -> ServiceSpec {
    let mode = Mode::Replicated { replicas };
    ServiceSpec { image: image.to_owned(), mode, ..ServiceSpec::default() }
}

fn task(id: &str) -> ObservedTask {
    ObservedTask {
        id: id.to_owned(),
        slot: Some(1),
        node: None,
        node_down: false,
        state: TaskState::Running,
        desired: TaskState::Running,
        since: DateTime::UNIX_EPOCH,
        up_to_date: true,
        error: None,
        exit_code: None,
    }
}

fn live<S: Into<Shared<ServiceSpec>>>(spec: Option<S>, at: u64, ours: bool) -> ObservedService {
    ObservedService {
        id: "s".to_owned(),
        version: Version(at),
        changed_at: DateTime::UNIX_EPOCH,
        ours,
        spec: spec.map(Into::into),
        previous: BTreeSet::new(),
        update: None,
        tasks: vec![task("t")],
    }
}

/// A service over a small world of names, so that everything collides.
fn any_service() -> impl Strategy<Value = ServiceSpec> {
    (
        prop::sample::select(vec!["a:1", "a:2", "b:1"]),
        prop_oneof![
            (0..3_u64).prop_map(|replicas| Mode::Replicated { replicas }),
            Just(Mode::Global),
            Just(Mode::ReplicatedJob { max_concurrent: 1, total_completions: 1 }),
        ],
        prop::collection::btree_set("shop_f[1-3]", 0..3),
        prop::collection::btree_set("shop_s[1-3]", 0..2),
        prop::collection::btree_set("shop_n[1-3]", 0..3),
    )
        .prop_map(|(image, mode, configs, secrets, networks)| ServiceSpec {
            image: image.to_owned(),
            mode,
            configs: configs.iter().map(|name| file_ref(name)).collect(),
            secrets: secrets.iter().map(|name| file_ref(name)).collect(),
            networks: networks
                .into_iter()
                .map(|network| Attachment { network, ..Attachment::default() })
                .collect(),
            ..ServiceSpec::default()
        })
}

/// A stack that declares what its services refer to, and perhaps more. Each of
/// them waits for some of those before it.
pub(crate) fn any_stack() -> impl Strategy<Value = StackSpec> {
    (
        prop::collection::btree_map("[a-d]", any_service().prop_map(Shared::new), 0..4),
        prop::collection::btree_set("shop_n[1-3]", 0..2),
        prop::collection::btree_set("shop_n[1-3]", 0..2),
        prop::collection::vec(("[a-d]", "[a-d]", any::<bool>()), 0..5),
    )
        .prop_map(|(services, networks, internal, waits)| {
            let mut spec = StackSpec { services, ..StackSpec::default() };
            for (one, other, started) in waits {
                let (first, then) = if one < other { (one, other) } else { (other, one) };
                let condition = match spec.services.get(&first).map(|is| is.mode) {
                    _ if started => Condition::Started,
                    Some(Mode::ReplicatedJob { .. }) => Condition::Completed,
                    _ => Condition::Healthy,
                };
                if first != then {
                    spec.dependencies.entry(then).or_default().insert(first, condition);
                }
            }
            for service in spec.services.values() {
                let file = |is: &FileRef| (is.name.clone(), FileSpec::default().into());
                spec.configs.extend(service.configs.iter().map(file));
                spec.secrets.extend(service.secrets.iter().map(file));
                let network = |is: &Attachment| (is.network.clone(), NetworkSpec::default().into());
                spec.networks.extend(service.networks.iter().map(network));
            }
            spec.networks.extend(networks.into_iter().map(|name| (name, Shared::default())));
            for (name, network) in spec.networks.iter_mut() {
                network.internal = internal.contains(name);
            }
            spec
        })
}

/// A cluster that some stack left behind, with parts of it unreadable or
/// somebody else's. Services that are not ours have names of their own, so that
/// nothing is in the way.
pub(crate) fn any_cluster() -> impl Strategy<Value = ObservedStack> {
    (
        any_stack(),
        prop::collection::vec((any::<bool>(), any::<bool>()), 4),
        prop::collection::btree_map("x[1-2]", any_service().prop_map(Shared::new), 0..2),
        0..3_u32,
        any::<bool>(),
    )
        .prop_map(|(spec, flags, foreign, leaving_tasks, stored)| {
            let mut seen = ObservedStack { leaving_tasks, ..ObservedStack::default() };
            let foreign_needs = StackSpec { services: foreign, ..StackSpec::default() };
            for (name, is) in &foreign_needs.services {
                seen.services.insert(name.clone(), live(Some(is.clone()), 90, false));
            }
            for (index, (name, is)) in spec.services.into_iter().enumerate() {
                let (readable, _) = flags.get(index).copied().unwrap_or((true, true));
                let version = 10 + index as u64;
                seen.services.insert(name, live(readable.then_some(is), version, true));
            }
            let ours = flags.first().is_none_or(|(_, ours)| *ours);
            let specs = spec.networks.clone();
            let network = |name: &String, ours| {
                let spec = specs.get(name).cloned().unwrap_or_default();
                (name.clone(), ObservedNetwork { id: name.clone(), ours, spec })
            };
            let file =
                |name: &String, ours| (name.clone(), ObservedFile { id: name.clone(), ours });
            seen.networks.extend(spec.networks.keys().map(|name| network(name, ours)));
            seen.configs.extend(spec.configs.keys().map(|name| file(name, ours)));
            seen.secrets.extend(spec.secrets.keys().map(|name| file(name, ours)));
            for is in foreign_needs.services.values() {
                for attachment in &is.networks {
                    seen.networks
                        .entry(attachment.network.clone())
                        .or_insert_with(|| network(&attachment.network, true).1);
                }
                for is in &is.configs {
                    seen.configs.entry(is.name.clone()).or_insert_with(|| file(&is.name, true).1);
                }
                for is in &is.secrets {
                    seen.secrets.entry(is.name.clone()).or_insert_with(|| file(&is.name, true).1);
                }
            }
            if stored {
                seen.volumes.push("shop_data".to_owned());
                seen.images.push("berth/shop-a:1".to_owned());
            }
            seen
        })
}

/// What is ours and readable, less Docker's own bookkeeping.
fn services_of(seen: &ObservedStack) -> BTreeMap<String, Option<Shared<ServiceSpec>>> {
    let ours = seen.services.iter().filter(|(_, is)| is.ours);
    ours.map(|(name, is)| (name.clone(), is.spec.clone())).collect()
}

fn wanted_services(spec: &StackSpec) -> BTreeMap<String, Option<Shared<ServiceSpec>>> {
    spec.services.iter().map(|(name, is)| (name.clone(), Some(is.clone()))).collect()
}

fn pass(desired: &Desired, seen: &ObservedStack) -> ObservedStack {
    carry_out(&shop(), seen, plan(desired, seen, &Prune::all()).actions()).unwrap()
}

/// By the time of the next observation, tasks of removed services are gone and
/// those of new ones do what they should.
fn later(mut seen: ObservedStack) -> ObservedStack {
    seen.leaving_tasks = 0;
    for is in seen.services.values_mut().filter(|is| is.ours) {
        let job = is.spec.as_ref().is_some_and(|is| matches!(is.mode, Mode::ReplicatedJob { .. }));
        for task in is.tasks.iter_mut().filter(|task| task.desired <= TaskState::Running) {
            task.state = if job { TaskState::Complete } else { TaskState::Running };
        }
    }
    seen
}

/// Pass after pass, until one has nothing to do.
fn settle(desired: &Desired, before: &ObservedStack) -> ObservedStack {
    let mut seen = before.clone();
    // Two passes for a network, one for each service in a chain, one for leftovers.
    for _ in 0..8 {
        let after = later(pass(desired, &seen));
        if after == seen {
            return seen;
        }
        seen = after;
    }
    panic!("it comes to no end: {}", plan(desired, &seen, &Prune::all()));
}

/// What an object in use by somebody else's service is called.
fn used_by_others(seen: &ObservedStack) -> BTreeSet<String> {
    let others = seen.services.values().filter(|is| !is.ours).filter_map(|is| is.spec.as_deref());
    others.flat_map(references).map(str::to_owned).collect()
}

proptest! {
    /// Whatever was there, pass after pass leaves the services that should be, and
    /// all that they need; and Docker refuses none of their actions.
    #[test]
    fn passes_bring_every_service(spec in any_stack(), before in any_cluster()) {
        let desired = Desired::Present(Box::new(spec.clone()));
        let after = settle(&desired, &before);

        prop_assert_eq!(services_of(&after), wanted_services(&spec));
        let used = used_by_others(&before);
        for (name, network) in &spec.networks {
            let is = &after.networks[name];
            let as_wanted = network.changes_from(&is.spec).is_empty();
            prop_assert!(as_wanted || !is.ours || used.contains(name), "{}", name);
        }
        for name in spec.configs.keys() {
            prop_assert!(after.configs.contains_key(name), "{}", name);
        }
        for name in spec.secrets.keys() {
            prop_assert!(after.secrets.contains_key(name), "{}", name);
        }
    }

    /// One pass is enough where no network is replaced and nothing is waited for.
    #[test]
    fn one_pass_brings_every_service(spec in any_stack(), before in any_cluster()) {
        let mut spec = spec;
        spec.dependencies.clear();
        for (name, network) in spec.networks.iter_mut() {
            if let Some(is) = before.networks.get(name) {
                network.clone_from(&is.spec);
            }
        }
        let desired = Desired::Present(Box::new(spec.clone()));
        prop_assert_eq!(services_of(&pass(&desired, &before)), wanted_services(&spec));
    }

    /// What is no longer asked for outlives the service that used it, and what
    /// Swarm may go back to, but no longer.
    #[test]
    fn nothing_is_left_over(spec in any_stack(), before in any_cluster()) {
        let desired = Desired::Present(Box::new(spec.clone()));
        let after = settle(&desired, &before);

        let mut spared = used_by_others(&before);
        spared.extend(after.services.values().flat_map(|is| is.previous.iter().cloned()));
        let left = |name: &String, wanted: bool, ours: bool| {
            !wanted && ours && !spared.contains(name)
        };
        for (name, is) in &after.networks {
            prop_assert!(!left(name, spec.networks.contains_key(name), is.ours), "{}", name);
        }
        for (name, is) in &after.configs {
            prop_assert!(!left(name, spec.configs.contains_key(name), is.ours), "{}", name);
        }
        for (name, is) in &after.secrets {
            prop_assert!(!left(name, spec.secrets.contains_key(name), is.ours), "{}", name);
        }
    }

    /// Once all is as it should be, nothing is done: an update that changes
    /// nothing would cost Swarm's way back.
    #[test]
    fn what_is_as_it_should_be_is_left_alone(spec in any_stack(), before in any_cluster()) {
        let desired = Desired::Present(Box::new(spec));
        let plan = plan(&desired, &settle(&desired, &before), &Prune::all());
        prop_assert!(plan.is_empty(), "{}", plan);
    }

    /// Nothing new is made before what it depends on is there, as it should be,
    /// and has come as far as it must.
    #[test]
    fn what_is_waited_for_comes_first(spec in any_stack(), before in any_cluster()) {
        let desired = Desired::Present(Box::new(spec.clone()));
        let mut seen = before;
        for _ in 0..8 {
            for action in plan(&desired, &seen, &Prune::all()).actions() {
                let Action::CreateService { name, .. } = action else { continue };
                if seen.services.contains_key(name) {
                    continue;
                }
                let waits = spec.dependencies.get(name).into_iter().flatten();
                for (first, condition) in waits.filter(|(first, _)| spec.services.contains_key(*first)) {
                    let (is, wanted) = (&seen.services[first], &spec.services[first]);
                    prop_assert_eq!(is.spec.as_ref(), Some(wanted), "{} before {}", name, first);
                    prop_assert!(meets(*condition, wanted, is), "{} before {}", name, first);
                }
            }
            seen = later(pass(&desired, &seen));
        }
    }

    /// What waits for a service that never comes up is not made, and said to wait.
    #[test]
    fn what_waits_in_vain_is_never_made(spec in any_stack(), broken in "[a-d]") {
        let desired = Desired::Present(Box::new(spec.clone()));
        let mut seen = ObservedStack::default();
        for _ in 0..8 {
            seen = later(pass(&desired, &seen));
            for task in seen.services.get_mut(&broken).iter_mut().flat_map(|is| &mut is.tasks) {
                task.state = TaskState::Preparing;
            }
        }
        let runs = spec.services.get(&broken).is_some_and(|is| is.mode != Mode::Replicated { replicas: 0 });
        let waits = spec.dependencies.iter().filter(|(name, waits)| {
            runs && spec.services.contains_key(*name) && waits.contains_key(&broken)
        });
        let plan = plan(&desired, &seen, &Prune::all());
        for (name, _) in waits {
            prop_assert!(!seen.services.contains_key(name), "{}", name);
            prop_assert!(plan.to_string().contains(&format!("service {name} waits until")), "{}", plan);
        }
    }

    /// A pass that dies half way is finished by the next one.
    #[test]
    fn a_crash_anywhere_is_harmless(
        spec in any_stack(),
        before in any_cluster(),
        cut in 0..12_usize,
    ) {
        let desired = Desired::Present(Box::new(spec.clone()));
        let first = plan(&desired, &before, &Prune::all());
        let done = first.actions().get(..cut.min(first.actions().len())).unwrap();
        let halted = carry_out(&shop(), &before, done).unwrap();
        let after = settle(&desired, &later(halted));

        prop_assert_eq!(services_of(&after), wanted_services(&spec));
    }

    /// The order matters between kinds of objects, and not within one.
    #[test]
    fn the_order_of_services_changes_nothing(spec in any_stack(), before in any_cluster()) {
        let desired = Desired::Present(Box::new(spec));
        let planned = plan(&desired, &before, &Prune::Off);
        let is_replaced = |name: &str| {
            planned.actions().iter().any(|action| {
                matches!(action, Action::RemoveService { name: gone, .. } if gone == name)
            })
        };
        // A service that is made anew goes before it comes.
        let is_free = |action: &Action| {
            matches!(action, Action::CreateService { name, .. } if !is_replaced(name))
                || matches!(action, Action::UpdateService { .. })
        };
        let (mut services, rest): (Vec<Action>, Vec<Action>) =
            planned.actions().iter().cloned().partition(is_free);
        services.reverse();
        let reordered: Vec<Action> = rest.into_iter().chain(services).collect();
        let after = carry_out(&shop(), &before, &reordered).unwrap();
        let straight = carry_out(&shop(), &before, planned.actions()).unwrap();

        prop_assert_eq!(services_of(&after), services_of(&straight));
    }

    /// Carrying a plan out twice is carrying it out once: the second time, each
    /// action finds its work done or is refused as stale, and changes nothing.
    #[test]
    fn an_action_done_twice_is_done_once(spec in any_stack(), before in any_cluster()) {
        let desired = Desired::Present(Box::new(spec));
        let mut seen = before;
        for action in plan(&desired, &seen, &Prune::all()).actions() {
            seen = carry_out(&shop(), &seen, std::slice::from_ref(action)).unwrap();
            if let Ok(again) = carry_out(&shop(), &seen, std::slice::from_ref(action)) {
                prop_assert_eq!(&again, &seen);
            }
        }
    }

    /// What does not carry our label is as it was, whatever is asked for.
    #[test]
    fn what_is_not_ours_is_never_touched(
        spec in prop::option::of(any_stack()),
        before in any_cluster(),
    ) {
        let desired = spec.map_or(Desired::Absent, |spec| Desired::Present(Box::new(spec)));
        let mut seen = before.clone();
        for _ in 0..4 {
            seen = later(pass(&desired, &seen));
        }

        for (name, is) in before.services.iter().filter(|(_, is)| !is.ours) {
            prop_assert_eq!(seen.services.get(name), Some(is));
        }
        for (name, is) in before.networks.iter().filter(|(_, is)| !is.ours) {
            prop_assert_eq!(seen.networks.get(name), Some(is));
        }
        for (name, is) in before.configs.iter().filter(|(_, is)| !is.ours) {
            prop_assert_eq!(seen.configs.get(name), Some(is));
        }
        for (name, is) in before.secrets.iter().filter(|(_, is)| !is.ours) {
            prop_assert_eq!(seen.secrets.get(name), Some(is));
        }
    }

    /// Two passes remove a stack, and the tasks' leaving between them.
    #[test]
    fn an_unwanted_stack_is_gone_after_two_passes(before in any_cluster()) {
        let mut before = before;
        before.services.retain(|_, is| is.ours);
        let after = pass(&Desired::Absent, &later(pass(&Desired::Absent, &before)));

        prop_assert!(is_gone(&after), "{:?}", after);
    }

    /// Nothing of the rest goes while a task may still use it.
    #[test]
    fn a_removal_waits_for_the_last_task(before in any_cluster()) {
        let mut seen = pass(&Desired::Absent, &before);
        seen.leaving_tasks = 1;
        let plan = plan(&Desired::Absent, &seen, &Prune::all());

        prop_assert!(plan.is_empty(), "{}", plan);
        prop_assert!(!plan.is_synced());
    }

    /// With pruning off, nothing is removed that is not made again, but for what
    /// is on a network that is.
    #[test]
    fn nothing_is_removed_with_pruning_off(spec in any_stack(), before in any_cluster()) {
        let desired = Desired::Present(Box::new(spec.clone()));
        let mut after = before.clone();
        for _ in 0..8 {
            let plan = plan(&desired, &after, &Prune::Off);
            after = later(carry_out(&shop(), &after, plan.actions()).unwrap());
        }

        let replaced = |name: &String| {
            let is = before.networks.get(name);
            let wanted = spec.networks.get(name);
            wanted.zip(is).is_some_and(|(wanted, is)| !wanted.changes_from(&is.spec).is_empty())
        };
        for (name, is) in &before.services {
            let detached = is.spec.as_ref().is_none_or(|is| {
                is.networks.iter().any(|is| replaced(&is.network))
            });
            prop_assert!(detached || after.services.contains_key(name), "{}", name);
        }
        prop_assert!(before.networks.keys().all(|name| after.networks.contains_key(name)));
        prop_assert!(before.configs.keys().all(|name| after.configs.contains_key(name)));
        prop_assert!(before.secrets.keys().all(|name| after.secrets.contains_key(name)));
    }

    /// What Swarm may roll back to keeps all that it needs.
    #[test]
    fn what_the_way_back_needs_is_kept(
        last in any_stack(),
        spec in any_stack(),
        before in any_cluster(),
    ) {
        let keep = names_of(&last);
        let prune = Prune::On { keep: keep.clone() };
        let desired = Desired::Present(Box::new(spec));
        let mut seen = before.clone();
        for _ in 0..3 {
            let plan = plan(&desired, &seen, &prune);
            seen = later(carry_out(&shop(), &seen, plan.actions()).unwrap());
        }

        for name in before.configs.keys().filter(|name| keep.contains(*name)) {
            prop_assert!(seen.configs.contains_key(name), "{}", name);
        }
        for name in before.networks.keys().filter(|name| keep.contains(*name)) {
            prop_assert!(seen.networks.contains_key(name), "{}", name);
        }
    }
}
