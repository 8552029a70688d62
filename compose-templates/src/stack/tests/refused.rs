//! What is refused or ignored, and in which words.

use super::{notes, refused};

#[test]
fn what_swarm_can_not_do_is_refused_all_at_once() {
    let text = "
name: shop
services:
  web:
    image: Foo:BAR
    privileged: true
    devices: [/dev/kvm]
    network_mode: service:db
    pid: host
    ipc: host
    userns_mode: host
    hostnam: h
    ports: ['127.0.0.1:80:80', 90000]
    volumes: ['none:/x', '/x']
    deploy:
      mode: global
      replicas: two
      resources: {limits: {cpu: 1, memory: 1gi}}
      update_config: {order: first}
    init: 3
    healthcheck: {test: [curl]}
  db:
    restart: sometimes
    image: ${NOPE:?set it in the rule}
    command: 'sh -c \"open'
  empty:
secrets: {s: {file: nope.txt}, t: {}}
configs: {c: {environment: NOPE}}
foo: bar
";
    insta::assert_snapshot!(refused(text), @r#"
    compose.yml:24:12: `services.db.image`: the variable `NOPE` must have a value: set it in the rule
    compose.yml:12:5: `services.web.hostnam` is not a key of compose; is `hostname` meant?
    compose.yml:13:13: `services.web.ports[0]` is meant for 127.0.0.1 alone, but Swarm would publish it on every address of every node; leave the port out (services on one network reach it anyway), or leave the address out
    compose.yml:13:32: `services.web.ports[1]` is "90000", but a port is a number from 1 to 65535, or a range such as `8000-8010`
    compose.yml:17:17: `services.web.deploy.replicas` must be a whole number in range, but is "two"
    compose.yml:18:28: `services.web.deploy.resources.limits.cpu` is not a key of compose; is `cpus` meant?
    compose.yml:18:44: `services.web.deploy.resources.limits.memory` must be a size such as `512m` or `1g`, but is "1gi"
    compose.yml:19:30: `services.web.deploy.update_config.order` must be one of `stop-first`, `start-first`, but is "first"
    compose.yml:20:11: `services.web.init` must be `true` or `false`, but is 3
    compose.yml:21:18: `services.web.healthcheck.test` must start with `CMD`, `CMD-SHELL` or `NONE`, or be one line of text
    compose.yml:23:14: `services.db.restart` must be `"no"`, `always`, `unless-stopped`, `on-failure` or `on-failure:<attempts>`, but is "sometimes"
    compose.yml:25:14: `services.db.command` has a double quote that is not closed
    compose.yml:26:3: `services.empty` is empty; it needs an `image` or a `build` at least
    compose.yml:27:21: `secrets.s.file` names `nope.txt`, but there is no such file
    compose.yml:27:32: `secrets.t` needs one of `file`, `content` and `environment`, or `external: true`
    compose.yml:28:28: `configs.c.environment` names the variable `NOPE`, which is not set
    compose.yml:29:1: `foo` is not a key of compose; take it out
    "#);
}

#[test]
fn what_docker_leaves_out_is_left_out_with_a_note() {
    let text = "
services:
  web:
    image: x
    privileged: true
    devices: [/dev/kvm]
    network_mode: service:db
    pid: host
    ipc: host
    userns_mode: host
    cgroup_parent: /a
    external_links: [other]
  db: {image: x, privileged: false}
";
    insta::assert_snapshot!(notes(text), @"
    compose.yml:5:17: `services.web.privileged` is ignored: Swarm has no privileged services; name what is needed in `cap_add`
    compose.yml:6:5: `services.web.devices` is ignored: Swarm gives services no devices
    compose.yml:7:19: `services.web.network_mode` is ignored: Swarm's tasks share no network with a container, so this one is on a network of the stack
    compose.yml:8:5: `services.web.pid` is ignored: Swarm shares no process namespace between tasks
    compose.yml:9:5: `services.web.ipc` is ignored: Swarm shares no IPC namespace between tasks
    compose.yml:10:5: `services.web.userns_mode` is ignored: Swarm uses each node's user namespaces
    compose.yml:11:5: `services.web.cgroup_parent` is ignored: Swarm places tasks in control groups itself
    compose.yml:12:5: `services.web.external_links` is ignored: put both services on one network and use the service's name
    ");
}

#[test]
fn what_says_nothing_where_it_stands_is_told() {
    let text = "
services:
  web:
    image: x
    network_mode: host
    networks: [n]
    volumes:
      - v:/a:z,rw,ro
      - v:/b:rslave,cached
      - /c:/c:nocopy,Z,rshared
      - v:/d:whatever
      - {type: tmpfs, target: /e, source: v, bind: {propagation: shared}}
      - {type: bind, source: /f, target: /f, volume: {nocopy: true}, bind: {selinux: z}}
    tmpfs: ['/g:size=1m,noexec']
    security_opt: [systempaths=unconfined, seccomp=mine.json, 'label=type:t']
volumes: {v: }
networks: {n: {external: true, driver: overlay, labels: {a: b}, ipam: {config: [{aux_addresses: {a: 10.0.0.1}}]}}}
secrets: {s: {content: a, driver_opts: {a: b}}, e: {external: true, labels: {a: b}}}
";
    insta::assert_snapshot!(notes(text), @"
    compose.yml:8:9: `services.web.volumes[0]` has the option `z`, which is ignored: Swarm labels no folders
    compose.yml:9:9: `services.web.volumes[1]` has the option `rslave`, which is ignored: it is for folders of the node, and this is a volume
    compose.yml:10:9: `services.web.volumes[2]` has the option `nocopy`, which is ignored: nothing is ever copied into a folder of the node
    compose.yml:10:9: `services.web.volumes[2]` has the option `Z`, which is ignored: Swarm labels no folders
    compose.yml:11:9: `services.web.volumes[3]` has the option `whatever`, which is ignored: Docker knows none of this name
    compose.yml:12:35: `services.web.volumes[4].source` is ignored: the mount is of the type `tmpfs`
    compose.yml:12:46: `services.web.volumes[4].bind` is ignored: the mount is of the type `tmpfs`
    compose.yml:13:77: `services.web.volumes[5].bind.selinux` is ignored: Swarm labels no folders
    compose.yml:13:46: `services.web.volumes[5].volume` is ignored: the mount is of the type `bind`
    compose.yml:14:13: `services.web.tmpfs[0]` has the option `noexec`, which is ignored: Swarm knows `size` and `mode`
    compose.yml:15:20: `services.web.security_opt[0]` is ignored: the engine's own setting applies
    compose.yml:15:44: `services.web.security_opt[1]` is ignored: the engine's own setting applies
    compose.yml:3:3: `services.web.networks` is ignored: the service is on the network `host` by its `network_mode`
    compose.yml:17:82: `networks.n.ipam.config[0].aux_addresses` is ignored: Swarm keeps none; put `ip_range` around what is yours to give
    compose.yml:17:32: `networks.n.driver` is ignored: the network is external, and as it is
    compose.yml:17:49: `networks.n.labels` is ignored: the network is external, and as it is
    compose.yml:17:65: `networks.n.ipam` is ignored: the network is external, and as it is
    compose.yml:18:11: `secrets.s.driver_opts` is ignored: there is no `driver`
    compose.yml:18:49: `labels` and `template_driver` of `secrets.e` are ignored: it is external, and as it is
    ");
}

#[test]
fn what_can_not_be_is_told_with_the_variables_that_it_lacks() {
    let text = "
services:
  a: {image: 'x:${TAG}'}
  b: {image: x, ports: ['80:${TO}'], volumes: ['~/data:/data']}
  c: {image: 'x:${OTHER:?}${TAG}'}
";
    insta::assert_snapshot!(refused(text), @r#"
    compose.yml:5:14: `services.c.image`: the variable `OTHER` must have a value
    compose.yml:4:25: `services.b.ports[0]` is "80:", but a port is a number from 1 to 65535, or a range such as `8000-8010` (`TO` is not set)
    "#);
    let text = text.replace("c: {image: 'x:${OTHER:?}${TAG}'}", "").replace("${TO}", "80");
    insta::assert_snapshot!(refused(&text), @"compose.yml:3:14: `x:` is not an image's name; use `[host/]name[:tag]` in lower case (`TAG` is not set)");
}

#[test]
fn what_does_not_fit_together_is_refused_all_at_once() {
    let text = "
services:
  web:
    image: Foo:BAR
    networks: [nowhere]
    configs: [nothing, {source: c, target: t}, {source: d, target: t}]
    secrets: [nothing]
    volumes: ['none:/x', 'v:/y', 'v:/y', './folder:/z', 'v:relative']
    ports: ['80:80']
    deploy: {mode: global, replicas: 2, endpoint_mode: dnsrr}
    healthcheck: {disable: true, test: a}
  a.b: {image: x}
  job: {image: x, scale: 2, deploy: {mode: replicated-job, replicas: 3, update_config: {}}}
  unbuilt: {build: .}
  none: {hostname: x}
volumes: {v: }
configs: {c: {content: a}, d: {content: b}}
";
    insta::assert_snapshot!(refused(text), @"
    compose.yml:4:12: `Foo:BAR` is not an image's name; use `[host/]name[:tag]` in lower case
    compose.yml:5:16: the service `web` is on the network `nowhere`, which no file defines; add it under `networks`
    compose.yml:6:15: the config `nothing` is used, but no file defines it; add it under `configs`
    compose.yml:6:48: two configs appear at `t`; give one another `target`
    compose.yml:7:15: the secret `nothing` is used, but no file defines it; add it under `secrets`
    compose.yml:8:15: the volume `none` is mounted at `/x`, but no file defines it; add `none:` under `volumes`
    compose.yml:8:34: `/y` is mounted twice; keep one
    compose.yml:8:42: `./folder` is a folder of the repository, which no node has; put a single file into `configs`, many into the image, or data into a volume
    compose.yml:8:57: `relative` must be a full path in the container
    compose.yml:9:13: port 80 is published on every node, which needs `endpoint_mode: vip`; write it with `mode: host`
    compose.yml:10:38: a global service has one task on each node, so `replicas` must go
    compose.yml:12:3: `a.b` can't be the name of a service on Swarm; use letters, digits, hyphens and underscores, with a letter or digit at both ends
    compose.yml:13:70: `scale` is 2, but `deploy.replicas` is 3; keep one of both
    compose.yml:13:73: a job is never updated, so `update_config` must go
    compose.yml:14:13: the service `unbuilt` has a `build` but no `image`, and was not built; build it first, or name an image
    compose.yml:15:3: the service `none` has no image; set `image` or `build`
    ");
}

#[test]
fn what_is_ignored_is_told() {
    let text = "
name: shop
services:
  web:
    image: nginx:${TAG:-1}${NOPE}
    container_name: web
    depends_on: {db: {condition: service_healthy, required: false, restart: true}}
    expose: [80]
    links: [db]
    pull_policy: always
    ports: ['192.168.1.1:80:80']
    networks: {n: {ipv4_address: 10.0.0.3}}
  db: {image: x, profiles: [debug]}
networks: {n: {driver: bridge}}
";
    insta::assert_snapshot!(notes(text), @"
    compose.yml:5:12: the variable `NOPE` is not set, so nothing stands in its place
    compose.yml:2:1: `name` is ignored: the stack has a name already
    compose.yml:6:5: `services.web.container_name` is ignored: Swarm names its containers itself
    compose.yml:7:68: `services.web.depends_on.db.restart` is ignored: Swarm restarts no service because of another one's change
    compose.yml:9:5: `services.web.links` is ignored: services on one network find each other by name
    compose.yml:10:5: `services.web.pull_policy` is ignored: each node pulls the image that the stack names
    compose.yml:11:13: `services.web.ports[0]` is published on every address, not on 192.168.1.1 alone
    compose.yml:12:20: `services.web.networks.n.ipv4_address` is ignored: Swarm gives addresses itself
    compose.yml:13:3: `services.db` is left out: none of its profiles is active
    compose.yml:14:12: `networks.n` is an overlay network, since a bridge ends at its node
    ");
}
