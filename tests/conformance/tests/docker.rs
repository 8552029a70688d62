//! Our own files come to the same on a real Swarm, whichever of the two deploys
//! them, and deploying them once more changes nothing.

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
