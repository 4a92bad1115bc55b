//! An event as the headers of a message, whose payload is the body.

use std::time::{Duration, UNIX_EPOCH};

use async_nats::{HeaderMap, header::NATS_MESSAGE_ID};
use bytes::Bytes;
use smile_tower::{DeadReason, Fingerprint, NewEvent, StoredEvent};

/// Everything in here is plain ASCII, as headers have to be: names, numbers and hex digits.
pub(crate) fn of_event(event: &NewEvent) -> HeaderMap {
    let received = event.received_at.duration_since(UNIX_EPOCH);
    let received = received.unwrap_or_default().as_millis();
    let mut headers = HeaderMap::new();
    headers.insert(NATS_MESSAGE_ID, event.key.as_str());
    headers.insert(FINGERPRINT, event.fingerprint.to_hex());
    headers.insert(SECRET_INDEX, event.secret_index.to_string());
    headers.insert(RECEIVED_AT, received.to_string());
    if let Some(tenant) = &event.tenant {
        headers.insert(TENANT, &**tenant);
    }
    if let Some(trace_parent) = &event.trace_parent {
        headers.insert(TRACE_PARENT, &**trace_parent);
    }
    if let Some(reason) = event.dead {
        headers.insert(REASON, reason.label());
    }
    headers
}

/// Makes them those of a dead letter, of which the stream takes one for each event.
pub(crate) fn into_dead(mut headers: HeaderMap, reason: DeadReason) -> HeaderMap {
    let id = headers.get(NATS_MESSAGE_ID).map(|id| format!("{id}#dead"));
    if let Some(id) = id {
        headers.insert(NATS_MESSAGE_ID, id);
    }
    headers.insert(REASON, reason.label());
    headers
}

/// `None` for what [`of_event`] did not write.
pub(crate) fn to_event(headers: &HeaderMap, body: Bytes) -> Option<StoredEvent> {
    let text = |name| headers.get(name).map(|value| value.as_str());
    let received = Duration::from_millis(text(RECEIVED_AT)?.parse().ok()?);
    Some(StoredEvent {
        body,
        tenant: text(TENANT).map(Into::into),
        secret_index: text(SECRET_INDEX)?.parse().ok()?,
        fingerprint: fingerprint(headers)?,
        trace_parent: text(TRACE_PARENT).map(Into::into),
        received_at: UNIX_EPOCH.checked_add(received)?,
    })
}

/// Tells two bodies under one id apart.
pub(crate) fn fingerprint(headers: &HeaderMap) -> Option<Fingerprint> {
    Fingerprint::from_hex(headers.get(FINGERPRINT)?.as_str())
}

const FINGERPRINT: &str = "Smile-Fingerprint";
const REASON: &str = "Smile-Dead";
const RECEIVED_AT: &str = "Smile-Received-At";
const SECRET_INDEX: &str = "Smile-Secret-Index";
const TENANT: &str = "Smile-Tenant";
const TRACE_PARENT: &str = "traceparent";
