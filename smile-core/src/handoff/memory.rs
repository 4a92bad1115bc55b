//! The store that needs nothing: this process's memory.

use std::{
    fmt,
    future::{Future, ready},
    hint::black_box,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use self::{
    places::Places,
    slots::{Event, Moved, Slot, Slots},
};
use super::{
    key::{DigestSecret, KeyDigest, Part},
    moment::Moment,
};
use crate::{Claim, DedupeStore, DeliveryKey, Fence, Fingerprint, Held, StoreError, Token};

mod places;
mod slots;
#[cfg(test)]
mod tests;

/// Remembers events in memory: the default.
///
/// Bounded: it keeps the [`capacity`](Self::bounded) events handled last and at most one in 32 more,
/// and forgets the oldest for new ones. Claims in flight are never forgotten for room; there are at
/// most as many as handlers running. What it remembers ends with the process, and every process
/// remembers for itself: with several replicas, use one of the stores of `smile-store`.
///
/// One event takes 80 to 96 bytes, as of its key it keeps 128 bits of a hash under a secret of the
/// process: the default capacity of 100,000 about 9 MB, when full.
// Begins a cache line: all that is in here is needed with every claim.
#[repr(align(64))]
pub struct MemoryDedupe {
    /// The one of the process, near to what it is used with.
    secret: DigestSecret,
    state: Mutex<State>,
}

/// An event has a slot from its claim until it is forgotten. One that was over and was claimed anew
/// has another slot since, and the first is freed in its turn.
struct State {
    slots: Slots,
    /// The slot of each event.
    by_key: Places,
    capacity: usize,
    fence: u64,
}

impl MemoryDedupe {
    /// Events remembered by default.
    pub const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

    /// A store that remembers the `capacity` events handled last; at most 1,073,741,824.
    ///
    /// Room for all of them is taken here, so that nothing has to be rebuilt while requests wait;
    /// the system gives most of it when it is first used.
    pub fn bounded(capacity: NonZeroUsize) -> Self {
        Self {
            secret: DigestSecret::of_process(),
            state: Mutex::new(State::bounded(capacity.get(), State::IN_FLIGHT)),
        }
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
            .field("claimed", &state.slots.claimed())
            .finish()
    }
}

impl State {
    const MOST: u32 = 1 << 30;
    /// Claims that there is room for besides, before anything has to be rebuilt.
    const IN_FLIGHT: u32 = 1024;
    /// Events that are forgotten at a time: to find several waits for memory once.
    const AT_A_TIME: usize = 16;

    fn bounded(capacity: usize, in_flight: u32) -> Self {
        let capacity = u32::try_from(capacity).map_or(Self::MOST, |n| n.min(Self::MOST));
        let capacity = index(capacity);
        let slots = capacity + Self::at_a_time(capacity) + index(in_flight);
        Self {
            slots: Slots::with_capacity(slots),
            by_key: Places::with_capacity(slots),
            capacity,
            fence: 0,
        }
    }

    #[inline]
    fn at_a_time(capacity: usize) -> usize {
        (capacity / 32).clamp(1, Self::AT_A_TIME)
    }

    fn remembered(&self) -> usize {
        self.by_key.len() - self.slots.claimed()
    }

    /// Where `by_key` has the event, or would have it.
    #[inline]
    fn find(&self, key: KeyDigest) -> Result<usize, usize> {
        let is_it = |slot| self.slots.get(slot).key == key;
        self.by_key.find(key.for_table(), is_it)
    }

    /// Where `by_key` has a claim, and its slot, where `token` is its own. A lease that is over still
    /// counts while nobody else has claimed: the work is done, and forgetting it would have it done
    /// again.
    #[inline]
    fn find_held(&self, key: KeyDigest, token: Token) -> Option<(usize, u32)> {
        let at = self.find(key).ok()?;
        let slot = self.by_key.get(at);
        let event = self.slots.get(slot).event;
        matches!(event, Event::Claimed(holder) if holder == token).then_some((at, slot))
    }

    /// Looks at what a claim needs. Each is far away, and what is looked at without a decision in
    /// between is waited for at once.
    #[inline]
    fn fetch(&self, key: KeyDigest) {
        let entry = self.by_key.peek(key.for_table());
        let slot = self.slots.next_free();
        black_box((entry, slot.map(|slot| slot.key)));
    }

    #[inline]
    fn claim(&mut self, key: KeyDigest, token: Token, now: Instant, lease: Duration) -> Claim {
        let claim = Slot {
            key,
            until: now + lease,
            event: Event::Claimed(token),
        };
        match self.find(key) {
            Err(at) => {
                let slot = self.put(claim);
                self.by_key.insert(at, key.for_table(), slot);
            }
            Ok(at) => {
                let slot = self.slots.get_mut(self.by_key.get(at));
                let left = slot.until.saturating_duration_since(now);
                match slot.event {
                    Event::Claimed(holder) if holder == token || left.is_zero() => *slot = claim,
                    Event::Claimed(_) => return Claim::InFlight { lease_left: left },
                    Event::Done(fingerprint) if !left.is_zero() => {
                        return Claim::Done {
                            fingerprint: Some(fingerprint),
                        };
                    }
                    Event::Done(_) => {
                        let slot = self.put(claim);
                        self.by_key.set(at, slot);
                    }
                }
            }
        }
        self.fence += 1;
        Claim::Acquired {
            fence: Some(Fence(self.fence)),
        }
    }

    /// A slot with this claim.
    #[inline]
    fn put(&mut self, claim: Slot) -> u32 {
        if self.slots.is_full() {
            self.grow();
        }
        self.slots.claim(claim)
    }

    #[cold]
    fn grow(&mut self) {
        let place = self.slots.grow();
        self.by_key.renumber(place);
    }

    fn extend(&mut self, key: KeyDigest, token: Token, until: Instant) -> Held {
        let Some((_, slot)) = self.find_held(key, token) else {
            return Held::Lost;
        };
        self.slots.get_mut(slot).until = until;
        Held::Held
    }

    #[inline]
    fn finish(&mut self, token: Token, done: Slot) -> Held {
        let Some((at, claimed)) = self.find_held(done.key, token) else {
            return Held::Lost;
        };
        let (slot, moved) = self.slots.finish(claimed, done);
        if let Some(moved) = moved {
            self.follow(moved);
            self.by_key.set(at, slot);
        }
        if self.slots.done() >= self.capacity + Self::at_a_time(self.capacity) {
            self.forget_oldest();
        }
        Held::Held
    }

    fn release(&mut self, key: KeyDigest, token: Token) -> Held {
        let Some((at, slot)) = self.find_held(key, token) else {
            return Held::Lost;
        };
        self.by_key.remove(at);
        if let Some(moved) = self.slots.release(slot) {
            self.follow(moved);
        }
        Held::Held
    }

    /// Has `by_key` follow a claim to another slot.
    fn follow(&mut self, Moved { hash, from, to }: Moved) {
        if let Ok(at) = self.by_key.find(hash, |slot| slot == from) {
            self.by_key.set(at, to);
        }
    }

    #[cold]
    fn forget_oldest(&mut self) {
        let count = Self::at_a_time(self.capacity);
        // As in `fetch`.
        let entries = self.slots.oldest(count);
        let entries = entries.map(|(_, slot)| self.by_key.peek(slot.key.for_table()));
        black_box(entries.fold(0, |all, entry| all ^ entry));
        for (place, slot) in self.slots.oldest(count) {
            // Nowhere, if the event has another slot by now.
            if let Ok(at) = self.by_key.find(slot.key.for_table(), |it| it == place) {
                self.by_key.remove(at);
            }
        }
        self.slots.forget(count);
    }
}

#[inline]
fn index(slot: u32) -> usize {
    #[expect(clippy::as_conversions, reason = "an index has 32 bits at least")]
    let index = slot as usize;
    index
}

/// Each step at once, without a future. What is known of the time is the caller's.
impl MemoryDedupe {
    #[inline]
    pub(crate) fn digest(&self, tenant: &str, part: &Part<'_>) -> KeyDigest {
        KeyDigest::of(self.secret, tenant, part)
    }

    #[inline]
    pub(crate) fn claim_at(
        &self,
        moment: Moment,
        key: KeyDigest,
        token: Token,
        lease: Duration,
    ) -> Claim {
        let mut state = self.lock();
        state.fetch(key);
        state.claim(key, token, moment.time(), lease)
    }

    pub(crate) fn extend_now(&self, key: KeyDigest, token: Token, lease: Duration) -> Held {
        let until = Moment::now().time() + lease;
        self.lock().extend(key, token, until)
    }

    #[inline]
    pub(crate) fn finish_at(
        &self,
        moment: Moment,
        key: KeyDigest,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Held {
        let done = Slot {
            key,
            until: moment.time() + retention,
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
        let claim = self.claim_at(Moment::UNKNOWN, key.into(), token, lease);
        ready(Ok(claim))
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
        let held = self.finish_at(Moment::UNKNOWN, key.into(), token, fingerprint, retention);
        ready(Ok(held))
    }

    fn release(
        &self,
        key: &DeliveryKey,
        token: Token,
    ) -> impl Future<Output = Result<Held, StoreError>> + Send {
        ready(Ok(self.release_now(key.into(), token)))
    }
}
