//! One report for each request.

use crate::{Delivery, Rejection, RejectionKind, Vendor, catch_panic::catch_panic_now};

/// Receives one report for each request, when its answer is known.
///
/// For metrics and logs. It runs on the request path, so it must not block. If it panics, the panic
/// is logged and the request goes on. A report never holds a secret, a computed signature or any of
/// the body; event ids and names are the vendor's.
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no observer of deliveries",
    label = "`Observer` is not implemented for it",
    note = "implement it for a type of your own: `fn observe(&self, report: &Report<'_>)`"
)]
pub trait Observer: Send + Sync + 'static {
    /// Takes the report of one request.
    fn observe(&self, report: &Report<'_>);
}

/// How one request ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Report<'a> {
    /// `smile-api` or `smile-io`.
    pub vendor: &'static str,
    /// The outcome.
    pub outcome: Outcome,
    /// The verified event; `None` where the request was refused before the verification ended.
    pub event: Option<Event<'a>>,
    /// The refusal; `Some` with [`Outcome::Rejected`] only.
    pub rejection: Option<&'a Rejection>,
    /// The status answered; `None` where the handler failed without an answer.
    pub status: Option<u16>,
}

/// The event of a [`Report`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// Its name as the vendor wrote it. For a metric's label take it only where it is
    /// [`known`](Self::known): a new name is a new time series.
    pub name: &'a str,
    /// Whether this version knows the name.
    pub known: bool,
    /// Its id, where the vendor gives one.
    pub id: Option<&'a str>,
    /// The tenant, where tenants are looked up.
    pub tenant: Option<&'a str>,
    /// Which secret matched, from 0. Once the old one no longer matches, drop it.
    pub secret_index: usize,
}

impl<'a> Event<'a> {
    pub(crate) fn of<V: Vendor>(delivery: &'a Delivery<V>) -> Self {
        Self {
            name: delivery.event_name(),
            known: delivery.is_known(),
            id: V::event_id(delivery.envelope()),
            tenant: delivery.tenant(),
            secret_index: delivery.secret_index(),
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

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The handler answered 2xx. With deduplication the store remembers the event.
    Handled,
    /// The handler answered 2xx after its lease had ended: another delivery may have run it, too.
    HandledLate,
    /// The handler answered something else, or failed; the vendor sends again.
    HandlerFailed,
    /// A test of the endpoint, answered without the handler.
    Ping,
    /// The event was handled before. Answered 200 without the handler.
    Duplicate,
    /// A duplicate by its id, but with another body under the same secret.
    IdReuse,
    /// Stored in the inbox, for a worker to handle.
    Stored,
    /// Stored among the inbox's dead letters: a signed body that is no event, or an event that
    /// failed for good.
    DeadLetter,
    /// Refused, see [`Report::rejection`].
    Rejected,
}

impl Outcome {
    /// A stable, short name for metrics and logs, such as `id_reuse`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::HandledLate => "handled_late",
            Self::HandlerFailed => "handler_failed",
            Self::Ping => "ping",
            Self::Duplicate => "duplicate",
            Self::IdReuse => "id_reuse",
            Self::Stored => "stored",
            Self::DeadLetter => "dead_letter",
            Self::Rejected => "rejected",
        }
    }
}

/// Writes reports as `tracing` events of target `smile`; the default.
///
/// Refusals, failures of the handler and reuse of an id are warnings, duplicates are information,
/// and everything else is for debugging, refusals of a method as well. Each line names the event,
/// its id, the tenant and the secret, as far as they are known: a refusal names the event from the
/// verified signature on. A refusal's `reason` has every cause behind it.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver;

impl Observer for TracingObserver {
    fn observe(&self, report: &Report<'_>) {
        let Report {
            vendor,
            outcome,
            status,
            event: verified,
            ..
        } = *report;
        let outcome = outcome.label();
        let event = verified.map(|event| event.name);
        let id = verified.and_then(|event| event.id);
        let tenant = verified.and_then(|event| event.tenant);
        let secret = verified.map(|event| event.secret_index);
        macro_rules! line {
            ($level:ident, $message:literal $(, $field:ident = $value:expr)*) => {
                tracing::$level!(
                    target: "smile",
                    vendor, $($field = $value,)* event, id, tenant, secret, status, $message
                )
            };
        }
        if let Some(rejection) = report.rejection {
            // As text and not by `Display`, so that formatters quote its spaces.
            let reason = format!("{rejection:#}");
            let kind = rejection.kind().label();
            let (reason, remedy) = (reason.as_str(), rejection.remedy());
            macro_rules! refused {
                ($level:ident) => {
                    line!(
                        $level,
                        "delivery refused",
                        kind = kind,
                        reason = reason,
                        remedy = remedy
                    )
                };
            }
            match rejection.kind() {
                // Any address gets such requests.
                RejectionKind::Method => refused!(debug),
                _ => refused!(warn),
            }
            return;
        }
        match report.outcome {
            Outcome::HandlerFailed
            | Outcome::IdReuse
            | Outcome::HandledLate
            | Outcome::DeadLetter => {
                line!(warn, "delivery", outcome = outcome);
            }
            Outcome::Duplicate => line!(info, "delivery", outcome = outcome),
            Outcome::Handled | Outcome::Ping | Outcome::Rejected | Outcome::Stored => {
                line!(debug, "delivery", outcome = outcome);
            }
        }
    }
}
