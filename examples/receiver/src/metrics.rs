//! The metrics, in Prometheus's text format.

use std::{thread, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use smile_core::MetricsObserver;

use crate::{inbox::Inbox, options::Failure};

/// The process's recorder of metrics, and the observer that writes to it.
#[derive(Clone)]
pub(crate) struct Metrics {
    pub(crate) observer: MetricsObserver,
    recorder: PrometheusHandle,
}

impl Metrics {
    /// Installs the recorder, of which a process has one.
    pub(crate) fn install() -> Result<Self, Failure> {
        let mut builder = PrometheusBuilder::new();
        for (name, buckets) in MetricsObserver::BUCKETS {
            builder = builder.set_buckets_for_metric(Matcher::Full(name.into()), buckets)?;
        }
        let recorder = builder.install_recorder()?;
        let upkeep = recorder.clone();
        // Else the samples would pile up until somebody asks for them.
        thread::Builder::new()
            .name("metrics".into())
            .spawn(move || {
                loop {
                    thread::sleep(Duration::from_secs(5));
                    upkeep.run_upkeep();
                }
            })?;
        let observer = MetricsObserver::new();
        Ok(Self { observer, recorder })
    }

    /// The text of `/metrics`.
    pub(crate) async fn to_text(&self, inbox: Option<&Inbox>) -> String {
        if let Some(inbox) = inbox
            && let Err(err) = inbox.record_metrics().await
        {
            tracing::warn!(target: "smile", %err, "the inbox's metrics are not up to date");
        }
        self.recorder.render()
    }

    pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4";
}
