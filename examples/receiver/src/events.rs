//! The events that were handled, for `/events` and the page.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use lru::LruCache;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::log::{Log, Page, now};

/// The events, and how often the handler ran for each.
pub(crate) struct Events {
    log: Log,
    attempts: Mutex<LruCache<u64, u64>>,
}

/// An event whose handler succeeded.
pub(crate) struct Seen<'a> {
    pub(crate) vendor: &'static str,
    pub(crate) id: Option<&'a str>,
    pub(crate) event_type: &'a str,
    pub(crate) known: bool,
    /// The typed view as JSON.
    pub(crate) data: Option<String>,
    pub(crate) raw: &'a [u8],
    pub(crate) attempt: u64,
}

impl Events {
    /// Keeps this many events.
    pub(crate) fn new(keep: NonZeroUsize) -> Self {
        Self {
            log: Log::new(keep.get()),
            attempts: Mutex::new(LruCache::new(keep)),
        }
    }

    /// Counts the handler's runs for an event, from 1. The body identifies an event without an id.
    pub(crate) fn begin_attempt(&self, vendor: &str, id: Option<&str>, raw: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        (vendor, id, id.is_none().then_some(raw)).hash(&mut hasher);
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let attempt = attempts.get_or_insert_mut(hasher.finish(), || 0);
        *attempt += 1;
        *attempt
    }

    pub(crate) fn add(&self, seen: &Seen<'_>) {
        let raw = std::str::from_utf8(seen.raw).ok();
        let raw = raw.and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
        let data = seen
            .data
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        self.log.add(|seq| Line {
            seq,
            vendor: seen.vendor,
            id: seen.id,
            event_type: seen.event_type,
            known: seen.known,
            typed: seen.data.is_some(),
            data,
            raw,
            attempt: seen.attempt,
            received_at: now(),
        });
    }

    pub(crate) fn list(&self, page: &Page) -> String {
        self.log.list(page)
    }
}

/// One element of `/events`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    seq: u64,
    vendor: &'static str,
    id: Option<&'a str>,
    #[serde(rename = "type")]
    event_type: &'a str,
    known: bool,
    typed: bool,
    data: Option<&'a RawValue>,
    raw: Option<&'a RawValue>,
    attempt: u64,
    received_at: Option<String>,
}
