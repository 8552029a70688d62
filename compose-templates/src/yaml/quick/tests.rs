//! Where it does not give up, it reads what the whole parser reads, at the same places.

use proptest::prelude::*;

use super::super::{quickly, whole as wholly};
use super::*;
use crate::catalogue;
use crate::load::Reading;

const START: At = At { file: 0, line: 1, column: 1 };

/// The tree with all its places; [`None`] is giving up.
fn quick(text: &str) -> Option<String> {
    let tree = quickly(text, START, Reading::Compose);
    tree.ok().map(|tree| format!("{tree:#?}"))
}

fn whole(text: &str) -> Option<String> {
    wholly(text, START, None, Reading::Compose).ok().map(|tree| format!("{tree:#?}"))
}

#[test]
fn it_reads_what_people_write() {
    for text in [
        "a: 1\nb:\n\n# c\nc: # d\n  d: e # f\n",
        "a:\n  b:\n    c: d\n  e:\nf:\n",
        "a:\n- b\n- c: d\n  e:\n- f: g\nh: i",
        "a:\n  - b\n  -   c: d\n      e: f\n  -\n    g: h\ni: j\n",
        "a: &x\n  b: 1\nc: &y d\ne: *y # z\nf:\n  <<: *x\n  g: [*y, {h: *x}]\n",
        "a: &x 1\nb: &x 2\nc: *x\n",
        "a: &x\n- 1\nb: &y\n  - *x\nc: *y\n",
        "- a\n- b: c\n  d: e\n-\n  - f\n- &x g\n- *x\n",
        "  a: 1\n  b: 2\n",
        "a: [b, \"c, d\", 'e', -1, f:g, [], {}, [ h ] ]\n",
        "a: {b: c, \"d\": e, 'f': [1, 2], g: { h: i } }\n",
        "\"a b\": c\n'd': \"e # f\"\ng: http://h:80/i#j\nk: l, m [n]\n",
        "a: -1\nb: -qO-\nc: --d\ne: f's \"g\"\nh: '#'\ni: ''\n",
    ] {
        let read = quick(text);
        assert!(read.is_some(), "gives up on {text:?}");
        assert_eq!(read, whole(text), "{text:?}");
    }
}

#[test]
fn it_leaves_the_rest_to_the_whole_parser() {
    for text in [
        "",
        "# a\n",
        "---\na: 1\n",
        "a: 1\n...\n",
        "%YAML 1.2\n",
        "a: |\n  b\n",
        "a: b\n  c\n",
        "a: \"b\n  c\"\n",
        "a: \"\\n\"\n",
        "a: 'it''s'\n",
        "a: !!str 1\n",
        "? a\n: b\n",
        "a:\tb\n",
        "a: ü\n",
        "a: [b,\n  c]\n",
        "- - a\n",
        "a:\n  b\n",
        "a: b: c\n",
        "a: - b\n",
        "a: *b\n",
        "a: 1\n b: 2\n",
        "a:\n  b: 1\n c: 2\n",
        "a\n",
        "a: [b: c]\n",
        "a: {b}\n",
        "a: {b: }\n",
        "a: &x\nb: 1\n",
        "a: &x &y 1\n",
        "a: &x# b\n  c: d\n",
        "&x a: 1\n",
        "a: 1\na: 2\n",
        "a: [b]c\n",
        "a: \"b\"#c\n",
        "a : b\n",
        "-\n- a\n",
        "a:\r\n  b: c\r\n",
    ] {
        assert_eq!(quick(text), None, "{text:?}");
    }
    let deep = format!("a: {}{}\n", "[".repeat(300), "]".repeat(300));
    assert_eq!(quick(&deep), None);
    assert_eq!(quick(&format!("a: {}\n", "b".repeat(MAX_LINE))), None);
}

#[test]
fn it_reads_the_catalogue_as_the_whole_parser_does() {
    for template in catalogue::templates() {
        let text = template.text();
        let read = quick(text);
        assert!(read.is_none() || read == whole(text), "{}", template.name);
    }
}

/// Lines that fit together often enough.
const LINES: [&str; 44] = [
    "a:",
    "b:",
    "c: 1",
    "d: e",
    "- f",
    "-",
    "- ",
    "- g: h",
    "- i:",
    "- [j, k]",
    "-  l",
    "m: &n",
    "o: &n p",
    "q: *n",
    "<<: *n",
    "- *n",
    "- &r",
    "- &s t",
    "u: {v: 1, w: [x]}",
    "y: \"z\"",
    "'aa': 'bb'",
    "# cc",
    "dd: ee # ff",
    "- - gg",
    "? hh",
    "ii: |",
    "---",
    "jj: kk: ll",
    "mm: -",
    "nn: - oo",
    "pp: qq:rr",
    "ss: [tt, ]",
    "uu: {vv}",
    "ww : xx",
    "yy: ü",
    "zz:\tt",
    "",
    "ab",
    "ac: \"ad",
    "ae\"",
    "af: [ag",
    "ah]",
    "ai: #aj",
    "ak: [ al: am ]",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn lines_are_read_as_the_whole_parser_reads_them(
        lines in prop::collection::vec((0_usize..4, prop::sample::select(&LINES[..])), 1..8),
    ) {
        let lines = lines.iter().map(|(indent, line)| format!("{}{line}\n", " ".repeat(*indent)));
        let text: String = lines.collect();
        if let Some(read) = quick(&text) {
            prop_assert_eq!(Some(read), whole(&text), "{:?}", text);
        }
    }

    #[test]
    fn any_text_is_read_as_the_whole_parser_reads_it(
        head in "(a:( &b)?( |\n)  ?)?",
        tail in "[ab:#&*,'\"{}\\[\\]\n -]{0,24}",
    ) {
        let text = head + &tail;
        if let Some(read) = quick(&text) {
            prop_assert_eq!(Some(read), whole(&text), "{:?}", text);
        }
    }
}
