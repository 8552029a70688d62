//! Three replicas, and how long a leader that was killed is missed: seconds from
//! the SIGKILL until the deployment of the next push gets on.

use berth_tests::chaos::replicas::failover;
use serde_json::{Map, Value};

use crate::figures::{figure, median, spread};

/// Leaders that are killed.
const ROUNDS: usize = 9;

/// Kills them.
pub(crate) fn run() -> anyhow::Result<Map<String, Value>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // A short path: a Unix socket's may have 107 characters.
    let folder = std::env::temp_dir().join(format!("berth-failover-{}", std::process::id()));
    let seconds = runtime.block_on(failover::measure(folder, ROUNDS))?;
    let lease = failover::lease_s();
    println!("  {:.2} s ({}) with a lease of {lease} s", median(&seconds), spread(&seconds));
    Ok(Map::from_iter([
        ("seconds".to_owned(), figure(median(&seconds))),
        ("lease_s".to_owned(), figure(lease)),
    ]))
}
