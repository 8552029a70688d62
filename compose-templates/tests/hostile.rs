//! What strangers could send to keep Berth busy: each is refused with a sentence,
//! after bounded work and in bounded memory.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use berth_compose_templates::render::render;
use berth_compose_templates::{Settings, Source, StackContext, Variables, load};
use berth_domain::ids::StackName;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most memory that any of these may take, in MB.
const MAX_MEMORY: f32 = 160.0;
/// The most files that any of these may have read.
const MAX_READS: usize = 250;
/// The longest that any of these may take a build for release, on a machine that
/// does other things, too.
const MAX_TIME: Duration = Duration::from_secs(1);
/// The most that is said about any of these, in bytes.
const MAX_SAID: usize = 256 * 1024;

/// One test at a time, so that what is measured is its own.
static ALONE: Mutex<()> = Mutex::new(());

fn in_time(start: Instant, said: &str) {
    let took = start.elapsed();
    assert!(cfg!(debug_assertions) || took < MAX_TIME, "it took {took:?}: {said}");
}

/// What is said about a file, with files beside it by name.
fn refused(text: &str, beside: &[(&str, &str)]) -> String {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let files: BTreeMap<&str, &str> = beside.iter().copied().chain([("c.yml", text)]).collect();
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
    let start = Instant::now();
    let complaints = load(&[source], &read, &Variables::new(), &Settings::default())
        .and_then(|loaded| loaded.to_stack(&context))
        .map(|_| ())
        .expect_err("must be refused");
    let used = MEMORY.peak_usage_as_mb() - before;
    assert!(used < MAX_MEMORY, "it took {used} MB: {}", complaints[0]);
    in_time(start, &complaints[0].message);
    assert!(reads.get() <= MAX_READS, "{} files were read", reads.get());
    let said: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    let said = said.join("\n");
    assert!(said.len() < MAX_SAID, "{} bytes are said", said.len());
    said
}

/// Lines of which each doubles the one before.
fn doubling(first: &str, line: impl Fn(usize) -> String) -> String {
    (1..40).fold(format!("{first}\n"), |text, level| text + &line(level) + "\n")
}

const ONE: &str = "services: {a: {image: x}}\n";

#[test]
fn files_that_unfold_without_end() {
    let laughs = doubling("a0: &a0 [x, x]", |n| format!("a{n}: &a{n} [*a{0}, *a{0}]", n - 1));
    assert!(refused(&laughs, &[]).contains("unfolds to more than 100,000 values"));
    let merges = doubling("a0: &a0 {k: v}", |n| {
        format!("a{n}: &a{n} {{x: {{<<: *a{0}}}, y: {{<<: *a{0}}}}}", n - 1)
    });
    assert!(refused(&merges, &[]).contains("unfolds to more than 100,000 values"));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), "*a, ".repeat(1000));
    assert!(refused(&long, &[]).contains("8 MiB"));
    let anchors: String = (0..60).map(|n| format!("&a{n} [")).collect();
    let anchors = format!("{anchors}{}{}", "x, ".repeat(90_000), "]".repeat(60));
    assert!(refused(&anchors, &[]).contains("100,000"));
}

#[test]
fn files_that_are_too_large_or_too_deep() {
    assert!(refused(&"# comment\n".repeat(1_000_000), &[]).contains("larger than 1 MiB"));
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
        for times in [100, 100_000] {
            let text = format!("{}x{}", open.repeat(times), close.repeat(times));
            let said = refused(&text, &[]);
            let why = ["deep", "YAML", "a key must be text"];
            assert!(why.iter().any(|why| said.contains(why)), "{open}: {said}");
        }
    }
    let key = format!("services: {{{}: {{{}}}}}\n", "k".repeat(400_000), "a: b, ".repeat(50_000));
    assert!(refused(&key, &[]).contains("512 bytes"));
    let many: String = (0..90_000).map(|n| format!("k{n}: 1\n")).collect();
    assert!(refused(&many, &[]).ends_with("more complaints"));
}

#[test]
fn files_that_name_each_other() {
    let said = refused("include: [d.yml]\n", &[("d.yml", "include: [c.yml]\n")]);
    assert!(said.contains("goes round in a circle"), "{said}");
    let said = refused(
        "services: {a: {extends: {service: a, file: d.yml}}}\n",
        &[("d.yml", "services: {a: {extends: {service: a, file: c.yml}}}\n")],
    );
    assert!(said.contains("goes round in a circle"), "{said}");
    // Each includes the next twice.
    let texts: Vec<(String, String)> = (0..30)
        .map(|n| (format!("f{n}.yml"), format!("include: [f{0}.yml, f{0}.yml]\n", n + 1)))
        .collect();
    let beside: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let said = refused("include: [f0.yml]\n", &beside);
    assert!(said.contains("more than 100 compose files"), "{said}");
}

