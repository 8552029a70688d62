//! The demo: a world, and the main job walked through it in front of a person.
//!
//! `cargo xtask demo` provisions and builds, then runs this.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a person watches")]

use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use berth_github_sim::NewPullRequest;
use berth_tests::control::{Control, LEASE};
use berth_tests::git::git;
use berth_tests::steps::step;
use berth_tests::world::{EMAIL, Settings, Visibility, World};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

/// What the command line asks for.
#[derive(Debug, Default)]
struct Args {
    /// Tour, check, summary, end.
    exit: bool,
    /// Start the world only.
    bare: bool,
    /// With `bare`: run this, with the world's addresses in its environment.
    command: Vec<String>,
}

/// What the tour measured, in milliseconds.
#[derive(Debug, Default)]
struct Times {
    push_to_live: u128,
    preview_live: u128,
    preview_gone: u128,
}

const REPOSITORY: &str = "shop";
const PREVIEW: &str = "shop-pr-1";

/// How it went.
#[derive(Debug)]
enum Outcome {
    /// The tour is over and everything was checked.
    Checked(Times),
    /// The person has seen enough.
    Enough,
    /// The command ended, like this.
    Ran(ExitCode),
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = match parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(err) => {
            eprintln!("error: {err:#}");
            return ExitCode::from(2);
        }
    };
    // A short path: a Unix socket's may have 107 characters.
    let folder = std::env::temp_dir().join(format!("berth-demo-{}", std::process::id()));
    let mut world = World::new(Settings {
        name: "berth-demo".to_owned(),
        folder,
        ports: (8080, 8000, 8090),
        env: if args.bare {
            vec![("BERTH_LEASE_TTL".to_owned(), LEASE.to_owned())]
        } else {
            Vec::new()
        },
        docker_host: None,
    });
    let outcome = tokio::select! {
        outcome = run(&mut world, &args) => outcome,
        () = interrupted() => Ok(Outcome::Enough),
    };
    if outcome.is_err()
        && let Ok(berth) = world.berth()
    {
        show_log(&berth.log().unwrap_or_default());
    }
    println!("\nTidying up");
    let ended = step("Remove all that was started", world.end()).await;
    if let (Err(_), Err(err)) = (&outcome, &ended) {
        eprintln!("\nerror: {err:#}");
    }
    match outcome.and_then(|outcome| ended.map(|()| outcome)) {
        Ok(Outcome::Checked(times)) => {
            println!("{}", times.summary());
            ExitCode::SUCCESS
        }
        Ok(Outcome::Enough) => ExitCode::SUCCESS,
        Ok(Outcome::Ran(code)) => code,
        Err(err) => {
            eprintln!("\nerror: {err:#}");
            if args.exit {
                println!("{}", json!({"ok": false, "error": format!("{err:#}")}));
            }
            ExitCode::FAILURE
        }
    }
}

fn show_log(log: &str) {
    let lines: Vec<&str> = log.lines().collect();
    eprintln!("\nBerth's log ends with:");
    for line in lines.iter().skip(lines.len().saturating_sub(40)) {
        eprintln!("  {line}");
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> anyhow::Result<Args> {
    let mut args = Args::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--exit" => args.exit = true,
            "--bare" => args.bare = true,
            "--" => args.command.extend(words.by_ref()),
            other => bail!("{other} is no option; there are --exit, --bare and -- COMMAND"),
        }
    }
    Ok(args)
}

async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => (),
        _ = terminate.recv() => (),
    }
}

async fn run(world: &mut World, args: &Args) -> anyhow::Result<Outcome> {
    println!("\nStarting");
    step(
        "Start a GitHub simulator with acme/shop",
        world.start_github(REPOSITORY, Visibility::Public),
    )
    .await?;
    step("Start Traefik", world.start_traefik()).await?;
    step("Start Berth with a Postgres of its own", world.start_berth()).await?;
    if args.bare {
        return command(world, &args.command).await.map(Outcome::Ran);
    }
    let times = tour(world).await?;
    if args.exit {
        return check(world, times).await.map(Outcome::Checked);
    }
    tell(world)?;
    std::future::pending::<()>().await;
    Ok(Outcome::Enough)
}

