//! Operations that read repositories.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome};
use crate::render::node;
use crate::sim::Sim;
use crate::world::{Repository, USER};

/// The most files that a comparison lists.
const FILES_MAX: usize = 300;

/// The repository that a call is about; whether it may be seen was checked.
pub(super) fn repository(sim: &Sim, call: &Call) -> Result<Repository, Answer> {
    let name = format!("{}/{}", call.param("owner"), call.param("repo"));
    sim.world().repository(&name).cloned().ok_or_else(Answer::not_found)
}

pub(super) fn get(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let mut body = sim.view(|view| view.repository(&it));
    body["permissions"] =
        json!({ "admin": false, "maintain": false, "push": false, "triage": false, "pull": true });
    if let Some(parent) = it.fork_of.and_then(|id| sim.world().repositories.get(&id).cloned()) {
        let parent = sim.view(|view| view.repository(&parent));
        body["parent"] = parent.clone();
        body["source"] = parent;
    }
    Ok(Answer::new(200, body))
}

pub(super) fn branches(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let api = format!("{}/repos/{}", sim.base_url(), it.full_name());
    let branch = |(git_ref, sha): (&String, &String)| {
        let name = git_ref.strip_prefix("refs/heads/")?;
        Some(json!({
            "name": name,
            "commit": { "sha": sha, "url": format!("{api}/commits/{sha}") },
            "protected": false,
        }))
    };
    let items: Vec<Value> = it.refs.iter().filter_map(branch).collect();
    Ok(call.page(sim, &items, |items| items))
}

pub(super) async fn branch(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let name = call.param("branch");
    let sha = it.refs.get(&format!("refs/heads/{name}"));
    let sha = sha.ok_or_else(|| Answer::refusal(404, "Branch not found"))?;
    let commit = it.git().read_commit(sha).await?;
    let url = format!("{}/repos/{}/branches/{name}", sim.base_url(), it.full_name());
    let html = format!("{}/{}/tree/{name}", sim.base_url(), it.full_name());
    let body = json!({
        "name": name,
        "commit": sim.view(|view| view.commit(&it, &commit, None)),
        "_links": { "self": url, "html": html },
        "protected": false,
        "protection": {
            "enabled": false,
            "required_status_checks": {
                "enforcement_level": "off", "contexts": [], "checks": [],
            },
        },
        "protection_url": format!("{url}/protection"),
    });
    Ok(Answer::new(200, body))
}

pub(super) async fn tags(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let api = format!("{}/repos/{}", sim.base_url(), it.full_name());
    let mut items = Vec::new();
    for git_ref in it.refs.keys() {
        let Some(name) = git_ref.strip_prefix("refs/tags/") else { continue };
        let Some(sha) = it.git().commit_of(git_ref).await else { continue };
        items.push(json!({
            "name": name,
            "zipball_url": format!("{api}/zipball/{git_ref}"),
            "tarball_url": format!("{api}/tarball/{git_ref}"),
            "commit": { "sha": sha, "url": format!("{api}/commits/{sha}") },
            "node_id": node("Ref", git_ref),
        }));
    }
    Ok(call.page(sim, &items, |items| items))
}

pub(super) async fn commits(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let start = call.query("sha").unwrap_or(&it.default_branch);
    let git = it.git();
    let sha = git.commit_of(start).await;
    let sha = sha.ok_or_else(|| Answer::refusal(409, "Git Repository is empty."))?;
    let commits = git.log(&[&sha]).await?;
    let items: Vec<Value> =
        sim.view(|view| commits.iter().map(|commit| view.commit(&it, commit, None)).collect());
    Ok(call.page(sim, &items, |items| items))
}

