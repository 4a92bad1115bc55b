//! The store that needs nothing: this process's memory.

use std::{
    collections::VecDeque,
    fmt,
    future::{Future, ready},
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hashbrown::HashTable;
use tokio::time::Instant;

use super::key::KeyDigest;
use crate::{Claim, DedupeStore, DeliveryKey, Fence, Fingerprint, Held, StoreError, Token};

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

    fn find(&self, key: KeyDigest) -> Option<u32> {
        let is_it = |slot: &u32| self.slots[index(*slot)].key == key;
        self.by_key.find(key.for_table(), is_it).copied()
    }

    /// The claim's slot, where `token` is its own. A lease that is over still counts while nobody
    /// else has claimed: the work is done, and forgetting it would have it done again.
    fn find_held(&self, key: KeyDigest, token: Token) -> Option<u32> {
        self.find(key).filter(|slot| {
            matches!(self.slots[index(*slot)].event, Event::Claimed(holder) if holder == token)
        })
    }

    fn claim(&mut self, key: KeyDigest, token: Token, now: Instant, lease: Duration) -> Claim {
        let claim = Slot {
            key,
            until: now + lease,
            event: Event::Claimed(token),
        };
        if let Some(found) = self.find(key) {
            let slot = &mut self.slots[index(found)];
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
                    self.forget(found);
                    self.add(claim);
                }
            }
        } else {
            self.add(claim);
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

    /// Adds an event that is not there.
    fn add(&mut self, event: Slot) {
        let key = event.key;
        let slot = if let Some(free) = self.free.pop() {
            self.slots[index(free)] = event;
            free
        } else {
            self.slots.push(event);
            last(&self.slots)
        };
        let Self { by_key, slots, .. } = self;
        let for_table = |slot: &u32| slots[index(*slot)].key.for_table();
        by_key.insert_unique(key.for_table(), slot, for_table);
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

fn last(slots: &[Slot]) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::as_conversions,
        reason = "no machine runs so many handlers besides"
    )]
    let last = (slots.len() - 1) as u32;
    last
}

fn index(slot: u32) -> usize {
    #[expect(clippy::as_conversions, reason = "it was one")]
    let index = slot as usize;
    index
}

/// Each step at once, without a future.
impl MemoryDedupe {
    pub(crate) fn claim_now(&self, key: KeyDigest, token: Token, lease: Duration) -> Claim {
        self.lock().claim(key, token, Instant::now(), lease)
    }

    pub(crate) fn extend_now(&self, key: KeyDigest, token: Token, lease: Duration) -> Held {
        self.lock().extend(key, token, Instant::now() + lease)
    }

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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn digest(key: &str) -> KeyDigest {
        KeyDigest::from(&DeliveryKey::new(key))
    }

    async fn done(store: &MemoryDedupe, id: &str) {
        let (key, token) = (DeliveryKey::new(id), Token::unique());
        let print = Fingerprint::default();
        let claim = store
            .claim(&key, token, print, Duration::from_secs(15))
            .await
            .unwrap();
        assert!(matches!(claim, Claim::Acquired { .. }), "{id}: {claim:?}");
        let held = store
            .finish(&key, token, print, Duration::from_secs(60))
            .await
            .unwrap();
        assert_eq!(held, Held::Held, "{id}");
    }

    async fn is_done(store: &MemoryDedupe, id: &str) -> bool {
        let (key, token) = (DeliveryKey::new(id), Token::unique());
        let lease = Duration::from_secs(15);
        let claim = store
            .claim(&key, token, Fingerprint::default(), lease)
            .await
            .unwrap();
        let _ = store.release(&key, token).await.unwrap();
        matches!(claim, Claim::Done { .. })
    }

    #[tokio::test]
    async fn when_full_the_newest_are_remembered_and_the_oldest_forgotten() {
        let store = MemoryDedupe::bounded(NonZeroUsize::new(1000).unwrap());
        for n in 0..5000 {
            done(&store, &format!("et-{n}")).await;
        }
        assert!((1000..=1030).contains(&store.len()), "{}", store.len());
        assert!(!is_done(&store, "et-3969").await);
        for n in 4000..5000 {
            assert!(is_done(&store, &format!("et-{n}")).await, "et-{n}");
        }
    }

    #[tokio::test]
    async fn an_event_handled_anew_is_not_forgotten_with_its_earlier_run() {
        let store = MemoryDedupe::bounded(NonZeroUsize::new(3).unwrap());
        let (key, token) = (digest("et-1"), Token::unique());
        let print = Fingerprint::default();
        store.claim_now(key, token, Duration::from_secs(15));
        assert_eq!(
            store.finish_now(key, token, print, Duration::ZERO),
            Held::Held
        );
        done(&store, "et-1").await;
        assert_eq!(
            store.len(),
            1,
            "the earlier run is not remembered beside it"
        );
        done(&store, "et-2").await;
        done(&store, "et-3").await;
        assert_eq!(store.len(), 3);
        for id in ["et-1", "et-2", "et-3"] {
            assert!(is_done(&store, id).await, "{id}");
        }
        done(&store, "et-4").await;
        assert!(!is_done(&store, "et-1").await);
    }

