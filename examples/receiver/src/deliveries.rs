//! Every request to a webhook's route and every run of the worker, for `/deliveries` and the page.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::{
    log::{MOST_BYTES, Page},
    options::Failure,
    viewer::Viewer,
};

mod capture;
mod entry;
mod recorder;
mod stream;

pub(crate) use capture::{Recording, note_failure, note_run, signed_headers};
pub(crate) use entry::{Content, Entry, shown, to_base64};
pub(crate) use recorder::{Origin, Recorder, Run, Runs};

/// The last 100,000 deliveries, as far as they fit into 256 MiB.
pub(crate) struct Deliveries {
    /// Tells one start of the receiver from the next, since sequence numbers begin anew.
    boot: String,
    /// Whether only this machine can reach the receiver.
    loopback: bool,
    most: usize,
    kept: Mutex<Kept>,
    news: watch::Sender<News>,
}

struct Kept {
    /// Sequence number of the next entry, from 1.
    next: u64,
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

/// What open streams wait for.
#[derive(Clone, Copy)]
struct News {
    newest: u64,
    closed: bool,
}

impl Deliveries {
    /// Keeps this many deliveries.
    pub(crate) fn new(loopback: bool, most: usize) -> Result<Self, Failure> {
        let mut boot = [0; 4];
        getrandom::fill(&mut boot)?;
        Ok(Self {
            boot: format!("{:08x}", u32::from_be_bytes(boot)),
            loopback,
            most,
            kept: Mutex::new(Kept {
                next: 1,
                entries: VecDeque::new(),
                bytes: 0,
            }),
            news: watch::Sender::new(News {
                newest: 0,
                closed: false,
            }),
        })
    }

    pub(crate) fn boot(&self) -> &str {
        &self.boot
    }

    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Adds an entry, with the next sequence number.
    pub(crate) fn add(&self, mut entry: Entry) {
        if !self.loopback && entry.is_refused() {
            entry.content = Content::default();
        }
        let mut kept = self.lock();
        let newest = kept.next;
        entry.seq = newest;
        kept.next += 1;
        kept.bytes += entry.footprint();
        kept.entries.push_back(entry.into());
        while kept.entries.len() > self.most || kept.bytes > MOST_BYTES {
            let Some(oldest) = kept.entries.pop_front() else {
                break;
            };
            kept.bytes -= oldest.footprint();
        }
        drop(kept);
        self.news
            .send_modify(|news| news.newest = newest.max(news.newest));
    }

    /// The entries of a page, oldest first, as a JSON array.
    pub(crate) fn list(&self, page: &Page, viewer: Viewer) -> String {
        let limit = page.limit().unwrap_or(usize::MAX);
        let lines: Vec<_> = self
            .after(page.after(), limit)
            .iter()
            .map(|entry| entry.to_line(viewer))
            .collect();
        format!("[{}]", lines.join(","))
    }

    pub(crate) fn get(&self, seq: u64) -> Option<Arc<Entry>> {
        self.after(seq.checked_sub(1)?, 1)
            .into_iter()
            .find(|entry| entry.seq == seq)
    }

    /// Ends all streams, so that the server can stop.
    pub(crate) fn close(&self) {
        self.news.send_modify(|news| news.closed = true);
    }

    fn after(&self, seq: u64, limit: usize) -> Vec<Arc<Entry>> {
        let kept = self.lock();
        let skipped = seq.saturating_add(1).saturating_sub(kept.oldest());
        kept.entries
            .iter()
            .skip(usize::try_from(skipped).unwrap_or(usize::MAX))
            .take(limit)
            .cloned()
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn oldest(&self) -> u64 {
        let len = u64::try_from(self.entries.len()).unwrap_or_default();
        self.next.saturating_sub(len)
    }
}
