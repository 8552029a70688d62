//! Against real git and repositories of the test's own.

mod http;
mod remote;

use std::fs::File;
use std::os::unix::fs::symlink;

use secrecy::SecretString;
use tempfile::TempDir;

use self::http::Host;
use super::*;
use crate::path::{UnsafePath, safe_path};

const TOKEN: &str = "ghs_7_planted.token-of_the.new-form";

/// A repository to fetch from, and a place to fetch to.
struct World {
    home: TempDir,
    git: Git,
}

impl World {
    async fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let git = Git { program: "git".into(), home: home.path().join("home"), local: true };
        let world = Self { home, git };
        std::fs::create_dir_all(world.work()).unwrap();
        world.git(&["init", "--quiet", "--initial-branch=main", "."]).await;
        world.git(&["config", "user.name", "Mona"]).await;
        world.git(&["config", "user.email", "mona@github.test"]).await;
        // As GitHub has it.
        world.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]).await;
        world.git(&["config", "uploadpack.allowFilter", "true"]).await;
        world
    }

    fn work(&self) -> PathBuf {
        self.home.path().join("acme").join("shop.git")
    }

    async fn git(&self, args: &[&str]) -> String {
        let out = self.git.run(&Run::new(&self.work(), args)).await.unwrap();
        String::from_utf8(out).unwrap().trim().to_owned()
    }

    async fn commit(&self, files: &[(&str, Option<&str>)]) -> String {
        for (name, content) in files {
            let path = self.work().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            match content {
                Some(text) => std::fs::write(path, text).unwrap(),
                None => std::fs::remove_file(path).unwrap(),
            }
        }
        self.git(&["add", "--all"]).await;
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "a change"]).await;
        self.git(&["rev-parse", "HEAD"]).await
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn sources(&self) -> Sources {
        Sources::new(self.git.clone(), &self.data()).unwrap()
    }

    fn source(&self, sha: &str) -> Source {
        let clone_url = format!("file://{}", self.work().display());
        Source { clone_url, sha: sha.to_owned(), token: None }
    }
}

#[tokio::test]
async fn a_commit_is_fetched_though_the_branch_has_moved_on() {
    let world = World::new().await;
    let first = world.commit(&[("compose.yaml", Some("one")), ("web/Dockerfile", Some("x"))]).await;
    let second = world.commit(&[("compose.yaml", Some("two"))]).await;
    let sources = world.sources();
    for (sha, text) in [(&first, "one"), (&second, "two"), (&first, "one")] {
        let checkout = sources.fetch(&world.source(sha)).await.unwrap();
        assert_eq!(std::fs::read_to_string(checkout.path.join("compose.yaml")).unwrap(), text);
        assert!(checkout.path.join("web/Dockerfile").is_file());
        assert!(!checkout.path.join(".git").exists());
    }
}

#[tokio::test]
async fn a_checkout_is_fetched_once() {
    let world = World::new().await;
    let sha = world.commit(&[("a", Some("1"))]).await;
    let sources = world.sources();
    let first = sources.fetch(&world.source(&sha)).await.unwrap();
    std::fs::remove_dir_all(world.work()).unwrap();
    assert_eq!(sources.fetch(&world.source(&sha)).await.unwrap(), first);
    let left = std::fs::read_dir(world.data().join("checkouts")).unwrap().count();
    assert_eq!(left, 1, "nothing half-done stays");
}

#[tokio::test]
async fn changes_are_what_differs_however_far_apart() {
    let world = World::new().await;
    let base = world
        .commit(&[("docs/a.md", Some("a")), ("api/old.rs", Some("same")), ("gone", Some("g"))])
        .await;
    for _ in 0..3 {
        world.commit(&[("web/index.html", Some("x")), ("api/old.rs", Some("same"))]).await;
    }
    let head = world
        .commit(&[
            ("gone", None),
            ("api/old.rs", None),
            ("api/new.rs", Some("same")),
            ("ä b", Some("")),
        ])
        .await;
    let sources = world.sources();
    let changes = sources.changes(&world.source(&head), &base).await.unwrap();
    let paths = ["api/new.rs", "api/old.rs", "gone", "web/index.html", "ä b"].map(str::to_owned);
    assert_eq!(changes, Changes::Paths(paths.to_vec()));
    // No file's contents were fetched for it.
    let clone = std::fs::read_dir(world.data().join("git")).unwrap().next().unwrap().unwrap();
    let clone = clone.path().join("repository");
    let counted = ["cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"];
    let kinds = world.git.run(&Run::new(&clone, &counted)).await.unwrap();
    assert!(!String::from_utf8(kinds).unwrap().contains("blob"));
}

