//! Builds on the engine that `DOCKER_HOST` names, from images made here.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use berth_builder::{STACK_LABEL, Settings, Workshop};
use berth_domain::build::{
    BuildContext, BuildError, BuildLog, BuildRequest, Builder, Checkout, Image, RemoteContext,
};
use berth_domain::ids::StackName;
use bollard::query_parameters::{
    CreateImageOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder,
};
use bollard::{API_DEFAULT_VERSION, Docker};
use futures_util::{FutureExt, StreamExt};
use tempfile::TempDir;
use tokio::process::Command;
use uuid::Uuid;

/// A stack of one test's own, whose images go away however the test ends.
struct World {
    docker: Docker,
    workshop: Workshop,
    home: TempDir,
    stack: StackName,
}

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl BuildLog for Lines {
    fn line(&self, service: &str, line: &str) {
        assert_eq!(service, "web");
        self.0.lock().unwrap().push(line.to_owned());
    }
}

impl Lines {
    fn text(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

fn docker_host() -> String {
    std::env::var_os("DOCKER_HOST")
        .map_or("unix:///var/run/docker.sock".to_owned(), |host| host.into_string().unwrap())
}

impl World {
    async fn scope(test: impl AsyncFnOnce(&Self)) {
        let host = docker_host();
        let docker = if host.starts_with("unix://") {
            Docker::connect_with_unix(&host, 60, API_DEFAULT_VERSION)
        } else {
            Docker::connect_with_http(&host, 60, API_DEFAULT_VERSION)
        };
        let docker = docker.unwrap().negotiate_version().await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let workshop = Workshop::new(Settings {
            data_dir: home.path().join("data"),
            docker_host: host,
            instance: Uuid::now_v7().to_string(),
            git: "git".into(),
            local_repositories: false,
        })
        .unwrap();
        let id = Uuid::now_v7().simple().to_string();
        let stack = StackName::parse(&format!("t-{}", &id[12..])).unwrap();
        let world = Self { docker, workshop, home, stack };
        let outcome = AssertUnwindSafe(test(&world)).catch_unwind().await;
        world.take_down().await;
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
    }

    async fn images(&self) -> Vec<String> {
        let label = format!("{STACK_LABEL}={}", self.stack);
        let filters = [("label".to_owned(), vec![label])].into_iter().collect();
        let options = ListImagesOptionsBuilder::new().filters(&filters).build();
        let images = self.docker.list_images(Some(options)).await.unwrap();
        images.into_iter().map(|image| image.id).collect()
    }

    async fn take_down(&self) {
        let force = RemoveImageOptionsBuilder::new().force(true).build();
        let mut doomed = self.images().await;
        doomed.push(self.base());
        for image in doomed {
            // The base is there in some tests only.
            drop(self.docker.remove_image(&image, Some(force.clone()), None).await);
        }
        assert_eq!(self.images().await, Vec::<String>::new());
    }

    fn base(&self) -> String {
        format!("berth-test/{}:base", self.stack)
    }

    /// Imports an image with a shell in it.
    async fn import_base(&self) {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        let busybox = std::fs::read("/bin/busybox").unwrap();
        header.set_mode(0o755);
        header.set_size(busybox.len() as u64);
        tar.append_data(&mut header, "bin/busybox", busybox.as_slice()).unwrap();
        for name in ["sh", "cat", "echo", "seq", "sleep"] {
            let mut link = tar::Header::new_gnu();
            link.set_entry_type(tar::EntryType::Symlink);
            link.set_size(0);
            tar.append_link(&mut link, format!("bin/{name}"), "/bin/busybox").unwrap();
        }
        let body = bollard::body_full(tar.into_inner().unwrap().into());
        let (repository, tag) =
            self.base().split_once(':').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let options =
            CreateImageOptionsBuilder::new().from_src("-").repo(&repository).tag(&tag).build();
        let mut answers = self.docker.create_image(Some(options), Some(body), None);
        while let Some(answer) = answers.next().await {
            answer.unwrap();
        }
    }

    fn checkout(&self, files: &[(&str, &str)]) -> Checkout {
        let path = self.home.path().join(Uuid::now_v7().to_string());
        for (name, text) in files {
            let file = path.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        Checkout { path }
    }

    fn request(&self) -> BuildRequest {
        BuildRequest {
            stack: self.stack.clone(),
            service: "web".to_owned(),
            context: BuildContext::Folder("web".to_owned()),
            dockerfile: "Dockerfile".to_owned(),
            args: BTreeMap::new(),
            target: None,
            labels: BTreeMap::new(),
        }
    }

    /// A workshop for which `https://git.test/` is a folder of the test's own: the
    /// same git, told by its own setting where to look.
    fn workshop_with_remotes(&self) -> Workshop {
        let program = self.home.path().join("git");
        let remotes = self.home.path().join("remotes");
        let script = format!(
            "#!/bin/sh\nexec git -c url.file://{}/.insteadOf=https://git.test/ \"$@\"\n",
            remotes.display()
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Workshop::new(Settings {
            data_dir: self.home.path().join("remote-data"),
            docker_host: docker_host(),
            instance: Uuid::now_v7().to_string(),
            git: program,
            local_repositories: true,
        })
        .unwrap()
    }

    /// A commit in the repository `https://git.test/<name>.git`.
    async fn commit_remote(&self, name: &str, files: &[(&str, &str)]) {
        let repository = self.home.path().join("remotes").join(format!("{name}.git"));
        for (name, text) in files {
            let file = repository.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        for args in [
            &["init", "--quiet", "--initial-branch=main", "."][..],
            &["add", "--all"],
            &["-c", "user.name=M", "-c", "user.email=m@git.test", "commit", "--quiet", "-m", "x"],
        ] {
            let git = Command::new("git").current_dir(&repository).args(args).status().await;
            assert!(git.unwrap().success(), "{args:?}");
        }
    }

    async fn build(
        &self,
        checkout: &Checkout,
        request: &BuildRequest,
    ) -> (Result<Image, BuildError>, String) {
        let lines = Arc::new(Lines::default());
        let log: Arc<dyn BuildLog> = Arc::clone(&lines) as _;
        let built = self.workshop.build(checkout, request, log).await;
        (built, lines.text())
    }
}

#[tokio::test]
async fn an_image_is_built_from_a_folder_of_another_repository() {
    World::scope(async |world| {
        let dockerfile = ("deploy/Dockerfile", "FROM scratch\nCOPY page /page\n");
        world.commit_remote("shop", &[dockerfile, ("deploy/page", "1"), ("other", "x")]).await;
        let workshop = world.workshop_with_remotes();
        let context = RemoteContext::parse("https://git.test/shop.git#main:deploy").unwrap();
        let request =
            BuildRequest { context: BuildContext::Repository(context), ..world.request() };
        let nothing = world.checkout(&[("compose.yaml", "")]);
        let build = async || {
            let lines = Arc::new(Lines::default());
            let log: Arc<dyn BuildLog> = Arc::clone(&lines) as _;
            (workshop.build(&nothing, &request, log).await.unwrap(), lines.text())
        };

        let (first, log) = build().await;
        assert!(!first.reused && log.contains("COPY page /page"), "{log}");
        assert!(log.contains("the context is https://git.test/shop.git#main:deploy at"), "{log}");
        // What is beside the folder is no part of it.
        world.commit_remote("shop", &[("other", "y")]).await;
        assert_eq!(build().await.0, Image { reused: true, ..first.clone() });
        // The branch is looked up each time.
        world.commit_remote("shop", &[("deploy/page", "2")]).await;
        assert_ne!(build().await.0.tag, first.tag);
    })
    .await;
}

#[tokio::test]
async fn an_image_is_built_from_nothing_and_then_found_again() {
    World::scope(async |world| {
        let files = [("web/Dockerfile", "FROM scratch\nCOPY page /page\n"), ("web/page", "1")];
        let checkout = world.checkout(&files);
        // What it will be called is known before.
        let unbuilt = world.workshop.look(&checkout, &world.request()).await.unwrap();
        assert_eq!((unbuilt.digest.as_str(), unbuilt.reused), ("", false));
        assert_eq!(world.images().await.len(), 0);
        let (built, log) = world.build(&checkout, &world.request()).await;
        let built = built.unwrap();
        assert_eq!(built.tag, unbuilt.tag);
        let there = world.workshop.look(&checkout, &world.request()).await.unwrap();
        assert_eq!(there, Image { reused: true, ..built.clone() });
        assert!(!built.reused, "{built:?}");
        assert!(built.tag.starts_with(&format!("berth/{}-web:", world.stack)), "{built:?}");
        assert!(built.digest.starts_with("sha256:"), "{built:?}");
        assert!(log.contains("COPY page /page") && log.contains("DONE"), "{log}");

        let labels = world.docker.inspect_image(&built.tag).await.unwrap();
        let labels = labels.config.unwrap().labels.unwrap();
        assert_eq!(labels.get(STACK_LABEL).map(String::as_str), Some(world.stack.as_str()));
        assert!(labels.contains_key("berth.instance"), "{labels:?}");

        // The same files at another place: the same image, and nothing is built.
        let (again, log) = world.build(&world.checkout(&files), &world.request()).await;
        assert_eq!(again.unwrap(), Image { reused: true, ..built.clone() }, "{log}");

        let changed = world.checkout(&[files[0], ("web/page", "2")]);
        let (other, _) = world.build(&changed, &world.request()).await;
        assert_ne!(other.unwrap().tag, built.tag);
        assert_eq!(world.images().await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn steps_run_with_arguments_up_to_the_target() {
    World::scope(async |world| {
        world.import_base().await;
        let dockerfile = format!(
            "FROM {} AS first\nARG COMMIT\nRUN echo built-from-$COMMIT && cat kept\n\
             FROM first AS second\nRUN echo never\n",
            world.base()
        )
        .replace("RUN echo built", "COPY . /\nRUN echo built");
        let checkout = world.checkout(&[
            ("web/Dockerfile", dockerfile.as_str()),
            ("web/.dockerignore", "secret\n"),
            ("web/kept", "kept-content\n"),
            ("web/secret", "left-behind\n"),
        ]);
        let mut request = world.request();
        request.args.insert("COMMIT".to_owned(), "4b825dc".to_owned());
        request.target = Some("first".to_owned());
        let (built, log) = world.build(&checkout, &request).await;
        assert!(built.is_ok(), "{built:?}\n{log}");
        assert!(log.contains("built-from-4b825dc") && log.contains("kept-content"), "{log}");
        assert!(!log.contains("never"), "{log}");

        let peek = dockerfile.replace("&& cat kept", "&& cat secret");
        std::fs::write(checkout.path.join("web/Dockerfile"), peek).unwrap();
        let (refused, log) = world.build(&checkout, &request).await;
        assert!(matches!(refused, Err(BuildError::Failed { .. })), "{refused:?}\n{log}");
        assert!(!log.contains("left-behind"), "{log}");
    })
    .await;
}

#[tokio::test]
async fn a_dockerfile_that_fails_shows_its_last_lines() {
    World::scope(async |world| {
        world.import_base().await;
        let dockerfile = format!(
            "FROM {}\nRUN seq 1 50 && echo the-compiler-says-no >&2 && exit 3\n",
            world.base()
        );
        let checkout = world.checkout(&[("web/Dockerfile", dockerfile.as_str())]);
        let (failed, log) = world.build(&checkout, &world.request()).await;
        let Err(BuildError::Failed { service, message }) = failed else {
            panic!("{failed:?}\n{log}")
        };
        assert_eq!(service, "web");
        for part in ["RUN seq 1 50", "\n50\n", "the-compiler-says-no", "exit code: 3"] {
            assert!(message.contains(part), "{part:?} is not in {message:?}");
        }
        assert!(!message.contains("\n10\n"), "only the last lines: {message:?}");
        assert!(log.contains("the-compiler-says-no"), "{log}");

        for (dockerfile, word) in
            [("FROM scratch\nCOPY missing /\n", "missing"), ("FROMM scratch\n", "FROMM")]
        {
            let checkout = world.checkout(&[("web/Dockerfile", dockerfile)]);
            let (failed, log) = world.build(&checkout, &world.request()).await;
            let Err(BuildError::Failed { message, .. }) = failed else {
                panic!("{failed:?}\n{log}")
            };
            assert!(message.contains(word), "{message}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_leads_out_of_the_checkout_is_refused() {
    World::scope(async |world| {
        let checkout = world.checkout(&[("web/Dockerfile", "FROM scratch\n")]);
        std::os::unix::fs::symlink("/etc", checkout.path.join("etc")).unwrap();
        for context in ["../..", "/etc", "etc"] {
            let request = BuildRequest {
                context: BuildContext::Folder(context.to_owned()),
                ..world.request()
            };
            let (refused, log) = world.build(&checkout, &request).await;
            let Err(BuildError::Failed { message, .. }) = refused else { panic!("{refused:?}") };
            assert!(message.contains("leads outside"), "{message}");
            assert_eq!(log, "");
        }
        assert_eq!(world.images().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_build_that_nobody_waits_for_stops() {
    World::scope(async |world| {
        world.import_base().await;
        // A step of its own, so that no cache of another run ends it at once.
        let mark = Uuid::now_v7();
        let dockerfile = format!("FROM {}\nRUN echo {mark} && sleep 600\n", world.base());
        let checkout = world.checkout(&[("web/Dockerfile", dockerfile.as_str())]);
        let lines = Arc::new(Lines::default());
        let log: Arc<dyn BuildLog> = Arc::clone(&lines) as _;
        let request = world.request();
        let begun = async {
            eventually("the step runs", async || {
                lines.text().contains(&format!(" {mark}\n"))
                    || lines.text().ends_with(&mark.to_string())
            })
            .await;
        };
        tokio::select! {
            built = world.workshop.build(&checkout, &request, log) => panic!("{built:?}"),
            () = begun => {}
        }
        let mark = mark.to_string();
        eventually("the step is gone", async || !runs(&mark)).await;
    })
    .await;
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_worth_another_try() {
    let home = tempfile::tempdir().unwrap();
    let settings = |docker_host: &str| Settings {
        data_dir: home.path().join("data"),
        docker_host: docker_host.to_owned(),
        instance: "test".to_owned(),
        git: "git".into(),
        local_repositories: false,
    };
    let checkout = Checkout { path: home.path().join("files") };
    std::fs::create_dir_all(checkout.path.join("web")).unwrap();
    std::fs::write(checkout.path.join("web/Dockerfile"), "FROM scratch\n").unwrap();
    let request = BuildRequest {
        stack: StackName::parse("none").unwrap(),
        service: "web".to_owned(),
        context: BuildContext::Folder("web".to_owned()),
        dockerfile: String::new(),
        args: BTreeMap::new(),
        target: None,
        labels: BTreeMap::new(),
    };
    for host in ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1"] {
        let workshop = Workshop::new(settings(host)).unwrap();
        let log: Arc<dyn BuildLog> = Arc::new(Lines::default());
        let err = workshop.build(&checkout, &request, log).await.unwrap_err();
        assert!(matches!(err, BuildError::Unavailable { what: "Docker", .. }), "{err:?}");
    }
    for host in ["ssh://somewhere", "docker.sock", ""] {
        assert!(Workshop::new(settings(host)).is_err(), "{host}");
    }
}

/// Whether a process on this machine has `mark` on its command line.
fn runs(mark: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        std::fs::read(entry.path().join("cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(mark))
    })
}

/// Asks until the answer is yes. The bound is there for a bug, not for a slow
/// machine.
async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !check().await {
        assert!(Instant::now() < deadline, "gave up waiting until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
