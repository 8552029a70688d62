//! `cargo xtask nodes`: Berth on a Swarm of three real engines, which lose their
//! power and their cables; that itself is `tests/src/nodes`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::demo::{start, with_engine};
use crate::provision::engine::docker;
use crate::provision::{self, images, is_root};
use crate::shell::{has, output, program, quietly, run as run_program, scratch, step};
use crate::{frontend, image};

/// Berth's image, and its other name, for an upgrade.
const BERTH: [&str; 2] = ["berth-nodes:1", "berth-nodes:2"];
/// The image of the PostgreSQL that is on this machine.
const POSTGRES: &str = "berth-nodes-postgres:1";

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only what has this in its name: `lose`, `leader`, `cut`, `upgrade`, `volumes`
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// Use Berth's image as the last run made it
    #[arg(long)]
    keep_image: bool,
}

/// Builds, makes the images and runs it. The last line is an object with the
/// figures.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if !is_root() {
        bail!("engines in network namespaces need root");
    }
    provision::for_demo()?;
    provision::for_image()?;
    for name in ["dockerd", "ip", "nsenter", "unshare"] {
        if !has(name) {
            bail!("there is no {name}: install Docker's engine, iproute2 and util-linux");
        }
    }
    step("Build the trials", || {
        let packages = ["--package", "berth-tests", "--bin", "nodes"];
        run_program(program("cargo").args(["build", "--quiet"]).args(packages))
    })?;
    frontend::build()?;
    let berth = step("Build Berth, linked statically", || image::compile(true))?;
    with_engine(|host| {
        let tar = prepare(host, &berth, args.keep_image)?;
        let tar = tar.display().to_string();
        let mut words = vec![tar.as_str(), BERTH[0], BERTH[1], POSTGRES];
        if let Some(only) = &args.only {
            words.extend(["--only", only]);
        }
        start("nodes", host, &words)
    })
}

/// Puts every image that the nodes run into one tar.
fn prepare(host: &str, berth: &Path, keep: bool) -> anyhow::Result<PathBuf> {
    let folder = scratch().join("images");
    let there = |name: &str| output(docker(host).args(["image", "inspect", name])).is_ok();
    if !(keep && there(BERTH[0])) {
        step("Make Berth's image", || {
            image::collect(berth, &folder.join("berth"))?;
            image::import(host, &folder.join("berth"), BERTH[0])
        })?;
    }
    quietly(docker(host).args(["tag", BERTH[0], BERTH[1]]))?;
    if !there(POSTGRES) {
        step("Make an image of PostgreSQL", || postgres(host, &folder.join("postgres")))?;
    }
    let tar = folder.join("nodes.tar");
    step("Put the images into a tar", || {
        let names = [BERTH[0], BERTH[1], POSTGRES, images::TRAEFIK, images::BASE];
        quietly(docker(host).arg("save").arg("--output").arg(&tar).args(names))
    })?;
    Ok(tar)
}

/// What the official image would do with the variables of the stack file.
const ENTRYPOINT: &str = r#"#!/bin/sh
set -e
data=/var/lib/postgresql/data
chown postgres "$data" /run/postgresql
chmod 700 "$data"
if [ ! -s "$data/PG_VERSION" ]; then
  cp "$POSTGRES_PASSWORD_FILE" /tmp/password && chown postgres /tmp/password
  su postgres -c "initdb --pgdata=$data --username=$POSTGRES_USER --pwfile=/tmp/password --encoding=UTF8 --no-locale --auth=scram-sha-256 --auth-local=trust"
  rm /tmp/password
  echo "host all all all scram-sha-256" >>"$data/pg_hba.conf"
  echo "create database $POSTGRES_DB" | su postgres -c "postgres --single -D $data postgres"
fi
exec su postgres -c "exec postgres -D $data -c listen_addresses='*'"
"#;

/// The PostgreSQL of this machine with a shell, as an image that takes what the
/// official one does.
fn postgres(host: &str, folder: &Path) -> anyhow::Result<()> {
    let bin = provision::postgres_bin().context("there are no PostgreSQL programs")?;
    let config = PathBuf::from(&bin).join("pg_config");
    let ask = |what: &str| output(program(&config.to_string_lossy()).arg(what));
    let (share, library) = (ask("--sharedir")?, ask("--pkglibdir")?);
    images::fresh(folder)?;
    images::busybox(folder)?;
    let mut programs = Vec::new();
    for name in ["postgres", "initdb", "pg_isready", "psql"] {
        programs.push(PathBuf::from(&bin).join(name));
    }
    for path in &programs {
        image::copy(path, folder, path)?;
        image::libraries(path)?.iter().try_for_each(|it| image::copy(it, folder, it))?;
    }
    for (from, kept) in [(&share, ""), (&library, "*.so")] {
        let to = folder.join(from.trim_start_matches('/'));
        std::fs::create_dir_all(&to)?;
        let all = if kept.is_empty() { ".".to_owned() } else { kept.to_owned() };
        let copy = format!("cd {from} && cp -rL {all} {}", to.display());
        quietly(program("sh").args(["-c", &copy]))?;
    }
    // Compiling queries to machine code needs a library that is larger than all else.
    let bitcode = folder.join(library.trim_start_matches('/')).join("llvmjit.so");
    if bitcode.exists() {
        std::fs::remove_file(bitcode)?;
    }
    for library in libraries_beside(Path::new(&library))? {
        image::copy(&library, folder, &library)?;
    }
    for dir in ["var/lib/postgresql/data", "run/postgresql", "usr/share/zoneinfo"] {
        std::fs::create_dir_all(folder.join(dir))?;
    }
    quietly(program("sh").args([
        "-c",
        &format!("cp -rL /usr/share/zoneinfo/. {}", folder.join("usr/share/zoneinfo").display()),
    ]))?;
    std::os::unix::fs::symlink("/run", folder.join("var/run"))?;
    let users = "root:x:0:0:root:/root:/bin/sh\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\n";
    std::fs::write(folder.join("etc/passwd"), users)?;
    std::fs::write(folder.join("etc/group"), "root:x:0:\npostgres:x:999:\n")?;
    let entrypoint = folder.join("start");
    std::fs::write(&entrypoint, ENTRYPOINT)?;
    quietly(program("chmod").arg("755").arg(&entrypoint))?;
    let path = format!("ENV PATH={bin}:/bin PGHOST=127.0.0.1");
    images::import(host, folder, POSTGRES, &["ENTRYPOINT [\"/start\"]", &path])
}

/// What the server's own plug-ins need.
fn libraries_beside(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for name in ["plpgsql.so", "dict_snowball.so", "libpqwalreceiver.so"] {
        let plugin = folder.join(name);
        if plugin.exists() {
            all.extend(image::libraries(&plugin)?);
        }
    }
    Ok(all)
}
