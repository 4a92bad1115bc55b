//! The store of an intake, and one event in it. The trait is in `store.rs`.

use std::{any::Any, future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};

use super::key::{EventIdentity, KeyHash};
use crate::{
    Claim, DedupeStore, EventKey, Fingerprint, MemoryDedupe, Ownership, StoreError, Token,
    catch_panic::catch_panic,
};

/// The store of one intake.
pub(crate) enum Store {
    /// Only this intake uses it, so it needs no key as text and no boxed future.
    Memory(Box<MemoryDedupe>),
    Shared(Arc<dyn ErasedStore>),
}

impl Store {
    pub(crate) fn new<S: DedupeStore>(store: S) -> Self {
        let mut store = Some(store);
        let any: &mut dyn Any = &mut store;
        let memory = any
            .downcast_mut::<Option<MemoryDedupe>>()
            .and_then(Option::take);
        match (memory, store) {
            (Some(memory), _) => Self::Memory(Box::new(memory)),
            (None, Some(store)) => Self::Shared(Arc::new(store)),
            (None, None) => unreachable!("only a memory store is taken"),
        }
    }

    /// The event of `tenant`, at the endpoint whose keys begin with `prefix`.
    pub(crate) fn event(
        &self,
        prefix: &str,
        tenant: &str,
        identity: &EventIdentity<'_>,
    ) -> EventHandle<'_> {
        match self {
            Self::Memory(memory) => EventHandle::Memory(memory, KeyHash::of(tenant, identity)),
            Self::Shared(store) => {
                EventHandle::Shared(store, EventKey::of(prefix, tenant, identity))
            }
        }
    }
}

/// An event in the store of an intake.
pub(crate) enum EventHandle<'a> {
    Memory(&'a MemoryDedupe, KeyHash),
    Shared(&'a Arc<dyn ErasedStore>, EventKey),
}

impl EventHandle<'_> {
    pub(crate) fn hash(&self) -> KeyHash {
        match self {
            Self::Memory(_, hash) => *hash,
            Self::Shared(_, key) => key.into(),
        }
    }

    pub(crate) async fn claim(
        &self,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        match self {
            Self::Memory(memory, key) => Ok(memory.claim_now(*key, token, lease)),
            Self::Shared(store, key) => store.claim(key, token, fingerprint, lease).await,
        }
    }

    pub(crate) async fn extend(
        &self,
        token: Token,
        lease: Duration,
    ) -> Result<Ownership, StoreError> {
        match self {
            Self::Memory(memory, key) => Ok(memory.extend_now(*key, token, lease)),
            Self::Shared(store, key) => store.extend(key, token, lease).await,
        }
    }

    pub(crate) async fn finish(
        &self,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Result<Ownership, StoreError> {
        match self {
            Self::Memory(memory, key) => Ok(memory.finish_now(*key, token, fingerprint, retention)),
            Self::Shared(store, key) => store.finish(key, token, fingerprint, retention).await,
        }
    }

    pub(crate) async fn release(&self, token: Token) -> Result<Ownership, StoreError> {
        match self {
            Self::Memory(memory, key) => Ok(memory.release_now(*key, token)),
            Self::Shared(store, key) => store.release(key, token).await,
        }
    }

    /// Releases in a background task, after the store failed: it may have granted the claim and
    /// lost the answer, or recover in a moment. If no release succeeds, the lease ends the claim.
    pub(crate) fn release_later(&self, token: Token) {
        let Self::Shared(store, key) = self else {
            return;
        };
        let (store, key) = (Arc::clone(store), key.clone());
        tokio::spawn(async move {
            for pause in PAUSES_BEFORE_RELEASE {
                sleep(pause).await;
                if let Ok(Ownership::Held) = store.release(&key, token).await {
                    return;
                }
            }
        });
    }
}

/// All end within the 5 s after which a sender tries again.
const PAUSES_BEFORE_RELEASE: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_millis(1500),
];

/// The longest that a call of a store may take, so that an outage is answered within two seconds.
const TIMEOUT: Duration = Duration::from_millis(1500);

pub(crate) type StoreFuture<'a, T> =
    Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`DedupeStore`] with its futures boxed, so that only the builder names the store's type. A
/// call that panics, or does not answer in time, fails.
pub(crate) trait ErasedStore: Send + Sync {
    fn claim<'a>(
        &'a self,
        key: &'a EventKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> StoreFuture<'a, Claim>;
    fn extend<'a>(
        &'a self,
        key: &'a EventKey,
        token: Token,
        lease: Duration,
    ) -> StoreFuture<'a, Ownership>;
    fn finish<'a>(
        &'a self,
        key: &'a EventKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> StoreFuture<'a, Ownership>;
    fn release<'a>(&'a self, key: &'a EventKey, token: Token) -> StoreFuture<'a, Ownership>;
}

impl<S: DedupeStore> ErasedStore for S {
    fn claim<'a>(
        &'a self,
        key: &'a EventKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> StoreFuture<'a, Claim> {
        guarded(move || DedupeStore::claim(self, key, token, fingerprint, lease))
    }

    fn extend<'a>(
        &'a self,
        key: &'a EventKey,
        token: Token,
        lease: Duration,
    ) -> StoreFuture<'a, Ownership> {
        guarded(move || DedupeStore::extend(self, key, token, lease))
    }

    fn finish<'a>(
        &'a self,
        key: &'a EventKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> StoreFuture<'a, Ownership> {
        guarded(move || DedupeStore::finish(self, key, token, fingerprint, retention))
    }

    fn release<'a>(&'a self, key: &'a EventKey, token: Token) -> StoreFuture<'a, Ownership> {
        guarded(move || DedupeStore::release(self, key, token))
    }
}

pub(crate) fn guarded<'a, T, Fut>(call: impl FnOnce() -> Fut + Send + 'a) -> StoreFuture<'a, T>
where
    Fut: Future<Output = Result<T, StoreError>> + Send + 'a,
{
    Box::pin(async {
        match timeout(TIMEOUT, catch_panic(call)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(panicked)) => Err(StoreError::new(panicked)),
            Err(elapsed) => Err(StoreError::new(elapsed)),
        }
    })
}
