//! The store that needs no server: this process's memory.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    future::{Future, ready},
    num::NonZeroUsize,
    sync::PoisonError,
    time::Duration,
};

use tokio::time::Instant;

use super::{key::KeyHash, timing::Timing};
use crate::{
    Claim, DedupeStore, EventKey, Fence, Fingerprint, Ownership, StoreError, Token,
    sync::{Mutex, MutexGuard},
};

#[cfg(test)]
mod tests;

/// Remembers events in memory: the default.
///
/// Bounded: it keeps the [`capacity`](Self::bounded) events handled last, and forgets the oldest
/// for new ones. It never drops a claim in flight for room; there are at most as many as running
/// handlers. Its memory ends with the process, and every process remembers for itself: with several
/// replicas, use one of the stores of `smile-store`.
///
/// One event takes 190 to 360 bytes, depending on how full the table is: the store keeps a 128-bit
/// hash in place of the key, under a secret of the process. The default capacity of 100,000 takes
/// about 22 MB when full.
pub struct MemoryDedupe(Mutex<State>);

struct State {
    events: HashMap<KeyHash, Event>,
    /// Finished runs, the oldest first. An event that was handled anew has a later entry, too.
    finished: VecDeque<(KeyHash, Fence)>,
    /// How many of `events` are done.
    remembered: usize,
    capacity: usize,
    fence: u64,
}

struct Event {
    status: Status,
    until: Instant,
    fence: Fence,
}

enum Status {
    Claimed(Token),
    Done(Fingerprint),
}

impl MemoryDedupe {
    /// Events remembered by default.
    pub const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

    /// The most events to reserve room for.
    const RESERVED: usize = 1 << 20;

    /// A store that remembers the `capacity` events handled last.
    ///
    /// It reserves room for up to 1,048,576 events at once, so that no usual size grows while
    /// requests wait. The system provides most of that room on first use.
    pub fn bounded(capacity: NonZeroUsize) -> Self {
        let reserved = capacity.get().min(Self::RESERVED);
        Self(Mutex::new(State {
            // Twice the room: a table more than half full grows where it only had to clear away
            // what was removed.
            events: HashMap::with_capacity(2 * reserved),
            finished: VecDeque::with_capacity(reserved),
            remembered: 0,
            capacity: capacity.get(),
            fence: 0,
        }))
    }

    /// How many finished events it remembers now.
    pub fn len(&self) -> usize {
        self.lock().remembered
    }

    /// Whether it remembers no finished event.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryDedupe {
    fn default() -> Self {
        Self::bounded(Self::DEFAULT_CAPACITY)
    }
}

impl fmt::Debug for MemoryDedupe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("MemoryDedupe")
            .field("capacity", &state.capacity)
            .field("done", &state.remembered)
            .field("claimed", &(state.events.len() - state.remembered))
            .finish()
    }
}

impl State {
    fn claim(&mut self, key: KeyHash, token: Token, now: Instant, lease: Duration) -> Claim {
        if let Some(event) = self.events.get(&key) {
            let left = event.until.saturating_duration_since(now);
            match event.status {
                _ if left.is_zero() => {}
                Status::Claimed(holder) if holder == token => {}
                Status::Claimed(_) => return Claim::InFlight { lease_left: left },
                Status::Done(fingerprint) => {
                    return Claim::Done {
                        fingerprint: Some(fingerprint),
                    };
                }
            }
        }
        self.fence += 1;
        let fence = Fence(self.fence);
        let claimed = Event {
            status: Status::Claimed(token),
            until: later(now, lease),
            fence,
        };
        if let Some(before) = self.events.insert(key, claimed) {
            self.remembered -= usize::from(before.is_done());
        }
        Claim::Acquired { fence: Some(fence) }
    }

    /// The claim of `token`. One whose lease is over still counts until another claims the event:
    /// its work may be done, and to forget it would do the work again.
    fn held(&mut self, key: KeyHash, token: Token) -> Option<&mut Event> {
        let event = self.events.get_mut(&key)?;
        matches!(event.status, Status::Claimed(holder) if holder == token).then_some(event)
    }

    fn extend(&mut self, key: KeyHash, token: Token, until: Instant) -> Ownership {
        let Some(event) = self.held(key, token) else {
            return Ownership::Lost;
        };
        event.until = until;
        Ownership::Held
    }

    fn finish(
        &mut self,
        key: KeyHash,
        token: Token,
        fingerprint: Fingerprint,
        until: Instant,
    ) -> Ownership {
        let Some(event) = self.held(key, token) else {
            return Ownership::Lost;
        };
        event.status = Status::Done(fingerprint);
        event.until = until;
        let fence = event.fence;
        self.remembered += 1;
        // Before the push, so that the queue keeps to the room that was reserved.
        if self.finished.len() == self.capacity {
            self.forget_oldest();
        }
        self.finished.push_back((key, fence));
        Ownership::Held
    }

    fn release(&mut self, key: KeyHash, token: Token) -> Ownership {
        if self.held(key, token).is_none() {
            return Ownership::Lost;
        }
        self.events.remove(&key);
        Ownership::Held
    }

    /// Forgets the run that finished longest ago, and its event unless that was claimed anew since.
    fn forget_oldest(&mut self) {
        let Some((key, fence)) = self.finished.pop_front() else {
            return;
        };
        if self
            .events
            .get(&key)
            .is_some_and(|event| event.fence == fence)
        {
            self.events.remove(&key);
            self.remembered -= 1;
        }
    }
}

impl Event {
    fn is_done(&self) -> bool {
        matches!(self.status, Status::Done(_))
    }
}

/// A caller may pass any duration, and `Instant` panics when it overflows.
fn later(now: Instant, after: Duration) -> Instant {
    now + after.min(Timing::LONGEST)
}

/// The steps without a future.
impl MemoryDedupe {
    pub(crate) fn claim_now(&self, key: KeyHash, token: Token, lease: Duration) -> Claim {
        self.lock().claim(key, token, Instant::now(), lease)
    }

    pub(crate) fn extend_now(&self, key: KeyHash, token: Token, lease: Duration) -> Ownership {
        self.lock().extend(key, token, later(Instant::now(), lease))
    }

    pub(crate) fn finish_now(
        &self,
        key: KeyHash,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Ownership {
        let until = later(Instant::now(), retention);
        self.lock().finish(key, token, fingerprint, until)
    }

    pub(crate) fn release_now(&self, key: KeyHash, token: Token) -> Ownership {
        self.lock().release(key, token)
    }
}

impl DedupeStore for MemoryDedupe {
    fn claim(
        &self,
        key: &EventKey,
        token: Token,
        _fingerprint: Fingerprint,
        lease: Duration,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send {
        ready(Ok(self.claim_now(key.into(), token, lease)))
    }

    fn extend(
        &self,
        key: &EventKey,
        token: Token,
        lease: Duration,
    ) -> impl Future<Output = Result<Ownership, StoreError>> + Send {
        ready(Ok(self.extend_now(key.into(), token, lease)))
    }

    fn finish(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> impl Future<Output = Result<Ownership, StoreError>> + Send {
        ready(Ok(self.finish_now(
            key.into(),
            token,
            fingerprint,
            retention,
        )))
    }

    fn release(
        &self,
        key: &EventKey,
        token: Token,
    ) -> impl Future<Output = Result<Ownership, StoreError>> + Send {
        ready(Ok(self.release_now(key.into(), token)))
    }
}
