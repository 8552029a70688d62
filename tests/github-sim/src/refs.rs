//! What follows when refs have moved: webhooks, and pull requests that follow
//! their branches.

use serde_json::{Value, json};

use crate::driver::types::Pushed;
use crate::git::ZERO;
use crate::hooks::{Event, To};
use crate::sim::Sim;
use crate::world::Repository;

/// GitHub says nothing of tags when more than this many are pushed at once.
const TAGS_MAX: usize = 3;
/// The most commits that a push event lists.
const COMMITS_MAX: &str = "-2048";

impl Sim {
    /// Compares a repository's refs with what they were, and tells of those
    /// that moved.
    pub(crate) async fn look(&self, id: i64, pusher: &str) -> anyhow::Result<Vec<Pushed>> {
        let _one_at_a_time = self.looking().await;
        let Some(mut repository) = self.world().repositories.get(&id).cloned() else {
            return Ok(Vec::new());
        };
        let git = repository.git();
        let now = git.refs().await?;
        let before = std::mem::replace(&mut repository.refs, now.clone());
        let names = before.keys().chain(now.keys()).collect::<std::collections::BTreeSet<_>>();
        let moved: Vec<Pushed> = names
            .into_iter()
            .filter(|name| before.get(*name) != now.get(*name))
            .map(|name| Pushed {
                git_ref: name.clone(),
                before: before.get(name).cloned().unwrap_or_else(|| ZERO.to_owned()),
                after: now.get(name).cloned().unwrap_or_else(|| ZERO.to_owned()),
            })
            .collect();
        if let Some(known) = self.world().repositories.get_mut(&id) {
            known.refs = now;
            if !moved.is_empty() {
                known.pushed_at = self.now();
            }
        }
        let tags = moved.iter().filter(|it| it.git_ref.starts_with("refs/tags/")).count();
        for it in &moved {
            if tags > TAGS_MAX && it.git_ref.starts_with("refs/tags/") {
                continue;
            }
            self.tell(&repository, it, &before, pusher).await?;
        }
        for it in &moved {
            self.follow(&repository, it, pusher).await?;
        }
        Ok(moved)
    }

    async fn tell(
        &self,
        repository: &Repository,
        it: &Pushed,
        before: &std::collections::BTreeMap<String, String>,
        pusher: &str,
    ) -> anyhow::Result<()> {
        let git = repository.git();
        let (created, deleted) = (it.before == ZERO, it.after == ZERO);
        let mut commits = Vec::new();
        let mut head = Value::Null;
        let mut forced = false;
        if !deleted {
            let mut range = vec![COMMITS_MAX, "--reverse", it.after.as_str()];
            if created {
                // New is what no branch had.
                range.push("--not");
                range.extend(before.values().map(String::as_str));
            } else {
                range.extend(["--not", it.before.as_str()]);
                let args = ["merge-base", "--is-ancestor", &it.before, &it.after];
                forced = git.run(&args).await.is_err();
            }
            commits = git.log(&range).await?;
            let newest = git.read_commit(&it.after).await?;
            head = self.view(|view| view.pushed_commit(repository, &newest));
        }
        let commits: Value = self.view(|view| {
            commits.iter().map(|commit| view.pushed_commit(repository, commit)).collect()
        });
        let short = |sha: &str| sha.get(..12).unwrap_or(sha).to_owned();
        let page = format!("{}/{}", self.base_url(), repository.full_name());
        let compare = if created || deleted {
            let one = if deleted { &it.before } else { &it.after };
            format!("{page}/compare/{}", short(one))
        } else {
            format!("{page}/compare/{}...{}", short(&it.before), short(&it.after))
        };
        let to = || To::Watchers { repository: repository.id };
        self.fire(&Event {
            name: "push",
            action: None,
            to: to(),
            sender: pusher.to_owned(),
            payload: json!({
                "ref": it.git_ref,
                "before": it.before,
                "after": it.after,
                "created": created,
                "deleted": deleted,
                "forced": forced,
                "base_ref": null,
                "compare": compare,
                "commits": commits,
                "head_commit": head,
                "pusher": { "name": pusher, "email": format!("{pusher}@example.com") },
            }),
        });
        if created || deleted {
            let (kind, name) = kind_and_name(&it.git_ref);
            let mut payload = json!({ "ref": name, "ref_type": kind, "pusher_type": "user" });
            if created {
                payload["master_branch"] = repository.default_branch.as_str().into();
                payload["description"] = Value::Null;
            }
            self.fire(&Event {
                name: if created { "create" } else { "delete" },
                action: None,
                to: to(),
                sender: pusher.to_owned(),
                payload,
            });
        }
        Ok(())
    }

    /// Moves the pull requests whose branch moved.
    async fn follow(
        &self,
        repository: &Repository,
        it: &Pushed,
        pusher: &str,
    ) -> anyhow::Result<()> {
        let Some(branch) = it.git_ref.strip_prefix("refs/heads/") else { return Ok(()) };
        let concerned: Vec<(i64, i64)> = {
            let world = self.world();
            let pulls = world.repositories.values().flat_map(|base| {
                base.pulls.values().filter(|pull| pull.open).map(move |pull| (base.id, pull))
            });
            pulls
                .filter(|(_, pull)| pull.head_repository == repository.id)
                .filter(|(_, pull)| pull.head_ref == branch)
                .map(|(base, pull)| (base, pull.number))
                .collect()
        };
        for (base, number) in concerned {
            if it.after == ZERO {
                self.set_pull_open(base, number, false, pusher)?;
            } else {
                self.synchronize(base, number, it, pusher).await?;
            }
        }
        Ok(())
    }

    async fn synchronize(
        &self,
        base: i64,
        number: i64,
        it: &Pushed,
        pusher: &str,
    ) -> anyhow::Result<()> {
        self.refresh(base, number, &it.after).await?;
        let event = self.pull_event(
            (base, number),
            "synchronize",
            pusher,
            json!({ "before": it.before, "after": it.after }),
        )?;
        self.fire(&event);
        Ok(())
    }
}

/// `branch` or `tag`, and its name.
fn kind_and_name(git_ref: &str) -> (&'static str, &str) {
    match git_ref.strip_prefix("refs/tags/") {
        Some(name) => ("tag", name),
        None => ("branch", git_ref.strip_prefix("refs/heads/").unwrap_or(git_ref)),
    }
}
