//! The default observer.

use super::{Observer, Outcome, Report};
use crate::RejectionKind;

/// Writes reports as `tracing` events of target `smile`; the default.
///
/// Refusals, failures of the handler, unreadable data and reuse of an id are warnings, duplicates are information,
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
            | Outcome::Unhandled
            | Outcome::DeadLetter => {
                line!(warn, "delivery", outcome = outcome);
            }
            Outcome::Duplicate => line!(info, "delivery", outcome = outcome),
            Outcome::Handled
            | Outcome::Ignored
            | Outcome::Ping
            | Outcome::Rejected
            | Outcome::Stored => {
                line!(debug, "delivery", outcome = outcome);
            }
        }
    }
}
