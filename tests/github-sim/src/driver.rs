//! What a test or the demo does to GitHub: the part of its people.

pub(crate) mod http;
mod installs;
mod read;
pub mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use self::types::{
    Comment, Commit, Faults, NewPullRequest, NewRepository, PullRequest, PullRequestChange, Pushed,
    Repository, Violation,
};
use crate::git::{By, Git, NewCommit};
use crate::hooks::{Event, To};
use crate::sim::Sim;
use crate::world::{self, USER, World};

/// Changes. Every call fails where it names what does not exist.
impl Sim {
    /// Creates a repository.
    ///
    /// # Errors
    ///
    /// Where it exists, or its files can't be read.
    pub async fn create_repository(&self, new: NewRepository) -> anyhow::Result<Repository> {
        let full_name = format!("{}/{}", new.owner, new.name);
        for part in [&new.owner, &new.name] {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            ensure!(
                !part.is_empty() && part.chars().all(plain) && !part.starts_with('.'),
                "{part:?} is no name"
            );
        }
        ensure!(self.world().repository(&full_name).is_none(), "{full_name} exists");
        let mut files: BTreeMap<String, Option<(String, Vec<u8>)>> = BTreeMap::new();
        if let Some(folder) = &new.folder {
            read_folder(folder, "", &mut files)
                .with_context(|| format!("cannot read {}", folder.display()))?;
        }
        files.extend(new.files.into_iter().map(|(path, text)| (path, Some(regular(text)))));
        let id = self.world().id();
        let folder = self.folder().join(&new.owner).join(format!("{}-{id}.git", new.name));
        let git = Git::init(&folder).await?;
        if !files.is_empty() {
            let first = NewCommit {
                tree_of: None,
                parents: &[],
                files: &files,
                message: "Start\n",
                by: By { author: USER, at: self.now() },
            };
            let sha = git.commit(first).await?;
            git.set_ref("refs/heads/main", &sha).await?;
        }
        let now = self.now();
        let it = world::Repository {
            id,
            owner: new.owner.clone(),
            name: new.name,
            private: new.private,
            default_branch: "main".to_owned(),
            fork_of: None,
            folder,
            refs: git.refs().await?,
            old_names: BTreeSet::new(),
            pulls: BTreeMap::new(),
            created_at: now,
            pushed_at: now,
        };
        {
            let mut world = self.world();
            world.account(&new.owner, world::Kind::User);
            world.repositories.insert(id, it);
        }
        self.repository_event(id, "created", json!({}));
        self.repository(&full_name)
    }

    /// Commits to a branch, made from the default branch where it is new, and
    /// pushes it.
    ///
    /// # Errors
    ///
    /// Where there is no such repository, or a file to delete is not there.
    pub async fn push(
        &self,
        full_name: &str,
        branch: &str,
        commit: Commit,
    ) -> anyhow::Result<Pushed> {
        let it = self.find(full_name)?;
        let git = it.git();
        let git_ref = format!("refs/heads/{branch}");
        let main = format!("refs/heads/{}", it.default_branch);
        let tip = it.refs.get(&git_ref).or_else(|| it.refs.get(&main));
        let parents = match tip {
            Some(tip) if commit.amend => git.read_commit(tip).await?.parents,
            Some(tip) => vec![tip.clone()],
            None => Vec::new(),
        };
        let files: BTreeMap<_, _> =
            commit.files.into_iter().map(|(path, text)| (path, text.map(regular))).collect();
        let message = format!("{}\n", commit.message.trim_end());
        let new = NewCommit {
            tree_of: tip.map(String::as_str),
            parents: &parents,
            files: &files,
            message: &message,
            by: By { author: USER, at: self.now() },
        };
        let sha = git.commit(new).await?;
        git.set_ref(&git_ref, &sha).await?;
        self.pushed(it.id, &git_ref).await
    }

    /// Pushes a tag of a branch, a tag or a SHA.
    ///
    /// # Errors
    ///
    /// Where there is no such commit, or the tag is there already.
    pub async fn tag(&self, full_name: &str, tag: &str, target: &str) -> anyhow::Result<Pushed> {
        let it = self.find(full_name)?;
        let sha = it.git().commit_of(target).await.with_context(|| format!("no {target}"))?;
        let git_ref = format!("refs/tags/{tag}");
        it.git().set_ref(&git_ref, &sha).await?;
        self.pushed(it.id, &git_ref).await
    }

    /// Deletes a ref, named in whole.
    ///
    /// # Errors
    ///
    /// Where it is not there.
    pub async fn delete_ref(&self, full_name: &str, git_ref: &str) -> anyhow::Result<Pushed> {
        let it = self.find(full_name)?;
        ensure!(it.refs.contains_key(git_ref), "{full_name} has no {git_ref}");
        it.git().delete_ref(git_ref).await?;
        self.pushed(it.id, git_ref).await
    }

