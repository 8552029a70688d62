//! Other people's repositories as contexts.

use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

use berth_domain::build::{BuildLog, RemoteContext};

use super::*;

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl BuildLog for Lines {
    fn line(&self, service: &str, line: &str) {
        assert_eq!(service, "web");
        self.0.lock().unwrap().push(line.to_owned());
    }
}

/// Sources for which `https://git.test/` is the world's own folder: the same git,
/// told by its own setting where to look.
fn sources(world: &World) -> Sources {
    let program = world.home.path().join("git");
    let script = format!(
        "#!/bin/sh\nexec git -c url.file://{}/.insteadOf=https://git.test/ \"$@\"\n",
        world.home.path().display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    Sources::new(Git { program, ..world.git.clone() }, &world.data()).unwrap()
}

async fn fetch(sources: &Sources, fragment: &str) -> Result<(Checkout, String), BuildError> {
    let text = format!("https://git.test/acme/shop.git{fragment}");
    let (context, log) = (RemoteContext::parse(&text).unwrap(), Lines::default());
    let checkout = sources.fetch_remote(&context, "web", &log).await?;
    let lines = log.0.lock().unwrap().join("\n");
    Ok((checkout, lines))
}

#[tokio::test]
async fn a_context_is_at_what_its_name_stands_for_when_it_is_fetched() {
    let world = World::new().await;
    let first = world.commit(&[("page", Some("1"))]).await;
    world.git(&["tag", "-a", "v1", "-m", "an object of its own"]).await;
    world.git(&["branch", "a/refs/heads/main"]).await;
    let second = world.commit(&[("page", Some("2"))]).await;
    // A branch wins over a tag of the same name.
    world.git(&["tag", "main", &first]).await;
    let sources = sources(&world);
    for (fragment, sha, text) in [
        ("", &second, "2"),
        ("#main", &second, "2"),
        ("#v1", &first, "1"),
        ("#refs/tags/v1", &first, "1"),
        (&format!("#{first}"), &first, "1"),
    ] {
        let (checkout, log) = fetch(&sources, fragment).await.unwrap();
        let read = std::fs::read_to_string(checkout.path.join("page")).unwrap();
        assert_eq!(read, text, "{fragment}");
        assert!(log.contains(&format!("at commit {sha}")), "{fragment}: {log}");
    }
    let third = world.commit(&[("page", Some("3")), (".gitmodules", Some(""))]).await;
    let (_, log) = fetch(&sources, "#main").await.unwrap();
    assert!(log.contains(&third) && log.contains("submodules, which are not fetched"), "{log}");
}

#[tokio::test]
async fn a_context_that_is_not_there_is_the_builds_failure() {
    let world = World::new().await;
    world.commit(&[("page", Some("1"))]).await;
    let sources = sources(&world);
    let missing = format!("#{}", "1".repeat(40));
    for fragment in ["#nowhere", &missing] {
        let err = fetch(&sources, fragment).await.unwrap_err();
        assert!(matches!(&err, BuildError::Failed { service, .. } if service == "web"), "{err:?}");
        let text = err.to_string();
        assert!(text.contains("the context https://git.test/acme/shop.git#"), "{text}");
    }
    let gone = RemoteContext::parse("https://git.test/acme/gone.git").unwrap();
    let err = sources.fetch_remote(&gone, "web", &Lines::default()).await.unwrap_err();
    assert!(matches!(err, BuildError::Failed { .. }), "{err:?}");
}

#[tokio::test]
async fn a_context_is_fetched_by_https_wherever_it_leads() {
    let world = World::new().await;
    world.commit(&[("page", Some("1"))]).await;
    let host = Host::start(world.home.path(), TOKEN).await;
    let program = world.home.path().join("git");
    let script =
        format!("#!/bin/sh\nexec git -c url.{}.insteadOf=https://git.test/ \"$@\"\n", host.url);
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let sources = Sources::new(Git { program, ..world.git.clone() }, &world.data()).unwrap();
    let err = fetch(&sources, "#main").await.unwrap_err().to_string();
    assert!(err.contains("'http' not allowed"), "{err}");
    assert_eq!(host.seen().command_lines, 0, "nobody was asked");
}
