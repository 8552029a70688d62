//! The pages of a repository: what a person in the demo looks at.

use super::html::{Markup, escape, link};
use super::{Fields, Shown, deliveries, markdown};
use crate::driver::types::{CheckRun, Deployment, NewPullRequest, PullRequest};
use crate::sim::Sim;
use crate::world::USER;

/// A page that people watch reads itself again.
const REFRESH: &str = "<meta http-equiv=refresh content=4>";

/// Branches, pull requests, deployments and webhooks.
pub(super) async fn overview(sim: &Sim, name: &str) -> Shown {
    let Ok(it) = sim.repository(name) else { return Shown::Nothing };
    let Ok(whole) = sim.find(name) else { return Shown::Nothing };
    let git = whole.git();
    let pulls = sim.pull_requests(name).unwrap_or_default();
    let page = escape(&it.full_name);
    let mut body = format!(
        "{REFRESH}<pre>git clone {}</pre><h2>Branches and tags</h2>\
         <table><tr><th>Name<th>Newest commit<th>Checks<th></tr>",
        escape(&it.clone_url)
    );
    for (git_ref, sha) in &it.refs {
        let branch = git_ref.strip_prefix("refs/heads/");
        let short = git_ref.trim_start_matches("refs/heads/").trim_start_matches("refs/");
        let commit = git.read_commit(sha).await.unwrap_or_default();
        let subject = commit.message.lines().next().unwrap_or_default().to_owned();
        let open = pulls.iter().any(|pull| {
            pull.state == "open"
                && Some(pull.head_ref.as_str()) == branch
                && pull.head_repository == it.full_name
        });
        let button = match branch.filter(|name| !open && *name != it.default_branch) {
            Some(name) => format!(
                "<form method=post action=\"/{page}/pulls\">\
                 <input type=hidden name=head value=\"{}\">\
                 <input type=hidden name=title value=\"{}\">\
                 <button>Open a pull request</button></form>",
                escape(name),
                escape(&subject)
            ),
            None => String::new(),
        };
        body += &format!(
            "<tr><td><code>{}</code><td>{} {}<td>{}<td>{button}",
            escape(short),
            sha_link(&page, &commit.sha),
            escape(&subject),
            checks(sim, name, &commit.sha),
        );
    }
    body += "</table><h2>Pull requests</h2>";
    body += &pull_list(&page, &pulls);
    body += "<h2>Deployments</h2>";
    body += &deployment_table(&page, &sim.deployments(name).unwrap_or_default());
    body += "<h2>Webhooks</h2>";
    body += &deliveries(sim, Some(it.id));
    Shown::Page(it.full_name.clone(), Markup(body))
}

fn pull_list(page: &str, pulls: &[PullRequest]) -> String {
    if pulls.is_empty() {
        return "<p class=dim>None yet.</p>".to_owned();
    }
    let mut list = String::from("<ul class=list>");
    for pull in pulls.iter().rev() {
        list += &format!(
            "<li><a href=\"/{page}/pull/{n}\">{} #{n}</a> <span class=tag>{}</span></li>",
            escape(&pull.title),
            state(pull),
            n = pull.number,
        );
    }
    list + "</ul>"
}

fn state(pull: &PullRequest) -> &str {
    if pull.merged { "merged" } else { &pull.state }
}

