//! The tree: scalars as Docker's tools read them, merge keys, and what is refused.

use proptest::prelude::*;

use super::scalar::print_float;
use super::*;

/// The tree in one line.
fn show(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => print_float(*number),
        Value::Text(text) => format!("{text:?}"),
        Value::List(items) => {
            format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|e| format!("{}: {}", e.key, show(&e.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

fn refused(text: &str) -> String {
    let Wrong { at, message } = parse(text, 0).expect_err("must be refused");
    format!("{}:{}: {message}", at.line, at.column)
}

#[test]
fn plain_scalars_mean_what_they_mean_to_docker() {
    for (text, value) in [
        ("yes", "\"yes\""),
        ("on", "\"on\""),
        ("True", "true"),
        ("~", "null"),
        ("0440", "288"),
        ("0o440", "288"),
        ("0755", "493"),
        ("0899", "899"),
        ("0", "0"),
        ("0x10", "16"),
        ("1_000", "1000"),
        ("12345678901234567890", "12345678901234567890"),
        ("-12", "-12"),
        ("--12", "\"--12\""),
        ("0x-1", "\"0x-1\""),
        ("1.0", "1"),
        ("1.10", "1.1"),
        ("1e3", "1000"),
        ("1e21", "1e+21"),
        ("0.00001", "1e-05"),
        (".5", "0.5"),
        ("22:22", "\"22:22\""),
        ("1.2.3", "\"1.2.3\""),
        ("3.8", "3.8"),
        ("2024-01-01", "\"2024-01-01\""),
        ("10.0.0.1", "\"10.0.0.1\""),
        (".", "\".\""),
        ("-", "[null]"),
        ("!!str 12", "\"12\""),
        ("'12'", "\"12\""),
        ("!custom x", "\"x\""),
    ] {
        assert_eq!(show(&parse(text, 0).unwrap()), value, "{text}");
    }
}

#[test]
fn merge_keys_bring_in_what_is_not_there() {
    let text = "
x-b: &b {image: x, hostname: h}
x-c: &c {image: y, user: u}
one: {<<: *b, hostname: k}
two: {<<: [*b, *c]}
three: {'<<': text}
";
    insta::assert_snapshot!(show(&parse(text, 0).unwrap()), @r#"{x-b: {image: "x", hostname: "h"}, x-c: {image: "y", user: "u"}, one: {hostname: "k", image: "x"}, two: {image: "x", hostname: "h", user: "u"}, three: {<<: "text"}}"#);
}

#[test]
fn every_value_knows_its_place() {
    let tree = parse("a: 1\nb:\n  - x\n  - {c: d}\n", 0).unwrap();
    let Value::Map(entries) = &tree.value else { unreachable!() };
    let Value::List(items) = &entries[1].value.value else { unreachable!() };
    let Value::Map(inner) = &items[1].value else { unreachable!() };
    assert_eq!((entries[1].at.line, entries[1].at.column), (2, 1));
    assert_eq!((items[0].at.line, items[0].at.column), (3, 5));
    assert_eq!((inner[0].value.at.line, inner[0].value.at.column), (4, 9));
}

#[test]
fn a_key_that_is_there_twice_is_found_in_mappings_of_any_size() {
    for size in [2, 23, 24, 25, 26, 100] {
        for first in [1, size / 2 + 1, size] {
            let keys: String = (1..=size).map(|line| format!("k{line}: 1\n")).collect();
            let text = format!("{keys}k{first}: 2\n");
            let why = format!("it was set in line {first} already");
            let at = format!("{}:1: ", size + 1);
            let refused = refused(&text);
            assert!(refused.ends_with(&why) && refused.starts_with(&at), "{refused}");
        }
    }
    let keys: String = (1..=40).map(|line| format!("  k{line}: 1\n")).collect();
    let tree = parse(&format!("a: &a\n{keys}b:\n  k7: 2\n  <<: *a\n"), 0).unwrap();
    let Some([_, b]) = tree.value.as_map() else { unreachable!() };
    let Some([k7, others @ ..]) = b.value.value.as_map() else { unreachable!() };
    assert_eq!(k7.value.value.as_int(), Some(2));
    assert_eq!(others.len(), 39);
}

#[test]
fn what_can_only_be_a_mistake_is_refused() {
    insta::assert_snapshot!(refused("a: {image: x}\nb: 1\na: 2\n"), @"3:1: the key `a` is here a second time; it was set in line 1 already");
    insta::assert_snapshot!(refused("a: [1, 2\nb: 3\n"), @"2:2: this is not YAML: illegal placement of ':' indicator");
    insta::assert_snapshot!(refused("a: *nope\n"), @"1:4: this is not YAML: while parsing node, found unknown anchor");
    insta::assert_snapshot!(refused("a: &a [*a]\n"), @"1:8: this alias stands within what it refers to");
    insta::assert_snapshot!(refused("a: 1\n---\nb: 2\n"), @"2:1: a second document starts here; put it into a file of its own");
    insta::assert_snapshot!(refused(&format!("{}: 1\n", "k".repeat(513))), @"1:1: a key must not be longer than 512 bytes");
    insta::assert_snapshot!(refused("? [a, b]\n: c\n"), @"1:3: a key must be text, not a list or a mapping");
    insta::assert_snapshot!(refused("a:\n\tb: 1\n"), @"2:2: this is not YAML: tabs disallowed within this context (block indentation)");
    insta::assert_snapshot!(refused("# nothing\n"), @"1:1: the file is empty");
    insta::assert_snapshot!(refused("<<: 1\n"), @"1:5: `<<` needs a mapping, or a list of them");
}

#[test]
fn a_file_can_not_unfold_without_end() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", "));
    }
    assert!(refused(&bomb).contains("100,000"), "{}", refused(&bomb));
    let nested = |depth| format!("{}x{}", "[".repeat(depth), "]".repeat(depth));
    assert!(refused(&nested(100)).contains("64 levels"), "{}", refused(&nested(100)));
    assert!(parse(&nested(60), 0).is_ok());
    assert!(!refused(&"[".repeat(200_000)).is_empty());
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 100].join(", "));
    assert!(refused(&long).contains("8 MiB"), "{}", refused(&long));
    let mut tower = "a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n".to_owned();
    for level in 1..12 {
        tower += &format!("a{level}: &a{level} [[[[[[[[[*a{}]]]]]]]]]\n", level - 1);
    }
    assert!(refused(&tower).contains("64 levels"), "{}", refused(&tower));
    // Each anchor keeps a copy of what is below it.
    let copies: String = (0..50).map(|level| format!("&a{level} [")).collect();
    let copies = format!("{copies}{}{}", "x, ".repeat(20_000), "]".repeat(50));
    assert!(refused(&copies).contains("100,000"), "{}", refused(&copies));
}

#[test]
fn tags_that_speak_of_other_files_are_kept() {
    let tree = parse("a: !reset\nb: !override [1]\nc: !other x\n", 0).unwrap();
    let marks: Vec<_> = tree.value.as_map().unwrap().iter().map(|e| e.value.mark).collect();
    assert_eq!(marks, [Some(Mark::Reset), Some(Mark::Override), None]);
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "[-a-z0-9:\\[\\]{},&*!#|>'\" \n?<%@`]{0,120}") {
        for reading in [Reading::Compose, Reading::Stack] {
            drop(parse_from(&text, 0, None, reading));
        }
    }
}
