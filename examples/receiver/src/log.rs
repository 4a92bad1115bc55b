//! The newest lines of JSON, with ascending numbers.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// The last lines, as far as they fit into 256 MiB.
pub(crate) struct Log {
    most: usize,
    lines: Mutex<Lines>,
}

struct Lines {
    /// Sequence number of the next line, from 1.
    next: u64,
    lines: VecDeque<String>,
    bytes: usize,
}

/// Which lines to list; all by default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

impl Page {
    pub(crate) fn after(&self) -> u64 {
        self.after
    }

    pub(crate) fn limit(&self) -> Option<usize> {
        self.limit
    }
}

impl Log {
    /// Keeps this many lines.
    pub(crate) fn new(most: usize) -> Self {
        let lines = Lines {
            next: 1,
            lines: VecDeque::new(),
            bytes: 0,
        };
        Self {
            most,
            lines: Mutex::new(lines),
        }
    }

    /// Adds the line that `line` makes for the next sequence number.
    pub(crate) fn add<T: Serialize>(&self, line: impl FnOnce(u64) -> T) {
        let mut log = self.lock();
        let Ok(line) = serde_json::to_string(&line(log.next)) else {
            return;
        };
        log.next += 1;
        log.bytes += line.len();
        log.lines.push_back(line);
        while log.lines.len() > self.most || log.bytes > MOST_BYTES {
            let Some(oldest) = log.lines.pop_front() else {
                break;
            };
            log.bytes -= oldest.len();
        }
    }

    /// The lines after a sequence number, oldest first, as a JSON array.
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
            .take(page.limit.unwrap_or(usize::MAX));
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

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Log {
    fn default() -> Self {
        Self::new(MOST_LINES)
    }
}

/// The time now, as text.
pub(crate) fn now() -> Option<String> {
    to_text(SystemTime::now())
}

/// A time as text, to the second or finer.
pub(crate) fn to_text(time: SystemTime) -> Option<String> {
    OffsetDateTime::from(time).format(&Rfc3339).ok()
}

const MOST_LINES: usize = 100_000;
pub(crate) const MOST_BYTES: usize = 256 << 20;
