//! Laws of what is removed on a node: they state the world, and not the plan's
//! opinion of it.

use berth_domain::node::{NodeContainer, NodeVolume};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const GRACE: Duration = Duration::from_secs(600);
const NAMES: [&str; 4] = ["shop", "shop-pr-1", "shop-pr-2", "blog"];

fn name(text: &str) -> StackName {
    StackName::parse(text).unwrap()
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn names() -> impl Strategy<Value = StackName> {
    select(&NAMES[..]).prop_map(name)
}

fn keys() -> impl Strategy<Value = String> {
    (0_u8..6).prop_map(|number| format!("sha256:{number}"))
}

fn policies() -> impl Strategy<Value = VolumePolicy> {
    prop_oneof![
        Just(VolumePolicy::Keep),
        Just(VolumePolicy::WithStack),
        (0_u16..4).prop_map(VolumePolicy::AfterDays),
    ]
}

prop_compose! {
    fn wants()(
        stacks in btree_set(names(), 0..3),
        deploying in btree_set(names(), 0..2),
        services in btree_set((0_u8..5).prop_map(|it| format!("s{it}")), 0..4),
        gone in btree_map(names(), vec((policies(), 0_i64..400_000), 0..3), 0..4),
        images in prop::option::weighted(0.8, btree_set(keys(), 0..4)),
        old_images in btree_set(keys(), 0..4),
    ) -> Wanted {
        let gone = gone.into_iter().map(|(name, all)| {
            let all = all.into_iter().map(|(policy, since)| Gone { policy, since: at(since) });
            (name, all.collect())
        });
        Wanted { stacks, deploying, services, gone: gone.collect(), images, old_images }
    }
}

prop_compose! {
    fn reports()(
        volumes in btree_set((names(), 0_u8..3), 0..6),
        containers in btree_map("[a-f0-9]{12}", (names(), 0_u8..5), 0..4),
        images in btree_map("[a-z]{3}", (prop::option::of(names()), vec(keys(), 1..3)), 0..5),
    ) -> NodeReport {
        NodeReport {
            volumes: volumes
                .into_iter()
                .map(|(stack, it)| NodeVolume { name: format!("{stack}_v{it}"), stack })
                .collect(),
            containers: containers
                .into_iter()
                .map(|(id, (stack, it))| NodeContainer { id, stack, service: format!("s{it}") })
                .collect(),
            images: images
                .into_iter()
                .map(|(name, (stack, keys))| NodeImage { name, stack, keys })
                .collect(),
        }
    }
}

proptest! {
    #[test]
    fn nothing_of_a_stack_that_there_is_loses_a_volume(
        wanted in wants(), report in reports(), now in 0_i64..800_000,
    ) {
        for planned in plan_node_prune(Some(&wanted), &report, &[], GRACE, at(now)) {
            if let Item::Volume { stack, .. } = &planned.item {
                prop_assert!(!wanted.stacks.contains(stack), "{planned:?}");
                let gone = wanted.gone.get(stack);
                prop_assert!(gone.is_some_and(|it| !it.is_empty()), "nobody knows {stack}");
            }
        }
    }

    #[test]
    fn only_what_was_reported_as_ours_goes(
        wanted in wants(), report in reports(), now in 0_i64..800_000,
    ) {
        for planned in plan_node_prune(Some(&wanted), &report, &[], GRACE, at(now)) {
            let there = match &planned.item {
                Item::Volume { name, stack } => report
                    .volumes.iter().any(|it| (&it.name, &it.stack) == (name, stack)),
                Item::Container { id, stack } => report
                    .containers.iter().any(|it| (&it.id, &it.stack) == (id, stack)),
                Item::Image { name, stack } => report
                    .images.iter().any(|it| (&it.name, &it.stack) == (name, stack)),
            };
            prop_assert!(there, "{planned:?}");
        }
    }

    #[test]
    fn what_a_service_or_a_kept_release_names_stays(
        wanted in wants(), report in reports(), now in 0_i64..800_000,
    ) {
        let plan = plan_node_prune(Some(&wanted), &report, &[], GRACE, at(now));
        let goes = |item: &Item| plan.iter().any(|it| it.item == *item);
        for it in &report.containers {
            if wanted.services.contains(&it.service) {
                let item = Item::Container { id: it.id.clone(), stack: it.stack.clone() };
                prop_assert!(!goes(&item));
            }
        }
        for it in &report.images {
            let kept = wanted.images.as_ref();
            let named = kept.is_none_or(|kept| it.keys.iter().any(|key| kept.contains(key)));
            let stranger = it.stack.is_none()
                && !it.keys.iter().any(|key| wanted.old_images.contains(key));
            if named || stranger {
                let item = Item::Image { name: it.name.clone(), stack: it.stack.clone() };
                prop_assert!(!goes(&item));
            }
        }
    }

    #[test]
    fn nothing_goes_after_a_look_that_was_not_complete(report in reports(), now in 0_i64..800_000) {
        prop_assert!(plan_node_prune(None, &report, &[], GRACE, at(now)).is_empty());
    }

    #[test]
    fn everything_was_announced_for_the_grace_period(
        wanted in wants(), report in reports(), first in 0_i64..800_000, later in 0_i64..1_000,
    ) {
        let begun = at(first);
        let before = plan_node_prune(Some(&wanted), &report, &[], GRACE, begun);
        prop_assert!(before.iter().all(|it| it.since == begun && it.due >= begun + GRACE));
        let after = plan_node_prune(Some(&wanted), &report, &before, GRACE, at(first + later));
        // Time alone neither hurries nor delays anything.
        prop_assert_eq!(before, after);
    }

    #[test]
    fn a_volume_outlives_every_stack_of_its_name_by_what_was_said(
        wanted in wants(), report in reports(), now in 0_i64..800_000,
    ) {
        for planned in plan_node_prune(Some(&wanted), &report, &[], GRACE, at(now)) {
            let Item::Volume { stack, .. } = &planned.item else { continue };
            for gone in &wanted.gone[stack] {
                let days = match gone.policy {
                    VolumePolicy::Keep => return Err(TestCaseError::fail("it was to be kept")),
                    VolumePolicy::WithStack => 0,
                    VolumePolicy::AfterDays(days) => i64::from(days),
                };
                prop_assert!(planned.due >= gone.since + chrono::Duration::days(days));
            }
        }
    }
}

fn a_volume() -> NodeReport {
    let volume = NodeVolume { name: "shop-pr-1_data".to_owned(), stack: name("shop-pr-1") };
    NodeReport { volumes: vec![volume], ..NodeReport::default() }
}

fn gone(policy: VolumePolicy, since: i64) -> Wanted {
    let gone = vec![Gone { policy, since: at(since) }];
    Wanted { gone: BTreeMap::from([(name("shop-pr-1"), gone)]), ..Wanted::default() }
}

#[test]
fn a_previews_volume_goes_after_the_grace_period_and_another_after_its_days() {
    let due = |policy| {
        let plan = plan_node_prune(Some(&gone(policy, 0)), &a_volume(), &[], GRACE, at(60));
        plan.iter().map(|it| it.due.timestamp()).collect::<Vec<_>>()
    };
    assert_eq!(due(VolumePolicy::WithStack), [660]);
    assert_eq!(due(VolumePolicy::AfterDays(2)), [2 * 86_400]);
    assert!(due(VolumePolicy::Keep).is_empty());
}

#[test]
fn what_was_wanted_in_between_begins_anew() {
    let first =
        plan_node_prune(Some(&gone(VolumePolicy::WithStack, 0)), &a_volume(), &[], GRACE, at(0));
    let mut wanted = gone(VolumePolicy::WithStack, 0);
    wanted.stacks.insert(name("shop-pr-1"));
    let second = plan_node_prune(Some(&wanted), &a_volume(), &first, GRACE, at(300));
    assert!(second.is_empty());
    let wanted = gone(VolumePolicy::WithStack, 400);
    let third = plan_node_prune(Some(&wanted), &a_volume(), &second, GRACE, at(500));
    assert_eq!(third.first().map(|it| it.due), Some(at(1_100)));
}

#[test]
fn an_image_goes_that_only_a_forgotten_release_named_and_none_while_its_stack_is_deployed() {
    let image = |stack: Option<&str>| NodeImage {
        name: "x".to_owned(),
        stack: stack.map(name),
        keys: vec!["sha256:1".to_owned()],
    };
    let report = NodeReport { images: vec![image(None)], ..NodeReport::default() };
    let one = BTreeSet::from(["sha256:1".to_owned()]);
    let many = |wanted: &Wanted, report: &NodeReport| {
        plan_node_prune(Some(wanted), report, &[], GRACE, at(0)).len()
    };
    let old =
        Wanted { images: Some(BTreeSet::new()), old_images: one.clone(), ..Wanted::default() };
    assert_eq!(many(&old, &report), 1);
    assert_eq!(many(&Wanted { images: Some(one), ..old.clone() }, &report), 0);
    assert_eq!(many(&Wanted { images: None, ..old.clone() }, &report), 0);
    assert_eq!(many(&Wanted { old_images: BTreeSet::new(), ..old.clone() }, &report), 0);

    let built = NodeReport { images: vec![image(Some("shop"))], ..NodeReport::default() };
    assert_eq!(many(&old, &built), 1);
    let deploying = BTreeSet::from([name("shop")]);
    assert_eq!(many(&Wanted { deploying, ..old }, &built), 0);
}
