//! The loader, as a table: one small file, and what becomes of one part of it.

use crate::load::{Settings, Source, Variables, load};
use crate::{Reading, StackContext};

/// What a one-line service becomes: the part of it that `show` names, as JSON,
/// or the complaint.
fn part(service: &str, show: &str, reading: Reading) -> String {
    let text = format!("services: {{a: {{image: x, {service}}}}}\nvolumes: {{v: }}\n");
    let source = Source { path: "c.yml".to_owned(), text };
    let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let variables: Variables = [("N".to_owned(), "2".to_owned())].into();
    let context = StackContext {
        stack: berth_domain::ids::StackName::parse("st").unwrap(),
        images: std::collections::BTreeMap::new(),
        public_network: None,
        entrypoints: Vec::new(),
        tls_entrypoints: Vec::new(),
        bind_root: Some("/srv".to_owned()),
        restrictions: None,
    };
    let stack = load(&[source], &none, &variables, &Settings { reading, ..Settings::default() })
        .and_then(|loaded| loaded.to_stack(&context));
    match stack {
        Ok((stack, _)) => serde_json::to_value(&stack.services["a"]).unwrap()[show].to_string(),
        Err(complaints) => format!("! {}", complaints[0].message),
    }
}

/// A service's key, the part to look at, and what is there in both readings.
const CASES: [(&str, &str, &str); 52] = [
    (
        "environment: {A: 1.0, B: 1e3, C: 0755, D: 0x10, E: 1_000}",
        "env",
        r#"{"A":"1","B":"1000","C":"493","D":"16","E":"1000"}"#,
    ),
    (
        "environment: {F: 12345678901234567890, H: yes, I: .5, J: 1.10}",
        "env",
        r#"{"F":"12345678901234567890","H":"yes","I":"0.5","J":"1.1"}"#,
    ),
    (
        "environment: ['A=true', B, 'C=', 'D=a=b', N]",
        "env",
        r#"{"A":"true","B":null,"C":"","D":"a=b","N":"2"}"#,
    ),
    ("environment: {A: [1]}", "env", "! `services.a.environment.A` must be text, but is a list"),
    (
        "environment: A=1",
        "env",
        "! `services.a.environment` must be a mapping or a list of `KEY=value`, but is \"A=1\"",
    ),
    (
        "labels: {a: yes, b: on, c: ~, d: null, e: '', f: 5}",
        "container_labels",
        r#"{"a":"yes","b":"on","c":"","d":"","e":"","f":"5"}"#,
    ),
    (
        "deploy: {labels: ['traefik.enable=true', novalue, 'eq=a=b']}",
        "labels",
        r#"{"eq":"a=b","novalue":"","traefik.enable":"true"}"#,
    ),
    ("deploy: ", "mode", r#"{"kind":"replicated","replicas":1}"#),
    ("deploy: {replicas: '${N}'}", "mode", r#"{"kind":"replicated","replicas":2}"#),
    (
        "deploy: {replicas: -1}",
        "mode",
        "! `services.a.deploy.replicas` must be a whole number in range, but is -1",
    ),
    ("deploy: {mode: global}", "mode", r#"{"kind":"global"}"#),
    (
        "deploy: {mode: foo}",
        "mode",
        "! `services.a.deploy.mode` must be one of `replicated`, `global`, `replicated-job`, `global-job`, but is \"foo\"",
    ),
    ("deploy: {endpoint_mode: DNSRR}", "endpoint_mode", r#""dnsrr""#),
    (
        "deploy: {restart_policy: {}}",
        "restart",
        r#"{"condition":"any","delay":null,"max_attempts":null,"window":null}"#,
    ),
    (
        "restart: 'on-failure:3'",
        "restart",
        r#"{"condition":"on-failure","delay":null,"max_attempts":3,"window":null}"#,
    ),
    (
        "restart: unless-stopped",
        "restart",
        r#"{"condition":"any","delay":null,"max_attempts":null,"window":null}"#,
    ),
    (
        "deploy: {update_config: {}}",
        "update",
        r#"{"parallelism":1,"delay":null,"failure_action":"pause","monitor":null,"max_failure_ratio":0.0,"order":"stop-first"}"#,
    ),
    (
        "deploy: {update_config: {parallelism: 0, delay: 0s}}",
        "update",
        r#"{"parallelism":0,"delay":null,"failure_action":"pause","monitor":null,"max_failure_ratio":0.0,"order":"stop-first"}"#,
    ),
    (
        "deploy: {update_config: {max_failure_ratio: 2}}",
        "update",
        "! `services.a.deploy.update_config.max_failure_ratio` must be a share between 0 and 1, but is 2",
    ),
    (
        "deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: gpu, value: 2}}]}}}",
        "resources",
        r#"{"limit_nano_cpus":null,"limit_memory":null,"limit_pids":null,"reserve_nano_cpus":null,"reserve_memory":null,"reserve_generic":{"gpu":2}}"#,
    ),
    (
        "deploy: {placement: {constraints: [node.role]}}",
        "placement",
        "! `services.a.deploy.placement.constraints[0]` must compare with `==` or `!=`, but is \"node.role\"",
    ),
    ("stop_grace_period: 1h2m3s4ms5us", "stop_grace_period", "3723004005000"),
    ("stop_grace_period: 0s", "stop_grace_period", "0"),
    (
        "stop_grace_period: 10",
        "stop_grace_period",
        "! `services.a.stop_grace_period` must be a duration such as `10s` or `1m30s`, but is 10",
    ),
    (
        "healthcheck: {test: [NONE]}",
        "healthcheck",
        r#"{"test":["NONE"],"interval":null,"timeout":null,"start_period":null,"start_interval":null,"retries":null}"#,
    ),
    (
        "healthcheck: {disable: true}",
        "healthcheck",
        r#"{"test":["NONE"],"interval":null,"timeout":null,"start_period":null,"start_interval":null,"retries":null}"#,
    ),
    (
        "healthcheck: {test: ls}",
        "healthcheck",
        r#"{"test":["CMD-SHELL","ls"],"interval":null,"timeout":null,"start_period":null,"start_interval":null,"retries":null}"#,
    ),
    ("healthcheck: {}", "healthcheck", "null"),
    (
        "ulimits: {memlock: -1, nofile: {soft: 1, hard: 2}}",
        "ulimits",
        r#"{"memlock":[-1,-1],"nofile":[1,2]}"#,
    ),
    (
        "ulimits: {nofile: {soft: 1}}",
        "ulimits",
        "! `services.a.ulimits.nofile` needs both `soft` and `hard`",
    ),
    ("sysctls: ['a.b=1']", "sysctls", r#"{"a.b":"1"}"#),
    (
        "extra_hosts: ['a:1.1.1.1', 'b=2.2.2.2', 'c:::1', 'd=[::2]', 'e:host-gateway']",
        "hosts",
        r#"["1.1.1.1 a","2.2.2.2 b","::1 c","::2 d","host-gateway e"]"#,
    ),
    ("extra_hosts: {z: 9.9.9.9, y: '::3'}", "hosts", r#"["::3 y","9.9.9.9 z"]"#),
    ("command: \"echo 'a b' # no $$X\", entrypoint: ''", "command", r#"["echo","a b"]"#),
    ("command: ['', a], entrypoint: []", "command", r#"["","a"]"#),
    ("command: ", "command", "[]"),
    ("dns: 8.8.8.8", "dns", r#"["8.8.8.8"]"#),
    (
        "logging: {driver: json-file, options: {max-size: 10, b: }}",
        "logging",
        r#"{"name":"json-file","options":{"b":"","max-size":"10"}}"#,
    ),
    ("cap_add: [all, sys_time], cap_drop: [sys_time]", "cap_add", r#"["ALL"]"#),
    ("cap_drop: [ALL], cap_add: [NET_BIND_SERVICE]", "cap_drop", r#"["ALL"]"#),
    (
        "ports: [22:22, '56:56/udp']",
        "ports",
        r#"[{"published":22,"target":22,"protocol":"tcp","host":false},{"published":56,"target":56,"protocol":"udp","host":false}]"#,
    ),
    (
        "ports: [{target: 80, published: '8080', app_protocol: http}]",
        "ports",
        r#"[{"published":8080,"target":80,"protocol":"tcp","host":false}]"#,
    ),
    (
        "ports: [{published: 80}]",
        "ports",
        "! `services.a.ports[0]` needs a `target`, the port in the container",
    ),
    (
        "volumes: ['./d:/a:z']",
        "mounts",
        r#"[{"kind":{"kind":"bind","propagation":null},"source":"/srv/d","target":"/a","read_only":false,"consistency":null}]"#,
    ),
    (
        "volumes: [{type: tmpfs, target: /a, tmpfs: {size: 10m, mode: 0755}}]",
        "mounts",
        r#"[{"kind":{"kind":"tmpfs","size":10485760,"mode":493},"source":null,"target":"/a","read_only":false,"consistency":null}]"#,
    ),
    (
        "volumes: [{type: image, source: foo, target: /a}]",
        "mounts",
        r#"[{"kind":{"kind":"image"},"source":"foo","target":"/a","read_only":false,"consistency":null}]"#,
    ),
    (
        "volumes: [{type: bind, target: /a}]",
        "mounts",
        "! `services.a.volumes[0]` needs a `source`, the path on the node",
    ),
    ("read_only: '${X:-yes}'", "read_only", "true"),
    ("init: 'true'", "init", "true"),
    ("tty: 1", "tty", "! `services.a.tty` must be `true` or `false`, but is 1"),
    ("image2: y", "image", "! `services.a.image2` is not a key of compose; is `image` meant?"),
    ("x-anything: {a: 1}", "image", r#""x:latest""#),
];

#[test]
fn every_case_becomes_what_it_should() {
    for (service, show, expected) in CASES {
        // What the other reading makes of such things, `tests/conformance` compares.
        assert_eq!(part(service, show, Reading::Compose), expected, "{service}");
    }
}

#[test]
fn empty_values_come_from_outside_to_docker_alone() {
    let text = "environment: {N: ''}";
    assert_eq!(part(text, "env", Reading::Compose), r#"{"N":""}"#);
    assert_eq!(part(text, "env", Reading::Stack), r#"{"N":"2"}"#);
}

#[test]
fn truth_values_are_text_in_an_environment_and_nowhere_else() {
    assert_eq!(part("environment: {A: true}", "env", Reading::Compose), r#"{"A":"true"}"#);
    let refused = part("hostname: true", "hostname", Reading::Compose);
    assert_eq!(
        refused,
        "! `services.a.hostname` must be text, but is the truth value true; put it in quotes"
    );
}

#[test]
fn templates_are_rendered_first_and_plain_files_never() {
    let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let variables: Variables = [("BERTH_SHA".to_owned(), "abc".to_owned())].into();
    let read = |path: &str, text: &str| {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        load(&[source], &none, &variables, &Settings::default())
            .map(|loaded| loaded.model.services["a"].hostname.clone())
            .map_err(|complaints| complaints[0].to_string())
    };
    let text = "services:\n  a:\n    image: x\n    hostname: '{{BERTH_SHA}}'\n";
    assert_eq!(read("c.yml.hbs", text).unwrap().as_deref(), Some("abc"));
    assert_eq!(read("c.yml", text).unwrap().as_deref(), Some("{{BERTH_SHA}}"));
    insta::assert_snapshot!(read("c.yml.hbs", "a: 1\nb: {{NOPE}}\n").unwrap_err(), @"c.yml.hbs:2:4: the template names `NOPE`, which has no value here; there are `BERTH_SHA`");
    insta::assert_snapshot!(read("c.yml.hbs", "services:\n  a: {imag: x}\n").unwrap_err(), @"c.yml.hbs:2:7: `services.a.imag` is not a key of compose; is `image` meant?");
    insta::assert_snapshot!(read("c.yml.hbs", "services: [\n").unwrap_err(), @"c.yml.hbs:1:11: this is not YAML: unclosed bracket '['");
    insta::assert_snapshot!(read("c.yml", "[]").unwrap_err(), @"c.yml:1:1: a compose file is a mapping with the key `services`");
    insta::assert_snapshot!(read("c.yml", "services: {}").unwrap_err(), @"c.yml:1:1: there is no service to run; the files need one under `services`");
}

#[test]
fn no_file_can_ask_for_more_than_there_is_room_for() {
    let load = |text: String, size: usize| {
        let source = Source { path: "c.yml".to_owned(), text };
        let beside = move |path: &str| match path {
            ".env" => Err(std::io::ErrorKind::NotFound.into()),
            _ => Ok(vec![b'x'; size]),
        };
        load(&[source], &beside, &Variables::new(), &Settings::default()).unwrap_err()
    };
    let services: String = (0..501).map(|n| format!("  s{n}: {{image: x}}\n")).collect();
    assert!(load(format!("services:\n{services}"), 1)[0].message.contains("500 services"));
    let configs: String = (0..40).map(|n| format!("  c{n}: {{file: f}}\n")).collect();
    let complaints = load(format!("configs:\n{configs}"), 1_000_000);
    assert!(complaints[0].message.contains("32 MiB"), "{}", complaints[0]);
    let wrong: String = (0..300).map(|n| format!("  k{n}: 1\n")).collect();
    let complaints = load(format!("services:\n{wrong}"), 1);
    assert_eq!(complaints.len(), 101);
    assert_eq!(complaints[100].to_string(), "there are 200 more complaints");
}
