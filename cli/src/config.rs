//! Settings, from flags or the environment, parsed once to their final types.
//!
//! `berth serve --help` lists them; `docs/configuration.md` is that list.

mod output;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use berth_compose_templates::policy::{self, Limits};
use clap::{Args, ValueEnum};
use secrecy::SecretString;
use url::Url;

pub(crate) use self::output::OutputArgs;

/// Settings of `berth serve`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,

    #[command(flatten)]
    pub(crate) docker: DockerArgs,

    #[command(flatten)]
    pub(crate) router: RouterArgs,

    #[command(flatten)]
    pub(crate) github: GithubArgs,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,

    #[command(flatten)]
    pub(crate) releases: ReleaseArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,

    #[command(flatten)]
    pub(crate) pruning: PruneArgs,

    #[command(flatten)]
    pub(crate) executors: ExecutorsArgs,

    /// The address to serve the API and the UI on.
    #[arg(long, env = "BERTH_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,

    /// Where people and GitHub reach this Berth [default: http:// and the listen address].
    #[arg(long, env = "BERTH_PUBLIC_URL", value_name = "URL")]
    pub(crate) public_url: Option<Url>,

    /// What this process does; several may share one database.
    #[arg(
        long,
        env = "BERTH_ROLES",
        value_enum,
        value_delimiter = ',',
        default_value = "api,reconciler"
    )]
    pub(crate) roles: Vec<Role>,

    /// The key that seals secrets in the database; made on first start.
    /// [default: secret.key in the data directory]
    #[arg(long, env = "BERTH_SECRET_KEY_FILE", value_name = "FILE")]
    pub(crate) secret_key_file: Option<PathBuf>,

    /// How long a leader may be silent before another replica takes over.
    #[arg(long, env = "BERTH_LEASE_TTL", default_value = "30s", value_parser = duration, value_name = "DURATION")]
    pub(crate) lease_ttl: Duration,

    /// How often every stack is compared with the cluster, even without news.
    #[arg(long, env = "BERTH_RESYNC", default_value = "5m", value_parser = duration, value_name = "DURATION")]
    pub(crate) resync: Duration,
}

/// What can be gone back to.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReleaseArgs {
    /// How many releases of each stack are kept, however old they are.
    #[arg(long, env = "BERTH_KEEP_RELEASES", default_value_t = 10, value_name = "COUNT")]
    pub(crate) keep_releases: u32,

    /// How long older releases, and those of removed stacks, are kept.
    #[arg(long, env = "BERTH_KEEP_RELEASES_FOR", default_value = "30d", value_parser = duration, value_name = "DURATION")]
    pub(crate) keep_releases_for: Duration,
}

/// What goes that nothing asks for.
#[derive(Debug, Clone, Args)]
pub(crate) struct PruneArgs {
    /// How long a stack that no rule asks for stays before it is removed.
    #[arg(long, env = "BERTH_PRUNE_AFTER", default_value = "10m", value_parser = duration, value_name = "DURATION")]
    pub(crate) prune_after: Duration,

    /// The share of all stacks, in percent, that may be removed at once; a larger removal waits for a person.
    #[arg(long, env = "BERTH_PRUNE_LIMIT", default_value_t = 25, value_parser = clap::value_parser!(u8).range(0..=100), value_name = "PERCENT")]
    pub(crate) prune_limit: u8,
}

/// What acts on single nodes.
#[derive(Debug, Clone, Args)]
pub(crate) struct ExecutorsArgs {
    /// Berth's own image: with it, Berth runs an executor on each node, which removes
    /// volumes, images and ended containers there. Without, there are none.
    #[arg(long, env = "BERTH_EXECUTOR_IMAGE", value_name = "IMAGE")]
    pub(crate) executor_image: Option<String>,

    /// Where executors reach this Berth [default: the public URL].
    #[arg(long, env = "BERTH_EXECUTOR_URL", value_name = "URL")]
    pub(crate) executor_url: Option<Url>,

