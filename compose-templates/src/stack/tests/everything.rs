//! A file with everything that `docker stack deploy` takes.

use super::as_docker;

/// What `docker stack deploy` of CLI 28.2 sends for this file was recorded; the
/// snapshot was compared with it key by key.
pub(crate) const EVERYTHING: &str = r#"
version: "3.13"
x-common: &common
  LOG: "info"
services:
  web:
    image: bb
    command: sh -c "mkdir -p /www; exec httpd -f -p 80 -h /www"
    entrypoint: ["/bin/env", "X=1"]
    hostname: "{{.Service.Name}}-{{.Task.Slot}}"
    user: "0:0"
    working_dir: /tmp
    environment:
      <<: *common
      NUM: 3
      EMPTY: ""
      NULLVAL:
      FROM_ENV:
      INTERP: ${RS_VAR:-default}
      DOLLAR: "$$HOME"
      OVERRIDDEN: from-env
    env_file: app.env
    labels: {container.label: c}
    extra_hosts: ["db.local:10.0.0.9", "v6=[::1]"]
    dns: [1.1.1.1]
    dns_search: example.com
    init: true
    read_only: false
    stdin_open: true
    stop_grace_period: 1m30s
    stop_signal: SIGQUIT
    cap_add: [net_admin, CAP_SYS_TIME]
    cap_drop: [mknod, NET_ADMIN]
    sysctls: {net.core.somaxconn: 1024}
    ulimits:
      nproc: 65535
      nofile: {soft: 1000, hard: 2000}
    isolation: default
    healthcheck:
      test: wget -qO- http://127.0.0.1/ || exit 1
      interval: 2s
      timeout: 1s
      retries: 3
      start_period: 0s
    logging: {driver: json-file, options: {max-size: "10m", max-file: 3}}
    tmpfs: /run
    privileged: true
    restart: always
    depends_on: [other]
    networks:
      back:
        aliases: [webalias]
        driver_opts: {foo: bar}
        ipv4_address: 10.99.0.5
      front: {}
    ports:
      - {target: 81, published: 18081, protocol: udp, mode: host}
      - {target: 80, published: 18080, mode: host}
    configs:
      - {source: cfg, target: /etc/cfg.txt, mode: 0440, uid: "103"}
      - cfg2
    secrets: [sec]
    volumes:
      - data:/data
      - named:/named:ro,nocopy
      - /anon
      - ./bind:/bind:ro
      - {type: tmpfs, target: /tmpfs, tmpfs: {size: 1048576}}
      - {type: volume, source: ext, target: /ext, volume: {nocopy: true, subpath: sub}}
      - {type: bind, source: /tmp, target: /hosttmp, bind: {propagation: rslave}, consistency: cached}
    deploy:
      endpoint_mode: dnsrr
      labels: {traefik.enable: "true", num: 5}
      update_config: {parallelism: 2, delay: 1s, failure_action: rollback, monitor: 3s, max_failure_ratio: 0.1, order: start-first}
      rollback_config: {parallelism: 0}
      resources:
        limits: {cpus: "0.50", memory: 50M, pids: 100}
        reservations: {cpus: "0.01", memory: 20m}
      restart_policy: {condition: on-failure, delay: 5s, max_attempts: 3, window: 120s}
      placement:
        constraints: ["node.role==manager", "node.platform.os == linux"]
        preferences: [{spread: node.labels.zone}]
        max_replicas_per_node: 1
networks:
  back:
    driver: overlay
    driver_opts: {encrypted: "false", com.docker.network.driver.mtu: 1400}
    attachable: true
    internal: true
    labels: {n: 1}
    ipam: {driver: default, config: [{subnet: 10.99.0.0/24}]}
  front: {name: rs-front-custom}
  unused: {}
volumes:
  data: {driver: local, driver_opts: {type: tmpfs, o: size=1m}, labels: {v: "1"}}
  named: {name: rs-named-vol}
  ext: {external: true, name: rs-ext-vol}
configs:
  cfg: {file: ./cfg.txt, labels: {k: v}}
  cfg2: {file: ./cfg.txt, name: rs-cfg2-v1, template_driver: golang}
secrets:
  sec: {file: ./sec.txt}
"#;

