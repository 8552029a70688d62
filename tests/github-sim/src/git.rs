//! git, run on the repositories on disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::world::Size;

/// What a ref that is not there points at.
pub(crate) const ZERO: &str = "0000000000000000000000000000000000000000";

/// A bare repository.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    folder: PathBuf,
}

/// A commit as git has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CommitData {
    pub(crate) sha: String,
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    pub(crate) author: Person,
    pub(crate) committer: Person,
    pub(crate) message: String,
    /// The files that it touches, each with git's letter.
    pub(crate) files: Vec<(char, String)>,
}

/// Who wrote a commit, and when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) email: String,
    /// ISO 8601.
    pub(crate) date: String,
}

/// A file that differs between two commits.
#[derive(Debug, Clone)]
pub(crate) struct FileChange {
    pub(crate) path: String,
    pub(crate) status: char,
    pub(crate) blob: String,
    pub(crate) additions: i64,
    pub(crate) deletions: i64,
}

impl Git {
    pub(crate) fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Makes a new bare repository that serves what GitHub's do.
    pub(crate) async fn init(folder: &Path) -> anyhow::Result<Self> {
        tokio::fs::create_dir_all(folder).await?;
        let git = Self::at(folder);
        git.run(&["init", "-q", "--bare", "--initial-branch=main", "."]).await?;
        git.configure().await?;
        Ok(git)
    }

