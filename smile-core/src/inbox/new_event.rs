//! An event on its way into an inbox.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use super::DeadReason;
use crate::{EventKey, Fingerprint, Vendor, Verified};

/// A verified event to store: all that an inbox has to keep.
///
/// Only the endpoint makes one, so that nothing unverified is stored; and
/// [`trust_fetched`](super::InboxIntake::trust_fetched), for what the application fetched itself.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewEvent {
    /// The key under which the inbox remembers the event.
    pub key: EventKey,
    /// `smile-api` or `smile-io`.
    pub vendor: &'static str,
    /// The endpoint's [scope](crate::IntakeBuilder::scope).
    pub scope: Box<str>,
    /// The tenant whose secret matched, where tenants are looked up.
    pub tenant: Option<Box<str>>,
    /// The vendor's id of the event, where it gives one.
    pub id: Option<Box<str>>,
    /// The event's name as the vendor wrote it; `None` for a body that is no event.
    pub name: Option<Box<str>>,
    /// Which secret matched, from 0.
    pub secret_index: usize,
    /// Tells two bodies under one id apart.
    pub fingerprint: Fingerprint,
    /// The body, byte for byte as it was received and signed.
    pub body: Bytes,
    /// The request's `traceparent` header, where it is well formed. It is not signed: link to it, and
    /// do not continue it.
    pub trace_parent: Option<Box<str>>,
    /// When the request was received, by this machine's clock.
    pub received_at: SystemTime,
    /// How long the key has to be remembered at least.
    pub retention: Duration,
    /// Why the event belongs to the dead letters, where it does.
    pub dead: Option<DeadReason>,
}

impl NewEvent {
    pub(super) fn new<V: Vendor>(
        key: EventKey,
        scope: &str,
        verified: &Verified<Bytes>,
        received_at: SystemTime,
    ) -> Self {
        Self {
            key,
            vendor: V::NAME,
            scope: scope.into(),
            tenant: verified.tenant().map(Box::from),
            id: None,
            name: None,
            secret_index: verified.secret_index(),
            fingerprint: verified.fingerprint(),
            body: Bytes::clone(verified),
            trace_parent: None,
            received_at,
            retention: V::RETENTION,
            dead: None,
        }
    }

    /// The dead letter that this event is where another body is stored under its key.
    ///
    /// Its key is made of both, so that a repetition of this body is stored once.
    #[must_use]
    pub fn into_id_reuse(self) -> Self {
        let text = format!("{}#{}", self.key, self.fingerprint.to_hex());
        Self {
            key: EventKey::new(&text),
            dead: Some(DeadReason::IdReuse),
            ..self
        }
    }
}

impl fmt::Debug for NewEvent {
    /// Never shows the body, which is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEvent")
            .field("key", &self.key)
            .field("name", &self.name)
            .field("dead", &self.dead)
            .finish_non_exhaustive()
    }
}
