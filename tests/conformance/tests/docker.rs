//! Our own files come to the same on a real Swarm, whichever of the two deploys
//! them, and deploying them once more changes nothing; nor does the reconciler,
//! however often it looks.

use std::time::Duration;

use berth_conformance::{cases, real};
use berth_tests::docker::Docker;
use tokio::runtime::Runtime;

#[test]
fn our_own_files_come_to_the_same_on_a_real_swarm() {
    let runtime = Runtime::new().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut all = cases::own().unwrap();
    all.extend(cases::tables(scratch.path()).unwrap());
    let host = Docker::from_env().host;
    let report = runtime.block_on(real::judge_all(&all, &host)).unwrap();
    println!("{}", report.line());
    assert!(report.unmeant.is_empty(), "{}", report.unmeant.join("\n"));
    assert!(report.files > 140, "only {} files got to the engine", report.files);
}

/// Some of each kind, the last of which the engine refuses;
/// `cargo xtask conformance --drift 600` takes all, and longer.
const FEW: [&str; 6] = [
    "everything.yml",
    "mode-global.yml",
    "mounts.yml",
    "network-options.yml",
    "routes.yml",
    "blobs.yml",
];

#[test]
fn nothing_that_swarm_fills_in_is_drift() {
    let runtime = Runtime::new().unwrap();
    let mut some = cases::own().unwrap();
    some.retain(|case| FEW.contains(&case.files.name.as_str()));
    assert_eq!(some.len(), FEW.len());
    let host = Docker::from_env().host;
    let lasting = Duration::from_secs(10);
    let drift = runtime.block_on(real::drift::watch(&some, &host, lasting)).unwrap();
    println!("{}", drift.object());
    assert_eq!(drift.changes, Vec::<String>::new());
    assert!(drift.passes > 5, "{drift:?}");
    assert_eq!((drift.files, drift.stacks, drift.refused.len()), (6, 5, 1), "{drift:?}");
    assert!(drift.refused[0].contains(r#"plugin "vault" not found"#), "{:?}", drift.refused);
}
