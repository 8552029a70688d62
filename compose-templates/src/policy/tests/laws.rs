//! What holds for any file: nothing harmful gets by, and the last look is never
//! the first to see it.
//!
//! Files are made of what is harmless, of what is not, in many spellings, and of
//! mutations of both, over one or two files and in both readings. What comes out
//! is judged as JSON by words of this file's own, which share nothing with the
//! lists that the checks go by.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Map, Value, json};

use super::{convert, restricted};
use crate::Reading;

/// Pieces of a service, by key: half of them hostile.
fn pieces() -> Vec<(&'static str, Value)> {
    let deploy = |value: Value| ("deploy", value);
    vec![
        ("image", json!("nginx:1")),
        ("image", json!("registry.example/x:1")),
        ("image", json!("localhost:5000/x")),
        ("image", json!("docker.io/berth/shop-web:0123")),
        ("build", json!({"context": "../.."})),
        ("build", json!(".")),
        ("privileged", json!(true)),
        ("privileged", json!("${P:-yes}")),
        ("pid", json!("host")),
        ("ipc", json!("host")),
        ("userns_mode", json!("host")),
        ("devices", json!(["/dev/sda:/dev/sda"])),
        ("security_opt", json!(["seccomp:unconfined"])),
        ("security_opt", json!(["label=disable"])),
        ("security_opt", json!(["no-new-privileges", "apparmor:mine"])),
        ("network_mode", json!("host")),
        ("network_mode", json!("${MODE:-host}")),
        ("network_mode", json!("none")),
        ("volumes", json!(["/var/run/docker.sock:/var/run/docker.sock"])),
        ("volumes", json!(["/run/../var/run/docker.sock:/s:ro", "data:/data"])),
        ("volumes", json!(["~/.ssh:/ssh"])),
        ("volumes", json!(["${ROOT:-/}:/host:rshared"])),
        ("volumes", json!([{"type": "bind", "source": "/proc", "target": "/p"}])),
        ("volumes", json!([{"type": "${T:-bind}", "source": "/", "target": "/p"}])),
        ("volumes", json!([{"type": "tmpfs", "target": "/t", "tmpfs": {"size": "900g"}}])),
        ("volumes", json!([{"type": "tmpfs", "target": "/t"}])),
        ("volumes", json!([{"type": "cluster", "source": "group:x", "target": "/c"}])),
        ("volumes", json!([{"type": "image", "source": "x", "target": "/i"}])),
        ("volumes", json!([{"type": "npipe", "source": "x", "target": "/n"}])),
        ("volumes", json!(["data:/data:nocopy", "/anonymous"])),
        ("tmpfs", json!("/run")),
        ("tmpfs", json!(["/a:size=1g", "/b:size=1g"])),
        ("shm_size", json!("3g")),
        ("shm_size", json!("64m")),
        ("cap_add", json!(["sys_admin"])),
        ("cap_add", json!(["ALL"])),
        ("cap_add", json!(["CAP_NET_ADMIN", "CHOWN"])),
        ("cap_add", json!(["net_bind_service"])),
        ("cap_drop", json!(["ALL"])),
        ("sysctls", json!({"kernel.shmmax": 1})),
        ("sysctls", json!(["net.core.somaxconn=1024"])),
        ("ulimits", json!({"rtprio": 99})),
        ("ulimits", json!({"nofile": {"soft": 1024, "hard": -1}})),
        ("ulimits", json!({"nofile": 1024})),
        ("oom_score_adj", json!(-1000)),
        ("isolation", json!("hyperv")),
        ("credential_spec", json!({"registry": "x"})),
        ("dns", json!("127.0.0.53")),
        ("dns", json!(["9.9.9.9"])),
        ("extra_hosts", json!({"meta": "169.254.169.254"})),
        ("extra_hosts", json!(["me=host-gateway"])),
        ("extra_hosts", json!(["other:10.1.2.3"])),
        ("logging", json!({"driver": "fluentd", "options": {"fluentd-address": "10.0.0.1"}})),
        ("logging", json!({"driver": "json-file"})),
        ("logging", json!({"options": {"max-size": "1t"}})),
        ("ports", json!(["80:80"])),
        ("ports", json!([{"target": 22, "published": 22, "mode": "host"}])),
        ("networks", json!(["ext"])),
        ("networks", json!({"n": {"aliases": ["web"], "driver_opts": {"x": "y"}}})),
        ("networks", json!({"n": {"aliases": ["web"]}})),
        ("networks", json!(["host"])),
        ("networks", json!(["public"])),
        ("configs", json!(["c"])),
        ("secrets", json!([{"source": "k", "target": "/etc/shadow", "mode": "0777"}])),
        ("labels", json!({"traefik.enable": "true"})),
        ("labels", json!(["com.docker.swarm.service.id=x"])),
        ("labels", json!({"ofelia.job-local.x.command": "rm -rf /"})),
        ("healthcheck", json!({"test": "x", "interval": "1us"})),
        ("stop_grace_period", json!("9999h")),
        ("scale", json!(3)),
        ("mem_limit", json!("900g")),
        ("mem_limit", json!("32m")),
        ("mem_reservation", json!("900g")),
        ("cpus", json!("64")),
        ("pids_limit", json!(-1)),
        ("hostname", json!("{{.Node.Hostname}}")),
        ("environment", json!({"A": "${SECRET:-x}", "B": null})),
        ("x-berth", json!({"routes": [{"port": 80}]})),
        ("x-berth", json!({"routes": [{"port": 80, "host": "shop.localhost"}]})),
        ("x-berth", json!({"routes": [{"port": 80, "host": "a.${BERTH_HOST}"}]})),
        ("x-berth", json!({"routes": [{"port": 80, "host": "notpr-7.shop.localhost"}]})),
        deploy(json!({"mode": "global"})),
        deploy(json!({"mode": "${M:-global-job}"})),
        deploy(json!({"replicas": 1_000_000})),
        deploy(json!({"mode": "replicated-job", "replicas": 50})),
        deploy(
            json!({"labels": {"traefik.http.routers.shop_web-1.rule": "Host(`shop.localhost`)"}}),
        ),
        deploy(json!({"labels": ["TRAEFIK.enable=true"]})),
        deploy(json!({"resources": {"limits": {"pids": -5, "memory": "0", "cpus": "0"}}})),
        deploy(json!({"resources": {"reservations": {"memory": "900g", "cpus": "64"}}})),
        deploy(json!({"resources": {"reservations": {"generic_resources": [
            {"discrete_resource_spec": {"kind": "gpu", "value": 8}}]}}})),
        deploy(json!({"placement": {"constraints": ["node.role==manager"]}})),
        deploy(json!({"placement": {"constraints": ["NODE.ROLE != worker"]}})),
        deploy(json!({"placement": {"constraints": ["node.id==abc"]}})),
        deploy(json!({"placement": {"constraints": ["node.labels.x==y"]}})),
        deploy(json!({"restart_policy": {"condition": "any", "delay": "0s"}})),
        deploy(json!({"update_config": {"parallelism": 0, "monitor": "8760h"}})),
        deploy(json!({"rollback_config": {"delay": "8760h"}})),
    ]
}

