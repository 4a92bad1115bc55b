//! An event that comes back from an inbox.

use std::{fmt, sync::Arc, time::SystemTime};

use bytes::Bytes;

use super::JobId;
use crate::{Delivery, Fingerprint, Rejection, Vendor, Verified};

/// An event as an inbox kept it: what [`Delivery::trust_stored`] makes a delivery of.
#[derive(Clone)]
pub struct StoredEvent {
    /// The body, byte for byte.
    pub body: Bytes,
    /// The tenant.
    pub tenant: Option<Arc<str>>,
    /// Which secret had matched.
    pub secret_index: usize,
    /// The fingerprint.
    pub fingerprint: Fingerprint,
    /// The request's `traceparent`.
    pub trace_parent: Option<Box<str>>,
    /// When the request was received.
    pub received_at: SystemTime,
}

impl fmt::Debug for StoredEvent {
    /// Never shows the body, which is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredEvent")
            .field("tenant", &self.tenant)
            .field("received_at", &self.received_at)
            .finish_non_exhaustive()
    }
}

/// A run of a worker's handler, as the delivery knows it.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(super) job: Option<JobId>,
    pub(super) attempt: u32,
    pub(super) received_at: SystemTime,
    pub(super) trace_parent: Option<Box<str>>,
}

impl<V: Vendor> Delivery<V> {
    /// Makes a delivery of what an inbox kept, **without a signature to check**: for inboxes and the
    /// consumers of a broker, whose storage only this application writes.
    ///
    /// This and [`trust_fetched`](super::InboxIntake::trust_fetched) are the ways to a delivery that verify
    /// nothing. `attempt` is the number of the run, from
    /// 1, as the storage or the broker counts them.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] of kind [`NotAnEvent`](crate::RejectionKind::NotAnEvent).
    pub fn trust_stored(stored: StoredEvent, attempt: u32) -> Result<Self, Rejection> {
        Self::of_job(stored, None, attempt)
    }

    pub(super) fn of_job(
        stored: StoredEvent,
        job: Option<JobId>,
        attempt: u32,
    ) -> Result<Self, Rejection> {
        let work = Work {
            job,
            attempt,
            received_at: stored.received_at,
            trace_parent: stored.trace_parent,
        };
        let body = Verified::trust_stored(
            stored.body,
            stored.secret_index,
            stored.tenant,
            stored.fingerprint,
        );
        Ok(Self::read(body)?.with_work(work))
    }

    /// Which run of the handler this is for this event, from 1, as the inbox counts them; 1 inside a
    /// layer, which does not count.
    pub fn attempt(&self) -> u32 {
        self.work().map_or(1, |work| work.attempt)
    }

    /// When the request was received; `None` inside a layer, where that is now.
    pub fn received_at(&self) -> Option<SystemTime> {
        self.work().map(|work| work.received_at)
    }

    /// The request's `traceparent` header, from an inbox. It is not signed: link to it, and do not
    /// continue it.
    pub fn trace_parent(&self) -> Option<&str> {
        self.work()?.trace_parent.as_deref()
    }

    /// The job that a worker runs for this event, for an inbox that completes it in a transaction of
    /// the application.
    pub fn job(&self) -> Option<JobId> {
        self.work()?.job
    }
}
