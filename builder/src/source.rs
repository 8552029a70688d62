//! A commit's files, by git: fetched once, checked out once, cleaned up by a
//! bound.
//!
//! ```text
//! <data>/git/<repository>.git     what was fetched, a commit at a time
//! <data>/git/<repository>.trees   commits and folders without files, to compare
//! <data>/checkouts/<repository>-<sha>/files
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use berth_domain::build::{BuildError, Checkout, Source};
use berth_domain::rule::Changes;
use sha2::{Digest, Sha256};
use tokio::fs;

use crate::git::{Git, GitError, Remote, Run};

mod remote;

/// How many checkouts stay, however old.
const CHECKOUTS_KEPT: usize = 32;

/// How many clones stay, however old.
const CLONES_KEPT: usize = 128;

/// A deployment may still be reading what was used this lately.
const IN_USE: Duration = Duration::from_secs(2 * 60 * 60);

/// Each fetch adds a pack. Beyond this a clone is begun anew.
const PACKS_MAX: usize = 64;

/// The file whose time says when a folder was last used.
const USED: &str = "used";

/// Sources on this machine's disk.
#[derive(Debug)]
pub(crate) struct Sources {
    git: Git,
    clones: PathBuf,
    checkouts: PathBuf,
    /// One at a time works on a clone.
    locks: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Sources {
    /// Sources below `folder`, which is made where it is missing.
    pub(crate) fn new(git: Git, folder: &Path) -> std::io::Result<Self> {
        let (clones, checkouts) = (folder.join("git"), folder.join("checkouts"));
        for folder in [&clones, &checkouts, &git.home] {
            std::fs::create_dir_all(folder)?;
        }
        Ok(Self { git, clones, checkouts, locks: Mutex::default() })
    }

    /// Brings the files of `source` here.
    pub(crate) async fn fetch(&self, source: &Source) -> Result<Checkout, BuildError> {
        let (remote, key) = self.check(source)?;
        let sha = source.sha.as_str();
        let home = self.checkouts.join(format!("{key}-{sha}"));
        let checkout = Checkout { path: home.join("files") };

        let lock = self.lock(&key);
        let _held = lock.lock().await;
        if !exists(&checkout.path).await {
            let clone = self.clone(&key, "git", source).await?;
            let has = ["cat-file", "-e", &format!("{sha}^{{commit}}")];
            if self.git.run(&Run::new(&clone, &has)).await.is_err() {
                self.download(&clone, &remote, sha, &["--depth=1"])
                    .await
                    .map_err(|err| failure(sha, &err))?;
            }
            self.check_out(&clone, source, &home).await?;
        }
        touch(&home).await.map_err(|err| disk(&err))?;
        prune(&self.checkouts, CHECKOUTS_KEPT).await;
        prune(&self.clones, CLONES_KEPT).await;
        Ok(checkout)
    }

    /// The paths that differ between `base` and `source`. Two commits without
    /// their files are enough to tell, however far apart they are.
    pub(crate) async fn changes(&self, source: &Source, base: &str) -> Result<Changes, BuildError> {
        let (remote, key) = self.check(source)?;
        let sha = source.sha.as_str();
        if !is_sha(base) || base.bytes().all(|digit| digit == b'0') {
            return Ok(Changes::Unknown);
        }
        if base == sha {
            return Ok(Changes::Paths(Vec::new()));
        }
        let lock = self.lock(&key);
        let _held = lock.lock().await;
        let clone = self.clone(&key, "trees", source).await?;
        // One by one: that the base is gone for good must not look like a
        // failure to read the commit itself.
        for (commit, gone_is_fine) in [(sha, false), (base, true)] {
            let has = ["cat-file", "-e", &format!("{commit}^{{tree}}")];
            if self.git.run(&Run::new(&clone, &has)).await.is_ok() {
                continue;
            }
            let options = ["--depth=1", "--filter=blob:none"];
            if let Err(err) = self.download(&clone, &remote, commit, &options).await {
                let failure = failure(commit, &err);
                if gone_is_fine && matches!(failure, BuildError::Source { .. }) {
                    return Ok(Changes::Unknown);
                }
                return Err(failure);
            }
        }
        let args = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", base, sha];
        let out = match self.git.run(&Run::new(&clone, &args)).await {
            Ok(out) => out,
            Err(GitError::Failed(message)) => {
                tracing::warn!(%message, "could not compare two commits");
                return Ok(Changes::Unknown);
            }
            Err(err @ GitError::Silent(_)) => return Err(failure(sha, &err)),
        };
        let paths = out
            .split(|byte| *byte == 0)
            .filter(|path| !path.is_empty())
            .map(|path| String::from_utf8_lossy(path).into_owned())
            .collect();
        Ok(Changes::Paths(paths))
    }

    /// Fetches one commit, and leaves nothing but objects and a ref of our own:
    /// the ref tells the server next time what it need not send.
    async fn download(
        &self,
        clone: &Path,
        remote: &Remote,
        sha: &str,
        options: &[&str],
    ) -> Result<(), GitError> {
        let wanted = format!("+{sha}:refs/berth/{sha}");
        let mut args = vec![
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
        ];
        args.extend_from_slice(options);
        args.extend(["--", remote.url(), &wanted]);
        let run = Run::new(clone, &args).with_remote(remote);
        match self.git.run(&run).await {
            Err(err) if is_locked(&err) => {
                tracing::warn!("a git that was killed left a clone locked: it is begun anew");
                self.begin_anew(clone).await?;
                self.git.run(&run).await.map(drop)
            }
            done => done.map(drop),
        }
    }

    /// Makes an empty clone where there may be one already.
    async fn begin_anew(&self, clone: &Path) -> Result<(), GitError> {
        let silent = |err: std::io::Error| GitError::Silent(err.to_string());
        if exists(clone).await {
            fs::remove_dir_all(clone).await.map_err(silent)?;
        }
        fs::create_dir_all(clone).await.map_err(silent)?;
        let args = ["init", "--quiet", "--bare", "--template=", "."];
        self.git.run(&Run::new(clone, &args)).await.map(drop)
    }

    fn check(&self, source: &Source) -> Result<(Remote, String), BuildError> {
        let refused = |message: String| BuildError::Source { sha: source.sha.clone(), message };
        if !is_sha(&source.sha) {
            return Err(refused("a commit is named by 40 hexadecimal digits".to_owned()));
        }
        let remote = Remote::parse(&source.clone_url, source.token.clone(), self.git.local)
            .map_err(|err| refused(err.to_string()))?;
        let digest = hex::encode(Sha256::digest(remote.url().as_bytes()));
        let key = digest.get(..16).unwrap_or(&digest).to_owned();
        Ok((remote, key))
    }

    fn lock(&self, key: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        locks.entry(key.to_owned()).or_default().clone()
    }

    /// The clone of a repository, made where it is missing or has grown too many
    /// packs. It holds nothing that could not be fetched again.
    async fn clone(&self, key: &str, kind: &str, source: &Source) -> Result<PathBuf, BuildError> {
        let home = self.clones.join(format!("{key}.{kind}"));
        let clone = home.join("repository");
        if packs(&clone).await > PACKS_MAX {
            fs::remove_dir_all(&clone).await.map_err(|err| disk(&err))?;
        }
        // A `HEAD` without `config`, or the reverse, is an init that was cut off.
        if !exists(&clone.join("config")).await || !exists(&clone.join("HEAD")).await {
            self.begin_anew(&clone).await.map_err(|err| failure(&source.sha, &err))?;
        }
        touch(&home).await.map_err(|err| disk(&err))?;
        Ok(clone)
    }

    /// Lays the files out beside their place and moves them there, so that a
    /// checkout is whole or not there.
    async fn check_out(
        &self,
        clone: &Path,
        source: &Source,
        home: &Path,
    ) -> Result<(), BuildError> {
        let failed = |err: GitError| failure(&source.sha, &err);
        let part = tempfile::Builder::new()
            .prefix(".part-")
            .tempdir_in(&self.checkouts)
            .map_err(|err| disk(&err))?;
        let (files, index) = (part.path().join("files"), part.path().join("index"));
        fs::create_dir(&files).await.map_err(|err| disk(&err))?;
        let variables = [
            ("GIT_DIR", clone),
            ("GIT_WORK_TREE", files.as_path()),
            ("GIT_INDEX_FILE", index.as_path()),
        ];
        let read = ["read-tree", "--reset", &source.sha];
        self.git.run(&Run::new(&files, &read).with_variables(&variables)).await.map_err(failed)?;
        let lay = ["checkout-index", "--all", "--force", "--quiet"];
        self.git.run(&Run::new(&files, &lay).with_variables(&variables)).await.map_err(failed)?;
        fs::create_dir_all(home).await.map_err(|err| disk(&err))?;
        fs::rename(&files, home.join("files")).await.map_err(|err| disk(&err))
    }
}

/// Whether `text` names a commit, and nothing else that git understands.
fn is_sha(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether git found a lock that nobody holds: we alone work on our clones, one at
/// a time, so it is that of a git that was killed, with a Berth or by a deadline.
fn is_locked(err: &GitError) -> bool {
    match err {
        GitError::Failed(words) => words.contains("File exists") && words.contains("lock"),
        GitError::Silent(_) => false,
    }
}

/// Git has no error codes; these words of it have been the same for years.
fn failure(sha: &str, err: &GitError) -> BuildError {
    const FOR_GOOD: [&str; 9] = [
        "not our ref",
        "couldn't find remote ref",
        "not found",
        "Authentication failed",
        "could not read Username",
        "returned error: 401",
        "returned error: 403",
        "does not appear to be a git repository",
        "unable to checkout",
    ];
    match err {
        GitError::Failed(message) if FOR_GOOD.iter().any(|words| message.contains(words)) => {
            BuildError::Source { sha: sha.to_owned(), message: message.clone() }
        }
        GitError::Failed(message) | GitError::Silent(message) => {
            BuildError::Unavailable { what: "git", message: message.clone() }
        }
    }
}

fn disk(err: &std::io::Error) -> BuildError {
    BuildError::Unavailable { what: "the data folder", message: err.to_string() }
}

async fn exists(path: &Path) -> bool {
    fs::try_exists(path).await.unwrap_or(false)
}

async fn packs(clone: &Path) -> usize {
    let Ok(mut entries) = fs::read_dir(clone.join("objects/pack")).await else { return 0 };
    let mut count = 0;
    while let Ok(Some(entry)) = entries.next_entry().await {
        count += usize::from(entry.path().extension().is_some_and(|kind| kind == "pack"));
    }
    count
}

/// Notes that `home` was used just now, by the file system's clock.
async fn touch(home: &Path) -> std::io::Result<()> {
    fs::create_dir_all(home).await?;
    fs::write(home.join(USED), b"\n").await
}

/// Removes what is beyond the `kept` lately used folders of `folder` and was
/// not used for a while. A failure is a matter of disk space: it is logged.
pub(crate) async fn prune(folder: &Path, kept: usize) {
    if let Err(err) = try_prune(folder, kept).await {
        tracing::warn!(%err, folder = %folder.display(), "could not clean up");
    }
}

async fn try_prune(folder: &Path, kept: usize) -> std::io::Result<()> {
    let mut all: Vec<(SystemTime, PathBuf)> = Vec::new();
    let mut entries = fs::read_dir(folder).await?;
    while let Some(entry) = entries.next_entry().await? {
        let home = entry.path();
        // What has no mark was never finished, or is just being made.
        let marked = match fs::metadata(home.join(USED)).await {
            Ok(mark) => mark,
            Err(_) => entry.metadata().await?,
        };
        all.push((marked.modified()?, home));
    }
    all.sort_unstable();
    // The newest mark was set a moment ago: it is the file system's now.
    let Some((now, _)) = all.last().cloned() else { return Ok(()) };
    let many = all.len().saturating_sub(kept);
    for (used, home) in all.into_iter().take(many) {
        if now.duration_since(used).unwrap_or_default() > IN_USE {
            fs::remove_dir_all(&home).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
