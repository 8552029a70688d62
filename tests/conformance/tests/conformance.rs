//! Files mean the same to `berth stack deploy --compat stack` and to
//! `docker stack deploy`, and are refused by both for the same cause.
#![expect(clippy::print_stdout, reason = "a test tells how much it compared")]

use std::collections::BTreeMap;

use berth_conformance::deploy::{Files, sent_after};
use berth_conformance::judge::{APIS, Report, judge_all};
use berth_conformance::{cases, generate};
use tokio::runtime::Runtime;

fn assert_same(report: &Report) {
    println!("{}", report.line());
    assert!(report.unmeant.is_empty(), "{}", report.unmeant.join("\n"));
}

#[test]
fn our_own_files_mean_the_same_at_the_oldest_and_the_newest_api() {
    let runtime = Runtime::new().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut all = cases::own().unwrap();
    all.extend(cases::tables(scratch.path()).unwrap());
    assert!(all.len() > 200, "{} cases", all.len());
    for api in APIS {
        assert_same(&runtime.block_on(judge_all(&all, api)).unwrap());
    }
}

#[test]
fn another_order_that_means_nothing_sends_nothing() {
    let runtime = Runtime::new().unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("reordered");
    let files = |name: &str| Files {
        name: name.to_owned(),
        folder: folder.clone(),
        files: vec![name.to_owned()],
        variables: BTreeMap::new(),
    };
    let (one, other) = (files("one.yml"), files("other.yml"));
    for api in APIS {
        let scratch = tempfile::tempdir().unwrap();
        let sent = sent_after(&one, &other, scratch.path(), api);
        assert_eq!(runtime.block_on(sent).unwrap(), [""; 0]);
    }
}

#[test]
fn real_files_mean_the_same() {
    let runtime = Runtime::new().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let all = cases::corpus(scratch.path()).unwrap();
    if all.is_empty() {
        println!("skipped: there is no ../shared/corpus beside the repository");
        return;
    }
    assert_same(&runtime.block_on(judge_all(&all, APIS[0])).unwrap());
}

#[test]
fn generated_files_mean_the_same() {
    let runtime = Runtime::new().unwrap();
    assert_same(&generate::judge_generated(&runtime, generate::FEW).unwrap());
}
