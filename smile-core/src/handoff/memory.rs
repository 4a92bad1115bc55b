//! The store that needs nothing: this process's memory.

use std::{
    collections::VecDeque,
    fmt,
    future::{Future, ready},
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hashbrown::{HashTable, hash_table::Entry};
use tokio::time::Instant;

use super::key::KeyDigest;
use crate::{Claim, DedupeStore, DeliveryKey, Fence, Fingerprint, Held, StoreError, Token};

#[cfg(test)]
mod tests;

/// Remembers events in memory: the default.
///
/// Bounded: it keeps the [`capacity`](Self::bounded) events handled last and at most one in 32 more,
/// and forgets the oldest for new ones. Claims in flight are never forgotten for room; there are at
/// most as many as handlers running. What it remembers ends with the process, and every process
/// remembers for itself: with several replicas, use one of the stores of `smile-store`.
///
/// One event takes about 80 bytes, as of its key it keeps 128 bits of a hash under a secret of the
/// process: the default capacity of 100,000 about 8 MB, when full.
pub struct MemoryDedupe(Mutex<State>);

/// An event has a slot from its claim until it is forgotten.
struct State {
    slots: Vec<Slot>,
    /// Slots without an event.
    free: Vec<u32>,
    /// The slot of each event.
    by_key: HashTable<u32>,
    /// The slots of events that are done, the oldest first. An event that was over and was claimed
    /// anew has another slot since.
    done: VecDeque<u32>,
    capacity: usize,
    /// Events that are forgotten at a time: to find several waits for memory once.
    batch: usize,
    fence: u64,
}

/// In one cache line.
#[repr(align(64))]
struct Slot {
    key: KeyDigest,
    until: Instant,
    event: Event,
}

#[derive(Clone, Copy)]
enum Event {
    Claimed(Token),
    Done(Fingerprint),
}

impl MemoryDedupe {
    /// Events remembered by default.
    pub const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

    /// A store that remembers the `capacity` events handled last; at most 4,294,965,247.
    ///
    /// Room for all of them is taken here, so that nothing has to be rebuilt while requests wait;
    /// the system gives most of it when it is first used.
    pub fn bounded(capacity: NonZeroUsize) -> Self {
        Self(Mutex::new(State::bounded(capacity.get())))
    }

    /// How many finished events are remembered now.
    pub fn len(&self) -> usize {
        self.lock().remembered()
    }

    /// Whether no finished event is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
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
            .field("done", &state.remembered())
            .field("claimed", &state.claimed())
            .finish()
    }
}

impl State {
    /// Claims that there is room for besides, before anything has to be rebuilt.
    const IN_FLIGHT: usize = 1024;

    fn bounded(capacity: usize) -> Self {
        let most: usize = u32::MAX.try_into().unwrap_or(usize::MAX);
        let capacity = capacity.min(most - 2 * Self::IN_FLIGHT);
        let batch = (capacity / 32).clamp(1, 16);
        let slots = capacity + batch + Self::IN_FLIGHT;
        Self {
            slots: Vec::with_capacity(slots),
            free: Vec::with_capacity(batch + Self::IN_FLIGHT),
            by_key: HashTable::with_capacity(slots),
            done: VecDeque::with_capacity(capacity + batch),
            capacity,
            batch,
            fence: 0,
        }
    }

    fn claimed(&self) -> usize {
        self.slots.len() - self.free.len() - self.done.len()
    }

    fn remembered(&self) -> usize {
        self.by_key.len() - self.claimed()
    }

    #[inline]
    fn find(&self, key: KeyDigest) -> Option<u32> {
        let is_it = |slot: &u32| self.slots[index(*slot)].key == key;
        self.by_key.find(key.for_table(), is_it).copied()
    }

    /// The claim's slot, where `token` is its own. A lease that is over still counts while nobody
    /// else has claimed: the work is done, and forgetting it would have it done again.
    #[inline]
    fn find_held(&self, key: KeyDigest, token: Token) -> Option<u32> {
        self.find(key).filter(|slot| {
            matches!(self.slots[index(*slot)].event, Event::Claimed(holder) if holder == token)
        })
    }

