//! Where the credential goes, and where it does not.

use std::ffi::OsStr;

use super::*;

const TOKEN: &str = "ghs_7_planted.token-of_the.new-form";

fn git(program: &str) -> Git {
    Git { program: program.into(), home: "/nowhere".into(), local: false }
}

fn remote() -> Remote {
    let token = Some(SecretString::from(TOKEN));
    Remote::parse("https://github.test:8443/acme/shop.git", token, false).unwrap()
}

#[test]
fn the_credential_is_in_the_environment_and_nowhere_else() {
    let (remote, basic) = (remote(), STANDARD.encode(format!("x-access-token:{TOKEN}")));
    let args = ["fetch", "--", remote.url(), "main"];
    let command = git("git").command(&Run::new(Path::new("/"), &args).with_remote(&remote));
    let command = command.as_std();

    let shown = [command.get_program()].into_iter().chain(command.get_args());
    for text in shown.map(OsStr::to_string_lossy) {
        assert!(!text.contains(TOKEN) && !text.contains(&basic), "{text}");
    }
    let holders: Vec<(String, String)> = command
        .get_envs()
        .filter_map(|(key, value)| Some((key.to_str()?.to_owned(), value?.to_str()?.to_owned())))
        .filter(|(_, value)| value.contains(TOKEN) || value.contains(&basic))
        .collect();
    let (key, value) = &holders[..][0];
    assert_eq!((holders.len(), value), (1, &format!("Authorization: Basic {basic}")));
    let name = key.replace("VALUE", "KEY");
    let key = command.get_envs().find(|(key, _)| *key == OsStr::new(&name)).unwrap().1;
    assert_eq!(key, Some(OsStr::new("http.https://github.test:8443/.extraHeader")));
}

#[test]
fn without_a_remote_there_is_no_credential() {
    let command = git("git").command(&Run::new(Path::new("/"), &["init"]));
    let found = command.as_std().get_envs().any(|(_, value)| {
        value.is_some_and(|value| value.to_string_lossy().contains("Authorization"))
    });
    assert!(!found);
}

#[test]
fn only_a_bare_web_address_is_a_remote() {
    for good in ["https://github.com/a/b.git", "http://127.0.0.1:3000/a/b"] {
        assert!(Remote::parse(good, None, false).is_ok(), "{good}");
    }
    for bad in [
        "https://x-access-token:t@github.com/a/b.git",
        "https://t@github.com/a/b.git",
        "ssh://git@github.com/a/b.git",
        "git@github.com:a/b.git",
        "ext::sh -c id",
        "--upload-pack=id",
        "file:///etc",
        "/etc",
        "",
    ] {
        assert!(Remote::parse(bad, None, false).is_err(), "{bad}");
    }
    assert!(Remote::parse("file:///srv/a.git", None, true).is_ok());
}

#[tokio::test]
async fn what_git_says_is_repeated_without_the_credential() {
    let remote = remote();
    let script = "echo \"$GIT_CONFIG_VALUE_14 $SAID\" >&2; exit 1";
    let said = [("SAID", Path::new(TOKEN))];
    let args = ["-c", script];
    let run = Run::new(Path::new("/"), &args).with_remote(&remote).with_variables(&said);
    let err = git("/bin/sh").run(&run).await.unwrap_err();
    let text = format!("{err} {err:?}");
    assert!(text.contains("Basic [redacted] [redacted]"), "{text}");
}

#[tokio::test]
async fn git_gets_no_more_time_than_it_was_given() {
    let mut run = Run::new(Path::new("/"), &["600"]);
    run.deadline = Duration::from_millis(50);
    let err = git("/bin/sleep").run(&run).await.unwrap_err();
    assert!(matches!(err, GitError::Silent(_)), "{err}");
}

#[tokio::test]
async fn a_missing_git_is_told() {
    let err = git("/nowhere/git").run(&Run::new(Path::new("/"), &[])).await.unwrap_err();
    assert!(matches!(err, GitError::Silent(_)), "{err}");
}
