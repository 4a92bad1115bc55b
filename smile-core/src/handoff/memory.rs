//! The store that needs nothing: this process's memory.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    future::{Future, ready},
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hashbrown::HashTable;
use tokio::time::Instant;

use super::key::{ByKey, KeyDigest};
use crate::{Claim, DedupeStore, DeliveryKey, Fence, Fingerprint, Held, StoreError, Token};

/// Remembers events in memory: the default.
///
/// Bounded: it keeps the [`capacity`](Self::bounded) events handled last and at most one in 32 more,
/// and forgets the oldest for new ones. Claims in flight are kept apart and are never forgotten for
/// room; there are at most as many as handlers running. What it remembers ends with the process, and
/// every process remembers for itself: with several replicas, use one of the stores of
/// `smile-store`.
///
/// One event takes about 75 bytes, as of its key it keeps 128 bits of a hash under a secret of the
/// process: the default capacity of 100,000 about 7.5 MB, when full.
pub struct MemoryDedupe(Mutex<State>);

struct State {
    claimed: HashMap<KeyDigest, Claimed, ByKey>,
    done: Done,
    fence: u64,
}

#[derive(Clone, Copy)]
struct Claimed {
    token: Token,
    until: Instant,
}

/// Events in the order in which they were handled: in a ring, so that the place of the one to be
/// forgotten is that of the new one, and next to those of the last.
struct Done {
    ring: Vec<Event>,
    /// Places in the ring: a multiple of the batch.
    room: usize,
    /// Where the next event goes; the oldest event's place once the ring is full.
    next: usize,
    /// Events that are forgotten at a time: to find several waits for memory once.
    batch: usize,
    /// Where in the ring each event is that is remembered.
    places: HashTable<u32>,
}

/// In one cache line.
#[repr(align(64))]
struct Event {
    key: KeyDigest,
    until: Instant,
    fingerprint: Fingerprint,
}

impl MemoryDedupe {
    /// Events remembered by default.
    pub const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

    /// A store that remembers the `capacity` events handled last; at most 4,294,967,295.
    ///
    /// Room for all of them is taken here, so that nothing has to be rebuilt while requests wait;
    /// the system gives most of it when it is first used.
    pub fn bounded(capacity: NonZeroUsize) -> Self {
        Self(Mutex::new(State {
            claimed: HashMap::default(),
            done: Done::bounded(capacity),
            fence: 0,
        }))
    }

    /// How many finished events are remembered now.
    pub fn len(&self) -> usize {
        self.lock().done.places.len()
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
            .field("room", &state.done.room)
            .field("done", &state.done.places.len())
            .field("claimed", &state.claimed.len())
            .finish()
    }
}

impl Done {
    fn bounded(capacity: NonZeroUsize) -> Self {
        let largest = u32::MAX.try_into().unwrap_or(usize::MAX);
        let batch = (capacity.get() / 64).clamp(1, 16);
        // A batch is forgotten at once, and what is left is to be the capacity still.
        let room = capacity.get().saturating_add(2 * (batch - 1));
        let room = room.min(largest) / batch * batch;
        Self {
            ring: Vec::with_capacity(room),
            room,
            next: 0,
            batch,
            places: HashTable::with_capacity(room),
        }
    }

    fn get(&self, key: KeyDigest) -> Option<&Event> {
        let is_it = |place: &u32| self.ring[index(*place)].key == key;
        let place = self.places.find(key.for_table(), is_it)?;
        self.ring.get(index(*place))
    }

    /// Remembers one more, which is not there, and forgets the oldest if there is no room.
    fn push(&mut self, event: Event) {
        let (key, at) = (event.key, self.next);
        if at < self.ring.len() {
            if at.is_multiple_of(self.batch) {
                self.forget(at);
            }
            self.ring[at] = event;
        } else {
            self.ring.push(event);
        }
        self.next = if at + 1 == self.room { 0 } else { at + 1 };
        let Self { ring, places, .. } = self;
        let for_table = |place: &u32| ring[index(*place)].key.for_table();
        places.insert_unique(key.for_table(), place(at), for_table);
    }

    /// Forgets one event, which is over.
    #[cold]
    fn remove(&mut self, key: KeyDigest) {
        let is_it = |place: &u32| self.ring[index(*place)].key == key;
        if let Ok(entry) = self.places.find_entry(key.for_table(), is_it) {
            entry.remove();
        }
    }

    /// Forgets the batch of events that begins at this place of the ring.
    fn forget(&mut self, from: usize) {
        for (at, event) in self.ring.iter().enumerate().skip(from).take(self.batch) {
            // Not there, if it was over and was then handled anew.
            let found = self
                .places
                .find_entry(event.key.for_table(), |other| *other == place(at));
            if let Ok(entry) = found {
                entry.remove();
            }
        }
    }
}

fn place(index: usize) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::as_conversions,
        reason = "a ring has no more places"
    )]
    let place = index as u32;
    place
}

fn index(place: u32) -> usize {
    #[expect(clippy::as_conversions, reason = "it was one")]
    let index = place as usize;
    index
}

impl State {
    fn claim(&mut self, key: KeyDigest, token: Token, now: Instant, lease: Duration) -> Claim {
        match self.done.get(key) {
            Some(event) if event.until > now => {
                return Claim::Done {
                    fingerprint: Some(event.fingerprint),
                };
            }
            Some(_) => self.done.remove(key),
            None => {}
        }
        let claim = Claimed {
            token,
            until: now + lease,
        };
        let held = self.claimed.entry(key).or_insert(claim);
        if held.token != token && held.until > now {
            return Claim::InFlight {
                lease_left: held.until - now,
            };
        }
        *held = claim;
        self.fence += 1;
        Claim::Acquired {
            fence: Some(Fence(self.fence)),
        }
    }

    /// The claim, where `token` is its own. A lease that is over still counts while nobody else
    /// has claimed: the work is done, and forgetting it would have it done again.
    fn held(&mut self, key: KeyDigest, token: Token) -> Option<&mut Claimed> {
        self.claimed
            .get_mut(&key)
            .filter(|claimed| claimed.token == token)
    }

    fn release(&mut self, key: KeyDigest, token: Token) -> Held {
        match self.claimed.entry(key) {
            Entry::Occupied(claimed) if claimed.get().token == token => {
                claimed.remove();
                Held::Held
            }
            _ => Held::Lost,
        }
    }

    fn finish(&mut self, token: Token, event: Event) -> Held {
        let held = self.release(event.key, token);
        if held == Held::Held {
            self.done.push(event);
        }
        held
    }
}

/// Each step at once, without a future.
impl MemoryDedupe {
    pub(crate) fn claim_now(&self, key: KeyDigest, token: Token, lease: Duration) -> Claim {
        self.lock().claim(key, token, Instant::now(), lease)
    }

    pub(crate) fn extend_now(&self, key: KeyDigest, token: Token, lease: Duration) -> Held {
        self.lock().held(key, token).map_or(Held::Lost, |claimed| {
            claimed.until = Instant::now() + lease;
            Held::Held
        })
    }

    pub(crate) fn finish_now(
        &self,
        key: KeyDigest,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Held {
        let event = Event {
            key,
            until: Instant::now() + retention,
            fingerprint,
        };
        self.lock().finish(token, event)
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
            assert!(store.lock().done.get(digest(&id(n))).is_some(), "{n}");
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
        assert!(store.lock().claimed.is_empty());
        assert!(is_done(&store, "et-99").await);
    }
}
