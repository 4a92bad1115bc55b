//! How a delivery ended.

/// How a request, or a run of a worker, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The handler answered 2xx. With deduplication the store remembers the event.
    Handled,
    /// The handler answered 2xx after its lease had ended: another delivery may have run it, too.
    HandledLate,
    /// A [`Dispatch`](crate::Dispatch) has no handler for the type, and its fallback took the event.
    /// [`Event::known`](super::Event::known) tells whether this version knows the type.
    Ignored,
    /// A [`Dispatch`](crate::Dispatch) has a handler for the type but could not read the data, and
    /// its fallback took the event. The vendor does not send it again.
    Unhandled,
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
    /// Refused, see [`Report::rejection`](super::Report::rejection).
    Rejected,
}

impl Outcome {
    /// A stable, short name for metrics and logs, such as `id_reuse`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::HandledLate => "handled_late",
            Self::Ignored => "ignored",
            Self::Unhandled => "unhandled",
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