    /// Makes a fork of `origin`.
    pub(crate) async fn fork(origin: &Path, folder: &Path) -> anyhow::Result<Self> {
        let git = Self::init(folder).await?;
        let from = origin.display().to_string();
        git.run(&["fetch", "-q", &from, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"])
            .await?;
        Ok(git)
    }

    async fn configure(&self) -> anyhow::Result<()> {
        for (key, value) in [
            ("uploadpack.allowAnySHA1InWant", "true"),
            ("uploadpack.allowFilter", "true"),
            ("http.receivepack", "true"),
            ("receive.hideRefs", "refs/pull"),
            ("gc.auto", "0"),
        ] {
            self.run(&["config", key, value]).await?;
        }
        Ok(())
    }

    /// Runs git, and gives what it printed, less the last line's end.
    pub(crate) async fn run(&self, args: &[&str]) -> anyhow::Result<String> {
        self.run_with(args, &[], None).await
    }

    async fn run_with(
        &self,
        args: &[&str],
        env: &[(&str, &str)],
        input: Option<&[u8]>,
    ) -> anyhow::Result<String> {
        let mut command = command();
        command
            .args(["-c", "core.quotePath=false"])
            .args(args)
            .current_dir(&self.folder)
            .envs(env.iter().copied())
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot run git")?;
        if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
            stdin.write_all(input).await?;
        }
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            bail!("git {}: {}", args.first().copied().unwrap_or_default(), words.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    }

    /// Every branch and tag: an annotated tag by the object that it is.
    pub(crate) async fn refs(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let format = "--format=%(refname) %(objectname)";
        let text = self.run(&["for-each-ref", format, "refs/heads", "refs/tags"]).await?;
        let pair =
            |line: &str| line.split_once(' ').map(|(name, sha)| (name.to_owned(), sha.to_owned()));
        Ok(text.lines().filter_map(pair).collect())
    }

    /// The commit that a branch, tag, whole ref or SHA means.
    pub(crate) async fn commit_of(&self, name: &str) -> Option<String> {
        // A name that starts with a dash would be an option.
        if name.is_empty() || name.starts_with('-') {
            return None;
        }
        for candidate in
            [format!("refs/heads/{name}"), format!("refs/tags/{name}"), name.to_owned()]
        {
            let peeled = format!("{candidate}^{{commit}}");
            if let Ok(sha) = self.run(&["rev-parse", "--verify", "-q", &peeled]).await {
                return Some(sha);
            }
        }
        None
    }

    /// Points `git_ref` at `sha`.
    pub(crate) async fn set_ref(&self, git_ref: &str, sha: &str) -> anyhow::Result<()> {
        self.run(&["update-ref", git_ref, sha]).await.map(drop)
    }

    pub(crate) async fn delete_ref(&self, git_ref: &str) -> anyhow::Result<()> {
        self.run(&["update-ref", "-d", git_ref]).await.map(drop)
    }

    /// Takes a ref of another repository as `into`.
    pub(crate) async fn take(&self, from: &Path, git_ref: &str, into: &str) -> anyhow::Result<()> {
        let refspec = format!("+{git_ref}:{into}");
        self.run(&["fetch", "-q", &from.display().to_string(), &refspec]).await.map(drop)
    }

    /// Makes a commit of `files` on top of `base`'s tree, with the parents given.
    pub(crate) async fn commit(&self, new: NewCommit<'_>) -> anyhow::Result<String> {
        let scratch = tempfile::tempdir()?;
        let index = scratch.path().join("index").display().to_string();
        let env = [("GIT_INDEX_FILE", index.as_str())];
        if let Some(base) = new.tree_of {
            self.run_with(&["read-tree", base], &env, None).await?;
        }
        let mut entries = String::new();
        for (path, content) in new.files {
            match content {
                Some((mode, bytes)) => {
                    let args = ["hash-object", "-w", "--stdin"];
                    let blob = self.run_with(&args, &[], Some(bytes)).await?;
                    entries.push_str(&format!("{mode} {blob}\t{path}\n"));
                }
                None => entries.push_str(&format!("0 {ZERO}\t{path}\n")),
            }
        }
        let args = ["update-index", "--add", "--index-info"];
        self.run_with(&args, &env, Some(entries.as_bytes())).await?;
        let tree = self.run_with(&["write-tree"], &env, None).await?;
        self.commit_tree(&tree, new.parents, new.message, new.by).await
    }

    async fn commit_tree(
        &self,
        tree: &str,
        parents: &[String],
        message: &str,
        by: By<'_>,
    ) -> anyhow::Result<String> {
        let mut args = vec!["commit-tree", tree];
        for parent in parents {
            args.extend(["-p", parent.as_str()]);
        }
        let By { author, at } = by;
        let date = format!("{} +0000", at.timestamp());
        let email = format!("{author}@example.com");
        let env = [
            ("GIT_AUTHOR_NAME", author),
            ("GIT_AUTHOR_EMAIL", &email),
            ("GIT_AUTHOR_DATE", &date),
            ("GIT_COMMITTER_NAME", author),
            ("GIT_COMMITTER_EMAIL", &email),
            ("GIT_COMMITTER_DATE", &date),
        ];
        self.run_with(&args, &env, Some(message.as_bytes())).await
    }

    /// Merges `head` into `base` by a merge commit, which nothing points at yet.
    pub(crate) async fn merge(
        &self,
        base: &str,
        head: &str,
        message: &str,
        by: By<'_>,
    ) -> anyhow::Result<String> {
        let tree = self.run(&["merge-tree", "--write-tree", base, head]).await?;
        let parents = [base.to_owned(), head.to_owned()];
        self.commit_tree(tree.trim(), &parents, message, by).await
    }

    /// Commits of a `git log` range, the newest first.
    pub(crate) async fn log(&self, range: &[&str]) -> anyhow::Result<Vec<CommitData>> {
        let format =
            "--format=%x1e%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%cn%x1f%ce%x1f%cI%x1f%B%x1d";
        let mut args =
            vec!["log", "--first-parent", "-m", "--no-renames", "--name-status", "--root", format];
        args.extend(range);
        args.push("--");
        let text = self.run(&args).await?;
        Ok(text.split('\u{1e}').filter_map(commit).collect())
    }

    /// One commit.
    pub(crate) async fn read_commit(&self, sha: &str) -> anyhow::Result<CommitData> {
        let found = self.log(&["-1", sha]).await?;
        found.into_iter().next().with_context(|| format!("no commit {sha}"))
    }

    /// The files that differ between the two commits.
    pub(crate) async fn diff(&self, from: &str, to: &str) -> anyhow::Result<Vec<FileChange>> {
        let args = ["diff", "--no-renames", "--raw", "--numstat", "--no-abbrev", from, to, "--"];
        let text = self.run(&args).await?;
        let mut changes = Vec::new();
        let mut counts = BTreeMap::new();
        for line in text.lines() {
            if let Some((meta, path)) = line.strip_prefix(':').and_then(|it| it.split_once('\t')) {
                let words: Vec<&str> = meta.split(' ').collect();
                let status = words.get(4).and_then(|it| it.chars().next()).unwrap_or('M');
                // A file that was removed has only the blob that it had.
                let blob = words.get(if status == 'D' { 2 } else { 3 }).copied();
                changes.push(FileChange {
                    path: path.to_owned(),
                    status,
                    blob: blob.unwrap_or(ZERO).to_owned(),
                    additions: 0,
                    deletions: 0,
                });
            } else if let [added, removed, path] = line.splitn(3, '\t').collect::<Vec<_>>()[..] {
                let number = |text: &str| text.parse().unwrap_or(0);
                counts.insert(path.to_owned(), (number(added), number(removed)));
            }
        }
        for change in &mut changes {
            (change.additions, change.deletions) =
                counts.get(&change.path).copied().unwrap_or_default();
        }
        Ok(changes)
    }

    pub(crate) async fn merge_base(&self, one: &str, other: &str) -> Option<String> {
        self.run(&["merge-base", one, other]).await.ok()
    }

    pub(crate) async fn count(&self, from: &str, to: &str) -> anyhow::Result<i64> {
        let range = format!("{from}..{to}");
        Ok(self.run(&["rev-list", "--count", &range, "--"]).await?.trim().parse()?)
    }

    /// How much a pull request changes.
    pub(crate) async fn size(&self, base: &str, head: &str) -> anyhow::Result<Size> {
        let from = self.merge_base(base, head).await.unwrap_or_else(|| base.to_owned());
        let files = self.diff(&from, head).await?;
        Ok(Size {
            commits: self.count(&from, head).await?,
            files: i64::try_from(files.len())?,
            additions: files.iter().map(|file| file.additions).sum(),
            deletions: files.iter().map(|file| file.deletions).sum(),
        })
    }
}

/// A commit to make.
pub(crate) struct NewCommit<'a> {
    /// What its tree starts from; nothing if unset.
    pub(crate) tree_of: Option<&'a str>,
    pub(crate) parents: &'a [String],
    /// By path: the mode and the content, or nothing to delete it.
    pub(crate) files: &'a BTreeMap<String, Option<(String, Vec<u8>)>>,
    pub(crate) message: &'a str,
    pub(crate) by: By<'a>,
}

/// Who makes a commit, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct By<'a> {
    pub(crate) author: &'a str,
    pub(crate) at: DateTime<Utc>,
}

/// git, free of what the caller's environment says about a repository.
pub(crate) fn command() -> Command {
    let mut command = Command::new("git");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_CONFIG_COUNT"] {
        command.env_remove(name);
    }
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .kill_on_drop(true);
    command
}

fn commit(text: &str) -> Option<CommitData> {
    let (head, files) = text.split_once('\u{1d}')?;
    let parts: Vec<&str> = head.split('\u{1f}').collect();
    let [sha, tree, parents, an, ae, ad, cn, ce, cd, message] = parts[..] else { return None };
    let person = |name: &str, email: &str, date: &str| Person {
        name: name.to_owned(),
        email: email.to_owned(),
        date: date.to_owned(),
    };
    let file = |line: &str| {
        let (letter, path) = line.split_once('\t')?;
        Some((letter.chars().next()?, path.to_owned()))
    };
    Some(CommitData {
        sha: sha.to_owned(),
        tree: tree.to_owned(),
        parents: parents.split_whitespace().map(str::to_owned).collect(),
        author: person(an, ae, ad),
        committer: person(cn, ce, cd),
        message: message.trim_end().to_owned(),
        files: files.lines().filter_map(file).collect(),
    })
}
