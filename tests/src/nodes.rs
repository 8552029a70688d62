//! Berth on its own Swarm, of three real engines: what becomes of it, and of what
//! it deploys, when nodes are lost, cut off and come back, and when Berth itself
//! is upgraded.
//!
//! ```text
//! machine    a node: a network namespace with an engine, its power and its cable
//! front      what stands before the nodes, as in front of every site
//! site       the Swarm, deploy/berth.stack.yaml on it, and a person who uses it
//! probe      who asks the stacks all the time
//! trials     what is done to them, and what must be so afterwards
//! left       what stacks leave on nodes, and who removes it there
//! report     the figures
//! ```

mod front;
mod left;
mod machine;
mod probe;
mod report;
mod site;
mod trials;

use std::path::PathBuf;

pub use self::report::Summary;
use self::site::Site;
use crate::steps::step;

/// What is tried.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Only trials whose name contains this.
    pub only: Option<String>,
}

/// What the nodes run: images in a tar, as `docker save` writes it.
#[derive(Debug, Clone)]
pub struct Images {
    /// The tar.
    pub tar: PathBuf,
    /// Berth, and Berth under another name for an upgrade.
    pub berth: [String; 2],
    /// Postgres.
    pub postgres: String,
}

/// Runs the trials in a Swarm of its own in `folder`. What is not as it should be
/// is in the summary.
///
/// # Errors
///
/// Where a run can't begin.
pub async fn run(plan: &Plan, images: Images, folder: PathBuf) -> anyhow::Result<Summary> {
    let mut site = match Box::pin(Site::open(folder.clone(), images)).await {
        Ok(site) => site,
        Err(err) => {
            machine::tidy().await;
            return Err(err.context(format!("see {}", folder.display())));
        }
    };
    let mut summary = Summary::default();
    let begun = step("Deploy two stacks", Box::pin(site.begin())).await;
    let outcome = match begun {
        Ok(()) => Box::pin(trials::all(plan, &mut site, &mut summary)).await,
        Err(err) => Err(err),
    };
    if let Err(err) = outcome {
        summary.problems.push(format!("the run broke off: {err:#}"));
    }
    if let Err(err) = Box::pin(site.close(summary.is_fine())).await {
        summary.problems.push(format!("at the end: {err:#}"));
    }
    if !summary.is_fine() {
        summary.problems.push(format!("logs are kept in {}", folder.display()));
    }
    Ok(summary)
}
