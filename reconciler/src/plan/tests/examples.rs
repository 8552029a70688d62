//! Plans, as they read.

use berth_domain::map::Map;

use super::*;

#[test]
fn a_plan_reads_as_what_will_happen() {
    let mut spec = StackSpec::default();
    spec.networks.insert("shop_default".to_owned(), NetworkSpec::default().into());
    spec.secrets.insert("shop_key_11111111".to_owned(), FileSpec::default().into());
    spec.configs.insert("shop_site_22222222".to_owned(), FileSpec::default().into());
    let mut web = service("shop@sha256:bb", 2);
    web.configs.push(file_ref("shop_site_22222222"));
    spec.services.insert("web".to_owned(), web.into());
    spec.services.insert("db".to_owned(), service("pg@sha256:cc", 1).into());

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
    spec.services.insert("agent".to_owned(), agent.into());
    let mut seen = ObservedStack::default();
    seen.services.insert("agent".to_owned(), live(Some(service("agent", 1)), 3, true));

    insta::assert_snapshot!(plan(&Desired::Present(Box::new(spec)), &seen, &Prune::Off), @r"
± replace service agent: mode changes from replicated to global
- service agent
+ service agent agent on every node
");
}

#[test]
fn a_changed_network_is_replaced_once_the_tasks_on_it_have_left() {
    let on = |network: &str, mut spec: ServiceSpec| {
        spec.networks.push(Attachment { network: network.to_owned(), ..Attachment::default() });
        spec
    };
    let mut spec = StackSpec::default();
    let network = NetworkSpec { driver: "macvlan".to_owned(), ..NetworkSpec::default() };
    spec.networks.insert("shop_net".to_owned(), network.into());
    spec.services.insert("new".to_owned(), on("shop_net", service("n:1", 1)).into());
    spec.services.insert("web".to_owned(), on("shop_net", service("w:1", 1)).into());
    spec.services.insert("free".to_owned(), service("f:2", 1).into());
    let mut seen = ObservedStack::default();
    let is =
        ObservedNetwork { id: "n".to_owned(), ours: true, spec: NetworkSpec::default().into() };
    seen.networks.insert("shop_net".to_owned(), is);
    for (name, is) in [("web", on("shop_net", service("w:1", 1))), ("free", service("f:1", 1))] {
        seen.services.insert(name.to_owned(), live(Some(is), 3, true));
    }
    let desired = Desired::Present(Box::new(spec));

    insta::assert_snapshot!(plan(&desired, &seen, &Prune::all()), @r"
± replace network shop_net: driver changes from overlay to macvlan
- service web
~ service free f:2 x1
… network shop_net is made again once no task is on it
");
    seen = pass(&desired, &seen);
    insta::assert_snapshot!(plan(&desired, &seen, &Prune::all()), @r"
± replace network shop_net: driver changes from overlay to macvlan
… 1 task is leaving
… network shop_net is made again once no task is on it
");
    insta::assert_snapshot!(plan(&desired, &later(seen), &Prune::all()), @r"
± replace network shop_net: driver changes from overlay to macvlan
- network shop_net
+ network shop_net
+ service new n:1 x1
+ service web w:1 x1
");
}

#[test]
fn a_plan_tells_no_value_of_a_label_nor_what_only_passes_by() {
    let labelled = |value: &str| NetworkSpec {
        labels: Map::from([("key".to_owned(), value.to_owned())]),
        ..NetworkSpec::default()
    };
    let mut spec = StackSpec::default();
    spec.networks.insert("shop_net".to_owned(), labelled("hunter2").into());
    let mut seen = ObservedStack { leaving_tasks: 2, ..ObservedStack::default() };
    let is = ObservedNetwork { id: "n".to_owned(), ours: true, spec: labelled("swordfish").into() };
    seen.networks.insert("shop_net".to_owned(), is);
    let plan = plan(&Desired::Present(Box::new(spec)), &seen, &Prune::all());
    insta::assert_snapshot!(plan, @r"
± replace network shop_net: other labels
… 2 tasks are leaving
… network shop_net is made again once no task is on it
");
    assert_eq!(plan.sentences().len(), 2);
}

#[test]
fn a_network_that_somebody_else_uses_is_in_the_way() {
    let mut spec = StackSpec::default();
    let network = NetworkSpec { internal: true, ..NetworkSpec::default() };
    spec.networks.insert("shop_net".to_owned(), network.into());
    let mut seen = ObservedStack::default();
    let is =
        ObservedNetwork { id: "n".to_owned(), ours: true, spec: NetworkSpec::default().into() };
    seen.networks.insert("shop_net".to_owned(), is);
    let mut guest = service("guest", 1);
    guest.networks.push(Attachment { network: "shop_net".to_owned(), ..Attachment::default() });
    seen.services.insert("guest".to_owned(), live(Some(guest), 3, false));

    insta::assert_snapshot!(plan(&Desired::Present(Box::new(spec)), &seen, &Prune::all()), @"! network shop_net can't be replaced (internal changes from false to true): service guest, which was not made by this Berth, is on it");
}

#[test]
fn a_plan_says_what_a_service_waits_for() {
    let mut spec = StackSpec::default();
    for name in ["db", "web"] {
        spec.services.insert(name.to_owned(), service(name, 1).into());
    }
    let mode = Mode::ReplicatedJob { max_concurrent: 1, total_completions: 1 };
    let migrate = ServiceSpec { mode, ..service("migrate", 1) };
    spec.services.insert("migrate".to_owned(), migrate.into());
    let waits = [
        ("migrate", vec![("db", Condition::Healthy)]),
        ("web", vec![("db", Condition::Healthy), ("migrate", Condition::Completed)]),
    ];
    for (name, others) in waits {
        let others = others.into_iter().map(|(other, condition)| (other.to_owned(), condition));
        spec.dependencies.insert(name.to_owned(), others.collect());
    }
    let desired = Desired::Present(Box::new(spec));

    let mut seen = ObservedStack::default();
    insta::assert_snapshot!(plan(&desired, &seen, &Prune::all()), @r"
+ service db db x1
… service migrate waits until db is healthy
… service web waits until db is healthy and migrate has completed
");
    seen = pass(&desired, &seen);
    let held = plan(&desired, &seen, &Prune::all());
    assert!(held.is_empty() && !held.is_synced(), "{held}");
    seen = later(seen);
    insta::assert_snapshot!(plan(&desired, &seen, &Prune::all()), @r"
+ service migrate migrate job x1
… service web waits until migrate has completed
");
    seen = later(pass(&desired, &seen));
    insta::assert_snapshot!(plan(&desired, &seen, &Prune::all()), @"+ service web web x1");
    seen = later(pass(&desired, &seen));
    assert!(plan(&desired, &seen, &Prune::all()).is_synced());
}

#[test]
fn a_job_before_the_rollout_holds_back_every_change_and_one_after_it_comes_last() {
    let release = |version: &str| {
        let mut spec = StackSpec::default();
        let mode = Mode::ReplicatedJob { max_concurrent: 1, total_completions: 1 };
        for (name, mode) in [("web", Mode::default()), ("migrate", mode), ("tell", mode)] {
            let service = ServiceSpec { mode, ..service(&format!("{name}:{version}"), 1) };
            spec.services.insert(name.to_owned(), service.into());
        }
        spec.jobs.insert("migrate".to_owned(), JobTime::Before);
        spec.jobs.insert("tell".to_owned(), JobTime::After);
        Desired::Present(Box::new(spec))
    };
    let mut seen = ObservedStack::default();
    for (version, sign) in [("1", "+"), ("2", "~")] {
        let desired = release(version);
        for name in ["migrate", "web", "tell"] {
            let next = plan(&desired, &seen, &Prune::all());
            let lines: Vec<String> = next.actions().iter().map(ToString::to_string).collect();
            let [line] = lines.as_slice() else { panic!("{name} {version}: {next}") };
            assert!(line.starts_with(&format!("{sign} service {name} ")), "{next}");
            // Until it ended well, nothing else is touched.
            seen = pass(&desired, &seen);
            let held = plan(&desired, &seen, &Prune::all());
            assert!(held.is_empty(), "{held}");
            seen = later(seen);
        }
        assert!(plan(&desired, &seen, &Prune::all()).is_synced());
    }
}

#[test]
fn an_object_goes_once_swarm_no_longer_needs_it_to_go_back() {
    let release = |config: &str| {
        let mut spec = StackSpec::default();
        spec.configs.insert(config.to_owned(), FileSpec::default().into());
        let mut web = service("web", 1);
        web.configs.push(file_ref(config));
        spec.services.insert("web".to_owned(), web.into());
        Desired::Present(Box::new(spec))
    };
    let mut seen = ObservedStack::default();
    for config in ["shop_a_1", "shop_a_2", "shop_a_3"] {
        seen = settle(&release(config), &seen);
    }
    let left: Vec<&str> = seen.configs.keys().map(String::as_str).collect();
    assert_eq!(left, ["shop_a_2", "shop_a_3"]);
    assert!(plan(&release("shop_a_3"), &seen, &Prune::all()).is_synced());
}

#[test]
fn a_service_of_somebody_elses_is_in_the_way_and_stays() {
    let mut spec = StackSpec::default();
    spec.services.insert("web".to_owned(), service("shop", 1).into());
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

#[test]
fn a_digest_that_moved_redeploys_only_who_uses_it() {
    let stack = |digest: &str| {
        let mut spec = StackSpec::default();
        for (name, image) in [("a", "x:1@"), ("b", "x:1@"), ("c", "y:1@sha256:cc")] {
            let image = if name == "c" { image.to_owned() } else { format!("{image}{digest}") };
            spec.services.insert(name.to_owned(), service(&image, 1).into());
        }
        Desired::Present(Box::new(spec))
    };
    let seen = settle(&stack("sha256:aa"), &ObservedStack::default());
    insta::assert_snapshot!(plan(&stack("sha256:bb"), &seen, &Prune::all()), @r"
~ service a x:1@sha256:bb x1
~ service b x:1@sha256:bb x1
");
}
