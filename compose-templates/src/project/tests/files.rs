//! `extends`, `include`, `.env` and profiles: files that name files.

use super::Repository;

#[test]
fn a_service_extends_others_of_its_file_and_of_other_files() {
    let files = Repository::new([
        (
            "app/compose.yml",
            "
services:
  a:
    extends: b
    environment: {A: a}
  b:
    extends: {service: base, file: ../shared/base.yml}
    environment: {B: b, C: !reset }
    command: [run]
",
        ),
        (
            "shared/base.yml",
            "
services:
  base:
    extends: {service: root}
    environment: [B=base, C=base]
    env_file: base.env
    volumes: ['./data:/data']
  root: {image: 'x:${TAG:-1}', init: true}
",
        ),
        ("shared/base.env", "FROM_FILE=1\n"),
    ]);
    let spec = files.good(&["app/compose.yml"]);
    let a = &spec.services["a"];
    assert_eq!(
        (a.image.as_str(), a.init, a.command.as_slice()),
        ("x:1", Some(true), &["run".to_owned()][..])
    );
    assert_eq!(a.env.keys().collect::<Vec<_>>(), ["A", "B", "FROM_FILE"]);
    assert_eq!(a.env["B"].as_deref(), Some("b"));
    // A path starts from the file that it is written in.
    assert_eq!(a.mounts[0].source.as_deref(), Some("/srv/shared/data"));
    assert_eq!(spec.services.keys().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn what_extends_nothing_or_itself_is_refused() {
    let files = Repository::new([
        (
            "c.yml",
            "
services:
  a: {image: x, extends: {service: b, file: d.yml}}
  c: {extends: c}
  d: {extends: nobody}
  e: {extends: {service: e, file: nowhere.yml}}
  f: {extends: {file: d.yml}}
  g: {extends: {service: g, file: 'https://example.com/c.yml'}}
  h: {extends: {service: h, file: d.yml, sevice: h}}
",
        ),
        ("d.yml", "services: {b: {extends: {service: a, file: c.yml}}, h: {image: x}}"),
    ]);
    insta::assert_snapshot!(files.refused(&["c.yml"]), @"
    d.yml:1:25: `services.b.extends` goes round in a circle: `a`, then `b`, then `a`
    c.yml:4:16: `services.c.extends` goes round in a circle: `c`, then `c`
    c.yml:5:16: `services.d.extends` names the service `nobody`, which that file does not have
    c.yml:6:35: `services.e.extends.file` names `nowhere.yml`, but there is no such file
    c.yml:7:16: `services.f.extends` needs a `service`
    c.yml:8:35: `services.g.extends.file` must be a file of this repository, not an address
    c.yml:9:42: `services.h.extends.sevice` is not a key of compose; is `service` meant?
    ");
}

#[test]
fn an_included_project_has_its_own_folder_and_variables() {
    let files = Repository::new([
        (
            "compose.yml",
            "
include:
  - db/compose.yml
  - path: [cache/compose.yml, cache/more.yml]
    project_directory: other
    env_file: [cache/c.env, cache/d.env]
services:
  web: {image: 'web:${TAG}', volumes: ['./w:/w']}
",
        ),
        (".env", "TAG=main\n"),
        (
            "db/compose.yml",
            "services: {db: {image: 'db:${TAG}-${DB}', volumes: ['./data:/d'], environment: [DB]}}\nvolumes: {v: }\n",
        ),
        ("db/.env", "TAG=db\nDB=${TAG}2\n"),
        (
            "cache/compose.yml",
            "include: [../db/compose.yml]\nservices: {cache: {image: 'c:${C}', env_file: e.env, volumes: ['./c:/c']}}\n",
        ),
        ("cache/more.yml", "services: {cache: {init: true}}\n"),
        ("cache/c.env", "C=1\nD=1\n"),
        ("cache/d.env", "C=${D}2\n"),
        ("other/e.env", "E=1\n"),
    ]);
    let spec = files.good(&["compose.yml"]);
    let images: Vec<_> = spec.services.values().map(|s| s.written_image.as_str()).collect();
    assert_eq!(images, ["c:12", "db:main-main2", "web:main"]);
    let sources: Vec<_> =
        spec.services.values().map(|s| s.mounts[0].source.as_deref().unwrap()).collect();
    assert_eq!(sources, ["/srv/other/c", "/srv/db/data", "/srv/w"]);
    assert_eq!(spec.services["db"].env["DB"].as_deref(), Some("main2"));
    assert_eq!((spec.services["cache"].init, spec.services["cache"].env.len()), (Some(true), 1));
}

#[test]
fn an_extended_service_may_come_from_an_included_file() {
    let files = Repository::new([
        ("c.yml", "include: [d/d.yml]\nservices: {a: {extends: base}}\n"),
        ("d/d.yml", "services: {base: {image: x, env_file: [{path: e.env}]}}\n"),
        ("d/e.env", "E=1\n"),
    ]);
    assert_eq!(files.good(&["c.yml"]).services["a"].env.len(), 1);
}

#[test]
fn what_is_included_conflicts_or_goes_round_is_refused() {
    let files = Repository::new([
        (
            "c.yml",
            "
include:
  - d.yml
  - {path: e.yml, env: f}
  - {env_file: f}
  - nowhere.yml
  - oci://example.com/app
services:
  a: {image: x}
  same: {image: s}
networks: {n: {internal: true}}
",
        ),
        ("d.yml", "services: {a: {image: y}, same: {image: s}}\nnetworks: {n: }\n"),
        ("e.yml", "include: [f.yml]\nservices: {e: {image: x}}\n"),
        ("f.yml", "include: [{path: c.yml}, e.yml]\n"),
    ]);
    insta::assert_snapshot!(files.refused(&["c.yml"]), @"
    c.yml:3:5: `include[0]` brings in `services.a`, which c.yml:9:3 defines otherwise; rename one, or change it in a file named after the included one in `path`
    c.yml:3:5: `include[0]` brings in `networks.n`, which c.yml:11:12 defines otherwise; rename one, or change it in a file named after the included one in `path`
    c.yml:4:19: `include[1].env` is not a key of compose; take it out
    f.yml:1:18: `include[0].path` goes round in a circle: `c.yml`, then `e.yml`, then `f.yml`, then `c.yml`
    f.yml:1:26: `include[1]` goes round in a circle: `e.yml`, then `f.yml`, then `e.yml`
    c.yml:5:5: `include[2]` needs a `path`
    c.yml:6:5: `include[3]` names `nowhere.yml`, but there is no such file
    c.yml:7:5: `include[4]` must be a file of this repository, not an address
    ");
}

#[test]
fn a_later_main_file_goes_over_what_the_first_includes() {
    let files = Repository::new([
        ("c.yml", "include: [d.yml]\n"),
        ("over.yml", "services: {d: {image: z}}\n"),
        ("d.yml", "services: {d: {image: y, init: true}}\n"),
    ]);
    let spec = files.good(&["c.yml", "over.yml"]);
    assert_eq!(
        (spec.services["d"].image.as_str(), spec.services["d"].init),
        ("z:latest", Some(true))
    );
}

#[test]
fn what_is_given_wins_over_the_env_file_beside_the_first_file() {
    let files = Repository::new([
        (
            "app/c.yml",
            "services: {a: {image: 'x:${TAG}', environment: [TAG, B, COMPOSE_PROJECT_NAME]}}\n",
        ),
        ("app/.env", "# beside the first file\nexport TAG=env\nB='${TAG}'\nC=\"${TAG}\"\n"),
    ]);
    let of = |variables: &[(&str, &str)]| {
        let (spec, _) = files.load(&["app/c.yml"], variables, &[]).unwrap();
        (spec.services["a"].written_image.clone(), spec.services["a"].env.clone())
    };
    let (image, env) = of(&[("BERTH_STACK", "shop")]);
    assert_eq!((image.as_str(), env["B"].as_deref()), ("x:env", Some("${TAG}")));
    assert_eq!(env["COMPOSE_PROJECT_NAME"].as_deref(), Some("shop"));
    assert_eq!(of(&[("TAG", "given")]).0, "x:given");
}

#[test]
fn a_bad_env_file_is_refused_by_name_and_line() {
    let files =
        Repository::new([("c.yml", "services: {a: {image: x}}\n"), (".env", "A=1\nno line\n")]);
    insta::assert_snapshot!(files.refused(&["c.yml"]), @".env:2:1: this is not a line like `NAME=value`");
}

#[test]
fn services_of_profiles_that_are_not_active_are_left_out() {
    let files = Repository::new([(
        "c.yml",
        "services: {a: {image: x}, b: {image: x, profiles: [dev, ci]}, c: {image: x, profiles: [dev]}}\n",
    )]);
    let of = |variables: &[(&str, &str)], profiles: &[&str]| {
        let (spec, notes) = files.load(&["c.yml"], variables, profiles).unwrap();
        let names: Vec<String> = spec.services.into_keys().collect();
        (names.join(""), notes.len())
    };
    assert_eq!(of(&[], &[]), ("a".to_owned(), 2));
    assert_eq!(of(&[], &["ci"]), ("ab".to_owned(), 1));
    assert_eq!(of(&[], &["*"]), ("abc".to_owned(), 0));
    assert_eq!(of(&[("COMPOSE_PROFILES", "x, dev")], &[]), ("abc".to_owned(), 0));
    // What is asked for wins over the variable.
    assert_eq!(of(&[("COMPOSE_PROFILES", "dev")], &["ci"]), ("ab".to_owned(), 1));
}

#[test]
fn templates_are_rendered_wherever_they_are_named() {
    let files = Repository::new([
        (
            "c.yml",
            "include: [d.yml.hbs]\nservices: {a: {extends: {service: e, file: e.yml.hbs}}}\n",
        ),
        ("d.yml.hbs", "services: {d: {image: 'x:{{TAG}}'}}\n"),
        ("e.yml.hbs", "services: {e: {image: 'y:{{TAG}}'}}\n"),
        (".env", "TAG=7\n"),
    ]);
    let spec = files.good(&["c.yml"]);
    let images: Vec<_> = spec.services.values().map(|s| s.written_image.as_str()).collect();
    assert_eq!(images, ["y:7", "x:7"]);
}
