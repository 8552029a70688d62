//! The law of conversion, and what the wire looks like.

use std::collections::BTreeMap;

use berth_domain::map::Map;
use berth_domain::stack::{
    Attachment, CredentialSpec, Driver, EndpointMode, FileRef, Healthcheck, Mode, Mount, MountKind,
    Placement, Port, Resources, RestartPolicy, Security, Selinux, ServiceSpec, UpdateConfig,
};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::wire;

fn stack() -> StackName {
    StackName::parse("shop").unwrap()
}

fn word() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9./-]{0,9}"
}

fn map() -> impl Strategy<Value = Map<String, String>> {
    btree_map(word(), "[ -~]{0,8}", 0..3).prop_map_into()
}

fn words() -> impl Strategy<Value = Vec<String>> {
    vec(word(), 0..3)
}

fn nanos() -> impl Strategy<Value = Option<i64>> {
    of(1..i64::MAX)
}

fn driver() -> impl Strategy<Value = Option<Driver>> {
    of((word(), map()).prop_map(|(name, options)| Driver { name, options }))
}

fn kind() -> impl Strategy<Value = MountKind> {
    prop_oneof![
        of(word()).prop_map(|propagation| MountKind::Bind { propagation }),
        (any::<bool>(), of(word()), map(), driver(), any::<bool>()).prop_map(
            |(no_copy, subpath, labels, driver, external)| MountKind::Volume {
                no_copy,
                subpath,
                labels,
                driver,
                external
            }
        ),
        (of(1..i64::MAX), of(1_u32..0o7777))
            .prop_map(|(size, mode)| MountKind::Tmpfs { size, mode }),
        Just(MountKind::Npipe),
        Just(MountKind::Cluster),
        Just(MountKind::Image),
    ]
}

fn mount() -> impl Strategy<Value = Mount> {
    (kind(), of(word()), any::<u32>(), any::<bool>(), of(word())).prop_map(
        |(mut kind, source, target, read_only, consistency)| {
            // A volume without a name can't be another's.
            if let MountKind::Volume { external, .. } = &mut kind {
                *external &= source.is_some();
            }
            Mount { kind, source, target: format!("/{target}"), read_only, consistency }
        },
    )
}

fn files() -> impl Strategy<Value = Vec<FileRef>> {
    let file = (select(vec!["a", "b"]), word(), word(), word(), any::<u32>()).prop_map(
        |(name, target, uid, gid, mode)| FileRef { name: name.to_owned(), target, uid, gid, mode },
    );
    vec(file, 0..3)
}

fn update() -> impl Strategy<Value = Option<UpdateConfig>> {
    let config = (
        any::<u64>(),
        nanos(),
        select(vec!["", "pause", "rollback"]),
        nanos(),
        select(vec![0.0, 0.1, 0.25, 1.0]),
        select(vec!["", "stop-first", "start-first"]),
    )
        .prop_map(|(parallelism, delay, action, monitor, max_failure_ratio, order)| {
            UpdateConfig {
                parallelism,
                delay,
                failure_action: action.to_owned(),
                monitor,
                max_failure_ratio,
                order: order.to_owned(),
            }
        });
    of(config)
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![
        any::<u64>().prop_map(|replicas| Mode::Replicated { replicas }),
        Just(Mode::Global),
        (any::<u64>(), any::<u64>()).prop_map(|(max_concurrent, total_completions)| {
            Mode::ReplicatedJob { max_concurrent, total_completions }
        }),
        Just(Mode::GlobalJob),
    ]
}

