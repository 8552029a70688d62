//! Operations on deployments and check runs: what an App reports.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::pulls::bot;
use super::repos::repository;
use super::{Answer, Call, Outcome};
use crate::hooks::{Event, To};
use crate::sim::Sim;
use crate::world::{CheckRun, Deployment, Repository, Status};

pub(super) async fn create_deployment(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let (app, login) = bot(sim, call)?;
    let git_ref = call.text("ref").unwrap_or_default();
    let sha = it.git().commit_of(&git_ref).await;
    let sha = sha.ok_or_else(|| Answer::refusal(422, &format!("No ref found for: {git_ref}")))?;
    let now = sim.now();
    let environment = call.text("environment").unwrap_or_else(|| "production".to_owned());
    let production = call.body["production_environment"]
        .as_bool()
        .unwrap_or_else(|| environment == "production");
    let deployment = {
        let mut world = sim.world();
        let deployment = Deployment {
            id: world.id(),
            repository: it.id,
            app,
            git_ref,
            sha,
            task: call.text("task").unwrap_or_else(|| "deploy".to_owned()),
            environment,
            description: call.text("description"),
            payload: match &call.body["payload"] {
                given if given.is_null() => json!({}),
                given => given.clone(),
            },
            transient: call.body["transient_environment"] == true,
            production,
            statuses: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        world.deployments.insert(deployment.id, deployment.clone());
        deployment
    };
    let body = sim.view(|view| view.deployment(&it, &deployment));
    sim.fire(&Event {
        name: "deployment",
        action: Some("created"),
        to: To::Watchers { repository: it.id },
        sender: login,
        payload: json!({ "deployment": body, "workflow": null, "workflow_run": null }),
    });
    Ok(Answer::new(201, body))
}

/// The repository and deployment that a call is about.
fn find_deployment(sim: &Sim, call: &Call) -> Result<(Repository, Deployment), Answer> {
    let it = repository(sim, call)?;
    let id = call.number("deployment_id")?;
    let found = sim.world().deployments.get(&id).filter(|one| one.repository == it.id).cloned();
    found.map(|deployment| (it, deployment)).ok_or_else(Answer::not_found)
}

pub(super) fn deployments(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    // `none` stands for no filter.
    let fits = |name: &str, value: &str| {
        call.query(name).is_none_or(|wanted| wanted == "none" || wanted == value)
    };
    let items: Vec<Value> = sim.view(|view| {
        let own = view.world.deployments.values().rev().filter(|one| one.repository == it.id);
        own.filter(|one| fits("sha", &one.sha) && fits("ref", &one.git_ref))
            .filter(|one| fits("task", &one.task) && fits("environment", &one.environment))
            .map(|one| view.deployment(&it, one))
            .collect()
    });
    Ok(call.page(sim, &items, |items| items))
}

pub(super) fn deployment(sim: &Sim, call: &Call) -> Outcome {
    let (it, deployment) = find_deployment(sim, call)?;
    Ok(Answer::new(200, sim.view(|view| view.deployment(&it, &deployment))))
}

pub(super) fn delete_deployment(sim: &Sim, call: &Call) -> Outcome {
    let (it, deployment) = find_deployment(sim, call)?;
    let mut world = sim.world();
    let only = world.deployments.values().filter(|one| one.repository == it.id).count() == 1;
    let state = deployment.statuses.last().map(|status| status.state.as_str());
    if !only && state != Some("inactive") {
        return Err(Answer::refusal(
            422,
            "We cannot delete an active deployment unless it is the only deployment in a given environment.",
        ));
    }
    world.deployments.remove(&deployment.id);
    Ok(Answer::empty(204))
}

pub(super) fn create_status(sim: &Sim, call: &Call) -> Outcome {
    let (it, deployment) = find_deployment(sim, call)?;
    let (app, login) = bot(sim, call)?;
    let now = sim.now();
    let text = |name: &str| call.text(name).unwrap_or_default();
    let (deployment, status) = {
        let mut world = sim.world();
        let status = Status {
            id: world.id(),
            app,
            state: text("state"),
            description: text("description"),
            environment: call.text("environment").unwrap_or(deployment.environment),
            environment_url: text("environment_url"),
            log_url: call.text("log_url").unwrap_or_else(|| text("target_url")),
            created_at: now,
        };
        // A success retires what was there before, unless it was production's
        // or in an environment that goes away.
        if status.state == "success" && call.body["auto_inactive"] != false {
            retire(&mut world, &it, deployment.id, &status);
        }
        let deployment = world.deployments.get_mut(&deployment.id).ok_or_else(Answer::not_found)?;
        deployment.updated_at = now;
        deployment.environment.clone_from(&status.environment);
        deployment.statuses.push(status.clone());
        (deployment.clone(), status)
    };
    let (whole, body) = sim.view(|view| {
        let status = view.deployment_status(&it, &deployment, &status);
        (view.deployment(&it, &deployment), status)
    });
    sim.fire(&Event {
        name: "deployment_status",
        action: Some("created"),
        to: To::Watchers { repository: it.id },
        sender: login,
        payload: json!({ "deployment_status": body, "deployment": whole }),
    });
    Ok(Answer::new(201, body))
}

fn retire(world: &mut crate::world::World, it: &Repository, new: i64, status: &Status) {
    let is_older = |one: &&Deployment| {
        one.repository == it.id
            && one.id < new
            && one.environment == status.environment
            && !one.transient
            && !one.production
            && one.statuses.last().is_some_and(|last| last.state == "success")
    };
    let older: Vec<i64> = world.deployments.values().filter(is_older).map(|one| one.id).collect();
    for deployment in older {
        let inactive = Status { id: world.id(), state: "inactive".to_owned(), ..status.clone() };
        if let Some(deployment) = world.deployments.get_mut(&deployment) {
            deployment.statuses.push(inactive);
        }
    }
}

pub(super) fn statuses(sim: &Sim, call: &Call) -> Outcome {
    let (it, deployment) = find_deployment(sim, call)?;
    let items: Vec<Value> = sim.view(|view| {
        let newest_first = deployment.statuses.iter().rev();
        newest_first.map(|status| view.deployment_status(&it, &deployment, status)).collect()
    });
    Ok(call.page(sim, &items, |items| items))
}

pub(super) fn status(sim: &Sim, call: &Call) -> Outcome {
    let (it, deployment) = find_deployment(sim, call)?;
    let id = call.number("status_id")?;
    let status = deployment.statuses.iter().find(|status| status.id == id);
    let status = status.ok_or_else(Answer::not_found)?;
    Ok(Answer::new(200, sim.view(|view| view.deployment_status(&it, &deployment, status))))
}

pub(super) async fn create_check(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let (app, login) = bot(sim, call)?;
    let sha = call.text("head_sha").unwrap_or_default();
    let known = sha.len() == 40 && it.git().commit_of(&sha).await.as_ref() == Some(&sha);
    if !known {
        return Err(Answer::refusal(422, &format!("No commit found for SHA: {sha}")));
    }
    let now = sim.now();
    let run = {
        let mut world = sim.world();
        let mut run = CheckRun {
            id: world.id(),
            repository: it.id,
            app,
            suite: world.suite(it.id, app, &sha),
            name: String::new(),
            head_sha: sha,
            external_id: None,
            details_url: None,
            status: "queued".to_owned(),
            conclusion: None,
            started_at: Some(now),
            completed_at: None,
            title: None,
            summary: None,
            text: None,
            annotations: Vec::new(),
            actions: Vec::new(),
        };
        run.change(&call.body, now);
        world.check_runs.insert(run.id, run.clone());
        run
    };
    sim.check_event(&run, "created", &login, json!({}));
    if run.conclusion.is_some() {
        sim.check_event(&run, "completed", &login, json!({}));
    }
    Ok(Answer::new(201, sim.view(|view| view.check_run(&it, &run))))
}

fn find_check(sim: &Sim, call: &Call) -> Result<(Repository, CheckRun), Answer> {
    let it = repository(sim, call)?;
    let id = call.number("check_run_id")?;
    let found = sim.world().check_runs.get(&id).filter(|one| one.repository == it.id).cloned();
    found.map(|run| (it, run)).ok_or_else(Answer::not_found)
}

pub(super) fn update_check(sim: &Sim, call: &Call) -> Outcome {
    let (it, old) = find_check(sim, call)?;
    let (app, login) = bot(sim, call)?;
    if old.app != app {
        return Err(Answer::refusal(403, "Invalid app_id: it is another App's check run"));
    }
    let now = sim.now();
    let run = {
        let mut world = sim.world();
        let run = world.check_runs.get_mut(&old.id).ok_or_else(Answer::not_found)?;
        run.change(&call.body, now);
        run.clone()
    };
    if old.conclusion.is_none() && run.conclusion.is_some() {
        sim.check_event(&run, "completed", &login, json!({}));
    }
    Ok(Answer::new(200, sim.view(|view| view.check_run(&it, &run))))
}

pub(super) fn check(sim: &Sim, call: &Call) -> Outcome {
    let (it, run) = find_check(sim, call)?;
    Ok(Answer::new(200, sim.view(|view| view.check_run(&it, &run))))
}

pub(super) async fn checks(sim: &Sim, call: &Call) -> Outcome {
    let it = repository(sim, call)?;
    let sha = it.git().commit_of(call.param("ref")).await;
    let sha = sha.ok_or_else(|| Answer::refusal(422, "No commit found for the ref"))?;
    let fits = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted == value);
    let items: Vec<Value> = sim.view(|view| {
        let own = view.world.check_runs.values().filter(|run| run.repository == it.id);
        own.filter(|run| run.head_sha == sha && fits("check_name", &run.name))
            .filter(|run| fits("status", &run.status) && fits("app_id", &run.app.to_string()))
            .map(|run| view.check_run(&it, run))
            .collect()
    });
    let count = items.len();
    Ok(call.page(sim, &items, |items| json!({ "total_count": count, "check_runs": items })))
}

