//! Reports as metrics, through the facade of the crate `metrics`.

use std::{sync::Arc, time::Duration};

use ::metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

use super::{Observer, Origin, Outcome, Report};
use crate::{RejectionKind, SmileApi, SmileIo, Vendor};

mod failed_attempts;
#[cfg(feature = "inbox")]
mod inbox;

use failed_attempts::FailedAttempts;

/// Counts and measures reports through the facade of the crate
/// [`metrics`](https://docs.rs/metrics), in whose recorder they appear: a Prometheus exporter, for
/// example.
///
/// Labels are bounded: vendors, outcomes and kinds of refusals, origins, stages, and names of events
/// that this version knows; every other name is `other`. Nothing of a body, no id and no tenant is
/// in them.
///
/// | Metric | Labels | |
/// |---|---|---|
/// | `smile_webhook_deliveries_total` | `vendor`, `origin`, `outcome` | every report |
/// | `smile_webhook_events_total` | `vendor`, `origin`, `outcome`, `event` | reports with a verified event |
/// | `smile_webhook_duration_seconds` | `vendor`, `origin`, `outcome` | histogram: the whole of each |
/// | `smile_webhook_stage_duration_seconds` | `vendor`, `origin`, `stage` | histogram: `body`, `verification`, `claim`, `handler` of verified events |
/// | `smile_webhook_body_bytes` | `vendor` | histogram: bodies of verified events, as they are requested |
/// | `smile_webhook_event_age_seconds` | `vendor`, `origin` | histogram: [`Event::age`](crate::Event::age) at the report |
/// | `smile_webhook_attempts` | `vendor`, `outcome` | histogram: runs that a worker needed until an event was handled or dead |
/// | `smile_webhook_third_failures_total` | `vendor` | events of Smile API that were answered other than 2xx for the third time |
///
/// The label `outcome` is [`Report::label`](crate::Report::label).
///
#[cfg_attr(
    feature = "inbox",
    doc = "
[`record_inbox`](Self::record_inbox) sets the gauges of an inbox:

| Metric | Labels | |
|---|---|---|
| `smile_inbox_waiting_events` | `vendor`, `scope` | events that wait for their first or next run |
| `smile_inbox_running_events` | `vendor`, `scope` | events whose handlers run |
| `smile_inbox_oldest_waiting_seconds` | `vendor`, `scope` | since the oldest waiting event was received; 0 where none waits |
| `smile_inbox_dead_letters` | `vendor`, `scope` | dead letters |
"
)]
/// Install the recorder first, so that it gets the descriptions, with the [buckets](Self::BUCKETS).
/// Clones share the memory of failed attempts; give each endpoint a clone of one.
///
/// ```
/// use smile_core::{Intake, MetricsObserver, Secret, SmileApi, TracingObserver};
///
/// let intake: Intake<SmileApi> = Intake::smile_api(Secret::new("a little secret")?)
///     .observer((TracingObserver, MetricsObserver::new()))
///     .build();
/// # Ok::<(), smile_core::EmptySecret>(())
/// ```
#[derive(Clone, Debug)]
pub struct MetricsObserver {
    failed: Arc<FailedAttempts>,
}

impl MetricsObserver {
    /// Buckets for each histogram, by its name: exporters of Prometheus make summaries without.
    ///
    /// Seconds from 1 ms to an hour, bytes from 256 to 4 MiB, ages from a second to two days.
    pub const BUCKETS: [(&'static str, &'static [f64]); 5] = [
        (DURATION, SECONDS),
        (STAGE_DURATION, SECONDS),
        (
            BODY,
            &[
                256., 1024., 4096., 16384., 65536., 262_144., 1_048_576., 4_194_304.,
            ],
        ),
        (
            AGE,
            &[
                1., 5., 15., 60., 300., 900., 3600., 14400., 43200., 86400., 172_800.,
            ],
        ),
        (ATTEMPTS, &[1., 2., 3., 5., 10., 15., 30.]),
    ];

    /// Describes the metrics to the recorder of the process.
    pub fn new() -> Self {
        describe_counter!(
            DELIVERIES,
            "Requests and runs of workers, by how they ended."
        );
        describe_counter!(EVENTS, "Verified events, by name and by how they ended.");
        describe_counter!(
            THIRD_FAILURES,
            "Events of Smile API answered other than 2xx for the third time."
        );
        let seconds = Unit::Seconds;
        describe_histogram!(DURATION, seconds, "The whole time of a request or a run.");
        describe_histogram!(
            STAGE_DURATION,
            seconds,
            "The time of one stage of a verified event."
        );
        describe_histogram!(AGE, seconds, "The age of an event when it was reported.");
        describe_histogram!(BODY, Unit::Bytes, "The size of a verified body.");
        describe_histogram!(
            ATTEMPTS,
            "Runs of a worker until an event was handled or dead."
        );
        #[cfg(feature = "inbox")]
        inbox::describe();
        begin_at_zero();
        Self {
            failed: Arc::default(),
        }
    }

