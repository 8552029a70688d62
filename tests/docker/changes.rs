//! `berth stack` never surprises: what depends waits, what is the same stays,
//! what can't be changed is replaced with an announcement, and what can't work is
//! told before anything is touched.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::path::Path;

use anyhow::ensure;
use berth_tests::docker::Docker;
use berth_tests::wait::{LONG, until};
use tempfile::TempDir;

use crate::stack::{berth, told};

/// A stack of a test's own, and the folder of its compose file.
struct Direct {
    name: String,
    folder: TempDir,
    docker: Docker,
}

impl Direct {
    /// Runs a test, and takes down what it made however it ends.
    async fn scope(test: impl AsyncFnOnce(&Self) -> anyhow::Result<()>) {
        let id = uuid::Uuid::now_v7().simple().to_string();
        let name = format!("change{}", id.get(24..).unwrap());
        let direct =
            Self { name, folder: tempfile::tempdir().unwrap(), docker: Docker::from_env() };
        let outcome = test(&direct).await;
        let removed = berth(direct.folder.path(), &["rm", &direct.name]).await.unwrap();
        // Swarm leaves the ended containers of jobs behind.
        let label = format!("label=com.docker.stack.namespace={}", direct.name);
        drop(direct.docker.run(&["container", "prune", "--force", "--filter", &label]).await);
        outcome.unwrap();
        assert!(removed.status.success(), "{}", told(&removed));
        until("nothing is left", LONG, async || {
            match direct.docker.leftovers(&direct.name).await {
                Ok(left) if left.is_empty() => Ok(()),
                other => Err(other),
            }
        })
        .await
        .unwrap();
    }

