//! Deliveries that wait for another run of the same event.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use tokio::{
    sync::{self, Notify},
    time::{Instant, timeout_at},
};

use super::key::KeyHash;
use crate::{
    Fingerprint,
    sync::{Mutex, MutexGuard},
};

/// Who waits for which event in this process.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    events: HashMap<KeyHash, Waiters>,
    total: usize,
}

#[derive(Debug, Default)]
struct Waiters {
    count: usize,
    event: Arc<PendingEvent>,
}

/// An event that another run holds.
#[derive(Debug, Default)]
struct PendingEvent {
    /// The holder of the lock asks the store for all waiters, and leaves the answer here.
    done: sync::Mutex<Option<Done>>,
    settled: Notify,
}

/// The event is done; with the fingerprint of the delivery that was handled, if the store has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done(pub(crate) Option<Fingerprint>);

impl Waiting {
    /// The most deliveries that wait for one event.
    pub(crate) const PER_EVENT: usize = 64;
    /// The most deliveries that wait for all events together.
    pub(crate) const TOTAL: usize = 1024;

    /// A place to wait in; `None` where all are taken.
    pub(crate) fn join(&self, key: KeyHash) -> Option<Waiter<'_>> {
        let mut state = self.lock();
        let here = state.events.get(&key).map_or(0, |waiters| waiters.count);
        if here >= Self::PER_EVENT || state.total >= Self::TOTAL {
            return None;
        }
        state.total += 1;
        let waiters = state.events.entry(key).or_default();
        waiters.count += 1;
        Some(Waiter {
            waiting: self,
            key,
            event: Arc::clone(&waiters.event),
        })
    }

    /// Wakes the waiter that asks the store about the event.
    pub(crate) fn wake(&self, key: impl FnOnce() -> KeyHash) {
        let state = self.lock();
        if state.total > 0
            && let Some(waiters) = state.events.get(&key())
        {
            waiters.event.settled.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the waiters, free again when dropped.
#[derive(Debug)]
pub(crate) struct Waiter<'a> {
    waiting: &'a Waiting,
    key: KeyHash,
    event: Arc<PendingEvent>,
}

impl Waiter<'_> {
    /// Waits for its turn to ask the store. The guard has the answer of an earlier waiter, if any.
    pub(crate) async fn turn(&self) -> sync::MutexGuard<'_, Option<Done>> {
        self.event.done.lock().await
    }

    /// Waits until a run in this process ends, or until `until`: only the store shows the end of a
    /// run in another process.
    pub(crate) async fn settled(&self, until: Instant) {
        let _ = timeout_at(until, self.event.settled.notified()).await;
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut state = self.waiting.lock();
        if let Some(waiters) = state.events.get_mut(&self.key) {
            waiters.count -= 1;
            let is_last = waiters.count == 0;
            state.total -= 1;
            if is_last {
                state.events.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::key::EventIdentity;

    fn key(id: &str) -> KeyHash {
        KeyHash::of("", &EventIdentity::Text(id))
    }

    #[test]
    fn a_sixty_fifth_waiter_of_one_event_is_refused_until_one_leaves() {
        let waiting = Waiting::default();
        let mut waiters: Vec<_> = (0..64).map(|_| waiting.join(key("1")).unwrap()).collect();
        assert!(waiting.join(key("1")).is_none());
        assert!(waiting.join(key("2")).is_some());
        waiters.pop();
        assert!(waiting.join(key("1")).is_some());
        drop(waiters);
        assert!(waiting.lock().events.is_empty(), "nothing is left behind");
    }

    #[test]
    fn no_key_is_hashed_where_nobody_waits() {
        Waiting::default().wake(|| unreachable!("nobody waits"));
    }

    #[test]
    fn a_waiter_past_1024_of_all_events_is_refused_until_one_leaves() {
        let waiting = Waiting::default();
        let join = |n: usize| waiting.join(key(&n.to_string()));
        let mut waiters: Vec<_> = (0..1024).map(|n| join(n).unwrap()).collect();
        assert!(join(1024).is_none());
        waiters.pop();
        assert!(join(1024).is_some());
        drop(waiters);
        assert_eq!(waiting.lock().total, 0);
    }
}
