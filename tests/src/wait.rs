//! Waiting for a state, never for a time.

use std::fmt::Debug;
use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, sleep};

/// Far longer than anything takes: a bound for bugs, not for slow machines.
pub const LONG: Duration = Duration::from_secs(180);

/// Asks until there is an answer, and gives it.
///
/// # Errors
///
/// After `limit`, with the last thing that was seen.
pub async fn until<T, E: Debug>(
    what: &str,
    limit: Duration,
    mut ask: impl AsyncFnMut() -> Result<T, E>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(seen) if Instant::now() > deadline => {
                bail!(
                    "gave up after {} s waiting until {what}; last seen: {seen:?}",
                    limit.as_secs()
                )
            }
            Err(_) => sleep(Duration::from_millis(25)).await,
        }
    }
}