/// One pull request, with its comments, checks and deployments.
pub(super) fn pull(sim: &Sim, name: &str, number: &str) -> Shown {
    let found = number.parse().ok().and_then(|number| sim.pull_request(name, number).ok());
    let (Some(pull), Ok(it)) = (found, sim.repository(name)) else { return Shown::Nothing };
    let page = escape(&it.full_name);
    let mut body = format!(
        "{REFRESH}<p><span class=tag>{}</span> <code>{}</code> into <code>{}</code> of \
         <a href=\"/{page}\">{page}</a>, at {}</p>",
        state(&pull),
        escape(&pull.head_ref),
        escape(&pull.base_ref),
        sha_link(&page, &pull.head_sha),
    );
    body += "<h2>Conversation</h2>";
    let comments = sim.comments(name).unwrap_or_default();
    let mut none = true;
    for comment in comments.iter().filter(|it| it.issue == pull.number) {
        none = false;
        body += &format!(
            "<div class=box id=issuecomment-{}><p>{} · {}{}</p><div>{}</div></div>",
            comment.id,
            escape(&comment.author),
            comment.created_at.format("%H:%M:%S"),
            if comment.updated_at > comment.created_at { " · edited" } else { "" },
            markdown::render(&comment.body),
        );
    }
    if none {
        body += "<p class=dim>No comments yet.</p>";
    }
    let actions: &[(&str, &str)] = match (pull.state.as_str(), pull.merged) {
        ("open", _) => &[("merge", "Merge"), ("close", "Close pull request")],
        (_, false) => &[("reopen", "Reopen pull request")],
        (_, true) => &[],
    };
    for (action, words) in actions {
        body += &format!(
            "<form method=post action=\"/{page}/pull/{}/{action}\"><button>{words}</button></form> ",
            pull.number
        );
    }
    body += "<h2>Checks</h2>";
    let runs = sim.check_runs(name).unwrap_or_default();
    body += &run_list(&page, runs.iter().filter(|run| run.head_sha == pull.head_sha));
    body += "<h2>Deployments</h2>";
    let mut deployments = sim.deployments(name).unwrap_or_default();
    let branch = format!("refs/heads/{}", pull.head_ref);
    deployments.retain(|one| one.sha == pull.head_sha || one.git_ref == branch);
    body += &deployment_table(&page, &deployments);
    Shown::Page(format!("{} #{}", pull.title, pull.number), Markup(body))
}

/// A commit and what was checked of it.
pub(super) async fn commit(sim: &Sim, name: &str, sha: &str) -> Shown {
    let Ok(it) = sim.find(name) else { return Shown::Nothing };
    let git = it.git();
    let Some(sha) = git.commit_of(sha).await else { return Shown::Nothing };
    let Ok(commit) = git.read_commit(&sha).await else { return Shown::Nothing };
    let page = escape(&it.full_name());
    let mut files = String::new();
    for (letter, path) in &commit.files {
        files += &format!("<li><code>{letter} {}</code></li>", escape(path));
    }
    let runs = sim.check_runs(name).unwrap_or_default();
    let body = format!(
        "<p><a href=\"/{page}\">{page}</a> · <code>{sha}</code> by {}</p><pre>{}</pre>\
         <h2>Files</h2><ul class=list>{files}</ul><h2>Checks</h2>{}",
        escape(&commit.author.name),
        escape(&commit.message),
        run_list(&page, runs.iter().filter(|run| run.head_sha == sha)),
    );
    Shown::Page(format!("Commit {}", short(&sha)), Markup(body))
}

/// A check run with all that it says.
pub(super) fn run(sim: &Sim, name: &str, id: &str) -> Shown {
    let runs = sim.check_runs(name).unwrap_or_default();
    let Some(run) = runs.iter().find(|run| run.id.to_string() == id) else {
        return Shown::Nothing;
    };
    let page = escape(name);
    let mut body = format!(
        "<p>{} of {} in <a href=\"/{page}\">{page}</a></p>",
        run_state(run),
        sha_link(&page, &run.head_sha)
    );
    if let Some(address) = &run.details_url {
        body += &format!("<p>Details: {}</p>", link(address, address));
    }
    if let Some(title) = &run.title {
        body += &format!("<h2>{}</h2>", escape(title));
    }
    for text in [&run.summary, &run.text].into_iter().flatten() {
        body += &markdown::render(text);
    }
    for note in &run.annotations {
        let text = |name: &str| escape(note[name].as_str().unwrap_or_default());
        body += &format!(
            "<div class=box><p>{}:{} · {}</p><div>{}</div></div>",
            text("path"),
            note["start_line"],
            text("annotation_level"),
            text("message")
        );
    }
    for action in run.actions.iter().filter_map(|it| it["label"].as_str()) {
        body += &format!("<span class=tag>{}</span> ", escape(action));
    }
    Shown::Page(run.name.clone(), Markup(body))
}

