//! What is found of each kind, with its place.

use std::collections::BTreeMap;

use berth_compose_templates::{Settings, Source, StackContext, Variables, load};
use berth_domain::facts::{ImageFact, NetworkFacts, NodeFacts, TakenPort};
use berth_domain::stack::{Claim, Held, Protocol};

use super::*;

fn node(id: &str, manager: bool) -> NodeFacts {
    NodeFacts {
        id: id.to_owned(),
        name: format!("host-{id}"),
        takes_tasks: true,
        manager,
        os: "linux".to_owned(),
        architecture: "x86_64".to_owned(),
        address: "10.0.0.4".to_owned(),
        nano_cpus: 2_000_000_000,
        memory: 4 << 30,
        labels: BTreeMap::from([("zone".to_owned(), "a".to_owned())]),
        engine_labels: BTreeMap::from([("disk".to_owned(), "ssd".to_owned())]),
        ..NodeFacts::default()
    }
}

/// One manager with IPVS, and the network that the router is on.
fn facts() -> ClusterFacts {
    let public = NetworkFacts { swarm: true, subnets: vec!["10.0.1.0/24".to_owned()] };
    ClusterFacts {
        nodes: vec![node("n1", true)],
        networks: BTreeMap::from([("public".to_owned(), public)]),
        ipvs: Some(true),
        ..ClusterFacts::default()
    }
}

fn two_nodes() -> ClusterFacts {
    ClusterFacts { nodes: vec![node("n1", true), node("n2", false)], ..facts() }
}

fn check(services: &str, facts: &ClusterFacts) -> Findings {
    let text = format!("services:{services}");
    let source = Source { path: "c.yml".to_owned(), text };
    let beside = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let variables = Variables::from([("BERTH_HOST".to_owned(), "shop.localhost".to_owned())]);
    let settings = Settings::default();
    let loaded = load(&[source], &beside, &variables, &settings).unwrap();
    let context = StackContext {
        stack: StackName::parse("shop").unwrap(),
        images: BTreeMap::new(),
        public_network: Some("public".to_owned()),
        entrypoints: Vec::new(),
        bind_root: None,
        restrictions: None,
        tls_entrypoints: Vec::new(),
    };
    let (spec, _) = loaded.to_stack(&context).unwrap();
    preflight(&context.stack, &spec, &loaded.places(&context), facts)
}

fn said(services: &str, facts: &ClusterFacts) -> String {
    let Findings { complaints, notes } = check(services, facts);
    let complaints = complaints.iter().map(|it| format!("refused {it}"));
    let notes = notes.iter().map(|it| format!("note {it}"));
    complaints.chain(notes).collect::<Vec<_>>().join("\n")
}

fn taken(published: u16, stack: &str, nodes: Option<&[&str]>) -> TakenPort {
    TakenPort {
        published,
        protocol: "tcp".to_owned(),
        by: format!("the service `{stack}_web`"),
        stack: Some(stack.to_owned()),
        nodes: nodes.map(|nodes| nodes.iter().map(|id| (*id).to_owned()).collect()),
    }
}

#[test]
fn what_fits_is_let_pass_without_a_word() {
    let services = "
  web:
    image: x
    ports: ['80:80', {target: 81, published: 81, mode: host}]
    mem_reservation: 1g
    deploy:
      placement: {constraints: [node.role==manager, node.labels.zone == A, engine.labels.disk!=hdd, node.platform.arch==x86_64, node.ip==10.0.0.0/8, node.hostname!=other]}
    x-berth: {routes: [{port: 80}]}
";
    let mut facts = facts();
    facts.ports = vec![taken(80, "shop", None), taken(82, "other", None)];
    assert_eq!(said(services, &facts), "");
    assert_eq!(said(services, &ClusterFacts { nodes: Vec::new(), ..facts }), "");
}

