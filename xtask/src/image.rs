//! `cargo xtask image`: Berth as an image that starts from nothing: the program,
//! linked statically, the certificates that it trusts, and git, which it runs.
//! ADR 0018 says why git is in it.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::frontend;
use crate::provision::engine::{self, docker};
use crate::provision::{self, images};
use crate::shell::{output, program, root, run as run_program, scratch, step};

/// Named, so that what runs while compiling is not linked like the program.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Where distributions keep the certificates that they trust.
const CERTIFICATES: &[&str] =
    &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The image's name
    #[arg(long, default_value = "berth:latest", value_name = "NAME")]
    tag: String,

    /// Compile quickly instead of well: for trying the image itself
    #[arg(long)]
    quick: bool,
}

/// Makes the image, and says how large it is.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    provision::for_image()?;
    if !engine::answers() {
        bail!(
            "no Docker engine answers, and the image has to be somewhere: name one with DOCKER_HOST"
        );
    }
    let host =
        std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    frontend::build()?;
    let berth = step("Build Berth, linked statically", || compile(args.quick))?;
    let folder = scratch().join("images/berth");
    step("Collect what goes with it", || collect(&berth, &folder))?;
    step("Make the image", || import(&host, &folder, &args.tag))?;
    let size =
        output(docker(&host).args(["image", "inspect", "--format", "{{.Size}}", &args.tag]))?;
    let size: u64 = size.parse().context("Docker does not say how large the image is")?;
    println!("{}: {} MB", args.tag, size / 1_000_000);
    Ok(ExitCode::SUCCESS)
}

/// Makes an image of what [`collect`] put in `folder`.
pub(crate) fn import(host: &str, folder: &Path, tag: &str) -> anyhow::Result<()> {
    let changes = [
        "ENTRYPOINT [\"/berth\"]",
        "CMD [\"serve\"]",
        "ENV PATH=/usr/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
        "EXPOSE 8080",
    ];
    images::import(host, folder, tag, &changes)
}

/// Builds the program and gives its path.
pub(crate) fn compile(quick: bool) -> anyhow::Result<PathBuf> {
    let mut command = program("cargo");
    command
        .args(["build", "--quiet", "--package", "berth", "--target", TARGET])
        .env("RUSTFLAGS", "-C target-feature=+crt-static -C strip=symbols");
    if !quick {
        command.arg("--release");
    }
    run_program(&mut command)?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    Ok(target.join(TARGET).join(if quick { "debug" } else { "release" }).join("berth"))
}

/// Puts the image's files in `folder`.
pub(crate) fn collect(berth: &Path, folder: &Path) -> anyhow::Result<()> {
    images::fresh(folder)?;
    copy(berth, folder, Path::new("/berth"))?;
    let certificates = CERTIFICATES
        .iter()
        .map(Path::new)
        .find(|path| path.is_file())
        .context("there are no certificates to trust: install ca-certificates")?;
    copy(certificates, folder, Path::new(CERTIFICATES[0]))?;
    git(folder)?;
    std::fs::write(folder.join("etc/passwd"), "root:x:0:0:root:/:/nowhere\n")?;
    std::fs::write(folder.join("etc/group"), "root:x:0:\n")?;
    std::fs::write(folder.join("etc/nsswitch.conf"), "hosts: files dns\n")?;
    for dir in ["tmp", "var/lib/berth", "var/run"] {
        std::fs::create_dir_all(folder.join(dir))?;
    }
    std::fs::set_permissions(folder.join("tmp"), std::fs::Permissions::from_mode(0o1777))?;
    Ok(())
}

/// Git, its helper for https, and the libraries of both.
fn git(folder: &Path) -> anyhow::Result<()> {
    let found = output(program("sh").args(["-c", "command -v git"]))?;
    let helpers = PathBuf::from(output(program("git").arg("--exec-path"))?);
    let git = PathBuf::from(found);
    copy(&git, folder, Path::new("/usr/bin/git"))?;
    let mut libraries = libraries(&git)?;
    // It is compiled into git where these are.
    for name in ["git-remote-http", "git-remote-https"] {
        let helper = helpers.join(name);
        copy(&helper, folder, &helper)?;
        libraries.extend(self::libraries(&helper)?);
    }
    libraries.iter().try_for_each(|library| copy(library, folder, library))
}

/// What the loader would load.
pub(crate) fn libraries(binary: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let listed = output(program("ldd").arg(binary))?;
    Ok(listed.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect())
}

/// Copies a file, whatever links lead to it, to `at` in `folder`.
pub(crate) fn copy(from: &Path, folder: &Path, at: &Path) -> anyhow::Result<()> {
    let to = folder.join(at.strip_prefix("/").unwrap_or(at));
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::copy(from, &to).with_context(|| format!("failed to copy {}", from.display()))?;
    Ok(())
}
