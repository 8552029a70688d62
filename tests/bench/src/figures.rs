//! Medians, percentiles, and what a process uses.

use anyhow::Context as _;
use serde_json::Value;

/// The middle of `values`.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value that a share `q` of `values` does not exceed.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index into a list that fits into memory"
)]
pub(crate) fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * q).round() as usize).copied().unwrap_or(f64::NAN)
}

/// `min … max`, for the spread beside a median.
pub(crate) fn spread(values: &[f64]) -> String {
    format!("{:.3} … {:.3}", quantile(values, 0.0), quantile(values, 1.0))
}

/// A figure with three digits after the point.
pub(crate) fn figure(value: f64) -> Value {
    Value::from((value * 1000.0).round() / 1000.0)
}

/// The resident memory of a process, in MiB.
pub(crate) fn rss_mib(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kib / 1024.0)
}

/// The CPU time that this thread has used, in milliseconds.
pub(crate) fn thread_cpu_ms() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = stat.split_whitespace().next().context("no number")?.parse()?;
    Ok(nanoseconds / 1e6)
}