pub(super) fn annotations(sim: &Sim, call: &Call) -> Outcome {
    let (it, run) = find_check(sim, call)?;
    let blob = format!("{}/{}/blob/{}", sim.base_url(), it.full_name(), run.head_sha);
    let whole = |given: &Value| {
        json!({
            "path": given["path"],
            "blob_href": format!("{blob}/{}", given["path"].as_str().unwrap_or_default()),
            "start_line": given["start_line"],
            "end_line": given["end_line"],
            "start_column": given["start_column"],
            "end_column": given["end_column"],
            "annotation_level": given["annotation_level"],
            "title": given["title"],
            "message": given["message"],
            "raw_details": given["raw_details"],
        })
    };
    let items: Vec<Value> = run.annotations.iter().map(whole).collect();
    Ok(call.page(sim, &items, |items| items))
}

impl CheckRun {
    /// Takes over what a request says.
    fn change(&mut self, body: &Value, now: DateTime<Utc>) {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let at = |name: &str| body[name].as_str().and_then(|text| text.parse().ok());
        if let Some(name) = text(&body["name"]) {
            self.name = name;
        }
        if let Some(status) = text(&body["status"]) {
            self.status = status;
        }
        for (field, name) in
            [(&mut self.details_url, "details_url"), (&mut self.external_id, "external_id")]
        {
            if let Some(value) = text(&body[name]) {
                *field = Some(value);
            }
        }
        self.started_at = at("started_at").or(self.started_at);
        if let Some(conclusion) = text(&body["conclusion"]) {
            // A conclusion ends the run, whatever the status says.
            "completed".clone_into(&mut self.status);
            self.conclusion = Some(conclusion);
            self.completed_at = at("completed_at").or(self.completed_at).or(Some(now));
        } else if self.status != "completed" {
            (self.conclusion, self.completed_at) = (None, None);
        }
        if let Some(output) = body["output"].as_object() {
            let given = |name: &str| output.get(name).and_then(Value::as_str).map(str::to_owned);
            self.title = given("title").or_else(|| self.title.take());
            self.summary = given("summary").or_else(|| self.summary.take());
            self.text = given("text");
            // Annotations add up over the requests.
            self.annotations.extend(
                output.get("annotations").and_then(Value::as_array).into_iter().flatten().cloned(),
            );
        }
        if let Some(actions) = body["actions"].as_array() {
            self.actions.clone_from(actions);
        }
    }
}

impl Sim {
    /// Tells of a check run.
    pub(crate) fn check_event(
        &self,
        run: &CheckRun,
        action: &'static str,
        sender: &str,
        mut payload: Value,
    ) {
        let Ok(it) = self.repository_by_id(run.repository) else { return };
        payload["check_run"] = self.view(|view| view.check_run_event(&it, run));
        // What people ask of a run only its own App hears, and always.
        let to = if matches!(action, "requested_action" | "rerequested") {
            To::App { repository: it.id, app: run.app }
        } else {
            To::Watchers { repository: it.id }
        };
        self.fire(&Event {
            name: "check_run",
            action: Some(action),
            to,
            sender: sender.to_owned(),
            payload,
        });
    }
}