    /// Where Docker listens on the nodes.
    #[arg(
        long,
        env = "BERTH_EXECUTOR_SOCKET",
        default_value = "/var/run/docker.sock",
        value_name = "PATH"
    )]
    pub(crate) executor_socket: String,
}

/// Where the state is.
#[derive(Debug, Clone, Args)]
pub(crate) struct DatabaseArgs {
    /// Where Postgres is. Without it, Berth runs a private Postgres of its own
    /// in the data directory.
    #[arg(long, env = "BERTH_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: Option<SecretString>,

    /// A file with that URL, such as a Docker secret.
    #[arg(
        long,
        env = "BERTH_DATABASE_URL_FILE",
        conflicts_with = "database_url",
        value_name = "FILE"
    )]
    pub(crate) database_url_file: Option<PathBuf>,

    /// Where Berth keeps files: its key, checkouts, and the private Postgres.
    #[arg(long, env = "BERTH_DATA_DIR", default_value = "/var/lib/berth", value_name = "FOLDER")]
    pub(crate) data_dir: PathBuf,
}

/// Where Docker is.
#[derive(Debug, Clone, Args)]
pub(crate) struct DockerArgs {
    /// The engine: a manager of the Swarm.
    #[arg(
        short = 'H',
        long = "docker-host",
        env = "DOCKER_HOST",
        default_value = "unix:///var/run/docker.sock",
        value_name = "URL"
    )]
    pub(crate) docker_host: String,
}

/// How stacks are reached.
#[derive(Debug, Clone, Args)]
pub(crate) struct RouterArgs {
    /// Traefik's entry point as this process reaches it; a deployment is green
    /// only once its routes answer there.
    #[arg(
        long,
        env = "BERTH_ROUTER_URL",
        default_value = "http://127.0.0.1:80",
        value_name = "URL"
    )]
    pub(crate) router_url: Url,

    /// The overlay network that Traefik shares with routed services.
    #[arg(long, env = "BERTH_PUBLIC_NETWORK", default_value = "berth-public", value_name = "NAME")]
    pub(crate) public_network: String,

    /// Traefik's entry points for routes.
    #[arg(
        long,
        env = "BERTH_ENTRYPOINTS",
        value_delimiter = ',',
        default_value = "web",
        value_name = "NAME"
    )]
    pub(crate) entrypoints: Vec<String>,

    /// Traefik's entry point with TLS as this process reaches it, for routes
    /// that have it.
    #[arg(
        long,
        env = "BERTH_TLS_ROUTER_URL",
        default_value = "https://127.0.0.1:443",
        value_name = "URL"
    )]
    pub(crate) tls_router_url: Url,

    /// Traefik's entry points for routes with TLS.
    #[arg(
        long,
        env = "BERTH_TLS_ENTRYPOINTS",
        value_delimiter = ',',
        default_value = "websecure",
        value_name = "NAME"
    )]
    pub(crate) tls_entrypoints: Vec<String>,

    /// Traefik's entry points of TCP as this process reaches them; a deployment
    /// is green without being asked at those that are not named.
    #[arg(
        long,
        env = "BERTH_TCP_ROUTERS",
        value_delimiter = ',',
        value_parser = tcp_router,
        value_name = "NAME=HOST:PORT"
    )]
    pub(crate) tcp_routers: Vec<(String, String)>,

    /// The address of a deployed site; `{host}` stands for its host.
    #[arg(long, env = "BERTH_SITE_URL", default_value = "http://{host}", value_parser = site_url, value_name = "URL")]
    pub(crate) site_url: String,
}

/// Where GitHub is.
#[derive(Debug, Clone, Args)]
pub(crate) struct GithubArgs {
    /// GitHub's web pages.
    #[arg(
        long,
        env = "BERTH_GITHUB_URL",
        default_value = "https://github.com",
        value_name = "URL"
    )]
    pub(crate) github_url: Url,

    /// GitHub's API.
    #[arg(
        long,
        env = "BERTH_GITHUB_API_URL",
        default_value = "https://api.github.com",
        value_name = "URL"
    )]
    pub(crate) github_api_url: Url,
}

