//! Routes: the labels, the network, and that nothing gets out of a rule.

use proptest::prelude::*;

use super::*;
use crate::stack::tests::{context, good, refused};
use crate::{Reading, Settings, Source, StackContext, load};

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
      host: shop.localhost
      path: /
      check: /
    - service: web
      host: api.shop.localhost
      path: /v1
      check: /v1/health?full=1
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
    compose.yml:7:11: `services.web.x-berth.routes[0].host` is "a`) || host(`b", but a host name has only letters, digits, hyphens and dots
    compose.yml:8:11: `services.web.x-berth.routes[1]` needs a `port`: the one that the service listens on
    compose.yml:9:28: `services.web.x-berth.routes[2].path` must start with one `/` and have only letters, digits and `-._~%+@:,;!$` in it, but is "api"
    compose.yml:10:28: `services.web.x-berth.routes[3].path` must start with one `/` and have only letters, digits and `-._~%+@:,;!$` in it, but is "/a`) || Path(`/"
    compose.yml:11:28: `services.web.x-berth.routes[4].path` must start with one `/` and have only letters, digits and `-._~%+@:,;!$` in it, but is "/a/../b"
    compose.yml:12:29: `services.web.x-berth.routes[5].check` must start with one `/` and have only letters, digits and `-._~%+@:,;!$` in it, but is "//10.0.0.1:81/up"
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

proptest! {
    #[test]
    fn no_host_or_path_gets_out_of_its_rule(host in "\\PC{1,40}", path in "/\\PC{0,40}") {
        let quote = |text: &str| serde_json::to_string(text).unwrap();
        let text = format!(
            "services: {{web: {{image: x, x-berth: {{routes: [{{host: {}, path: {}, port: 80}}]}}}}}}",
            quote(&host.replace('$', "$$")),
            quote(&path.replace('$', "$$")),
        );
        let source = Source { path: "compose.yml".to_owned(), text };
        let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
        let loaded = load(&[source], &none, &BTreeMap::new(), &Settings::default());
        let Ok((spec, _)) = loaded.and_then(|loaded| loaded.to_stack(&context())) else {
            return Ok(());
        };
        let rule = &spec.services["web"].labels["traefik.http.routers.st_web-1.rule"];
        let expected = if path == "/" { 2 } else { 4 };
        prop_assert_eq!(rule.matches('`').count(), expected, "{}", rule);
        prop_assert!(!rule.contains("||"), "{}", rule);
    }
}
