//! Files that nobody wrote: services of any keys, with values that are mostly
//! good, in one or two files. What differs is shrunk to the least that does.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use crate::cases::Case;
use crate::deploy::Files;
use crate::judge::{APIS, Report, judge};

/// How many files the usual run generates.
pub const FEW: u32 = 40;
/// How many all of it does.
pub const MANY: u32 = 300;

/// What the engine refuses, in Berth's words; each has a file of its own.
const ENGINE: [&str; 3] =
    ["is mounted twice", "which needs `endpoint_mode: vip`", "a job is never updated"];

type Any = BoxedStrategy<Value>;

/// Generates `count` cases and compares them, the first that differs shrunk.
///
/// # Errors
///
/// Where the programs can't be run.
pub fn judge_generated(runtime: &Runtime, count: u32) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let mut report = Report::default();
    let config = Config {
        cases: count,
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    // The same files each time: a difference that comes and goes helps nobody.
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let collected = std::cell::RefCell::new(&mut report);
    let outcome = runner.run(&vec(file(), 1..=2), |files| {
        let case =
            write(folder.path(), &files).map_err(|err| TestCaseError::fail(err.to_string()))?;
        let api = if files.len() == 1 { APIS[1] } else { APIS[0] };
        let one = runtime
            .block_on(judge(&case, api))
            .map_err(|err| TestCaseError::fail(format!("{err:#}")))?;
        if let Some(line) = one.unmeant.first() {
            return Err(TestCaseError::fail(line.clone()));
        }
        collected.borrow_mut().add(one);
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, files)) => {
            report.files += 1;
            let shown: Vec<String> = files.iter().map(Value::to_string).collect();
            report.unmeant.push(format!("{why}\n  {}", shown.join("\n  ")));
        }
        Err(TestError::Abort(why)) => anyhow::bail!("generating was given up: {why}"),
    }
    Ok(report)
}

/// JSON is YAML.
fn write(folder: &Path, files: &[Value]) -> anyhow::Result<Case> {
    std::fs::write(folder.join("some.env"), "FROM_FILE=1\nSET=\nBARE\n# not this\n")?;
    std::fs::write(folder.join("some.txt"), "text\n")?;
    let mut names = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let name = format!("{index}.yml");
        std::fs::write(folder.join(&name), serde_json::to_string_pretty(file)?)?;
        names.push(name);
    }
    let files = Files {
        name: "generated".to_owned(),
        folder: folder.to_owned(),
        files: names,
        variables: BTreeMap::new(),
    };
    Ok(Case { files, exact: false, earlier: None, engine: None, may: &ENGINE })
}

fn one_of(values: &[Value]) -> Any {
    prop::sample::select(values.to_vec()).boxed()
}

