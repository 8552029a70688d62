//! Interpolation, as a table: what `docker stack deploy` says, and compose v2.

use proptest::prelude::*;

use super::*;

const VARIABLES: [(&str, &str); 4] = [("SET", "val"), ("EMPTY", ""), ("lower", "lc"), ("N", "7")];

fn variable(name: &str) -> Option<&'static str> {
    VARIABLES.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
}

fn read(text: &str, reading: Reading) -> String {
    match interpolate(text, reading, &variable) {
        Ok(result) => result.text,
        Err(refused) => format!("! {}", refused.message),
    }
}

/// Text, its meaning to `docker stack deploy`, and to compose v2 where it differs.
/// `!` alone is a refusal.
const CASES: [(&str, &str, Option<&str>); 58] = [
    ("$SET", "val", None),
    ("${SET}", "val", None),
    ("$UNSET", "", None),
    ("${UNSET}", "", None),
    ("${UNSET:-d}", "d", None),
    ("${UNSET-d}", "d", None),
    ("${EMPTY:-d}", "d", None),
    ("${EMPTY-d}", "", None),
    ("${SET:-d}", "val", None),
    ("${UNSET:?msg here}", "! the variable `UNSET` must have a value: msg here", None),
    ("${EMPTY:?msg}", "! the variable `EMPTY` must have a value: msg", None),
    ("${EMPTY?msg}", "", None),
    ("${UNSET?msg}", "! the variable `UNSET` must have a value: msg", None),
    ("${UNSET?}", "! the variable `UNSET` must have a value", None),
    ("${SET:+alt}", "!", Some("alt")),
    ("${UNSET:+alt}", "!", Some("")),
    ("${EMPTY:+alt}", "!", Some("")),
    ("${EMPTY+alt}", "!", Some("alt")),
    ("${SET+alt}", "!", Some("alt")),
    ("$$SET", "$SET", None),
    ("$$$SET", "$val", None),
    ("$${SET}", "${SET}", None),
    ("${UNSET:-${SET}}", "${SET}", Some("val")),
    ("${UNSET:-a}b}", "ab}", None),
    ("${UNSET:-}", "", None),
    ("${UNSET-}", "", None),
    ("$lower", "lc", None),
    ("${lower}", "lc", None),
    ("$1", "!", None),
    ("${1}", "!", None),
    ("$", "!", None),
    ("a$", "!", None),
    ("a$ b", "!", None),
    ("${", "!", None),
    ("${SET", "!", None),
    ("${SET }", "!", None),
    ("${ SET}", "!", None),
    ("${}", "!", None),
    ("${SE-T}", "T", None),
    ("${UNSET:-$SET}", "$SET", Some("val")),
    ("${UNSET:-a:b/c?d}", "a:b/c?d", None),
    ("${UNSET:-http://h:80/p?q=1}", "http://h:80/p?q=1", None),
    ("${UNSET-a:-b}", "b", Some("a:-b")),
    ("${SET:0:1}", "!", None),
    ("${SET%a}", "!", None),
    ("${#SET}", "!", None),
    ("$SET-x", "val", Some("val-x")),
    ("${SET}-x", "val-x", None),
    ("$UNSET:-x", "x", Some(":-x")),
    ("$UNSET-x", "x", Some("-x")),
    ("$SET.y", "val.y", None),
    ("p$SETq", "p", None),
    ("${UNSET:?a-b}", "b", Some("! the variable `UNSET` must have a value: a-b")),
    ("${UNSET?a:-b}", "b", Some("! the variable `UNSET` must have a value: a:-b")),
    ("$(cmd)", "!", None),
    ("$UNSET?oops", "! the variable `UNSET` must have a value: oops", Some("?oops")),
    ("é$SETé", "évalé", None),
    ("${UNSET:-${EMPTY:-${SET}-${N}}}", "${EMPTY:-${SET-7}}", Some("val-7")),
];

#[test]
fn every_case_reads_as_its_tool_reads_it() {
    for (text, stack, compose) in CASES {
        for (reading, expected) in
            [(Reading::Stack, stack), (Reading::Compose, compose.unwrap_or(stack))]
        {
            let read = read(text, reading);
            if expected == "!" {
                assert!(read.starts_with('!'), "{text:?} as {reading:?} gives {read:?}");
            } else {
                assert_eq!(read, expected, "{text:?} as {reading:?}");
            }
        }
    }
}

#[test]
fn a_refusal_says_what_to_write_instead() {
    insta::assert_snapshot!(read("costs 5$ now", Reading::Compose), @"! `$ ` is not a variable; write `$$` where you mean a dollar sign");
    insta::assert_snapshot!(read("${SET", Reading::Compose), @"! `${SET` has no closing `}`");
    insta::assert_snapshot!(read("${SET!x}", Reading::Compose), @"! `${SET!x}` is not a variable; write `$$` where you mean a dollar sign");
    insta::assert_snapshot!(read("${SET!x} and more", Reading::Stack), @"! `${SET!x}` is not a variable; write `$$` where you mean a dollar sign");
}

#[test]
fn what_is_unset_is_told() {
    for reading in [Reading::Compose, Reading::Stack] {
        let told = interpolate("$A ${B} ${C:-} $SET", reading, &variable).unwrap();
        assert_eq!(told.unset, ["A", "B"], "{reading:?}");
    }
}

#[test]
fn nesting_has_an_end() {
    let deep = format!("{}x{}", "${U:-".repeat(5000), "}".repeat(5000));
    assert!(read(&deep, Reading::Compose).contains("32 levels"));
}

proptest! {
    #[test]
    fn text_without_a_dollar_stays_as_it_is(text in "[^$]{0,80}") {
        for reading in [Reading::Compose, Reading::Stack] {
            prop_assert_eq!(read(&text, reading), text.clone());
        }
    }

    #[test]
    fn doubled_dollars_are_single_ones(text in "[a-z{}:$-]{0,40}") {
        for reading in [Reading::Compose, Reading::Stack] {
            prop_assert_eq!(read(&text.replace('$', "$$"), reading), text.clone());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[$SETUN{}:?+é-]{0,30}") {
        for reading in [Reading::Compose, Reading::Stack] {
            read(&text, reading);
        }
    }
}
