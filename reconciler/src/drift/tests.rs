//! The differences' laws, and what they say.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::cluster::{ObservedService, ObservedStack, Version};
use berth_domain::map::Map;
use berth_domain::stack::{
    Attachment, FileRef, Healthcheck, Mode, Mount, MountKind, Port, ServiceSpec, StackSpec,
    UpdateConfig,
};
use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::plan::tests::{any_cluster, any_stack};
use crate::plan::{Plan, Prune, plan};

/// What is planted wherever a secret may be.
const PLANTED: &str = "hunter2-planted";

fn differ(desired: &Desired, observed: &ObservedStack) -> (Plan, Vec<Difference>) {
    let plan = plan(desired, observed, &Prune::all());
    let all = differences(desired, observed, &plan);
    (plan, all)
}

/// A stack of one service, and a cluster with that service as it is.
fn between(wanted: ServiceSpec, live: ServiceSpec) -> Vec<Difference> {
    let (spec, observed) = sides(wanted, live);
    differ(&Desired::Present(Box::new(spec)), &observed).1
}

/// What a deployment would do about that, in words and in full.
fn foreseen(wanted: ServiceSpec, live: ServiceSpec) -> (Vec<Difference>, Vec<Text>) {
    let (spec, observed) = sides(wanted, live);
    let plan = plan(&Desired::Present(Box::new(spec.clone())), &observed, &Prune::all());
    let all = changes(&spec, &observed, &plan);
    let texts = texts(&spec, &observed, &all);
    (all, texts)
}

fn sides(wanted: ServiceSpec, live: ServiceSpec) -> (StackSpec, ObservedStack) {
    let spec = StackSpec {
        services: BTreeMap::from([("web".to_owned(), wanted.into())]),
        ..StackSpec::default()
    };
    let is = ObservedService {
        id: "s".to_owned(),
        version: Version(1),
        changed_at: DateTime::UNIX_EPOCH,
        ours: true,
        spec: Some(live.into()),
        previous: BTreeSet::new(),
        update: None,
        tasks: Vec::new(),
    };
    let observed = ObservedStack {
        services: BTreeMap::from([("web".to_owned(), is)]),
        ..ObservedStack::default()
    };
    (spec, observed)
}

fn sentences(wanted: ServiceSpec, live: ServiceSpec) -> Vec<String> {
    between(wanted, live).into_iter().map(|it| it.sentence).collect()
}

fn pairs(keys: BTreeSet<String>, suffix: &str) -> BTreeMap<String, String> {
    keys.into_iter().map(|key| (key, format!("{PLANTED}{suffix}"))).collect()
}