    #[inline]
    fn claim(&mut self, key: KeyDigest, token: Token, now: Instant, lease: Duration) -> Claim {
        let claim = Slot {
            key,
            until: now + lease,
            event: Event::Claimed(token),
        };
        let Self {
            slots,
            free,
            by_key,
            ..
        } = self;
        let is_it = |slot: &u32| slots[index(*slot)].key == key;
        let for_table = |slot: &u32| slots[index(*slot)].key.for_table();
        match by_key.entry(key.for_table(), is_it, for_table) {
            Entry::Vacant(vacant) => {
                vacant.insert(take_slot(slots, free, claim));
            }
            Entry::Occupied(mut found) => {
                let slot = &mut slots[index(*found.get())];
                let left = slot.until.saturating_duration_since(now);
                match slot.event {
                    Event::Claimed(holder) if holder == token || left.is_zero() => *slot = claim,
                    Event::Claimed(_) => return Claim::InFlight { lease_left: left },
                    Event::Done(fingerprint) if !left.is_zero() => {
                        return Claim::Done {
                            fingerprint: Some(fingerprint),
                        };
                    }
                    // Its slot is freed in its turn, and until then says nothing.
                    Event::Done(_) => *found.get_mut() = take_slot(slots, free, claim),
                }
            }
        }
        self.fence += 1;
        Claim::Acquired {
            fence: Some(Fence(self.fence)),
        }
    }

    fn extend(&mut self, key: KeyDigest, token: Token, until: Instant) -> Held {
        let Some(slot) = self.find_held(key, token) else {
            return Held::Lost;
        };
        self.slots[index(slot)].until = until;
        Held::Held
    }

    #[inline]
    fn finish(&mut self, token: Token, done: Slot) -> Held {
        let Some(slot) = self.find_held(done.key, token) else {
            return Held::Lost;
        };
        self.slots[index(slot)] = done;
        self.done.push_back(slot);
        if self.done.len() >= self.capacity + self.batch {
            self.forget_oldest();
        }
        Held::Held
    }

    fn release(&mut self, key: KeyDigest, token: Token) -> Held {
        let Some(slot) = self.find_held(key, token) else {
            return Held::Lost;
        };
        self.forget(slot);
        self.free.push(slot);
        Held::Held
    }

    /// Forgets the event in a slot, unless it has another by now.
    fn forget(&mut self, slot: u32) {
        let for_table = self.slots[index(slot)].key.for_table();
        if let Ok(entry) = self.by_key.find_entry(for_table, |other| *other == slot) {
            entry.remove();
        }
    }

    #[cold]
    fn forget_oldest(&mut self) {
        for _ in 0..self.batch {
            if let Some(slot) = self.done.pop_front() {
                self.forget(slot);
                self.free.push(slot);
            }
        }
    }
}

/// A slot with this event.
#[inline]
fn take_slot(slots: &mut Vec<Slot>, free: &mut Vec<u32>, event: Slot) -> u32 {
    if let Some(slot) = free.pop() {
        slots[index(slot)] = event;
        return slot;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::as_conversions,
        reason = "no machine runs so many handlers besides"
    )]
    let slot = slots.len() as u32;
    slots.push(event);
    slot
}

#[inline]
fn index(slot: u32) -> usize {
    #[expect(clippy::as_conversions, reason = "it was one")]
    let index = slot as usize;
    index
}

/// Each step at once, without a future.
impl MemoryDedupe {
    #[inline]
    pub(crate) fn claim_now(&self, key: KeyDigest, token: Token, lease: Duration) -> Claim {
        self.lock().claim(key, token, Instant::now(), lease)
    }

    pub(crate) fn extend_now(&self, key: KeyDigest, token: Token, lease: Duration) -> Held {
        self.lock().extend(key, token, Instant::now() + lease)
    }

    #[inline]
    pub(crate) fn finish_now(
        &self,
        key: KeyDigest,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Held {
        let done = Slot {
            key,
            until: Instant::now() + retention,
            event: Event::Done(fingerprint),
        };
        self.lock().finish(token, done)
    }

    pub(crate) fn release_now(&self, key: KeyDigest, token: Token) -> Held {
        self.lock().release(key, token)
    }
}

impl DedupeStore for MemoryDedupe {
    fn claim(
        &self,
        key: &DeliveryKey,
        token: Token,
        _fingerprint: Fingerprint,
        lease: Duration,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send {
        ready(Ok(self.claim_now(key.into(), token, lease)))
    }

    fn extend(
        &self,
        key: &DeliveryKey,
        token: Token,
        lease: Duration,
    ) -> impl Future<Output = Result<Held, StoreError>> + Send {
        ready(Ok(self.extend_now(key.into(), token, lease)))
    }

    fn finish(
        &self,
        key: &DeliveryKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> impl Future<Output = Result<Held, StoreError>> + Send {
        ready(Ok(self.finish_now(
            key.into(),
            token,
            fingerprint,
            retention,
        )))
    }

    fn release(
        &self,
        key: &DeliveryKey,
        token: Token,
    ) -> impl Future<Output = Result<Held, StoreError>> + Send {
        ready(Ok(self.release_now(key.into(), token)))
    }
}
