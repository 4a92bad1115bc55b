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

use hmac::Hmac;
use sha2::Sha512;

use crate::{
    DataError, Delivery, Head, Reason, Rejection, Vendor,
    vendor::Scheme,
    verify::{Signature, signature_text},
};

pub mod data;

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
    type Mac = Hmac<Sha512>;
    type Tag = [u8; 64];
    type Envelope = Envelope;
    type Data<'a> = Data<'a>;

    const RETENTION: Duration = Duration::from_secs(24 * 3600);

    fn read_signature(
        head: &dyn Head,
        _now: &dyn Fn() -> u64,
        _tolerance: Duration,
    ) -> Result<Signature<Self>, Rejection> {
        let text = signature_text(head, 128)?;
        let mut tag = [0; 64];
        hex::decode_to_slice(text, &mut tag).map_err(|_| Reason::SignatureEncoding)?;
        Ok(Signature::new(tag))
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

    fn is_known(envelope: &Envelope) -> bool {
        !matches!(envelope.event_type(), EventType::Other(_))
    }

    fn event_id(envelope: &Envelope) -> Option<&str> {
        Some(envelope.id())
    }

    fn created_at(envelope: &Envelope) -> Option<&str> {
        envelope.created_at()
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
