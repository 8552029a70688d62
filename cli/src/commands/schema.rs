//! `berth schema`: the JSON Schema of compose files, for editors.

use std::process::ExitCode;

use anyhow::Context as _;

use crate::commands::stack::print_line;

/// Prints it.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let text = serde_json::to_string_pretty(berth_compose_templates::schema::compose())
        .context("failed to write JSON")?;
    print_line(&text);
    Ok(ExitCode::SUCCESS)
}