#[test]
fn services_that_copy_each_other() {
    let base: String = (0..10_000).map(|n| format!("V{n}: v, ")).collect();
    let many: String = (0..400).map(|n| format!("  s{n}: {{extends: base}}\n")).collect();
    let text = format!("services:\n  base: {{image: x, environment: {{{base}}}}}\n{many}");
    assert!(refused(&text, &[]).contains("extend others unfold"));
    let chain: String = (0..400).map(|n| format!("  s{n}: {{extends: s{}}}\n", n + 1)).collect();
    let said = refused(&format!("services:\n{chain}  s400: {{image: x}}\n"), &[]);
    assert!(said.contains("chain of more than 32 services"), "{said}");
    let many: String = (0..40_000).map(|n| format!(" s{n}: {{extends: s0}}\n")).collect();
    assert!(refused(&format!("services:\n{many}"), &[]).contains("more than 500 services"));
}

#[test]
fn variables_that_unfold_without_end() {
    let text = doubling("V0=xxxxxxxx", |n| format!("V{n}=${{V{0}}}${{V{0}}}", n - 1));
    assert!(refused(ONE, &[(".env", &text)]).contains("1 MiB"));
    let file = "services: {a: {image: x, env_file: big.env}}\n";
    assert!(refused(file, &[("big.env", &text)]).contains("1 MiB"));
    let quote = format!("A=\"{}", "\n".repeat(60_000));
    assert!(refused(ONE, &[(".env", &quote)]).contains("is not closed"));
    let value = format!("V={}\n", "x".repeat(60_000));
    let text = format!("services: {{a: {{image: '{}'}}}}\n", "$V".repeat(100_000));
    assert!(refused(&text, &[(".env", &value)]).contains("1 MiB"));
    let text = format!("services: {{a: {{image: x, command: [{}]}}}}\n", "$V, ".repeat(50_000));
    assert!(refused(&text, &[(".env", &value)]).contains("8 MiB"));
    let nested = format!("services: {{a: {{image: '{}'}}}}\n", "${A:-".repeat(100_000));
    assert!(refused(&nested, &[]).contains("no closing"));
    let message = format!("services: {{a: {{image: '${{A:?{}}}'}}}}\n", "x".repeat(500_000));
    assert!(refused(&message, &[]).len() < 1000);
}

#[test]
fn ports_by_the_thousand() {
    for ports in ["1-65535:1-65535", "1-65535", "65535-1", "0-4294967295:80"] {
        let said = refused(&format!("services: {{a: {{image: x, ports: ['{ports}']}}}}\n"), &[]);
        assert!(said.contains("ports") || said.contains("range"), "{said}");
    }
    let many: String =
        (0..500).map(|n| format!("  s{n}: {{image: x, ports: ['1-999:1-999']}}\n")).collect();
    assert!(refused(&format!("services:\n{many}"), &[]).contains("more than 10,000 ports"));
}

#[test]
fn templates_that_make_much_of_little() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let variables: Variables = [("V".to_owned(), "\"\\".repeat(1000))].into();
    let refused = |template: &str| {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage_as_mb();
        let start = Instant::now();
        let wrong = render(template, &variables).expect_err("must be refused");
        let said = wrong.into_iter().map(|it| it.message).collect::<Vec<_>>().join("\n");
        let used = MEMORY.peak_usage_as_mb() - before;
        assert!(used < MAX_MEMORY, "it took {used} MB: {said}");
        in_time(start, &said);
        said
    };
    // Each round of quoting doubles the backslashes.
    let nested = format!("{{{{{}json V{}}}}}", "json (".repeat(29), ")".repeat(29));
    assert!(refused(&nested).contains("4 MiB"), "{}", refused(&nested));
    let work = "{{#if (json (json (json (json V))))}}{{/if}}".repeat(400);
    assert!(refused(&work).contains("4 MiB"), "{}", refused(&work));
    assert!(refused(&"{{V}}".repeat(900)).contains("1 MiB"));
    assert!(refused(&"{{#if V}}".repeat(900)).contains("32 levels"));
    assert!(refused(&format!("{{{{{}}}}}", "(".repeat(10_000))).contains("32 levels"));
    assert!(refused(&"{{V}}".repeat(10_000)).contains("1,000 tags"));
    assert!(refused("{{#each V}}x{{/each}}").contains("no helper `each`"));
    assert!(refused("{{> itself}}").contains("partials"));
    assert!(refused(&"x".repeat(300_000)).contains("64 KiB"));
}