    #[tokio::test]
    #[ignore = "takes a while: 1,100,000 events"]
    async fn a_million_events_take_what_is_documented_and_the_newest_are_remembered() {
        let before = resident();
        let store = MemoryDedupe::bounded(NonZeroUsize::new(1_000_000).unwrap());
        let id = |n: u32| format!("smile-api:default::et-{n:032x}");
        for n in 0..1_100_000 {
            done(&store, &id(n)).await;
        }
        let each = (resident() - before) * 1024 / 1_000_000;
        println!("{each} bytes for each event");
        assert!(each <= 80, "{each} bytes for each event");
        assert!((1_000_000..=1_000_030).contains(&store.len()));
        for n in 100_000..1_100_000 {
            assert!(store.lock().find(digest(&id(n))).is_some(), "{n}");
        }
    }

    /// Resident memory in KiB.
    fn resident() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    #[tokio::test]
    async fn claims_in_flight_are_not_forgotten_for_room() {
        let store = MemoryDedupe::bounded(NonZeroUsize::MIN);
        let lease = Duration::from_secs(15);
        let held: Vec<_> = (0..3000)
            .map(|n| (digest(&format!("held-{n}")), Token::unique()))
            .collect();
        for (key, token) in &held {
            store.claim_now(*key, *token, lease);
        }
        for n in 0..100 {
            done(&store, &format!("et-{n}")).await;
        }
        assert_eq!(store.len(), 1);
        for (key, token) in &held {
            let again = store.claim_now(*key, Token::unique(), lease);
            assert!(matches!(again, Claim::InFlight { .. }), "{again:?}");
            assert_eq!(store.release_now(*key, *token), Held::Held);
        }
        assert!(store.lock().claimed() == 0);
        assert!(is_done(&store, "et-99").await);
    }

    /// What a store is to know, kept in the plainest way.
    #[derive(Default)]
    struct Plain {
        events: HashMap<u8, (u32, Kept)>,
        /// Keys and the turns in which they were done, the oldest first.
        done: VecDeque<(u8, usize)>,
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Kept {
        Claimed(usize),
        Done { turn: usize },
    }

    impl Plain {
        const CAPACITY: usize = 3;

        /// What `holder` is told.
        fn claim(&mut self, key: u8, holder: usize, now: u32, until: u32) -> &'static str {
            match self.events.get(&key) {
                Some((over, Kept::Claimed(other))) if *over > now && *other != holder => {
                    "in flight"
                }
                Some((over, Kept::Done { .. })) if *over > now => "done",
                _ => {
                    self.events.insert(key, (until, Kept::Claimed(holder)));
                    "acquired"
                }
            }
        }

        fn holds(&self, key: u8, holder: usize) -> bool {
            matches!(self.events.get(&key), Some((_, Kept::Claimed(other))) if *other == holder)
        }

        fn finish(&mut self, key: u8, turn: usize, until: u32) {
            self.events.insert(key, (until, Kept::Done { turn }));
            self.done.push_back((key, turn));
            if self.done.len() > Self::CAPACITY {
                let (oldest, then) = self.done.pop_front().unwrap();
                let is_that = |(_, kept): &(u32, Kept)| *kept == Kept::Done { turn: then };
                if self.events.get(&oldest).is_some_and(is_that) {
                    self.events.remove(&oldest);
                }
            }
        }

        fn claimed(&self) -> usize {
            let claimed = |(_, kept): &&(u32, Kept)| matches!(kept, Kept::Claimed(_));
            self.events.values().filter(claimed).count()
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Claim,
        Extend,
        Finish,
        Release,
    }

    proptest! {
        #[test]
        fn it_knows_what_the_plainest_store_would(
            steps in vec((select(&STEPS), 0..6u8, 0..3usize, 0..4u32), 0..200)
        ) {
            let mut state = State::bounded(Plain::CAPACITY);
            let mut plain = Plain::default();
            let keys = [0, 1, 2, 3, 4, 5].map(|n: u8| digest(&n.to_string()));
            let tokens = [(); 3].map(|()| Token::unique());
            let start = Instant::now();
            let at = |seconds: u32| start + Duration::from_secs(seconds.into());
            let mut now = 0;
            for (turn, (step, n, holder, passes)) in steps.into_iter().enumerate() {
                now += passes;
                let until = now + 5;
                let (key, token) = (keys[usize::from(n)], tokens[holder]);
                let holds = if plain.holds(n, holder) { Held::Held } else { Held::Lost };
                match step {
                    Step::Claim => {
                        let claim = state.claim(key, token, at(now), at(until) - at(now));
                        let told = match claim {
                            Claim::Acquired { .. } => "acquired",
                            Claim::InFlight { .. } => "in flight",
                            Claim::Done { .. } => "done",
                        };
                        prop_assert_eq!(told, plain.claim(n, holder, now, until));
                    }
                    Step::Extend => {
                        prop_assert_eq!(state.extend(key, token, at(until)), holds);
                        if holds == Held::Held {
                            plain.events.insert(n, (until, Kept::Claimed(holder)));
                        }
                    }
                    Step::Finish => {
                        let event = Event::Done(Fingerprint::default());
                        let done = Slot { key, until: at(until), event };
                        prop_assert_eq!(state.finish(token, done), holds);
                        if holds == Held::Held {
                            plain.finish(n, turn, until);
                        }
                    }
                    Step::Release => {
                        prop_assert_eq!(state.release(key, token), holds);
                        if holds == Held::Held {
                            plain.events.remove(&n);
                        }
                    }
                }
                prop_assert_eq!(state.claimed(), plain.claimed());
                prop_assert_eq!(state.by_key.len(), plain.events.len());
            }
        }
    }

    const STEPS: [Step; 6] = [
        Step::Claim,
        Step::Claim,
        Step::Extend,
        Step::Finish,
        Step::Finish,
        Step::Release,
    ];
}
