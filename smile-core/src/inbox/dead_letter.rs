//! Events that nobody handles any more.

use std::{fmt, str::FromStr, time::SystemTime};

/// An event that failed for good, or that is no event: kept until somebody replays or deletes it.
#[derive(Clone)]
#[non_exhaustive]
pub struct DeadLetter {
    /// Its number in the inbox.
    pub id: i64,
    /// `smile-api` or `smile-io`.
    pub vendor: String,
    /// The endpoint's scope.
    pub scope: String,
    /// The tenant, where tenants are looked up.
    pub tenant: Option<String>,
    /// The vendor's id of the event, where it gives one.
    pub event_id: Option<String>,
    /// The event's name as the vendor wrote it; `None` for a body that is no event.
    pub name: Option<String>,
    /// Why it is dead.
    pub reason: DeadReason,
    /// The last error, in words; empty where there was none.
    pub error: String,
    /// How many runs were begun.
    pub attempts: u32,
    /// When the request was received.
    pub received_at: SystemTime,
    /// When it died.
    pub died_at: SystemTime,
    /// The body, byte for byte as it was received and signed.
    pub body: Vec<u8>,
}

impl DeadLetter {
    /// Makes one, for an inbox. What is optional is set on the result.
    pub fn new(id: i64, vendor: String, scope: String, reason: DeadReason) -> Self {
        Self {
            id,
            vendor,
            scope,
            tenant: None,
            event_id: None,
            name: None,
            reason,
            error: String::new(),
            attempts: 0,
            received_at: SystemTime::UNIX_EPOCH,
            died_at: SystemTime::UNIX_EPOCH,
            body: Vec::new(),
        }
    }
}

impl fmt::Debug for DeadLetter {
    /// Never shows the body, which is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("id", &self.id)
            .field("event_id", &self.event_id)
            .field("name", &self.name)
            .field("reason", &self.reason)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// Why an event is among the dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeadReason {
    /// The signed body is no event: a replay helps after an update that can read it.
    NotAnEvent,
    /// Another body was stored under the same id.
    IdReuse,
    /// The handler failed, panicked or took too long in every attempt.
    Failed,
    /// The handler returned a [`Permanent`](super::Permanent) error.
    Permanent,
    /// The process ended during the last attempt: the handler may have ended it.
    Crashed,
}

impl DeadReason {
    const ALL: [Self; 5] = [
        Self::NotAnEvent,
        Self::IdReuse,
        Self::Failed,
        Self::Permanent,
        Self::Crashed,
    ];

    /// A stable, short name for databases, metrics and logs, such as `id_reuse`.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotAnEvent => "not_an_event",
            Self::IdReuse => "id_reuse",
            Self::Failed => "failed",
            Self::Permanent => "permanent",
            Self::Crashed => "crashed",
        }
    }
}

impl fmt::Display for DeadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// Reads a [label](DeadReason::label).
impl FromStr for DeadReason {
    type Err = UnknownDeadReason;

    fn from_str(label: &str) -> Result<Self, UnknownDeadReason> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.label() == label)
            .ok_or(UnknownDeadReason)
    }
}

/// The text is the label of no [`DeadReason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownDeadReason;

impl fmt::Display for UnknownDeadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected the label of a reason for a dead letter, such as `failed`")
    }
}

impl std::error::Error for UnknownDeadReason {}
