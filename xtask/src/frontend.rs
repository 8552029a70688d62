//! The UI's packages and its build.

use std::process::Command;
use std::time::SystemTime;

use crate::shell::{program, quietly, root, step};

/// An npm command in the UI's folder.
pub(crate) fn npm(args: &[&str]) -> Command {
    let mut command = program("npm");
    command.args(args).current_dir(root().join("frontend")).env("NO_COLOR", "1");
    command
}

/// Installs the UI's packages, if the lock is newer than what is there.
pub(crate) fn packages() -> anyhow::Result<()> {
    let folder = root().join("frontend");
    let changed =
        |path: &str| std::fs::metadata(folder.join(path)).and_then(|meta| meta.modified()).ok();
    if changed("node_modules/.package-lock.json") > changed("package-lock.json") {
        return Ok(());
    }
    step("Install the UI's packages", || quietly(&mut npm(&["ci"])))
}

/// Builds the UI, if any of its sources is newer than what is there.
pub(crate) fn build() -> anyhow::Result<()> {
    packages()?;
    let folder = root().join("frontend");
    let built = std::fs::metadata(folder.join("dist/index.html")).and_then(|meta| meta.modified());
    let sources = ["src", "public", "openapi", "index.html", "package-lock.json", "vite.config.ts"];
    let newest = sources.iter().filter_map(|path| newest(&folder.join(path))).max();
    if built.ok() > newest {
        return Ok(());
    }
    step("Build the UI", || quietly(&mut npm(&["run", "build"])))
}

fn newest(path: &std::path::Path) -> Option<SystemTime> {
    let own = std::fs::metadata(path).ok()?.modified().ok();
    let inner = std::fs::read_dir(path)
        .into_iter()
        .flatten()
        .filter_map(|entry| newest(&entry.ok()?.path()))
        .max();
    own.max(inner)
}
