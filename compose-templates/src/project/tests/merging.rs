//! A later file over an earlier one.

use berth_domain::stack::{Healthcheck, Mode};

use super::{Repository, over};

fn pairs(map: &berth_domain::map::Map<String, Option<String>>) -> String {
    let pair = |(name, value): (&String, &Option<String>)| match value {
        Some(value) => format!("{name}={value}"),
        None => name.clone(),
    };
    map.iter().map(pair).collect::<Vec<_>>().join(" ")
}

#[test]
fn mappings_and_lists_of_pairs_are_the_same() {
    let service = over("environment: {A: 1, B: 2}", "environment: [B=3, C]");
    assert_eq!(pairs(&service.env), "A=1 B=3 C");
    let service = over("environment: [A=1, B=2]", "environment: {B: , C: 4}");
    assert_eq!(pairs(&service.env), "A=1 B C=4");
    let service = over("sysctls: [a.b=1]", "sysctls: {a.b: 2, c.d: 3}");
    assert_eq!(service.sysctls.values().collect::<Vec<_>>(), ["2", "3"]);
    let service = over("deploy: {labels: {x: 1}}", "deploy: {labels: ['x=2', y=3]}");
    assert_eq!(service.labels.values().collect::<Vec<_>>(), ["2", "3"]);
}

#[test]
fn commands_are_replaced_as_a_whole() {
    let service = over("command: [a, b], entrypoint: x y", "command: c d, entrypoint: [z]");
    assert_eq!(
        (service.command, service.entrypoint),
        (vec!["c".to_owned(), "d".to_owned()], vec!["z".to_owned()])
    );
    let service = over("ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}", "ulimits: {nofile: 5}");
    assert_eq!(service.ulimits["nofile"], (5, 5));
    assert_eq!(service.ulimits["nproc"], (3, 3));
}

#[test]
fn lists_are_joined_and_say_nothing_twice() {
    let service = over("dns: 1.1.1.1, cap_add: [A]", "dns: [8.8.8.8, 1.1.1.1], cap_add: [B, A]");
    assert_eq!(service.dns, ["1.1.1.1", "8.8.8.8"]);
    assert_eq!(service.cap_add, ["CAP_A", "CAP_B"]);
    let service =
        over("volumes: ['v:/a', 'w:/b']", "volumes: [{type: volume, source: w, target: /a}]");
    let mounts: Vec<_> =
        service.mounts.iter().map(|m| (m.source.as_deref().unwrap(), m.target.as_str())).collect();
    assert_eq!(mounts, [("st_w", "/a"), ("st_w", "/b")]);
    let service = over(
        "ports: ['80:8080', '53:53/udp', 9000]",
        "ports: [{target: 81, published: 80}, '53:53', 9000]",
    );
    let ports: Vec<_> =
        service.ports.iter().map(|p| (p.published, p.target, p.protocol.as_str())).collect();
    assert_eq!(
        ports,
        [(None, 9000, "tcp"), (Some(53), 53, "udp"), (Some(53), 53, "tcp"), (Some(80), 81, "tcp")]
    );
    let service = over("extra_hosts: ['a:1.1.1.1']", "extra_hosts: {b: [2.2.2.2, '::3']}");
    assert_eq!(service.hosts, ["1.1.1.1 a", "2.2.2.2 b", "::3 b"]);
    let service = over("tmpfs: '/run:size=1m'", "tmpfs: ['/run:size=2m', /tmp]");
    assert_eq!(service.mounts.len(), 2);
    let service = over("networks: [default]", "networks: {default: {aliases: [b]}}");
    assert_eq!(service.networks[0].aliases, ["b", "a"]);
    let service = over(
        "deploy: {placement: {constraints: [a==b]}}",
        "deploy: {placement: {constraints: [c==d]}}",
    );
    assert_eq!(service.placement.constraints, ["a==b", "c==d"]);
}