prop_compose! {
    fn texts()(
        image in word(),
        written_image in word(),
        labels in map(),
        container_labels in map(),
        entrypoint in words(),
        command in words(),
        (hostname, working_dir, user, stop_signal, isolation) in
            (of(word()), of(word()), of(word()), of(word()), of(word())),
        groups in words(),
        env in btree_map("[A-Z][A-Z0-9_]{0,5}", of("[ -~]{0,8}"), 0..4).prop_map_into(),
        (hosts, dns, dns_search, dns_options) in (words(), words(), words(), words()),
        (cap_add, cap_drop) in (words(), words()),
    ) -> ServiceSpec {
        ServiceSpec {
            image, written_image, labels, container_labels, entrypoint, command, hostname,
            working_dir, user, stop_signal, isolation, groups, env, hosts, dns, dns_search,
            dns_options, cap_add, cap_drop, ..ServiceSpec::default()
        }
    }
}

prop_compose! {
    fn security()(
        (no_new_privileges, unconfined_seccomp, unconfined_apparmor) in any::<(bool, bool, bool)>(),
        label in of((any::<bool>(), word(), word(), word(), word())),
    ) -> Security {
        let selinux = label.map(|(disable, user, role, kind, level)| Selinux {
            disable, user, role, kind, level,
        }.into());
        Security { no_new_privileges, unconfined_seccomp, unconfined_apparmor, selinux }
    }
}

prop_compose! {
    fn containers()(
        base in texts(),
        check in of((words(), nanos(), nanos(), nanos(), nanos(), nanos())),
        stop_grace_period in of(0..i64::MAX),
        init in of(any::<bool>()),
        sysctls in map(),
        ulimits in btree_map(word(), any::<(i64, i64)>(), 0..3).prop_map_into(),
        oom_score_adj in of(prop_oneof![-1000_i64..-1, 1_i64..1000]),
        (tty, stdin_open, read_only, security) in (any::<bool>(), any::<bool>(), any::<bool>(), security()),
        credentials in of((of(Just("cred".to_owned())), of(word()), of(word()))),
        mounts in vec(mount(), 0..4),
        (configs, secrets) in (files(), files()),
        logging in driver(),
    ) -> ServiceSpec {
        // Two mounts can't have one target, and one label keeps what both lose.
        let mut mounts = mounts;
        mounts.sort_by(|a, b| a.target.cmp(&b.target));
        mounts.dedup_by(|a, b| a.target == b.target);
        ServiceSpec {
            healthcheck: check.map(
                |(test, interval, timeout, start_period, start_interval, retries)| Healthcheck {
                    test, interval, timeout, start_period, start_interval, retries,
                }.into(),
            ),
            credential_spec: credentials
                .map(|(config, file, registry)| CredentialSpec { config, file, registry }.into()),
            security, stop_grace_period, init, tty, stdin_open, read_only, sysctls, ulimits, oom_score_adj,
            mounts, configs, secrets, logging: logging.map(Box::new), ..base
        }
    }
}

prop_compose! {
    fn services()(
        base in containers(),
        networks in vec((select(vec!["shop_net", "web", "host"]), words(), map()), 0..3),
        mode in mode(),
        limits in (nanos(), nanos(), nanos()),
        reserved in (nanos(), nanos(), btree_map(word(), any::<i64>(), 0..2)),
        restart in of((select(vec!["", "any", "none"]), of(0..i64::MAX), of(1..u64::MAX), of(0..i64::MAX))),
        (constraints, spread) in (words(), words()),
        max_replicas_per_node in any::<u64>(),
        platforms in vec((word(), word()), 0..2),
        (update, rollback) in (update(), update()),
        dnsrr in any::<bool>(),
        ports in vec((of(1..u16::MAX), any::<u16>(), word(), any::<bool>()), 0..3),
        force_updates in any::<u64>(),
    ) -> ServiceSpec {
        ServiceSpec {
            networks: networks
                .into_iter()
                .map(|(network, aliases, driver_opts)| Attachment {
                    network: network.to_owned(), aliases, driver_opts,
                })
                .collect(),
            resources: Resources {
                limit_nano_cpus: limits.0, limit_memory: limits.1, limit_pids: limits.2,
                reserve_nano_cpus: reserved.0, reserve_memory: reserved.1,
                reserve_generic: reserved.2.into(),
            },
            restart: restart.map(|(condition, delay, max_attempts, window)| RestartPolicy {
                condition: condition.to_owned(), delay, max_attempts, window,
            }.into()),
            placement: Placement { constraints, spread, max_replicas_per_node, platforms },
            endpoint_mode: if dnsrr { EndpointMode::Dnsrr } else { EndpointMode::Vip },
            ports: ports
                .into_iter()
                .map(|(published, target, protocol, host)| Port {
                    published, target, protocol, host,
                })
                .collect(),
            mode, update: update.map(Box::new), rollback: rollback.map(Box::new), force_updates, ..base
        }
    }
}

