//! From files to stacks, rule by rule.

use std::io;

use berth_domain::build::BuildContext;
use berth_domain::ids::StackName;
use berth_domain::stack::{Mode, MountKind, StackSpec};

use crate::load::{Settings, Source, Variables, load};
use crate::{Complaint, Note, Reading, StackContext};

mod depends;
pub(crate) mod everything;
mod jobs;
mod laws;
mod refused;
mod rollouts;

pub(crate) fn context() -> StackContext {
    StackContext {
        stack: StackName::parse("st").unwrap(),
        images: [("built".to_owned(), "berth/st-built:0123456789ab".to_owned())].into(),
        public_network: Some("berth_public".to_owned()),
        entrypoints: vec!["web".to_owned()],
        tls_entrypoints: vec!["websecure".to_owned()],
        bind_root: None,
        restrictions: None,
    }
}

fn variables() -> Variables {
    [("BERTH_HOST", "shop.localhost"), ("FROM_ENV", "given"), ("HOME", "/root")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

fn beside(path: &str) -> io::Result<Vec<u8>> {
    match path {
        "cfg.txt" => Ok(b"hello-config\n".to_vec()),
        "sec.txt" => Ok(b"hello-secret\n".to_vec()),
        "app.env" => Ok(b"FROM_FILE=file-value\nTRAIL=text # no\nOVERRIDDEN=from-file\n".to_vec()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

type Converted = Result<(StackSpec, Vec<Note>), Vec<Complaint>>;

fn convert(texts: &[&str], reading: Reading, context: &StackContext) -> Converted {
    let name = |index: usize| match index {
        0 => "compose.yml".to_owned(),
        index => format!("compose.{index}.yml"),
    };
    let files: Vec<Source> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| Source { path: name(index), text: (*text).to_owned() })
        .collect();
    load(&files, &beside, &variables(), &Settings { reading, ..Settings::default() })?
        .to_stack(context)
}

pub(crate) fn good(text: &str) -> StackSpec {
    convert(&[text], Reading::Compose, &context()).unwrap().0
}

fn as_docker(texts: &[&str]) -> StackSpec {
    let context = StackContext { bind_root: Some("/srv/example".to_owned()), ..context() };
    convert(texts, Reading::Stack, &context).unwrap().0
}

/// Every complaint about the text, a line each.
pub(crate) fn refused(text: &str) -> String {
    refused_in(text, Reading::Compose)
}

fn refused_in(text: &str, reading: Reading) -> String {
    let complaints = convert(&[text], reading, &context()).expect_err("must be refused");
    complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn notes(text: &str) -> String {
    let (_, notes) = convert(&[text], Reading::Compose, &context()).unwrap();
    notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_docker_leaves_out_compose_reads() {
    let text = "
services:
  web:
    image: x
    restart: 'no'
    tmpfs: [/run, '/cache:size=64m,mode=1770']
    shm_size: 64m
    group_add: [docker, 20]
    mem_limit: 1g
    cpus: 0.5
    pids_limit: 100
    scale: 3
    dns_opt: [use-vc]
    oom_score_adj: 100
    platform: linux/amd64
  job:
    image: x
    deploy: {mode: replicated-job, replicas: 2}
  host: {image: x, network_mode: host}
";
    let spec = good(text);
    let web = &spec.services["web"];
    assert_eq!(web.restart.as_ref().unwrap().condition, "none");
    assert_eq!(web.mode, Mode::Replicated { replicas: 3 });
    assert_eq!(web.groups, ["docker", "20"]);
    assert_eq!(web.oom_score_adj, Some(100));
    assert_eq!(web.placement.platforms, [("linux".to_owned(), "amd64".to_owned())]);
    assert_eq!(web.resources.limit_nano_cpus, Some(500_000_000));
    assert_eq!(web.resources.limit_memory, Some(1 << 30));
    assert_eq!(web.resources.limit_pids, Some(100));
    assert_eq!(web.dns_options, ["use-vc"]);
    let memory: Vec<_> = web.mounts.iter().map(|m| (m.target.as_str(), &m.kind)).collect();
    assert_eq!(
        memory,
        [
            ("/run", &MountKind::Tmpfs { size: None, mode: None }),
            ("/cache", &MountKind::Tmpfs { size: Some(64 << 20), mode: Some(0o1770) }),
            ("/dev/shm", &MountKind::Tmpfs { size: Some(64 << 20), mode: None }),
        ]
    );
    let job = Mode::ReplicatedJob { max_concurrent: 2, total_completions: 2 };
    assert_eq!(spec.services["job"].mode, job);
    assert_eq!(spec.services["host"].networks[0].network, "host");
    assert!(spec.services["host"].networks[0].aliases.is_empty());

    let taken = "
services:
  web: {image: x, restart: 'no', tmpfs: /run, shm_size: 64m, oom_score_adj: 100}
  host: {image: x, network_mode: host}
";
    let docker = as_docker(&[taken]);
    let web = &docker.services["web"];
    assert_eq!((web.restart.as_ref(), web.oom_score_adj, web.mounts.len()), (None, None, 0));
    assert_eq!(docker.services["host"].networks[0].network, "st_default");
}

#[test]
fn a_service_that_was_built_runs_what_was_built() {
    let text = "
services:
  built: {build: ./api, image: registry.local/api}
  other: {build: {context: web, dockerfile: deploy/Dockerfile, target: run, args: [A=1, FROM_ENV, NONE]}, image: nginx}
";
    let spec = good(text);
    assert_eq!(spec.services["built"].image, "berth/st-built:0123456789ab");
    assert_eq!(spec.services["built"].written_image, "berth/st-built:0123456789ab");
    assert_eq!(spec.services["other"].image, "nginx:latest");
    assert_eq!(spec.services["other"].written_image, "nginx");

    let source = Source { path: "deploy/compose.yml".to_owned(), text: text.to_owned() };
    let loaded = load(&[source], &beside, &variables(), &Settings::default()).unwrap();
    insta::assert_debug_snapshot!(loaded.builds(), @r#"
    [
        Build {
            service: "built",
            context: Folder(
                "deploy/api",
            ),
            dockerfile: "Dockerfile",
            args: {},
            target: None,
            labels: {},
        },
        Build {
            service: "other",
            context: Folder(
                "deploy/web",
            ),
            dockerfile: "deploy/Dockerfile",
            args: {
                "A": "1",
                "FROM_ENV": "given",
            },
            target: Some(
                "run",
            ),
            labels: {},
        },
    ]
    "#);
}

#[test]
fn a_context_may_be_a_folder_of_another_repository() {
    let text = "
services:
  a: {build: 'https://git.example/o/r.git#v1:web'}
  b: {build: {context: github.com/o/r, dockerfile: D}}
";
    let source = Source { path: "compose.yml".to_owned(), text: text.to_owned() };
    let loaded = load(&[source], &beside, &variables(), &Settings::default()).unwrap();
    let contexts = loaded.builds().into_iter().map(|build| match build.context {
        BuildContext::Repository(remote) => remote.to_string(),
        BuildContext::Folder(folder) => panic!("{folder} is no folder"),
    });
    let wanted = ["https://git.example/o/r.git#v1:web", "https://github.com/o/r.git"];
    assert_eq!(contexts.collect::<Vec<_>>(), wanted);

    let text = "
services:
  a: {build: 'http://git.example/o/r.git'}
  b: {build: {context: 'https://me:secret@git.example/o/r.git'}}
  c: {build: 'https://git.example/o/r.tar.gz'}
  d: {build: {context: 'https://git.example/o/r.git#main:../x'}}
  e: {build: 'https://git.example/o/r.git#--upload-pack=x'}
";
    insta::assert_snapshot!(refused(text), @r#"
    compose.yml:3:14: `services.a.build` can't be fetched from: repositories are fetched by https only; write `https://host/owner/name.git`
    compose.yml:4:24: `services.b.build.context` can't be fetched from: an address with a credential in it would be read by many; take it out
    compose.yml:5:14: `services.c.build` can't be fetched from: the address of a git repository ends in `.git`, before `#branch:folder`
    compose.yml:6:24: `services.d.build.context` can't be fetched from: "../x" leads out of that repository
    compose.yml:7:14: `services.e.build` can't be fetched from: "--upload-pack=x" is no name of a branch, a tag or a commit
    "#);
}

#[test]
fn configs_and_secrets_are_named_after_their_content() {
    let with = |content: &str, more: &str| {
        let text = format!(
            "services: {{a: {{image: x, configs: [c], secrets: [s]}}}}\nconfigs: {{c: {{content: {content}{more}}}}}\nsecrets: {{s: {{environment: FROM_ENV}}}}"
        );
        let spec = good(&text);
        let names = (
            spec.services["a"].configs[0].name.clone(),
            spec.services["a"].secrets[0].name.clone(),
        );
        assert_eq!(spec.configs.keys().collect::<Vec<_>>(), [&names.0]);
        assert_eq!(spec.secrets.keys().collect::<Vec<_>>(), [&names.1]);
        names
    };
    let (config, secret) = with("one", "");
    // The first eight digits of the SHA-256 of `one` and of `given`.
    assert_eq!((config.as_str(), secret.as_str()), ("st_c_7692c3ad", "st_s_5b729e0f"));
    assert_eq!(with("one", "").0, config);
    assert_ne!(with("two", "").0, config);
    assert_ne!(with("one", ", template_driver: golang").0, config);
    assert_ne!(with("one", ", labels: {a: b}").0, config);
    assert_eq!(with("one", ", name: mine").0, "mine_7692c3ad");
    let long = "n".repeat(80);
    let cut = with("one", &format!(", name: {long}")).0;
    assert_eq!(cut.len(), 64);
    assert_ne!(with("one", &format!(", name: {long}n")).0, cut);
}

#[test]
fn later_files_are_laid_over_earlier_ones() {
    let base = "
services:
  web:
    image: a
    command: [one, two]
    read_only: true
    environment: {A: 1, B: 2}
    ports: ['80:8080', '443:8443']
    volumes: ['vol:/data', 'work:/w']
    cap_add: [NET_ADMIN]
    logging: {driver: json-file, options: {max-size: 1m}}
    healthcheck: {test: a, interval: 1s}
    deploy: {replicas: 3, update_config: {order: start-first}, labels: {x: 1}}
  gone: {image: g, volumes: ['work:/z', 'vol:/a']}
  both: {image: g, volumes: ['work:/z', 'vol:/a']}
volumes: {vol: {driver: d}, work: }
";
    let over = "
services:
  web:
    image: b
    read_only: false
    environment: {B: 3, C: 4}
    ports: ['80:9090', '81:81']
    volumes: ['/srv:/data:ro']
    cap_add: [SYS_TIME]
    logging: {options: {max-file: 2}}
    healthcheck: {interval: 2s}
    deploy: {replicas: 0, update_config: {parallelism: 4}, labels: {y: 2}}
  both: {image: n}
  new: {image: n}
volumes: {vol: {labels: {l: 1}}}
";
    let (spec, _) = convert(&[base, over], Reading::Compose, &context()).unwrap();
    assert_eq!(spec.services.keys().collect::<Vec<_>>(), ["both", "gone", "new", "web"]);
    // Docker sorts mounts as soon as two files name the service.
    let docker = as_docker(&[base, over]);
    let targets = |service: &str| {
        docker.services[service].mounts.iter().map(|m| m.target.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (targets("gone"), targets("both")),
        (vec!["/z".to_owned(), "/a".to_owned()], vec!["/a".to_owned(), "/z".to_owned()])
    );
    let web = &spec.services["web"];
    insta::assert_yaml_snapshot!(
        (&web.image, &web.command, web.read_only, &web.env, &web.ports, &web.mounts, &web.cap_add,
         &web.logging, &web.healthcheck, web.mode, &web.update, &web.labels),
        @r#"
    - "b:latest"
    - - one
      - two
    - false
    - A: "1"
      B: "3"
      C: "4"
    - - published: 80
        target: 9090
        protocol: tcp
        host: false
      - published: 81
        target: 81
        protocol: tcp
        host: false
      - published: 443
        target: 8443
        protocol: tcp
        host: false
    - - kind:
          kind: bind
          propagation: ~
        source: /srv
        target: /data
        read_only: true
        consistency: ~
      - kind:
          kind: volume
          no_copy: false
          subpath: ~
          labels: {}
          driver: ~
          external: false
        source: st_work
        target: /w
        read_only: false
        consistency: ~
    - - CAP_NET_ADMIN
      - CAP_SYS_TIME
    - name: json-file
      options:
        max-file: "2"
        max-size: 1m
    - test:
        - CMD-SHELL
        - a
      interval: 2000000000
      timeout: ~
      start_period: ~
      start_interval: ~
      retries: ~
    - kind: replicated
      replicas: 0
    - parallelism: 4
      delay: ~
      failure_action: pause
      monitor: ~
      max_failure_ratio: 0
      order: start-first
    - x: "1"
      y: "2"
    "#
    );
    // To `docker stack deploy`, a later `false` was not written.
    assert!(docker.services["web"].read_only);
}

#[test]
fn the_default_network_can_be_somebody_elses() {
    let spec =
        good("services: {a: {image: x}}\nnetworks: {default: {external: true, name: shared}}");
    assert_eq!(spec.services["a"].networks[0].network, "shared");
    assert!(spec.networks.is_empty());
    let spec =
        good("services: {a: {image: x, networks: [n]}}\nnetworks: {n: {external: {name: old}}}");
    assert_eq!(spec.services["a"].networks[0].network, "old");
}

#[test]
fn nobody_says_in_a_label_whose_an_object_is() {
    let text = "
services:
  web:
    image: x
    labels: {com.docker.stack.namespace: other, mine: '1'}
    volumes: ['data:/data']
    deploy: {labels: ['berth.instance=other', 'mine=2']}
volumes: {data: {labels: {berth.instance: other}}}
";
    let spec = good(text);
    let web = &spec.services["web"];
    assert_eq!(web.container_labels.keys().collect::<Vec<_>>(), ["mine"]);
    assert_eq!(web.labels.keys().collect::<Vec<_>>(), ["mine"]);
    let MountKind::Volume { labels, .. } = &web.mounts[0].kind else { panic!("a volume") };
    assert!(labels.is_empty());
    insta::assert_snapshot!(notes(text), @"
    compose.yml:5:5: the label `com.docker.stack.namespace` is ignored: Berth sets it itself
    compose.yml:7:14: the label `berth.instance` is ignored: Berth sets it itself
    compose.yml:8:18: the label `berth.instance` is ignored: Berth sets it itself
    ");
}
