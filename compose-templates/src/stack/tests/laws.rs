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