/// Definitions beside services: half of them hostile.
fn definitions() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("volumes", "data", json!({})),
        ("volumes", "data", json!({"name": "st_other"})),
        ("volumes", "data", json!({"name": "shop_data"})),
        ("volumes", "data", json!({"name": "st_"})),
        ("volumes", "data", json!({"name": "st_/../../etc"})),
        ("volumes", "data", json!({"external": true})),
        (
            "volumes",
            "data",
            json!({"driver": "local", "driver_opts":
            {"type": "none", "o": "bind", "device": "/var/run"}}),
        ),
        ("volumes", "data", json!({"driver_opts": {"type": "nfs", "o": "addr=10.0.0.1"}})),
        ("volumes", "data", json!({"driver": "rexray"})),
        ("volumes", "data", json!({"labels": {"com.docker.volume.anonymous": ""}})),
        ("networks", "n", json!({})),
        ("networks", "n", json!({"name": "berth_public"})),
        ("networks", "n", json!({"driver": "host"})),
        ("networks", "n", json!({"driver": "${D:-ipvlan}"})),
        ("networks", "n", json!({"driver_opts": {"parent": "eth0"}})),
        ("networks", "n", json!({"ipam": {"config": [{"subnet": "10.0.0.0/8"}]}})),
        ("networks", "n", json!({"ipam": {"driver": "x"}})),
        ("networks", "n", json!({"labels": {"watch.me": "1"}})),
        ("networks", "ext", json!({"external": true, "name": "berth_public"})),
        ("networks", "host", json!({"external": true})),
        ("networks", "public", json!({"external": {"name": "shop_default"}})),
        ("configs", "c", json!({"content": "x"})),
        ("configs", "c", json!({"external": true, "name": "shop_c"})),
        ("configs", "c", json!({"content": "x", "name": "shop_c"})),
        ("configs", "c", json!({"file": "x", "labels": {"com.docker.x": "y"}})),
        ("secrets", "k", json!({"content": "x"})),
        ("secrets", "k", json!({"external": true})),
        ("secrets", "k", json!({"driver": "vault", "driver_opts": {"path": "/prod"}})),
        ("secrets", "k", json!({"content": "x", "template_driver": "bad"})),
        ("secrets", "k", json!({"environment": "PATH"})),
    ]
}

