//! The stack file that Berth is shipped with, read as a user's file is.

use std::path::Path;

use berth_domain::ids::StackName;
use berth_domain::stack::{EndpointMode, Mode, StackSpec};
use clap::Parser;

use crate::commands::stack::load::{FileArgs, Input};

#[derive(Debug, Parser)]
struct Probe {
    #[command(flatten)]
    files: FileArgs,
}

fn shipped(compat: &str, set: &[&str]) -> anyhow::Result<StackSpec> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/berth.stack.yaml");
    let path = path.to_string_lossy();
    let mut args = vec!["render", "--compat", compat, "-c", &path];
    args.extend(set.iter().flat_map(|variable| ["--set", variable]));
    let name = StackName::parse("berth").unwrap();
    Ok(Input::read(&Probe::try_parse_from(args)?.files)?.to_stack(&name)?.0)
}

const SET: &[&str] = &["BERTH_IMAGE=registry.example.org/berth:1", "BERTH_HOST=berth.example.org"];

#[test]
fn the_shipped_stack_is_the_same_to_docker_and_to_berth() {
    for compat in ["compose", "stack"] {
        let spec = shipped(compat, SET).unwrap();
        let names: Vec<&str> = spec.services.keys().map(String::as_str).collect();
        assert_eq!(names, ["berth", "postgres", "traefik"]);
        let berth = &spec.services["berth"];
        assert!(matches!(berth.mode, Mode::Replicated { replicas: 3 }), "{:?}", berth.mode);
        let env = |name: &str| berth.env[name].as_deref();
        assert_eq!(env("BERTH_SITE_URL"), Some("https://{host}"));
        assert_eq!(env("BERTH_PUBLIC_URL"), Some("https://berth.example.org"));
        assert_eq!(berth.labels["traefik.http.routers.berth.rule"], "Host(`berth.example.org`)");
        let update = berth.update.as_ref().unwrap();
        assert_eq!((update.parallelism, update.failure_action.as_str()), (1, "pause"));
    }
}

#[test]
fn dockers_socket_is_for_managers_and_nothing_is_tuned_to_one_kernel() {
    let spec = shipped("stack", SET).unwrap();
    for (name, service) in &spec.services {
        assert_eq!(service.endpoint_mode, EndpointMode::Vip, "{name}");
        let has_socket =
            service.mounts.iter().any(|mount| format!("{mount:?}").contains("docker.sock"));
        let on_managers = service
            .placement
            .constraints
            .iter()
            .any(|one| one.replace(' ', "") == "node.role==manager");
        assert_eq!(has_socket, on_managers, "{name}");
    }
}

#[test]
fn the_image_and_the_host_have_to_be_named() {
    let err = shipped("stack", &[]).unwrap_err().to_string();
    assert!(err.contains("BERTH_IMAGE") && err.contains("BERTH_HOST"), "{err}");
}
