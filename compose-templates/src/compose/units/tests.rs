//! Units, words, paths and names, as tables.

use proptest::prelude::*;

use super::*;

#[test]
fn durations_are_go_s() {
    for (text, nanos) in [
        ("0", Some(0)),
        ("10s", Some(10_000_000_000)),
        ("1m30s", Some(90_000_000_000)),
        ("1h2m3s4ms5us", Some(3_723_004_005_000)),
        ("1.5h", Some(5_400_000_000_000)),
        (".5s", Some(500_000_000)),
        ("-1s", Some(-1_000_000_000)),
        ("7ns", Some(7)),
        ("1d", None),
        ("10", None),
        ("", None),
        ("s", None),
        (".s", None),
        ("1s2", None),
        ("9999999999h", None),
    ] {
        assert_eq!(duration(text), nanos, "{text:?}");
    }
}

#[test]
fn sizes_count_in_1024s() {
    for (text, size) in [
        ("1024", Some(1024)),
        ("64m", Some(64 << 20)),
        ("1.5gb", Some(1_610_612_736)),
        ("512 MiB", Some(536_870_912)),
        ("50M", Some(52_428_800)),
        ("2t", Some(2 << 40)),
        ("1gi", None),
        ("m", None),
        ("-1m", None),
        ("", None),
        ("99999999p", None),
    ] {
        assert_eq!(bytes(text), size, "{text:?}");
    }
}

#[test]
fn cpus_have_nine_decimals() {
    for (text, nanos) in [
        ("0.50", Some(500_000_000)),
        ("2", Some(2_000_000_000)),
        ("0.000000001", Some(1)),
        ("0.0000000001", None),
        ("1/2", None),
        ("", None),
        ("-1", None),
    ] {
        assert_eq!(nano_cpus(text), nanos, "{text:?}");
    }
}

#[test]
fn command_lines_split_as_a_shell_splits_them() {
    for (line, split) in [
        ("sleep 1d", vec!["sleep", "1d"]),
        ("echo 'a b' \"c d\" e\\ f # not this", vec!["echo", "a b", "c d", "e f"]),
        ("a#b", vec!["a#b"]),
        ("''", vec![""]),
        ("", vec![]),
        ("sh -c \"a \\\"b\\\"; c\"", vec!["sh", "-c", "a \"b\"; c"]),
        ("a'b'c", vec!["abc"]),
        ("one\n# comment\ntwo", vec!["one", "two"]),
    ] {
        assert_eq!(words(line).unwrap(), split, "{line:?}");
    }
    for bad in ["'a", "\"a", "a\\"] {
        assert!(words(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn paths_are_worked_out_from_a_folder() {
    for (base, path, joined) in [
        ("", "./a", "a"),
        ("", ".", "."),
        ("deploy", ".", "deploy"),
        ("deploy", "../api/./src", "api/src"),
        ("deploy", "../../x", "../x"),
        ("deploy", "/etc/x", "/etc/x"),
        ("/srv/app", "../b", "/srv/b"),
        ("/srv", "../../../b", "/b"),
        ("", "..", ".."),
    ] {
        assert_eq!(join(base, path), joined, "{base:?} {path:?}");
    }
    assert_eq!((folder("a/b.yml"), folder("b.yml"), folder("/b.yml")), ("a", "", "/"));
}

#[test]
fn image_names_are_docker_s() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let pinned = format!("nginx@{digest}");
    let both = format!("ghcr.io/a/b:1@{digest}");
    for (written, name) in [
        ("nginx", Some("nginx:latest")),
        ("nginx:1", Some("nginx:1")),
        ("docker.io/library/nginx", Some("nginx:latest")),
        ("docker.io/foo/bar", Some("foo/bar:latest")),
        ("library/nginx", Some("nginx:latest")),
        ("localhost:5000/a/b", Some("localhost:5000/a/b:latest")),
        ("ghcr.io/a/b__c:v1.0", Some("ghcr.io/a/b__c:v1.0")),
        (pinned.as_str(), Some(pinned.as_str())),
        (both.as_str(), Some(both.as_str())),
        ("Foo:BAR:x", None),
        ("Foo", None),
        ("a b", None),
        ("a:", None),
        ("a/", None),
        ("a..b", None),
        ("nginx@sha256:12", None),
        ("", None),
    ] {
        assert_eq!(image(written).as_deref(), name, "{written:?}");
    }
}

proptest! {
    #[test]
    fn an_image_s_name_is_final(name in "[a-z0-9./:_-]{1,30}") {
        let once = image(&name);
        let twice = once.as_deref().and_then(image);
        prop_assert_eq!(twice, once, "{}", name);
    }

    #[test]
    fn what_stays_inside_never_starts_with_dots(path in "[a-c./]{0,20}") {
        let joined = join("a/b", &path);
        let outside = joined.starts_with("..") || joined.starts_with('/');
        prop_assert!(outside || !joined.split('/').any(|part| part == ".."), "{}", joined);
    }
}
