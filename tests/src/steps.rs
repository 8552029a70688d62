//! Steps that a person watches.

use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

use anyhow::Context as _;

/// Runs a step and says what it is and how long it took.
///
/// # Errors
///
/// The step's own, with its name.
#[expect(clippy::print_stdout, reason = "a person watches")]
pub async fn step<T>(
    what: &str,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let live = std::io::stdout().is_terminal();
    if live {
        print!("  … {what}");
        std::io::stdout().flush()?;
    }
    let start = Instant::now();
    let outcome = work.await;
    let mark = if outcome.is_ok() { "✓" } else { "✗" };
    let back = if live { "\r\x1b[2K" } else { "" };
    println!("{back}  {mark} {what}  {:.1} s", start.elapsed().as_secs_f64());
    outcome.with_context(|| format!("at the step \"{what}\""))
}
