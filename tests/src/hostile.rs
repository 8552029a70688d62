//! Compose files and templates that strangers could send to keep Berth busy, and
//! what is said about each.
//!
//! Only texts: that they take bounded work and memory is a test of
//! `compose-templates` (`tests/hostile.rs`), and how long the worst takes is
//! measured by `cargo xtask bench hostile`.

/// A compose file that must be refused.
#[derive(Debug)]
pub struct HostileFile {
    /// What it does, for a failure's words.
    pub name: String,
    /// The file.
    pub text: String,
    /// Files beside it, by name.
    pub beside: Vec<(String, String)>,
    /// Any of these is in the refusal.
    pub said: &'static [&'static str],
}

/// A template that must be refused, rendered with [`template_value`] as `V`.
#[derive(Debug)]
pub struct HostileTemplate {
    /// The template.
    pub text: String,
    /// What is in the refusal.
    pub said: &'static str,
}

fn file(name: &str, text: impl Into<String>, said: &'static [&'static str]) -> HostileFile {
    HostileFile { name: name.to_owned(), text: text.into(), beside: Vec::new(), said }
}

impl HostileFile {
    fn with(mut self, name: &str, text: impl Into<String>) -> Self {
        self.beside.push((name.to_owned(), text.into()));
        self
    }
}

/// Lines of which each doubles the one before.
fn doubling(first: &str, line: impl Fn(usize) -> String) -> String {
    (1..40).fold(format!("{first}\n"), |text, level| text + &line(level) + "\n")
}

/// A file with nothing wrong in it.
const ONE: &str = "services: {a: {image: x}}\n";

/// All of them.
#[must_use]
pub fn files() -> Vec<HostileFile> {
    [unfolding(), large_or_deep(), naming_each_other(), copying(), variables(), ports()]
        .into_iter()
        .flatten()
        .collect()
}

/// Aliases and merge keys that unfold without end.
#[must_use]
pub fn unfolding() -> Vec<HostileFile> {
    let laughs = doubling("a0: &a0 [x, x]", |n| format!("a{n}: &a{n} [*a{0}, *a{0}]", n - 1));
    let merges = doubling("a0: &a0 {k: v}", |n| {
        format!("a{n}: &a{n} {{x: {{<<: *a{0}}}, y: {{<<: *a{0}}}}}", n - 1)
    });
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), "*a, ".repeat(1000));
    let anchors: String = (0..60).map(|n| format!("&a{n} [")).collect();
    let anchors = format!("{anchors}{}{}", "x, ".repeat(90_000), "]".repeat(60));
    vec![
        file("a billion laughs", laughs, &["unfolds to more than 100,000 values"]),
        file("merge keys that double", merges, &["unfolds to more than 100,000 values"]),
        file("a long text, a thousand times", long, &["8 MiB"]),
        file("an anchor at every depth", anchors, &["100,000"]),
    ]
}

/// Files that are too large or too deep.
#[must_use]
pub fn large_or_deep() -> Vec<HostileFile> {
    let key = format!("services: {{{}: {{{}}}}}\n", "k".repeat(400_000), "a: b, ".repeat(50_000));
    let many: String = (0..90_000).map(|n| format!("k{n}: 1\n")).collect();
    let mut files = vec![
        file("10 MB of comments", "# comment\n".repeat(1_000_000), &["larger than 1 MiB"]),
        file("a long key with much below it", key, &["512 bytes"]),
        file("90,000 wrong keys", many, &["more complaints"]),
    ];
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
        for times in [100, 100_000] {
            let text = format!("{}x{}", open.repeat(times), close.repeat(times));
            let why = &["deep", "YAML", "a key must be text"];
            files.push(file(&format!("{times} times `{open}`"), text, why));
        }
    }
    files
}

/// Files that include and extend each other.
#[must_use]
pub fn naming_each_other() -> Vec<HostileFile> {
    let circle = &["goes round in a circle"];
    let extends =
        |other: &str| format!("services: {{a: {{extends: {{service: a, file: {other}}}}}}}\n");
    let mut doubled =
        file("includes that double", "include: [f0.yml]\n", &["more than 100 compose files"]);
    for n in 0..30 {
        let next = format!("include: [f{0}.yml, f{0}.yml]\n", n + 1);
        doubled = doubled.with(&format!("f{n}.yml"), next);
    }
    vec![
        file("includes in a circle", "include: [d.yml]\n", circle)
            .with("d.yml", "include: [c.yml]\n"),
        file("extends in a circle", extends("d.yml"), circle).with("d.yml", extends("c.yml")),
        doubled,
    ]
}

