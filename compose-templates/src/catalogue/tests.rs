//! Every template of the catalogue is what it says, whatever is put in.

use berth_domain::stack::{EndpointMode, Mode, StackSpec};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const SEED: [u8; 32] = [7; 32];

/// What is required, by the kind of variable.
fn sample(kind: &Kind) -> Value {
    match kind {
        Kind::String | Kind::Secret => json!("serve --now"),
        Kind::Int { min, .. } => json!(min),
        Kind::Bool => json!(true),
        Kind::Enum { values } => json!(values[0]),
        Kind::Host => json!("shop.example.org"),
        Kind::Image => json!("registry.example.org/acme/shop:1"),
        Kind::Port => json!(8080),
        Kind::Duration => json!("1m30s"),
        Kind::Size => json!("64m"),
    }
}

fn required(template: &Template) -> BTreeMap<String, Value> {
    let required = template.variables.iter().filter(|variable| variable.required);
    required.map(|variable| (variable.name.clone(), sample(&variable.kind))).collect()
}

fn all(template: &Template) -> BTreeMap<String, Value> {
    let all = template.variables.iter();
    // A path is the one kind of text that has a form of its own.
    let of = |variable: &Variable| match variable.default.as_deref() {
        Some(path) if path.starts_with('/') => json!("/healthz"),
        _ => sample(&variable.kind),
    };
    all.map(|variable| (variable.name.clone(), of(variable))).collect()
}

#[test]
fn a_folder_of_the_catalogue_is_a_template() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/catalogue");
    let mut folders: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut names: Vec<&str> = templates().iter().map(|template| template.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, folders);
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/templates.md");
    let document = std::fs::read_to_string(document).unwrap();
    for Template { name, description, .. } in templates() {
        let row = format!("| `{name}` | {description} |\n");
        assert!(document.contains(&row), "docs/templates.md lacks {row}");
    }
    for (name, declaration, _) in TEMPLATES {
        // Nothing is in the file that is not read.
        let file: Value = serde_json::from_str(declaration).unwrap();
        assert_eq!(serde_json::to_value(template(name).unwrap()).unwrap(), file, "{name}");
    }
}

#[test]
fn what_is_declared_is_what_is_used() {
    for template in templates() {
        for Variable { name, default, required, description, .. } in &template.variables {
            let at = format!("{}: {name}", template.name);
            assert!(name.chars().all(|c| c.is_ascii_uppercase() || c == '_'), "{at}");
            assert!(template.text.contains(name.as_str()), "{at} is not used");
            assert!(description.ends_with('.') && !description.contains('\n'), "{at}");
            assert!(!required || default.is_none(), "{at} is required and has a default");
        }
        for variable in &template.variables {
            if let Some(default) = &variable.default {
                let values = required(template)
                    .into_iter()
                    .chain([(variable.name.clone(), json!(default))])
                    .collect();
                assert_eq!(template.fill(&values, &SEED).map(drop), Ok(()), "{}", variable.name);
            }
        }
    }
}

fn stack(filled: &Filled) -> StackSpec {
    let mut variables: Variables = filled.secrets.clone();
    variables.insert("BERTH_HOST".to_owned(), "shop.localhost".to_owned());
    let file = Source { path: "c.yaml".to_owned(), text: filled.text.clone() };
    let nothing = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let loaded = load(&[file], &nothing, &variables, &Settings::default()).unwrap();
    loaded.to_stack(&crate::stack::tests::context()).unwrap().0
}

#[test]
fn every_template_becomes_a_stack() {
    for template in templates() {
        for values in [required(template), all(template)] {
            let filled = template.fill(&values, &SEED).unwrap();
            assert_eq!(filled.check(), Ok(Vec::new()), "{}", template.name);
            assert_eq!(crate::schema::tests::refused(&filled.text), [""; 0], "{}", template.name);
            for (name, service) in &stack(&filled).services {
                assert_eq!(**service, service.canonical(), "{}: {name}", template.name);
            }
        }
    }
}

#[test]
fn a_service_is_bounded_watched_and_replaced_without_a_gap() {
    for template in templates() {
        let filled = template.fill(&required(template), &SEED).unwrap();
        let spec = stack(&filled);
        for (name, service) in &spec.services {
            let at = format!("{}: {name}", template.name);
            assert!(service.resources.limit_memory.is_some(), "{at}");
            assert!(service.restart.is_some(), "{at}");
            assert_eq!(service.endpoint_mode, EndpointMode::Vip, "{at}");
            let update = service.update.as_ref();
            if spec.routes.iter().any(|route| &route.service == name) {
                assert!(service.healthcheck.is_some(), "{at}");
                assert_eq!(update.map(|update| update.order.as_str()), Some("start-first"), "{at}");
            } else if service.mounts.iter().any(|mount| mount.source.is_some()) {
                // Two on one volume would be one too many.
                assert!(service.healthcheck.is_some(), "{at}");
                assert_eq!(update.map(|update| update.order.as_str()), Some("stop-first"), "{at}");
            }
            if !matches!(service.mode, Mode::ReplicatedJob { .. }) {
                let action = update.map(|update| update.failure_action.as_str());
                assert_eq!(action, Some("rollback"), "{at}");
            }
        }
    }
}

