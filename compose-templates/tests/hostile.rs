//! What strangers could send to keep Berth busy: each is refused with a sentence,
//! after bounded work and in bounded memory. How long the worst takes is measured
//! by `cargo xtask bench hostile`.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use berth_compose_templates::render::render;
use berth_compose_templates::{Settings, Source, StackContext, Variables, load};
use berth_domain::ids::StackName;
use berth_tests::hostile::{self, HostileFile};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most memory that any of these may take, in MB.
const MAX_MEMORY: f32 = 160.0;
/// The most files that any of these may have read.
const MAX_READS: usize = 250;
/// The most that is said about any of these, in bytes.
const MAX_SAID: usize = 256 * 1024;

/// One test at a time, so that what is measured is its own.
static ALONE: Mutex<()> = Mutex::new(());

/// What is said about a file, with files beside it by name.
fn refused(text: &str, beside: &[(String, String)]) -> String {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let files: BTreeMap<&str, &str> = beside
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .chain([("c.yml", text)])
        .collect();
    let reads = Cell::new(0);
    let read = |path: &str| -> io::Result<Vec<u8>> {
        reads.set(reads.get() + 1);
        let text = files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.as_bytes().to_vec())
    };
    let source = Source { path: "c.yml".to_owned(), text: text.to_owned() };
    let context = StackContext {
        stack: StackName::parse("st").unwrap(),
        images: BTreeMap::new(),
        public_network: None,
        entrypoints: Vec::new(),
        tls_entrypoints: Vec::new(),
        bind_root: Some("/srv".to_owned()),
        restrictions: None,
    };
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage_as_mb();
    let complaints = load(&[source], &read, &Variables::new(), &Settings::default())
        .and_then(|loaded| loaded.to_stack(&context))
        .map(|_| ())
        .expect_err("must be refused");
    let used = MEMORY.peak_usage_as_mb() - before;
    assert!(used < MAX_MEMORY, "it took {used} MB: {}", complaints[0]);
    assert!(reads.get() <= MAX_READS, "{} files were read", reads.get());
    let said: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    let said = said.join("\n");
    assert!(said.len() < MAX_SAID, "{} bytes are said", said.len());
    said
}

/// Each is refused for its reason.
fn all_are_refused(files: Vec<HostileFile>) {
    for HostileFile { name, text, beside, said: why } in files {
        let said = refused(&text, &beside);
        assert!(why.iter().any(|why| said.contains(why)), "{name}: {said}");
    }
}

#[test]
fn files_that_unfold_without_end() {
    all_are_refused(hostile::unfolding());
}

#[test]
fn files_that_are_too_large_or_too_deep() {
    all_are_refused(hostile::large_or_deep());
}

#[test]
fn files_that_name_each_other() {
    all_are_refused(hostile::naming_each_other());
}

#[test]
fn services_that_copy_each_other() {
    all_are_refused(hostile::copying());
}

#[test]
fn variables_that_unfold_without_end() {
    all_are_refused(hostile::variables());
    let message = format!("services: {{a: {{image: '${{A:?{}}}'}}}}\n", "x".repeat(500_000));
    assert!(refused(&message, &[]).len() < 1000);
}

#[test]
fn ports_by_the_thousand() {
    all_are_refused(hostile::ports());
}

#[test]
fn templates_that_make_much_of_little() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let variables: Variables = [("V".to_owned(), hostile::template_value())].into();
    for template in hostile::templates() {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage_as_mb();
        let wrong = render(&template.text, &variables).expect_err("must be refused");
        let said = wrong.into_iter().map(|it| it.message).collect::<Vec<_>>().join("\n");
        let used = MEMORY.peak_usage_as_mb() - before;
        assert!(used < MAX_MEMORY, "it took {used} MB: {said}");
        let head: String = template.text.chars().take(60).collect();
        assert!(said.contains(template.said), "{head}: {said}");
    }
}

#[test]
fn the_largest_template_is_no_hostile_one() {
    let variables: Variables = [("V".to_owned(), hostile::template_value())].into();
    let text = render(&hostile::largest_template(), &variables).unwrap().text;
    assert!(text.ends_with(&"a".repeat(330)));
}
