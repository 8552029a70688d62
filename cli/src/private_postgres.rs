//! A Postgres of Berth's own, for those who name none.
//!
//! It lives in the data directory, listens on a Unix socket only, and runs as
//! an unprivileged user where Berth was started by root, because Postgres
//! refuses root. It outlives a killed Berth: the next one finds it and goes on.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use secrecy::SecretString;
use tokio::process::Command;
use tokio::time::{Instant, sleep};
use tracing::info;

/// How long a start may take, recovery after a crash included.
const START: Duration = Duration::from_secs(60);

/// A running private Postgres.
#[derive(Debug)]
pub(crate) struct PrivatePostgres {
    programs: PathBuf,
    data: PathBuf,
    user: Option<User>,
    /// Where it can be reached.
    pub(crate) url: SecretString,
}

#[derive(Debug, Clone)]
struct User {
    name: String,
    uid: u32,
    gid: u32,
}

impl PrivatePostgres {
    /// Starts the Postgres in `data_dir`, or finds that it runs already.
    pub(crate) async fn start(data_dir: &Path) -> anyhow::Result<Self> {
        let programs = programs()?;
        std::fs::create_dir_all(data_dir)
            .with_context(|| format!("failed to make {}", data_dir.display()))?;
        let folder = data_dir.canonicalize()?.join("postgres");
        let user = unprivileged_user(data_dir)?;
        std::fs::create_dir_all(&folder)?;
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        if let Some(user) = &user {
            std::os::unix::fs::chown(&folder, Some(user.uid), Some(user.gid))?;
            passable(data_dir)?;
        }
        let socket = socket_folder(&folder, user.as_ref())?;
        let data = folder.join("data");
        let url = format!(
            "postgres://berth@localhost/berth?host={}",
            socket.to_string_lossy().replace('/', "%2F")
        );
        let this = Self { programs, data, user, url: url.into() };

        if !this.data.join("PG_VERSION").exists() {
            info!("making a private Postgres in {}", folder.display());
            this.run("initdb", &["-U", "berth", "-A", "trust", "-E", "UTF8", "--no-locale", "-D"])
                .await?;
        }
        if this.is_running().await {
            info!("the private Postgres in {} runs already", folder.display());
        } else {
            this.launch(&socket, &folder).await?;
        }
        this.wait(&socket).await?;
        this.ensure_database(&socket).await?;
        Ok(this)
    }

    /// Stops it, once nobody needs it any more.
    pub(crate) async fn stop(&self) {
        if let Err(err) = self.run("pg_ctl", &["stop", "-s", "-m", "fast", "-w", "-D"]).await {
            tracing::warn!("failed to stop the private Postgres: {err:#}");
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.stdin(Stdio::null()).current_dir("/").env("LC_ALL", "C");
        // A group of its own: Ctrl-C is for Berth, which stops it in order.
        command.process_group(0);
        if let Some(user) = &self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }

    async fn run(&self, program: &str, args: &[&str]) -> anyhow::Result<String> {
        let output = self
            .command(program)
            .args(args)
            .arg(&self.data)
            .output()
            .await
            .with_context(|| format!("failed to run {program}"))?;
        if !output.status.success() {
            bail!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    async fn is_running(&self) -> bool {
        self.run("pg_ctl", &["status", "-D"]).await.is_ok()
    }

    async fn launch(&self, socket: &Path, folder: &Path) -> anyhow::Result<()> {
        // 128 connections: three replicas' pools and somebody's psql.
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c max_connections=128",
            socket.display()
        );
        let log = folder.join("postgres.log");
        let output = self
            .command("pg_ctl")
            .args(["start", "-s", "-W", "-o", &options, "-l"])
            .arg(&log)
            .arg("-D")
            .arg(&self.data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .context("failed to run pg_ctl")?;
        if !output.success() {
            bail!("the private Postgres did not start; see {}", log.display());
        }
        Ok(())
    }

    async fn wait(&self, socket: &Path) -> anyhow::Result<()> {
        let deadline = Instant::now() + START;
        loop {
            let ready = self
                .command("pg_isready")
                .args(["-q", "-U", "berth", "-d", "postgres", "-h"])
                .arg(socket)
                .status()
                .await?;
            if ready.success() {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!(
                    "the private Postgres did not become ready; see its log in {}",
                    socket.display()
                );
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn ensure_database(&self, socket: &Path) -> anyhow::Result<()> {
        let output = self
            .command("createdb")
            .args(["-U", "berth", "-h"])
            .arg(socket)
            .arg("berth")
            .output()
            .await
            .context("failed to run createdb")?;
        let words = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() && !words.contains("already exists") {
            bail!("createdb failed: {}", words.trim());
        }
        Ok(())
    }
}

/// The newest PostgreSQL programs on this machine.
pub(crate) fn programs() -> anyhow::Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .chain(["/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin"].map(|dir| (0, dir.into())))
        .filter(|(_, dir)| dir.join("initdb").exists() && dir.join("pg_ctl").exists())
        .collect();
    found.sort();
    found.pop().map(|(_, dir)| dir).context(
        "no database: set BERTH_DATABASE_URL, or install PostgreSQL so that Berth can run a private one (Debian, Ubuntu: apt-get install postgresql)",
    )
}

/// The user to run Postgres as, where we are root; otherwise ourselves.
fn unprivileged_user(data_dir: &Path) -> anyhow::Result<Option<User>> {
    // A folder that we have just made is ours: its owner is who we are.
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").context("failed to read /etc/passwd")?;
    let lookup = |wanted: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            (name == wanted).then(|| User { name: name.to_owned(), uid, gid })
        })
    };
    let user = lookup("postgres").or_else(|| lookup("nobody"));
    let Some(user) = user else {
        bail!(
            "Postgres refuses to run as root and there is neither a user postgres nor nobody to run it in {}",
            data_dir.display()
        );
    };
    info!("the private Postgres runs as user {}", user.name);
    Ok(Some(user))
}

/// Lets the unprivileged user through to its folder, which itself stays closed.
fn passable(data_dir: &Path) -> anyhow::Result<()> {
    let mode = std::fs::metadata(data_dir)?.permissions().mode();
    std::fs::set_permissions(data_dir, std::fs::Permissions::from_mode(mode | 0o111))?;
    Ok(())
}

/// Where the socket goes: with the data, or, where that path is too long for a
/// Unix socket (108 bytes with its name), in the system's folder for such things.
fn socket_folder(folder: &Path, user: Option<&User>) -> anyhow::Result<PathBuf> {
    let reachable = folder.ancestors().skip(1).all(|dir| {
        std::fs::metadata(dir).is_ok_and(|meta| user.is_none() || meta.mode() & 0o001 != 0)
    });
    if !reachable {
        bail!(
            "{} can't be reached by the user that runs Postgres; choose another --data-dir",
            folder.display()
        );
    }
    if folder.as_os_str().len() + "/.s.PGSQL.5432".len() < 100 {
        return Ok(folder.to_owned());
    }
    let meta = std::fs::metadata(folder)?;
    let socket = std::env::temp_dir().join(format!("berth-{}-{}", meta.dev(), meta.ino()));
    std::fs::create_dir_all(&socket)?;
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o700))?;
    if let Some(user) = user {
        std::os::unix::fs::chown(&socket, Some(user.uid), Some(user.gid))?;
    }
    Ok(socket)
}
