//! What a restricted file may not say, what it gets, and that nothing gets by.

use berth_domain::stack::StackSpec;

use super::{Limits, Restrictions};
use crate::load::{Settings, Source, Variables, load};
use crate::{Complaint, Note, Reading, StackContext};

mod laws;

fn restricted() -> StackContext {
    let limits = Limits { registries: vec!["docker.io".to_owned()], ..Limits::default() };
    let restrictions = Restrictions { host: Some("pr-7.shop.localhost".to_owned()), limits };
    StackContext { restrictions: Some(restrictions), ..crate::stack::tests::context() }
}

fn trusted() -> StackContext {
    StackContext { restrictions: None, ..restricted() }
}

fn variables() -> Variables {
    [("BERTH_HOST".to_owned(), "pr-7.shop.localhost".to_owned())].into()
}

type Converted = Result<(StackSpec, Vec<Note>), Vec<Complaint>>;

fn convert(texts: &[&str], reading: Reading, context: &StackContext) -> Converted {
    let files: Vec<Source> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| Source { path: format!("{index}.yml"), text: (*text).to_owned() })
        .collect();
    let beside = |_: &str| Ok(b"text\n".to_vec());
    load(&files, &beside, &variables(), &Settings { reading, ..Settings::default() })?
        .to_stack(context)
}

/// The one service `s` with `keys`, and what else is at the top.
fn service(keys: &str, rest: &str) -> String {
    let keys = keys.lines().map(|line| format!("    {line}\n")).collect::<String>();
    format!("services:\n  s:\n    image: x\n{keys}{rest}")
}

