//! That what is read is what the schema says, and what is refused is told.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::stack::tests::{good, refused};

/// A hash of `secret`, with each `$` as a file has it.
const HASH: &str = "$$2y$$05$$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A file in which every option is.
pub(crate) fn everything() -> String {
    EVERYTHING.replace("HASH", HASH)
}

const EVERYTHING: &str = "
services:
  web:
    image: x
    healthcheck: {test: 'true'}
    x-berth:
      routes:
        - host: [Shop.example.org, '*.shop.example.org']
          port: 8080
          path: /api
          strip: true
          check: /api/healthz?full=1
          entrypoints: [websecure]
          priority: 7
          tls: {resolver: le}
          redirect:
            https: true
            hosts: www.example.org
            paths: [{from: /api/old, to: /api/new, permanent: true}]
            patterns: [{regex: '^(.*)/a([0-9]+)$$', replacement: '$${1}/b$${2}'}]
          sticky: {name: at, secure: true, http_only: true, same_site: lax, max_age: 1h, path: /api}
          basic_auth:
            users: ['ann:HASH']
            secret: staff
            realm: Staff only
            forward: true
            header: X-User
          allow: {from: [10.0.0.0/8, '::1'], depth: 1}
          headers:
            request: {X-From: Berth, X-Gone: }
            response: {X-Quote: '`a`, b'}
            security:
              hsts: 1h
              hsts_subdomains: true
              frame: sameorigin
              nosniff: true
              referrer_policy: no-referrer
              content_security_policy: default-src 'self'
              permissions_policy: camera=()
          rate_limit: {average: 100, burst: 50, period: 1m, depth: 2}
          compress: true
          retry: {attempts: 3, interval: 100ms}
          health: {path: /healthz, interval: 10s, timeout: 2s, status: 204}
        - {port: 81, tls: true, sticky: true, allow: [10.0.0.1], health: /up, headers: {security: true}}
        - {protocol: tcp, port: 5432, entrypoints: postgres, allow: 10.0.0.0/8, priority: 3}
        - {protocol: tcp, host: db.example.org, port: 5433, entrypoints: [tls1, tls2], tls: {passthrough: true}}
        - {protocol: udp, port: 53, entrypoints: [dns]}
secrets:
  staff: {content: 'bob:HASH'}
";

#[test]
fn every_option_becomes_its_labels() {
    let spec = good(&everything());
    insta::assert_yaml_snapshot!(spec.services["web"].labels);
    insta::assert_yaml_snapshot!(spec.routes);
}

