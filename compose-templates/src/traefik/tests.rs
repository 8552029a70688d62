//! Routes: the labels, the network, and that nothing gets out of a rule.

use proptest::prelude::*;

use super::*;
use crate::stack::tests::{context, good, refused};
use crate::{Reading, Settings, Source, StackContext, Variables, load};

const SHOP: &str = "
services:
  web:
    image: x
    x-berth:
      routes:
        - {port: 8080}
        - {host: 'API.${BERTH_HOST}', port: 9090, path: /v1, check: '/v1/health?full=1', strip: true}
  worker: {image: x}
";

#[test]
fn a_route_is_a_router_with_a_service_of_its_own() {
    let spec = good(SHOP);
    insta::assert_yaml_snapshot!(spec.services["web"].labels, @r#"
    berth.routes: "[{\"protocol\":\"http\",\"entrypoints\":[\"web\"],\"host\":\"shop.localhost\",\"path\":\"/\"},{\"protocol\":\"http\",\"entrypoints\":[\"web\"],\"host\":\"api.shop.localhost\",\"path\":\"/v1\"}]"
    traefik.enable: "true"
    traefik.http.middlewares.st_web-2-strip.stripprefix.prefixes: /v1
    traefik.http.routers.st_web-1.entrypoints: web
    traefik.http.routers.st_web-1.rule: "Host(`shop.localhost`)"
    traefik.http.routers.st_web-1.service: st_web-1
    traefik.http.routers.st_web-2.entrypoints: web
    traefik.http.routers.st_web-2.middlewares: st_web-2-strip
    traefik.http.routers.st_web-2.rule: "Host(`api.shop.localhost`) && PathPrefix(`/v1`)"
    traefik.http.routers.st_web-2.service: st_web-2
    traefik.http.services.st_web-1.loadbalancer.server.port: "8080"
    traefik.http.services.st_web-2.loadbalancer.server.port: "9090"
    traefik.swarm.network: berth_public
    "#);
    insta::assert_yaml_snapshot!(spec.routes, @"
    - service: web
      protocol: http
      host: shop.localhost
      path: /
      check: /
      entrypoints:
        - web
      tls: false
      password: false
      allow_list: false
      redirect: ~
    - service: web
      protocol: http
      host: api.shop.localhost
      path: /v1
      check: /v1/health?full=1
      entrypoints:
        - web
      tls: false
      password: false
      allow_list: false
      redirect: ~
    ");
    assert!(spec.services["worker"].labels.is_empty());
}

#[test]
fn only_what_is_routed_is_on_the_public_network_and_under_no_short_name() {
    let spec = good(SHOP);
    insta::assert_yaml_snapshot!(spec.services["web"].networks, @"
    - network: berth_public
      aliases:
        - st_web
      driver_opts: {}
    - network: st_default
      aliases:
        - web
      driver_opts: {}
    ");
    let worker: Vec<_> = spec.services["worker"].networks.iter().map(|a| &a.network).collect();
    assert_eq!(worker, ["st_default"]);
    assert_eq!(spec.networks.keys().collect::<Vec<_>>(), ["st_default"]);
    // The same where the file names the public network itself.
    let by_hand = good(
        "services: {web: {image: x, networks: [edge]}}\nnetworks: {edge: {external: true, name: berth_public}}",
    );
    assert_eq!(by_hand.services["web"].networks[0].aliases, ["st_web"]);
}

#[test]
fn a_route_that_can_not_be_is_refused() {
    insta::assert_snapshot!(refused("
services:
  web:
    image: x
    x-berth:
      routes:
        - {host: 'a`) || Host(`b', port: 80}
        - {port: 0}
        - {port: 80, path: 'api'}
        - {port: 80, path: '/a`) || Path(`/'}
        - {port: 80, path: '/a/../b'}
        - {port: 80, check: '//10.0.0.1:81/up'}
        - {prot: 80}
      rotes: []
"), @r#"
    compose.yml:7:18: `services.web.x-berth.routes[0].host` is "a`) || host(`b", but a host name has only letters, digits, hyphens and dots
    compose.yml:8:11: `services.web.x-berth.routes[1]` needs a `port`: the one that the service listens on
    compose.yml:9:28: `services.web.x-berth.routes[2].path` must be a path that starts with one `/` and has only letters, digits and `-._~%+@:,;!$` in it, but is "api"
    compose.yml:10:28: `services.web.x-berth.routes[3].path` must be a path that starts with one `/` and has only letters, digits and `-._~%+@:,;!$` in it, but is "/a`) || Path(`/"
    compose.yml:11:28: `services.web.x-berth.routes[4].path` must be a path that starts with one `/` and has only letters, digits and `-._~%+@:,;!$` in it, but is "/a/../b"
    compose.yml:12:29: `services.web.x-berth.routes[5].check` must be a path that starts with one `/` and has only letters, digits and `-._~%+@:,;!$` in it, but is "//10.0.0.1:81/up"
    compose.yml:13:12: `services.web.x-berth.routes[6].prot` is not a key of compose; take it out
    compose.yml:13:11: `services.web.x-berth.routes[6]` needs a `port`: the one that the service listens on
    compose.yml:14:7: `services.web.x-berth.rotes` is not a key of compose; is `routes` meant?
    "#);
    insta::assert_snapshot!(refused("
services:
  web: {image: x, x-berth: {routes: [{port: 80}]}}
  api: {image: x, x-berth: {routes: [{port: 81}]}}
  host: {image: x, network_mode: host, x-berth: {routes: [{port: 81, path: /h}]}}
"), @"
    compose.yml:3:38: the services `api` and `web` both want `shop.localhost/`; give one of them another host or path
    compose.yml:5:59: the service `host` has routes, but Traefik can't reach it; take `network_mode` out
    ");
}

#[test]
fn routes_are_read_as_strictly_where_files_are_read_as_docker_does() {
    let text = "services: {web: {image: x, x-berth: {routes: [{port: 80, alow: [10.0.0.0/8]}]}}}";
    let source = Source { path: "compose.yml".to_owned(), text: text.to_owned() };
    let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let settings = Settings { reading: Reading::Stack, ..Settings::default() };
    let complaints = load(&[source], &none, &Variables::new(), &settings).unwrap_err();
    assert!(complaints[0].message.contains("is `allow` meant?"), "{complaints:?}");
}

#[test]
fn routes_need_a_network() {
    let source = Source { path: "compose.yml".to_owned(), text: SHOP.to_owned() };
    let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let variables = [("BERTH_HOST".to_owned(), "shop.localhost".to_owned())].into();
    let loaded = load(
        &[source],
        &none,
        &variables,
        &Settings { reading: Reading::Stack, ..Settings::default() },
    )
    .unwrap();
    let context = StackContext { public_network: None, ..context() };
    let complaints = loaded.to_stack(&context).unwrap_err();
    insta::assert_snapshot!(complaints[0], @"compose.yml:7:11: the service `web` has routes, but there is no public network; name the one that Traefik is on");
}

#[test]
fn a_file_can_not_define_what_is_another_stacks() {
    let label = |label: &str| {
        format!("services: {{web: {{image: x, deploy: {{labels: {{{label}: '1'}}}}}}}}")
    };
    for (bad, name) in [
        ("traefik.http.routers.other_web-1.rule", "other_web-1"),
        ("Traefik.HTTP.Routers.other_web-1.rule", "other_web-1"),
        ("traefik.http.middlewares.other_web-1-strip.stripprefix.prefixes", "other_web-1-strip"),
        ("traefik.tcp.services.st_db-2.loadbalancer.server.port", "st_db-2"),
        ("traefik.http.routers.other_web-1-h2-plain.rule", "other_web-1-h2-plain"),
    ] {
        assert_eq!(
            refused(&label(bad)),
            format!(
                "compose.yml:1:12: the label `{bad}` defines `{name}`, which is how Berth names another service's route; give it another name"
            )
        );
    }
    for fine in [
        "traefik.http.routers.shop.rule",
        "traefik.http.routers.shop-1.rule",
        "traefik.http.routers.my_shop.rule",
        "traefik.http.routers.st_web-1.middlewares",
        "traefik.enable",
    ] {
        good(&label(fine));
    }
}

/// A service on the network that all share, with an alias there.
fn aliased(alias: &str) -> String {
    let alias = serde_json::to_string(alias).unwrap().replace('$', "$$");
    format!(
        "services: {{web: {{image: x, networks: {{edge: {{aliases: [{alias}]}}}}}}}}\nnetworks: {{edge: {{external: true, name: berth_public}}}}"
    )
}

#[test]
fn an_alias_on_the_network_that_all_share_is_refused() {
    insta::assert_snapshot!(refused(&aliased("db")), @"compose.yml:1:39: the alias `db` on the network `edge`, which all stacks share, could be another's; take it out, since the service is `st_web` there");
}

#[test]
fn tcp_takes_no_entry_point_of_http_and_nothing_is_wanted_twice() {
    insta::assert_snapshot!(refused("
services:
  web:
    image: x
    x-berth:
      routes:
        - {port: 1, host: [a.x, b.x]}
        - {port: 2, host: b.x}
        - {port: 3, host: c.x, redirect: {hosts: a.x}}
        - {port: 4, host: '*.b.x'}
        - {protocol: tcp, port: 5, entrypoints: [db, websecure]}
        - {protocol: udp, port: 6, entrypoints: dns}
  api:
    image: x
    x-berth:
      routes:
        - {protocol: tcp, port: 5, entrypoints: db}
        - {protocol: udp, port: 6, entrypoints: dns}
"), @"
    compose.yml:8:11: two routes of the service `web` both want `b.x/`; give one of them another host or path
    compose.yml:9:11: two routes of the service `web` both want `a.x/`; give one of them another host or path
    compose.yml:11:11: the services `api` and `web` both want TCP at the entry point `db`; give one of them another host or entry point
    compose.yml:11:11: TCP at the entry point `websecure` would take every stack's HTTP; name another in `entrypoints`
    compose.yml:12:11: the services `api` and `web` both want UDP at the entry point `dns`; give one of them another entry point
    ");
}

/// A stack's spec of `routes`, if they are good.
fn spec_of(
    stack: &str,
    service: &str,
    routes: &serde_json::Value,
) -> Option<berth_domain::stack::StackSpec> {
    let file =
        serde_json::json!({"services": {service: {"image": "x", "x-berth": {"routes": routes}}}});
    // Nothing is to be interpolated: that could but hide what is tried.
    let text = file.to_string().replace('$', "$$");
    let source = Source { path: "compose.yml".to_owned(), text };
    let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let loaded = load(&[source], &none, &BTreeMap::new(), &Settings::default()).ok()?;
    let context =
        StackContext { stack: berth_domain::ids::StackName::parse(stack).ok()?, ..context() };
    Some(loaded.to_stack(&context).ok()?.0)
}

/// Text that means something to rules, lists, labels, headers, JSON or Go.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        3 => prop::sample::select(vec![
            "`", "\"", "'", ",", "\r\n", "\n", "\0", "||", "&&", "(", ")", "{{", "}}", "$", "${1}",
            "=", "*", ".", "/", "\\", "[0]", "<", ">", "#", "@file", " ", "ä", "a.example", "/a",
            "10.0.0.0/8", "1s", "true", "X-A", "^a$", "Host(`b`)", "HostRegexp(`.*`)", "u:p",
        ]).prop_map(str::to_owned),
        1 => "\\PC{1,6}",
    ];
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat())
}

/// Where a text can be put, with the rest in order.
fn places(text: &str) -> Vec<serde_json::Value> {
    use serde_json::json;
    let hash = format!("$2y$05${}", "a".repeat(53));
    let http = [
        ("host", json!(text)),
        ("host", json!(["a.x", text])),
        ("path", json!(text)),
        ("check", json!(text)),
        ("entrypoints", json!([text])),
        ("tls", json!({"resolver": text})),
        ("redirect", json!({"hosts": [text]})),
        ("redirect", json!({"paths": [{"from": text, "to": "/b"}]})),
        ("redirect", json!({"paths": [{"from": "/b", "to": text}]})),
        ("redirect", json!({"patterns": [{"regex": text, "replacement": "x"}]})),
        ("redirect", json!({"patterns": [{"regex": "x", "replacement": text}]})),
        ("sticky", json!({"name": text})),
        ("sticky", json!({"path": text})),
        ("sticky", json!({"max_age": text})),
        ("basic_auth", json!({"users": [text]})),
        ("basic_auth", json!({"users": [format!("{text}:{hash}")]})),
        ("basic_auth", json!({"users": [format!("ann:{hash}")], "realm": text})),
        ("basic_auth", json!({"users": [format!("ann:{hash}")], "header": text})),
        ("allow", json!([text])),
        ("headers", json!({"request": {text: "x"}})),
        ("headers", json!({"response": {"X-A": text}})),
        ("headers", json!({"security": {"content_security_policy": text}})),
        ("rate_limit", json!({"average": 1, "period": text})),
        ("retry", json!({"attempts": 2, "interval": text})),
        ("health", json!(text)),
    ];
    let mut all: Vec<_> = http
        .into_iter()
        .map(|(key, value)| {
            let mut route = json!({"host": "h.x", "port": 80});
            route[key] = value;
            route
        })
        .collect();
    all.push(
        json!({"protocol": "tcp", "port": 80, "entrypoints": "db", "tls": true, "host": text}),
    );
    all.push(json!({"protocol": "tcp", "port": 80, "entrypoints": text}));
    all.push(json!({"protocol": "udp", "port": 80, "entrypoints": text}));
    all
}

/// Whether a rule is one of ours, and no argument of it gets out.
fn is_rule(rule: &str) -> bool {
    // A matcher's argument is between backticks, with none in it.
    let mut outside = String::new();
    for (index, part) in rule.split('`').enumerate() {
        if index % 2 == 0 {
            outside.push_str(part);
        }
    }
    matches!(
        outside.as_str(),
        "Host()"
            | "Host() && PathPrefix()"
            | "HostRegexp()"
            | "HostRegexp() && PathPrefix()"
            | "HostSNI()"
    )
}

proptest! {
    #[test]
    fn on_the_network_that_all_share_a_service_has_its_full_name_alone(
        alias in prop_oneof!["st_[a-z_]{1,6}", "[a-z]{1,6}", "\\PC{1,8}", Just("st_web".to_owned())],
    ) {
        let source = Source { path: "compose.yml".to_owned(), text: aliased(&alias) };
        let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
        let loaded = load(&[source], &none, &BTreeMap::new(), &Settings::default());
        let Ok((spec, _)) = loaded.and_then(|loaded| loaded.to_stack(&context())) else {
            return Ok(());
        };
        for name in &spec.services["web"].networks[0].aliases {
            prop_assert_eq!(name, "st_web");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_gets_out_of_its_label_or_rule(text in hostile()) {
        for route in places(&text) {
            let Some(spec) = spec_of("st", "web", &serde_json::json!([route])) else { continue };
            for (key, value) in &spec.services["web"].labels {
                let good = |c: char| c.is_ascii_alphanumeric() || "._-[]".contains(c);
                prop_assert!(key.chars().all(good), "{}", key);
                prop_assert!(!value.contains(['\r', '\n', '\0']), "{} = {:?}", key, value);
                let words: Vec<&str> = key.split('.').collect();
                // Nothing of it becomes a word of a label, but a header's name.
                prop_assert!(words.len() <= 8, "{}", key);
                if key.ends_with(".rule") {
                    prop_assert!(is_rule(value), "{} = {}", key, value);
                }
                let single = [".entrypoints", ".users", ".sourcerange", ".prefixes"];
                if single.iter().any(|end| key.ends_with(end)) {
                    prop_assert!(!value.contains([',', '`', ' ']), "{} = {}", key, value);
                }
            }
        }
    }

    #[test]
    fn no_two_services_share_a_name_of_traefiks(
        stacks in prop::collection::vec("[a-c]([-_]{0,1}[a-c1]){0,3}", 2),
        services in prop::collection::vec("[a-c]([-_]{0,1}[a-c1-2]){0,4}", 2),
    ) {
        let routes = serde_json::json!([
            {"host": ["a.x", "b.x"], "port": 80, "path": "/p", "strip": true, "tls": true,
             "redirect": {"https": true, "hosts": ["c.x"], "paths": [{"from": "/q", "to": "/r"}]},
             "allow": ["::1"], "compress": true},
            {"host": "d.x", "port": 80},
            {"protocol": "tcp", "port": 80, "entrypoints": "db", "allow": ["::1"]},
            {"protocol": "udp", "port": 80, "entrypoints": "dns"},
        ]);
        let names = |stack: &str, service: &str| -> std::collections::BTreeSet<String> {
            let Some(spec) = spec_of(stack, service, &routes) else { return Default::default() };
            spec.services[service].labels.keys()
                .filter(|key| key.starts_with("traefik.") && key.split('.').count() > 4)
                .map(|key| key.split('.').take(4).collect::<Vec<_>>().join("."))
                .collect()
        };
        let full = |index: usize| format!("{}_{}", stacks[index], services[index]);
        // Swarm itself has no two services of one name.
        prop_assume!(full(0) != full(1));
        let (first, second) = (names(&stacks[0], &services[0]), names(&stacks[1], &services[1]));
        prop_assert!(!first.is_empty() && !second.is_empty());
        let both: Vec<_> = first.intersection(&second).collect();
        prop_assert!(both.is_empty(), "{:?}", both);
        // And neither may define what is the other's by hand.
        for key in &first {
            prop_assert!(foreign_name(&format!("{key}.x"), &full(1)).is_some(), "{}", key);
            prop_assert!(foreign_name(&format!("{key}.x"), &full(0)).is_none(), "{}", key);
        }
    }
}