#[test]
fn a_file_with_everything_becomes_what_docker_makes_of_it() {
    let spec = as_docker(&[EVERYTHING]);
    for service in spec.services.values() {
        assert_eq!(**service, service.canonical());
    }
    insta::assert_yaml_snapshot!(spec.services, @r#"
    web:
      image: "bb:latest"
      written_image: bb
      labels:
        num: "5"
        traefik.enable: "true"
      container_labels:
        container.label: c
      entrypoint:
        - /bin/env
        - X=1
      command:
        - sh
        - "-c"
        - mkdir -p /www; exec httpd -f -p 80 -h /www
      hostname: "{{.Service.Name}}-{{.Task.Slot}}"
      working_dir: /tmp
      user: "0:0"
      groups: []
      env:
        DOLLAR: $HOME
        EMPTY: ""
        FROM_ENV: given
        FROM_FILE: file-value
        INTERP: default
        LOG: info
        NULLVAL: ~
        NUM: "3"
        OVERRIDDEN: from-env
        TRAIL: "text # no"
      hosts:
        - 10.0.0.9 db.local
        - "::1 v6"
      dns:
        - 1.1.1.1
      dns_search:
        - example.com
      dns_options: []
      healthcheck:
        test:
          - CMD-SHELL
          - "wget -qO- http://127.0.0.1/ || exit 1"
        interval: 2000000000
        timeout: 1000000000
        start_period: ~
        start_interval: ~
        retries: 3
      stop_grace_period: 90000000000
      stop_signal: SIGQUIT
      init: true
      tty: false
      stdin_open: true
      read_only: false
      isolation: ~
      cap_add:
        - CAP_NET_ADMIN
        - CAP_SYS_TIME
      cap_drop:
        - CAP_MKNOD
      sysctls:
        net.core.somaxconn: "1024"
      ulimits:
        nofile:
          - 1000
          - 2000
        nproc:
          - 65535
          - 65535
      oom_score_adj: ~
      credential_spec: ~
      mounts:
        - kind:
            kind: volume
            no_copy: false
            subpath: ~
            labels:
              v: "1"
            driver:
              name: local
              options:
                o: size=1m
                type: tmpfs
            external: false
          source: st_data
          target: /data
          read_only: false
          consistency: ~
        - kind:
            kind: volume
            no_copy: true
            subpath: ~
            labels: {}
            driver: ~
            external: false
          source: rs-named-vol
          target: /named
          read_only: true
          consistency: ~
        - kind:
            kind: volume
            no_copy: false
            subpath: ~
            labels: {}
            driver: ~
            external: false
          source: ~
          target: /anon
          read_only: false
          consistency: ~
        - kind:
            kind: bind
            propagation: ~
          source: /srv/example/bind
          target: /bind
          read_only: true
          consistency: ~
        - kind:
            kind: tmpfs
            size: 1048576
            mode: ~
          source: ~
          target: /tmpfs
          read_only: false
          consistency: ~
        - kind:
            kind: volume
            no_copy: true
            subpath: sub
            labels: {}
            driver: ~
            external: true
          source: rs-ext-vol
          target: /ext
          read_only: false
          consistency: ~
        - kind:
            kind: bind
            propagation: rslave
          source: /tmp
          target: /hosttmp
          read_only: false
          consistency: ~
      configs:
        - name: rs-cfg2-v1_517e7940
          target: cfg2
          uid: "0"
          gid: "0"
          mode: 292
        - name: st_cfg_b7fdd0c2
          target: /etc/cfg.txt
          uid: "103"
          gid: "0"
          mode: 288
      secrets:
        - name: st_sec_654f0604
          target: sec
          uid: "0"
          gid: "0"
          mode: 292
      networks:
        - network: rs-front-custom
          aliases:
            - web
          driver_opts: {}
        - network: st_back
          aliases:
            - webalias
            - web
          driver_opts:
            foo: bar
      logging:
        name: json-file
        options:
          max-file: "3"
          max-size: 10m
      mode:
        kind: replicated
        replicas: 1
      resources:
        limit_nano_cpus: 500000000
        limit_memory: 52428800
        limit_pids: 100
        reserve_nano_cpus: 10000000
        reserve_memory: 20971520
        reserve_generic: {}
      restart:
        condition: on-failure
        delay: 5000000000
        max_attempts: 3
        window: 120000000000
      placement:
        constraints:
          - node.role==manager
          - node.platform.os == linux
        spread:
          - node.labels.zone
        max_replicas_per_node: 1
        platforms: []
      update:
        parallelism: 2
        delay: 1000000000
        failure_action: rollback
        monitor: 3000000000
        max_failure_ratio: 0.1
        order: start-first
      rollback:
        parallelism: 0
        delay: ~
        failure_action: pause
        monitor: ~
        max_failure_ratio: 0
        order: stop-first
      endpoint_mode: dnsrr
      ports:
        - published: 18080
          target: 80
          protocol: tcp
          host: true
        - published: 18081
          target: 81
          protocol: udp
          host: true
    "#);
    insta::assert_yaml_snapshot!(spec.networks, @r#"
    rs-front-custom:
      driver: ""
      driver_opts: {}
      labels: {}
      internal: false
      attachable: false
      ipam_driver: ~
      subnets: []
    st_back:
      driver: ""
      driver_opts:
        com.docker.network.driver.mtu: "1400"
        encrypted: "false"
      labels:
        n: "1"
      internal: true
      attachable: true
      ipam_driver: ~
      subnets:
        - 10.99.0.0/24
    "#);
    let blobs: Vec<String> = spec.configs.keys().chain(spec.secrets.keys()).cloned().collect();
    insta::assert_debug_snapshot!(blobs, @r#"
    [
        "rs-cfg2-v1_517e7940",
        "st_cfg_b7fdd0c2",
        "st_sec_654f0604",
    ]
    "#);
}
