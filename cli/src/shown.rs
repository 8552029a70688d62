//! The settings that people may read in the UI, in the words of `berth serve
//! --help`. Each is named here: no secret can slip in by being new.

use berth_api::types::{Setting, SettingTopic};
use clap::CommandFactory as _;
use url::Url;

use crate::Cli;
use crate::config::ServeArgs;

/// A setting: what it is about, its variable, and how its value is written.
type Shown = (SettingTopic, &'static str, fn(&ServeArgs) -> String);

const SHOWN: [Shown; 26] = {
    use SettingTopic::{Addresses, Pruning, Reconciling, Restricted, Retention};
    [
        (Addresses, "BERTH_PUBLIC_URL", |args| {
            args.public_url().map_or_else(|_| String::new(), url)
        }),
        (Addresses, "BERTH_SITE_URL", |args| args.router.site_url.clone()),
        (Addresses, "BERTH_GITHUB_URL", |args| url(args.github.github_url.clone())),
        (Addresses, "BERTH_ROUTER_URL", |args| url(args.router.router_url.clone())),
        (Addresses, "BERTH_TLS_ROUTER_URL", |args| url(args.router.tls_router_url.clone())),
        (Addresses, "BERTH_PUBLIC_NETWORK", |args| args.router.public_network.clone()),
        (Addresses, "BERTH_ENTRYPOINTS", |args| args.router.entrypoints.join(", ")),
        (Addresses, "BERTH_TLS_ENTRYPOINTS", |args| args.router.tls_entrypoints.join(", ")),
        (Retention, "BERTH_KEEP_RELEASES", |args| args.releases.keep_releases.to_string()),
        (Retention, "BERTH_KEEP_RELEASES_FOR", |args| time(args.releases.keep_releases_for)),
        (Retention, "BERTH_KEEP_LOG_LINES", |args| args.output.keep_log_lines.to_string()),
        (Retention, "BERTH_KEEP_LOG_SIZE", |args| size(args.output.keep_log_size)),
        (Retention, "BERTH_KEEP_LOGS_FOR", |args| time(args.output.keep_logs_for)),
        (Retention, "BERTH_LOG_RATE", |args| args.output.log_rate.to_string()),
        (Pruning, "BERTH_PRUNE_AFTER", |args| time(args.pruning.prune_after)),
        (Pruning, "BERTH_PRUNE_LIMIT", |args| format!("{} %", args.pruning.prune_limit)),
        (Pruning, "BERTH_EXECUTOR_IMAGE", |args| {
            args.executors.executor_image.clone().unwrap_or_else(|| "none".to_owned())
        }),
        (Reconciling, "BERTH_RESYNC", |args| time(args.resync)),
        (Reconciling, "BERTH_LEASE_TTL", |args| time(args.lease_ttl)),
        (Reconciling, "BERTH_DATA_DIR", |args| args.database.data_dir.display().to_string()),
        (Restricted, "BERTH_RESTRICTED_CPUS", |args| cpus(args.limits.limits().nano_cpus)),
        (Restricted, "BERTH_RESTRICTED_MEMORY", |args| size(args.limits.limits().memory)),
        (Restricted, "BERTH_RESTRICTED_PIDS", |args| args.limits.limits().pids.to_string()),
        (Restricted, "BERTH_RESTRICTED_REPLICAS", |args| args.limits.limits().replicas.to_string()),
        (Restricted, "BERTH_RESTRICTED_TASKS", |args| args.limits.limits().tasks.to_string()),
        (Restricted, "BERTH_RESTRICTED_REGISTRIES", |args| {
            args.limits.limits().registries.join(", ")
        }),
    ]
};

/// What `args` set, as far as it is shown.
pub(crate) fn shown(args: &ServeArgs) -> Vec<Setting> {
    let setting = |(topic, variable, value): Shown| Setting {
        topic,
        what: help(variable),
        value: value(args),
        variable: Some(variable.to_owned()),
    };
    SHOWN.into_iter().map(setting).collect()
}

/// What `berth serve --help` says of a variable, without its default.
fn help(variable: &str) -> String {
    let root = Cli::command();
    let serve = root.find_subcommand("serve");
    let mut own = serve.into_iter().flat_map(clap::Command::get_arguments);
    let argument = own.find(|it| it.get_env().is_some_and(|env| env == variable));
    let help = argument.and_then(|it| it.get_long_help().or_else(|| it.get_help()));
    let help = help.map(|help| help.to_string().replace('\n', " ")).unwrap_or_default();
    let help = help.split_once(" [default: ").map_or(help.as_str(), |(help, _)| help);
    format!("{}.", help.trim_end_matches('.'))
}

/// An address without a name and a password that may be in it.
fn url(mut url: Url) -> String {
    let gone = url.set_username("").and_then(|()| url.set_password(None));
    if gone.is_err() { String::new() } else { url.as_str().trim_end_matches('/').to_owned() }
}

fn time(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    for (unit, one, more) in
        [(86_400, "day", "days"), (3_600, "hour", "hours"), (60, "minute", "minutes")]
    {
        if seconds >= unit && seconds.is_multiple_of(unit) {
            let count = seconds / unit;
            return format!("{count} {}", if count == 1 { one } else { more });
        }
    }
    format!("{} s", duration.as_secs_f64())
}

fn cpus(nano: i64) -> String {
    let (whole, rest) = (nano / 1_000_000_000, nano % 1_000_000_000);
    let rest = format!("{rest:09}");
    match rest.trim_end_matches('0') {
        "" => whole.to_string(),
        rest => format!("{whole}.{rest}"),
    }
}

fn size(bytes: i64) -> String {
    for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= unit && bytes % unit == 0 {
            return format!("{} {name}", bytes / unit);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Probe {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn read(args: &[&str]) -> Vec<Setting> {
        shown(&Probe::try_parse_from([&["berth"], args].concat()).unwrap().serve)
    }

    fn value(all: &[Setting], variable: &str) -> String {
        let found = all.iter().find(|it| it.variable.as_deref() == Some(variable));
        found.unwrap().value.clone()
    }

    #[test]
    fn every_setting_that_is_shown_says_what_it_is() {
        for setting in read(&[]) {
            assert!(setting.what.len() > 10, "{setting:?}");
            assert!(!setting.what.contains("[default"), "{setting:?}");
        }
    }

    #[test]
    fn values_are_written_for_people() {
        let all = read(&["--restricted-cpus=0.25", "--keep-releases-for=45d", "--prune-limit=10"]);
        assert_eq!(value(&all, "BERTH_RESTRICTED_CPUS"), "0.25");
        assert_eq!(value(&all, "BERTH_RESTRICTED_MEMORY"), "1 GiB");
        assert_eq!(value(&all, "BERTH_PRUNE_LIMIT"), "10 %");
        assert_eq!(value(&all, "BERTH_KEEP_RELEASES_FOR"), "45 days");
        assert_eq!(value(&all, "BERTH_LEASE_TTL"), "30 s");
        assert_eq!(value(&all, "BERTH_PUBLIC_URL"), "http://127.0.0.1:8080");
        assert_eq!((cpus(1_000_000_000), size(1_536)), ("1".to_owned(), "1536 bytes".to_owned()));
    }

    #[test]
    fn no_secret_is_among_them() {
        let all = read(&[
            "--database-url=postgres://u:planted@h/db",
            "--router-url=http://u:planted@h",
            "--github-url=https://planted:planted@github.example",
        ]);
        assert!(!format!("{all:?}").contains("planted"), "{all:?}");
        assert_eq!(value(&all, "BERTH_GITHUB_URL"), "https://github.example");
    }
}