    fn write(&self, compose: &str) -> anyhow::Result<()> {
        Ok(std::fs::write(self.path().join("compose.yaml"), compose)?)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `deploy` or `plan`; its exit code and all that it told.
    async fn run(&self, command: &[&str]) -> anyhow::Result<(i32, String)> {
        let (verb, options) = command.split_first().unwrap();
        let fixed = ["--resolve-image", "never", "-c", "compose.yaml", &self.name];
        let output = berth(self.path(), &[&[*verb], options, &fixed[..]].concat()).await?;
        Ok((output.status.code().unwrap_or(-1), told(&output)))
    }

    async fn deploy(&self, compose: &str) -> anyhow::Result<String> {
        self.write(compose)?;
        let (code, told) = self.run(&["deploy", "--prune"]).await?;
        ensure!(code == 0, "{told}");
        Ok(told)
    }

    /// What Docker says of one of the stack's services.
    async fn service(&self, name: &str, format: &str) -> anyhow::Result<String> {
        let name = format!("{}_{name}", self.name);
        self.docker.run(&["service", "inspect", "--format", format, &name]).await
    }

    /// Every version and id that a write would change, and the tasks.
    async fn state(&self) -> anyhow::Result<String> {
        let label = format!("label=com.docker.stack.namespace={}", self.name);
        let mut all = Vec::new();
        for kind in ["service", "config", "secret", "network"] {
            let ids = self.docker.run(&[kind, "ls", "--quiet", "--filter", &label]).await?;
            for id in ids.lines() {
                let format =
                    if kind == "network" { "{{.ID}}" } else { "{{.ID}} {{.Version.Index}}" };
                all.push(self.docker.run(&[kind, "inspect", "--format", format, id]).await?);
            }
        }
        all.push(self.docker.run(&["stack", "ps", "--quiet", &self.name]).await?);
        Ok(all.join("\n"))
    }
}

/// A service that runs until it is told to end.
const RUNS: &str = r#"
    image: berth-demo/base:1
    command: ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1 & wait; done"]
    stop_grace_period: 1s"#;
const DEPLOY: &str = "endpoint_mode: dnsrr, update_config: {monitor: 1s}";

#[tokio::test]
async fn a_service_is_made_once_what_it_waits_for_is_healthy_or_has_completed() {
    let compose = |migrate: &str| {
        format!(
            r#"
services:
  web:{RUNS}
    depends_on: {{migrate: {{condition: service_completed_successfully}}}}
    deploy: {{{DEPLOY}}}
  migrate:
    image: berth-demo/base:1
    command: ["sh", "-c", "{migrate}"]
    depends_on: {{db: {{condition: service_healthy}}}}
    deploy: {{endpoint_mode: dnsrr}}
  db:
    image: berth-demo/base:1
    command: ["sh", "-c", "sleep 2; touch /tmp/ready; trap 'exit 0' TERM; while true; do sleep 1 & wait; done"]
    stop_grace_period: 1s
    healthcheck: {{test: test -e /tmp/ready, interval: 500ms, retries: 60}}
    deploy: {{{DEPLOY}}}
"#
        )
    };
    Direct::scope(async |direct| {
        // A job that fails is why the deployment fails, and what waits for it is not made.
        direct.write(&compose("echo no-such-table; exit 9"))?;
        let (code, told) = direct.run(&["deploy"]).await?;
        ensure!(code == 1 && told.contains("no-such-table"), "{told}");
        ensure!(told.contains("`migrate`"), "{told}");
        let names = ["stack", "services", &direct.name, "--format", "{{.Name}}"];
        ensure!(!direct.docker.run(&names).await?.contains("_web"), "{told}");

        let told = direct.deploy(&compose("sleep 1; exit 0")).await?;
        ensure!(told.contains("+ service web"), "{told}");
        let created = "{{.CreatedAt.UnixNano}}";
        let mut order = Vec::new();
        for name in ["db", "migrate", "web"] {
            order.push(direct.service(name, created).await?.parse::<i64>()?);
        }
        ensure!(order.is_sorted(), "{order:?}");
        ensure!(order[1] - order[0] > 2_000_000_000, "it did not wait: {order:?}");
        let (code, told) = direct.run(&["plan"]).await?;
        ensure!(code == 0, "{told}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_is_the_same_in_another_order_is_left_alone() {
    let compose = |env: &str, volumes: &str, constraints: &str| {
        format!(
            r#"
services:
  web:{RUNS}
    environment: {env}
    configs: [site]
    secrets: [key]
    volumes: {volumes}
    deploy: {{{DEPLOY}, placement: {{constraints: {constraints}}}}}
configs: {{site: {{content: hello}}}}
secrets: {{key: {{content: hush}}}}
"#
        )
    };
    let (a, b) = ("node.role==manager", "node.platform.os==linux");
    Direct::scope(async |direct| {
        let tmpfs = |one: &str, two: &str| {
            format!("[{{type: tmpfs, target: /{one}}}, {{type: tmpfs, target: /{two}}}]")
        };
        direct
            .deploy(&compose("{A: '1', B: '2'}", &tmpfs("x", "y"), &format!("[{a}, {b}]")))
            .await?;
        let before = direct.state().await?;

        let told =
            direct.deploy(&compose("[B=2, A=1]", &tmpfs("y", "x"), &format!("[{b}, {a}]"))).await?;
        let after = direct.state().await?;
        ensure!(after == before, "{told}\n{before}\n{after}");
        let (code, told) = direct.run(&["plan", "--prune", "--json"]).await?;
        ensure!(code == 0 && told.contains(r#""changes":false"#), "{told}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_changed_config_rolls_who_uses_it_and_goes_once_swarm_can_not_go_back_to_it() {
    let compose = |content: &str| {
        format!(
            r#"
services:
  web:{RUNS}
    configs: [site]
    deploy: {{{DEPLOY}}}
  other:{RUNS}
    deploy: {{{DEPLOY}}}
configs: {{site: {{content: {content}}}}}
"#
        )
    };
    Direct::scope(async |direct| {
        let configs = async || {
            let label = format!("label=com.docker.stack.namespace={}", direct.name);
            let ids = direct.docker.run(&["config", "ls", "--quiet", "--filter", &label]).await?;
            anyhow::Ok(ids.lines().map(str::to_owned).collect::<Vec<_>>())
        };
        let version = "{{.Version.Index}}";
        direct.deploy(&compose("one")).await?;
        let (first, other) = (configs().await?, direct.service("other", version).await?);
        direct.write(&compose("two"))?;
        let (code, told) = direct.run(&["plan", "--prune"]).await?;
        ensure!(code == 2 && told.contains("~ service web"), "{told}");
        ensure!(!told.contains("service other"), "{told}");

        direct.deploy(&compose("two")).await?;
        ensure!(direct.service("other", version).await? == other);
        // Swarm takes the update back, which needs the first config.
        let web = format!("{}_web", direct.name);
        ensure!(configs().await?.len() == 2);
        direct.docker.run(&["service", "rollback", &web]).await?;
        direct.deploy(&compose("two")).await?;
        direct.deploy(&compose("three")).await?;
        direct.deploy(&compose("three")).await?;
        let left = configs().await?;
        ensure!(left.len() == 2 && !left.contains(&first[0]), "{left:?}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_changed_network_is_replaced_and_the_plan_says_so_before() {
    let compose = |network: &str| {
        format!(
            r#"
services:
  web:{RUNS}
    networks: [back]
    deploy: {{{DEPLOY}}}
  apart:{RUNS}
    deploy: {{{DEPLOY}}}
networks: {{back: {network}}}
"#
        )
    };
    Direct::scope(async |direct| {
        direct.deploy(&compose("{}")).await?;
        let apart = direct.service("apart", "{{.Version.Index}}").await?;
        let changed = compose("{internal: true, driver_opts: {com.docker.network.driver.mtu: 1400}}");
        direct.write(&changed)?;
        let (code, told) = direct.run(&["plan"]).await?;
        ensure!(code == 2, "{told}");
        let line = format!(
            "± replace network {}_back: options change from none to com.docker.network.driver.mtu=1400, internal changes from false to true",
            direct.name
        );
        ensure!(told.contains(&line) && told.contains("- service web"), "{told}");

        let told = direct.deploy(&changed).await?;
        ensure!(told.contains(&line) && told.contains("+ service web"), "{told}");
        let network = format!("{}_back", direct.name);
        let internal = ["network", "inspect", "--format", "{{.Internal}}", &network];
        ensure!(direct.docker.run(&internal).await? == "true");
        ensure!(direct.service("apart", "{{.Version.Index}}").await? == apart);
        let (code, told) = direct.run(&["plan", "--prune"]).await?;
        ensure!(code == 0, "{told}");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_can_not_work_is_told_all_at_once_before_anything_is_touched() {
    Direct::scope(async |direct| {
        direct
            .docker
            .run(&[
                "network",
                "create",
                "--driver",
                "overlay",
                "--subnet",
                "10.213.7.0/24",
                &format!("{}-theirs", direct.name),
            ])
            .await?;
        direct.write(
            r"
services:
  web:
    image: berth-demo/base:1
    networks: [gone, mine]
    configs: [gone]
    ports: ['18979:80']
    deploy:
      resources: {reservations: {memory: 900g}}
      placement: {constraints: [node.labels.no-such==1]}
  big:
    image: berth-demo/base:1
    deploy:
      resources: {reservations: {memory: 900g}}
networks:
  gone: {external: true}
  mine: {ipam: {config: [{subnet: 10.213.0.0/16}]}}
configs:
  gone: {external: true}
",
        )?;
        let mut outcomes = Vec::new();
        for verb in ["plan", "deploy"] {
            outcomes.push(direct.run(&[verb]).await?);
        }
        direct.docker.run(&["network", "rm", &format!("{}-theirs", direct.name)]).await?;
        for (code, told) in outcomes {
            ensure!(code == 1, "{told}");
            for place in [
                ":10:19: no node satisfies",
                ":14:19: the service `big` reserves",
                ":16:3: the network `gone`",
                ":17:3: the subnet",
                ":19:3: the config `gone`",
            ] {
                ensure!(told.contains(&format!("compose.yaml{place}")), "{place}: {told}");
            }
        }
        ensure!(direct.docker.leftovers(&direct.name).await?.is_empty());
        Ok(())
    })
    .await;
}
