//! What is going on when Berth dies: the sample of a small stack, and what is
//! done to it.

use std::collections::BTreeMap;

use berth_github_sim::Commit;

/// What is done, in the order in which one preview goes through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scenario {
    /// A pull request is opened: a stack from nothing.
    FirstDeploy,
    /// A push changes a config and drops a service.
    Update,
    /// A push whose health check never passes.
    FailingUpdate,
    /// An earlier commit is deployed again.
    Redeploy,
    /// Somebody goes back to the release of an earlier commit.
    Rollback,
    /// Somebody has the tasks replaced of what runs.
    Restart,
    /// A push changes what the image is built of.
    Build,
    /// A push to main, whose rule looks at paths.
    Paths,
    /// Titles and names change, and a check is asked for again.
    Follow,
    /// The pull request is closed.
    Close,
    /// As the first, with every webhook lost on the way.
    MissedOpening,
    /// As a close, with every webhook lost on the way.
    MissedClose,
    /// Berth is told to stop, and started again.
    Stop,
}

impl Scenario {
    pub(super) const ALL: [Self; 13] = [
        Self::FirstDeploy,
        Self::Update,
        Self::FailingUpdate,
        Self::Redeploy,
        Self::Rollback,
        Self::Restart,
        Self::Build,
        Self::Paths,
        Self::Follow,
        Self::Close,
        Self::MissedOpening,
        Self::MissedClose,
        Self::Stop,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::FirstDeploy => "first deploy",
            Self::Update => "update",
            Self::FailingUpdate => "failing update",
            Self::Redeploy => "redeploy",
            Self::Rollback => "rollback",
            Self::Restart => "restart",
            Self::Build => "build",
            Self::Paths => "push with paths",
            Self::Follow => "follow",
            Self::Close => "preview close",
            Self::MissedOpening => "missed opening",
            Self::MissedClose => "missed close",
            Self::Stop => "stop",
        }
    }
}

/// What a commit of the sample has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Tells it from the others: what it serves.
    pub(super) round: u32,
    /// What the image is built of.
    pub(super) content: u32,
    /// Whether there is a second service.
    pub(super) helper: bool,
    /// Whether it ever becomes healthy.
    pub(super) healthy: bool,
}

const DOCKERFILE: &str = "\
FROM berth-demo/base:1
COPY www /www
EXPOSE 8080
CMD [\"sh\", \"-c\", \"echo serving; exec httpd -f -p 8080 -h /www\"]
";

const HELPER: &str = "
  helper:
    build: web
    stop_grace_period: 1s
    deploy: { endpoint_mode: dnsrr }
";

impl Sample {
    /// The services that it asks for.
    pub(super) const fn services(self) -> &'static [&'static str] {
        if self.helper { &["web", "helper"] } else { &["web"] }
    }

    /// What it serves.
    pub(super) fn banner(self) -> String {
        format!("round {}.", self.round)
    }

    fn compose(self) -> String {
        let check = if self.healthy { "healthz" } else { "nothing" };
        let helper = if self.helper { HELPER } else { "" };
        // `dnsrr`, for kernels without IPVS.
        format!(
            r#"
services:
  web:
    build: web
    stop_grace_period: 1s
    configs: [{{ source: banner, target: /www/banner.txt }}]
    secrets: [key]
    volumes: ["data:/data"]
    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/{check}"]
      interval: 1s
      timeout: 2s
      retries: 2
    deploy:
      endpoint_mode: dnsrr
      restart_policy: {{ condition: any, delay: 1s }}
      update_config: {{ order: start-first, failure_action: rollback, monitor: 1s }}
    x-berth:
      routes: [{{ port: 8080, check: /healthz }}]
{helper}
volumes:
  data:
configs:
  banner: {{ file: banner.txt }}
secrets:
  key: {{ file: key.txt }}
"#
        )
    }

    /// As a commit.
    pub(super) fn commit(self, message: &str) -> Commit {
        let files = BTreeMap::from([
            ("compose.yaml", self.compose()),
            ("banner.txt", format!("{}\n", self.banner())),
            ("key.txt", "A sample only.\n".to_owned()),
            ("web/Dockerfile", DOCKERFILE.to_owned()),
            ("web/www/healthz", "ok\n".to_owned()),
            ("web/www/content.txt", format!("{}\n", self.content)),
        ]);
        Commit::of(message, files)
    }
}