    /// Sets the gauges of an inbox, for the events of both vendors and this scope.
    ///
    /// Call it when the metrics are asked for, or every few seconds.
    ///
    /// # Errors
    ///
    /// Where the inbox cannot be read; the gauges stay as they were then.
    #[cfg(feature = "inbox")]
    pub async fn record_inbox(
        queue: &impl crate::WorkQueue,
        scope: &str,
    ) -> Result<(), crate::StoreError> {
        for vendor in [SmileApi::NAME, SmileIo::NAME] {
            inbox::record(queue.stats(vendor, scope).await?, vendor, scope);
        }
        Ok(())
    }

    /// Whether this was the third failure of an event that its vendor sends three times.
    fn is_third_failure(&self, report: &Report<'_>) -> bool {
        let id = report.event.and_then(|event| event.id);
        let (SmileApi::NAME, Origin::Request, Some(id)) = (report.vendor, report.origin, id) else {
            return false;
        };
        match report.status {
            Some(200..=299) => {
                self.failed.forget(id);
                false
            }
            _ => self.failed.count(id) == 3,
        }
    }
}

impl Default for MetricsObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for MetricsObserver {
    fn observe(&self, report: &Report<'_>) {
        let (vendor, origin, outcome) = (report.vendor, report.origin.label(), report.label());
        let durations = report.durations();
        counter!(DELIVERIES, "vendor" => vendor, "origin" => origin, "outcome" => outcome)
            .increment(1);
        histogram!(DURATION, "vendor" => vendor, "origin" => origin, "outcome" => outcome)
            .record(durations.whole);
        if self.is_third_failure(report) {
            counter!(THIRD_FAILURES, "vendor" => vendor).increment(1);
        }
        // Strangers can send anything: only what is verified says something about the vendor.
        let Some(event) = report.event else { return };
        counter!(
            EVENTS,
            "vendor" => vendor, "origin" => origin, "outcome" => outcome, "event" => event.label()
        )
        .increment(1);
        let stages: [(&'static str, Option<Duration>); 4] = [
            ("body", durations.body),
            ("verification", durations.verification),
            ("claim", durations.claim),
            ("handler", durations.handler),
        ];
        for (stage, took) in stages {
            if let Some(took) = took {
                histogram!(STAGE_DURATION, "vendor" => vendor, "origin" => origin, "stage" => stage)
                    .record(took);
            }
        }
        if let Some(age) = event.age() {
            histogram!(AGE, "vendor" => vendor, "origin" => origin).record(age);
        }
        match report.origin {
            Origin::Request => {
                if let Some(size) = report.size {
                    histogram!(BODY, "vendor" => vendor).record(number(size));
                }
            }
            Origin::Worker if report.outcome != Outcome::HandlerFailed => {
                histogram!(ATTEMPTS, "vendor" => vendor, "outcome" => outcome)
                    .record(f64::from(report.attempt));
            }
            Origin::Worker => {}
        }
    }
}

/// Shows what alerts look at from the start: Prometheus sees no increase in the first value of a
/// series that was not there before.
fn begin_at_zero() {
    let refusal = RejectionKind::StoreUnavailable.label();
    let origin = Origin::Request.label();
    for vendor in [SmileApi::NAME, SmileIo::NAME] {
        counter!(DELIVERIES, "vendor" => vendor, "origin" => origin, "outcome" => refusal)
            .increment(0);
    }
    counter!(THIRD_FAILURES, "vendor" => SmileApi::NAME).increment(0);
}

/// A count as a metric takes it; exact up to four billion.
pub(crate) fn number(count: impl TryInto<u32>) -> f64 {
    f64::from(count.try_into().unwrap_or(u32::MAX))
}

const DELIVERIES: &str = "smile_webhook_deliveries_total";
const EVENTS: &str = "smile_webhook_events_total";
const THIRD_FAILURES: &str = "smile_webhook_third_failures_total";
const DURATION: &str = "smile_webhook_duration_seconds";
const STAGE_DURATION: &str = "smile_webhook_stage_duration_seconds";
const AGE: &str = "smile_webhook_event_age_seconds";
const BODY: &str = "smile_webhook_body_bytes";
const ATTEMPTS: &str = "smile_webhook_attempts";

const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1., 2.5, 5., 10., 30., 60., 300.,
    3600.,
];
