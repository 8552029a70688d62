//! What a look at every stack costs where there is nothing to do: CPU time
//! against a cluster in memory and a real Postgres, and calls against a real
//! Swarm.

use serde_json::{Map, Value};

use crate::figures::{exponent, figure, median, rss_mib, spread, thread_cpu_ms};

mod lists;
mod stacks;

use self::stacks::Fleet;

/// How many stacks there are; each has five services.
const SIZES: [usize; 3] = [100, 1_000, LARGEST];

/// The size that memory is measured at.
const LARGEST: usize = 5_000;

/// The size that the goal is about.
const GOAL: usize = 1_000;

/// Passes that count at each size, after one that does not.
const PASSES: usize = 15;

/// Measures, and counts.
pub(crate) fn run() -> anyhow::Result<Map<String, Value>> {
    // One thread, so that its CPU time is all that a pass takes: the planner's,
    // the database driver's, and the cluster's in memory.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure())
}

async fn measure() -> anyhow::Result<Map<String, Value>> {
    let mut fleet = Fleet::new().await?;
    let resident = || rss_mib(std::process::id());
    println!("  {:.0} MiB resident with no stack", resident()?);
    let mut points = Vec::new();
    let mut goal = f64::NAN;
    for size in SIZES {
        fleet.fill(size).await?;
        let filled = resident()?;
        fleet.settle().await?;
        println!(
            "  {size} stacks: {filled:.0} MiB resident with them in the cluster, {:.0} MiB after the first looks",
            resident()?
        );
        let cold = pass(&mut fleet).await?;
        let mut times = Vec::with_capacity(PASSES);
        for _ in 0..PASSES {
            times.push(pass(&mut fleet).await?);
        }
        println!(
            "  {size} stacks: {:.1} ms CPU a pass ({}); the first took {cold:.1} ms",
            median(&times),
            spread(&times)
        );
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        points.push((size as f64, median(&times)));
        if size == GOAL {
            goal = median(&times);
        }
    }
    // Of this whole process, the cluster in memory included: with a real one, what
    // was read of that is in its place during a look. Nothing is given back before,
    // so it is the most that there ever was, but for what was free then.
    let rss = resident()?;
    println!("  {rss:.0} MiB resident with {LARGEST} stacks, the cluster in memory included");
    fleet.remove().await?;
    let exponent = exponent(&points);
    println!("  cost grows with the number of stacks to the power of {exponent:.2}");
    let list_calls = lists::count().await?;
    println!("  {list_calls} list calls for a resync of 1 stack and of 4, on the real Swarm");
    Ok(Map::from_iter([
        ("cpu_ms_1000".to_owned(), figure(goal)),
        ("exponent".to_owned(), figure(exponent)),
        ("list_calls".to_owned(), Value::from(list_calls)),
        ("rss_mib_5000".to_owned(), figure(rss)),
    ]))
}

/// One pass; its CPU time in milliseconds.
async fn pass(fleet: &mut Fleet) -> anyhow::Result<f64> {
    let before = thread_cpu_ms()?;
    fleet.look().await?;
    Ok(thread_cpu_ms()? - before)
}