/// Account, App, installation, rules, a push, a pull request.
async fn tour(world: &mut World) -> anyhow::Result<Times> {
    println!("\nThe main job");
    step("Make the first account by the one-time link", world.set_up()).await?;
    let slug = step("Create the GitHub App from its manifest", world.create_app()).await?;
    let repository = step("Install it on acme/shop", world.install(&slug, REPOSITORY)).await?;
    step("Add the rules: main, and every pull request", world.add_rules(repository)).await?;

    let clone = world.folder().join("clone");
    let url = world.github()?.repository("acme/shop")?.clone_url;
    step("Clone acme/shop", async {
        git(world.folder(), &["clone", "--quiet", &url, "clone"]).await.map(drop)
    })
    .await?;
    let mut times = Times::default();

    write(&clone, "config/banner.txt", "Fresh fish, delivered by push.\n")?;
    git(&clone, &["commit", "--quiet", "--all", "--allow-empty", "--message", "Open the shop"])
        .await?;
    let sha = git(&clone, &["rev-parse", "HEAD"]).await?;
    let start = Instant::now();
    step("Push to main, until Traefik serves the page of that commit", async {
        git(&clone, &["push", "--quiet", "origin", "HEAD:main"]).await?;
        world.served("shop.localhost", &sha).await
    })
    .await?;
    times.push_to_live = start.elapsed().as_millis();
    step("Wait until the deployment is green", succeeded(world, "shop", &sha)).await?;

    git(&clone, &["switch", "--quiet", "--create", "new-banner"]).await?;
    write(&clone, "config/banner.txt", "Fresh fish, now with chips.\n")?;
    git(&clone, &["commit", "--quiet", "--all", "--message", "Serve chips, too"]).await?;
    git(&clone, &["push", "--quiet", "origin", "HEAD:new-banner"]).await?;
    let sha = git(&clone, &["rev-parse", "HEAD"]).await?;
    let start = Instant::now();
    step("Open a pull request, until its preview is served", async {
        let new = NewPullRequest::of("Serve chips, too", "new-banner");
        world.github()?.open_pull_request("acme/shop", new).await?;
        world.served("pr-1.shop.localhost", &sha).await
    })
    .await?;
    times.preview_live = start.elapsed().as_millis();
    step("Wait until the preview is green", succeeded(world, PREVIEW, &sha)).await?;
    Ok(times)
}

fn write(clone: &std::path::Path, file: &str, text: &str) -> anyhow::Result<()> {
    std::fs::write(clone.join(file), text).with_context(|| format!("failed to write {file}"))
}

async fn succeeded(world: &World, stack: &str, sha: &str) -> anyhow::Result<()> {
    let deployment = world.deployed(stack, sha).await?;
    if deployment["phase"] != "succeeded" {
        bail!("the deployment of {stack} is {}: {}", deployment["phase"], deployment["reason"]);
    }
    Ok(())
}

/// Asks every URL, closes the pull request, and sees the preview gone.
async fn check(world: &mut World, mut times: Times) -> anyhow::Result<Times> {
    println!("\nChecking");
    let router = world.traefik()?.client();
    let fine = async |what: &str, answer: anyhow::Result<berth_tests::http::Answer>| {
        let answer = answer?;
        if !answer.status.is_success() {
            bail!("{what} answers {}: {}", answer.status, answer.text());
        }
        anyhow::Ok(answer)
    };
    let ui = world.berth()?.client();
    step("Ask every URL", async {
        let page = fine("the UI", ui.get("/").await).await?;
        if !page.text().contains("<title>") {
            bail!("the UI is no page: {}", page.text());
        }
        fine("readiness", ui.get("/readyz").await).await?;
        for host in ["shop.localhost", "pr-1.shop.localhost"] {
            fine(host, router.get_host(host, "/").await).await?;
            let api = format!("api.{host}");
            let orders = fine(&api, router.get_host(&api, "/").await).await?.value()?;
            if orders["signature"].as_str().is_none_or(|text| text.len() != 16) {
                bail!("{api} did not sign its answer: {orders}");
            }
        }
        let github = berth_tests::http::Client::new(world.github()?.base_url());
        fine("the simulator", github.get("/acme/shop").await).await.map(drop)
    })
    .await?;
    step("See what GitHub was told", heard(world)).await?;
    let start = Instant::now();
    step("Close the pull request, until nothing of its preview is left", async {
        world.github()?.close_pull_request("acme/shop", 1)?;
        world.gone(PREVIEW).await
    })
    .await?;
    times.preview_gone = start.elapsed().as_millis();
    Ok(times)
}

