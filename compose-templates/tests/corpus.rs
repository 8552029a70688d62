//! Real compose files by the hundred, where a corpus of them lies beside the
//! repository (`../shared/corpus`); it is not part of it.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use berth_compose_templates::{Settings, Source, StackContext, Variables, load};
use berth_domain::ids::StackName;

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
        let path = file.file_name().unwrap().to_string_lossy().into_owned();
        let source = Source { path, text: std::fs::read_to_string(file).unwrap() };
        let stack = load(&[source], &beside, &Variables::new(), &Settings::default())
            .and_then(|loaded| loaded.to_stack(&context()));
        match stack {
            Ok((stack, _)) => {
                assert!(!stack.services.is_empty(), "{}", file.display());
                for (name, service) in &stack.services {
                    // What Swarm gives back is what was sent.
                    assert_eq!(service, &service.canonical(), "{}: {name}", file.display());
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

#[test]
fn the_great_majority_of_real_files_becomes_stacks() {
    let Some(files) = corpus() else { return };
    let (good, complaints) = read_all(&files);
    println!("{good} of {}\n{}", files.len(), complaints.join("\n"));
    assert!(good * 10 >= files.len() * 9, "{good} of {}", files.len());
    // What the other reading takes is what Docker takes: `tests/conformance` compares.
}
