//! Every fail point stands where it says, once: a copied name would leave one
//! place untried.

use super::rust_files;

/// The variants of `Write` or `Effect`, as `domain/src/fail_point.rs` lists them.
fn variants(source: &str, list: &str) -> Vec<String> {
    let start = source.find(&format!("    {list} {{\n")).unwrap();
    let body = &source[start..];
    let body = &body[..body.find("\n    }\n").unwrap()];
    body.lines()
        .filter_map(|line| line.trim().split_once(" = \""))
        .map(|(variant, _)| variant.to_owned())
        .collect()
}

#[test]
fn a_fail_point_stands_at_one_place() {
    let files = rust_files();
    let (_, list) = files.iter().find(|(path, _)| path == "domain/src/fail_point.rs").unwrap();
    let mut wrong = Vec::new();
    for (kind, many) in [("Write", 30), ("Effect", 20)] {
        let variants = variants(list, kind);
        assert!(variants.len() > many, "{kind}: {variants:?}");
        for variant in variants {
            let name = format!("{kind}::{variant}");
            let places: Vec<&str> = files
                .iter()
                .filter(|(path, _)| {
                    !path.starts_with("domain/src/fail_point.rs")
                        && !path.starts_with("tests/")
                        && !path.contains("/tests/")
                        && !path.ends_with("/tests.rs")
                        && !path.ends_with("/seed.rs")
                })
                .flat_map(|(path, text)| {
                    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                    let named = code.split(|c: char| !c.is_alphanumeric() && c != ':');
                    named.filter(|word| *word == name).map(move |_| path.as_str())
                })
                .collect();
            if places.len() != 1 {
                wrong.push(format!("{name} stands at {places:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "a fail point stands at one place:\n{}", wrong.join("\n"));
}
