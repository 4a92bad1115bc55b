//! How far one delivery has come.

use std::future::Future;

use tracing::{Instrument, Span, field::Empty, level_filters::LevelFilter};

use super::{Event, Observer, Origin, Outcome, Report, Stage, durations::Stopwatch, report};
use crate::{Delivery, Rejection, Vendor, head::names};

/// The span of one delivery, the times of its stages, and what else its report says.
///
/// Reads the clock at its start, between two stages and for the report.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Where a subscriber wants it.
    pub(crate) span: Option<Span>,
    origin: Origin,
    attempt: u32,
    stopwatch: Stopwatch,
    pub(crate) size: Option<usize>,
    /// The signed timestamp of Smile.io's delivery, or when a worker's event was received.
    pub(crate) sent_at: Option<u64>,
    trace_parent: Option<Box<str>>,
}

/// How a delivery ended, for [`Progress::report`].
#[derive(Clone, Copy)]
pub(crate) struct End<'a> {
    pub(crate) outcome: Outcome,
    pub(crate) rejection: Option<&'a Rejection>,
    pub(crate) status: Option<u16>,
}

impl Progress {
    /// Begins with a request.
    pub(crate) fn of_request(vendor: &'static str) -> Self {
        let span = || {
            tracing::info_span!(
                target: "smile",
                "smile.delivery",
                vendor,
                event = Empty,
                id = Empty,
                tenant = Empty,
                traceparent = Empty,
                outcome = Empty,
                status = Empty,
            )
        };
        Self::begin(span, Origin::Request, 1)
    }

    /// Begins with a run of a worker.
    #[cfg(feature = "inbox")]
    pub(crate) fn of_run(vendor: &'static str, attempt: u32) -> Self {
        let span = || {
            // No parent: the worker's own task is not what caused the event.
            tracing::info_span!(
                target: "smile",
                parent: None,
                "smile.delivery",
                vendor,
                attempt,
                event = Empty,
                id = Empty,
                tenant = Empty,
                traceparent = Empty,
                outcome = Empty,
            )
        };
        Self::begin(span, Origin::Worker, attempt)
    }

    fn begin(span: impl FnOnce() -> Span, origin: Origin, attempt: u32) -> Self {
        // A span that nobody wants costs some 500 instructions with the feature `log` of `tracing`.
        let span = (LevelFilter::current() >= LevelFilter::INFO).then(span);
        let span = span.filter(|span| !span.is_disabled());
        Self {
            span,
            origin,
            attempt,
            stopwatch: Stopwatch::start(),
            size: None,
            sent_at: None,
            trace_parent: None,
        }
    }

    /// Ends the stage and begins the next one.
    pub(crate) fn enter(&mut self, next: Stage) {
        self.stopwatch.enter(next);
    }

    /// Counts the time since the last stage to the next one, which saves a look at the clock where
    /// nothing of note lies between the two.
    pub(crate) fn go_on_to(&mut self, next: Stage) {
        self.stopwatch.go_on_to(next);
    }

    /// Notes the request's `traceparent`.
    pub(crate) fn link(&mut self, trace_parent: Option<Box<str>>) {
        if let (Some(span), Some(text)) = (&self.span, &trace_parent) {
            span.record(names::TRACE_PARENT, &**text);
        }
        self.trace_parent = trace_parent;
    }

    #[cfg(feature = "inbox")]
    pub(crate) fn trace_parent(&self) -> Option<&str> {
        self.trace_parent.as_deref()
    }

    /// Notes the event in the span, once it is verified.
    pub(crate) fn verified<V: Vendor>(&self, delivery: &Delivery<V>) {
        let Some(span) = &self.span else { return };
        span.record("event", delivery.event_name());
        if let Some(id) = V::event_id(delivery.envelope()) {
            span.record("id", id);
        }
        if let Some(tenant) = delivery.tenant() {
            span.record("tenant", tenant);
        }
    }

    /// Reports the end.
    pub(crate) fn report(
        &mut self,
        observer: &dyn Observer,
        vendor: &'static str,
        event: Option<Event<'_>>,
        end: End<'_>,
    ) {
        self.enter(Stage::Other);
        let End {
            outcome,
            rejection,
            status,
        } = end;
        let ended = Report {
            vendor,
            origin: self.origin,
            outcome,
            event,
            rejection,
            status,
            attempt: self.attempt,
            size: self.size,
            stopwatch: &self.stopwatch,
            trace_parent: self.trace_parent.as_deref(),
        };
        if let Some(span) = &self.span {
            span.record("outcome", ended.label());
            if let Some(status) = status {
                span.record("status", status);
            }
        }
        report(observer, &ended);
    }
}

/// Runs a future in a span. Only then it is in a box, so that it costs nothing without one.
pub(crate) async fn in_span<F: Future>(span: Option<Span>, make: impl FnOnce() -> F) -> F::Output {
    match span {
        None => make().await,
        Some(span) => Box::pin(make()).instrument(span).await,
    }
}
