//! What happens to pull requests and their comments, whoever does it.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::driver::types::{NewPullRequest, PullRequestChange};
use crate::git::By;
use crate::hooks::{Event, To};
use crate::sim::Sim;
use crate::world::{Comment, Pull, Size, USER};

impl Sim {
    /// Opens a pull request, and gives its number.
    pub(crate) async fn open_pull(&self, base: i64, new: NewPullRequest) -> anyhow::Result<i64> {
        let repository = self.repository_by_id(base)?;
        let (owner, head_ref) = match new.head.split_once(':') {
            Some((owner, branch)) => (owner.to_owned(), branch.to_owned()),
            None => (repository.owner.clone(), new.head.clone()),
        };
        let head = if owner == repository.owner {
            repository.clone()
        } else {
            let world = self.world();
            let mut forks = world.repositories.values().filter(|it| it.fork_of == Some(base));
            forks
                .find(|it| it.owner == owner)
                .cloned()
                .with_context(|| format!("{owner} has no fork of {}", repository.full_name()))?
        };
        let base_ref = new.base.unwrap_or_else(|| repository.default_branch.clone());
        let tip = |it: &crate::world::Repository, name: &str| {
            it.refs
                .get(&format!("refs/heads/{name}"))
                .cloned()
                .with_context(|| format!("{} has no branch {name}", it.full_name()))
        };
        let (head_sha, base_sha) = (tip(&head, &head_ref)?, tip(&repository, &base_ref)?);
        if head_sha == base_sha {
            bail!("there are no commits between {base_ref} and {head_ref}");
        }
        let author = new.author.unwrap_or_else(|| USER.to_owned());
        let now = self.now();
        let number = {
            let mut world = self.world();
            world.account(&author, crate::world::Kind::User);
            let id = world.id();
            let known = world.repositories.get_mut(&base).context("it is gone")?;
            let mut open = known.pulls.values().filter(|it| it.open);
            if open.any(|it| it.head_ref == head_ref && it.head_repository == head.id) {
                bail!("a pull request already exists for {owner}:{head_ref}");
            }
            let number = known.pulls.keys().last().map_or(1, |last| last + 1);
            let pull = Pull {
                id,
                number,
                title: new.title,
                body: new.body,
                author: author.clone(),
                open: true,
                draft: new.draft,
                head_repository: head.id,
                head_ref,
                head_sha: head_sha.clone(),
                base_ref,
                base_sha,
                labels: std::collections::BTreeMap::new(),
                merge_sha: None,
                closed_at: None,
                created_at: now,
                updated_at: now,
                size: Size::default(),
            };
            known.pulls.insert(number, pull);
            number
        };
        self.refresh(base, number, &head_sha).await?;
        self.fire(&self.pull_event((base, number), "opened", &author, json!({}))?);
        Ok(number)
    }

    /// Takes a pull request's new head over: its ref and its size.
    pub(crate) async fn refresh(&self, base: i64, number: i64, sha: &str) -> anyhow::Result<()> {
        let repository = self.repository_by_id(base)?;
        let pull = repository.pulls.get(&number).context("no such pull request")?;
        let head = self.repository_by_id(pull.head_repository)?;
        let git = repository.git();
        let branch = format!("refs/heads/{}", pull.head_ref);
        git.take(&head.folder, &branch, &format!("refs/pull/{number}/head")).await?;
        let base_sha = repository.refs.get(&format!("refs/heads/{}", pull.base_ref));
        let base_sha = base_sha.unwrap_or(&pull.base_sha).clone();
        let size = git.size(&base_sha, sha).await?;
        let now = self.now();
        self.with_pull(base, number, |pull| {
            sha.clone_into(&mut pull.head_sha);
            pull.base_sha = base_sha;
            pull.size = size;
            pull.updated_at = now;
        })
    }

    /// Closes or reopens a pull request.
    pub(crate) fn set_pull_open(
        &self,
        base: i64,
        number: i64,
        open: bool,
        sender: &str,
    ) -> anyhow::Result<()> {
        let repository = self.repository_by_id(base)?;
        let pull = repository.pulls.get(&number).context("no such pull request")?;
        if pull.open == open {
            bail!("it is {} already", if open { "open" } else { "closed" });
        }
        if pull.merge_sha.is_some() {
            bail!("it was merged");
        }
        let now = self.now();
        self.with_pull(base, number, |pull| {
            pull.open = open;
            pull.closed_at = (!open).then_some(now);
            pull.updated_at = now;
        })?;
        let action = if open { "reopened" } else { "closed" };
        self.fire(&self.pull_event((base, number), action, sender, json!({}))?);
        Ok(())
    }

    /// Merges a pull request, and gives the merge commit.
    pub(crate) async fn merge_pull(
        &self,
        base: i64,
        number: i64,
        sender: &str,
    ) -> anyhow::Result<String> {
        let repository = self.repository_by_id(base)?;
        let pull = repository.pulls.get(&number).context("no such pull request")?;
        if !pull.open {
            bail!("it is closed");
        }
        let branch = format!("refs/heads/{}", pull.base_ref);
        let tip = repository.refs.get(&branch).context("the base branch is gone")?;
        let message = format!("Merge pull request #{number}\n\n{}\n", pull.title);
        let git = repository.git();
        let now = self.now();
        let merged =
            git.merge(tip, &pull.head_sha, &message, By { author: sender, at: now }).await?;
        git.set_ref(&branch, &merged).await?;
        self.with_pull(base, number, |pull| {
            pull.open = false;
            pull.merge_sha = Some(merged.clone());
            pull.closed_at = Some(now);
            pull.updated_at = now;
        })?;
        self.fire(&self.pull_event((base, number), "closed", sender, json!({}))?);
        self.look(base, sender).await?;
        Ok(merged)
    }

