//! When expired rows are deleted.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

/// Expired rows deleted at a time, so that a purge never holds the table for long.
pub(crate) const BATCH: i64 = 1000;

/// Counts finished events. After every 256th a batch of 1000 expired rows is due for deletion,
/// unless a purge is running: so up to four rows are deleted for each one added.
#[derive(Clone, Debug, Default)]
pub(crate) struct Purges(Arc<State>);

#[derive(Debug, Default)]
struct State {
    finished: AtomicU32,
    running: AtomicBool,
}

impl Purges {
    const EVERY: u32 = 256;

    /// Counts one event, and returns the turn to purge if one is due.
    pub(crate) fn finished(&self) -> Option<Turn> {
        let count = self.0.finished.fetch_add(1, Ordering::Relaxed);
        let due = count % Self::EVERY == Self::EVERY - 1;
        let taken = due && !self.0.running.swap(true, Ordering::AcqRel);
        taken.then(|| Turn(Arc::clone(&self.0)))
    }
}

/// The one running purge, which ends when this is dropped.
pub(crate) struct Turn(Arc<State>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.running.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purge_is_due_every_256_events_unless_one_is_running() {
        let purges = Purges::default();
        let finish = |events: usize| -> Vec<_> {
            let turns = (0..events).filter_map(|_| purges.finished());
            turns.collect()
        };
        assert_eq!(finish(255).len(), 0);
        let running = finish(1);
        assert_eq!(running.len(), 1);
        assert_eq!(finish(1000).len(), 0);
        drop(running);
        assert_eq!(finish(256).len(), 1);
    }
}
