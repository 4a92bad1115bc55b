//! The event of a report.

use std::time::Duration;

use crate::{Clock, Delivery, Vendor};

/// The event of a [`Report`](super::Report).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// Its name as the vendor wrote it. For a metric's label take [`label`](Self::label): each new
    /// name is a new time series.
    pub name: &'a str,
    /// Whether this version knows the name.
    pub known: bool,
    /// Its id, where the vendor gives one.
    pub id: Option<&'a str>,
    /// The tenant, where tenants are looked up.
    pub tenant: Option<&'a str>,
    /// Which secret matched, from 0. Once the old one no longer matches, drop it.
    pub secret_index: usize,
    label: &'static str,
    time: Option<EventTime<'a>>,
    clock: &'a dyn Clock,
}

/// When an event happened, as far as its vendor says so.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EventTime<'a> {
    /// The envelope's text, which is parsed when somebody asks.
    Text(&'a str),
    /// Seconds since 1970.
    Unix(u64),
}

impl<'a> Event<'a> {
    /// `sent_at`, in seconds since 1970, stands in where the envelope has no time.
    pub(crate) fn of<V: Vendor>(
        delivery: &'a Delivery<V>,
        sent_at: Option<u64>,
        clock: &'a dyn Clock,
    ) -> Self {
        let envelope = delivery.envelope();
        let created = V::created_at(envelope).map(EventTime::Text);
        Self {
            name: delivery.event_name(),
            known: delivery.is_known(),
            id: V::event_id(envelope),
            tenant: delivery.tenant(),
            secret_index: delivery.secret_index(),
            label: V::known_name(envelope).unwrap_or(Self::OTHER),
            time: created.or(sent_at.map(EventTime::Unix)),
            clock,
        }
    }

    /// The label of all events whose names this version does not know.
    pub const OTHER: &'static str = "other";

    /// The name for a metric's label: one of those that this version knows, in the vendor's current
    /// spelling, or [`OTHER`](Self::OTHER).
    pub fn label(&self) -> &'static str {
        self.label
    }

    /// How long ago the event happened, in whole seconds by the endpoint's clock: since `createdAt`
    /// for Smile API; for Smile.io, which says no more, since the signed timestamp of this delivery,
    /// or in a worker since the request was received.
    ///
    /// Zero for a time to come; `None` where the time is missing or unreadable. Each call computes
    /// it anew.
    pub fn age(&self) -> Option<Duration> {
        let happened = match self.time? {
            EventTime::Text(text) => unix_seconds(text)?,
            EventTime::Unix(seconds) => seconds,
        };
        let age = self.clock.unix_seconds().saturating_sub(happened);
        Some(Duration::from_secs(age))
    }
}

/// Reads a vendor's date and time. A time before 1970 counts as 1970.
pub(crate) fn unix_seconds(text: &str) -> Option<u64> {
    let format = &time::format_description::well_known::Rfc3339;
    let time = time::OffsetDateTime::parse(text, format).ok()?;
    Some(u64::try_from(time.unix_timestamp()).unwrap_or_default())
}
