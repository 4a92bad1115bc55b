//! One verified attempt to hand us one event.

use std::{fmt, sync::Arc};

use bytes::Bytes;

#[cfg(feature = "inbox")]
use crate::inbox::Work;
use crate::{DataError, Fence, Rejection, Vendor, Verified, dispatch::RouteNote};
#[cfg(feature = "intake")]
use crate::{Outcome, dispatch::Route, intake::IntakeId, observe::Progress};

/// A verified event: the exact bytes, what their envelope says, and their data when asked for.
///
/// Cheap to clone. [`read`](Self::read) makes one from bytes whose signature was verified, and an inbox
/// from bytes that were verified before it stored them; an application gets it from its adapter.
pub struct Delivery<V: Vendor> {
    event: Arc<Event<V>>,
    /// Not shared: the claim comes after others may have a clone.
    fence: Option<Fence>,
    /// The intake that verified it.
    #[cfg(feature = "intake")]
    intake: Option<IntakeId>,
    /// From the verification to the hand-over; a clone has none.
    #[cfg(feature = "intake")]
    progress: Option<Box<Progress>>,
    /// The worker's run, for an event out of an inbox.
    #[cfg(feature = "inbox")]
    work: Option<Arc<Work>>,
}

struct Event<V: Vendor> {
    body: Verified<Bytes>,
    envelope: V::Envelope,
    route: RouteNote,
}

impl<V: Vendor> Delivery<V> {
    /// Reads the envelope of verified bytes.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] of kind [`NotAnEvent`](crate::RejectionKind::NotAnEvent).
    pub fn read(body: Verified<Bytes>) -> Result<Self, Rejection> {
        let envelope = V::read_envelope(&body)?;
        Ok(Self {
            event: Arc::new(Event {
                body,
                envelope,
                route: RouteNote::default(),
            }),
            fence: None,
            #[cfg(feature = "intake")]
            intake: None,
            #[cfg(feature = "intake")]
            progress: None,
            #[cfg(feature = "inbox")]
            work: None,
        })
    }

    /// The body, byte for byte as it was received and signed.
    ///
    /// [`raw`](Self::raw)`.clone()` shares the bytes; it does not copy them.
    pub fn raw(&self) -> &Bytes {
        &self.event.body
    }

    /// The body together with the proof that it was verified.
    pub fn verified(&self) -> &Verified<Bytes> {
        &self.event.body
    }

    /// The event's name as the vendor wrote it, known or not.
    pub fn event_name(&self) -> &str {
        V::event_name(&self.event.envelope)
    }

    /// Whether this version knows the event's name.
    pub fn is_known(&self) -> bool {
        V::is_known(&self.event.envelope)
    }

    /// Which of the secrets in rotation matched, from 0 in the order given.
    pub fn secret_index(&self) -> usize {
        self.event.body.secret_index()
    }

    /// The tenant whose secrets matched, where tenants are looked up.
    pub fn tenant(&self) -> Option<&str> {
        self.event.body.tenant()
    }

    /// The number of the claim under which the handler runs, larger for every later claim of the
    /// same event, as far as the store remembers; `None` where events are not deduplicated or the
    /// store gives none.
    ///
    /// A handler that writes it beside its own effect (`.. WHERE last_fence < $fence`) is safe from
    /// an earlier run that lost its lease and comes back late.
    pub fn fence(&self) -> Option<Fence> {
        self.fence
    }