    /// Changes a pull request's title, base and labels.
    pub(crate) fn change_pull(
        &self,
        base: i64,
        number: i64,
        change: PullRequestChange,
        sender: &str,
    ) -> anyhow::Result<()> {
        let repository = self.repository_by_id(base)?;
        let pull = repository.pulls.get(&number).context("no such pull request")?.clone();
        let now = self.now();
        let mut changes = json!({});
        if let Some(title) = change.title.filter(|title| *title != pull.title) {
            changes["title"] = json!({ "from": pull.title });
            self.with_pull(base, number, |pull| pull.title = title)?;
        }
        if let Some(to) = change.base.filter(|to| *to != pull.base_ref) {
            let tip = repository.refs.get(&format!("refs/heads/{to}"));
            let tip = tip.with_context(|| format!("there is no branch {to}"))?.clone();
            changes["base"] =
                json!({ "ref": { "from": pull.base_ref }, "sha": { "from": pull.base_sha } });
            self.with_pull(base, number, |pull| {
                pull.base_ref = to;
                pull.base_sha = tip;
            })?;
        }
        self.with_pull(base, number, |pull| pull.updated_at = now)?;
        if changes != json!({}) {
            let payload = json!({ "changes": changes });
            self.fire(&self.pull_event((base, number), "edited", sender, payload)?);
        }
        for name in change.add_labels {
            let id = self.world().id();
            self.with_pull(base, number, |pull| {
                pull.labels.insert(name.clone(), id);
            })?;
            let label = self.view(|view| view.label(&repository, &name, id));
            let payload = json!({ "label": label });
            self.fire(&self.pull_event((base, number), "labeled", sender, payload)?);
        }
        for name in change.remove_labels {
            let mut had = None;
            self.with_pull(base, number, |pull| had = pull.labels.remove(&name))?;
            let id = had.with_context(|| format!("it has no label {name}"))?;
            let label = self.view(|view| view.label(&repository, &name, id));
            let payload = json!({ "label": label });
            self.fire(&self.pull_event((base, number), "unlabeled", sender, payload)?);
        }
        Ok(())
    }

    /// A pull request's event, with the pull request as it is now.
    pub(crate) fn pull_event(
        &self,
        (base, number): (i64, i64),
        action: &'static str,
        sender: &str,
        mut payload: Value,
    ) -> anyhow::Result<Event> {
        let repository = self.repository_by_id(base)?;
        let pull = repository.pulls.get(&number).context("no such pull request")?;
        payload["number"] = number.into();
        payload["pull_request"] = self.view(|view| view.pull(&repository, pull));
        Ok(Event {
            name: "pull_request",
            action: Some(action),
            to: To::Watchers { repository: base },
            sender: sender.to_owned(),
            payload,
        })
    }

    /// Comments on a pull request, as a user or an App, and gives the number.
    pub(crate) fn add_comment(
        &self,
        (base, number): (i64, i64),
        author: &str,
        app: Option<i64>,
        body: &str,
    ) -> anyhow::Result<i64> {
        let repository = self.repository_by_id(base)?;
        if !repository.pulls.contains_key(&number) {
            bail!("no such pull request");
        }
        let now = self.now();
        let comment = {
            let mut world = self.world();
            let kind =
                if app.is_some() { crate::world::Kind::Bot } else { crate::world::Kind::User };
            world.account(author, kind);
            let comment = Comment {
                id: world.id(),
                repository: base,
                issue: number,
                author: author.to_owned(),
                app,
                body: body.to_owned(),
                created_at: now,
                updated_at: now,
            };
            world.comments.insert(comment.id, comment.clone());
            comment
        };
        self.comment_event(&comment, "created", author, json!({}))?;
        Ok(comment.id)
    }

    /// Tells of a comment.
    pub(crate) fn comment_event(
        &self,
        comment: &Comment,
        action: &'static str,
        sender: &str,
        mut payload: Value,
    ) -> anyhow::Result<()> {
        let repository = self.repository_by_id(comment.repository)?;
        let pull = repository.pulls.get(&comment.issue).context("no such pull request")?;
        self.view(|view| {
            payload["issue"] = view.issue(&repository, pull);
            payload["comment"] = view.comment(&repository, comment);
        });
        self.fire(&Event {
            name: "issue_comment",
            action: Some(action),
            to: To::Watchers { repository: repository.id },
            sender: sender.to_owned(),
            payload,
        });
        Ok(())
    }

    pub(crate) fn repository_by_id(&self, id: i64) -> anyhow::Result<crate::world::Repository> {
        self.world().repositories.get(&id).cloned().context("the repository is gone")
    }

    fn with_pull(
        &self,
        base: i64,
        number: i64,
        change: impl FnOnce(&mut Pull),
    ) -> anyhow::Result<()> {
        let mut world = self.world();
        let repository = world.repositories.get_mut(&base).context("the repository is gone")?;
        let pull = repository.pulls.get_mut(&number).context("no such pull request")?;
        change(pull);
        drop(world);
        Ok(())
    }
}