/// A service with secrets in every place that may have them, over few values, so
/// that two of them are alike in many fields.
fn any_service() -> impl Strategy<Value = ServiceSpec> {
    let texts = || prop::collection::vec("[ab]", 0..3);
    let keys = || prop::collection::btree_set("[AB]", 0..3);
    (
        (texts(), texts(), texts(), texts()),
        (keys(), keys(), keys(), "[12]"),
        prop::option::of((texts(), prop::option::of(0..2_i64))),
        prop::collection::btree_set((1..3_u16, prop::option::of(1..3_u16)), 0..3),
        prop::collection::vec(("[ab]", "/[xy]", any::<bool>()), 0..3),
        (prop::option::of("[ab]"), prop::option::of(0..2_u64), any::<bool>(), 0..3_u64, 0..3_u64),
    )
        .prop_map(|(lists, (env, labels, more, suffix), check, ports, mounts, rest)| {
            let (dns, groups, aliases, args) = lists;
            let (user, parallelism, global, replicas, force_updates) = rest;
            let secret = || format!("--password={PLANTED}{suffix}");
            let mut spec = ServiceSpec {
                image: format!("shop:{suffix}"),
                user,
                dns,
                groups,
                command: args.iter().map(|_| secret()).collect(),
                env: pairs(env, &suffix).into_iter().map(|(key, it)| (key, Some(it))).collect(),
                labels: pairs(labels, &suffix).into(),
                container_labels: pairs(more, &suffix).into(),
                healthcheck: check.map(|(args, interval)| {
                    let test = args.iter().map(|_| secret()).collect();
                    Healthcheck { test, interval, ..Healthcheck::default() }.into()
                }),
                update: parallelism.map(|parallelism| {
                    UpdateConfig { parallelism, ..UpdateConfig::default() }.into()
                }),
                mode: if global { Mode::Global } else { Mode::Replicated { replicas } },
                force_updates,
                ..ServiceSpec::default()
            };
            spec.labels.insert(
                "traefik.http.middlewares.a.basicauth.users".to_owned(),
                format!("ann:{PLANTED}{suffix}"),
            );
            spec.ports = ports
                .into_iter()
                .map(|(target, published)| Port {
                    published,
                    target,
                    protocol: "tcp".to_owned(),
                    host: false,
                })
                .collect();
            spec.mounts = mounts
                .into_iter()
                .map(|(source, target, read_only)| Mount {
                    kind: MountKind::Bind { propagation: None },
                    source: Some(source),
                    target,
                    read_only,
                    consistency: None,
                })
                .collect();
            spec.networks =
                vec![Attachment { network: "net".to_owned(), aliases, ..Attachment::default() }];
            spec
        })
}

proptest! {
    /// There is a difference exactly where there is something to do, now or later,
    /// or something in the way.
    #[test]
    fn nothing_differs_exactly_where_the_plan_is_synced(
        spec in any_stack(),
        seen in any_cluster(),
    ) {
        let (plan, all) = differ(&Desired::Present(Box::new(spec)), &seen);
        prop_assert_eq!(all.is_empty(), plan.is_synced(), "{:?}\n{}", all, plan);
    }

    /// Two services differ in something exactly where they do not mean the same.
    #[test]
    fn services_that_mean_the_same_differ_in_nothing(
        wanted in any_service(),
        live in any_service(),
    ) {
        let same = live.means(&wanted);
        let all = between(wanted.clone(), live);
        prop_assert_eq!(all.is_empty(), same, "{:?}", all);
        prop_assert_eq!(between(wanted.clone(), wanted), Vec::new());
    }

    /// No difference is told twice, each has its words, and no secret is in any.
    #[test]
    fn each_difference_is_told_once_and_no_secret_with_it(
        wanted in any_service(),
        live in any_service(),
    ) {
        let all = between(wanted, live);
        let told = serde_json::to_string(&all).unwrap();
        prop_assert!(!told.contains(PLANTED), "{}", told);
        let fields: BTreeSet<&str> = all.iter().map(|it| it.field.as_str()).collect();
        prop_assert_eq!(fields.len(), all.len(), "{:?}", all);
        for it in &all {
            prop_assert!(it.sentence.starts_with("service `web` "), "{}", it.sentence);
        }
    }

    /// What would be changed is what differs, and no secret is in its words or texts.
    #[test]
    fn what_would_be_changed_is_what_differs_and_no_secret_is_told_with_it(
        wanted in any_service(),
        live in any_service(),
    ) {
        let differs = between(wanted.clone(), live.clone());
        let (all, texts) = foreseen(wanted, live);
        prop_assert_eq!(all.is_empty(), differs.is_empty(), "{:?}", all);
        prop_assert_eq!(texts.len(), usize::from(!all.is_empty()));
        let told = serde_json::to_string(&(&all, &texts)).unwrap();
        prop_assert!(!told.contains(PLANTED), "{}", told);
        for it in &all {
            prop_assert!(it.sentence.contains("`web`"), "{}", it.sentence);
        }
    }
}

