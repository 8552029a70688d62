//! Pull requests and comments as GitHub's JSON.

use serde_json::{Value, json};

use super::{View, node, time, times};
use crate::world::{Comment, Pull, Repository};

impl View<'_> {
    /// A pull request in full.
    pub(crate) fn pull(&self, repository: &Repository, pull: &Pull) -> Value {
        let full = repository.full_name();
        let api = format!("{}/repos/{full}", self.base);
        let issue = format!("{api}/issues/{}", pull.number);
        let url = format!("{api}/pulls/{}", pull.number);
        let html = format!("{}/{full}/pull/{}", self.base, pull.number);
        let merged = pull.merge_sha.is_some();
        let comments =
            self.world.comments.values().filter(|comment| comment.is_on(repository, pull)).count();
        let statuses = format!("{api}/statuses/{}", pull.head_sha);
        let review = format!("{url}/comments");
        let merged_at = if merged { times(pull.closed_at) } else { Value::Null };
        let merged_by = if merged { self.account(crate::world::USER) } else { Value::Null };
        json!({
            "id": pull.id,
            "node_id": node("PullRequest", pull.id),
            "number": pull.number,
            "url": url,
            "html_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "issue_url": issue,
            "commits_url": format!("{url}/commits"),
            "review_comments_url": review,
            "review_comment_url": format!("{api}/pulls/comments{{/number}}"),
            "comments_url": format!("{issue}/comments"),
            "statuses_url": statuses,
            "state": if pull.open { "open" } else { "closed" },
            "locked": false,
            "active_lock_reason": null,
            "title": pull.title,
            "body": pull.body,
            "user": self.account(&pull.author),
            "labels": self.labels(repository, pull),
            "milestone": null,
            "assignee": null,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "created_at": time(pull.created_at),
            "updated_at": time(pull.updated_at),
            "closed_at": times(pull.closed_at),
            "merged_at": merged_at,
            "merge_commit_sha": pull.merge_sha,
            "head": self.tip(pull.head_repository, &pull.head_ref, &pull.head_sha),
            "base": self.tip(repository.id, &pull.base_ref, &pull.base_sha),
            "author_association": if pull.author == crate::world::USER { "MEMBER" } else { "NONE" },
            "auto_merge": null,
            "draft": pull.draft,
            "_links": {
                "self": { "href": url },
                "html": { "href": html },
                "issue": { "href": issue },
                "comments": { "href": format!("{issue}/comments") },
                "review_comments": { "href": review },
                "review_comment": { "href": format!("{api}/pulls/comments{{/number}}") },
                "commits": { "href": format!("{url}/commits") },
                "statuses": { "href": statuses },
            },
            "merged": merged,
            "mergeable": (!merged).then_some(true),
            "rebaseable": (!merged).then_some(true),
            "mergeable_state": if merged { "unknown" } else { "clean" },
            "merged_by": merged_by,
            "comments": comments,
            "review_comments": 0,
            "maintainer_can_modify": false,
            "commits": pull.size.commits,
            "additions": pull.size.additions,
            "deletions": pull.size.deletions,
            "changed_files": pull.size.files,
        })
    }

    fn tip(&self, repository: i64, git_ref: &str, sha: &str) -> Value {
        let repository = self.world.repositories.get(&repository);
        let owner = repository.map_or("ghost", |it| &it.owner);
        json!({
            "label": format!("{owner}:{git_ref}"),
            "ref": git_ref,
            "sha": sha,
            "user": self.account(owner),
            "repo": repository.map(|it| self.repository(it)),
        })
    }

    fn labels(&self, repository: &Repository, pull: &Pull) -> Value {
        pull.labels.iter().map(|(name, id)| self.label(repository, name, *id)).collect()
    }

    pub(crate) fn label(&self, repository: &Repository, name: &str, id: i64) -> Value {
        json!({
            "id": id,
            "node_id": node("Label", id),
            "url": format!("{}/repos/{}/labels/{name}", self.base, repository.full_name()),
            "name": name,
            "color": "ededed",
            "default": false,
            "description": null,
        })
    }

    /// A pull request in its other shape, which comments hang on.
    pub(crate) fn issue(&self, repository: &Repository, pull: &Pull) -> Value {
        let whole = self.pull(repository, pull);
        let url = whole["issue_url"].as_str().unwrap_or_default().to_owned();
        let mut issue = json!({
            "url": url,
            "repository_url": format!("{}/repos/{}", self.base, repository.full_name()),
            "labels_url": format!("{url}/labels{{/name}}"),
            "events_url": format!("{url}/events"),
            "timeline_url": format!("{url}/timeline"),
            "performed_via_github_app": null,
            "state_reason": null,
            "reactions": reactions(&url),
            "pull_request": {
                "url": whole["url"],
                "html_url": whole["html_url"],
                "diff_url": whole["diff_url"],
                "patch_url": whole["patch_url"],
                "merged_at": whole["merged_at"],
            },
        });
        for name in [
            "id",
            "node_id",
            "number",
            "html_url",
            "comments_url",
            "title",
            "user",
            "labels",
            "state",
            "locked",
            "assignee",
            "assignees",
            "milestone",
            "comments",
            "created_at",
            "updated_at",
            "closed_at",
            "author_association",
            "active_lock_reason",
            "draft",
            "body",
        ] {
            issue[name] = whole[name].clone();
        }
        issue
    }

    pub(crate) fn comment(&self, repository: &Repository, it: &Comment) -> Value {
        let full = repository.full_name();
        let url = format!("{}/repos/{full}/issues/comments/{}", self.base, it.id);
        json!({
            "id": it.id,
            "node_id": node("IssueComment", it.id),
            "url": url,
            "html_url": format!("{}/{full}/pull/{}#issuecomment-{}", self.base, it.issue, it.id),
            "issue_url": format!("{}/repos/{full}/issues/{}", self.base, it.issue),
            "body": it.body,
            "user": self.account(&it.author),
            "created_at": time(it.created_at),
            "updated_at": time(it.updated_at),
            "author_association": if it.app.is_some() { "NONE" } else { "MEMBER" },
            "performed_via_github_app": self.app_of(it.app),
            "reactions": reactions(&url),
        })
    }
}

impl Comment {
    pub(crate) const fn is_on(&self, repository: &Repository, pull: &Pull) -> bool {
        self.repository == repository.id && self.issue == pull.number
    }
}

fn reactions(url: &str) -> Value {
    json!({
        "url": format!("{url}/reactions"),
        "total_count": 0,
        "+1": 0,
        "-1": 0,
        "laugh": 0,
        "hooray": 0,
        "confused": 0,
        "heart": 0,
        "rocket": 0,
        "eyes": 0,
    })
}
