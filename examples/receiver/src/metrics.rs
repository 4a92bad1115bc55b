//! Counters, in Prometheus's text format.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
};

use smile_core::{Observer, Report, TracingObserver};

/// Deliveries by vendor and outcome; a refusal's outcome is its kind.
#[derive(Clone, Default)]
pub(crate) struct Metrics(Arc<Mutex<BTreeMap<(&'static str, &'static str), u64>>>);

impl Metrics {
    /// The text of `/metrics`.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::from(
            "# HELP smile_webhook_deliveries_total Deliveries, by vendor and outcome.\n\
             # TYPE smile_webhook_deliveries_total counter\n",
        );
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((vendor, outcome), count) in counts.iter() {
            let _ = writeln!(
                text,
                "smile_webhook_deliveries_total{{vendor=\"{vendor}\",outcome=\"{outcome}\"}} {count}"
            );
        }
        text
    }
}

impl Observer for Metrics {
    fn observe(&self, report: &Report<'_>) {
        let refused = report.rejection.map(|rejection| rejection.kind().label());
        let outcome = refused.unwrap_or(report.outcome.label());
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((report.vendor, outcome)).or_default() += 1;
        drop(counts);
        TracingObserver.observe(report);
    }
}