#[test]
fn a_later_false_or_zero_counts_and_a_null_does_not() {
    let service = over(
        "read_only: true, init: true, deploy: {replicas: 3}",
        "read_only: false, init: , deploy: {replicas: 0}",
    );
    assert_eq!(
        (service.read_only, service.init, service.mode),
        (false, Some(true), Mode::Replicated { replicas: 0 })
    );
}

#[test]
fn options_of_another_log_driver_are_forgotten() {
    let base = "logging: {driver: json-file, options: {max-size: 1m}}";
    let service = over(base, "logging: {options: {max-file: 2}}");
    assert_eq!(service.logging.unwrap().options.len(), 2);
    let service = over(base, "logging: {driver: syslog, options: {tag: t}}");
    assert_eq!(service.logging.unwrap().options.len(), 1);
}

#[test]
fn a_health_check_is_turned_off_and_on_again() {
    let service = over("healthcheck: {test: a, interval: 5s}", "healthcheck: {disable: true}");
    assert_eq!(service.healthcheck.unwrap().test, ["NONE"]);
    let service = over("healthcheck: {disable: true, test: a}", "");
    assert_eq!(service.healthcheck.unwrap().test, ["NONE"]);
    let service = over("healthcheck: {disable: true}", "healthcheck: {test: [CMD, b]}");
    let wanted =
        Healthcheck { test: vec!["CMD".to_owned(), "b".to_owned()], ..Healthcheck::default() };
    assert_eq!(service.healthcheck, Some(wanted.into()));
}

#[test]
fn reset_takes_away_and_override_replaces() {
    let base = "ports: ['80:80'], environment: {A: 1, B: 2}, command: [a], deploy: {replicas: 2, labels: {x: 1}}";
    let service = over(
        base,
        "ports: !reset [], environment: {A: !reset null, C: 3}, deploy: !override {mode: global}, command: !reset null",
    );
    assert!(service.ports.is_empty() && service.command.is_empty() && service.labels.is_empty());
    assert_eq!((pairs(&service.env).as_str(), service.mode), ("B=2 C=3", Mode::Global));
    let service = over(base, "ports: !override ['81:81'], environment: !override [Z=1]");
    assert_eq!((service.ports.len(), service.ports[0].published), (1, Some(81)));
    assert_eq!(pairs(&service.env), "Z=1");
    // Where there is nothing to take away, nothing is left of it either.
    let service =
        over("ports: !reset ['80:80'], cap_add: [A, !reset B], labels: {a: !reset x}", "");
    assert!(service.ports.is_empty() && service.container_labels.is_empty());
    assert_eq!(service.cap_add, ["CAP_A"]);
}

#[test]
fn whole_services_and_networks_can_be_reset() {
    let files = Repository::new([
        (
            "1.yml",
            "services: {a: {image: x}, b: {image: y}}\nnetworks: {n: {internal: true, labels: [a=1]}}\n",
        ),
        (
            "2.yml",
            "services: {b: !reset , a: {networks: [n]}}\nnetworks: {n: {attachable: true, labels: {b: 2}}}\n",
        ),
    ]);
    let spec = files.good(&["1.yml", "2.yml"]);
    assert_eq!(spec.services.keys().collect::<Vec<_>>(), ["a"]);
    let network = &spec.networks["st_n"];
    assert!(network.internal && network.attachable);
    assert_eq!(network.labels.len(), 2);
}

#[test]
fn what_can_not_be_joined_is_refused_at_the_later_place() {
    let files = Repository::new([
        ("1.yml", "services: {a: {image: x, deploy: {placement: {constraints: [a==b]}}}}\n"),
        ("2.yml", "services:\n  a:\n    deploy:\n      placement: {constraints: {a: b}}\n"),
    ]);
    insta::assert_snapshot!(files.refused(&["1.yml", "2.yml"]), @"2.yml:4:32: `services.a.deploy.placement.constraints` must be a list, as it is in the file that this one goes over; write `!override` before it to replace all of it");
}
