//! Deployments and check runs as GitHub's JSON.

use serde_json::{Value, json};

use super::{View, node, time, times};
use crate::world::{CheckRun, Deployment, Repository, Status};

impl View<'_> {
    pub(crate) fn deployment(&self, repository: &Repository, it: &Deployment) -> Value {
        let api = format!("{}/repos/{}", self.base, repository.full_name());
        let url = format!("{api}/deployments/{}", it.id);
        json!({
            "url": url,
            "id": it.id,
            "node_id": node("Deployment", it.id),
            "sha": it.sha,
            "ref": it.git_ref,
            "task": it.task,
            "payload": it.payload,
            "original_environment": it.environment,
            "environment": it.environment,
            "description": it.description,
            "creator": self.bot(it.app),
            "created_at": time(it.created_at),
            "updated_at": time(it.updated_at),
            "statuses_url": format!("{url}/statuses"),
            "repository_url": api,
            "transient_environment": it.transient,
            "production_environment": it.production,
            "performed_via_github_app": self.app_of(Some(it.app)),
        })
    }

    pub(crate) fn deployment_status(
        &self,
        repository: &Repository,
        deployment: &Deployment,
        it: &Status,
    ) -> Value {
        let api = format!("{}/repos/{}", self.base, repository.full_name());
        let url = format!("{api}/deployments/{}", deployment.id);
        let mut status = json!({
            "url": format!("{url}/statuses/{}", it.id),
            "id": it.id,
            "node_id": node("DeploymentStatus", it.id),
            "state": it.state,
            "creator": self.bot(it.app),
            "description": it.description,
            "environment": it.environment,
            "target_url": it.log_url,
            "created_at": time(it.created_at),
            "updated_at": time(it.created_at),
            "deployment_url": url,
            "repository_url": api,
            "environment_url": it.environment_url,
            "log_url": it.log_url,
            "performed_via_github_app": self.app_of(Some(it.app)),
        });
        // GitHub says "" here, which its own description calls no address.
        if it.environment_url.is_empty()
            && let Some(fields) = status.as_object_mut()
        {
            fields.remove("environment_url");
        }
        status
    }

    pub(crate) fn check_run(&self, repository: &Repository, it: &CheckRun) -> Value {
        let full = repository.full_name();
        let url = format!("{}/repos/{full}/check-runs/{}", self.base, it.id);
        let html = format!("{}/{full}/runs/{}", self.base, it.id);
        json!({
            "id": it.id,
            "name": it.name,
            "node_id": node("CheckRun", it.id),
            "head_sha": it.head_sha,
            "external_id": it.external_id.as_deref().unwrap_or_default(),
            "url": url,
            "html_url": html,
            "details_url": it.details_url.as_deref().unwrap_or(&html),
            "status": it.status,
            "conclusion": it.conclusion,
            "started_at": times(it.started_at),
            "completed_at": times(it.completed_at),
            "output": {
                "title": it.title,
                "summary": it.summary,
                "text": it.text,
                "annotations_count": it.annotations.len(),
                "annotations_url": format!("{url}/annotations"),
            },
            "check_suite": { "id": it.suite },
            "app": self.app_of(Some(it.app)),
            "pull_requests": self.pulls_of_check(repository, &it.head_sha),
        })
    }

    /// A check run as webhooks give it: with its whole suite.
    pub(crate) fn check_run_event(&self, repository: &Repository, it: &CheckRun) -> Value {
        let mut value = self.check_run(repository, it);
        let full = repository.full_name();
        let branch = repository
            .refs
            .iter()
            .find(|(_, sha)| **sha == it.head_sha)
            .and_then(|(git_ref, _)| git_ref.strip_prefix("refs/heads/"));
        value["check_suite"] = json!({
            "id": it.suite,
            "node_id": node("CheckSuite", it.suite),
            "head_branch": branch,
            "head_sha": it.head_sha,
            "status": it.status,
            "conclusion": it.conclusion,
            "url": format!("{}/repos/{full}/check-suites/{}", self.base, it.suite),
            "before": null,
            "after": it.head_sha,
            "pull_requests": value["pull_requests"],
            "app": value["app"],
            "created_at": time(repository.pushed_at),
            "updated_at": time(repository.pushed_at),
        });
        value
    }

    fn pulls_of_check(&self, repository: &Repository, sha: &str) -> Value {
        let stub = json!({
            "id": repository.id,
            "url": format!("{}/repos/{}", self.base, repository.full_name()),
            "name": repository.name,
        });
        let pull = |pull: &&crate::world::Pull| {
            json!({
                "id": pull.id,
                "number": pull.number,
                "url": format!("{}/pulls/{}", stub["url"].as_str().unwrap_or_default(), pull.number),
                "head": { "ref": pull.head_ref, "sha": pull.head_sha, "repo": stub },
                "base": { "ref": pull.base_ref, "sha": pull.base_sha, "repo": stub },
            })
        };
        self.world.pulls_at(repository.id, sha).iter().map(pull).collect()
    }
}