#[tokio::test]
async fn an_unknown_base_is_unknown_changes() {
    let world = World::new().await;
    let sha = world.commit(&[("a", Some("1"))]).await;
    let (sources, source) = (world.sources(), world.source(&sha));
    for base in ["0".repeat(40).as_str(), &"1".repeat(40), "main", ""] {
        assert_eq!(sources.changes(&source, base).await.unwrap(), Changes::Unknown, "{base}");
    }
    assert_eq!(sources.changes(&source, &sha).await.unwrap(), Changes::Paths(Vec::new()));
}

#[tokio::test]
async fn a_commit_that_is_not_there_is_the_sources_fault() {
    let world = World::new().await;
    let sha = world.commit(&[]).await;
    let sources = world.sources();
    let mut elsewhere = world.source(&sha);
    elsewhere.clone_url.push_str("-gone");
    let mut branch = world.source(&sha);
    branch.sha = "main".to_owned();
    for source in [world.source(&"1".repeat(40)), elsewhere, branch] {
        let err = sources.fetch(&source).await.unwrap_err();
        assert!(matches!(err, BuildError::Source { .. }), "{err}");
    }
}

#[tokio::test]
async fn a_link_out_of_the_checkout_is_not_followed() {
    let world = World::new().await;
    std::fs::create_dir_all(world.work().join("sub")).unwrap();
    symlink("/etc/passwd", world.work().join("passwd")).unwrap();
    symlink("../../..", world.work().join("sub/up")).unwrap();
    let sha = world.commit(&[("compose.yaml", Some("x"))]).await;
    let checkout = world.sources().fetch(&world.source(&sha)).await.unwrap();
    for path in ["passwd", "sub/up", "sub/up/home", "../used"] {
        let refused = safe_path(&checkout.path, path);
        assert_eq!(refused, Err(UnsafePath::Outside(path.to_owned())));
    }
    assert!(safe_path(&checkout.path, "compose.yaml").is_ok());
}

#[tokio::test]
async fn a_submodule_stays_empty() {
    let world = World::new().await;
    let inner = world.commit(&[("a", Some("1"))]).await;
    let link = format!("160000,{inner},sub");
    world.git(&["update-index", "--add", "--cacheinfo", &link]).await;
    world.git(&["commit", "--quiet", "-m", "sub"]).await;
    let sha = world.git(&["rev-parse", "HEAD"]).await;
    let checkout = world.sources().fetch(&world.source(&sha)).await.unwrap();
    assert_eq!(std::fs::read_dir(checkout.path.join("sub")).unwrap().count(), 0);
}

#[tokio::test]
async fn the_token_opens_the_repository_and_is_left_nowhere() {
    let world = World::new().await;
    let base = world.commit(&[("a", Some("1"))]).await;
    let sha = world.commit(&[("b", Some("2"))]).await;
    let host = Host::start(world.home.path(), TOKEN).await;
    let clone_url = host.url.join("acme/shop.git").unwrap().to_string();
    let source = |token: &str| Source {
        clone_url: clone_url.clone(),
        sha: sha.clone(),
        token: Some(SecretString::from(token.to_owned())),
    };

    let sources = world.sources();
    let err = sources.fetch(&source("ghs_wrong_planted")).await.unwrap_err();
    assert!(matches!(err, BuildError::Source { .. }), "{err}");
    assert!(!format!("{err} {err:?}").contains("planted"), "{err:?}");

    let checkout = sources.fetch(&source(TOKEN)).await.unwrap();
    assert!(checkout.path.join("b").is_file());
    let changes = sources.changes(&source(TOKEN), &base).await.unwrap();
    assert_eq!(changes, Changes::Paths(vec!["b".to_owned()]));

    let seen = host.seen();
    assert!(seen.command_lines > 0, "the host looked at the processes while git waited");
    assert_eq!(seen.leaks, Vec::<String>::new(), "a command line can be read by everyone");
    let secrets = [TOKEN.to_owned(), http::basic(TOKEN)];
    for entry in walkdir::WalkDir::new(world.data()) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!secrets.iter().any(|secret| text.contains(secret)), "{entry:?}");
        }
    }
}