/// Services that extend others by the hundred.
#[must_use]
pub fn copying() -> Vec<HostileFile> {
    let base: String = (0..10_000).map(|n| format!("V{n}: v, ")).collect();
    let copies: String = (0..400).map(|n| format!("  s{n}: {{extends: base}}\n")).collect();
    let copies = format!("services:\n  base: {{image: x, environment: {{{base}}}}}\n{copies}");
    let chain: String = (0..400).map(|n| format!("  s{n}: {{extends: s{}}}\n", n + 1)).collect();
    let chain = format!("services:\n{chain}  s400: {{image: x}}\n");
    let many: String = (0..40_000).map(|n| format!(" s{n}: {{extends: s0}}\n")).collect();
    vec![
        file("400 copies of a large service", copies, &["extend others unfold"]),
        file("a long chain", chain, &["chain of more than 32 services"]),
        file("40,000 services", format!("services:\n{many}"), &["more than 500 services"]),
    ]
}

/// Variables that unfold without end, and what reads them.
#[must_use]
pub fn variables() -> Vec<HostileFile> {
    let doubled = doubling("V0=xxxxxxxx", |n| format!("V{n}=${{V{0}}}${{V{0}}}", n - 1));
    let quote = format!("A=\"{}", "\n".repeat(60_000));
    let value = format!("V={}\n", "x".repeat(60_000));
    let often = format!("services: {{a: {{image: '{}'}}}}\n", "$V".repeat(100_000));
    let list = format!("services: {{a: {{image: x, command: [{}]}}}}\n", "$V, ".repeat(50_000));
    let nested = format!("services: {{a: {{image: '{}'}}}}\n", "${A:-".repeat(100_000));
    let env_file = "services: {a: {image: x, env_file: big.env}}\n";
    vec![
        file(".env that doubles", ONE, &["1 MiB"]).with(".env", doubled.clone()),
        file("env_file that doubles", env_file, &["1 MiB"]).with("big.env", doubled),
        file("a quote that is not closed", ONE, &["is not closed"]).with(".env", quote),
        file("a long value, often in a text", often, &["1 MiB"]).with(".env", value.clone()),
        file("a long value, often in a list", list, &["8 MiB"]).with(".env", value),
        file("braces in braces", nested, &["no closing"]),
    ]
}

/// Ranges of ports.
#[must_use]
pub fn ports() -> Vec<HostileFile> {
    let many: String =
        (0..500).map(|n| format!("  s{n}: {{image: x, ports: ['1-999:1-999']}}\n")).collect();
    let mut files =
        vec![file("500 long ranges", format!("services:\n{many}"), &["more than 10,000 ports"])];
    for ports in ["1-65535:1-65535", "1-65535", "65535-1", "0-4294967295:80"] {
        let text = format!("services: {{a: {{image: x, ports: ['{ports}']}}}}\n");
        files.push(file(ports, text, &["ports", "range"]));
    }
    files
}

/// The value of `V` in [`templates`].
#[must_use]
pub fn template_value() -> String {
    "\"\\".repeat(1000)
}

/// Templates that make much of little.
#[must_use]
pub fn templates() -> Vec<HostileTemplate> {
    // Each round of quoting doubles the backslashes.
    let quoted = format!("{{{{{}json V{}}}}}", "json (".repeat(29), ")".repeat(29));
    let work = "{{#if (json (json (json (json V))))}}{{/if}}".repeat(400);
    let template = |text: String, said| HostileTemplate { text, said };
    vec![
        template(quoted, "4 MiB"),
        template(work, "4 MiB"),
        template("{{V}}".repeat(900), "1 MiB"),
        template("{{#if V}}".repeat(900), "32 levels"),
        template(format!("{{{{{}}}}}", "(".repeat(10_000)), "32 levels"),
        template("{{V}}".repeat(10_000), "1,000 tags"),
        template("{{#each V}}x{{/each}}".to_owned(), "no helper `each`"),
        template("{{> itself}}".to_owned(), "partials"),
        template("x".repeat(300_000), "64 KiB"),
        template("{{#if V}}".repeat(100_000), "64 KiB"),
        template(format!("{{{{#if 1}}}}{}{{{{/if}}}}", "{{else if 1}}".repeat(1_000)), "32 levels"),
    ]
}

/// A template with as much work in it as a template may have, which is rendered.
#[must_use]
pub fn largest_template() -> String {
    let tags = "{{#if (eq (default V \"x\") V)}}a{{else}}{{/if}}".repeat(330);
    format!("{}{tags}", "# text\n".repeat((64 * 1024 - tags.len()) / 7))
}