#[test]
fn whatever_is_wrong_is_told_at_once_and_by_name() {
    let template = template("web-worker-postgres").unwrap();
    let values = json!({
        "IMAGE": "Not An Image",
        "PORT": 70_000,
        "HOST": "a b",
        "REPLICAS": "many",
        "MEMORY": ["64m"],
        "PROBE": "nc",
        "DATABASE_PASSWORD": "hunter2\nhunter3",
        "PORTT": "80",
        "ANYTHING": true,
    });
    let values = serde_json::from_value(values).unwrap();
    let wrong = template.fill(&values, &SEED).unwrap_err();
    let told: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    `IMAGE` must be an image's name such as `nginx:1.29-alpine`, but is "Not An Image"
    `WORKER_COMMAND` is missing; it must be one line of text, of at most 1024 bytes
    `PORT` must be a port from 1 to 65535, but is "70000"
    `HOST` must be a host name such as `shop.example.org`, but is "a b"
    `PROBE` must be one of `wget`, `curl`, `image`, but is "nc"
    `REPLICAS` must be a whole number from 1 to 100, but is "many"
    `MEMORY` must be a size such as `64m` or `1g`, but is a list or a mapping
    `DATABASE_PASSWORD` must be one line of text, of at most 1024 bytes
    `ANYTHING` is not a variable of this template; there are `IMAGE`, `COMMAND`, `WORKER_COMMAND`, `PORT`, `HOST`, `CHECK`, `PROBE`, `REPLICAS`, `WORKERS`, `MEMORY`, `POSTGRES_IMAGE`, `DATABASE`, `DATABASE_PASSWORD`, `DATABASE_SECRET`, `DATABASE_MEMORY`, `DATABASE_NODE`, `ENDPOINT_MODE`
    `PORTT` is not a variable of this template; is `PORT` meant?
    "#);
    assert!(!told.join("").contains("hunter"));
}

#[test]
fn a_secret_is_in_no_file_and_is_made_up_where_none_is_given() {
    let template = template("web-worker-postgres").unwrap();
    let mut values = required(template);
    let made_up = template.fill(&values, &SEED).unwrap();
    assert_eq!(made_up.made_up, ["DATABASE_PASSWORD"]);
    assert_eq!(made_up.secrets["DATABASE_PASSWORD"].len(), 32);
    assert_ne!(made_up.secrets, template.fill(&values, &[8; 32]).unwrap().secrets);

    values.insert("DATABASE_PASSWORD".to_owned(), json!("hunter2"));
    let given = template.fill(&values, &SEED).unwrap();
    assert_eq!((given.made_up.len(), given.secrets["DATABASE_PASSWORD"].as_str()), (0, "hunter2"));
    assert_eq!(given.text, made_up.text);

    values.insert("DATABASE_SECRET".to_owned(), json!("shop_database"));
    let elsewhere = template.fill(&values, &SEED).unwrap();
    assert_eq!((elsewhere.made_up.len(), elsewhere.secrets.len()), (0, 0));
    assert!(elsewhere.text.contains("external: true\n    name: \"shop_database\"\n"));
    assert!(!format!("{given:?}").contains("hunter2"));
    assert!(given.text.contains("environment: DATABASE_PASSWORD\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_value_breaks_out_of_its_place(value in "\\PC{1,60}", name in any::<prop::sample::Index>()) {
        for template in templates() {
            let texts: Vec<&Variable> =
                template.variables.iter().filter(|variable| variable.kind == Kind::String).collect();
            if texts.is_empty() {
                continue;
            }
            let variable = texts[name.index(texts.len())];
            let mut values = all(template);
            let shape = |text: &str| {
                let root = crate::yaml::parse(text, 0).unwrap();
                let services = root.value.as_map().unwrap()[0].value.clone();
                let services = services.value.as_map().unwrap().to_vec();
                let keys = services.iter().map(|service| {
                    let keys = service.value.value.as_map().unwrap().iter();
                    (service.key.clone(), keys.map(|key| key.key.clone()).collect::<Vec<_>>())
                });
                keys.collect::<Vec<_>>()
            };
            let plain = shape(&template.fill(&values, &SEED).unwrap().text);
            values.insert(variable.name.clone(), json!(value));
            let filled = template.fill(&values, &SEED).unwrap();
            prop_assert_eq!(shape(&filled.text), plain, "{} of {}", variable.name, template.name);
        }
    }
}