    async fn pushed(&self, id: i64, git_ref: &str) -> anyhow::Result<Pushed> {
        let moved = self.look(id, USER).await?;
        moved.into_iter().find(|it| it.git_ref == git_ref).context("nothing was changed")
    }

    /// Forks a repository into another account, with its branches and tags.
    ///
    /// # Errors
    ///
    /// Where there is no such repository, or there is one of this name.
    pub async fn fork(&self, full_name: &str, owner: &str) -> anyhow::Result<Repository> {
        let it = self.find(full_name)?;
        let name = format!("{owner}/{}", it.name);
        ensure!(self.world().repository(&name).is_none(), "{name} exists");
        let id = self.world().id();
        let folder = self.folder().join(owner).join(format!("{}-{id}.git", it.name));
        let git = Git::fork(&it.folder, &folder).await?;
        let refs = git.refs().await?;
        let now = self.now();
        {
            let mut world = self.world();
            world.account(owner, world::Kind::User);
            let fork = world::Repository {
                id,
                owner: owner.to_owned(),
                fork_of: Some(it.id),
                folder,
                refs,
                old_names: BTreeSet::new(),
                pulls: BTreeMap::new(),
                created_at: now,
                pushed_at: now,
                ..it
            };
            world.repositories.insert(id, fork);
        }
        self.repository_event(id, "created", json!({}));
        self.repository(&name)
    }

    /// Renames a repository; the old name redirects.
    ///
    /// # Errors
    ///
    /// Where there is one of this name.
    pub fn rename_repository(&self, full_name: &str, name: &str) -> anyhow::Result<Repository> {
        let it = self.find(full_name)?;
        let new = format!("{}/{name}", it.owner);
        ensure!(self.world().repository(&new).is_none(), "{new} exists");
        if let Some(known) = self.world().repositories.get_mut(&it.id) {
            known.old_names.insert(full_name.to_lowercase());
            name.clone_into(&mut known.name);
        }
        let changes = json!({ "changes": { "repository": { "name": { "from": it.name } } } });
        self.repository_event(it.id, "renamed", changes);
        self.repository(&new)
    }

    fn repository_event(&self, id: i64, action: &'static str, payload: Value) {
        self.fire(&Event {
            name: "repository",
            action: Some(action),
            to: To::Watchers { repository: id },
            sender: USER.to_owned(),
            payload,
        });
    }

    /// Opens a pull request.
    ///
    /// # Errors
    ///
    /// Where a branch is not there, or has no commit of its own.
    pub async fn open_pull_request(
        &self,
        full_name: &str,
        new: NewPullRequest,
    ) -> anyhow::Result<PullRequest> {
        let number = self.open_pull(self.find(full_name)?.id, new).await?;
        self.pull_request(full_name, number)
    }

    /// Closes a pull request, unmerged, as `mira`.
    ///
    /// # Errors
    ///
    /// Where it is closed already.
    pub fn close_pull_request(&self, full_name: &str, number: i64) -> anyhow::Result<PullRequest> {
        self.set_pull_open(self.find(full_name)?.id, number, false, USER)?;
        self.pull_request(full_name, number)
    }

    /// Opens a closed pull request again, as `mira`.
    ///
    /// # Errors
    ///
    /// Where it is open, or was merged.
    pub fn reopen_pull_request(&self, full_name: &str, number: i64) -> anyhow::Result<PullRequest> {
        self.set_pull_open(self.find(full_name)?.id, number, true, USER)?;
        self.pull_request(full_name, number)
    }

    /// Merges a pull request by a merge commit, as `mira`.
    ///
    /// # Errors
    ///
    /// Where it is closed, or there is a conflict.
    pub async fn merge_pull_request(
        &self,
        full_name: &str,
        number: i64,
    ) -> anyhow::Result<PullRequest> {
        self.merge_pull(self.find(full_name)?.id, number, USER).await?;
        self.pull_request(full_name, number)
    }

    /// Changes a pull request, as `mira`.
    ///
    /// # Errors
    ///
    /// Where a branch or a label is not there.
    pub fn change_pull_request(
        &self,
        full_name: &str,
        number: i64,
        change: PullRequestChange,
    ) -> anyhow::Result<PullRequest> {
        self.change_pull(self.find(full_name)?.id, number, change, USER)?;
        self.pull_request(full_name, number)
    }

