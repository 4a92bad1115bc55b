//! Times of answers, and what they come to.

use std::time::Duration;

#[derive(Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The time that 99 of 100 did not exceed.
    pub(crate) fn p99(&mut self) -> Duration {
        self.0.sort_unstable();
        let at = (self.0.len() * 99 / 100).min(self.0.len().saturating_sub(1));
        self.0.get(at).copied().unwrap_or_default()
    }
}

/// Milliseconds, to a tenth.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// Seconds, to a tenth.
pub(crate) fn secs(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