/// Opens a pull request.
pub(super) async fn open(sim: &Sim, name: &str, form: &Fields) -> Shown {
    let new = NewPullRequest::of(
        form.get("title").unwrap_or_default(),
        form.get("head").unwrap_or_default(),
    );
    match sim.open_pull_request(name, new).await {
        Ok(pull) => Shown::To(format!("/{name}/pull/{}", pull.number)),
        Err(err) => Shown::Refused(format!("{err:#}")),
    }
}

/// Closes, reopens or merges a pull request, or comments on it.
pub(super) async fn change(
    sim: &Sim,
    name: &str,
    number: &str,
    action: &str,
    form: &Fields,
) -> Shown {
    let Ok(number) = number.parse() else { return Shown::Nothing };
    let done = match action {
        "close" => sim.close_pull_request(name, number).map(drop),
        "reopen" => sim.reopen_pull_request(name, number).map(drop),
        "merge" => sim.merge_pull_request(name, number).await.map(drop),
        "comment" => {
            let body = form.get("body").unwrap_or_default();
            sim.comment(name, number, USER, body).map(drop)
        }
        _ => return Shown::Nothing,
    };
    match done {
        Ok(()) => Shown::To(format!("/{name}/pull/{number}")),
        Err(err) => Shown::Refused(format!("{err:#}")),
    }
}

fn deployment_table(page: &str, deployments: &[Deployment]) -> String {
    if deployments.is_empty() {
        return "<p class=dim>None yet.</p>".to_owned();
    }
    let mut table =
        String::from("<table><tr><th>Environment<th>Commit<th>State<th>Says<th>Address<th>Log");
    for it in deployments.iter().rev().take(20) {
        let last = it.statuses.last();
        let state = it.state();
        let class = match state {
            "success" => "good",
            "failure" | "error" => "bad",
            "inactive" => "dim",
            _ => "run",
        };
        let log = last.and_then(|status| status.log_url.as_deref());
        table += &format!(
            "<tr><td>{}<td>{}<td class={class}>{}<td>{}<td>{}<td>{}",
            escape(&it.environment),
            sha_link(page, &it.sha),
            escape(state),
            escape(last.map_or("", |status| &status.description)),
            it.url().map_or_else(String::new, |url| link(url, url)),
            log.map_or_else(String::new, |url| link(url, "log")),
        );
    }
    table + "</table>"
}

fn run_list<'a>(page: &str, runs: impl Iterator<Item = &'a CheckRun>) -> String {
    let mut list = String::new();
    for run in runs {
        list += &format!(
            "<li><a href=\"/{page}/runs/{}\">{}</a> {} {}</li>",
            run.id,
            escape(&run.name),
            run_state(run),
            escape(run.title.as_deref().unwrap_or_default()),
        );
    }
    if list.is_empty() {
        return "<p class=dim>None yet.</p>".to_owned();
    }
    format!("<ul class=list>{list}</ul>")
}

fn run_state(run: &CheckRun) -> String {
    let word = run.conclusion.as_deref().unwrap_or(&run.status);
    let class = match word {
        "success" => "good",
        "failure" | "timed_out" => "bad",
        "skipped" | "neutral" | "cancelled" => "dim",
        _ => "run",
    };
    format!("<span class={class}>{}</span>", escape(word))
}

/// The checks of a commit in a word each.
fn checks(sim: &Sim, name: &str, sha: &str) -> String {
    let runs = sim.check_runs(name).unwrap_or_default();
    let states: Vec<String> =
        runs.iter().filter(|run| run.head_sha == sha).map(run_state).collect();
    states.join(" ")
}

fn short(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}

fn sha_link(page: &str, sha: &str) -> String {
    format!("<a href=\"/{page}/commit/{0}\"><code>{1}</code></a>", escape(sha), escape(short(sha)))
}
