//! The same files deployed by each of the two on a real Swarm, and read back.
//!
//! What the engine fills in, both have filled in, so that little is left that is
//! meant to differ. A stack that Docker deployed is then deployed by Berth, and
//! one that Berth deployed is deployed again: neither may change a service whose
//! files did not. Nobody waits for tasks.
//!
//! What Docker's own client refuses never gets to an engine, and is compared
//! [without one](crate::judge).

mod api;
pub mod drift;
mod guest;
mod read;

use std::process::Output;

use anyhow::Context as _;
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::{Mutex, MutexGuard};

use self::api::Api;
use self::guest::Guest;
use self::read::{Seen, read};
use crate::cases::Case;
use crate::compare::compare;
use crate::deploy::{run_berth, run_docker};
use crate::judge::{EARLIER, Report};

/// How many stacks are on the engine at once.
const AT_ONCE: usize = 3;

/// What may still differ where the engine has filled in what was not said.
const MEANT: [&str; 2] = ["hashed name", "kept for an old engine"];

/// Deploys each case with both on the engine at `host`, and leaves nothing on it.
///
/// # Errors
///
/// Where one of the programs can't be run, or the engine does not answer.
pub async fn judge_all(cases: &[Case], host: &str) -> anyhow::Result<Report> {
    let guest = Guest::take(Api::new(host)?).await?;
    let engine = Engine { host, guest: &guest, shared: Mutex::new(()) };
    let work = async {
        let mut report = Report::default();
        let each = cases.iter().enumerate().map(|(number, case)| engine.judge(case, number));
        let mut running = stream::iter(each).buffered(AT_ONCE);
        while let Some(one) = running.next().await {
            report.add(one?);
        }
        anyhow::Ok(report)
    };
    let outcome = tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    let given_back = guest.give_back().await;
    outcome.and_then(|report| given_back.map(|()| report))
}

struct Engine<'a> {
    host: &'a str,
    guest: &'a Guest,
    /// Held by whoever wants what is one's alone on an engine.
    shared: Mutex<()>,
}

/// What a program said where it was refused.
struct Refusal {
    words: String,
}

impl Engine<'_> {
    async fn judge(&self, case: &Case, number: usize) -> anyhow::Result<Report> {
        let stack = self.guest.stack(number);
        let deployed = self.deploy_and_compare(case, &stack).await;
        let removed = self.guest.remove(&stack).await;
        let mut report = deployed.with_context(|| case.files.name.clone())?;
        removed?;
        for line in &mut report.unmeant {
            *line = format!("{} (real): {line}", case.files.name);
        }
        Ok(report)
    }

    async fn deploy_and_compare(&self, case: &Case, stack: &str) -> anyhow::Result<Report> {
        let text = text(case)?;
        let _alone = self.alone(&text).await;
        let scratch = tempfile::tempdir()?;
        let docker = async || {
            let output = run_docker(&case.files, scratch.path(), self.host, stack).await?;
            anyhow::Ok(refusal(&output))
        };
        let berth = async || {
            let output = run_berth(&case.files, scratch.path(), self.host, stack, "stack").await?;
            anyhow::Ok(refusal(&output))
        };
        let see = || read(&self.guest.api, stack, &text);

        if let Some(docker) = docker().await? {
            let Some(engine) = docker.engine() else { return Ok(Report::default()) };
            self.guest.remove(stack).await?;
            return Ok(of_refusals(case, engine, berth().await?.as_ref()));
        }
        if let Some(words) = &case.engine {
            self.guest.api.rejected(stack, words).await?;
            self.guest.remove(stack).await?;
            return Ok(of_refusals(case, words, berth().await?.as_ref()));
        }
        let mut report = Report { files: 1, ..Report::default() };
        let by_docker = see().await?;
        // Taking over what Docker deployed.
        if let Some(refusal) = berth().await? {
            return Ok(only_berth(&refusal));
        }
        let after = see().await?;
        let left = by_docker.unchanged_by_berth(stack, &after);
        report.add(untouched("taken over", &left, &after));
        self.guest.remove(stack).await?;

        if let Some(refusal) = berth().await? {
            return Ok(only_berth(&refusal));
        }
        let by_berth = see().await?;
        report.add(compared(&by_docker, &by_berth));
        if let Some(refusal) = berth().await? {
            return Ok(only_berth(&refusal));
        }
        report.add(untouched("deployed again", &by_berth, &see().await?));
        Ok(report)
    }

    /// Ports and addresses are one's alone: files that want some take turns.
    async fn alone(&self, text: &str) -> Option<MutexGuard<'_, ()>> {
        let wants = ["ports:", "subnet:"].iter().any(|key| text.contains(key));
        if wants { Some(self.shared.lock().await) } else { None }
    }
}

fn text(case: &Case) -> anyhow::Result<String> {
    let read = |file| Ok(std::fs::read_to_string(case.files.folder.join(file))?);
    case.files.files.iter().map(read).collect()
}

fn refusal(output: &Output) -> Option<Refusal> {
    let words = || String::from_utf8_lossy(&output.stderr).into_owned();
    (!output.status.success()).then(|| Refusal { words: words() })
}

impl Refusal {
    /// The engine's own words, where it was the engine that refused.
    fn engine(&self) -> Option<&str> {
        let (_, words) = self.words.split_once("Error response from daemon: ")?;
        let words = words.split_once(" desc = ").map_or(words, |(_, words)| words);
        Some(words.trim())
    }

    /// Why, in one line.
    fn reason(&self) -> String {
        let words = self.engine().unwrap_or(&self.words);
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn compared(docker: &Seen, berth: &Seen) -> Report {
    let compared = compare(&docker.made, &berth.made);
    let mut unmeant: Vec<String> = compared.unmeant.iter().map(ToString::to_string).collect();
    let sent = compared.meant.iter().filter(|(name, _)| !MEANT.contains(name));
    unmeant.extend(sent.map(|(name, count)| {
        format!("{count} times {name:?}, which no engine should still tell from the other")
    }));
    Report { fields: compared.fields, meant: compared.meant, unmeant, ..Report::default() }
}

/// What is there after a deployment of what was there already.
fn untouched(what: &str, before: &Seen, after: &Seen) -> Report {
    let mut report = Report { fields: before.marks.len(), ..Report::default() };
    for (key, mark) in &before.marks {
        let now = after.marks.get(key);
        if now != Some(mark) {
            report.unmeant.push(format!("{key} {what}: {mark} is now {now:?}"));
        }
    }
    report
}

fn only_berth(refusal: &Refusal) -> Report {
    let line = format!("only Berth refuses: {}", refusal.words.trim());
    Report { files: 1, fields: 1, unmeant: vec![line], ..Report::default() }
}

fn of_refusals(case: &Case, engine: &str, berth: Option<&Refusal>) -> Report {
    let mut report = Report { files: 1, fields: 1, ..Report::default() };
    let Some(ours) = berth.map(|refusal| refusal.words.trim()) else {
        report.unmeant.push(format!("Berth deploys what the engine refuses: {engine}"));
        return report;
    };
    let same = match (&case.earlier, &case.engine) {
        (Some(said), Some(words)) => {
            report.meant.insert(EARLIER, 1);
            ours.contains(said.as_str()) && engine.contains(words.as_str())
        }
        // Berth passes it on, too.
        _ => ours.contains(engine),
    };
    if !same {
        report.unmeant.push(format!("the engine says {engine}, Berth {ours}"));
    }
    report
}
