//! Images, and what their builds wrote.

use std::sync::Arc;
use std::time::Duration;

use berth_compose_templates::Build;
use berth_domain::build::{BuildLog, BuildRequest, Builder, Image};
use berth_domain::chain;
use berth_domain::cluster::Cluster;
use berth_domain::deployment::Step;
use berth_domain::ids::DeploymentId;
use berth_store::Pool;
use berth_store::build_logs::{self, NewLine};
use berth_store::leases::Fence;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{SemaphorePermit, mpsc};
use tokio::time::{Instant, sleep};

use super::{Run, StepError};
use crate::engine::Engine;

/// How long a place is waited for before that is worth telling.
const NOTICED: Duration = Duration::from_secs(2);

/// How long it is waited for before that is written down again: everybody who looks
/// at the stack hears of it.
const TOLD: Duration = Duration::from_secs(30);

/// How long lines are gathered before they are stored together.
const GATHER: Duration = Duration::from_millis(200);

/// Lines that are stored together at most.
const BATCH: usize = 500;

/// Lines that are kept of one deployment's builds.
const LINES: usize = 50_000;

/// Characters that are kept of a line.
const WIDTH: usize = 4_000;

impl<'a, C: Cluster, B: Builder> Run<'a, C, B> {
    pub(super) async fn build(&mut self, step: Step) -> Result<String, StepError> {
        // A file that is wrong fails when it is rendered, which comes next; no
        // image is worth building for it.
        let builds = match self.checked().await {
            Ok(builds) => builds,
            Err(StepError::Failed(_)) => return Ok("nothing was built".to_owned()),
            Err(other) => return Err(other),
        };
        if builds.is_empty() {
            return Ok("nothing to build".to_owned());
        }
        let names: Vec<&str> = builds.iter().map(|build| build.service.as_str()).collect();
        self.say(step, &format!("builds {}", names.join(", "))).await?;
        let images = self.images().await?;
        let lines = images.iter().map(|(service, image)| {
            let how = if image.reused { "unchanged" } else { "built" };
            format!("{service}: {} ({how})", image.tag)
        });
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    /// Every image that the compose file builds, by service. What is there
    /// already is found by what went into it.
    pub(super) async fn images(&mut self) -> Result<Vec<(String, Image)>, StepError> {
        if let Some(images) = &self.images {
            return Ok(images.clone());
        }
        let checkout = self.checkout().await?;
        let builds = self.loaded().await?.builds();
        let (log, lines) = Log::new();
        let engine = self.engine;
        let preview = self.context.environment.preview.is_some();
        // What has nothing to build waits for nobody's builds.
        let mut first = if builds.is_empty() { None } else { Some(self.first_place().await?) };
        let building = async {
            let mut running: FuturesUnordered<_> = builds
                .into_iter()
                .map(|build| {
                    let log: Arc<dyn BuildLog> = Arc::new(log.clone());
                    let request = self.request(build);
                    let checkout = &checkout;
                    let first = first.take();
                    async move {
                        let _place = match first {
                            Some(first) => first,
                            None => place(engine, preview).await,
                        };
                        let image = engine.builder.build(checkout, &request, log).await?;
                        Ok::<_, StepError>((request.service, image))
                    }
                })
                .collect();
            let mut images = Vec::new();
            let mut failed = None;
            while let Some(built) = running.next().await {
                match built {
                    Ok(image) => images.push(image),
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
            }
            // With the builds dropped, the last sender goes, and the writer ends.
            drop(running);
            drop(log);
            failed.map_or(Ok(images), Err)
        };
        let writing = write(&engine.pool, self.fence, self.context.deployment.id, lines);
        let (images, written) = tokio::join!(building, writing);
        written?;
        let mut images = images?;
        images.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.images = Some(images.clone());
        Ok(images)
    }

    /// A place among all builds, for the first of ours. While others have them, that
    /// is told, and is no time of the step's.
    async fn first_place(&mut self) -> Result<Place<'a>, StepError> {
        let engine = self.engine;
        let mut place = Box::pin(place(engine, self.context.environment.preview.is_some()));
        let before = self.said.clone();
        let mut told = false;
        let mut since = Instant::now();
        loop {
            let place = tokio::select! {
                place = &mut place => Some(place),
                () = sleep(if told { TOLD } else { NOTICED }) => None,
            };
            let step = self.context.deployment.phase.step();
            let waited = since.elapsed();
            since += waited;
            match (place, step) {
                (None, Some(step)) => {
                    self.note(step, "waits for a place among the builds", waited).await?;
                    told = true;
                }
                (Some(place), Some(step)) if told => {
                    self.note(step, &before, waited).await?;
                    return Ok(place);
                }
                (Some(place), _) => return Ok(place),
                (None, None) => {}
            }
        }
    }

    pub(super) fn request(&self, build: Build) -> BuildRequest {
        let Build { service, context, dockerfile, args, target, labels } = build;
        let stack = self.stack.name.clone();
        BuildRequest { stack, service, context, dockerfile, args, target, labels }
    }
}

/// A place among the previews' builds, for one of those, and among all.
type Place<'a> = (Option<SemaphorePermit<'a>>, Option<SemaphorePermit<'a>>);

/// Waits for a place. There always are some; without one, build all the same.
async fn place<C, B>(engine: &Engine<C, B>, preview: bool) -> Place<'_> {
    let previews = if preview { engine.preview_builds.acquire().await.ok() } else { None };
    (previews, engine.build_slots.acquire().await.ok())
}

/// Takes lines from builds.
#[derive(Debug, Clone)]
struct Log(mpsc::UnboundedSender<NewLine>);

impl Log {
    fn new() -> (Self, mpsc::UnboundedReceiver<NewLine>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }
}

impl BuildLog for Log {
    fn line(&self, service: &str, line: &str) {
        let line = line.chars().take(WIDTH).collect();
        // Once nobody stores lines any more, none are kept.
        drop(self.0.send(NewLine { service: service.to_owned(), line }));
    }
}

/// Stores lines, many at a time, until there can be no more.
async fn write(
    pool: &Pool,
    fence: Fence,
    deployment: DeploymentId,
    mut lines: mpsc::UnboundedReceiver<NewLine>,
) -> Result<(), StepError> {
    let mut kept = 0;
    let mut batch = Vec::new();
    while lines.recv_many(&mut batch, BATCH).await > 0 {
        sleep(GATHER).await;
        while batch.len() < BATCH
            && let Ok(line) = lines.try_recv()
        {
            batch.push(line);
        }
        if kept < LINES && kept + batch.len() >= LINES {
            batch.truncate(LINES - kept);
            batch.push(NewLine {
                service: String::new(),
                line: "… the rest is left out".to_owned(),
            });
        } else if kept >= LINES {
            batch.clear();
        }
        kept += batch.len();
        match build_logs::append(pool, fence, deployment, &batch).await {
            Ok(()) => {}
            Err(berth_store::Error::Fenced) => return Err(berth_store::Error::Fenced.into()),
            // A log is not worth failing a build for.
            Err(error) => tracing::warn!(
                deployment.id = %deployment,
                "lost {} lines of a build's output: {}",
                batch.len(),
                chain(&error)
            ),
        }
        batch.clear();
    }
    Ok(())
}