pub(super) async fn commit(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let git = it.git();
    let name = call.param("ref");
    let sha = git.commit_of(name).await;
    let sha =
        sha.ok_or_else(|| Answer::refusal(422, &format!("No commit found for SHA: {name}")))?;
    let commit = git.read_commit(&sha).await?;
    let files = match commit.parents.first() {
        Some(parent) => git.diff(parent, &sha).await?,
        None => Vec::new(),
    };
    Ok(Answer::new(200, sim.view(|view| view.commit(&it, &commit, Some(&files)))))
}

pub(super) async fn git_ref(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let git_ref = format!("refs/{}", call.param("ref"));
    let sha = it.refs.get(&git_ref).ok_or_else(Answer::not_found)?;
    Ok(Answer::new(200, one_ref(sim, &it, &git_ref, sha).await))
}

pub(super) async fn matching_refs(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let start = format!("refs/{}", call.param("ref"));
    let mut items = Vec::new();
    for (git_ref, sha) in it.refs.iter().filter(|(name, _)| name.starts_with(&start)) {
        items.push(one_ref(sim, &it, git_ref, sha).await);
    }
    Ok(Answer::new(200, items.into()))
}

async fn one_ref(sim: &Sim, it: &Repository, git_ref: &str, sha: &str) -> Value {
    let mut value = sim.view(|view| view.git_ref(it, git_ref, sha));
    // An annotated tag is an object of its own.
    if let Ok(kind) = it.git().run(&["cat-file", "-t", sha]).await {
        value["object"]["type"] = kind.into();
    }
    value
}

pub(super) async fn compare(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let git = it.git();
    let (one, other) = call.param("basehead").split_once("...").ok_or_else(Answer::not_found)?;
    let base = git.commit_of(one).await.ok_or_else(Answer::not_found)?;
    let head = git.commit_of(other).await.ok_or_else(Answer::not_found)?;
    let root = git.merge_base(&base, &head).await.ok_or_else(Answer::not_found)?;
    let (ahead, behind) = (git.count(&base, &head).await?, git.count(&head, &base).await?);
    let commits = git.log(&["--reverse", &head, "--not", &base]).await?;
    let mut files = git.diff(&root, &head).await?;
    files.truncate(FILES_MAX);
    let (base_commit, root_commit) = (git.read_commit(&base).await?, git.read_commit(&root).await?);
    let status = match (ahead, behind) {
        (0, 0) => "identical",
        (0, _) => "behind",
        (_, 0) => "ahead",
        (_, _) => "diverged",
    };
    let html = format!("{}/{}/compare/{one}...{other}", sim.base_url(), it.full_name());
    let body = sim.view(|view| {
        let all = |commits: &[crate::git::CommitData]| -> Value {
            commits.iter().map(|commit| view.commit(&it, commit, None)).collect()
        };
        json!({
            "url": format!("{}/repos/{}/compare/{one}...{other}", sim.base_url(), it.full_name()),
            "html_url": html,
            "permalink_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "base_commit": view.commit(&it, &base_commit, None),
            "merge_base_commit": view.commit(&it, &root_commit, None),
            "status": status,
            "ahead_by": ahead,
            "behind_by": behind,
            "total_commits": commits.len(),
            "commits": all(&commits),
            "files": files.iter().map(|file| view.file(&it, file, &head)).collect::<Value>(),
        })
    });
    Ok(Answer::new(200, body))
}

/// The simulator's user administers everything; nobody else may write.
pub(super) fn permission(sim: &Sim, call: &Call) -> Outcome {
    repository(sim, call)?;
    let login = call.param("username");
    if !sim.world().accounts.contains_key(login) {
        return Err(Answer::not_found());
    }
    let level = if login == USER { "admin" } else { "read" };
    let mut user = sim.view(|view| view.account(login));
    let writes = level == "admin";
    user["permissions"] = json!({
        "admin": writes, "maintain": writes, "push": writes, "triage": writes, "pull": true,
    });
    user["role_name"] = level.into();
    Ok(Answer::new(200, json!({ "permission": level, "role_name": level, "user": user })))
}
