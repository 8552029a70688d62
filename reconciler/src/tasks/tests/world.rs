//! A GitHub with a repository and our App on it, and a Berth that knows of it.

use std::time::Duration;

use berth_domain::deployment::Step;
use berth_domain::ids::RepositoryId;
use berth_domain::rule::{EventKind, Rule};
use berth_github_app::manifest::manifest;
use berth_github_sim::{self as sim, Commit, GithubSim, NewPullRequest, NewRepository};
use berth_store::deliveries::{self, NewDelivery};
use berth_store::github_apps::{self, GithubApp, PublicApp};
use berth_store::leases::Fence;
use berth_store::stacks::{self, LiveStack};
use berth_store::{deployments, rules};
use secrecy::SecretString;
use sqlx::PgPool;

use crate::leading::{self, Lead};
use crate::tasks::testing::{FakeGit, deps, lead, now, rule};
use crate::tasks::{Deps, Done, Task, TaskError, inbox::Inbox, reports::Reports};

pub(super) const SHOP: &str = "acme/shop";

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct World {
    pub(super) github: GithubSim,
    pub(super) pool: PgPool,
    pub(super) fence: Fence,
    pub(super) lead: Lead,
    pub(super) deps: Deps<FakeGit>,
    pub(super) inbox: Inbox<FakeGit>,
    pub(super) reports: Reports<FakeGit>,
    pub(super) installation: i64,
}

impl World {
    /// GitHub's webhooks do not arrive: [`feed`](Self::feed) brings them.
    pub(super) async fn new(pool: PgPool) -> Self {
        let settings = sim::Settings { clock: now, ..sim::Settings::default() };
        let github = GithubSim::start(settings).await.unwrap();
        let new = NewRepository::with_files("acme", "shop", [("compose.yaml", "services: {}\n")]);
        github.create_repository(new).await.unwrap();
        // Port 9 is nobody's.
        let sent = github
            .submit_manifest("acme", manifest("http://127.0.0.1:9", "Berth"), "state")
            .unwrap();
        let fence = lead(&pool).await;
        let (lead, leading) = leading::always(fence);
        let deps = Deps { leading, ..deps(&pool, github.base_url()) };
        let secrets = github.app_secrets(&sent.slug).unwrap();
        let app = GithubApp {
            public: PublicApp {
                app_id: secrets.app_id,
                slug: secrets.slug,
                name: "Berth".to_owned(),
                owner_login: "acme".to_owned(),
                html_url: String::new(),
                client_id: secrets.client_id,
            },
            client_secret: SecretString::from(secrets.client_secret),
            webhook_secret: SecretString::from(secrets.webhook_secret.unwrap_or_default()),
            private_key: SecretString::from(secrets.private_key),
        };
        github_apps::put(&pool, &deps.key, &app).await.unwrap();
        let installation = github.install(&sent.slug, "acme", None).unwrap().id;
        Self {
            lead,
            inbox: Inbox::new(deps.clone()),
            reports: Reports::new(deps.clone()),
            github,
            pool,
            fence,
            deps,
            installation,
        }
    }

    /// A world that has heard of its installation, with rules for pushes to main
    /// and for pull requests.
    pub(super) async fn with_rules(pool: PgPool) -> Self {
        let mut world = Self::new(pool).await;
        world.feed().await;
        world.add(rule(EventKind::Push, "production", &["main"])).await;
        world.add(rule(EventKind::PullRequest, "previews", &[])).await;
        world
    }

    pub(super) async fn add(&self, rule: Rule) {
        let repository = RepositoryId(self.github.repository(SHOP).unwrap().id);
        rules::create(&self.pool, &Rule { repository, ..rule }, 1).await.unwrap();
    }

    /// Brings every webhook that GitHub sent, and judges them.
    pub(super) async fn feed(&mut self) {
        tokio::time::timeout(PATIENCE, self.github.settled()).await.unwrap();
        for sent in self.github.deliveries() {
            let body = serde_json::to_vec(&sent.payload).unwrap();
            let new = NewDelivery::now(sent.guid, sent.event, body);
            deliveries::insert(&self.pool, &[new]).await.unwrap();
        }
        self.inbox.activate(self.fence).await.unwrap();
    }

    /// Brings the webhooks that tell of this commit, as if they came only now, and judges them.
    pub(super) async fn bring(&mut self, sha: &str) {
        tokio::time::timeout(PATIENCE, self.github.settled()).await.unwrap();
        let told = |payload: &serde_json::Value| payload["after"] == sha;
        for sent in self.github.deliveries().into_iter().filter(|it| told(&it.payload)) {
            let body = serde_json::to_vec(&sent.payload).unwrap();
            let new = NewDelivery::now(sent.guid, sent.event, body);
            deliveries::insert(&self.pool, &[new]).await.unwrap();
            self.inbox.activate(self.fence).await.unwrap();
        }
    }

    /// What the rules made of the pushes and pull requests at this commit.
    pub(super) async fn reasons(&self, sha: &str) -> Vec<String> {
        sqlx::query_scalar(
            "select d.reason from delivery_decision d join delivery using (delivery_id)
             where convert_from(body, 'utf8')::jsonb ->> 'after' = $1 and matched
             order by received_at, d.position",
        )
        .bind(sha)
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    pub(super) async fn push(&self, branch: &str, text: &str) -> String {
        let commit = Commit::of(text, [("a.txt", text)]);
        self.github.push(SHOP, branch, commit).await.unwrap().after
    }

    pub(super) async fn open(&self, branch: &str) -> i64 {
        let new = NewPullRequest::of("Blue button", branch);
        self.github.open_pull_request(SHOP, new).await.unwrap().number
    }

    /// Sends what is owed, without waiting for more to come.
    pub(super) async fn report(&mut self) -> Done {
        self.try_report().await.unwrap()
    }

    /// Likewise, and gives what keeps it from that.
    pub(super) async fn try_report(&mut self) -> Result<Done, TaskError> {
        sqlx::query("update outbox set due_at = now() where sent_at is null")
            .execute(&self.pool)
            .await
            .unwrap();
        self.reports.activate(self.fence).await
    }

    pub(super) async fn stack(&self, name: &str) -> Option<LiveStack> {
        let all = stacks::live(&self.pool).await.unwrap();
        all.into_iter().find(|stack| stack.name.as_str() == name)
    }

    /// The commit of a stack's newest deployment.
    pub(super) async fn head(&self, name: &str) -> Option<String> {
        let stack = self.stack(name).await?;
        let newest = deployments::newest(&self.pool, stack.id).await.unwrap()?;
        Some(newest.commit.sha)
    }

    pub(super) async fn succeed(&self, name: &str) {
        let id = self.stack(name).await.unwrap().open_deployment.unwrap();
        for step in Step::ALL {
            deployments::advance(&self.pool, self.fence, id, step, "").await.unwrap();
        }
    }

    /// How often GitHub was asked for an operation.
    pub(super) fn asked(&self, operation: &str) -> usize {
        let requests = self.github.requests();
        requests.iter().filter(|it| it.operation.as_deref() == Some(operation)).count()
    }

    pub(super) async fn owed(&self) -> Vec<(String, Option<String>)> {
        sqlx::query_as(
            "select kind, last_error from outbox where sent_at is null order by kind, subject",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }
}
