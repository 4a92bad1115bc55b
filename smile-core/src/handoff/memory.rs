//! The store that needs nothing: this process's memory.

use std::{
    fmt,
    future::{Future, ready},
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use lru::LruCache;
use tokio::time::Instant;

use super::key::ByKey;
use crate::{Claim, DedupeStore, DeliveryKey, Fence, Fingerprint, Held, StoreError, Token};

/// Remembers events in memory: the default.
///
/// Bounded: it keeps the [`capacity`](Self::bounded) events used last, and forgets the oldest for a
/// new one. Claims in flight come on top of these and are never forgotten for room; there are at
/// most as many as handlers running. What it remembers ends with the process, and every process
/// remembers for itself: with several replicas, use one of the stores of `smile-store`.
///
/// One event takes about 200 bytes: the default capacity of 100,000 about 20 MB, when full.
pub struct MemoryDedupe(Mutex<State>);

struct State {
    /// Those used last in front. One place for an event from its claim on, so that to finish is to
    /// change what stands there.
    events: LruCache<DeliveryKey, Event, ByKey>,
    claimed: usize,
    /// Of those that are done.
    capacity: usize,
    fence: u64,
}

struct Event {
    until: Instant,
    state: EventState,
}

#[derive(Clone, Copy)]
enum EventState {
    Claimed(Token),
    Done(Fingerprint),
}

impl MemoryDedupe {
    /// Events remembered by default.
    pub const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

    /// A store that remembers the `capacity` events used last.
    ///
    /// Room for the table of keys (about 17 bytes an event) is taken here, so that it need not be
    /// rebuilt while requests wait.
    pub fn bounded(capacity: NonZeroUsize) -> Self {
        let room = capacity.saturating_add(State::ROOM_FOR_CLAIMS);
        Self(Mutex::new(State {
            events: LruCache::with_hasher(room, ByKey::default()),
            claimed: 0,
            capacity: capacity.get(),
            fence: 0,
        }))
    }

    /// How many finished events are remembered now.
    pub fn len(&self) -> usize {
        self.lock().done()
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
            .field("done", &state.done())
            .field("claimed", &state.claimed)
            .finish()
    }
}

impl State {
    /// Claims at one time for which the table has room from the beginning.
    const ROOM_FOR_CLAIMS: usize = 1024;

    fn done(&self) -> usize {
        self.events.len() - self.claimed
    }

    fn claim(&mut self, key: &DeliveryKey, token: Token, now: Instant, lease: Duration) -> Claim {
        let claim = Event {
            until: now + lease,
            state: EventState::Claimed(token),
        };
        match self.events.get_mut(key) {
            Some(event) => match event.state {
                EventState::Done(fingerprint) if event.until > now => {
                    return Claim::Done {
                        fingerprint: Some(fingerprint),
                    };
                }
                EventState::Claimed(other) if event.until > now && other != token => {
                    return Claim::InFlight {
                        lease_left: event.until - now,
                    };
                }
                was => {
                    *event = claim;
                    self.claimed += usize::from(matches!(was, EventState::Done(_)));
                }
            },
            None => {
                // The cache would forget its oldest, be it a claim.
                if self.events.len() == self.events.cap().get() {
                    let double = self
                        .events
                        .cap()
                        .saturating_mul(NonZeroUsize::MIN.saturating_add(1));
                    self.events.resize(double);
                }
                self.events.put(key.clone(), claim);
                self.claimed += 1;
            }
        }
        self.fence += 1;
        Claim::Acquired {
            fence: Some(Fence(self.fence)),
        }
    }

    /// The event, where `token` is that of its claim. A lease that is over still counts while
    /// nobody else has claimed: the work is done, and forgetting it would have it done again.
    fn held(&mut self, key: &DeliveryKey, token: Token) -> Option<&mut Event> {
        self.events
            .get_mut(key)
            .filter(|event| matches!(event.state, EventState::Claimed(own) if own == token))
    }

    fn finish(&mut self, key: &DeliveryKey, token: Token, done: Event) -> Held {
        let Some(event) = self.held(key, token) else {
            return Held::Lost;
        };
        *event = done;
        self.claimed -= 1;
        while self.done() > self.capacity {
            if let Some((key, oldest)) = self.events.pop_lru()
                && matches!(oldest.state, EventState::Claimed(_))
            {
                self.events.put(key, oldest);
            }
        }
        Held::Held
    }

    fn release(&mut self, key: &DeliveryKey, token: Token) -> Held {
        if self.held(key, token).is_none() {
            return Held::Lost;
        }
        self.events.pop(key);
        self.claimed -= 1;
        Held::Held
    }
}

/// Each step at once, without a future.
impl MemoryDedupe {
    pub(crate) fn claim_now(&self, key: &DeliveryKey, token: Token, lease: Duration) -> Claim {
        self.lock().claim(key, token, Instant::now(), lease)
    }

    pub(crate) fn extend_now(&self, key: &DeliveryKey, token: Token, lease: Duration) -> Held {
        self.lock().held(key, token).map_or(Held::Lost, |event| {
            event.until = Instant::now() + lease;
            Held::Held
        })
    }

    pub(crate) fn finish_now(
        &self,
        key: &DeliveryKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Held {
        let done = Event {
            until: Instant::now() + retention,
            state: EventState::Done(fingerprint),
        };
        self.lock().finish(key, token, done)
    }

    pub(crate) fn release_now(&self, key: &DeliveryKey, token: Token) -> Held {
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
        ready(Ok(self.claim_now(key, token, lease)))
    }

    fn extend(
        &self,
        key: &DeliveryKey,
        token: Token,
        lease: Duration,
    ) -> impl Future<Output = Result<Held, StoreError>> + Send {
        ready(Ok(self.extend_now(key, token, lease)))
    }

    fn finish(
        &self,
        key: &DeliveryKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> impl Future<Output = Result<Held, StoreError>> + Send {
        ready(Ok(self.finish_now(key, token, fingerprint, retention)))
    }

    fn release(
        &self,
        key: &DeliveryKey,
        token: Token,
    ) -> impl Future<Output = Result<Held, StoreError>> + Send {
        ready(Ok(self.release_now(key, token)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(store.len(), 1000);
        assert!(!is_done(&store, "et-3999").await);
        for n in 4000..5000 {
            assert!(is_done(&store, &format!("et-{n}")).await, "et-{n}");
        }
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
        assert!(each <= 250, "{each} bytes for each event");
        assert_eq!(store.len(), 1_000_000);
        for n in 100_000..1_100_000 {
            let key = DeliveryKey::new(&id(n));
            assert!(store.lock().events.contains(&key), "{n}");
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
        // More than the table has room for at first.
        let held: Vec<_> = (0..3000)
            .map(|n| (DeliveryKey::new(&format!("held-{n}")), Token::unique()))
            .collect();
        for (key, token) in &held {
            store.claim_now(key, *token, lease);
        }
        for n in 0..100 {
            done(&store, &format!("et-{n}")).await;
        }
        assert_eq!(store.len(), 1);
        for (key, token) in &held {
            let again = store.claim_now(key, Token::unique(), lease);
            assert!(matches!(again, Claim::InFlight { .. }), "{again:?}");
            assert_eq!(store.release_now(key, *token), Held::Held);
        }
        assert_eq!(store.lock().claimed, 0);
        assert!(is_done(&store, "et-99").await);
    }
}
