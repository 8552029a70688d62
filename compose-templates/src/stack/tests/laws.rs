//! What holds for every file.

use proptest::prelude::*;

use super::*;

/// One line for each key of a service, in any order.
const KEYS: [&str; 12] = [
    "image: x",
    "environment: {B: 1, A: 2, C: '${X:-y}'}",
    "labels: {b: 1, a: 2}",
    "cap_add: [SYS_TIME]",
    "ports: ['80:80', '81:81']",
    "networks: [n, m]",
    "configs: [c, d]",
    "deploy: {replicas: 2, labels: {z: 1, y: 2}}",
    "x-berth: {routes: [{port: 80}]}",
    "ulimits: {nproc: 1, nofile: 2}",
    "volumes: ['v:/v']",
    "restart: always",
];
const SECTIONS: [&str; 3] =
    ["networks: {n: , m: }", "configs: {c: {content: c}, d: {content: d}}", "volumes: {v: }"];

proptest! {
    #[test]
    fn the_order_of_keys_changes_nothing(
        keys in Just(KEYS.to_vec()).prop_shuffle(),
        sections in Just(SECTIONS.to_vec()).prop_shuffle(),
    ) {
        let text = |keys: &[&str], sections: &[&str]| format!(
            "services:\n  web:\n    {}\n  api: {{image: y}}\n{}\n",
            keys.join("\n    "),
            sections.join("\n"),
        );
        let expected = good(&text(&KEYS, &SECTIONS));
        prop_assert_eq!(good(&text(&keys, &sections)), expected);
    }

    /// Whatever stands in another order without meaning something else is, to the
    /// planner, the same service: nothing is sent, and nothing restarts.
    #[test]
    fn an_order_that_means_nothing_is_no_change(
        environment in Just(vec!["A=1", "B=2", "C=3"]).prop_shuffle(),
        volumes in Just(vec!["'one:/v'", "'two:/w:ro'", "'six:/u'"]).prop_shuffle(),
        constraints in Just(vec!["node.role==manager", "node.id!=x", "node.labels.a==b"])
            .prop_shuffle(),
        ports in Just(vec!["'80:80'", "'81:81/udp'", "'80:80/udp'"]).prop_shuffle(),
        networks in Just(vec!["n", "m", "o"]).prop_shuffle(),
        files in Just(vec!["c", "d"]).prop_shuffle(),
        groups in Just(vec!["audio", "video", "20"]).prop_shuffle(),
        capabilities in Just(vec!["SYS_TIME", "NET_ADMIN", "KILL"]).prop_shuffle(),
        reading in prop::sample::select(vec![Reading::Compose, Reading::Stack]),
    ) {
        // Docker's own client takes no groups.
        let group_add = if reading == Reading::Compose { "group_add" } else { "x-groups" };
        let text = |lists: [&[&str]; 8]| {
            let [environment, volumes, constraints, ports, networks, files, groups, capabilities] =
                lists.map(|list| list.join(", "));
            format!(
                "services:\n  web:\n    image: x\n    environment: [{environment}]\n    volumes: [{volumes}]\n    ports: [{ports}]\n    networks: [{networks}]\n    configs: [{files}]\n    {group_add}: [{groups}]\n    cap_add: [{capabilities}]\n    labels: [{environment}]\n    deploy: {{labels: [{environment}], placement: {{constraints: ['{}']}}}}\nnetworks: {{n: , m: , o: }}\nconfigs: {{c: {{file: cfg.txt}}, d: {{file: sec.txt}}}}\nvolumes: {{one: , two: , six: }}\n",
                constraints.replace(", ", "', '"),
            )
        };
        let straight = text([
            &["A=1", "B=2", "C=3"],
            &["'six:/u'", "'one:/v'", "'two:/w:ro'"],
            &["node.role==manager", "node.id!=x", "node.labels.a==b"],
            &["'80:80'", "'81:81/udp'", "'80:80/udp'"],
            &["n", "m", "o"],
            &["c", "d"],
            &["audio", "video", "20"],
            &["SYS_TIME", "NET_ADMIN", "KILL"],
        ]);
        let shuffled = text([
            &environment, &volumes, &constraints, &ports, &networks, &files, &groups, &capabilities,
        ]);
        let spec = |text: &str| convert(&[text], reading, &context()).unwrap().0;
        let (one, other) = (spec(&straight), spec(&shuffled));
        prop_assert!(one.services["web"].means(&other.services["web"]), "{}", shuffled);
        prop_assert_eq!((one.networks, one.configs), (other.networks, other.configs));
    }

    #[test]
    fn no_file_makes_it_panic(
        key in "[a-z_]{2,18}|x-berth|deploy|ports|volumes|networks|healthcheck|build|configs",
        value in "[-a-z0-9:\\[\\]{}, \"'$/.]{0,40}",
    ) {
        let text = format!("services:\n  web:\n    image: x\n    {key}: {value}\n{key}: {value}\n");
        for reading in [Reading::Compose, Reading::Stack] {
            drop(convert(&[&text], reading, &context()));
        }
    }
}
