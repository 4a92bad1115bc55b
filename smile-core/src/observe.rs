//! One report for each delivery.

use crate::{Rejection, catch_panic::catch_panic_now};

mod durations;
mod event;
#[cfg(feature = "metrics")]
mod metrics;
mod outcome;
mod progress;
mod tracing_observer;

pub use durations::Durations;
pub(crate) use durations::{Stage, Stopwatch};
pub use event::Event;
pub(crate) use event::unix_seconds;
#[cfg(feature = "metrics")]
pub use metrics::MetricsObserver;
pub use outcome::Outcome;
pub(crate) use progress::{End, Progress, in_span};
pub use tracing_observer::TracingObserver;

/// Receives one report for each request, when its answer is known, and for each run of a worker.
///
/// For metrics and logs. It runs on the request path, so it must not block. If it panics, the panic
/// is logged and the request goes on. A report never holds a secret, a computed signature or any of
/// the body; event ids and names are the vendor's. [`Span::current`](tracing::Span::current) is the
/// delivery's span, `smile.delivery`, where a subscriber wants it.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use smile_core::{Observer, Outcome, Report};
///
/// #[derive(Default)]
/// struct Duplicates(AtomicU64);
///
/// impl Observer for Duplicates {
///     fn observe(&self, report: &Report<'_>) {
///         if report.outcome == Outcome::Duplicate {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
///
/// A pair of observers is one, and so is a triple: each gets every report, also where another
/// panics.
///
/// ```
/// # use smile_core::{Intake, Observer, Report, Secret, SmileApi, TracingObserver};
/// # struct Duplicates;
/// # impl Observer for Duplicates { fn observe(&self, _: &Report<'_>) {} }
/// # let secret = Secret::new("a little secret")?;
/// let intake: Intake<SmileApi> = Intake::smile_api(secret)
///     .observer((TracingObserver, Duplicates))
///     .build();
/// # Ok::<(), smile_core::EmptySecret>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no observer of deliveries",
    label = "`Observer` is not implemented for it",
    note = "implement it for a type of your own: `fn observe(&self, report: &Report<'_>)`"
)]
pub trait Observer: Send + Sync + 'static {
    /// Takes the report of one request.
    fn observe(&self, report: &Report<'_>);
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    fn observe(&self, ended: &Report<'_>) {
        report(&self.0, ended);
        report(&self.1, ended);
    }
}

impl<A: Observer, B: Observer, C: Observer> Observer for (A, B, C) {
    fn observe(&self, ended: &Report<'_>) {
        report(&self.0, ended);
        report(&self.1, ended);
        report(&self.2, ended);
    }
}

/// How one request, or one run of a worker, ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Report<'a> {
    /// `smile-api` or `smile-io`.
    pub vendor: &'static str,
    /// What ended: a request or a run of a worker.
    pub origin: Origin,
    /// The outcome.
    pub outcome: Outcome,
    /// The verified event; `None` where the request was refused before the verification ended.
    pub event: Option<Event<'a>>,
    /// The refusal; `Some` with [`Outcome::Rejected`] only.
    pub rejection: Option<&'a Rejection>,
    /// The status answered; `None` where the handler failed without an answer, and for a worker.
    pub status: Option<u16>,
    /// Which run of the handler it was for this event, from 1, as the inbox counts them; 1 for a
    /// request, since a layer does not count.
    pub attempt: u32,
    /// The bytes of the body that were read; `None` where the head was refused.
    pub size: Option<usize>,
    /// The request's `traceparent` header, where it is well formed and its ids are not all zero. It
    /// is not signed: link to it, and do not continue it. `None` where the head was refused; and
    /// where no subscriber wants the span `smile.delivery`, but for an inbox.
    pub trace_parent: Option<&'a str>,
    stopwatch: &'a Stopwatch,
}

impl Report<'_> {
    /// How long its stages took. Each call computes it anew.
    pub fn durations(&self) -> Durations {
        self.stopwatch.durations()
    }

    /// The [outcome's label](Outcome::label), or for a refusal the
    /// [label of its kind](crate::RejectionKind::label), such as `body_timeout`.
    pub fn label(&self) -> &'static str {
        match self.rejection {
            Some(rejection) => rejection.kind().label(),
            None => self.outcome.label(),
        }
    }
}

/// What a [`Report`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// A request to an endpoint.
    Request,
    /// A run of a worker, for an event out of an inbox.
    Worker,
}

impl Origin {
    /// A stable, short name for metrics and logs: `request` or `worker`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Worker => "worker",
        }
    }
}

/// Reports to an observer, whose panic is logged.
pub(crate) fn report(observer: &dyn Observer, report: &Report<'_>) {
    if let Err(err) = catch_panic_now(|| observer.observe(report)) {
        let vendor = report.vendor;
        tracing::error!(target: "smile", vendor, error = %err, "the observer panicked");
    }
}