#[test]
fn what_would_be_changed_is_told_in_a_sentence_and_as_yaml() {
    let env = |all: &[(&str, &str)]| {
        all.iter().map(|(name, is)| ((*name).to_owned(), Some((*is).to_owned()))).collect()
    };
    let live = ServiceSpec {
        image: "shop:1".to_owned(),
        written_image: "shop:1".to_owned(),
        env: env(&[("OLD", "a"), ("SAME", "b"), ("TOKEN", "c")]),
        user: Some("app".to_owned()),
        mode: Mode::Replicated { replicas: 2 },
        ..ServiceSpec::default()
    };
    let wanted = ServiceSpec {
        image: "shop:2".to_owned(),
        written_image: "shop:2".to_owned(),
        env: env(&[("NEW", "a"), ("SAME", "b"), ("TOKEN", "d")]),
        user: None,
        mode: Mode::Replicated { replicas: 1 },
        ..live.clone()
    };
    let (all, texts) = foreseen(wanted, live);
    let sentences: Vec<&str> = all.iter().map(|it| it.sentence.as_str()).collect();
    assert_eq!(
        sentences,
        [
            "add the variable `NEW` to service `web`",
            "take the variable `OLD` from service `web`",
            "give the variable `TOKEN` of service `web` another value",
            "change the image of service `web` from `shop:1` to `shop:2`",
            "scale service `web` from 2 to 1 replica",
            "unset the user of service `web`",
        ]
    );
    let [text] = texts.as_slice() else { panic!("{texts:?}") };
    let lines = |yaml: &Option<String>| -> BTreeSet<String> {
        let yaml = yaml.clone().unwrap();
        yaml.lines().map(|line| line.trim().replace('\'', "")).collect()
    };
    let [live, desired] = [&text.live, &text.desired].map(lines);
    let alone = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        one.difference(other).cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        alone(&live, &desired),
        [
            "OLD: •••",
            "TOKEN: •••",
            "image: shop:1",
            "replicas: 2",
            "user: app",
            "written_image: shop:1"
        ]
    );
    assert_eq!(
        alone(&desired, &live),
        [
            "NEW: •••",
            "TOKEN: ••• (another value)",
            "image: shop:2",
            "replicas: 1",
            "written_image: shop:2"
        ]
    );
}

#[test]
fn what_a_hand_changed_is_told_in_a_sentence() {
    let replicas =
        |replicas| ServiceSpec { mode: Mode::Replicated { replicas }, ..ServiceSpec::default() };
    assert_eq!(
        between(replicas(2), replicas(5)),
        [Difference {
            kind: Kind::Service,
            name: "web".to_owned(),
            field: "replicas".to_owned(),
            desired: Some("2".to_owned()),
            live: Some("5".to_owned()),
            sentence: "service `web` runs 5 replicas; its release says 2".to_owned(),
        }]
    );
    let global = ServiceSpec { mode: Mode::Global, ..ServiceSpec::default() };
    let forced = |force_updates| ServiceSpec { force_updates, ..ServiceSpec::default() };
    assert_eq!(
        sentences(forced(2), forced(1)),
        ["service `web` is to be restarted, and was not yet"]
    );
    assert_eq!(sentences(forced(1), forced(2)), Vec::<String>::new(), "a hand may force it");
    assert_eq!(
        sentences(replicas(2), global),
        ["service `web` is `global`; its release says `replicated`"]
    );

    let label = |name: &str, value: &str| ServiceSpec {
        labels: Map::from([(name.to_owned(), value.to_owned())]),
        ..ServiceSpec::default()
    };
    assert_eq!(
        sentences(ServiceSpec::default(), label("x", "y")),
        ["service `web` has the label `x` that nobody asked for"]
    );
    let rule = "traefik.http.routers.web.rule";
    assert_eq!(
        sentences(label(rule, "Host(`a`)"), label(rule, "Host(`b`)")),
        [format!(
            "service `web` has `Host('b')` as the label `{rule}`; its release says `Host('a')`"
        )]
    );

    let env = |value: &str| ServiceSpec {
        image: format!("shop:{value}"),
        env: Map::from([("DEBUG".to_owned(), Some(value.to_owned()))]),
        stop_grace_period: Some(10_000_000_000),
        ..ServiceSpec::default()
    };
    let mut live = env("2");
    live.stop_grace_period = None;
    assert_eq!(
        sentences(env("1"), live),
        [
            "service `web` has another value for the variable `DEBUG` than its release",
            "service `web` runs the image `shop:2`; its release says `shop:1`",
            "service `web` has nothing as its stop grace period; its release says `10s`",
        ]
    );
}

