//! Fail points: lists them, and dies at one where the environment says so.

use std::process::ExitCode;

use anyhow::Context as _;
use berth_domain::fail_point::{self, Point, Side, Target};
use serde_json::json;

/// Where the harness says at which points this process is to die, with commas
/// between them. No setting: nobody who runs Berth wants it.
const VARIABLE: &str = "BERTH_FAIL_POINT";

/// Prints every fail point, an object a line.
pub(crate) fn list() -> ExitCode {
    for point in Point::all() {
        println!("{}", json!({"name": point.as_str(), "kind": point.kind()}));
    }
    ExitCode::SUCCESS
}

/// Arms the points that the environment names, if it names any.
pub(crate) fn arm() -> anyhow::Result<()> {
    let Ok(text) = std::env::var(VARIABLE) else { return Ok(()) };
    let targets: Result<Vec<Target>, _> =
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::parse).collect();
    let targets = targets.with_context(|| format!("{VARIABLE} can't be read"))?;
    tracing::warn!("this Berth dies at {} fail points: it is being tested", targets.len());
    fail_point::arm(targets, die);
    Ok(())
}

/// As a power cut would: nothing is closed, given back or written any more, but
/// for the line that says where.
fn die(point: Point, side: Side) {
    eprintln!("fail point: killed at {point}:{}", side.as_str());
    // A failure leaves a process that lives on, which the harness notices.
    let _alive =
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
}
