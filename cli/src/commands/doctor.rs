//! `berth doctor`: what this machine has and lacks, a line each, with a remedy.

use std::process::ExitCode;
use std::time::Duration;

use berth_store::{PoolSettings, SchemaState};
use berth_swarm::{Endpoint, Reader};
use clap::Args;
use serde_json::json;

use crate::config::{DatabaseArgs, DockerArgs, RouterArgs};

/// Settings of `berth doctor`: those of `berth serve` that it checks.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    database: DatabaseArgs,

    #[command(flatten)]
    docker: DockerArgs,

    #[command(flatten)]
    router: RouterArgs,

    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// How good or bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grade {
    Good,
    /// Works, with something to know.
    Note,
    /// Berth can't work.
    Bad,
}

#[derive(Debug)]
struct Finding {
    grade: Grade,
    what: &'static str,
    detail: String,
}

/// Nothing that is well takes longer to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Checks everything and exits with 1 where something is missing.
pub(crate) async fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let mut findings = docker(&args.docker).await;
    findings.push(database(&args.database).await?);
    findings.push(router(&args.router).await);
    let bad = findings.iter().any(|finding| finding.grade == Grade::Bad);
    if args.json {
        let items: Vec<_> = findings
            .iter()
            .map(|finding| {
                json!({"check": finding.what, "grade": finding.grade.word(), "detail": finding.detail})
            })
            .collect();
        println!("{}", json!({"ok": !bad, "findings": items}));
    } else {
        for finding in &findings {
            println!("{} {:10} {}", finding.grade.mark(), finding.what, finding.detail);
        }
    }
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn docker(args: &DockerArgs) -> Vec<Finding> {
    let bad = |detail: String| vec![Finding { grade: Grade::Bad, what: "docker", detail }];
    let endpoint: Endpoint = match args.docker_host.parse() {
        Ok(endpoint) => endpoint,
        Err(err) => return bad(format!("{err}")),
    };
    let facts = match tokio::time::timeout(PATIENCE, Reader::new(&endpoint).facts()).await {
        Ok(Ok(facts)) => facts,
        Ok(Err(err)) => {
            return bad(format!(
                "no engine at {}: {}. Start Docker, or name another engine with DOCKER_HOST",
                args.docker_host,
                berth_domain::chain(&err)
            ));
        }
        Err(_) => return bad(format!("the engine at {} does not answer", args.docker_host)),
    };
    let engine = &facts.engine;
    let mut findings = vec![Finding {
        grade: Grade::Good,
        what: "docker",
        detail: format!("engine {}, API {}", engine.version, engine.api),
    }];
    let (grade, detail) = if !engine.swarm_active {
        (Grade::Bad, "this engine is in no Swarm; run `docker swarm init`".to_owned())
    } else if !engine.manager {
        (Grade::Bad, "this engine is a worker; name a manager with DOCKER_HOST".to_owned())
    } else if engine.swarm_error.is_empty() {
        (Grade::Good, format!("a manager of {}", nodes(engine.nodes)))
    } else {
        (Grade::Bad, engine.swarm_error.clone())
    };
    findings.push(Finding { grade, what: "swarm", detail });
    findings.push(match facts.ipvs {
        Some(true) => Finding {
            grade: Grade::Good,
            what: "ipvs",
            detail: "the kernel has it: service addresses and the ingress mesh work".to_owned(),
        },
        Some(false) => Finding {
            grade: Grade::Note,
            what: "ipvs",
            detail: "the kernel lacks it: use `endpoint_mode: dnsrr` and `mode: host` ports, or load ip_vs"
                .to_owned(),
        },
        None => Finding {
            grade: Grade::Note,
            what: "ipvs",
            detail: "can't be told from here, the engine is elsewhere".to_owned(),
        },
    });
    if facts.esp == Some(false) && engine.nodes > 1 {
        findings.push(Finding {
            grade: Grade::Note,
            what: "esp",
            detail: "the kernel lacks IPsec's ESP: encrypted networks carry nothing from and to this node; load esp4, or have none"
                .to_owned(),
        });
    }
    findings
}

async fn database(args: &DatabaseArgs) -> anyhow::Result<Finding> {
    let found = |grade, detail| Finding { grade, what: "postgres", detail };
    let Some(url) = args.url()? else {
        return Ok(match crate::private_postgres::programs() {
            Ok(folder) => found(
                Grade::Good,
                format!("none is named; Berth will run its own with {}", folder.display()),
            ),
            Err(err) => found(Grade::Bad, format!("{err:#}")),
        });
    };
    let settings = PoolSettings { max_connections: 1, acquire_timeout: PATIENCE };
    let pool = match berth_store::connect(&url, &settings).await {
        Ok(pool) => pool,
        Err(err) => return Ok(found(Grade::Bad, berth_domain::chain(&err))),
    };
    Ok(match berth_store::check_schema(&pool).await {
        Ok(SchemaState::Current) => found(Grade::Good, "answers, and the schema is current".into()),
        Ok(SchemaState::Behind) => {
            found(Grade::Bad, "the schema is older than this Berth; run `berth migrate`".into())
        }
        Ok(SchemaState::Unknown) => {
            found(Grade::Bad, "the schema is newer than this Berth; use a newer one".into())
        }
        Err(err) => found(Grade::Bad, berth_domain::chain(&err)),
    })
}

async fn router(args: &RouterArgs) -> Finding {
    let address = (
        args.router_url.host_str().unwrap_or("127.0.0.1").to_owned(),
        args.router_url.port_or_known_default().unwrap_or(80),
    );
    let reached = tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(address)).await;
    let (grade, detail) = match reached {
        Ok(Ok(_)) => (Grade::Good, format!("something listens at {}", args.router_url)),
        _ => (
            Grade::Note,
            format!(
                "nothing listens at {}; no deployment with routes can succeed until Traefik does",
                args.router_url
            ),
        ),
    };
    Finding { grade, what: "router", detail }
}

fn nodes(count: u64) -> String {
    if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") }
}

impl Grade {
    const fn mark(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Note => "!",
            Self::Bad => "✗",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Note => "note",
            Self::Bad => "bad",
        }
    }
}
