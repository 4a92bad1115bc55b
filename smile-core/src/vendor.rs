//! The differences between the two senders.

use std::{fmt, time::Duration};

use crate::{DataError, Head, Rejection, mac::Mac, verify::Signature};

/// One of the two senders: [`SmileApi`](crate::SmileApi) or [`SmileIo`](crate::SmileIo).
///
/// Choose it by configuration, one route for each: both use the header `Smile-Signature`, so a
/// request cannot be trusted to say who sent it. The trait is sealed.
pub trait Vendor: Scheme {
    /// The vendor's name in logs, metrics and event keys: `smile-api` or `smile-io`.
    const NAME: &'static str;
}

/// The inside of [`Vendor`]: reachable by no path, so that only this crate implements it.
#[expect(unnameable_types, reason = "this is what seals `Vendor`")]
pub trait Scheme: Copy + fmt::Debug + Send + Sync + 'static {
    /// The MAC that deliveries are signed with.
    type Mac: Mac;

    /// The decoded signature, of exactly the MAC's length.
    type Tag: AsRef<[u8]> + Copy + Send + Sync + 'static;

    /// The members before the data.
    type Envelope: fmt::Debug + Send + Sync + 'static;

    /// The typed view of an event's `data`.
    type Data<'a>;

    /// How long a handled event is remembered by default.
    const RETENTION: Duration;

    /// Reads the signature, and the timestamp where there is one, from the head.
    fn read_signature(
        head: &dyn Head,
        now: &dyn Fn() -> u64,
        tolerance: Duration,
    ) -> Result<Signature<Self>, Rejection>
    where
        Self: Vendor;

    /// Reads the envelope from the front of a verified body.
    fn read_envelope(body: &[u8]) -> Result<Self::Envelope, Rejection>;

    /// Whether the event is the vendor's test of the endpoint, which needs no handler.
    fn is_ping(envelope: &Self::Envelope) -> bool;

    /// The event's name on the wire, for logs.
    fn event_name(envelope: &Self::Envelope) -> &str;

    /// The event's name as the vendor writes it today; as sent, where this version does not know it.
    fn type_name(envelope: &Self::Envelope) -> &str;

    /// Copies what the data borrows.
    fn into_owned(data: Self::Data<'_>) -> Self::Data<'static>;

    /// Whether the event's name is one of those that this version knows.
    fn is_known(envelope: &Self::Envelope) -> bool;

    /// The event's name as the vendor writes it today, where this version knows it.
    fn known_name(envelope: &Self::Envelope) -> Option<&'static str>;

    /// The event's id, where the vendor gives one.
    fn event_id(envelope: &Self::Envelope) -> Option<&str>;

    /// When the vendor says that the event happened, as text.
    fn created_at(envelope: &Self::Envelope) -> Option<&str>;

    /// Signs as the vendor does, for tests.
    #[cfg(feature = "testkit")]
    fn signer(secret: &crate::Secret) -> crate::testkit::Signer;

    /// Reads the first `data` member of a body into the view of its event's type.
    fn read_data<'a>(
        envelope: &Self::Envelope,
        body: &'a [u8],
    ) -> Result<Self::Data<'a>, DataError>;
}
