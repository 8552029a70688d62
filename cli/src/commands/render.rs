//! `berth render`: what a compose file or template becomes.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::commands::stack::load::{FileArgs, Input, stack_name};
use crate::commands::stack::print_line;

/// Settings of `berth render`.
#[derive(Debug, Args)]
pub(crate) struct RenderArgs {
    /// The stack's name.
    #[arg(default_value = "stack", value_parser = stack_name)]
    name: berth_domain::ids::StackName,

    #[command(flatten)]
    files: FileArgs,

    /// Print JSON instead of YAML.
    #[arg(long)]
    json: bool,
}

/// Prints the stack's spec. Contents of secrets and configs are in it.
pub(crate) fn run(args: RenderArgs) -> anyhow::Result<ExitCode> {
    let RenderArgs { name, files, json } = args;
    let (spec, _) = Input::read(&files)?.to_stack(&name)?;
    let text = if json {
        serde_json::to_string_pretty(&spec).context("failed to write JSON")?
    } else {
        serde_yaml::to_string(&spec).context("failed to write YAML")?
    };
    print_line(text.trim_end());
    Ok(ExitCode::SUCCESS)
}
