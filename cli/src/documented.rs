//! The settings' document is made of the settings themselves, so it is never
//! out of date. `BERTH_UPDATE=1 cargo test -p berth` writes it again.

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory as _;

use crate::Cli;

fn document() -> String {
    let mut text = String::from(
        "# Settings\n\nEach is a flag of `berth serve` or a variable of its environment; the flag wins.\nThis page is made from `berth serve --help`.\n\n| variable | flag | default | what it is |\n|---|---|---|---|\n",
    );
    let root = Cli::command();
    let serve = root.find_subcommand("serve").expect("invariant: there is a command serve");
    for argument in serve.get_arguments().chain(root.get_arguments()) {
        let (Some(variable), Some(flag)) = (argument.get_env(), argument.get_long()) else {
            continue;
        };
        let help = argument.get_long_help().or_else(|| argument.get_help());
        let help = help.map(|help| help.to_string().replace('\n', " ")).unwrap_or_default();
        let (help, noted) = help
            .split_once(" [default: ")
            .map_or((help.as_str(), None), |(help, rest)| (help, rest.split_once(']')));
        let defaults: Vec<String> = argument
            .get_default_values()
            .iter()
            .map(|value| format!("`{}`", value.to_string_lossy()))
            .collect();
        let default = noted.map_or_else(|| defaults.join(","), |(words, _)| words.to_owned());
        let variable = variable.to_string_lossy();
        let help = help.trim_end_matches('.');
        writeln!(text, "| `{variable}` | `--{flag}` | {default} | {help} |")
            .expect("invariant: a string can be written to");
    }
    text
}

#[test]
fn the_settings_document_says_what_the_program_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let fresh = document();
    if std::env::var_os("BERTH_UPDATE").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(fresh == committed, "docs/configuration.md is old; BERTH_UPDATE=1 writes it again");
}