/// What restricted environments may use.
#[derive(Debug, Clone, Args)]
pub(crate) struct LimitArgs {
    /// The CPUs that a task of a restricted environment gets, and may ask for at most.
    #[arg(
        long,
        env = "BERTH_RESTRICTED_CPUS",
        default_value = "1",
        value_parser = cpus,
        hide_short_help = true,
        value_name = "CPUS"
    )]
    restricted_cpus: i64,

    /// The memory that a task of a restricted environment gets, and may ask for at most.
    #[arg(
        long,
        env = "BERTH_RESTRICTED_MEMORY",
        default_value = "1g",
        value_parser = memory,
        hide_short_help = true,
        value_name = "SIZE"
    )]
    restricted_memory: i64,

    /// The processes that a task of a restricted environment gets, and may ask for at most.
    #[arg(
        long,
        env = "BERTH_RESTRICTED_PIDS",
        default_value = "512",
        value_parser = clap::value_parser!(i64).range(1..),
        hide_short_help = true,
        value_name = "NUMBER"
    )]
    restricted_pids: i64,

    /// The tasks that a service of a restricted environment may have.
    #[arg(
        long,
        env = "BERTH_RESTRICTED_REPLICAS",
        default_value = "3",
        value_parser = clap::value_parser!(u64).range(1..),
        hide_short_help = true,
        value_name = "NUMBER"
    )]
    restricted_replicas: u64,

    /// The tasks that a restricted environment may have in all.
    #[arg(
        long,
        env = "BERTH_RESTRICTED_TASKS",
        default_value = "20",
        value_parser = clap::value_parser!(u64).range(1..),
        hide_short_help = true,
        value_name = "NUMBER"
    )]
    restricted_tasks: u64,

    /// The registries that images of a restricted environment may come from, by host.
    #[arg(
        long,
        env = "BERTH_RESTRICTED_REGISTRIES",
        value_delimiter = ',',
        default_value = "docker.io,ghcr.io",
        hide_short_help = true,
        value_name = "HOST"
    )]
    restricted_registries: Vec<String>,
}

impl LimitArgs {
    /// The limits.
    pub(crate) fn limits(&self) -> Limits {
        let registries = self.restricted_registries.iter().map(|host| host.trim().to_owned());
        Limits {
            nano_cpus: self.restricted_cpus,
            memory: self.restricted_memory,
            pids: self.restricted_pids,
            replicas: self.restricted_replicas,
            tasks: self.restricted_tasks,
            registries: registries.filter(|host| !host.is_empty()).collect(),
        }
    }
}

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Webhooks, the API and the UI.
    Api,
    /// Building, deploying, and keeping the cluster as it should be.
    Reconciler,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl DatabaseArgs {
    /// The URL of a Postgres that somebody else runs, if one is named.
    pub(crate) fn url(&self) -> anyhow::Result<Option<SecretString>> {
        let Some(file) = &self.database_url_file else { return Ok(self.database_url.clone()) };
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("failed to read --database-url-file {}", file.display()))?;
        Ok(Some(text.trim().to_owned().into()))
    }
}

impl ServeArgs {
    /// Where people reach this Berth.
    pub(crate) fn public_url(&self) -> anyhow::Result<Url> {
        match &self.public_url {
            Some(url) => Ok(url.clone()),
            None => Ok(Url::parse(&format!("http://{}", self.listen))?),
        }
    }

    /// Refuses combinations that can't work, all at once.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let mut wrong = Vec::new();
        if self.lease_ttl < Duration::from_secs(1) {
            wrong.push("--lease-ttl must be at least 1s".to_owned());
        }
        if self.resync < Duration::from_secs(1) {
            wrong.push("--resync must be at least 1s".to_owned());
        }
        if self.router.entrypoints.iter().any(String::is_empty) {
            wrong.push("--entrypoints has an empty name".to_owned());
        }
        if self.router.tls_entrypoints.iter().any(String::is_empty) {
            wrong.push("--tls-entrypoints has an empty name".to_owned());
        }
        if self.router.router_url.scheme() != "http" {
            wrong.push("--router-url must start with http://: the check stays inside".to_owned());
        }
        if self.router.tls_router_url.scheme() != "https" {
            wrong.push("--tls-router-url must start with https://".to_owned());
        }
        if wrong.is_empty() { Ok(()) } else { bail!(wrong.join("; ")) }
    }
}

