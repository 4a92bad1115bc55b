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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_succeeded_counts_from_one_again() {
        let failed = FailedAttempts::default();
        failed.forget("et-1");
        let counts = ["et-1", "et-1", "et-2"].map(|id| failed.count(id));
        assert_eq!(counts, [1, 2, 1]);
        failed.forget("et-1");
        assert_eq!(["et-1", "et-2"].map(|id| failed.count(id)), [1, 2]);
    }

    #[test]
    fn the_event_that_began_to_fail_longest_ago_is_forgotten() {
        let failed = FailedAttempts::default();
        for number in 0..=FailedAttempts::CAPACITY {
            assert_eq!(failed.count(&number.to_string()), 1);
        }
        assert_eq!(failed.count("1"), 2);
        assert_eq!(failed.count("0"), 1);
        let kept = failed.lock();
        assert!(kept.counts.len() <= FailedAttempts::CAPACITY);
        assert!(kept.order.len() <= FailedAttempts::CAPACITY);
    }
}