fn ids() -> Ids {
    let to_ids = |names: &[&str]| {
        names.iter().map(|name| ((*name).to_owned(), format!("id-of-{name}"))).collect()
    };
    Ids {
        networks: to_ids(&["shop_net", "web"]),
        configs: to_ids(&["a", "b", "cred"]),
        secrets: to_ids(&["a", "b"]),
    }
}

fn names() -> BTreeMap<String, String> {
    ids().networks.into_iter().map(|(name, id)| (id, name)).collect()
}

proptest! {
    #[test]
    fn what_is_written_can_be_read(spec in services(), ours in any::<bool>()) {
        let stack = stack();
        let instance = ours.then_some("0190-instance");
        let scope = Scope { stack: &stack, instance, api: ApiVersion::NEWEST };
        let wire = to_swarm(&scope, "web", &spec, &ids()).unwrap();
        let sent = serde_json::to_string(&wire).unwrap();
        let back: wire::ServiceSpec = serde_json::from_str(&sent).unwrap();
        prop_assert_eq!(from_swarm(&back, &names()).unwrap(), spec);
    }

    #[test]
    fn what_an_old_engine_drops_can_be_read_too(spec in services()) {
        let stack = stack();
        let scope = Scope { stack: &stack, instance: None, api: ApiVersion::OLDEST };
        let mut wire = to_swarm(&scope, "web", &spec, &ids()).unwrap();
        let container = wire.task_template.container_spec.as_mut().unwrap();
        container.oom_score_adj = 0;
        if let Some(check) = &mut container.healthcheck {
            check.start_interval = None;
        }
        for options in container.mounts.iter_mut().filter_map(|it| it.volume_options.as_mut()) {
            options.subpath.clear();
        }
        prop_assert_eq!(from_swarm(&wire, &names()).unwrap(), spec);
    }

    #[test]
    fn the_canonical_form_means_the_same(spec in services()) {
        let canonical = spec.canonical();
        prop_assert!(canonical.means(&spec));
        prop_assert_eq!(canonical.canonical(), canonical);
    }
}

#[test]
fn lines_of_the_environment_are_sorted_as_dockers_client_sorts_them() {
    let env = [("A", Some("1")), ("A1", Some("2")), ("A_B", None), ("Z", Some(""))];
    let spec = ServiceSpec {
        env: env.map(|(key, value)| (key.to_owned(), value.map(str::to_owned))).into(),
        ..ServiceSpec::default()
    };
    let stack = stack();
    let scope = Scope { stack: &stack, instance: None, api: ApiVersion::NEWEST };
    let wire = to_swarm(&scope, "web", &spec, &ids()).unwrap();
    let container = wire.task_template.container_spec.unwrap();
    assert_eq!(container.env, ["A1=2", "A=1", "A_B", "Z="]);
}

#[test]
fn a_config_that_is_not_there_is_named() {
    let spec = ServiceSpec {
        configs: vec![FileRef {
            name: "shop_nginx_1".to_owned(),
            target: "/etc/nginx".to_owned(),
            uid: "0".to_owned(),
            gid: "0".to_owned(),
            mode: 0o444,
        }],
        ..ServiceSpec::default()
    };
    let stack = stack();
    let scope = Scope { stack: &stack, instance: None, api: ApiVersion::NEWEST };
    let missing = to_swarm(&scope, "web", &spec, &ids()).unwrap_err();
    assert_eq!(missing.to_string(), "config shop_nginx_1 does not exist");
}