/// What is said about a file, a line each.
fn said(text: &str) -> String {
    let Err(complaints) = convert(&[text], Reading::Compose, &restricted()) else {
        return "it is let through".to_owned();
    };
    complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn notes(text: &str) -> (StackSpec, String) {
    let (spec, notes) = convert(&[text], Reading::Compose, &restricted()).unwrap();
    (spec, notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_service_gets_nothing_of_its_node_and_hears_where_it_asked() {
    let keys = [
        "volumes: [\"/var/run/docker.sock:/var/run/docker.sock:ro\"]",
        "volumes: [{ type: bind, source: /etc, target: /host }]",
        "volumes: [{ type: npipe, source: '\\\\.\\pipe\\docker', target: /p }]",
        "volumes: [{ type: image, source: shop, target: /i }]",
        "network_mode: host",
        "cap_add: [CHOWN, SYS_ADMIN]",
        "cap_add: [all]",
        "cap_add: [cap_net_raw]",
        "sysctls: { net.core.somaxconn: 1024, net.ipv4.ip_forward: 1 }",
        "ulimits: { nofile: 2000000, rtprio: 99 }",
        "ulimits: { core: { soft: 0, hard: -1 } }",
        "oom_score_adj: -500",
        "isolation: process",
        "credential_spec: { file: x.json }",
        "logging: { driver: syslog, options: { syslog-address: 'tcp://10.0.0.1' } }",
        "logging: { driver: local, options: { max-size: 1g } }",
        "dns: [1.1.1.1, 127.0.0.53]",
        "extra_hosts: [\"meta:169.254.169.254\", \"host.docker.internal:host-gateway\"]",
        "extra_hosts: { meta: \"::ffff:169.254.169.254\" }",
        "ports: [\"8080:80\"]",
        "ports:\n  - { target: 80, published: 80, mode: host }",
        "stop_grace_period: 24h",
        "healthcheck: { test: x, interval: 1ms }",
        "tmpfs: [\"/a:size=2g\"]",
        "shm_size: 2g",
        "image: registry.example/x",
        "image: berth/shop-production-web:0123456789ab",
    ];
    let lines = keys.map(|keys| {
        said(&service(keys, "").replacen(
            "    image: x\n",
            if keys.starts_with("image") { "" } else { "    image: x\n" },
            1,
        ))
    });
    insta::assert_snapshot!(lines.join("\n"), @r#"
    0.yml:4:15: `services.s.volumes` is not for a restricted environment: it mounts `/var/run/docker.sock`, and who has Docker's socket has the node; take it out
    0.yml:4:15: `services.s.volumes` is not for a restricted environment: it mounts `/etc` of the node; use a named volume, or `configs` for files
    0.yml:4:15: `services.s.volumes` is not for a restricted environment: it mounts a pipe of the node; take it out
    0.yml:4:15: `services.s.volumes` is not for a restricted environment: it mounts an image, which may be anybody's; copy from it in a Dockerfile
    0.yml:4:5: `services.s.network_mode` is not for a restricted environment: it is the node's own network; take it out
    0.yml:4:22: `services.s.cap_add` is not for a restricted environment: `SYS_ADMIN` is a capability over more than the container; take it out
    0.yml:4:15: `services.s.cap_add` is not for a restricted environment: `all` is a capability over more than the container; take it out
    0.yml:4:15: `services.s.cap_add` is not for a restricted environment: `cap_net_raw` is a capability over more than the container; take it out
    0.yml:4:42: `services.s.sysctls.net.ipv4.ip_forward` is not for a restricted environment: it is a kernel parameter that may reach beyond the container; take it out
    0.yml:4:16: `services.s.ulimits.nofile` is not for a restricted environment: it is a limit which may be 1048576 at most; take it out
    0.yml:4:33: `services.s.ulimits.rtprio` is not for a restricted environment: it is a limit which is none of `nofile`, `nproc`, `core`, `stack` and `memlock`; take it out
    0.yml:4:16: `services.s.ulimits.core` is not for a restricted environment: it is a limit which must be 0, since the node would keep the dumps; take it out
    0.yml:4:5: `services.s.oom_score_adj` is not for a restricted environment: it must not be below 0, since the kernel would end others first
    0.yml:4:5: `services.s.isolation` is not for a restricted environment: it must be `default`
    0.yml:4:22: `services.s.credential_spec` is not for a restricted environment: it gives an identity of the node; take it out
    0.yml:4:16: `services.s.logging.driver` is not for a restricted environment: it has the node send logs elsewhere; use `json-file`, `local` or `none`, or leave it out
    0.yml:4:43: `services.s.logging.options.syslog-address` is not for a restricted environment: it is an option which is none of `compress`, `env`, `labels`, `max-file`, `max-size`, `mode` and `tag`
    0.yml:4:42: `services.s.logging.options.max-size` is not for a restricted environment: it is an option which must be a size of 50m at most
    0.yml:4:20: `services.s.dns` is not for a restricted environment: `127.0.0.53` must be the address of a name server that is not the node's own
    0.yml:4:19: `services.s.extra_hosts.meta` is not for a restricted environment: it names the node itself, or what answers only next to it; take it out
    0.yml:4:43: `services.s.extra_hosts.host.docker.internal` is not for a restricted environment: it names the node itself, or what answers only next to it; take it out
    0.yml:4:20: `services.s.extra_hosts.meta` is not for a restricted environment: it names the node itself, or what answers only next to it; take it out
    0.yml:4:13: `services.s.ports` is not for a restricted environment: it takes a port of every node; use `x-berth.routes` to be reached, and the service's name within the stack
    0.yml:5:9: `services.s.ports` is not for a restricted environment: it takes a port of every node; use `x-berth.routes` to be reached, and the service's name within the stack
    0.yml:4:5: `services.s.stop_grace_period` is not for a restricted environment: it must be between 0s and 10m
    0.yml:4:29: `services.s.healthcheck.interval` is not for a restricted environment: it must be 1s or more, since each check is work for the node
    0.yml:4:5: `services.s.tmpfs` is not for a restricted environment: it mounts more from memory than the 1073741824 bytes that the service may use; give smaller sizes
    0.yml:4:5: `services.s.shm_size` is not for a restricted environment: it mounts more from memory than the 1073741824 bytes that the service may use; give smaller sizes
    0.yml:3:12: `services.s.image` is not for a restricted environment: it comes from registry.example, but images may come from docker.io only; use one of those, or `build`
    0.yml:3:12: `services.s.image` is not for a restricted environment: it is what another stack built; use `build`
    "#);
}

#[test]
fn what_swarm_gives_nobody_is_not_even_asked_for() {
    for key in [
        "privileged: true",
        "devices: [/dev/sda]",
        "pid: host",
        "ipc: host",
        "userns_mode: host",
        "cgroup_parent: /",
        "network_mode: service:db",
        "network_mode: container:db",
        "external_links: [other]",
    ] {
        let text = service(key, "");
        let said = said(&text);
        assert!(
            said.starts_with("0.yml:4:") && said.contains("asks for something"),
            "{key}: {said}"
        );
        // Whoever is trusted hears that it is left out.
        let (_, notes) = convert(&[&text], Reading::Compose, &trusted()).unwrap();
        assert!(notes.iter().any(|note| note.message.contains("is ignored")), "{key}: {notes:?}");
    }
    for option in ["seccomp:unconfined", "apparmor=unconfined", "label=disable"] {
        let said = said(&service(&format!("security_opt: ['{option}']"), ""));
        assert!(said.starts_with("0.yml:4:") && said.contains("protection"), "{option}: {said}");
    }
    let (spec, _) = notes(&service("security_opt: [no-new-privileges]", ""));
    assert!(spec.services["s"].security.no_new_privileges);
    let said = said(&service("uts: host", ""));
    assert!(said.starts_with("0.yml:4:") && said.contains("not possible"), "{said}");
}

#[test]
fn a_build_takes_nothing_from_elsewhere() {
    let text = service("build: 'https://git.example/o/r.git#main'", "");
    insta::assert_snapshot!(said(&text), @"0.yml:4:5: `services.s.build.context` is not for a restricted environment: it is another repository; put what is to be built into this one");
    convert(&[&text], Reading::Compose, &trusted()).unwrap();
}

#[test]
fn a_service_asks_nothing_of_the_cluster_that_others_would_miss() {
    let keys = [
        "deploy: { mode: global }",
        "deploy: { labels: { traefik.enable: 'true' } }",
        "deploy: { labels: [\"Traefik.HTTP.Routers.x.rule=HostRegexp(`.*`)\"] }",
        "labels: { com.docker.stack.namespace2: shop }",
        "deploy: { placement: { constraints: [node.role == manager] } }",
        "deploy: { placement: { constraints: [node.labels.zone == eu, node.hostname == db-1] } }",
        "deploy: { resources: { reservations: { generic_resources: [{ discrete_resource_spec: { kind: gpu, value: 1 } }] } } }",
        "deploy: { update_config: { monitor: 240h } }",
        "deploy: { restart_policy: { delay: 1ms } }",
        "x-berth: { routes: [{ host: shop.localhost, port: 80 }] }",
        "x-berth: { routes: [{ host: evil-pr-7.shop.localhost, port: 80 }] }",
    ];
    let lines = keys.map(|keys| said(&service(keys, "")));
    insta::assert_snapshot!(lines.join("\n"), @r#"
    0.yml:4:21: `services.s.deploy.mode` is not for a restricted environment: it would run on every node; use `replicated`
    0.yml:4:25: `services.s.deploy.labels.traefik.enable` is not for a restricted environment: it would tell Traefik what to do; ask for routes by `x-berth.routes` instead
    0.yml:4:24: `services.s.deploy.labels.Traefik.HTTP.Routers.x.rule` is not for a restricted environment: it would tell Traefik what to do; ask for routes by `x-berth.routes` instead
    0.yml:4:15: `services.s.labels.com.docker.stack.namespace2` is not for a restricted environment: it is not a label for files to set; take it out
    0.yml:4:42: `services.s.deploy.placement.constraints` is not for a restricted environment: `node.role == manager` puts tasks on managers, which keep the cluster's secrets; constrain by `node.labels.…` or `node.role == worker`
    0.yml:4:66: `services.s.deploy.placement.constraints` is not for a restricted environment: `node.hostname == db-1` picks a node by name; constrain by `node.labels.…` or `node.role == worker`
    0.yml:4:64: `services.s.deploy.resources.reservations.generic_resources.gpu` is not for a restricted environment: it takes a device of a node; take it out
    0.yml:4:32: `services.s.deploy.update_config.monitor` is not for a restricted environment: it must be between 0s and 10m
    0.yml:4:33: `services.s.deploy.restart_policy.delay` is not for a restricted environment: it must be 1s or more, since each start is work for the managers
    0.yml:4:25: `services.s.x-berth.routes` is not for a restricted environment: it answers at `shop.localhost`, which may be another stack's; use `pr-7.shop.localhost` or a host below it
    0.yml:4:25: `services.s.x-berth.routes` is not for a restricted environment: it answers at `evil-pr-7.shop.localhost`, which may be another stack's; use `pr-7.shop.localhost` or a host below it
    "#);
}

#[test]
fn a_stack_keeps_to_its_own_names() {
    let rest = [
        "volumes: { d: { external: true, name: shop_data } }",
        "volumes: { d: { name: shop_data } }",
        "volumes: { d: { name: 'st_{{.Node.Hostname}}' } }",
        "volumes: { d: { driver_opts: { type: none, o: bind, device: /etc } } }",
        "volumes: { d: { driver: sshfs } }",
        "networks: { n: { external: true } }",
        "networks: { n: { name: shop_default } }",
        "networks: { n: { driver: macvlan } }",
        "networks: { n: { driver_opts: { com.docker.network.driver.overlay.vxlanid_list: '4097' } } }",
        "networks: { n: { ipam: { config: [{ subnet: 10.0.0.0/8 }] } } }",
        "configs: { c: { external: true } }",
        "secrets: { c: { external: { name: shop_key } } }",
        "secrets: { c: { name: shop_key, content: x } }",
        "secrets: { c: { driver: vault } }",
        "configs: { c: { content: x, template_driver: other } }",
    ];
    let lines = rest.map(|rest| said(&service("", &format!("{rest}\n"))));
    insta::assert_snapshot!(lines.join("\n"), @r#"
    0.yml:4:17: `volumes.d.external` is not for a restricted environment: it mounts somebody else's volume; let the stack have its own
    0.yml:4:17: `volumes.d.name` is not for a restricted environment: it is "shop_data", which may be another stack's; leave it out, or start it with `st_` and use letters, digits, `_`, `.` and `-`
    0.yml:4:17: `volumes.d.name` is not for a restricted environment: it is "st_{{.Node.Hostname}}", which may be another stack's; leave it out, or start it with `st_` and use letters, digits, `_`, `.` and `-`
    0.yml:4:32: `volumes.d.driver_opts.type` is not for a restricted environment: it has the node mount something, which may be a folder of its own or another machine's; take it out
    0.yml:4:44: `volumes.d.driver_opts.o` is not for a restricted environment: it has the node mount something, which may be a folder of its own or another machine's; take it out
    0.yml:4:53: `volumes.d.driver_opts.device` is not for a restricted environment: it has the node mount something, which may be a folder of its own or another machine's; take it out
    0.yml:4:17: `volumes.d.driver` is not for a restricted environment: it runs a plug-in on the nodes; leave it out, for the driver `local`
    0.yml:4:18: `networks.n.external` is not for a restricted environment: it joins somebody else's network; let the stack have its own (a service with routes is on Traefik's network anyway)
    0.yml:4:18: `networks.n.name` is not for a restricted environment: it is "shop_default", which may be another stack's; leave it out, or start it with `st_` and use letters, digits, `_`, `.` and `-`
    0.yml:4:18: `networks.n.driver` is not for a restricted environment: it reaches the nodes' own networks; leave it out, for an overlay network
    0.yml:4:33: `networks.n.driver_opts.com.docker.network.driver.overlay.vxlanid_list` is not for a restricted environment: it is an option that may reach other networks; take it out
    0.yml:4:18: `networks.n.ipam` is not for a restricted environment: it takes addresses that others may need; let Swarm choose them
    0.yml:4:17: `configs.c.external` is not for a restricted environment: it reads what is somebody else's; give the content by `file` or `content`
    0.yml:4:17: `secrets.c.external` is not for a restricted environment: it reads what is somebody else's; give the content by `file` or `content`
    0.yml:4:17: `secrets.c.name` is not for a restricted environment: it is "shop_key", which may be another stack's; leave it out, or start it with `st_` and use letters, digits, `_`, `.` and `-`
    0.yml:4:17: `secrets.c.driver` is not for a restricted environment: it asks a plug-in for what may be anybody's; give the content by `file` or `content`
    0.yml:4:29: `configs.c.template_driver` is not for a restricted environment: it must be `golang`
    "#);
}

#[test]
fn a_stack_is_not_larger_than_it_may_be() {
    let services: String = (0..8).map(|n| format!("  s{n}: {{ image: x, scale: 3 }}\n")).collect();
    insta::assert_snapshot!(said(&format!("services:\n{services}")), @"0.yml:1:1: `services` is not for a restricted environment: it would be 24 tasks, of which it may have 20; take services or replicas out");
    let routes: String = (0..51).map(|n| format!("{{ port: 80, path: /{n} }}, ")).collect();
    insta::assert_snapshot!(said(&service(&format!("x-berth: {{ routes: [{routes}] }}"), "")), @"0.yml:1:1: `services` is not for a restricted environment: it may have 50 routes at most; take some out");
    let networks: String = (0..17).map(|n| format!("  n{n}: {{}}\n")).collect();
    insta::assert_snapshot!(said(&service("", &format!("networks:\n{networks}"))), @"0.yml:4:1: `networks` is not for a restricted environment: it may be 16 at most; put more services on one");
}

#[test]
fn limits_are_filled_in_and_cut_down_and_the_author_hears_of_it() {
    let text = service(
        "cap_drop: [KILL]\nlogging: { driver: json-file }\ntmpfs: [/a, \"/b:size=24m\"]\nlabels: { org.opencontainers.image.title: x, ofelia.enabled: 'true' }\ndeploy:\n  replicas: 40\n  resources:\n    limits: { cpus: '8', memory: 64m, pids: -1 }\n    reservations: { cpus: '4', memory: 1g }",
        "",
    );
    let (spec, notes) = notes(&text);
    let service = &spec.services["s"];
    insta::assert_snapshot!(notes, @r#"
    0.yml:2:3: `services.s` gets 1 CPU, as much as it may have here
    0.yml:2:3: `services.s` gets 3 tasks instead of 40, as much as it may have here
    0.yml:2:3: `services.s` is without the label `ofelia.enabled`: other programs may take labels for orders
    "#);
    insta::assert_debug_snapshot!((&service.resources, &service.mode, &service.cap_drop, &service.mounts, &service.logging, &service.container_labels), @r#"
    (
        Resources {
            limit_nano_cpus: Some(
                1000000000,
            ),
            limit_memory: Some(
                67108864,
            ),
            limit_pids: Some(
                512,
            ),
            reserve_nano_cpus: Some(
                1000000000,
            ),
            reserve_memory: Some(
                67108864,
            ),
            reserve_generic: {},
        },
        Replicated {
            replicas: 3,
        },
        [
            "CAP_KILL",
            "CAP_MKNOD",
            "CAP_NET_RAW",
        ],
        [
            Mount {
                kind: Tmpfs {
                    size: Some(
                        41943040,
                    ),
                    mode: None,
                },
                source: None,
                target: "/a",
                read_only: false,
                consistency: None,
            },
            Mount {
                kind: Tmpfs {
                    size: Some(
                        25165824,
                    ),
                    mode: None,
                },
                source: None,
                target: "/b",
                read_only: false,
                consistency: None,
            },
        ],
        Some(
            Driver {
                name: "json-file",
                options: {
                    "max-file": "3",
                    "max-size": "10m",
                },
            },
        ),
        {
            "org.opencontainers.image.title": "x",
        },
    )
    "#);
}

#[test]
fn an_ordinary_file_is_let_through_as_it_is() {
    let text = r#"
services:
  web:
    image: nginx:1
    environment: { A: b, NODE: "{{.Node.Hostname}}" }
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    ulimits: { nofile: 65536, memlock: -1 }
    sysctls: { net.core.somaxconn: 4096 }
    healthcheck: { test: [CMD, "true"], interval: 5s }
    volumes: ["data:/data", /scratch]
    configs: [site]
    secrets: [key]
    networks: [default, back]
    deploy:
      replicas: 2
      placement: { constraints: [node.role != manager, node.labels.previews == true] }
      update_config: { order: start-first, monitor: 10s }
    x-berth:
      routes: [{ port: 80 }, { host: "api.${BERTH_HOST}", port: 81, path: /v1, strip: true }]
volumes: { data: { name: st_data } }
networks: { back: { internal: true, driver: overlay, driver_opts: { encrypted: "" } } }
configs: { site: { file: site.conf } }
secrets: { key: { content: x, template_driver: golang } }
"#;
    let trusted = StackContext { restrictions: None, ..restricted() };
    let (before, _) = convert(&[text], Reading::Compose, &trusted).unwrap();
    let (mut after, notes) = convert(&[text], Reading::Compose, &restricted()).unwrap();
    assert_eq!(notes, []);
    for service in after.services.values_mut() {
        assert!(service.resources.limit_memory.is_some());
        service.resources = berth_domain::stack::Resources::default();
    }
    assert_eq!(after, before, "limits are all that is added");
}

#[test]
fn a_trusted_file_may_do_as_it_likes() {
    let trusted = StackContext { restrictions: None, ..restricted() };
    let text = service("volumes: [\"/:/host\"]\nports: [\"80:80\"]\ndeploy: { mode: global }", "");
    convert(&[&text], Reading::Compose, &trusted).unwrap();
}

#[test]
fn a_refusal_points_at_the_file_and_line_that_asked() {
    let first = service("cap_add: [CHOWN]", "");
    let second = "services:\n  s:\n    cap_add:\n      - CHOWN\n      - SYS_PTRACE\n";
    let complaints = convert(&[&first, second], Reading::Compose, &restricted()).unwrap_err();
    let places: Vec<String> =
        complaints.iter().map(|it| it.place.as_ref().unwrap().to_string()).collect();
    assert_eq!(places, ["1.yml:5:9"]);

    let anchored =
        "x-bad: &bad\n  cap_add: [SYS_ADMIN]\nservices:\n  s:\n    <<: *bad\n    image: x\n";
    assert!(said(anchored).starts_with("0.yml:2:"), "{}", said(anchored));
    let variable = service("cap_add: [\"${NAME:-SYS_ADMIN}\"]", "");
    assert!(said(&variable).starts_with("0.yml:4:15: "), "{}", said(&variable));
}

/// The first of `files` as a restricted file, with the others beside it.
fn project(files: &[(&str, &str)]) -> Converted {
    let (path, text) = files[0];
    let source = Source { path: path.to_owned(), text: text.to_owned() };
    let beside = |path: &str| {
        let found = files.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or(std::io::ErrorKind::NotFound.into())
    };
    load(&[source], &beside, &variables(), &Settings::default())?.to_stack(&restricted())
}

#[test]
fn what_other_files_bring_in_is_refused_where_it_stands() {
    let main = "include: [inc/more.yml]\nservices:\n  s:\n    extends: { service: base, file: base.yml }\n    label_file: labels.env\n";
    let included = "services:\n  t:\n    image: x\n    volumes:\n      - /:/host\nnetworks:\n  n: { driver: macvlan }\n";
    let base = "services:\n  base:\n    image: x\n    volumes:\n      - /etc:/etc\n      - { type: volume, target: /v, volume: { labels: { traefik.a: b } } }\n";
    let labels = "com.docker.stack.namespace2=shop\n";
    let complaints = project(&[
        ("c.yml", main),
        ("inc/more.yml", included),
        ("base.yml", base),
        ("labels.env", labels),
    ])
    .unwrap_err();
    let said: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    c.yml:3:3: `services.s.labels.com.docker.stack.namespace2` is not for a restricted environment: it is not a label for files to set; take it out
    inc/more.yml:5:9: `services.t.volumes` is not for a restricted environment: it mounts `/` of the node; use a named volume, or `configs` for files
    inc/more.yml:7:8: `networks.n.driver` is not for a restricted environment: it reaches the nodes' own networks; leave it out, for an overlay network
    base.yml:5:9: `services.s.volumes` is not for a restricted environment: it mounts `/etc` of the node; use a named volume, or `configs` for files
    base.yml:6:57: `services.s.volumes./v.volume.labels.traefik.a` is not for a restricted environment: it would tell Traefik what to do; ask for routes by `x-berth.routes` instead
    ");
}

#[test]
fn a_repository_s_own_variables_never_go_over_berth_s() {
    let service = "image: \"x:${TAG}\", environment: { HOST: \"${BERTH_HOST}\" }, x-berth: { routes: [{ port: 80";
    let main = format!(
        "include: [{{ path: inc/more.yml, env_file: inc/own.env }}]\nservices:\n  s: {{ {service} }}] }} }}\n"
    );
    let included = format!("services:\n  t: {{ {service}, path: /t }}] }} }}\n");
    let (spec, _) = project(&[
        ("c.yml", &main),
        (".env", "TAG=1\nBERTH_HOST=shop.localhost\n"),
        ("inc/more.yml", &included),
        ("inc/own.env", "TAG=2\nBERTH_HOST=shop.localhost\n"),
    ])
    .unwrap();
    for (name, image) in [("s", "x:1"), ("t", "x:1")] {
        let service = &spec.services[name];
        assert_eq!(service.image, image);
        assert_eq!(service.env["HOST"].as_deref(), Some("pr-7.shop.localhost"));
    }
    let hosts: Vec<&str> = spec.routes.iter().map(|route| route.host.as_str()).collect();
    assert_eq!(hosts, ["pr-7.shop.localhost"; 2]);
}
