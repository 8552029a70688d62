//! Commits, branches and files as GitHub's JSON.

use serde_json::{Value, json};

use super::{View, node};
use crate::git::{CommitData, FileChange, Person};
use crate::world::Repository;

impl View<'_> {
    /// A commit as the API gives it.
    pub(crate) fn commit(
        &self,
        repository: &Repository,
        it: &CommitData,
        files: Option<&[FileChange]>,
    ) -> Value {
        let full = repository.full_name();
        let api = format!("{}/repos/{full}", self.base);
        let url = format!("{api}/commits/{}", it.sha);
        let person = |person: &Person| json!({ "name": person.name, "email": person.email, "date": person.date });
        let account = |person: &Person| match self.world.accounts.get(&person.name) {
            Some(account) => self.account(&account.login),
            None => Value::Null,
        };
        let parent = |sha: &String| {
            json!({
                "sha": sha,
                "url": format!("{api}/commits/{sha}"),
                "html_url": format!("{}/{full}/commit/{sha}", self.base),
            })
        };
        let mut value = json!({
            "sha": it.sha,
            "node_id": node("Commit", &it.sha),
            "commit": {
                "author": person(&it.author),
                "committer": person(&it.committer),
                "message": it.message,
                "tree": { "sha": it.tree, "url": format!("{api}/git/trees/{}", it.tree) },
                "url": format!("{api}/git/commits/{}", it.sha),
                "comment_count": 0,
                "verification": {
                    "verified": false,
                    "reason": "unsigned",
                    "signature": null,
                    "payload": null,
                    "verified_at": null,
                },
            },
            "url": url,
            "html_url": format!("{}/{full}/commit/{}", self.base, it.sha),
            "comments_url": format!("{url}/comments"),
            "author": account(&it.author),
            "committer": account(&it.committer),
            "parents": it.parents.iter().map(parent).collect::<Value>(),
        });
        if let Some(files) = files {
            let sum = |count: fn(&FileChange) -> i64| files.iter().map(count).sum::<i64>();
            let (added, removed) = (sum(|file| file.additions), sum(|file| file.deletions));
            value["stats"] =
                json!({ "additions": added, "deletions": removed, "total": added + removed });
            value["files"] =
                files.iter().map(|file| self.file(repository, file, &it.sha)).collect();
        }
        value
    }

    /// A changed file.
    pub(crate) fn file(&self, repository: &Repository, it: &FileChange, sha: &str) -> Value {
        let full = repository.full_name();
        let status = match it.status {
            'A' => "added",
            'D' => "removed",
            'T' => "changed",
            _ => "modified",
        };
        json!({
            "sha": it.blob,
            "filename": it.path,
            "status": status,
            "additions": it.additions,
            "deletions": it.deletions,
            "changes": it.additions + it.deletions,
            "blob_url": format!("{}/{full}/blob/{sha}/{}", self.base, escape(&it.path)),
            "raw_url": format!("{}/{full}/raw/{sha}/{}", self.base, escape(&it.path)),
            "contents_url":
                format!("{}/repos/{full}/contents/{}?ref={sha}", self.base, escape(&it.path)),
        })
    }

    /// A commit as webhooks give it.
    pub(crate) fn pushed_commit(&self, repository: &Repository, it: &CommitData) -> Value {
        let person = |person: &Person| {
            let mut value = json!({ "name": person.name, "email": person.email });
            // A name that GitHub knows no account of has no login.
            if self.world.accounts.contains_key(&person.name) {
                value["username"] = person.name.as_str().into();
            }
            value
        };
        let touched = |letters: &[char]| {
            let paths = it.files.iter().filter(|(letter, _)| letters.contains(letter));
            paths.map(|(_, path)| Value::from(path.as_str())).collect::<Value>()
        };
        json!({
            "id": it.sha,
            "tree_id": it.tree,
            "distinct": true,
            "message": it.message,
            "timestamp": it.committer.date,
            "url": format!("{}/{}/commit/{}", self.base, repository.full_name(), it.sha),
            "author": person(&it.author),
            "committer": person(&it.committer),
            "added": touched(&['A']),
            "removed": touched(&['D']),
            "modified": touched(&['M', 'T']),
        })
    }

    /// A ref as the git part of the API gives it.
    pub(crate) fn git_ref(&self, repository: &Repository, git_ref: &str, sha: &str) -> Value {
        let api = format!("{}/repos/{}", self.base, repository.full_name());
        json!({
            "ref": git_ref,
            "node_id": node("Ref", git_ref),
            "url": format!("{api}/git/{git_ref}"),
            "object": {
                "type": "commit",
                "sha": sha,
                "url": format!("{api}/git/commits/{sha}"),
            },
        })
    }
}

/// A path as a part of an address.
fn escape(path: &str) -> String {
    url::form_urlencoded::byte_serialize(path.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
        .replace("%2F", "/")
}