fn file(services: Vec<Vec<usize>>, beside: Vec<usize>, noise: Option<&(usize, Value)>) -> String {
    let (pieces, definitions) = (pieces(), definitions());
    let mut all = Map::new();
    let mut written = Map::new();
    for (index, chosen) in services.into_iter().enumerate() {
        let mut service = Map::from_iter([("image".to_owned(), json!("nginx"))]);
        for piece in chosen {
            let (key, value) = &pieces[piece % pieces.len()];
            match (service.get_mut(*key), value) {
                (Some(Value::Object(before)), Value::Object(more)) => before.extend(more.clone()),
                (Some(Value::Array(before)), Value::Array(more)) => before.extend(more.clone()),
                _ => drop(service.insert((*key).to_owned(), value.clone())),
            }
        }
        if let Some((at, value)) = noise {
            let key = service.keys().nth(at % service.len()).unwrap().clone();
            service.insert(key, value.clone());
        }
        written.insert(format!("s{index}"), service.into());
    }
    all.insert("services".to_owned(), written.into());
    for one in beside {
        let (section, key, value) = &definitions[one % definitions.len()];
        let section = all.entry(*section).or_insert_with(|| json!({}));
        section.as_object_mut().unwrap().insert((*key).to_owned(), value.clone());
    }
    serde_json::to_string(&all).unwrap()
}

fn any_file() -> impl Strategy<Value = String> {
    // Most of a file is harmless: what is refused at once shows nothing of what
    // is let through.
    let pieces = prop_oneof![4 => 0..2_usize, 1 => 2..5_usize];
    let pieces = pieces.prop_flat_map(|many| prop::collection::vec(any::<usize>(), many));
    let services = prop::collection::vec(pieces, 1..3);
    let noise = prop::sample::select(vec![
        json!(null),
        json!(""),
        json!("/"),
        json!("host"),
        json!("-1"),
        json!({"a": "b"}),
        json!([]),
        json!(["/:/"]),
    ]);
    let noise = prop::option::weighted(0.1, (any::<usize>(), noise));
    (services, prop::collection::vec(any::<usize>(), 0..3), noise)
        .prop_map(|(services, beside, noise)| file(services, beside, noise.as_ref()))
}

