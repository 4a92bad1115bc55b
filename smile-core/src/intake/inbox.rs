//! What the endpoint of an inbox asks of its intake.

use std::time::Duration;

use bytes::Bytes;

use super::{Intake, Pings};
use crate::{
    DedupeBy, Delivery, EventKey, Rejection, Token, Vendor, Verified, handoff::EventIdentity,
};

/// How an event is stored.
pub(crate) enum InboxKey {
    /// Not at all: it is a ping, which is answered.
    Ping,
    /// Under this key.
    Event(EventKey),
}

impl<V: Vendor> Intake<V> {
    pub(crate) fn inbox_key(&self, delivery: &Delivery<V>) -> Result<InboxKey, Rejection> {
        let is_ping = V::is_ping(delivery.envelope());
        if is_ping && self.0.pings == Pings::Answer {
            return Ok(InboxKey::Ping);
        }
        let chosen = if is_ping {
            // All pings have one body: each is a test of its own.
            DedupeBy::Never
        } else {
            self.dedupe_by(delivery)?
        };
        let unique;
        let identity = match &chosen {
            DedupeBy::Vendor => EventIdentity::of(delivery),
            DedupeBy::Text(text) => EventIdentity::Text(text),
            DedupeBy::Never => {
                unique = format!("unique/{}", Token::unique().to_hex());
                EventIdentity::Text(&unique)
            }
        };
        let tenant = delivery.tenant().unwrap_or_default();
        Ok(InboxKey::Event(EventKey::of(
            &self.0.key_prefix,
            tenant,
            &identity,
        )))
    }

    /// The key of a body that is no event.
    pub(crate) fn key_of_body(&self, body: &Verified<Bytes>) -> EventKey {
        let tenant = body.tenant().unwrap_or_default();
        EventKey::of(&self.0.key_prefix, tenant, &EventIdentity::Body(body))
    }

    pub(crate) fn scope(&self) -> &str {
        &self.0.scope
    }

    pub(crate) fn retention(&self) -> Duration {
        self.0.timing.retention
    }
}