    /// Comments on a pull request as the user `author`.
    ///
    /// # Errors
    ///
    /// Where there is no such pull request.
    pub fn comment(
        &self,
        full_name: &str,
        number: i64,
        author: &str,
        body: &str,
    ) -> anyhow::Result<Comment> {
        let id = self.add_comment((self.find(full_name)?.id, number), author, None, body)?;
        let all = self.comments(full_name)?;
        all.into_iter().find(|it| it.id == id).context("the comment is gone")
    }

    /// Deletes a comment, as `mira`.
    ///
    /// # Errors
    ///
    /// Where there is no such comment.
    pub fn delete_comment(&self, id: i64) -> anyhow::Result<()> {
        let comment = self.world().comments.remove(&id).context("no such comment")?;
        self.comment_event(&comment, "deleted", USER, json!({}))
    }

    /// Presses a button of a check run, as `mira`.
    ///
    /// # Errors
    ///
    /// Where it has no such button.
    pub fn press_check_button(
        &self,
        full_name: &str,
        check_run: i64,
        identifier: &str,
    ) -> anyhow::Result<()> {
        let run = self.find_check_run(full_name, check_run)?;
        let there = run.actions.iter().any(|action| action["identifier"] == identifier);
        ensure!(there, "check run {check_run} has no button {identifier}");
        let payload = json!({ "requested_action": { "identifier": identifier } });
        self.check_event(&run, "requested_action", USER, payload);
        Ok(())
    }

    /// Asks for a check run again, as `mira`.
    ///
    /// # Errors
    ///
    /// Where it is not complete yet.
    pub fn rerequest_check(&self, full_name: &str, check_run: i64) -> anyhow::Result<()> {
        let run = self.find_check_run(full_name, check_run)?;
        ensure!(run.conclusion.is_some(), "check run {check_run} is under way");
        self.check_event(&run, "rerequested", USER, json!({}));
        Ok(())
    }

    fn find_check_run(&self, full_name: &str, id: i64) -> anyhow::Result<world::CheckRun> {
        let it = self.find(full_name)?;
        let run = self.world().check_runs.get(&id).cloned();
        run.filter(|run| run.repository == it.id).context("no such check run")
    }

    /// Sends a delivery again, by an attempt's number, and gives the new one's.
    ///
    /// # Errors
    ///
    /// Where there is no such attempt.
    pub fn redeliver(&self, delivery: i64) -> anyhow::Result<i64> {
        self.again(delivery).context("no such delivery")
    }

    /// Puts faults in force, in place of those before.
    pub fn set_faults(&self, faults: Faults) {
        let held = {
            let mut world = self.world();
            let ends = world.faults.reverse_deliveries && !faults.reverse_deliveries;
            world.faults = faults;
            if ends { std::mem::take(&mut world.held) } else { Vec::new() }
        };
        for id in held.into_iter().rev() {
            self.post(id);
            // It was in flight all along.
            self.delivered();
        }
    }

    /// Makes every installation token invalid at once.
    pub fn revoke_tokens(&self) {
        self.world().tokens.clear();
    }

    /// Whatever did not fit GitHub's description so far, which is forgotten.
    #[must_use]
    pub fn take_violations(&self) -> Vec<Violation> {
        std::mem::take(&mut self.world().violations)
    }

    /// Forgets everything but the accounts that are always there: the state
    /// after the start.
    ///
    /// # Errors
    ///
    /// Where the repositories can't be removed.
    pub async fn reset(&self) -> anyhow::Result<()> {
        self.set_faults(Faults::default());
        self.settled().await;
        let folders: Vec<_> = {
            let mut world = self.world();
            let old = std::mem::replace(&mut *world, World::new());
            old.repositories.into_values().map(|it| it.folder).collect()
        };
        for folder in folders {
            tokio::fs::remove_dir_all(&folder).await?;
        }
        Ok(())
    }
}

/// A plain file's mode and content.
fn regular(text: String) -> (String, Vec<u8>) {
    ("100644".to_owned(), text.into_bytes())
}

/// Every file below a folder, by its path from there.
fn read_folder(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, Option<(String, Vec<u8>)>>,
) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().ok().context("a name is not UTF-8")?;
        if name == ".git" {
            continue;
        }
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read_folder(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() {
            let mode = if is_executable(&entry.metadata()?) { "100755" } else { "100644" };
            files.insert(path, Some((mode.to_owned(), std::fs::read(entry.path())?)));
        } else if kind.is_symlink() {
            let target = std::fs::read_link(entry.path())?;
            let target = target.into_os_string().into_string().ok();
            let target = target.context("a link's target is not UTF-8")?;
            files.insert(path, Some(("120000".to_owned(), target.into_bytes())));
        } else {
            bail!("{path} is no file");
        }
    }
    Ok(())
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_metadata: &std::fs::Metadata) -> bool {
    false
}
