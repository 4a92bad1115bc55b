//! How often the same event failed.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Counts the failures of each event that has not succeeded since: of the last 10,000 that began to
/// fail, in this process.
#[derive(Debug, Default)]
pub(super) struct FailedAttempts {
    failed: Mutex<Failed>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Failed {
    counts: HashMap<u64, u32>,
    /// Oldest first; also those that were forgotten since.
    order: VecDeque<u64>,
}

impl FailedAttempts {
    const CAPACITY: usize = 10_000;

    /// Counts a failure, and returns how many there were.
    pub(super) fn count(&self, id: &str) -> u32 {
        let key = self.hasher.hash_one(id);
        let mut failed = self.lock();
        let Failed { counts, order } = &mut *failed;
        if !counts.contains_key(&key) {
            order.push_back(key);
            if order.len() > Self::CAPACITY
                && let Some(oldest) = order.pop_front()
            {
                counts.remove(&oldest);
            }
        }
        let count = counts.entry(key).or_default();
        *count = count.saturating_add(1);
        *count
    }

    /// Forgets an event that succeeded.
    pub(super) fn forget(&self, id: &str) {
        let mut failed = self.lock();
        if failed.counts.is_empty() {
            return;
        }
        failed.counts.remove(&self.hasher.hash_one(id));
    }

    fn lock(&self) -> MutexGuard<'_, Failed> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