fn cpus(text: &str) -> Result<i64, String> {
    policy::cpus(text).ok_or_else(|| format!("{text:?} is no number of CPUs such as 0.5"))
}

fn memory(text: &str) -> Result<i64, String> {
    policy::bytes(text).ok_or_else(|| format!("{text:?} is no size such as 512m or 1g"))
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| format!("{text:?} needs a unit: write 30s, 5m or 1h"))
}

fn tcp_router(text: &str) -> Result<(String, String), String> {
    let wrong = || format!("{text:?} is not like postgres=127.0.0.1:5432");
    let (name, address) = text.split_once('=').ok_or_else(wrong)?;
    let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
    if name.is_empty() || host.is_empty() || port.parse::<u16>().is_err() {
        return Err(wrong());
    }
    Ok((name.to_owned(), address.to_owned()))
}

fn site_url(text: &str) -> Result<String, String> {
    let sample = text.replace("{host}", "shop.example.org");
    match Url::parse(&sample) {
        Ok(_) if text.contains("{host}") => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err(format!("{text:?} is not a URL with {{host}} in it, such as https://{{host}}")),
    }
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

    fn parse(args: &[&str]) -> Result<ServeArgs, String> {
        Probe::try_parse_from([&["berth"], args].concat())
            .map(|probe| probe.serve)
            .map_err(|err| err.to_string())
    }

    #[test]
    fn a_bad_setting_names_itself() {
        let err = parse(&["--lease-ttl", "30"]).unwrap_err();
        assert!(err.contains("--lease-ttl") && err.contains("needs a unit"), "{err}");
        let err = parse(&["--site-url", "https://example.org"]).unwrap_err();
        assert!(err.contains("--site-url") && err.contains("{host}"), "{err}");
    }

    #[test]
    fn an_entry_point_of_tcp_has_an_address() {
        let args = parse(&["--tcp-routers", "db=127.0.0.1:5432,mail=h:25"]).unwrap();
        let named = |name: &str, at: &str| (name.to_owned(), at.to_owned());
        assert_eq!(args.router.tcp_routers, [named("db", "127.0.0.1:5432"), named("mail", "h:25")]);
        for bad in ["db", "db=5432", "=h:1", "db=h:x"] {
            assert!(parse(&["--tcp-routers", bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn all_impossible_combinations_are_named_at_once() {
        let args = parse(&["--lease-ttl", "1ms", "--router-url", "https://x"]).unwrap();
        let err = args.check().unwrap_err().to_string();
        assert!(err.contains("--lease-ttl") && err.contains("--router-url"), "{err}");
    }

    #[test]
    fn limits_are_those_of_the_library_unless_somebody_sets_others() {
        assert_eq!(parse(&[]).unwrap().limits.limits(), Limits::default());
        let args = parse(&[
            "--restricted-cpus=0.25",
            "--restricted-memory=64m",
            "--restricted-registries=registry.example:5000, docker.io",
        ]);
        let limits = args.unwrap().limits.limits();
        assert_eq!((limits.nano_cpus, limits.memory), (250_000_000, 64 << 20));
        assert_eq!(limits.registries, ["registry.example:5000", "docker.io"]);
        for bad in ["--restricted-cpus=0", "--restricted-memory=-1", "--restricted-pids=0"] {
            assert!(parse(&[bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_database_url_is_not_printed() {
        let args = parse(&["--database-url", "postgres://u:hunter2@h/db"]).unwrap();
        assert!(!format!("{args:?}").contains("hunter2"));
    }
}
