//! Git, as a developer uses it.

use std::path::Path;

use anyhow::{Context as _, bail};
use tokio::process::Command;

/// Runs `git` in a folder and gives what it printed.
///
/// # Errors
///
/// With its words, where it failed.
pub async fn git(folder: &Path, args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git")
        .args(["-c", "user.name=Mira", "-c", "user.email=mira@acme.test"])
        .args(args)
        .current_dir(folder)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .await
        .context("failed to run git")?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("git {} failed: {}", args.join(" "), words.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
