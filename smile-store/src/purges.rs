//! When expired rows are deleted.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

/// Expired rows deleted at a time, so that a purge never holds the table for long.
pub(crate) const BATCH: i64 = 1000;

/// Counts finished events, and every 256th time has a batch of expired rows deleted, by one task
/// at a time: what is deleted is on average four times what is added.
#[derive(Clone, Debug, Default)]
pub(crate) struct Purges(Arc<State>);

#[derive(Debug, Default)]
struct State {
    finished: AtomicU32,
    running: AtomicBool,
}

impl Purges {
    const EVERY: u32 = 256;

    /// Counts one event; `purge` runs in a task of its own, since whoever waits for the answer to
    /// `finish` has no use for it.
    pub(crate) fn finished<F>(&self, purge: impl FnOnce() -> F)
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let count = self.0.finished.fetch_add(1, Ordering::Relaxed);
        if count % Self::EVERY != Self::EVERY - 1 || self.0.running.swap(true, Ordering::AcqRel) {
            return;
        }
        let turn = Turn(Arc::clone(&self.0));
        let purge = purge();
        tokio::spawn(async move {
            // What fails now is tried again 256 events later.
            purge.await;
            drop(turn);
        });
    }
}

/// The one running purge, over when dropped.
struct Turn(Arc<State>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.running.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use tokio::{sync::Semaphore, task::yield_now};

    use super::*;

    #[tokio::test]
    async fn a_purge_starts_every_256_events_unless_one_is_running() {
        let (purges, gate) = (Purges::default(), Arc::new(Semaphore::new(0)));
        let started = Arc::new(AtomicU32::new(0));
        let finish = |events: u32| {
            for _ in 0..events {
                let (gate, started) = (Arc::clone(&gate), Arc::clone(&started));
                purges.finished(|| async move {
                    started.fetch_add(1, Ordering::Relaxed);
                    gate.acquire().await.unwrap().forget();
                });
            }
        };
        for (events, expected) in [(255, 0), (1, 1), (1000, 1)] {
            finish(events);
            yield_now().await;
            assert_eq!(started.load(Ordering::Relaxed), expected);
        }
        gate.add_permits(1);
        yield_now().await;
        yield_now().await;
        finish(256);
        yield_now().await;
        assert_eq!(started.load(Ordering::Relaxed), 2);
    }
}
