//! What a machine must have, and how it gets it.
//!
//! As root on Debian or Ubuntu it installs what is missing. Elsewhere it says
//! what is missing and how to install it, and changes nothing.

use anyhow::bail;

use crate::shell::{has, output, program, quietly, scratch, step};

pub(crate) mod engine;
pub(crate) mod images;
pub(crate) mod postgres;

/// Something that must be there.
struct Need {
    what: &'static str,
    /// The Debian packages that bring it.
    packages: &'static [&'static str],
    /// Whether it is there.
    there: fn() -> bool,
}

const ENGINE: Need = Need {
    what: "Docker Engine",
    packages: &["docker.io", "iptables", "iproute2"],
    there: || engine::answers() || (has("docker") && has("dockerd")),
};
const POSTGRES: Need = Need {
    what: "the PostgreSQL server's programs",
    packages: &["postgresql", "postgresql-contrib"],
    there: || postgres_bin().is_some(),
};
const GIT: Need = Need { what: "git", packages: &["git"], there: || has("git") };
const NODE: Need =
    Need { what: "Node.js 20 or newer, with npm", packages: &["nodejs", "npm"], there: has_node };
const BUSYBOX: Need = Need {
    what: "a static busybox (the sample's base image is made of it)",
    packages: &["busybox-static"],
    there: || has("busybox"),
};
const PYTHON: Need = Need {
    what: "Python with venv (it brings Traefik where it can't be pulled)",
    packages: &["python3", "python3-venv"],
    there: || images::has_traefik() || has("python3"),
};
const REGISTRY: Need = Need {
    what: "a registry (docker-registry)",
    packages: &["docker-registry"],
    there: || has("docker-registry"),
};
const CHROMIUM: Need =
    Need { what: "Chromium", packages: &["chromium"], there: || chromium().is_some() };

const WRK: Need = Need { what: "wrk", packages: &["wrk"], there: || has("wrk") };

/// What the demo needs.
pub(crate) fn for_demo() -> anyhow::Result<()> {
    install(&[ENGINE, POSTGRES, GIT, NODE, BUSYBOX, PYTHON])
}

/// What the tests need on top of it.
pub(crate) fn for_tests() -> anyhow::Result<()> {
    install(&[ENGINE, POSTGRES, GIT, NODE, BUSYBOX, PYTHON, REGISTRY, CHROMIUM])?;
    for (tool, package) in [("cargo-nextest", "cargo-nextest"), ("cargo-deny", "cargo-deny")] {
        cargo_tool(tool, package)?;
    }
    Ok(())
}

/// What measuring needs on top of the demo.
pub(crate) fn for_benchmarks() -> anyhow::Result<()> {
    install(&[ENGINE, POSTGRES, GIT, NODE, BUSYBOX, PYTHON, WRK])
}

/// What an image is made with.
pub(crate) fn for_image() -> anyhow::Result<()> {
    install(&[ENGINE, GIT, NODE])
}

/// What fuzzing needs: cargo and its tool.
pub(crate) fn for_fuzzing() -> anyhow::Result<()> {
    cargo_tool("cargo-fuzz", "cargo-fuzz")
}

/// What breaking the code on purpose needs: a Postgres for the tests, and two tools.
pub(crate) fn for_mutants() -> anyhow::Result<()> {
    install(&[POSTGRES, GIT])?;
    cargo_tool("cargo-nextest", "cargo-nextest")?;
    cargo_tool("cargo-mutants", "cargo-mutants")
}

/// Everything.
pub(crate) fn everything() -> anyhow::Result<()> {
    for_tests()?;
    println!("Everything is there.");
    Ok(())
}

fn install(needs: &[Need]) -> anyhow::Result<()> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.there)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    if !(is_root() && has("apt-get")) {
        let what: Vec<String> = missing.iter().map(|need| format!("  - {}", need.what)).collect();
        bail!(
            "this is missing:\n{}\n\nOn Debian or Ubuntu this installs it:\n\n  sudo apt-get update && sudo apt-get install --yes --no-install-recommends {}\n\nNothing was changed.",
            what.join("\n"),
            packages.join(" ")
        );
    }
    let names: Vec<&str> = missing.iter().map(|need| need.what).collect();
    step(&format!("Install {}", names.join(", ")), || {
        quietly(program("apt-get").arg("update"))?;
        quietly(
            program("apt-get")
                .args(["install", "--yes", "--no-install-recommends"])
                .args(&packages)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )
    })?;
    match missing.iter().find(|need| !(need.there)()) {
        Some(need) => bail!("{} is still missing after {}", need.what, packages.join(" ")),
        None => Ok(()),
    }
}

/// A cargo subcommand: as a ready-made wheel where there is one, else compiled.
fn cargo_tool(tool: &str, package: &str) -> anyhow::Result<()> {
    if tool_path(tool).is_some() {
        return Ok(());
    }
    step(&format!("Install {tool}"), || {
        let wheel = format!("astral-dev-toolchain-{package}");
        if images::venv_install(&wheel).is_ok() && tool_path(tool).is_some() {
            return Ok(());
        }
        quietly(program("cargo").args(["install", "--locked", package]))
    })
}

/// Where a tool is: on the path, or in our own environment.
pub(crate) fn tool_path(tool: &str) -> Option<String> {
    if has(tool) {
        return Some(tool.to_owned());
    }
    let own = scratch().join("venv/bin").join(tool);
    own.is_file().then(|| own.to_string_lossy().into_owned())
}

/// Whether we are root, by whose process this is.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

/// Where the newest PostgreSQL's programs are.
pub(crate) fn postgres_bin() -> Option<String> {
    let mut found: Vec<(u32, String)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            let bin = entry.path().join("bin");
            bin.join("initdb").exists().then(|| (version, bin.to_string_lossy().into_owned()))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin).or_else(|| has("initdb").then(String::new))
}

/// The browser.
pub(crate) fn chromium() -> Option<&'static str> {
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .into_iter()
        .find(|path| std::path::Path::new(path).is_file())
}

fn has_node() -> bool {
    has("npm")
        && output(program("node").arg("--version"))
            .ok()
            .and_then(|version| version.trim_start_matches('v').split('.').next()?.parse().ok())
            .is_some_and(|major: u32| major >= 20)
}