#[test]
fn the_schema_takes_what_the_reader_takes() {
    let schema = serde_json::to_value(schemars::schema_for!(XBerth)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let file: Value = serde_yaml::from_str(&everything()).unwrap();
    let written = &file["services"]["web"]["x-berth"];
    let wrong: Vec<String> =
        validator.iter_errors(written).map(|error| error.to_string()).collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert!(validator.is_valid(&serde_json::json!({"job": "before"})));
    for bad in [
        serde_json::json!({"job": "now"}),
        serde_json::json!({"routes": [{"port": 80, "prot": 1}]}),
        serde_json::json!({"routes": [{"host": "a"}]}),
        serde_json::json!({"routes": [{"port": 80, "allow": {"depth": 1}}]}),
        serde_json::json!({"rotes": []}),
    ] {
        assert!(!validator.is_valid(&bad), "{bad}");
    }
}

#[test]
fn the_reader_knows_the_keys_that_the_schema_has() {
    let schema = serde_json::to_value(schemars::schema_for!(XBerth)).unwrap();
    let of = |schema: &Value| -> BTreeSet<String> {
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let known = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(of(&schema), known(keys::X_BERTH));
    let all = [
        ("Route", keys::ROUTE),
        ("Tls", keys::TLS),
        ("Redirect", keys::REDIRECT),
        ("MovedPath", keys::MOVED_PATH),
        ("Pattern", keys::PATTERN),
        ("Sticky", keys::STICKY),
        ("BasicAuth", keys::BASIC_AUTH),
        ("Allow", keys::ALLOW),
        ("Headers", keys::HEADERS),
        ("Security", keys::SECURITY),
        ("RateLimit", keys::RATE_LIMIT),
        ("Retry", keys::RETRY),
        ("HealthCheck", keys::HEALTH),
    ];
    for (name, keys) in all {
        assert_eq!(of(&schema["$defs"][name]), known(keys), "{name}");
        // A key that is known must be in the file above, so that it is tried.
        for key in keys {
            assert!(EVERYTHING.contains(&format!("{key}:")), "{name}.{key}");
        }
    }
}

#[test]
fn everything_that_is_wrong_is_told_where_it_is() {
    insta::assert_snapshot!(refused("
services:
  web:
    image: x
    x-berth:
      routes:
        - {host: ['*', '*.org', a.*.b, A.b, a.b], port: 80}
        - {port: 70000, priority: 0, entrypoints: ['a,b'], compress: maybe}
        - {port: 80, host: t.x, tls: {resolver: 'le`', pass: true}}
        - {port: 80, host: u.x, redirect: {https: true}}
        - {port: 80, host: v.x, redirect: {hosts: [v.x, '*.v.x'], paths: [{from: /a}, {from: /b, to: /b/c}, {from: /, to: /x}]}}
        - {port: 80, host: w.x, redirect: {patterns: [{regex: '(', replacement: 'a b'}, {regex: x}]}}
        - {port: 80, host: x.x, sticky: {same_site: none, max_age: 1ms, name: 'a;b'}}
        - {port: 80, host: y.x, allow: []}
        - {port: 80, host: z.x, allow: {from: [10.0.0.0/33], depth: 0}}
        - port: 80
          headers:
            request: {'X-A.b': 1, x-c: a, X-C: b, 'X\\r\\n': a}
            response: {X-D: \"a\\r\\nSet-Cookie: b\", X-E: 'ä'}
            security: {frame: allow, hsts: soon}
        - {port: 80, rate_limit: {burst: 0, period: 0s}}
        - {port: 80, rate_limit: {}, retry: {}, health: {}}
        - {port: 80, retry: {attempts: 1, interval: 1}, health: up}
        - {protocol: tcp, port: 80, path: /a, compress: true}
        - {protocol: tcp, port: 80, host: db.x}
        - {protocol: udp, port: 80, host: db.x, entrypoints: dns}
        - {protocol: sctp, port: 80}
        - {port: 80, sticky: {secure: true}}
        - {port: 80, tls: {passthrough: true}}
"));
}

#[test]
fn a_password_is_never_told_and_nobody_is_let_in_by_mistake() {
    let told = refused(
        "
services:
  web:
    image: x
    x-berth:
      routes:
        - {port: 1, basic_auth: {users: 'ann:hunter2'}}
        - {port: 2, basic_auth: {users: '${NOT_SET}'}}
        - {port: 3, basic_auth: {}}
        - {port: 4, basic_auth: {users: 'ann:{SHA}qvTGHdzF6KLavt4PO0gs2a6pQ00='}}
        - {port: 5, basic_auth: {users: hunter2, realm: 'a\"b'}}
",
    );
    insta::assert_snapshot!(told);
    assert!(!told.contains("hunter2") && !told.contains("qvTG"), "{told}");
    let told = refused(
        "
services:
  web:
    image: x
    x-berth:
      routes:
        - {port: 1, host: a.x, basic_auth: {secret: none}}
        - {port: 2, host: b.x, basic_auth: {secret: plain}}
        - {port: 3, host: c.x, basic_auth: {secret: theirs}}
        - {port: 3, host: d.x, basic_auth: {secret: empty}}
secrets:
  plain: {content: 'ann:hunter2'}
  theirs: {external: true}
  empty: {content: '# nobody'}
",
    );
    insta::assert_snapshot!(told);
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn the_documented_examples_are_good_and_have_every_option() {
    let text = include_str!("../../../docs/routing.md");
    let mut blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let (http, other) = (blocks.next().unwrap(), blocks.next().unwrap());
    let http = http.replace("${SHOP_USERS}", &format!("'ann:{HASH}'"));
    let file = format!("{http}\nsecrets: {{staff: {{content: 'bob:{HASH}'}}}}\n");
    assert_eq!(good(&file.replace("build: web", "image: x")).routes.len(), 3);
    let file = format!("services:\n  web:\n    image: x\n    x-berth:\n{other}");
    assert_eq!(good(&file).routes.len(), 4);
    for key in keys::ROUTE.iter().filter(|key| **key != "protocol") {
        assert!(http.contains(&format!(" {key}:")), "{key}");
    }
}
