//! Real compose files by the hundred, where a corpus of them lies beside the
//! repository (`../shared/corpus`); it is not part of it.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use berth_compose_templates::{Complaint, Settings, Source, StackContext, Variables, load};
use berth_domain::ids::StackName;
use berth_domain::stack::StackSpec;

fn corpus() -> Option<Vec<PathBuf>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus/dokploy"));
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "yml" || e == "yaml"));
    files.sort();
    Some(files)
}

/// Files beside the compose files are not in the corpus: any will do.
fn beside(_: &str) -> io::Result<Vec<u8>> {
    Ok(b"KEY=value\n".to_vec())
}

fn context() -> StackContext {
    StackContext {
        stack: StackName::parse("corpus").unwrap(),
        images: BTreeMap::new(),
        public_network: Some("public".to_owned()),
        entrypoints: Vec::new(),
        tls_entrypoints: Vec::new(),
        bind_root: Some("/srv/corpus".to_owned()),
        restrictions: None,
    }
}

/// How many become stacks, and what is said about the others.
fn read_all(files: &[PathBuf]) -> (usize, Vec<String>) {
    let mut good = 0;
    let mut complaints = Vec::new();
    for file in files {
        match deployed(file) {
            Ok(stack) => {
                assert!(!stack.services.is_empty(), "{}", file.display());
                for (name, service) in &stack.services {
                    // What Swarm gives back is what was sent.
                    assert_eq!(**service, service.canonical(), "{}: {name}", file.display());
                }
                good += 1;
            }
            Err(all) => {
                assert!(!all.is_empty(), "{}", file.display());
                assert!(all.iter().all(|complaint| complaint.place.is_some()), "{all:?}");
                complaints.extend(all.iter().map(ToString::to_string));
            }
        }
    }
    (good, complaints)
}

/// A file as somebody deploys it: what it builds is built, and a variable that is
/// said to be missing is given a value, first a path, then a number.
fn deployed(file: &Path) -> Result<StackSpec, Vec<Complaint>> {
    let mut variables = Variables::new();
    // What was given for each place so far.
    let mut given: BTreeMap<String, (Vec<String>, usize)> = BTreeMap::new();
    loop {
        let complaints = match stack(file, &variables) {
            Ok(stack) => return Ok(stack),
            Err(complaints) => complaints,
        };
        let mut changed = false;
        for complaint in &complaints {
            let place = complaint.place.as_ref().unwrap().to_string();
            let (names, round) = given.entry(place).or_default();
            names.extend(complaint.unset.iter().cloned());
            for name in names.iter() {
                let value = match *round {
                    0 => "/srv/made-up".to_owned(),
                    1 => (7000 + variables.len()).to_string(),
                    _ => break,
                };
                variables.insert(name.clone(), value);
                changed = true;
            }
            *round += 1;
        }
        if !changed {
            return Err(complaints);
        }
    }
}

fn stack(file: &Path, variables: &Variables) -> Result<StackSpec, Vec<Complaint>> {
    let path = file.file_name().unwrap().to_string_lossy().into_owned();
    let source = Source { path, text: std::fs::read_to_string(file).unwrap() };
    let loaded = load(&[source], &beside, variables, &Settings::default())?;
    let images = loaded.builds().into_iter().map(|build| (build.service, "built:1".to_owned()));
    let (stack, _) = loaded.to_stack(&StackContext { images: images.collect(), ..context() })?;
    Ok(stack)
}

#[test]
fn nearly_every_real_file_becomes_a_stack() {
    let Some(files) = corpus() else { return };
    let (good, complaints) = read_all(&files);
    println!("{good} of {}\n{}", files.len(), complaints.join("\n"));
    assert!(good * 100 >= files.len() * 98, "{good} of {}", files.len());
    // What the other reading takes is what Docker takes: `tests/conformance` compares.
}
