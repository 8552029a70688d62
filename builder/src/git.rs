//! Git, run as a program: the one subprocess of Berth, because the repository
//! formats, protocols and fixes of git are git's alone.
//!
//! The credential reaches it by the environment and nowhere else: a command
//! line can be read by every user of the machine, and a configuration file
//! stays behind.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use url::Url;

/// A large repository over a slow line; the deployment's own deadline is five
/// minutes.
const FETCH_DEADLINE: Duration = Duration::from_secs(240);

/// What git does without the network.
const LOCAL_DEADLINE: Duration = Duration::from_secs(60);

/// The most that git may say in an error.
const WORDS_MAX: usize = 2_000;

/// What git may print where we read it: the paths of a very large change.
const OUTPUT_MAX: u64 = 64 * 1024 * 1024;

/// Why git did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    /// It can't be started, or is not done in time.
    #[error("git does not answer: {0}")]
    Silent(String),
    /// It said no, in these words, which hold no credential.
    #[error("git failed: {0}")]
    Failed(String),
}

/// Where git may fetch from, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    url: Url,
    token: Option<SecretString>,
}

/// A URL that git is not sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clone URL is not http(s), or has a credential in it")]
pub(crate) struct UnusableUrl;

impl Remote {
    /// Reads a clone URL. Local repositories are for tests.
    pub(crate) fn parse(
        url: &str,
        token: Option<SecretString>,
        local: bool,
    ) -> Result<Self, UnusableUrl> {
        let url = Url::parse(url).map_err(|_| UnusableUrl)?;
        let scheme = match url.scheme() {
            "http" | "https" => url.host().is_some(),
            "file" => local,
            _ => false,
        };
        let bare = url.username().is_empty() && url.password().is_none();
        if scheme && bare { Ok(Self { url, token }) } else { Err(UnusableUrl) }
    }

    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// `https://host/`: the credential is for this origin, redirects included.
    fn origin(&self) -> String {
        format!("{}/", self.url.origin().ascii_serialization())
    }

    fn basic(&self) -> Option<String> {
        let token = self.token.as_ref()?;
        Some(STANDARD.encode(format!("x-access-token:{}", token.expose_secret())))
    }

    /// `text` without the credential in any of its forms.
    fn redact(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        if let Some(token) = &self.token {
            clean = clean.replace(token.expose_secret(), "[redacted]");
        }
        if let Some(basic) = self.basic() {
            clean = clean.replace(&basic, "[redacted]");
        }
        clean
    }
}

/// One run of git.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'a> {
    folder: &'a Path,
    args: &'a [&'a str],
    remote: Option<&'a Remote>,
    variables: &'a [(&'a str, &'a Path)],
    deadline: Duration,
}

impl<'a> Run<'a> {
    /// `git args…` in `folder`, without the network.
    pub(crate) const fn new(folder: &'a Path, args: &'a [&'a str]) -> Self {
        Self { folder, args, remote: None, variables: &[], deadline: LOCAL_DEADLINE }
    }

    /// With the credential of `remote`, and the time that a network takes.
    pub(crate) const fn with_remote(mut self, remote: &'a Remote) -> Self {
        self.remote = Some(remote);
        self.deadline = FETCH_DEADLINE;
        self
    }

    /// With further environment variables.
    pub(crate) const fn with_variables(mut self, variables: &'a [(&'a str, &'a Path)]) -> Self {
        self.variables = variables;
        self
    }
}

/// Git, with settings of its own: none of the machine's or the user's apply.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    /// The program.
    pub(crate) program: PathBuf,
    /// A folder of ours, where it looks for what belongs to a user.
    pub(crate) home: PathBuf,
    /// Whether repositories on this machine may be fetched from.
    pub(crate) local: bool,
}

impl Git {
    /// Runs git and gives what it printed.
    pub(crate) async fn run(&self, run: &Run<'_>) -> Result<Vec<u8>, GitError> {
        let mut command = self.command(run);
        let silent = |err: std::io::Error| GitError::Silent(err.to_string());
        let mut child = command.spawn().map_err(silent)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        // Both are read at once: git waits where either is full.
        let whole = async {
            let (out, err) = tokio::join!(read(stdout, OUTPUT_MAX), read(stderr, OUTPUT_MAX));
            Ok((child.wait().await.map_err(silent)?, out.map_err(silent)?, err.map_err(silent)?))
        };
        let (status, out, err) = tokio::time::timeout(run.deadline, whole)
            .await
            .map_err(|_| GitError::Silent(format!("not done in {} s", run.deadline.as_secs())))??;
        if status.success() {
            return Ok(out);
        }
        let words = String::from_utf8_lossy(&err);
        let words = run.remote.map_or_else(|| words.to_string(), |remote| remote.redact(&words));
        let skip = words.chars().count().saturating_sub(WORDS_MAX);
        Err(GitError::Failed(words.trim().chars().skip(skip).collect()))
    }

    fn command(&self, run: &Run<'_>) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(run.folder)
            .args(run.args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Run from a hook, we would act on the hook's repository.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GIT_") {
                command.env_remove(name);
            }
        }
        command
            .env("HOME", &self.home)
            .env("XDG_CONFIG_HOME", &self.home)
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("SSH_ASKPASS", "")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_OPTIONAL_LOCKS", "0");
        let settings = self.settings(run.remote);
        command.env("GIT_CONFIG_COUNT", settings.len().to_string());
        for (index, (key, value)) in settings.into_iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{index}"), key);
            command.env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        command.envs(run.variables.iter().copied());
        command
    }

    fn settings(&self, remote: Option<&Remote>) -> Vec<(String, String)> {
        let secure = remote.is_some_and(|remote| remote.url.scheme() == "https");
        let mut settings: Vec<(String, String)> = [
            // Nothing that a repository brings along is run.
            ("core.hooksPath", "/dev/null"),
            ("core.fsmonitor", "false"),
            ("core.askPass", ""),
            ("credential.helper", ""),
            ("submodule.recurse", "false"),
            ("protocol.allow", "never"),
            // Not even where an address by https leads there.
            ("protocol.http.allow", if secure { "never" } else { "always" }),
            ("protocol.https.allow", "always"),
            ("protocol.file.allow", if self.local { "always" } else { "never" }),
            // Ours to clean, not in the middle of a deployment.
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
            // A line that died is noticed before the deadline.
            ("http.lowSpeedLimit", "1"),
            ("http.lowSpeedTime", "60"),
            ("advice.detachedHead", "false"),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
        if let Some(remote) = remote
            && let Some(basic) = remote.basic()
        {
            settings.push((
                format!("http.{}.extraHeader", remote.origin()),
                format!("Authorization: Basic {basic}"),
            ));
        }
        settings
    }
}

async fn read(pipe: Option<impl AsyncRead + Unpin>, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let mut pipe = pipe.take(most);
        pipe.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
