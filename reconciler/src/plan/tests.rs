//! The planner's laws, stated on the world that a plan leaves behind, and
//! examples of its plans.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use proptest::prelude::*;

use berth_domain::cluster::{ObservedFile, ObservedNetwork, ObservedTask, TaskState, Version};
use berth_domain::ids::StackName;
use berth_domain::stack::{Attachment, FileRef, FileSpec, Mode, NetworkSpec};

use super::*;
use crate::sim::carry_out;

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
    ServiceSpec {
        image: image.to_owned(),
        mode: Mode::Replicated { replicas },
        ..ServiceSpec::default()
    }
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

fn live(spec: Option<ServiceSpec>, version: u64, ours: bool) -> ObservedService {
    ObservedService {
        id: "s".to_owned(),
        version: Version(version),
        ours,
        spec,
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

/// A stack that declares what its services refer to, and perhaps more.
fn any_stack() -> impl Strategy<Value = StackSpec> {
    (
        prop::collection::btree_map("[a-d]", any_service(), 0..4),
        prop::collection::btree_set("shop_n[1-3]", 0..2),
    )
        .prop_map(|(services, networks)| {
            let mut spec = StackSpec { services, ..StackSpec::default() };
            for service in spec.services.values() {
                let file = |is: &FileRef| (is.name.clone(), FileSpec::default());
                spec.configs.extend(service.configs.iter().map(file));
                spec.secrets.extend(service.secrets.iter().map(file));
                let network = |is: &Attachment| (is.network.clone(), NetworkSpec::default());
                spec.networks.extend(service.networks.iter().map(network));
            }
            spec.networks.extend(networks.into_iter().map(|name| (name, NetworkSpec::default())));
            spec
        })
}

/// A cluster that some stack left behind, with parts of it unreadable or
/// somebody else's. Services that are not ours have names of their own, so that
/// nothing is in the way.
fn any_cluster() -> impl Strategy<Value = ObservedStack> {
    (
        any_stack(),
        prop::collection::vec((any::<bool>(), any::<bool>()), 4),
        prop::collection::btree_map("x[1-2]", any_service(), 0..2),
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
            let network = |name: &String, ours| {
                let spec = NetworkSpec::default();
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
fn services_of(seen: &ObservedStack) -> BTreeMap<String, Option<ServiceSpec>> {
    let ours = seen.services.iter().filter(|(_, is)| is.ours);
    ours.map(|(name, is)| (name.clone(), is.spec.clone())).collect()
}

fn wanted_services(spec: &StackSpec) -> BTreeMap<String, Option<ServiceSpec>> {
    spec.services.iter().map(|(name, is)| (name.clone(), Some(is.clone()))).collect()
}

fn pass(desired: &Desired, seen: &ObservedStack) -> ObservedStack {
    let plan = plan(desired, seen, &Prune::all());
    carry_out(&shop(), seen, plan.actions()).unwrap()
}

/// Tasks of removed services are gone by the time of the next observation.
fn later(mut seen: ObservedStack) -> ObservedStack {
    seen.leaving_tasks = 0;
    seen
}

/// What an object in use by somebody else's service is called.
fn used_by_others(seen: &ObservedStack) -> BTreeSet<String> {
    let others = seen.services.values().filter(|is| !is.ours).filter_map(|is| is.spec.as_ref());
    others.flat_map(references).map(str::to_owned).collect()
}

proptest! {
    /// Whatever was there, carrying out the plan leaves the services that should
    /// be, and all that they need; and Docker refuses none of its actions.
    #[test]
    fn one_pass_brings_every_service(spec in any_stack(), before in any_cluster()) {
        let desired = Desired::Present(Box::new(spec.clone()));
        let after = pass(&desired, &before);

        prop_assert_eq!(services_of(&after), wanted_services(&spec));
        for name in spec.networks.keys() {
            prop_assert!(after.networks.contains_key(name), "{}", name);
        }
        for name in spec.configs.keys() {
            prop_assert!(after.configs.contains_key(name), "{}", name);
        }
        for name in spec.secrets.keys() {
            prop_assert!(after.secrets.contains_key(name), "{}", name);
        }
    }

    /// What is no longer asked for outlives the service that used it by a pass.
    #[test]
    fn the_second_pass_leaves_nothing_over(spec in any_stack(), before in any_cluster()) {
        let desired = Desired::Present(Box::new(spec.clone()));
        let after = pass(&desired, &later(pass(&desired, &before)));

        let spared = used_by_others(&before);
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
    fn a_third_pass_does_nothing(spec in any_stack(), before in any_cluster()) {
        let desired = Desired::Present(Box::new(spec));
        let after = later(pass(&desired, &later(pass(&desired, &before))));

        let plan = plan(&desired, &after, &Prune::all());
        prop_assert!(plan.is_empty(), "{}", plan);
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
        let after = pass(&desired, &later(halted));

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

    /// With pruning off, nothing is removed that is not made again.
    #[test]
    fn nothing_is_removed_with_pruning_off(spec in any_stack(), before in any_cluster()) {
        let desired = Desired::Present(Box::new(spec));
        let plan = plan(&desired, &before, &Prune::Off);
        let after = carry_out(&shop(), &before, plan.actions()).unwrap();

        for name in before.services.keys() {
            prop_assert!(after.services.contains_key(name), "{}", name);
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

#[test]
fn a_plan_reads_as_what_will_happen() {
    let mut spec = StackSpec::default();
    spec.networks.insert("shop_default".to_owned(), NetworkSpec::default());
    spec.secrets.insert("shop_key_11111111".to_owned(), FileSpec::default());
    spec.configs.insert("shop_site_22222222".to_owned(), FileSpec::default());
    let mut web = service("shop@sha256:bb", 2);
    web.configs.push(file_ref("shop_site_22222222"));
    spec.services.insert("web".to_owned(), web);
    spec.services.insert("db".to_owned(), service("pg@sha256:cc", 1));

    let mut seen = ObservedStack::default();
    let mut old_web = service("shop@sha256:aa", 2);
    old_web.configs.push(file_ref("shop_site_00000000"));
    seen.services.insert("web".to_owned(), live(Some(old_web), 9, true));
    seen.services.insert("worker".to_owned(), live(Some(service("job", 1)), 10, true));
    for name in ["shop_site_00000000", "shop_gone_00000000"] {
        seen.configs.insert(name.to_owned(), ObservedFile { id: name.to_owned(), ours: true });
    }

    insta::assert_snapshot!(plan(&Desired::Present(Box::new(spec)), &seen, &Prune::all()), @r"
+ network shop_default
+ secret shop_key_11111111
+ config shop_site_22222222
+ service db pg@sha256:cc x1
~ service web shop@sha256:bb x2
- service worker
- config shop_gone_00000000
… objects no longer asked for go once no service uses them
");
}

#[test]
fn a_change_of_mode_makes_the_service_anew() {
    let mut spec = StackSpec::default();
    let agent = ServiceSpec { mode: Mode::Global, ..service("agent", 1) };
    spec.services.insert("agent".to_owned(), agent);
    let mut seen = ObservedStack::default();
    seen.services.insert("agent".to_owned(), live(Some(service("agent", 1)), 3, true));

    insta::assert_snapshot!(plan(&Desired::Present(Box::new(spec)), &seen, &Prune::Off), @r"
- service agent
+ service agent agent on every node
");
}

#[test]
fn a_service_of_somebody_elses_is_in_the_way_and_stays() {
    let mut spec = StackSpec::default();
    spec.services.insert("web".to_owned(), service("shop", 1));
    let mut seen = ObservedStack::default();
    seen.services.insert("web".to_owned(), live(Some(service("theirs", 1)), 3, false));

    let plan = plan(&Desired::Present(Box::new(spec)), &seen, &Prune::all());

    assert!(plan.is_empty() && !plan.is_synced());
    insta::assert_snapshot!(plan, @r"
! service web exists and was not made by this Berth
");
}

#[test]
fn a_stack_is_removed_from_the_top_down() {
    let mut seen = ObservedStack { leaving_tasks: 2, ..ObservedStack::default() };
    seen.services.insert("web".to_owned(), live(Some(service("shop", 1)), 3, true));
    seen.configs.insert("shop_site_0".to_owned(), ObservedFile { id: "c".to_owned(), ours: true });
    seen.volumes.push("shop_data".to_owned());
    seen.images.push("berth/shop-web:abc".to_owned());

    insta::assert_snapshot!(plan(&Desired::Absent, &seen, &Prune::all()), @r"
- service web
… the rest goes once the services are gone
");
    seen.services.clear();
    insta::assert_snapshot!(plan(&Desired::Absent, &seen, &Prune::all()), @r"
… 2 tasks are leaving
");
    seen.leaving_tasks = 0;
    insta::assert_snapshot!(plan(&Desired::Absent, &seen, &Prune::all()), @r"
- config shop_site_0
- volume shop_data
- image berth/shop-web:abc
");
}
