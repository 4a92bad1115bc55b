//! Smile.io: loyalty.
//!
//! Deliveries are signed with HMAC-SHA256 over the text of `Smile-Timestamp`, a full stop and the
//! body, in standard base64, in the header `Smile-Signature` (webhooks guide, "Verifying
//! signatures"). The timestamp may be off by five minutes, by default in both directions: the
//! guide's sample looks at the past only, its text says within five minutes.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    DataError, Delivery, Head, Reason, Rejection, Vendor,
    mac::HmacSha256,
    model::EventName,
    vendor::Scheme,
    verify::{Signature, Timestamp, signature_text},
};

pub mod data;

mod envelope;
mod topic;

pub use envelope::Envelope;
pub use topic::{Data, Topic, UnknownTopic};

/// The vendor Smile.io.
#[derive(Clone, Copy, Debug)]
pub struct SmileIo;

impl Vendor for SmileIo {
    const NAME: &'static str = "smile-io";
}

impl Scheme for SmileIo {
    type Mac = HmacSha256;
    type Tag = [u8; 32];
    type Envelope = Envelope;
    type Data<'a> = Data<'a>;

    // Twice the 24 hours during which Smile.io sends again.
    const RETENTION: Duration = Duration::from_secs(48 * 3600);

    fn read_signature(
        head: &dyn Head,
        now: &dyn Fn() -> u64,
        tolerance: Duration,
    ) -> Result<Signature<Self>, Rejection> {
        let text = signature_text(head, 44)?;
        // The decoder asks for room for what the text could hold at most, padding or not.
        let mut decoded = [0; 33];
        let len = STANDARD
            .decode_slice(text, &mut decoded)
            .map_err(|_| Rejection::from(Reason::SignatureEncoding))?;
        let tag = decoded
            .get(..len)
            .and_then(|tag| tag.try_into().ok())
            .ok_or(Reason::SignatureEncoding)?;
        Ok(Signature::new(head, tag).at(Timestamp::read(head, now(), tolerance)?))
    }

    fn read_envelope(body: &[u8]) -> Result<Envelope, Rejection> {
        Envelope::read(body)
            .map_err(|err| Rejection::from(Reason::NoEnvelope).because(Arc::new(err)))
    }

    fn is_ping(envelope: &Envelope) -> bool {
        *envelope.topic() == Topic::Ping
    }

    fn event_name(envelope: &Envelope) -> &str {
        envelope.topic().as_str()
    }

    fn type_name(envelope: &Envelope) -> &str {
        envelope.topic().as_str()
    }

    fn into_owned(data: Data<'_>) -> Data<'static> {
        data.into_owned()
    }

    fn is_known(envelope: &Envelope) -> bool {
        !matches!(envelope.topic(), Topic::Other(_))
    }

    fn known_name(envelope: &Envelope) -> Option<&'static str> {
        envelope.topic().known()
    }

    /// Smile.io gives none.
    fn event_id(_envelope: &Envelope) -> Option<&str> {
        None
    }

    fn created_at(_envelope: &Envelope) -> Option<&str> {
        None
    }

    #[cfg(feature = "testkit")]
    fn signer(secret: &crate::Secret) -> crate::testkit::Signer {
        crate::testkit::Signer::smile_io(secret)
    }

    fn read_data<'a>(envelope: &Envelope, body: &'a [u8]) -> Result<Data<'a>, DataError> {
        Data::read(envelope.topic(), body)
    }
}

/// What Smile.io's envelope says.
impl Delivery<SmileIo> {
    /// What happened.
    pub fn topic(&self) -> &Topic {
        self.envelope().topic()
    }

    /// The Smile.io account on which it happened.
    pub fn account_id(&self) -> Option<i64> {
        self.envelope().account_id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_shows_what_its_envelope_says() {
        let body = br#"{"topic":"customer/updated","account_id":-7,"data":{}}"#;
        let delivery = crate::delivery::signed::<SmileIo>(body);
        assert_eq!(delivery.topic(), &Topic::CustomerUpdated);
        assert_eq!(delivery.account_id(), Some(-7));
        assert_eq!(delivery.event_name(), "customer/updated");
        assert!(delivery.is_known());
        let envelope = delivery.envelope();
        assert_eq!(SmileIo::type_name(envelope), "customer/updated");
        assert!(!SmileIo::is_ping(envelope));
        // The vendor has neither, so that a body is its own identity.
        assert_eq!(SmileIo::event_id(envelope), None);
        assert_eq!(SmileIo::created_at(envelope), None);
        let new = crate::delivery::signed::<SmileIo>(br#"{"topic":"moon/landed"}"#);
        assert!(!new.is_known());
        let ping = crate::delivery::signed::<SmileIo>(br#"{"topic":"ping"}"#);
        assert!(SmileIo::is_ping(ping.envelope()));
    }

    #[test]
    fn events_are_remembered_for_two_days() {
        assert_eq!(SmileIo::RETENTION.as_secs(), 2 * 86_400);
    }
}