#[test]
fn what_others_were_to_make_and_did_not_is_named_once() {
    let services = "
  web: {image: x, networks: [theirs, local], configs: [c], secrets: [s]}
  api: {image: x, networks: [theirs], configs: [c], credential_spec: {config: who}}
networks: {theirs: {external: true}, local: {external: true, name: docker0}}
configs: {c: {external: true}, who: {external: true, name: gmsa}}
secrets: {s: {external: true, name: key}}
";
    let mut facts = facts();
    facts.networks.insert("docker0".to_owned(), NetworkFacts::default());
    insta::assert_snapshot!(said(services, &facts), @"
    refused c.yml:4:12: the network `theirs` does not exist; make it with `docker network create --driver overlay theirs`, or take `external` out
    refused c.yml:4:38: the network `docker0` is one of a single node, on which no service can be; make one with `docker network create --driver overlay` under another name
    refused c.yml:5:11: the config `c` does not exist; make it with `docker config create c <file>`, or take `external` out
    refused c.yml:5:32: the config `gmsa` does not exist; make it with `docker config create gmsa <file>`, or take `external` out
    refused c.yml:6:11: the secret `key` does not exist; make it with `docker secret create key <file>`, or take `external` out
    ");
}

#[test]
fn the_routers_network_must_be_there() {
    let services = "\n  web: {image: x, x-berth: {routes: [{port: 80}]}}\n";
    let facts = ClusterFacts { networks: BTreeMap::new(), ..facts() };
    insta::assert_snapshot!(said(services, &facts), @"refused c.yml:2:38: the network `public` does not exist; make it with `docker network create --driver overlay public`, or take `external` out");
}

#[test]
fn an_image_that_nobody_has_is_refused_where_that_can_be_told() {
    let services = "\n  a: {image: gone}\n  b: {image: quiet}\n  c: {image: here}\n";
    let images = [
        ("gone:latest", ImageFact::Missing("manifest unknown".to_owned())),
        ("quiet:latest", ImageFact::Unknown("no such host".to_owned())),
        ("here:latest", ImageFact::There),
    ];
    let images: BTreeMap<String, ImageFact> =
        images.map(|(image, fact)| (image.to_owned(), fact)).into();
    insta::assert_snapshot!(said(services, &ClusterFacts { images: images.clone(), ..facts() }), @"
    refused c.yml:2:14: the image `gone:latest` of the service `a` is neither on the node nor in its registry (manifest unknown); check its name and tag, push it, or log in to the registry
    note c.yml:3:14: whether there is an image `quiet:latest` can't be told: it is not on this manager, and its registry does not answer (no such host)
    ");
    let found = check(services, &ClusterFacts { images, ..two_nodes() });
    assert_eq!((found.complaints.len(), found.notes.len()), (0, 2), "another node may have it");
}

#[test]
fn placement_that_no_node_satisfies_is_refused() {
    let services = "
  a: {image: x, deploy: {placement: {constraints: [node.role==worker]}}}
  b: {image: x, deploy: {placement: {constraints: [node.labels.zone==a, node.labels.zone!=a]}}}
  c: {image: x, deploy: {placement: {constraints: [node.lables.zone==a]}}}
  d: {image: x, platform: linux/arm64}
  e: {image: x, deploy: {replicas: 3, placement: {max_replicas_per_node: 2}}}
  f: {image: x, platform: linux/amd64, deploy: {placement: {constraints: [node.labels.none!=a]}}}
";
    insta::assert_snapshot!(said(services, &facts()), @"
    refused c.yml:2:38: no node satisfies the constraint `node.role==worker` of the service `a`; change it, or give a node that label or role
    refused c.yml:3:38: no node satisfies the constraint `node.labels.zone!=a` of the service `b`; change it, or give a node that label or role
    refused c.yml:4:38: Swarm knows no constraint `node.lables.zone==a`; compare `node.role`, `node.hostname`, `node.id`, `node.ip`, `node.labels.…`, `node.platform.os`, `node.platform.arch` or `engine.labels.…` by `==` or `!=`
    refused c.yml:5:3: no node can run the image of the service `d`, which is for linux/arm64; build it for the nodes' platform, or add such a node
    refused c.yml:6:3: the service `e` wants 3 tasks, but at most 2 a node, and only 1 can run it; lower `replicas` or raise `max_replicas_per_node`
    ");
}

#[test]
fn constraints_that_no_node_satisfies_together_are_refused() {
    let services =
        "\n  a: {image: x, deploy: {placement: {constraints: [node.role==worker, node.id==n1]}}}\n";
    insta::assert_snapshot!(said(services, &two_nodes()), @"refused c.yml:2:38: no node satisfies all constraints of the service `a` at once; take one of them out");
}

#[test]
fn a_node_that_is_down_is_waited_for() {
    let mut facts = two_nodes();
    facts.nodes[1].takes_tasks = false;
    let services = "\n  a: {image: x, deploy: {placement: {constraints: [node.role==worker]}}}\n";
    insta::assert_snapshot!(said(services, &facts), @"note c.yml:2:38: the service `a` waits until one of its nodes is up and takes tasks: host-n2");
}

#[test]
fn what_the_engine_is_too_old_for_is_told() {
    let web = "
  web:
    image: x
    security_opt: [no-new-privileges]
    oom_score_adj: 5
    healthcheck: { test: a, start_interval: 1s }
    volumes: [{ type: volume, target: /a, volume: { subpath: b } }]
  db: { image: x, security_opt: ['label=disable'] }
";
    let with = |api_minor| {
        let notes = check(web, &ClusterFacts { api_minor, ..facts() }).notes;
        notes.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let told = |key: &str, docker: u16| {
        format!(
            "c.yml:2:3: the service `web` asks for `{key}`, which this engine leaves out; it needs Docker {docker} or newer"
        )
    };
    let old = [
        told("security_opt", 25),
        told("healthcheck.start_interval", 25),
        told("volumes.volume.subpath", 26),
        told("oom_score_adj", 27),
    ];
    assert_eq!(with(Some(41)), old);
    assert_eq!(with(Some(45)), old[3..]);
    assert_eq!(with(Some(46)), [""; 0]);
    assert_eq!(with(None), [""; 0]);
}

#[test]
fn subnets_that_overlap_are_refused() {
    let services = "
  web: {image: x, networks: [a, b, c, d]}
networks:
  a: {ipam: {config: [{subnet: 10.0.0.0/16}]}}
  b: {ipam: {config: [{subnet: 10.1.0.0/24}]}}
  c: {ipam: {config: [{subnet: 10.1.0.128/25}]}}
  d: {ipam: {config: [{subnet: 'fd00::/64'}]}}
";
    let mut facts = facts();
    // What is there already of the stack itself does not overlap with itself.
    let own = NetworkFacts { swarm: true, subnets: vec!["10.1.0.0/24".to_owned()] };
    facts.networks.insert("shop_b".to_owned(), own);
    insta::assert_snapshot!(said(services, &facts), @"
    refused c.yml:4:3: the subnet 10.0.0.0/16 of the network `shop_a` overlaps 10.0.1.0/24 of `public`; choose another, or leave it to Swarm
    refused c.yml:6:3: the subnet 10.1.0.128/25 of the network `shop_c` overlaps 10.1.0.0/24 of `shop_b`; choose another, or leave it to Swarm
    ");
}

#[test]
fn a_port_of_every_node_can_be_had_once() {
    let services = "
  a: {image: x, ports: ['80:80']}
  b: {image: x, ports: ['81:80']}
  c: {image: x, ports: ['81:81', '82:82/udp']}
";
    let mut facts = facts();
    facts.ports = vec![taken(80, "other", None), taken(82, "other", None)];
    insta::assert_snapshot!(said(services, &facts), @"
    refused c.yml:2:25: port 80/tcp is published by the service `other_web` already; choose another for the service `a`
    refused c.yml:4:25: the services `b` and `c` both publish port 81/tcp on every node; give one of them another
    ");
}

#[test]
fn a_port_of_the_tasks_node_can_be_had_once_a_node() {
    let services = "
  a: {image: x, ports: [{target: 80, published: 80, mode: host}]}
  b: {image: x, ports: [{target: 80, published: 81, mode: host}], scale: 3}
  c: {image: x, ports: [{target: 80, published: 82, mode: host}], scale: 2}
  d: {image: x, ports: [{target: 80, published: 83, mode: host}], deploy: {mode: global, update_config: {order: start-first}}}
  e: {image: x, ports: [{target: 80, published: 83, mode: host}]}
";
    let mut facts = two_nodes();
    facts.ports = vec![taken(80, "other", Some(&["n1", "n2"])), taken(82, "other", Some(&["n2"]))];
    insta::assert_snapshot!(said(services, &facts), @"
    refused c.yml:2:25: port 80/tcp is taken by the service `other_web` on every node that could run the service `a`; choose another
    refused c.yml:3:25: port 81/tcp is there once on each node, but the service `b` wants it for 3 tasks on 2; lower `replicas`, or use `deploy.mode: global`
    refused c.yml:4:25: port 82/tcp is left on 1 nodes (it is taken by the service `other_web`), but the service `c` wants it for 2 tasks; choose another
    refused c.yml:6:25: the services `d`, `e` want port 83/tcp for 3 tasks, but it is there once on each of 2 nodes; give one of them another
    note c.yml:5:25: updates of the service `d` will get stuck: a new task can't start first while the old one has port 83/tcp; use `order: stop-first`
    ");
}

#[test]
fn without_ipvs_a_port_of_every_node_is_refused_and_virtual_addresses_are_warned_of() {
    let services = "
  web: {image: x, ports: ['80:80']}
  db: {image: x, deploy: {endpoint_mode: vip}}
  ok: {image: x, deploy: {endpoint_mode: dnsrr}}
  host: {image: x, network_mode: host}
";
    let without = ClusterFacts { ipvs: Some(false), ..facts() };
    insta::assert_snapshot!(said(services, &without), @"
    refused c.yml:2:27: port 80 of the service `web` would be published on every node, but the kernel here lacks IPVS, so nobody could reach it; write it with `mode: host`, or load ip_vs
    note c.yml:3:42: other services can't reach `db`, `web` by name, because the kernel here lacks IPVS, which virtual addresses need; set `deploy.endpoint_mode: dnsrr`, or load ip_vs
    ");
    let others = ClusterFacts { ipvs: Some(false), ..two_nodes() };
    assert_eq!(check(services, &others).complaints, []);
    assert_eq!(said(services, &ClusterFacts { ipvs: None, ..facts() }), "");
}

#[test]
fn a_network_that_a_node_cannot_encrypt_is_refused_where_it_spans_nodes() {
    let services = |constraint: &str| {
        format!(
            "
  a: {{image: x, networks: [quiet, open], deploy: {{placement: {{constraints: [{constraint}]}}}}}}
networks:
  open: {{}}
  quiet: {{driver_opts: {{encrypted: ''}}}}
"
        )
    };
    let mut without = ClusterFacts { esp: Some(false), ..two_nodes() };
    without.nodes[0].asked = true;
    insta::assert_snapshot!(said(&services(""), &without), @"refused c.yml:5:3: the network `shop_quiet` is encrypted, but the kernel of the node `host-n1` lacks IPsec's ESP, so tasks there would reach none on other nodes; load esp4 there, take `encrypted` out, or keep its services off that node or on it alone by a constraint");
    for elsewhere in ["node.hostname==host-n1", "node.hostname!=host-n1"] {
        assert_eq!(said(&services(elsewhere), &without), "", "{elsewhere}");
    }
    for esp in [Some(true), None] {
        assert_eq!(said(&services(""), &ClusterFacts { esp, ..without.clone() }), "");
    }
    // One node alone sends nothing to another.
    without.nodes.truncate(1);
    assert_eq!(said(&services(""), &without), "");
}

#[test]
fn more_than_any_node_has_is_refused() {
    let services = "
  a: {image: x, mem_reservation: 5g}
  b: {image: x, deploy: {resources: {reservations: {memory: 4g, cpus: 2.5}}}}
";
    insta::assert_snapshot!(said(services, &facts()), @"
    refused c.yml:2:17: the service `a` reserves 5120 MiB of memory a task, but no node that can run it has more than 4096 MiB; reserve less
    refused c.yml:3:38: the service `b` reserves 2.5 CPUs a task, but no node that can run it has more than 2; reserve less
    ");
}

#[test]
fn a_host_that_another_stack_answers_for_is_refused() {
    let services = "
  web: {image: x, x-berth: {routes: [{port: 80}, {port: 80, path: /api}]}}
";
    let route = |path: &str, stack: &str| Held {
        stack: stack.to_owned(),
        claim: Claim {
            protocol: Protocol::Http,
            entrypoints: Vec::new(),
            host: "shop.localhost".to_owned(),
            path: path.to_owned(),
        },
    };
    let routes = vec![route("/", "shop"), route("/api", "other"), route("/x", "other")];
    insta::assert_snapshot!(said(services, &ClusterFacts { routes, ..facts() }), @"refused c.yml:2:50: the stack `other` has `shop.localhost/api` already; give the route another host or path, or remove that stack");
}