/// Everything that must not be in a stack, found in its JSON.
fn harm(spec: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut want = |fine: bool, what: String| {
        if !fine {
            found.push(what);
        }
    };
    let empty = |value: &Value| {
        value.is_null()
            || value.as_object().is_some_and(Map::is_empty)
            || value.as_array().is_some_and(Vec::is_empty)
    };
    let text = spec.to_string();
    for word in ["docker.sock", "shop_", "group:", "\"bind\"", "npipe", "global", "manager"] {
        want(!text.contains(word), format!("{word:?} is in it"));
    }
    for section in ["networks", "configs", "secrets"] {
        for (name, object) in spec[section].as_object().unwrap() {
            want(name.starts_with("st_"), format!("{section} {name}"));
            let driver = &object["driver"];
            want(empty(driver) || driver == "", format!("driver {object}"));
            want(section != "networks" || empty(&object["driver_opts"]), format!("{object}"));
            want(empty(&object["labels"]), format!("labels {object}"));
        }
    }
    let gib = 1_i64 << 30;
    let mut tasks = 0;
    for (name, it) in spec["services"].as_object().unwrap() {
        for key in ["ports", "credential_spec", "isolation"] {
            want(empty(&it[key]), format!("{key} of {name}"));
        }
        let security = &it["security"];
        for key in ["unconfined_seccomp", "unconfined_apparmor"] {
            want(security[key] != true, format!("{key} of {name}"));
        }
        want(security["selinux"].is_null(), format!("a label of {name}"));
        want(it["oom_score_adj"].as_i64().unwrap_or(0) >= 0, format!("{name} is spared"));
        let limits = &it["resources"];
        for (key, most) in
            [("limit_memory", gib), ("limit_nano_cpus", 1_000_000_000), ("limit_pids", 512)]
        {
            let limit = limits[key].as_i64().unwrap_or(i64::MAX);
            want((1..=most).contains(&limit), format!("{key} {limit} of {name}"));
        }
        want(limits["reserve_memory"].as_i64().unwrap_or(0) <= gib, format!("{name} keeps"));
        want(empty(&limits["reserve_generic"]), format!("{name} has devices"));
        let count = it["mode"]["replicas"].as_u64().or(it["mode"]["max_concurrent"].as_u64());
        tasks += count.unwrap_or(u64::MAX / 1000);
        let mut memory = 0;
        for mount in it["mounts"].as_array().unwrap() {
            let kind = &mount["kind"];
            match kind["kind"].as_str().unwrap() {
                "volume" => {
                    let source = mount["source"].as_str().unwrap_or("st_");
                    want(source.starts_with("st_") && !source.contains('/'), format!("{mount}"));
                    want(kind["external"] == false, format!("external {mount}"));
                    want(empty(&kind["driver"]["options"]), format!("options {mount}"));
                    want(empty(&kind["labels"]), format!("labels {mount}"));
                }
                "tmpfs" => memory += kind["size"].as_i64().unwrap_or(i64::MAX / 1000),
                other => want(false, format!("a mount of {other}")),
            }
        }
        want(memory <= limits["limit_memory"].as_i64().unwrap_or(0), format!("memory {memory}"));
        let added = it["cap_add"].to_string();
        for bad in ["ALL", "SYS_ADMIN", "NET_ADMIN", "NET_RAW"] {
            want(!added.contains(bad), format!("{name} has {added}"));
        }
        let dropped = it["cap_drop"].to_string();
        want(dropped.contains("ALL") || dropped.contains("NET_RAW"), format!("keeps {dropped}"));
        want(!it["sysctls"].to_string().contains("kernel"), format!("sysctls of {name}"));
        let limits = it["ulimits"].to_string();
        want(!limits.contains("rtprio") && !limits.contains("-1,"), limits.clone());
        let outside = format!("{}{}", it["dns"], it["hosts"]);
        for near in ["127.", "169.254", "host-gateway"] {
            want(!outside.contains(near), outside.clone());
        }
        let log = &it["logging"];
        want(
            log.is_null() || ["", "json-file"].contains(&log["name"].as_str().unwrap()),
            format!("{log}"),
        );
        want(!log.to_string().contains("1t"), format!("{log}"));
        let image = it["image"].as_str().unwrap();
        want(
            !image.contains("berth/") && !image.contains('.') && !image.contains("localhost"),
            image.to_owned(),
        );
        for network in it["networks"].as_array().unwrap() {
            let target = network["network"].as_str().unwrap();
            want(empty(&network["driver_opts"]), format!("{network}"));
            let own = target.starts_with("st_") || target == "none";
            let shared =
                target == "berth_public" && network["aliases"] == json!([format!("st_{name}")]);
            want(own || shared, format!("{network}"));
        }
        for (label, value) in it["labels"].as_object().unwrap() {
            let mine = format!("st_{name}-");
            if label == "berth.routes" {
                // Berth's own word on what the service answers at.
                let claims: Value = serde_json::from_str(value.as_str().unwrap()).unwrap();
                for claim in claims.as_array().unwrap() {
                    let host = claim["host"].as_str().unwrap();
                    let own = ["pr-7.shop.localhost", "a.pr-7.shop.localhost"].contains(&host);
                    want(own && claim["protocol"] == "http", format!("{claim}"));
                }
                continue;
            }
            want(
                label.starts_with("traefik.")
                    && (label.ends_with("enable")
                        || label.ends_with("swarm.network")
                        || label.contains(&mine)),
                label.clone(),
            );
            let rule = value.as_str().unwrap();
            want(
                !label.ends_with(".rule")
                    || rule == "Host(`pr-7.shop.localhost`)"
                    || rule == "Host(`a.pr-7.shop.localhost`)",
                format!("{value}"),
            );
        }
        want(empty(&it["container_labels"]), format!("labels in {name}"));
        let second = 1_000_000_000;
        let slow = |value: &Value| value.as_i64().is_none_or(|it| it >= second);
        want(slow(&it["healthcheck"]["interval"]), format!("checks of {name}"));
        want(slow(&it["restart"]["delay"]), format!("restarts of {name}"));
        for time in [&it["stop_grace_period"], &it["update"]["monitor"], &it["rollback"]["delay"]] {
            want(time.as_i64().unwrap_or(0) <= 600 * second, format!("{name} takes {time}"));
        }
    }
    want(tasks <= 20, format!("{tasks} tasks"));
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// The law of this module.
    #[test]
    fn what_is_let_through_harms_nobody(
        files in prop::collection::vec(any_file(), 1..3),
        stack in any::<bool>(),
        root in any::<bool>(),
    ) {
        let reading = if stack { Reading::Stack } else { Reading::Compose };
        let mut context = restricted();
        context.bind_root = root.then(|| "/srv".to_owned());
        let texts: Vec<&str> = files.iter().map(String::as_str).collect();
        match convert(&texts, reading, &context) {
            Ok((spec, _)) => {
                let found = harm(&serde_json::to_value(&spec).unwrap());
                prop_assert!(found.is_empty(), "{:#?}\n{}", found, files.join("\n"));
            }
            Err(complaints) => {
                for complaint in complaints {
                    let late = complaint.message.starts_with("a restricted environment does not take");
                    prop_assert!(!late, "only the last look saw it: {}\n{}", complaint, files.join("\n"));
                }
            }
        }
    }
}

