//! Deploying cases with both programs, and what the comparison comes to.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::cases::Case;
use crate::compare::compare;
use crate::deploy::{Outcome, by_berth, by_docker};

/// The oldest API that Berth speaks, and the newest.
pub const APIS: [&str; 2] = ["1.41", "1.51"];

/// The name of a refusal that comes before the engine's.
pub(crate) const EARLIER: &str = "refused before the engine does";

/// How many cases are deployed at once.
const AT_ONCE: usize = 3;

/// What comparing came to.
#[derive(Debug, Default)]
pub struct Report {
    /// How many files, or files that go together, were compared.
    pub files: usize,
    /// How many fields; a refusal counts as one.
    pub fields: usize,
    /// Differences that are meant, by name.
    pub meant: BTreeMap<&'static str, usize>,
    /// Differences that are not, one line each.
    pub unmeant: Vec<String>,
}

impl Report {
    /// Adds what another report says.
    pub fn add(&mut self, other: Self) {
        self.files += other.files;
        self.fields += other.fields;
        for (name, count) in other.meant {
            *self.meant.entry(name).or_default() += count;
        }
        self.unmeant.extend(other.unmeant);
    }

    /// The closing line.
    #[must_use]
    pub fn line(&self) -> String {
        format!(
            "{} files compared, {} fields compared, {} differences meant, {} differences unmeant",
            self.files,
            self.fields,
            self.meant.values().sum::<usize>(),
            self.unmeant.len()
        )
    }
}

/// Deploys each case with both, at one version of the API.
///
/// # Errors
///
/// Where one of the programs can't be run.
pub async fn judge_all(cases: &[Case], api: &str) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let mut running = stream::iter(cases.iter().map(|case| judge(case, api))).buffered(AT_ONCE);
    while let Some(one) = running.next().await {
        report.add(one?);
    }
    Ok(report)
}

/// Deploys one case with both.
///
/// # Errors
///
/// Where one of the programs can't be run.
pub async fn judge(case: &Case, api: &str) -> anyhow::Result<Report> {
    let scratch = tempfile::tempdir()?;
    let (docker, foreign) = by_docker(&case.files, scratch.path(), api).await?;
    let (berth, again) = by_berth(&case.files, scratch.path(), api, &foreign).await?;
    let mut report = verdict(case, &docker, &berth);
    let again = again.iter().map(|write| format!("the same again sends {write}"));
    report.unmeant.extend(again);
    report.files = 1;
    for line in &mut report.unmeant {
        *line = format!("{} ({api}): {line}", case.files.name);
    }
    Ok(report)
}

/// The lines that say what is wrong.
fn mistakes(words: &str) -> impl Iterator<Item = &str> {
    words.lines().filter(|line| {
        let aside = line.starts_with("note: ") || line.starts_with("warning: ");
        !aside && !line.trim().is_empty() && !line.ends_with(':')
    })
}

fn verdict(case: &Case, docker: &Outcome, berth: &Outcome) -> Report {
    let mut report = Report::default();
    match (docker, berth) {
        (Outcome::Made(docker), Outcome::Made(berth)) => {
            let compared = compare(docker, berth);
            report.fields = compared.fields;
            report.meant = compared.meant;
            report.unmeant = compared.unmeant.iter().map(ToString::to_string).collect();
            if case.earlier.is_some() {
                report.unmeant.push("Berth does not refuse what the engine does".to_owned());
            }
        }
        (
            Outcome::Refused { causes, words },
            Outcome::Refused { causes: ours, words: our_words },
        ) => {
            report.fields = 1;
            for cause in causes.iter().filter(|cause| !ours.iter().any(|own| cause.covers(own))) {
                report.unmeant.push(format!(
                    "Docker refuses for {cause} ({}), Berth does not ({})",
                    words.trim(),
                    our_words.trim()
                ));
            }
            let known = |own| causes.iter().any(|cause| cause.covers(own));
            for own in ours.iter().filter(|own| case.exact && !known(own)) {
                report.unmeant.push(format!(
                    "Berth refuses for {own} ({}), Docker does not ({})",
                    our_words.trim(),
                    words.trim()
                ));
            }
        }
        (Outcome::Made(_), Outcome::Refused { words, .. }) => {
            report.fields = 1;
            match &case.earlier {
                Some(said) if words.contains(said.as_str()) => {
                    report.meant.insert(EARLIER, 1);
                }
                None if mistakes(words).all(|line| case.may.iter().any(|it| line.contains(it))) => {
                    report.meant.insert(EARLIER, 1);
                }
                _ => report.unmeant.push(format!("only Berth refuses: {}", words.trim())),
            }
        }
        (Outcome::Refused { words, .. }, Outcome::Made(_)) => {
            report.fields = 1;
            report.unmeant.push(format!("only Docker refuses: {}", words.trim()));
        }
    }
    report
}