    /// Reads `data` into the view of the event's type, whose strings borrow from this delivery.
    ///
    /// Nothing of `data` is looked at before this call, and every call reads anew: keep the result.
    /// `into_owned` on it makes a copy that lives by itself.
    ///
    /// # Errors
    ///
    /// [`DataError`] names the path of the member that does not have the documented shape, the
    /// place where the JSON ends, or where the view would take more than
    /// [`MAX_DATA_MEMORY`](crate::model::MAX_DATA_MEMORY). The delivery is fine all the same:
    /// [`raw`](Self::raw) has every byte.
    pub fn data(&self) -> Result<V::Data<'_>, DataError> {
        V::read_data(&self.event.envelope, &self.event.body)
    }

    pub(crate) fn owned_data(&self) -> Result<V::Data<'static>, DataError> {
        self.data().map(V::into_owned)
    }

    pub(crate) fn envelope(&self) -> &V::Envelope {
        &self.event.envelope
    }

    /// Which way a table of handlers sent the event.
    pub(crate) fn route(&self) -> &RouteNote {
        &self.event.route
    }

    /// The outcome where the handler succeeded.
    #[cfg(feature = "intake")]
    pub(crate) fn success(&self) -> Outcome {
        match self.event.route.get() {
            Route::Handler => Outcome::Handled,
            Route::NoHandler => Outcome::Ignored,
            Route::Unreadable => Outcome::Unhandled,
        }
    }

    /// Keeps the progress until the hand-over, which takes it: a handler may keep its delivery, and
    /// must not keep the span open.
    #[cfg(feature = "intake")]
    pub(crate) fn with_progress(self, progress: Box<Progress>) -> Self {
        let progress = Some(progress);
        Self { progress, ..self }
    }

    #[cfg(feature = "intake")]
    pub(crate) fn take_progress(&mut self) -> Option<Box<Progress>> {
        self.progress.take()
    }

    /// Drops the body, where nobody else has the delivery. The rest serves a report alone.
    #[cfg(feature = "intake")]
    pub(crate) fn drop_body(&mut self) {
        if let Some(event) = Arc::get_mut(&mut self.event) {
            event.body.drop_bytes();
        }
    }

    /// Notes the intake that verified it.
    #[cfg(feature = "intake")]
    pub(crate) fn verified_by(self, intake: IntakeId) -> Self {
        let intake = Some(intake);
        Self { intake, ..self }
    }

    #[cfg(feature = "intake")]
    pub(crate) fn intake(&self) -> Option<IntakeId> {
        self.intake
    }

    #[cfg(feature = "inbox")]
    pub(crate) fn with_work(self, work: Work) -> Self {
        let work = Some(Arc::new(work));
        Self { work, ..self }
    }

    #[cfg(feature = "inbox")]
    pub(crate) fn work(&self) -> Option<&Work> {
        self.work.as_deref()
    }

    /// Notes the claim under which the handler runs.
    #[cfg(feature = "intake")]
    pub(crate) fn with_fence(self, fence: Option<Fence>) -> Self {
        Self { fence, ..self }
    }
}

impl<V: Vendor> Clone for Delivery<V> {
    fn clone(&self) -> Self {
        Self {
            event: Arc::clone(&self.event),
            fence: self.fence,
            #[cfg(feature = "intake")]
            intake: self.intake,
            #[cfg(feature = "intake")]
            progress: None,
            #[cfg(feature = "inbox")]
            work: self.work.clone(),
        }
    }
}

impl<V: Vendor> fmt::Debug for Delivery<V> {
    /// Shows the envelope; never the data, which is personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("vendor", &V::NAME)
            .field("envelope", &self.event.envelope)
            .field("tenant", &self.tenant())
            .field("secret_index", &self.secret_index())
            .finish_non_exhaustive()
    }
}

/// The verified delivery of a body, for tests of what it says.
#[cfg(test)]
pub(crate) fn signed<V: Vendor>(body: &'static [u8]) -> Delivery<V>
where
    V::Tag: for<'a> TryFrom<&'a [u8]>,
{
    use crate::{KeyRing, Secret, Signature, Verification, head::Post, mac::Mac};

    let mut mac = V::Mac::new(b"secret");
    mac.update(body);
    let tag = V::Tag::try_from(mac.finish().as_ref()).ok().unwrap();
    let head = Post {
        peer: None,
        headers: &[],
    };
    let ring = KeyRing::<V>::new(Secret::new("secret").unwrap());
    let verified = Verification::begin(&ring, Signature::new(&head, tag), body.len())
        .push(Bytes::from_static(body))
        .and_then(Verification::finish)
        .unwrap();
    Delivery::read(verified).unwrap()
}
