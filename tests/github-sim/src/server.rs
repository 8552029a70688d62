//! The server: what goes where.

use std::ops::Deref;

use anyhow::Context as _;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::description::Description;
use crate::sim::{Settings, Sim};
use crate::{driver, git, hooks, keys, pages, rest, smart_http};

/// More than any push of a test.
const BODY_MAX: usize = 1 << 30;

/// How many violations a failing test lists.
const SHOWN: usize = 20;

/// A running simulator; it ends when this is dropped. See [`Sim`] for what can
/// be done with it.
///
/// # Panics
///
/// Dropping it panics where something did not fit GitHub's description and
/// nobody took the violations: a test must not pass then.
#[derive(Debug)]
pub struct GithubSim {
    sim: Sim,
    /// The server and the deliverer, which end with it.
    tasks: JoinSet<()>,
}

impl GithubSim {
    /// Starts a simulator. It knows the organisation `acme` and the user
    /// `mira`, who owns it.
    ///
    /// # Errors
    ///
    /// Where it can't listen, or there is no git.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        let version = git::command().arg("version").output().await;
        version.context("there is no git to be run")?;
        let listener = TcpListener::bind(settings.listen)
            .await
            .with_context(|| format!("cannot listen at {}", settings.listen))?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let (sim, attempts) = Sim::new(settings, base_url)?;
        let router = Router::new()
            .nest("/_sim", driver::http::router())
            .fallback(answer)
            .with_state(sim.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            if let Err(err) = axum::serve(listener, router).await {
                tracing::error!(%err, "the server ended");
            }
        });
        tasks.spawn(hooks::deliver(sim.clone(), attempts));
        // What takes long is begun before anybody waits for it.
        tasks.spawn_blocking(|| {
            Description::get();
            if let Err(err) = keys::nth(keys::OWN + 1) {
                tracing::error!(%err, "cannot make keys");
            }
        });
        Ok(Self { sim, tasks })
    }

    /// The simulated GitHub itself, for a task of its own.
    #[must_use]
    pub fn sim(&self) -> Sim {
        self.sim.clone()
    }
}

impl Deref for GithubSim {
    type Target = Sim;

    fn deref(&self) -> &Sim {
        &self.sim
    }
}

impl Drop for GithubSim {
    fn drop(&mut self) {
        self.tasks.abort_all();
        let violations = self.sim.violations();
        if violations.is_empty() || std::thread::panicking() {
            return;
        }
        let lines: Vec<String> = violations.iter().take(SHOWN).map(ToString::to_string).collect();
        let count = violations.len();
        panic!("{count} things that GitHub's description does not allow:\n{}", lines.join("\n"));
    }
}

async fn answer(State(sim): State<Sim>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    if let Some(request) = smart_http::parse(&parts.method, path, query) {
        return smart_http::answer(&sim, &request, &parts.headers, body).await;
    }
    // An App has a page and an operation at the same path.
    let accept = parts.headers.get(http::header::ACCEPT).and_then(|it| it.to_str().ok());
    let browser = accept.is_some_and(|it| it.contains("text/html"));
    if rest::is_api(path) && !(browser && path.starts_with("/apps/")) {
        let whole = parts.uri.path_and_query().map_or(path, |it| it.as_str());
        return rest::answer(&sim, &parts.method, whole, &parts.headers, &body).await;
    }
    pages::answer(&sim, &parts.method, path, query, &body).await
}