#[test]
fn a_plain_service_is_sent_as_docker_stack_deploy_sends_it() {
    let spec = ServiceSpec {
        image: "bb:1".to_owned(),
        written_image: "bb:1".to_owned(),
        command: vec!["sleep".to_owned(), "1d".to_owned()],
        networks: vec![Attachment {
            network: "shop_net".to_owned(),
            aliases: vec!["web".to_owned()],
            driver_opts: Map::new(),
        }],
        mounts: vec![Mount {
            kind: MountKind::Volume {
                no_copy: false,
                subpath: None,
                labels: Map::new(),
                driver: None,
                external: false,
            },
            source: Some("shop_data".to_owned()),
            target: "/data".to_owned(),
            read_only: false,
            consistency: None,
        }],
        endpoint_mode: EndpointMode::Dnsrr,
        ..ServiceSpec::default()
    };
    let stack = stack();
    let scope = Scope { stack: &stack, instance: Some("i-1"), api: ApiVersion::NEWEST };
    let wire = to_swarm(&scope, "web", &spec, &ids()).unwrap();
    insta::assert_json_snapshot!(wire, @r#"
    {
      "Name": "shop_web",
      "Labels": {
        "berth.instance": "i-1",
        "com.docker.stack.image": "bb:1",
        "com.docker.stack.namespace": "shop"
      },
      "TaskTemplate": {
        "ContainerSpec": {
          "Image": "bb:1",
          "Labels": {
            "berth.instance": "i-1",
            "com.docker.stack.namespace": "shop"
          },
          "Args": [
            "sleep",
            "1d"
          ],
          "Privileges": {},
          "Mounts": [
            {
              "Type": "volume",
              "Source": "shop_data",
              "Target": "/data",
              "VolumeOptions": {
                "Labels": {
                  "berth.instance": "i-1",
                  "com.docker.stack.namespace": "shop"
                }
              }
            }
          ]
        },
        "Resources": {},
        "Placement": {},
        "Networks": [
          {
            "Target": "id-of-shop_net",
            "Aliases": [
              "web"
            ]
          }
        ],
        "ForceUpdate": 0
      },
      "Mode": {
        "Replicated": {
          "Replicas": 1
        }
      },
      "EndpointSpec": {
        "Mode": "dnsrr"
      }
    }
    "#);
}

#[test]
fn a_service_that_somebody_gave_security_options_is_unreadable() {
    let live = serde_json::json!({
        "Name": "shop_web",
        "TaskTemplate": {"ContainerSpec": {
            "Image": "bb:1",
            "Privileges": {"CredentialSpec": null, "SELinuxContext": null, "Seccomp": {"Mode": "custom", "Profile": "e30="}}
        }},
        "Mode": {"Global": {}}
    });
    let live: wire::ServiceSpec = serde_json::from_value(live).unwrap();
    assert_eq!(from_swarm(&live, &names()), Err(Unreadable { field: "security options" }));
}

#[test]
fn nulls_of_go_read_as_nothing() {
    let live = serde_json::json!({
        "Name": "shop_web", "Labels": null,
        "TaskTemplate": {"ContainerSpec": {
            "Image": "bb:1", "Labels": null, "Env": null, "Mounts": null, "Isolation": "default",
            "Privileges": {"CredentialSpec": null, "SELinuxContext": null}
        }, "Networks": null, "Resources": {}, "Placement": {}, "Runtime": "container"},
        "Mode": {"Replicated": {"Replicas": 1}},
        "EndpointSpec": {"Mode": "vip", "Ports": null}
    });
    let live: wire::ServiceSpec = serde_json::from_value(live).unwrap();
    let read = from_swarm(&live, &names()).unwrap();
    assert_eq!(read, ServiceSpec { image: "bb:1".to_owned(), ..ServiceSpec::default() });
}
