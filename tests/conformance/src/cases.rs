//! The files that are compared: our own, one by one and as tables, and a corpus
//! of real ones where it lies beside the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::deploy::Files;

/// The first line of a file that Docker passes on, the engine refuses, and Berth
/// refuses before it asks the engine.
const EARLIER: &str = "# the engine refuses:";

/// The line after that: what the engine says, to Docker or of the first task.
const ENGINE: &str = "# the engine says:";

/// Files with what is expected of them.
#[derive(Debug, Clone)]
pub struct Case {
    /// The files.
    pub files: Files,
    /// Whether there is one mistake at most, so that the causes must be equal, not
    /// just overlap.
    pub exact: bool,
    /// What Berth says where it refuses what only the engine would.
    pub earlier: Option<String>,
    /// What it may say so of a file that nobody wrote.
    pub may: &'static [&'static str],
    /// What the engine says to that.
    pub engine: Option<String>,
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sorted(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("failed to list {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn is_compose(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Case {
    fn read(folder: &Path, files: Vec<String>, name: String, exact: bool) -> anyhow::Result<Self> {
        let first = files.first().context("a case without files")?;
        let text = std::fs::read_to_string(folder.join(first))?;
        let words = |line: usize, head: &str| {
            let words = text.lines().nth(line).and_then(|line| line.strip_prefix(head));
            words.map(|words| words.trim().to_owned())
        };
        let (earlier, engine) = (words(0, EARLIER), words(1, ENGINE));
        let files = Files { name, folder: folder.to_owned(), files, variables: BTreeMap::new() };
        Ok(Self { files, exact, earlier, engine, may: &[] })
    }
}

/// Our own files: each by itself, those of a folder together.
///
/// # Errors
///
/// Where they can't be read.
pub fn own() -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    for path in sorted(&here().join("files"))? {
        if is_compose(&path) {
            let folder = here().join("files");
            cases.push(Case::read(&folder, vec![name(&path)], name(&path), true)?);
        } else if path.is_dir() {
            let files: Vec<String> =
                sorted(&path)?.iter().filter(|path| is_compose(path)).map(|p| name(p)).collect();
            if !files.is_empty() {
                cases.push(Case::read(&path, files, name(&path), true)?);
            }
        }
    }
    Ok(cases)
}

/// The tables' rows, written out into `scratch`.
///
/// # Errors
///
/// Where they can't be read or written.
pub fn tables(scratch: &Path) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut add = |name: String, text: &str| -> anyhow::Result<()> {
        let file = format!("{}.yml", cases.len());
        std::fs::write(scratch.join(&file), text)?;
        cases.push(Case::read(scratch, vec![file], name, true)?);
        Ok(())
    };
    let loading = std::fs::read_to_string(here().join("cases/loading.txt"))?;
    for row in loading.split("\n### ").skip(1) {
        let (name, text) = row.split_once('\n').context("a row without a file")?;
        add(format!("loading: {name}"), text)?;
    }
    let interpolation = std::fs::read_to_string(here().join("cases/interpolation.txt"))?;
    for line in interpolation.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        let quoted = line.replace('\'', "''");
        let text = format!("services: {{a: {{image: x, hostname: '{quoted}'}}}}\n");
        add(format!("interpolation: {line}"), &text)?;
    }
    Ok(cases)
}

/// Real files, where the corpus is; it is not part of the repository. They are
/// copied to `scratch`, and what they want of who deploys them is made up: values
/// of variables, the same in a `.env`.
///
/// # Errors
///
/// Where they can't be copied.
pub fn corpus(scratch: &Path) -> anyhow::Result<Vec<Case>> {
    let folder = here().join("../../../shared/corpus/dokploy");
    let mut cases = Vec::new();
    if !folder.is_dir() {
        return Ok(cases);
    }
    for path in sorted(&folder)?.iter().filter(|path| is_compose(path)) {
        let own = scratch.join(name(path));
        std::fs::create_dir_all(&own)?;
        let text = std::fs::read_to_string(path)?;
        std::fs::write(own.join("compose.yml"), &text)?;
        let mut case = Case::read(&own, vec!["compose.yml".to_owned()], name(path), false)?;
        // A number does as a port, and as a password.
        let values = wanted(&text).into_iter().zip(20_001..);
        case.files.variables = values.map(|(name, value)| (name, value.to_string())).collect();
        let lines = case.files.variables.iter().map(|(name, value)| format!("{name}={value}\n"));
        std::fs::write(own.join(".env"), lines.collect::<String>())?;
        cases.push(case);
    }
    Ok(cases)
}

/// The variables that `text` has no other value for.
fn wanted(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        if let Some(after) = after.strip_prefix('$') {
            rest = after;
            continue;
        }
        let (braced, after) = match after.strip_prefix('{') {
            Some(after) => (true, after),
            None => (false, after),
        };
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, behind) = after.split_at(end.unwrap_or(after.len()));
        let bare = !braced || behind.starts_with(['}', '?']) || behind.starts_with(":?");
        if bare && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            names.insert(name.to_owned());
        }
        rest = behind;
    }
    names
}