#[tokio::test]
async fn a_host_that_is_not_there_is_worth_another_try() {
    let world = World::new().await;
    let host = Host::start(world.home.path(), TOKEN).await;
    let clone_url = host.url.join("acme/shop.git").unwrap().to_string();
    drop(host);
    let source = Source { clone_url, sha: "1".repeat(40), token: None };
    let err = world.sources().fetch(&source).await.unwrap_err();
    assert!(matches!(err, BuildError::Unavailable { .. }), "{err}");
}

#[tokio::test]
async fn a_clone_with_many_packs_is_begun_anew() {
    let world = World::new().await;
    let first = world.commit(&[("a", Some("1"))]).await;
    let second = world.commit(&[("a", Some("2"))]).await;
    let sources = world.sources();
    sources.fetch(&world.source(&first)).await.unwrap();
    let clone = std::fs::read_dir(world.data().join("git")).unwrap().next().unwrap().unwrap();
    let pack = clone.path().join("repository/objects/pack");
    for number in 0..=PACKS_MAX {
        std::fs::write(pack.join(format!("{number}.pack")), "").unwrap();
    }
    sources.fetch(&world.source(&second)).await.unwrap();
    assert!(packs(&clone.path().join("repository")).await < PACKS_MAX);
}

#[tokio::test]
async fn what_a_killed_git_left_locked_is_begun_anew() {
    let world = World::new().await;
    let sources = world.sources();
    let first = world.commit(&[("a", Some("1"))]).await;
    sources.fetch(&world.source(&first)).await.unwrap();
    let clone = std::fs::read_dir(world.data().join("git")).unwrap().next().unwrap().unwrap();
    let clone = clone.path().join("repository");
    for lock in ["shallow.lock", "config.lock", "HEAD.lock", "index.lock"] {
        std::fs::write(clone.join(lock), "").unwrap();
        let next = world.commit(&[("a", Some(lock))]).await;
        let checkout = sources.fetch(&world.source(&next)).await.unwrap();
        assert_eq!(std::fs::read_to_string(checkout.path.join("a")).unwrap(), lock);
    }

    // Cut off while it was made, lock and all.
    std::fs::remove_file(clone.join("HEAD")).unwrap();
    std::fs::write(clone.join("config.lock"), "").unwrap();
    let last = world.commit(&[("a", Some("last"))]).await;
    sources.fetch(&world.source(&last)).await.unwrap();
}

#[tokio::test]
async fn two_commits_are_compared_though_the_clone_was_left_locked() {
    let world = World::new().await;
    let base = world.commit(&[("a", Some("1"))]).await;
    let head = world.commit(&[("b", Some("2"))]).await;
    let sources = world.sources();
    sources.changes(&world.source(&base), &"1".repeat(40)).await.unwrap();
    let clone = std::fs::read_dir(world.data().join("git")).unwrap().next().unwrap().unwrap();
    std::fs::write(clone.path().join("repository/shallow.lock"), "").unwrap();
    let changes = sources.changes(&world.source(&head), &base).await.unwrap();
    assert_eq!(changes, Changes::Paths(vec!["b".to_owned()]));
}

#[tokio::test]
async fn old_checkouts_beyond_the_bound_are_removed() {
    let home = tempfile::tempdir().unwrap();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    for (name, hours_ago) in [("new", 0), ("in-use", 1), ("old", 3), ("older", 4), ("oldest", 5)] {
        let folder = home.path().join(name);
        touch(&folder).await.unwrap();
        let mark = File::options().write(true).open(folder.join(USED)).unwrap();
        mark.set_modified(now - Duration::from_secs(hours_ago * 3_600)).unwrap();
    }
    let left = || {
        let names = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    };
    try_prune(home.path(), 3).await.unwrap();
    assert_eq!(left(), ["in-use", "new", "old"]);
    try_prune(home.path(), 1).await.unwrap();
    assert_eq!(left(), ["in-use", "new"], "what may be in use stays");
}