/// A successful deployment with its URL, a check run and one comment.
async fn heard(world: &World) -> anyhow::Result<()> {
    let github = world.github()?;
    berth_tests::wait::until("GitHub has heard", Duration::from_secs(60), async || {
        let deployments = github.deployments("acme/shop")?;
        let live = deployments
            .iter()
            .filter(|deployment| deployment.state() == "success" && deployment.url().is_some())
            .count();
        let checks = github.check_runs("acme/shop")?;
        let green =
            checks.iter().filter(|run| run.conclusion.as_deref() == Some("success")).count();
        let comments = github.comments("acme/shop")?;
        if live == 2 && green == 2 && comments.len() == 1 {
            Ok(())
        } else {
            bail!("{live} live deployments, {green} green checks, {} comments", comments.len())
        }
    })
    .await
}

fn tell(world: &mut World) -> anyhow::Result<()> {
    let port = world.traefik()?.port;
    let ui = world.berth()?.url();
    let github = world.github()?.base_url().to_owned();
    println!("\nIt runs\n");
    println!("  Berth        {ui}");
    println!("    log in as  {EMAIL}");
    println!("    password   {}", world.password);
    println!("  Production   http://shop.localhost:{port}");
    println!("  Preview      http://pr-1.shop.localhost:{port}");
    println!("  GitHub       {github}/acme/shop (a simulator)");
    println!("\nTry it by hand:\n");
    println!("  git clone {github}/acme/shop.git && cd shop");
    println!("  echo 'Salt and vinegar.' > config/banner.txt");
    println!("  git commit -am 'Add vinegar' && git push");
    println!("\nCtrl-C ends it and removes all that it started.");
    Ok(())
}

/// Runs a command in the bare world, which it may pull the strings of.
async fn command(world: &mut World, words: &[String]) -> anyhow::Result<ExitCode> {
    let (program, rest) = words.split_first().context("nothing to run: -- COMMAND is missing")?;
    let token = world.berth()?.setup_token()?;
    let mut control = Control::listen().await?;
    let mut child = tokio::process::Command::new(program)
        .args(rest)
        .env("BERTH_URL", world.berth()?.url())
        .env("BERTH_SETUP_TOKEN", token)
        .env("BERTH_EMAIL", EMAIL)
        .env("BERTH_PASSWORD", &world.password)
        .env("SIM_URL", world.github()?.base_url())
        .env("ROUTER_URL", format!("http://127.0.0.1:{}", world.traefik()?.port))
        .env("WORLD_CONTROL", control.address()?)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("failed to run {program}"))?;
    let ended = tokio::select! {
        status = child.wait() => Ok(status?),
        served = Box::pin(control.serve(world)) => Err(served.err()),
    };
    control.end().await?;
    match ended {
        Ok(status) if status.success() => Ok(ExitCode::SUCCESS),
        Ok(_) => Ok(ExitCode::FAILURE),
        Err(why) => Err(why.unwrap_or_else(|| anyhow::anyhow!("nobody controls the world"))),
    }
}

impl Times {
    fn summary(&self) -> Value {
        let number = |ms: u128| u64::try_from(ms).unwrap_or(u64::MAX);
        json!({
            "ok": true,
            "push_to_live_ms": number(self.push_to_live),
            "preview_live_ms": number(self.preview_live),
            "preview_gone_ms": number(self.preview_gone),
        })
    }
}