#[test]
fn what_is_in_a_list_is_told_by_its_name() {
    let mut wanted = ServiceSpec::default();
    wanted.placement.constraints = vec!["node.role==manager".to_owned()];
    wanted.networks = vec![Attachment { network: "shop_a".to_owned(), ..Attachment::default() }];
    wanted.configs = vec![file("shop_site-new")];
    wanted.cap_add = vec!["CAP_KILL".to_owned(), "CAP_KILL".to_owned()];
    let live = ServiceSpec {
        ports: vec![Port {
            published: Some(8080),
            target: 80,
            protocol: "tcp".to_owned(),
            host: false,
        }],
        networks: vec![Attachment { network: "shop_b".to_owned(), ..Attachment::default() }],
        configs: vec![file("shop_site-old")],
        cap_add: vec!["CAP_KILL".to_owned()],
        ..ServiceSpec::default()
    };
    assert_eq!(
        sentences(wanted, live),
        [
            "service `web` lacks the capability to add `CAP_KILL`",
            "service `web` has `shop_site-old` at `/site`; its release says `shop_site-new`",
            "service `web` is not on the network `shop_a`",
            "service `web` is on the network `shop_b`, which nobody asked for",
            "service `web` lacks the constraint `node.role==manager`",
            "service `web` has the port `8080:80/tcp` that nobody asked for",
        ]
    );
}

fn file(name: &str) -> FileRef {
    FileRef {
        name: name.to_owned(),
        target: "/site".to_owned(),
        uid: "0".to_owned(),
        gid: "0".to_owned(),
        mode: 0o444,
    }
}

#[test]
fn what_is_missing_and_what_nobody_asked_for_is_told_by_kind() {
    let mut spec = StackSpec {
        services: BTreeMap::from([("web".to_owned(), ServiceSpec::default().into())]),
        networks: Map::from([("shop_default".to_owned(), NetworkSpec::default().into())]),
        configs: Map::from([("shop_site".to_owned(), Default::default())]),
        secrets: Map::from([("shop_key".to_owned(), Default::default())]),
        ..StackSpec::default()
    };
    let told = |spec: &StackSpec, seen: &ObservedStack| {
        let (_, all) = differ(&Desired::Present(Box::new(spec.clone())), seen);
        all.into_iter().map(|it| it.sentence).collect::<Vec<_>>()
    };
    assert_eq!(
        told(&spec, &ObservedStack::default()),
        [
            "service `web` is missing",
            "network `shop_default` is missing",
            "config `shop_site` is missing",
            "secret `shop_key` is missing",
        ]
    );

    let labels = Map::from([("a".to_owned(), PLANTED.to_owned())]);
    let is = NetworkSpec { internal: true, labels, ..NetworkSpec::default() };
    let seen = ObservedStack {
        networks: ["shop_default", "shop_old"]
            .map(|name| {
                let id = name.to_owned();
                (id.clone(), ObservedNetwork { id, ours: true, spec: is.clone().into() })
            })
            .into(),
        ..ObservedStack::default()
    };
    spec.services.clear();
    spec.configs.clear();
    spec.secrets.clear();
    assert_eq!(
        told(&spec, &seen),
        [
            "network `shop_default` has `•••` as its labels; its release says `none`",
            "network `shop_default` has `true` as its internal; its release says `false`",
            "network `shop_old` is there, and nothing asks for it",
        ]
    );
    assert_eq!(differ(&Desired::Absent, &seen).1, []);
}
