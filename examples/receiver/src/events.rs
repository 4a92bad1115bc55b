//! The events that were handled, for `/events` and the page.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use lru::LruCache;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// The last 100,000 events, as far as they fit into 256 MiB.
pub(crate) struct Events(Mutex<Log>);

struct Log {
    /// Sequence number of the next event, from 1.
    next: u64,
    lines: VecDeque<String>,
    bytes: usize,
    attempts: LruCache<u64, u64>,
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

/// Which events to list; all by default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

impl Events {
    /// Counts the handler's runs for an event, from 1; an event without an id is told by its body.
    pub(crate) fn begin_attempt(&self, vendor: &str, id: Option<&str>, raw: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        (vendor, id, id.is_none().then_some(raw)).hash(&mut hasher);
        let mut log = self.lock();
        let attempt = log.attempts.get_or_insert_mut(hasher.finish(), || 0);
        *attempt += 1;
        *attempt
    }

    pub(crate) fn add(&self, seen: Seen<'_>) {
        let raw = std::str::from_utf8(seen.raw).ok();
        let raw = raw.and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
        let data = seen
            .data
            .as_deref()
            .and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
        let mut log = self.lock();
        let line = Line {
            seq: log.next,
            vendor: seen.vendor,
            id: seen.id,
            event_type: seen.event_type,
            known: seen.known,
            typed: data.is_some(),
            data,
            raw,
            attempt: seen.attempt,
            received_at: OffsetDateTime::from(SystemTime::now())
                .format(&Rfc3339)
                .ok(),
        };
        // Raw JSON is compact enough as it came, and everything else is plain.
        let Ok(line) = serde_json::to_string(&line) else {
            return;
        };
        log.next += 1;
        log.bytes += line.len();
        log.lines.push_back(line);
        while log.lines.len() > MOST_EVENTS || log.bytes > MOST_BYTES {
            let Some(oldest) = log.lines.pop_front() else {
                break;
            };
            log.bytes -= oldest.len();
        }
    }

    /// The events after a sequence number, oldest first, as a JSON array.
    pub(crate) fn list(&self, page: &Page) -> String {
        let log = self.lock();
        let first = log
            .next
            .saturating_sub(u64::try_from(log.lines.len()).unwrap_or_default());
        let skipped = page.after.saturating_add(1).saturating_sub(first);
        let lines = log
            .lines
            .iter()
            .skip(usize::try_from(skipped).unwrap_or(usize::MAX))
            .take(page.limit.unwrap_or(MOST_EVENTS));
        let mut list = String::from("[");
        for line in lines {
            if list.len() > 1 {
                list.push(',');
            }
            list.push_str(line);
        }
        list.push(']');
        list
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Events {
    fn default() -> Self {
        let attempts = LruCache::new(const { NonZeroUsize::new(MOST_EVENTS).unwrap() });
        Self(Mutex::new(Log {
            next: 1,
            lines: VecDeque::new(),
            bytes: 0,
            attempts,
        }))
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

const MOST_EVENTS: usize = 100_000;
const MOST_BYTES: usize = 256 << 20;
