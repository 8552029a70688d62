//! A service that uses every field, and what Swarm makes of it.

use berth_domain::cluster::Action;
use berth_domain::map::Map;
use berth_domain::stack::{
    Attachment, Driver, EndpointMode, FileRef, FileSpec, Healthcheck, Mode, Mount, MountKind,
    NetworkSpec, Placement, Pool, Port, Resources, RestartPolicy, Security, Selinux, ServiceSpec,
    UpdateConfig,
};

use crate::fixture::{TestStack, eventually};

fn texts(of: &[&str]) -> Vec<String> {
    of.iter().map(|text| (*text).to_owned()).collect()
}

fn map(of: &[(&str, &str)]) -> Map<String, String> {
    of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

const SECOND: i64 = 1_000_000_000;

/// Everything at once, on no node: nothing of it has to run.
fn everything(stack: &TestStack) -> ServiceSpec {
    let file = |name: &str, target: &str| FileRef {
        name: stack.name.scope(name),
        target: target.to_owned(),
        uid: "103".to_owned(),
        gid: "0".to_owned(),
        mode: 0o440,
    };
    let mount = |kind, source: Option<&str>, target: &str| Mount {
        kind,
        source: source.map(str::to_owned),
        target: target.to_owned(),
        read_only: true,
        consistency: None,
    };
    let update = UpdateConfig {
        parallelism: 0,
        delay: Some(SECOND),
        failure_action: "continue".to_owned(),
        monitor: Some(3 * SECOND),
        max_failure_ratio: 0.1,
        order: "start-first".to_owned(),
    };
    ServiceSpec {
        labels: map(&[("traefik.enable", "true"), ("empty", "")]),
        container_labels: map(&[("role", "web")]),
        hostname: Some("{{.Service.Name}}-{{.Task.Slot}}".to_owned()),
        working_dir: Some("/tmp".to_owned()),
        user: Some("0:0".to_owned()),
        groups: texts(&["12", "audio"]),
        env: [("A", Some("1")), ("A1", Some("")), ("BARE", None)]
            .map(|(key, value)| (key.to_owned(), value.map(str::to_owned)))
            .into(),
        hosts: texts(&["10.0.0.9 db.local"]),
        dns: texts(&["1.1.1.1"]),
        dns_search: texts(&["example.com"]),
        dns_options: texts(&["ndots:1"]),
        healthcheck: Some(
            Healthcheck {
                test: texts(&["CMD-SHELL", "true"]),
                interval: Some(2 * SECOND),
                timeout: Some(SECOND),
                start_period: Some(5 * SECOND),
                start_interval: Some(SECOND),
                retries: Some(4),
            }
            .into(),
        ),
        stop_grace_period: Some(90 * SECOND),
        stop_signal: Some("SIGQUIT".to_owned()),
        init: Some(true),
        tty: true,
        stdin_open: true,
        read_only: true,
        cap_add: texts(&["CAP_NET_ADMIN"]),
        cap_drop: texts(&["CAP_MKNOD"]),
        sysctls: map(&[("net.core.somaxconn", "1024")]),
        ulimits: [("nofile".to_owned(), (1000, 2000))].into(),
        oom_score_adj: Some(100),
        security: Security {
            no_new_privileges: true,
            unconfined_seccomp: true,
            unconfined_apparmor: true,
            selinux: Some(Selinux { kind: "container_t".to_owned(), ..Selinux::default() }.into()),
        },
        mounts: vec![
            mount(
                MountKind::Volume {
                    no_copy: true,
                    subpath: Some("sub".to_owned()),
                    labels: map(&[("v", "1")]),
                    driver: Some(Driver {
                        name: "local".to_owned(),
                        options: map(&[("type", "tmpfs"), ("device", "tmpfs")]),
                    }),
                    external: false,
                },
                Some(&stack.name.scope("data")),
                "/data",
            ),
            mount(
                MountKind::Volume {
                    no_copy: false,
                    subpath: None,
                    labels: Map::new(),
                    driver: None,
                    external: true,
                },
                Some("another"),
                "/another",
            ),
            mount(
                MountKind::Volume {
                    no_copy: false,
                    subpath: None,
                    labels: Map::new(),
                    driver: None,
                    external: false,
                },
                None,
                "/anonymous",
            ),
            mount(
                MountKind::Bind { propagation: Some("rslave".to_owned()) },
                Some("/srv"),
                "/bind",
            ),
            mount(MountKind::Tmpfs { size: Some(1 << 20), mode: Some(0o1777) }, None, "/tmpfs"),
        ],
        configs: vec![file("a_config", "/etc/a")],
        secrets: vec![file("a_secret", "a")],
        networks: vec![Attachment {
            network: stack.name.scope("net"),
            aliases: texts(&["web", "api"]),
            driver_opts: map(&[("foo", "bar")]),
        }],
        logging: Some(
            Driver { name: "json-file".to_owned(), options: map(&[("max-file", "3")]) }.into(),
        ),
        mode: Mode::Replicated { replicas: 3 },
        resources: Resources {
            limit_nano_cpus: Some(500_000_000),
            limit_memory: Some(50 << 20),
            limit_pids: Some(100),
            reserve_nano_cpus: Some(10_000_000),
            reserve_memory: Some(20 << 20),
            reserve_generic: [("gpu".to_owned(), 2)].into(),
        },
        restart: Some(
            RestartPolicy {
                condition: "on-failure".to_owned(),
                delay: Some(5 * SECOND),
                max_attempts: Some(3),
                window: Some(120 * SECOND),
            }
            .into(),
        ),
        placement: Placement {
            constraints: texts(&["node.labels.berth-test==nowhere", "node.role==manager"]),
            spread: texts(&["node.labels.zone"]),
            max_replicas_per_node: 1,
            platforms: vec![("linux".to_owned(), "amd64".to_owned())],
        },
        update: Some(update.clone().into()),
        rollback: Some(UpdateConfig { failure_action: "pause".to_owned(), ..update }.into()),
        endpoint_mode: EndpointMode::Dnsrr,
        ports: vec![
            Port { published: Some(18080), target: 80, protocol: "tcp".to_owned(), host: true },
            Port { published: None, target: 81, protocol: "udp".to_owned(), host: true },
        ],
        ..stack.shell("sleep 1d")
    }
}

/// Services that say little, so that Swarm fills in the rest.
fn sparse(stack: &TestStack) -> Vec<(&'static str, ServiceSpec)> {
    let nowhere = Placement {
        constraints: texts(&["node.labels.berth-test==nowhere"]),
        ..Placement::default()
    };
    let plain = ServiceSpec {
        image: stack.image.clone(),
        placement: nowhere,
        endpoint_mode: EndpointMode::Dnsrr,
        ..ServiceSpec::default()
    };
    vec![
        (
            "defaults",
            ServiceSpec {
                update: Some(Box::default()),
                rollback: Some(Box::default()),
                restart: Some(RestartPolicy::default().into()),
                ..plain.clone()
            },
        ),
        ("everywhere", ServiceSpec { mode: Mode::Global, ..plain.clone() }),
        (
            "on-the-host",
            ServiceSpec {
                networks: vec![Attachment { network: "host".to_owned(), ..Attachment::default() }],
                ..plain.clone()
            },
        ),
        (
            "job",
            ServiceSpec {
                mode: Mode::ReplicatedJob { max_concurrent: 1, total_completions: 2 },
                ..plain.clone()
            },
        ),
        ("job-everywhere", ServiceSpec { mode: Mode::GlobalJob, ..plain.clone() }),
        ("vip", ServiceSpec { endpoint_mode: EndpointMode::Vip, ..plain }),
    ]
}

#[tokio::test]
async fn swarm_gives_back_every_field_we_own() {
    TestStack::scope(async |stack| {
        stack.create_network().await;
        let file = FileSpec { data: b"content".to_vec(), ..FileSpec::default() };
        let (config, secret) = (stack.name.scope("a_config"), stack.name.scope("a_secret"));
        stack.apply(Action::CreateConfig { name: config.clone(), spec: file.clone() }).await;
        stack.apply(Action::CreateSecret { name: secret.clone(), spec: file }).await;

        let mut sent = sparse(stack);
        sent.push(("everything", everything(stack)));
        for (name, spec) in &sent {
            stack.create(name, spec).await;
        }

        let observed = stack.observe().await;
        assert_eq!(observed.services.len(), sent.len());
        for (name, spec) in sent {
            let live = &observed.services[name];
            assert!(live.ours);
            assert_eq!(
                live.spec.as_deref().map(ServiceSpec::canonical),
                Some(spec.canonical()),
                "what Swarm changes of {name} by itself would be drift for ever"
            );
        }
        let network = &observed.networks[&stack.name.scope("net")];
        assert!(network.ours && network.spec.driver == "overlay", "{network:?}");
        assert!(observed.configs[&config].ours && observed.secrets[&secret].ours);
    })
    .await;
}

#[tokio::test]
async fn swarm_gives_back_how_a_network_gives_out_addresses() {
    TestStack::scope(async |stack| {
        let pool = |gateway: Option<&str>, range: Option<&str>| Pool {
            gateway: gateway.map(str::to_owned),
            ip_range: range.map(str::to_owned),
        };
        let full = pool(Some("10.229.7.254"), Some("10.229.7.128/25"));
        let range = pool(None, Some("10.229.8.128/25"));
        let sent = NetworkSpec {
            subnets: texts(&["10.229.7.0/24", "10.229.8.0/24", "10.229.9.0/24"]),
            pools: Map::from([
                ("10.229.7.0/24".to_owned(), full),
                ("10.229.8.0/24".to_owned(), range),
            ]),
            ..NetworkSpec::default()
        };
        let name = stack.name.scope("net");
        stack.apply(Action::CreateNetwork { name: name.clone(), spec: sent.clone() }).await;
        let live = async || stack.observe().await.networks[&name].spec.clone().into_inner();
        let at_once = sent.changes_from(&live().await);
        assert_eq!(at_once, Vec::<String>::new(), "it would be replaced as soon as it is made");
        eventually("its subnets are given out", async || !live().await.subnets.is_empty()).await;
        let live = &live().await;
        assert_eq!(sent.changes_from(live), Vec::<String>::new(), "it would be drift for ever");
        let moved = NetworkSpec { pools: Map::new(), ..sent };
        assert_eq!(moved.changes_from(live).len(), 2, "{live:?}");
    })
    .await;
}
