//! The store that needs nothing: this process's memory.

use std::{
    collections::{HashMap, hash_map::Entry},
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
/// new one. Claims in flight are kept apart and are never forgotten for room; there are at most as
/// many as handlers running. What it remembers ends with the process, and every process remembers
/// for itself: with several replicas, use one of the stores of `smile-store`.
///
/// One event takes about 200 bytes: the default capacity of 100,000 about 20 MB, when full.
pub struct MemoryDedupe(Mutex<State>);

struct State {
    done: LruCache<DeliveryKey, Done, ByKey>,
    claimed: HashMap<DeliveryKey, Claimed, ByKey>,
    fence: u64,
}

struct Done {
    until: Instant,
    fingerprint: Fingerprint,
}

struct Claimed {
    token: Token,
    until: Instant,
}

impl MemoryDedupe {
    /// Events remembered by default.
    pub const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

    /// A store that remembers the `capacity` events used last.
    ///
    /// Room for the table of keys (about 17 bytes an event) is taken here, so that it never has to
    /// be rebuilt while requests wait.
    pub fn bounded(capacity: NonZeroUsize) -> Self {
        let done = LruCache::with_hasher(capacity, ByKey::default());
        Self(Mutex::new(State {
            done,
            claimed: HashMap::default(),
            fence: 0,
        }))
    }

    /// How many finished events are remembered now.
    pub fn len(&self) -> usize {
        self.lock().done.len()
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
            .field("capacity", &state.done.cap())
            .field("done", &state.done.len())
            .field("claimed", &state.claimed.len())
            .finish()
    }
}

impl State {
    fn claim(&mut self, key: &DeliveryKey, token: Token, now: Instant, lease: Duration) -> Claim {
        match self.done.get(key) {
            Some(done) if done.until > now => {
                return Claim::Done {
                    fingerprint: Some(done.fingerprint),
                };
            }
            Some(_) => {
                self.done.pop(key);
            }
            None => {}
        }
        let claim = Claimed {
            token,
            until: now + lease,
        };
        match self.claimed.entry(key.clone()) {
            Entry::Occupied(entry) if entry.get().until > now && entry.get().token != token => {
                return Claim::InFlight {
                    lease_left: entry.get().until - now,
                };
            }
            free => {
                free.insert_entry(claim);
            }
        }
        self.fence += 1;
        Claim::Acquired {
            fence: Some(Fence(self.fence)),
        }
    }

    /// The claim, where `token` is its own. A lease that is over still counts while nobody else
    /// has claimed: the work is done, and forgetting it would have it done again.
    fn held(&mut self, key: &DeliveryKey, token: Token) -> Option<&mut Claimed> {
        self.claimed
            .get_mut(key)
            .filter(|claimed| claimed.token == token)
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
        ready(Ok(self.lock().claim(key, token, Instant::now(), lease)))
    }

    fn extend(
        &self,
        key: &DeliveryKey,
        token: Token,
        lease: Duration,
    ) -> impl Future<Output = Result<Held, StoreError>> + Send {
        let held = self.lock().held(key, token).map_or(Held::Lost, |claimed| {
            claimed.until = Instant::now() + lease;
            Held::Held
        });
        ready(Ok(held))
    }

    fn finish(
        &self,
        key: &DeliveryKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> impl Future<Output = Result<Held, StoreError>> + Send {
        let mut state = self.lock();
        let mut held = Held::Lost;
        if state.held(key, token).is_some()
            && let Some((key, _)) = state.claimed.remove_entry(key)
        {
            let until = Instant::now() + retention;
            state.done.put(key, Done { until, fingerprint });
            held = Held::Held;
        }
        ready(Ok(held))
    }

    fn release(
        &self,
        key: &DeliveryKey,
        token: Token,
    ) -> impl Future<Output = Result<Held, StoreError>> + Send {
        let mut state = self.lock();
        let held = match state.held(key, token) {
            Some(_) => {
                state.claimed.remove(key);
                Held::Held
            }
            None => Held::Lost,
        };
        ready(Ok(held))
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
            assert!(store.lock().done.contains(&key), "{n}");
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
        let key = DeliveryKey::new("held");
        let lease = Duration::from_secs(15);
        let print = Fingerprint::default();
        let _ = store
            .claim(&key, Token::unique(), print, lease)
            .await
            .unwrap();
        for n in 0..100 {
            done(&store, &format!("et-{n}")).await;
        }
        let again = store
            .claim(&key, Token::unique(), print, lease)
            .await
            .unwrap();
        assert!(matches!(again, Claim::InFlight { .. }), "{again:?}");
    }
}
