//! How much of what containers write is kept.

use std::time::Duration;

use berth_store::logs::Keep;
use clap::Args;

use super::{duration, memory};

/// How much of what containers write is kept.
#[derive(Debug, Clone, Args)]
pub(crate) struct OutputArgs {
    /// How many lines that its containers wrote are kept of each stack.
    #[arg(long, env = "BERTH_KEEP_LOG_LINES", default_value_t = 1_000_000, value_name = "COUNT")]
    pub(crate) keep_log_lines: u64,

    /// How much of each stack's output is kept, with 300 bytes for what is beside a line's text.
    #[arg(long, env = "BERTH_KEEP_LOG_SIZE", default_value = "256m", value_parser = memory, value_name = "SIZE")]
    pub(crate) keep_log_size: i64,

    /// How long what containers wrote is kept, also of stacks that are gone.
    #[arg(long, env = "BERTH_KEEP_LOGS_FOR", default_value = "14d", value_parser = duration, value_name = "DURATION")]
    pub(crate) keep_logs_for: Duration,

    /// How many lines a second are kept of what each service writes; more are dropped, and counted.
    #[arg(long, env = "BERTH_LOG_RATE", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..), value_name = "COUNT")]
    pub(crate) log_rate: u32,
}

impl OutputArgs {
    /// What is kept.
    pub(crate) fn keep(&self) -> Keep {
        Keep {
            lines: self.keep_log_lines,
            bytes: self.keep_log_size.unsigned_abs(),
            age: self.keep_logs_for,
        }
    }
}