/// A mapping with some of these keys.
fn some(keys: Vec<(&'static str, Any)>) -> Any {
    let (names, values): (Vec<&str>, Vec<Any>) = keys.into_iter().unzip();
    let values: Vec<_> = values.into_iter().map(|value| weighted(0.3, value)).collect();
    values
        .prop_map(move |values| {
            let entries = names.iter().zip(values);
            let entries = entries.filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
            Value::Object(entries.collect::<Map<_, _>>())
        })
        .boxed()
}

fn list(of: Any, most: usize) -> Any {
    vec(of, 0..=most).prop_map(Value::Array).boxed()
}

fn text() -> Any {
    let fixed = one_of(&[
        json!("web"),
        json!("a b"),
        json!("${SET}"),
        json!("x-${UNSET:-d}"),
        json!("$$HOME"),
        json!("${EMPTY-d}"),
        json!("{{.Node.Hostname}}"),
    ]);
    prop_oneof![8 => fixed, 1 => "[a-z:=#'\"é ]{1,8}".prop_map(Value::from)].boxed()
}

fn duration() -> Any {
    one_of(&[json!("10s"), json!("1m30s"), json!("0s"), json!("1.5h"), json!("${UNSET:-5s}")])
}

fn count() -> Any {
    one_of(&[json!(0), json!(1), json!(2), json!(5), json!("${COUNT}"), json!(2.0)])
}

fn flag() -> Any {
    one_of(&[json!(true), json!(false)])
}

fn size() -> Any {
    one_of(&[
        json!("64m"),
        json!("1g"),
        json!("1.5gb"),
        json!("512 MiB"),
        json!("${SIZE}"),
        json!("1048576"),
    ])
}

fn pairs() -> Any {
    let map = some(vec![
        ("A", one_of(&[json!("a"), json!(1), json!(1.5), Value::Null, json!(""), json!("${SET}")])),
        ("B.b/c", one_of(&[json!("x=y"), json!(1e21), json!("yes")])),
        ("SET", one_of(&[json!(""), Value::Null, json!("own")])),
    ]);
    let items = one_of(&[json!("A=1"), json!("B"), json!("C="), json!("D=x=y"), json!("SET")]);
    prop_oneof![3 => map, 1 => list(items, 2)].boxed()
}

fn health() -> Any {
    some(vec![
        ("test", one_of(&[json!("true"), json!(["CMD", "true"]), json!(["NONE"]), json!(["odd"])])),
        ("interval", duration()),
        ("timeout", duration()),
        ("start_period", duration()),
        ("start_interval", duration()),
        ("retries", count()),
        ("disable", flag()),
    ])
}

fn update() -> Any {
    some(vec![
        ("parallelism", count()),
        ("delay", duration()),
        ("failure_action", one_of(&[json!("pause"), json!("continue")])),
        ("monitor", duration()),
        ("max_failure_ratio", one_of(&[json!(0), json!(0.1), json!(0.25), json!("${UNSET:-0.5}")])),
        ("order", one_of(&[json!("start-first"), json!("stop-first")])),
    ])
}

fn resources() -> Any {
    let cpus = || one_of(&[json!("0.5"), json!("2"), json!("1/4"), json!("0"), json!("5e-1")]);
    some(vec![
        ("limits", some(vec![("cpus", cpus()), ("memory", size()), ("pids", count())])),
        (
            "reservations",
            some(vec![
                ("cpus", cpus()),
                ("memory", size()),
                (
                    "generic_resources",
                    one_of(&[json!([{"discrete_resource_spec": {"kind": "gpu", "value": 2}}])]),
                ),
            ]),
        ),
    ])
}

fn deploy() -> Any {
    some(vec![
        ("mode", one_of(&[json!("replicated"), json!("global"), json!("replicated-job")])),
        ("replicas", count()),
        ("endpoint_mode", one_of(&[json!("vip"), json!("dnsrr"), json!("VIP")])),
        ("labels", pairs()),
        ("update_config", update()),
        ("rollback_config", update()),
        ("resources", resources()),
        (
            "restart_policy",
            some(vec![
                ("condition", one_of(&[json!("none"), json!("on-failure"), json!("any")])),
                ("delay", duration()),
                ("max_attempts", count()),
                ("window", duration()),
            ]),
        ),
        (
            "placement",
            some(vec![
                ("constraints", list(one_of(&[json!("node.role==manager"), json!("a != b")]), 2)),
                ("preferences", one_of(&[json!([{"spread": "node.labels.z"}])])),
                ("max_replicas_per_node", count()),
            ]),
        ),
    ])
}

/// What is published starts with the digit `first`: of two services that publish
/// the same port, the engine refuses one.
fn port(first: u8) -> Any {
    one_of(&[
        json!("80"),
        json!(8080),
        json!(format!("{first}081:80")),
        json!(format!("{first}900-{first}902:9000-9002")),
        json!(format!("{first}700-{first}701:7000/udp")),
        json!(format!("127.0.0.1:{first}443:443")),
        json!({"target": 80}),
        json!({"target": 81, "published": u32::from(first) * 1000 + 82, "mode": "host"}),
        json!({"target": 82, "published": format!("${{UNSET:-{first}083}}"), "protocol": "udp"}),
    ])
}

fn mount() -> Any {
    one_of(&[
        json!("/anonymous"),
        json!("data:/data"),
        json!("data:/data:ro,nocopy"),
        json!("./here:/here:rshared"),
        json!("/a/../b:/b:z"),
        json!("~/home:/home"),
        json!("v:/letter"),
        json!("named:/named"),
        json!("outer:/outer"),
        json!({"type": "volume", "source": "data", "target": "/long", "read_only": true}),
        json!({"type": "volume", "target": "/none", "volume": {"nocopy": true}}),
        json!({"type": "bind", "source": "../up", "target": "/up", "bind": {"propagation": "slave"}}),
        json!({"type": "tmpfs", "target": "/tmp", "tmpfs": {"size": 1000}}),
        json!({"type": "tmpfs", "target": "/tmp2"}),
    ])
}

fn file_use() -> Any {
    one_of(&[
        json!("one"),
        json!("outer"),
        json!({"source": "two", "target": "/etc/two", "uid": "1", "mode": 288}),
        json!({"source": "one", "target": "again"}),
    ])
}

fn networks() -> Any {
    prop_oneof![
        list(one_of(&[json!("front"), json!("default")]), 1),
        some(vec![
            ("front", one_of(&[Value::Null, json!({}), json!({"aliases": ["x", "y"]})])),
            ("outer", one_of(&[Value::Null, json!({"aliases": ["z"]})])),
            (
                "back",
                one_of(&[json!({"driver_opts": {"a": 1}}), json!({"ipv4_address": "10.0.0.9"})])
            ),
        ]),
    ]
    .boxed()
}

fn service(first: u8) -> Any {
    let image = one_of(&[json!("x"), json!("${UNSET:-busybox:1}"), json!("reg.example:5000/a/b")]);
    let command = || one_of(&[json!("run 'a b' # c"), json!(["run", "$$x"]), json!(""), json!([])]);
    let caps = || list(one_of(&[json!("NET_ADMIN"), json!("cap_chown"), json!("ALL")]), 2);
    let rest = some(vec![
        ("command", command()),
        ("entrypoint", command()),
        ("hostname", text()),
        ("user", text()),
        ("working_dir", text()),
        ("environment", pairs()),
        ("env_file", one_of(&[json!("some.env"), json!(["some.env"])])),
        ("labels", pairs()),
        (
            "extra_hosts",
            one_of(&[json!(["a:1.1.1.1", "b=[::2]"]), json!({"c": "::3"}), json!(["odd"])]),
        ),
        ("dns", one_of(&[json!("8.8.8.8"), json!(["1.1.1.1", "9.9.9.9"])])),
        ("dns_search", one_of(&[json!("example"), json!(["a", "b"])])),
        ("healthcheck", health()),
        ("stop_grace_period", duration()),
        ("stop_signal", one_of(&[json!("SIGINT")])),
        ("init", flag()),
        ("tty", flag()),
        ("stdin_open", flag()),
        ("read_only", one_of(&[json!(true), json!(false), json!("${YES}")])),
        ("cap_add", caps()),
        ("cap_drop", caps()),
        ("sysctls", pairs()),
        ("ulimits", one_of(&[json!({"nofile": 10}), json!({"core": {"soft": 0, "hard": -1}})])),
        (
            "logging",
            one_of(&[json!({"driver": "json-file", "options": {"max-size": 10}}), json!({})]),
        ),
        (
            "restart",
            one_of(&[json!("always"), json!("no"), json!("on-failure:3"), json!("always:2")]),
        ),
        ("ports", list(port(first), 3)),
        ("volumes", list(mount(), 3)),
        ("networks", networks()),
        ("configs", list(file_use(), 2)),
        ("secrets", list(file_use(), 2)),
        ("deploy", prop_oneof![9 => deploy(), 1 => Just(Value::Null)].boxed()),
        ("depends_on", one_of(&[json!(["b"])])),
        ("tmpfs", text()),
        ("container_name", text()),
        ("x-anything", text()),
    ]);
    // Now and then a mistake, which both must refuse alike.
    let mistake = one_of(&[
        json!({"profiles": ["a"]}),
        json!({"mem_limit": "1g"}),
        json!({"init": "true"}),
        json!({"ports": ["x"]}),
        json!({"environment": {"A": true}}),
        json!({"hostname": "${SET:+x}"}),
        json!({"tty": "${COUNT}"}),
        json!({"volumes": ["nowhere:/x"]}),
        json!({"networks": ["nowhere"]}),
        json!({"deploy": {"replicas": -1}}),
        json!({"command": null}),
    ]);
    (image, rest, weighted(0.06, mistake))
        .prop_map(|(image, rest, mistake)| {
            let mut service = rest;
            service["image"] = image;
            for (key, value) in mistake.iter().filter_map(Value::as_object).flatten() {
                service[key.as_str()] = value.clone();
            }
            service
        })
        .boxed()
}

fn file() -> Any {
    (weighted(0.9, service(8)), weighted(0.4, service(9)))
        .prop_map(|(first, second)| {
            let services = [("a", first), ("b", second)];
            let services = services
                .into_iter()
                .filter_map(|(name, service)| Some((name.to_owned(), service?)));
            json!({
                "services": services.collect::<Map<_, _>>(),
                "networks": {
                    "front": {"driver_opts": {"encrypted": ""}, "attachable": true},
                    "back": {"ipam": {"config": [{"subnet": "10.9.0.0/24"}]}, "internal": true},
                    "outer": {"external": true, "name": "public"},
                },
                "volumes": {
                    "data": {"driver": "local", "driver_opts": {"o": 1}, "labels": ["l=1"]},
                    "named": {"name": "shared"},
                    "outer": {"external": {"name": "elsewhere"}},
                },
                "configs": {
                    "one": {"file": "some.txt"},
                    "two": {"file": "some.txt", "name": "own", "template_driver": "golang"},
                    "outer": {"external": true},
                },
                "secrets": {
                    "one": {"file": "./some.txt", "labels": {"a": 1}},
                    "two": {"driver": "vault", "driver_opts": {"k": "v"}},
                    "outer": {"external": true},
                },
            })
        })
        .boxed()
}