#[test]
fn the_files_of_the_law_are_of_both_kinds() {
    // A law about what is let through says nothing if nothing is.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut through, mut refused) = (0, 0);
    for _ in 0..400 {
        let text = any_file().new_tree(&mut runner).unwrap().current();
        match convert(&[&text], Reading::Compose, &restricted()) {
            Ok(_) => through += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(through > 40 && refused > 40, "{through} let through, {refused} refused");
}

/// The gate alone against a spec with one harmful thing in each field: it needs
/// no loader before it.
#[test]
fn the_last_look_sees_each_harm_by_itself() {
    let good = "services: { s0: { image: nginx, networks: [n] } }\nnetworks: { n: {} }\nsecrets: { k: { content: x } }\n";
    let context = restricted();
    let (spec, _) = convert(&[good], Reading::Compose, &context).unwrap();
    let restrictions = context.restrictions.clone().unwrap();
    let look = |value: Value| {
        let spec = serde_json::from_value(value).unwrap();
        super::super::gate(&spec, &context, &restrictions)
    };
    let value = serde_json::to_value(&spec).unwrap();
    assert_eq!(look(value.clone()), Vec::<String>::new());

    let mount = |kind: Value| json!([{"kind": kind, "source": "st_x", "target": "/x", "read_only": true, "consistency": null}]);
    for (pointer, harm) in [
        ("/services/s0/mounts", mount(json!({"kind": "bind", "propagation": null}))),
        ("/services/s0/mounts", mount(json!({"kind": "tmpfs", "size": null, "mode": null}))),
        ("/services/s0/mounts", mount(json!({"kind": "image"}))),
        ("/services/s0/image", json!("registry.example/x")),
        ("/services/s0/labels", json!({"traefik.http.routers.shop_web-1.rule": "Host(`x`)"})),
        (
            "/services/s0/labels",
            json!({"traefik.http.routers.st_s0-1.rule": "Host(`shop.localhost`)"}),
        ),
        (
            "/services/s0/labels",
            json!({"traefik.http.routers.st_s0-1.rule": "Host(`pr-7.shop.localhost`) || Host(`b`)"}),
        ),
        ("/services/s0/container_labels", json!({"com.docker.x": ""})),
        ("/services/s0/cap_add", json!(["CAP_SYS_ADMIN"])),
        ("/services/s0/cap_drop", json!([])),
        ("/services/s0/sysctls", json!({"kernel.msgmax": "1"})),
        ("/services/s0/ulimits", json!({"rtprio": [1, 1]})),
        ("/services/s0/oom_score_adj", json!(-1)),
        ("/services/s0/isolation", json!("process")),
        ("/services/s0/credential_spec", json!({"file": "x"})),
        (
            "/services/s0/configs",
            json!([{"name": "shop_c", "target": "/c", "uid": "0", "gid": "0", "mode": 0}]),
        ),
        ("/services/s0/networks", json!([{"network": "host"}])),
        ("/services/s0/networks", json!([{"network": "berth_public", "aliases": ["web"]}])),
        ("/services/s0/hosts", json!(["169.254.169.254 m"])),
        ("/services/s0/dns", json!(["::1"])),
        ("/services/s0/logging", json!({"name": "gelf"})),
        ("/services/s0/logging", json!({"name": "json-file"})),
        ("/services/s0/mode", json!({"kind": "global"})),
        ("/services/s0/mode", json!({"kind": "replicated", "replicas": 4})),
        ("/services/s0/resources/limit_pids", json!(null)),
        ("/services/s0/resources/limit_memory", json!(0)),
        ("/services/s0/resources/reserve_memory", json!(1_i64 << 40)),
        ("/services/s0/resources/reserve_generic", json!({"gpu": 1})),
        ("/services/s0/restart", json!({"delay": 0})),
        ("/services/s0/placement/constraints", json!(["node.role==manager"])),
        ("/services/s0/update", json!({"monitor": 1_i64 << 60})),
        ("/services/s0/healthcheck", json!({"interval": 1})),
        ("/services/s0/stop_grace_period", json!(-1)),
        (
            "/services/s0/ports",
            json!([{"published": 80, "target": 80, "protocol": "tcp", "host": true}]),
        ),
        ("/networks", json!({"shop_default": {}})),
        ("/networks/st_n/driver", json!("macvlan")),
        ("/networks/st_n/subnets", json!(["10.0.0.0/8"])),
        ("/networks", json!({"st_n": {"pools": {"10.0.0.0/8": {"gateway": "10.0.0.1"}}}})),
        ("/networks/st_n/driver_opts", json!({"parent": "eth0"})),
        ("/secrets", json!({"shop_k": {"data": [1]}})),
        ("/secrets", json!({"st_k": {"driver": {"name": "vault"}}})),
        (
            "/routes",
            json!([{"service": "s0", "host": "shop.localhost", "path": "/", "check": "/"}]),
        ),
    ] {
        let mut bad = value.clone();
        *bad.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = harm.clone();
        assert!(!look(bad).is_empty(), "{pointer} {harm}");
    }
}
