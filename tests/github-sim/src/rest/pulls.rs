//! Operations on pull requests and their comments.

use serde_json::{Value, json};

use super::repos::repository;
use super::{Answer, Call, Identity, Outcome};
use crate::driver::types::{NewPullRequest, PullRequestChange};
use crate::sim::Sim;
use crate::world::{Comment, Pull};

/// The App that asks, and its login.
pub(super) fn bot(sim: &Sim, call: &Call) -> Result<(i64, String), Answer> {
    let Identity::Installation(token) = &call.identity else {
        return Err(Answer::not_found());
    };
    let world = sim.world();
    let installation = world.installations.get(&token.installation);
    let app = installation.and_then(|it| world.apps.get(&it.app)).ok_or_else(Answer::not_found)?;
    Ok((app.id, format!("{}[bot]", app.slug)))
}

pub(super) fn list(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let state = call.query("state").unwrap_or("open");
    let head = call.query("head");
    let base = call.query("base");
    let wanted = |pull: &&Pull| {
        (state == "all" || pull.open == (state == "open"))
            && base.is_none_or(|base| pull.base_ref == base)
            && head.is_none_or(|head| head.rsplit(':').next() == Some(&pull.head_ref))
    };
    let mut items: Vec<Value> = sim.view(|view| {
        it.pulls.values().rev().filter(wanted).map(|pull| view.pull(&it, pull)).collect()
    });
    if call.query("direction") == Some("asc") {
        items.reverse();
    }
    Ok(call.page(sim, &items, |items| items))
}

pub(super) fn get(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let pull = it.pulls.get(&call.number("pull_number")?).ok_or_else(Answer::not_found)?;
    Ok(Answer::new(200, sim.view(|view| view.pull(&it, pull))))
}

pub(super) async fn files(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let pull = it.pulls.get(&call.number("pull_number")?).ok_or_else(Answer::not_found)?;
    let git = it.git();
    let root = git.merge_base(&pull.base_sha, &pull.head_sha).await;
    let files = git.diff(root.as_deref().unwrap_or(&pull.base_sha), &pull.head_sha).await?;
    let items: Vec<Value> =
        sim.view(|view| files.iter().map(|file| view.file(&it, file, &pull.head_sha)).collect());
    Ok(call.page(sim, &items, |items| items))
}

pub(super) async fn create(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let (_, login) = bot(sim, call)?;
    let new = NewPullRequest {
        title: call.text("title").unwrap_or_default(),
        head: call.text("head").unwrap_or_default(),
        base: call.text("base"),
        body: call.text("body"),
        draft: call.body["draft"] == true,
        author: Some(login),
    };
    let number = sim.open_pull(it.id, new).await?;
    let it = repository(sim, call)?;
    let pull = it.pulls.get(&number).ok_or_else(Answer::not_found)?;
    Ok(Answer::new(201, sim.view(|view| view.pull(&it, pull))))
}

pub(super) fn update(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let (_, login) = bot(sim, call)?;
    let number = call.number("pull_number")?;
    let open = it.pulls.get(&number).ok_or_else(Answer::not_found)?.open;
    let change = PullRequestChange {
        title: call.text("title"),
        base: call.text("base"),
        ..PullRequestChange::default()
    };
    sim.change_pull(it.id, number, change, &login)?;
    let wanted = call.body["state"].as_str().map(|state| state == "open");
    if let Some(wanted) = wanted.filter(|wanted| *wanted != open) {
        sim.set_pull_open(it.id, number, wanted, &login)?;
    }
    get(sim, call)
}

pub(super) async fn merge(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let (_, login) = bot(sim, call)?;
    let number = call.number("pull_number")?;
    let sha = sim
        .merge_pull(it.id, number, &login)
        .await
        .map_err(|err| Answer::refusal(405, &format!("{err:#}")))?;
    let message = "Pull Request successfully merged";
    Ok(Answer::new(200, json!({ "sha": sha, "merged": true, "message": message })))
}

fn find_comment(sim: &Sim, call: &Call) -> Result<Comment, Answer> {
    let it = repository(sim, call)?;
    let id = call.number("comment_id")?;
    let comment = sim.world().comments.get(&id).filter(|one| one.repository == it.id).cloned();
    comment.ok_or_else(Answer::not_found)
}

pub(super) fn comments(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let pull = it.pulls.get(&call.number("issue_number")?).ok_or_else(Answer::not_found)?;
    let items: Vec<Value> = sim.view(|view| {
        let all = view.world.comments.values().filter(|comment| comment.is_on(&it, pull));
        all.map(|comment| view.comment(&it, comment)).collect()
    });
    Ok(call.page(sim, &items, |items| items))
}

pub(super) fn comment(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let comment = find_comment(sim, call)?;
    Ok(Answer::new(200, sim.view(|view| view.comment(&it, &comment))))
}

pub(super) fn create_comment(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let (app, login) = bot(sim, call)?;
    let number = call.number("issue_number")?;
    if !it.pulls.contains_key(&number) {
        return Err(Answer::not_found());
    }
    let body = call.text("body").unwrap_or_default();
    let id = sim.add_comment((it.id, number), &login, Some(app), &body)?;
    sim.view(|view| {
        let comment = view.world.comments.get(&id).ok_or_else(Answer::not_found)?;
        Ok(Answer::new(201, view.comment(&it, comment)))
    })
}

pub(super) fn update_comment(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let (app, login) = bot(sim, call)?;
    let old = find_comment(sim, call)?;
    if old.app != Some(app) {
        return Err(Answer::refusal(403, "Resource not accessible by integration"));
    }
    let body = call.text("body").unwrap_or_default();
    let now = sim.now();
    let comment = {
        let mut world = sim.world();
        let comment = world.comments.get_mut(&old.id).ok_or_else(Answer::not_found)?;
        comment.body = body;
        comment.updated_at = now;
        comment.clone()
    };
    let changes = json!({ "changes": { "body": { "from": old.body } } });
    sim.comment_event(&comment, "edited", &login, changes)?;
    Ok(Answer::new(200, sim.view(|view| view.comment(&it, &comment))))
}

pub(super) fn delete_comment(sim: &Sim, call: &Call) -> Outcome {
    let (_, login) = bot(sim, call)?;
    let comment = find_comment(sim, call)?;
    sim.world().comments.remove(&comment.id);
    sim.comment_event(&comment, "deleted", &login, json!({}))?;
    Ok(Answer::empty(204))
}
