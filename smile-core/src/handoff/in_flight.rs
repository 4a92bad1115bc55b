//! Deliveries that wait for another run of the same event, and the runs to wait for at shutdown.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use super::key::{ByKey, KeyDigest};

/// Who waits for which event in this process.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    by_key: Mutex<HashMap<KeyDigest, Entry, ByKey>>,
    /// Of all entries together; read without the lock by those who have nobody to wake.
    waiters: AtomicUsize,
}

#[derive(Debug)]
struct Entry {
    waiters: usize,
    settled: Arc<Notify>,
}

impl Waiting {
    /// Deliveries that may wait for one event, and for all events together.
    const PER_KEY: usize = 64;
    const IN_ALL: usize = 1024;

    /// A place to wait in; `None` where all are taken.
    pub(crate) fn join(&self, key: KeyDigest) -> Option<Waiter<'_>> {
        let mut by_key = self.lock();
        let here = by_key.get(&key).map_or(0, |entry| entry.waiters);
        if here >= Self::PER_KEY || self.waiters.load(Ordering::Relaxed) >= Self::IN_ALL {
            return None;
        }
        self.waiters.fetch_add(1, Ordering::Relaxed);
        let entry = by_key.entry(key).or_insert_with(|| Entry {
            waiters: 0,
            settled: Arc::new(Notify::new()),
        });
        entry.waiters += 1;
        Some(Waiter {
            waiting: self,
            key,
            settled: Arc::clone(&entry.settled),
        })
    }

    /// Wakes those who wait for the event. One who is about to wait may be missed, and then asks
    /// again a moment later.
    #[inline]
    pub(crate) fn wake(&self, key: impl FnOnce() -> KeyDigest) {
        if self.waiters.load(Ordering::Relaxed) > 0 {
            self.wake_waiters(&key());
        }
    }

    #[cold]
    fn wake_waiters(&self, key: &KeyDigest) {
        if let Some(entry) = self.lock().get(key) {
            entry.settled.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<KeyDigest, Entry, ByKey>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among those who wait, given back when dropped.
#[derive(Debug)]
pub(crate) struct Waiter<'a> {
    waiting: &'a Waiting,
    key: KeyDigest,
    settled: Arc<Notify>,
}

impl Waiter<'_> {
    /// Waits until a run in this process settles the event, at most `pause`: another replica's run
    /// cannot be heard, only asked for again.
    pub(crate) async fn settled(&self, pause: Duration) {
        let _ = tokio::time::timeout(pause, self.settled.notified()).await;
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut by_key = self.waiting.lock();
        if let Some(entry) = by_key.get_mut(&self.key) {
            entry.waiters -= 1;
            self.waiting.waiters.fetch_sub(1, Ordering::Relaxed);
            if entry.waiters == 0 {
                by_key.remove(&self.key);
            }
        }
    }
}

/// Counts runs that hold a claim, so that a shutdown can wait for them.
#[derive(Debug, Default)]
pub(crate) struct Running {
    /// Twice their number, and one more from when somebody waits for there to be none: in one
    /// number, so that the last to leave knows whether there is anybody to tell.
    runs: AtomicUsize,
    none_left: Notify,
}

impl Running {
    const ONE: usize = 2;
    const WAITED_FOR: usize = 1;

    #[inline]
    pub(crate) fn enter(&self) -> Run<'_> {
        self.runs.fetch_add(Self::ONE, Ordering::AcqRel);
        Run(self)
    }

    /// Waits until no run is left.
    pub(crate) async fn drained(&self) {
        loop {
            let none_left = self.none_left.notified();
            if self.runs.fetch_or(Self::WAITED_FOR, Ordering::AcqRel) < Self::ONE {
                return;
            }
            none_left.await;
        }
    }
}

/// One run, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Run<'r>(&'r Running);

impl Drop for Run<'_> {
    #[inline]
    fn drop(&mut self) {
        let last_waited_for = Running::ONE + Running::WAITED_FOR;
        if self.0.runs.fetch_sub(Running::ONE, Ordering::AcqRel) == last_waited_for {
            self.0.none_left.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::key::{DigestSecret, Part},
        *,
    };

    #[test]
    fn a_sixty_fifth_waiter_is_refused_until_one_leaves() {
        let waiting = Waiting::default();
        let [key, other] = ["et-1", "et-2"]
            .map(|id| KeyDigest::of(DigestSecret::of_process(), "", &Part::Text(id)));
        let mut waiters: Vec<_> = (0..64).map(|_| waiting.join(key).unwrap()).collect();
        assert!(waiting.join(key).is_none());
        assert!(waiting.join(other).is_some());
        waiters.pop();
        assert!(waiting.join(key).is_some());
        drop(waiters);
        assert!(waiting.lock().is_empty(), "nothing is left behind");
    }

    #[tokio::test]
    async fn drained_waits_for_every_run() {
        let running = Arc::new(Running::default());
        running.drained().await;
        let run = running.enter();
        let waiting = Arc::clone(&running);
        let drained = tokio::spawn(async move { waiting.drained().await });
        tokio::task::yield_now().await;
        assert!(!drained.is_finished());
        drop(run);
        drained.await.unwrap();
    }
}
