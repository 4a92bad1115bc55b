//! The observer that makes entries of reports.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use serde::Serialize;
use smile_core::{Delivery, MetricsObserver, Observer, Report, TracingObserver, Vendor};
use tokio::task;

use super::{
    Content, Deliveries,
    capture::{self, Verdict, milliseconds},
};
use crate::log::{now, to_text};

/// What a delivery comes from.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Origin {
    /// A request to a webhook's route.
    Request,
    /// A run of the worker.
    Worker,
}

/// Logs and counts reports, and adds them to the deliveries.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) origin: Origin,
    pub(crate) observers: (TracingObserver, MetricsObserver),
    pub(crate) deliveries: Arc<Deliveries>,
    pub(crate) runs: Runs,
}

/// The worker's runs of this moment. Each has a task of its own, and is reported in it.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<Mutex<HashMap<task::Id, Run>>>);

/// A run of the worker, as its handler knows it.
pub(crate) struct Run {
    body: Bytes,
    typed: Option<String>,
    attempt: u32,
    received_at: Option<SystemTime>,
    start: Instant,
    started_at: Option<String>,
}

impl Run {
    pub(crate) fn begin<V: Vendor>(event: &Delivery<V>, typed: Option<String>) -> Self {
        Self {
            body: event.raw().clone(),
            typed,
            attempt: event.attempt(),
            received_at: event.received_at(),
            start: Instant::now(),
            started_at: now(),
        }
    }
}

impl Runs {
    pub(crate) fn begin(&self, run: Run) {
        if let Some(id) = task::try_id() {
            self.lock().insert(id, run);
        }
    }

    fn take(&self) -> Option<Run> {
        self.lock().remove(&task::try_id()?)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<task::Id, Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Recorder {
    fn observe(&self, report: &Report<'_>) {
        self.observers.observe(report);
        let verdict = Verdict::of(report);
        match self.origin {
            Origin::Request => {
                // The sender has left, and the rest of the request went with it.
                if let Some(verdict) = capture::report(verdict) {
                    let mut entry = verdict.into_entry(report.vendor, Origin::Request);
                    entry.received_at = now();
                    self.deliveries.add(entry);
                }
            }
            Origin::Worker => {
                let mut entry = verdict.into_entry(report.vendor, Origin::Worker);
                if let Some(run) = self.runs.take() {
                    entry.attempt = Some(run.attempt.into());
                    entry.size = u64::try_from(run.body.len()).unwrap_or_default();
                    entry.duration_ms = milliseconds(run.start);
                    entry.received_at = run.received_at.and_then(to_text);
                    entry.started_at = run.started_at;
                    entry.content = Content {
                        headers: Vec::new(),
                        body: Some(run.body),
                        typed: run.typed,
                    };
                }
                self.deliveries.add(entry);
            }
        }
    }
}
