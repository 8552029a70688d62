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

/// How a cost grows with a size: the slope of the least-squares line through the
/// logarithms of `(size, cost)`. 1 is linear.
pub(crate) fn exponent(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(size, cost)| (size.ln(), cost.ln())).collect();
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let (sum, many) = values.fold((0.0, 0.0), |(sum, many), value| (sum + value, many + 1.0));
        sum / many
    };
    let (x, y) = (mean(&mut logs.iter().map(|it| it.0)), mean(&mut logs.iter().map(|it| it.1)));
    let rise: f64 = logs.iter().map(|it| (it.0 - x) * (it.1 - y)).sum();
    let run: f64 = logs.iter().map(|it| (it.0 - x).powi(2)).sum();
    rise / run
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_four_times_as_much_for_twice_the_size_grows_with_the_square() {
        let square = exponent(&[(100.0, 10.0), (200.0, 40.0), (400.0, 160.0)]);
        assert!((square - 2.0).abs() < 1e-9, "{square}");
        let line = exponent(&[(100.0, 3.0), (1_000.0, 30.0), (5_000.0, 150.0)]);
        assert!((line - 1.0).abs() < 1e-9, "{line}");
    }

    #[test]
    fn a_quantile_is_a_value_that_was_there() {
        let values = [5.0, 1.0, 3.0, 2.0, 4.0];
        assert!((median(&values) - 3.0).abs() < 1e-9);
        assert!((quantile(&values, 0.99) - 5.0).abs() < 1e-9);
        assert_eq!(spread(&values), "1.000 … 5.000");
    }
}
