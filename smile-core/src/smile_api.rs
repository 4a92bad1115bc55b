//! Smile API (smileapi.io): employment and income data.
//!
//! Deliveries are signed with HMAC-SHA512 over every byte of the body, in hex, in the header
//! `Smile-Signature` (webhooks page, "Validating Payloads"). They carry no timestamp, so the `id`
//! inside the signed body is what tells a repeated delivery.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use crate::{
    DataError, Delivery, Head, Reason, Rejection, Vendor,
    mac::HmacSha512,
    model::EventName,
    vendor::Scheme,
    verify::{Signature, signature_text},
};

pub mod data;
pub mod registration;
pub mod wink;

mod envelope;
mod event_type;

pub use envelope::Envelope;
pub use event_type::{Data, EventType, UnknownEventType};

/// The address that Smile API sends from (webhooks page, "Note").
pub const SOURCE_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(18, 142, 61, 230));

/// The vendor Smile API.
#[derive(Clone, Copy, Debug)]
pub struct SmileApi;

impl Vendor for SmileApi {
    const NAME: &'static str = "smile-api";
}

impl Scheme for SmileApi {
    type Mac = HmacSha512;
    type Tag = [u8; 64];
    type Envelope = Envelope;
    type Data<'a> = Data<'a>;

    const RETENTION: Duration = Duration::from_secs(24 * 3600);

    fn read_signature(
        head: &dyn Head,
        _now: &dyn Fn() -> u64,
        _tolerance: Duration,
    ) -> Result<Signature<Self>, Rejection> {
        let tag = from_hex(signature_text(head, 128)?).ok_or(Reason::SignatureEncoding)?;
        Ok(Signature::new(head, tag))
    }

    fn read_envelope(body: &[u8]) -> Result<Envelope, Rejection> {
        Envelope::read(body)
            .map_err(|err| Rejection::from(Reason::NoEnvelope).because(Arc::new(err)))
    }

    fn is_ping(_envelope: &Envelope) -> bool {
        false
    }

    fn event_name(envelope: &Envelope) -> &str {
        envelope.type_name()
    }

    fn type_name(envelope: &Envelope) -> &str {
        envelope.event_type().as_str()
    }

    fn into_owned(data: Data<'_>) -> Data<'static> {
        data.into_owned()
    }

    fn is_known(envelope: &Envelope) -> bool {
        !matches!(envelope.event_type(), EventType::Other(_))
    }

    fn known_name(envelope: &Envelope) -> Option<&'static str> {
        envelope.event_type().known()
    }

    fn event_id(envelope: &Envelope) -> Option<&str> {
        Some(envelope.id())
    }

    fn created_at(envelope: &Envelope) -> Option<&str> {
        envelope.created_at()
    }

    #[cfg(feature = "testkit")]
    fn signer(secret: &crate::Secret) -> crate::testkit::Signer {
        crate::testkit::Signer::smile_api(secret)
    }

    fn read_data<'a>(envelope: &Envelope, body: &'a [u8]) -> Result<Data<'a>, DataError> {
        Data::read(envelope.event_type(), body)
    }
}

/// What Smile API's envelope says.
impl Delivery<SmileApi> {
    /// The event's id, opaque; equal on every attempt to deliver the event.
    pub fn id(&self) -> &str {
        self.envelope().id()
    }

    /// What happened.
    pub fn event_type(&self) -> &EventType {
        self.envelope().event_type()
    }

    /// The schema's major version, 1 in every document; `None` where it is missing or no integer.
    pub fn version(&self) -> Option<u32> {
        self.envelope().version()
    }

    /// When the event happened, as the vendor wrote it (`yyyy-MM-ddTHH:mm:ssZ`).
    pub fn created_at(&self) -> Option<&str> {
        self.envelope().created_at()
    }
}

/// Reads 128 hex digits of either case.
fn from_hex(text: &[u8]) -> Option<[u8; 64]> {
    let mut tag = [0; 64];
    hex::decode_to_slice(text, &mut tag).ok()?;
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_as_the_hex_crate_reads_it() {
        for byte in 0..=u8::MAX {
            for at in [0, 1, 64, 127] {
                let mut text = [b'0'; 128];
                text[at] = byte;
                let mut expected = [0; 64];
                let is_hex = hex::decode_to_slice(text, &mut expected).is_ok();
                assert_eq!(
                    from_hex(&text),
                    is_hex.then_some(expected),
                    "{byte} at {at}"
                );
            }
        }
        for len in [0, 2, 64, 126, 127, 129, 130, 256] {
            assert_eq!(from_hex(&vec![b'0'; len]), None, "{len}");
        }
    }

    #[test]
    fn a_delivery_shows_what_its_envelope_says() {
        let body = br#"{"id":"et-1","version":2,"type":"ACCOUNT_ANALYZED","createdAt":"2024-02-03T04:05:06Z"}"#;
        let delivery = crate::delivery::signed::<SmileApi>(body);
        assert_eq!(delivery.id(), "et-1");
        assert_eq!(delivery.event_type(), &EventType::ArchiveAnalyzed);
        assert_eq!(delivery.version(), Some(2));
        assert_eq!(delivery.created_at(), Some("2024-02-03T04:05:06Z"));
        assert_eq!(delivery.event_name(), "ACCOUNT_ANALYZED");
        assert!(delivery.is_known());
        let envelope = delivery.envelope();
        assert_eq!(SmileApi::type_name(envelope), "ARCHIVE_ANALYZED");
        assert_eq!(SmileApi::event_id(envelope), Some("et-1"));
        assert_eq!(SmileApi::created_at(envelope), Some("2024-02-03T04:05:06Z"));
        let new = crate::delivery::signed::<SmileApi>(br#"{"id":"et-2","type":"MOON_LANDED"}"#);
        assert!(!new.is_known());
        assert_eq!(new.event_name(), "MOON_LANDED");
    }

    #[test]
    fn events_are_remembered_for_a_day() {
        assert_eq!(SmileApi::RETENTION.as_secs(), 86_400);
    }

    #[test]
    fn a_prefix_is_no_hex() {
        for len in [126, 128, 130] {
            let mut text = vec![b'0'; len];
            text[1] = b'x';
            assert_eq!(from_hex(&text), None, "{len}");
        }
    }

    #[test]
    fn the_digits_are_all_that_is_read() {
        assert_eq!(from_hex(&[b'F'; 128]), Some([0xff; 64]));
    }
}
