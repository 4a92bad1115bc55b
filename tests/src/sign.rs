//! Signed requests, made with the hash crates and none of the code under test.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};

use crate::Request;

/// The secret of every setup that does not say otherwise.
pub const SECRET: &str = "a little secret";

/// Where servers listen for Smile API.
pub const SMILE_API: &str = "/webhooks/smile-api";

/// Where servers listen for Smile.io.
pub const SMILE_IO: &str = "/webhooks/smile-io";

/// Where servers store events of Smile API in an inbox.
pub const INBOX_SMILE_API: &str = "/inbox/smile-api";

/// Where servers store events of Smile.io in an inbox.
pub const INBOX_SMILE_IO: &str = "/inbox/smile-io";

/// The time that every setup's clock shows, in seconds since 1970.
pub const NOW: u64 = 1_700_000_000;

/// Smile API's signature, in lower-case hex.
pub fn hex_sha512(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).expect("any key");
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

/// Smile.io's signature, in base64.
pub fn base64_sha256(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
    let mac = mac
        .chain_update(timestamp)
        .chain_update(b".")
        .chain_update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A delivery of Smile API, signed with [`SECRET`].
pub fn smile_api(body: impl Into<Bytes>) -> Request {
    smile_api_with(SECRET, body)
}

/// A delivery of Smile API, signed with this secret.
pub fn smile_api_with(secret: &str, body: impl Into<Bytes>) -> Request {
    let body = body.into();
    let signature = hex_sha512(secret, &body);
    Request::post(SMILE_API, body).header("smile-signature", signature)
}

/// A delivery of Smile.io, signed now with [`SECRET`].
pub fn smile_io(body: impl Into<Bytes>) -> Request {
    smile_io_at(&NOW.to_string(), body)
}

/// A delivery of Smile.io, signed with [`SECRET`] and any text as its timestamp.
pub fn smile_io_at(timestamp: &str, body: impl Into<Bytes>) -> Request {
    let body = body.into();
    let signature = base64_sha256(SECRET, timestamp, &body);
    Request::post(SMILE_IO, body)
        .header("smile-timestamp", timestamp)
        .header("smile-signature", signature)
}

/// An event of Smile API with an id that was never used before.
pub fn event() -> String {
    event_with_id(&fresh_id())
}

/// An event of Smile API with this id.
pub fn event_with_id(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","version":1,"type":"ACCOUNT_CONNECTED","createdAt":"2023-11-14T22:13:20Z","#
    ) + r#""data":{"userId":"u-1","accountId":"a-1","providers":["abccorp"],"loginName":"jane"}}"#
}

/// An event of Smile API of at least `len` bytes.
pub fn event_of(len: usize) -> String {
    let event = event();
    let padding = "x".repeat(len.saturating_sub(event.len()));
    event.replace("jane", &format!("jane{padding}"))
}

/// An event of Smile.io that differs from every other.
pub fn customer() -> String {
    let id = FRESH.fetch_add(1, Ordering::Relaxed);
    format!(r#"{{"topic":"customer/updated","account_id":7,"data":{{"customer":{{"id":{id}}}}}}}"#)
}

/// Smile.io's test of an endpoint.
pub fn ping() -> &'static str {
    r#"{"account_id":0,"data":{},"topic":"ping"}"#
}

/// An id that was never used before in this process.
pub fn fresh_id() -> String {
    format!("et-{:032x}", FRESH.fetch_add(1, Ordering::Relaxed))
}

static FRESH: AtomicU64 = AtomicU64::new(1);
