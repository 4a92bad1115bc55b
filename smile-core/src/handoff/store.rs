//! Where events that were seen are remembered.

use std::{
    any::Any,
    error::Error,
    fmt,
    future::Future,
    hash::{BuildHasher, RandomState},
    pin::Pin,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::timeout;

use super::{
    key::{KeyDigest, Part},
    moment::Moment,
};
use crate::{DeliveryKey, Fence, Fingerprint, MemoryDedupe};

/// A store of claims: which events are being handled, and which were.
///
/// ```text
/// absent   --claim(token, lease)--> claimed(token, until)
/// claimed  --finish(token)--------> done(until = now + retention)   only if the token is its own
/// claimed  --release(token)-------> absent                          only if the token is its own
/// claimed  --extend(token)--------> claimed(token, later)           only if the token is its own
/// claimed, lease over ------------> as absent: claimable
/// done, retention over -----------> as absent
/// ```
///
/// Every step is one atomic operation: of any number of concurrent `claim`s of one key exactly one
/// is [`Acquired`](Claim::Acquired). Time is the store's own, never the caller's, so that replicas
/// whose clocks differ agree.
///
/// A claim whose lease is over stays its own token's until another takes it: its work may be done,
/// and to forget that would have it done again. [`Held::Lost`] after a `finish` whose answer was
/// not heard may mean that it worked.
///
/// # What errors cost
///
/// - A false "new" (a claim granted for an event that is done) runs the handler twice.
/// - A false "done" loses an event, for good: the vendor is told that it was handled. When in doubt,
///   be an error: the vendor sends again.
/// - A call that does not answer is given up after the intake's store timeout and counts as an
///   error; it must be safe to drop at any await.
///
/// The acceptance suite in the test kit holds a store to this.
pub trait DedupeStore: Send + Sync + 'static {
    /// Claims the event, unless it is claimed or done.
    ///
    /// A repeated claim with a token that already holds the key is granted again, so that a caller
    /// that did not hear the answer may ask again.
    fn claim(
        &self,
        key: &DeliveryKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send;

    /// Makes the claim last `lease` from now on.
    fn extend(
        &self,
        key: &DeliveryKey,
        token: Token,
        lease: Duration,
    ) -> impl Future<Output = Result<Held, StoreError>> + Send;

    /// Remembers the event as done for `retention`, with the fingerprint of what was handled.
    fn finish(
        &self,
        key: &DeliveryKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> impl Future<Output = Result<Held, StoreError>> + Send;

    /// Forgets the claim, so that the next delivery of the event is handled.
    fn release(
        &self,
        key: &DeliveryKey,
        token: Token,
    ) -> impl Future<Output = Result<Held, StoreError>> + Send;
}

/// The answer to a claim.
///
/// Complete: these are the three states of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The caller holds the event for the lease.
    Acquired {
        /// The claim's number, where the store counts them.
        fence: Option<Fence>,
    },
    /// Another caller holds it.
    InFlight {
        /// What is left of the other's lease.
        lease_left: Duration,
    },
    /// The event was handled.
    Done {
        /// Of the delivery that was handled, where the store kept it.
        fingerprint: Option<Fingerprint>,
    },
}

/// Whether the caller still held the claim that it changed.
///
/// Complete: it did, or it did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Held {
    /// It did, and the change is made.
    Held,
    /// Its lease had ended and another has the claim, or nobody; nothing was changed.
    Lost,
}

/// The name of one claim, so that nobody else's claim is finished or released: 128 bits, different
/// for every claim of every process.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token([u8; 16]);

impl Token {
    /// A token that was never used before.
    pub fn unique() -> Self {
        static TOKENS: LazyLock<Tokens> = LazyLock::new(Tokens::default);
        TOKENS.next()
    }

    /// The token's bytes, for a store to keep.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// 32 hex digits, for a store that keeps text.
    pub fn to_hex(&self) -> String {
        const_hex::encode(self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.to_hex())
    }
}

/// Where tokens come from that nobody else has.
#[derive(Debug)]
pub(crate) struct Tokens {
    first: u128,
    count: AtomicU64,
}

impl Tokens {
    #[inline]
    pub(crate) fn next(&self) -> Token {
        let count = u128::from(self.count.fetch_add(1, Ordering::Relaxed));
        Token((self.first ^ count).to_be_bytes())
    }
}

impl Default for Tokens {
    fn default() -> Self {
        // The randomness that the standard library seeds its hash maps with: it has to differ from
        // that of others, not to be secret.
        let half = |n: u8| u128::from(RandomState::new().hash_one(n));
        Self {
            first: (half(0) << 64) | half(1),
            count: AtomicU64::new(0),
        }
    }
}

/// A store failed: it is down, it refused, or it answered nonsense.
#[derive(Debug)]
pub struct StoreError(Box<dyn Error + Send + Sync>);

impl StoreError {
    /// Wraps the store's own error.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store of seen events failed")
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// The store of one intake. What several share is behind an `Other` of each.
pub(crate) enum Store {
    /// Answers at once, so that the default costs no future in a box.
    Memory(Box<MemoryDedupe>),
    Other(Box<dyn ErasedStore>),
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
            (None, Some(store)) => Self::Other(Box::new(store)),
            (None, None) => unreachable!("taken only where it is the memory"),
        }
    }

    /// The entry of an event of `tenant`, in a store that `prefix` names this endpoint in.
    #[inline]
    pub(crate) fn entry(&self, prefix: &str, tenant: &str, part: &Part<'_>) -> Entry<'_> {
        match self {
            Self::Memory(memory) => Entry::Memory(memory, memory.digest(tenant, part)),
            Self::Other(store) => Entry::Other(&**store, DeliveryKey::of(prefix, tenant, part)),
        }
    }
}

/// An event in the store of an intake. The memory takes a step at the moment that it is given; others
/// have a time of their own.
pub(crate) enum Entry<'a> {
    /// No other intake asks this memory, so that no key has to be written down.
    Memory(&'a MemoryDedupe, KeyDigest),
    Other(&'a dyn ErasedStore, DeliveryKey),
}

impl Entry<'_> {
    #[inline]
    pub(crate) fn digest(&self) -> KeyDigest {
        match self {
            Self::Memory(_, key) => *key,
            Self::Other(_, key) => key.into(),
        }
    }

    #[inline]
    pub(crate) fn claim(
        &self,
        moment: Moment,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> Answer<'_, Claim> {
        match self {
            Self::Memory(memory, key) => Answer::Now(memory.claim_at(moment, *key, token, lease)),
            Self::Other(store, key) => Answer::Later(store.claim(key, token, fingerprint, lease)),
        }
    }

    pub(crate) fn extend(&self, token: Token, lease: Duration) -> Answer<'_, Held> {
        match self {
            Self::Memory(memory, key) => Answer::Now(memory.extend_now(*key, token, lease)),
            Self::Other(store, key) => Answer::Later(store.extend(key, token, lease)),
        }
    }

    #[inline]
    pub(crate) fn finish(
        &self,
        moment: Moment,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Answer<'_, Held> {
        match self {
            Self::Memory(memory, key) => {
                Answer::Now(memory.finish_at(moment, *key, token, fingerprint, retention))
            }
            Self::Other(store, key) => {
                Answer::Later(store.finish(key, token, fingerprint, retention))
            }
        }
    }

    pub(crate) fn release(&self, token: Token) -> Answer<'_, Held> {
        match self {
            Self::Memory(memory, key) => Answer::Now(memory.release_now(*key, token)),
            Self::Other(store, key) => Answer::Later(store.release(key, token)),
        }
    }
}

/// What a call of the store comes to.
pub(crate) enum Answer<'a, T> {
    Now(T),
    Later(BoxFuture<'a, T>),
}

impl<T: Copy + Unpin> Future for Answer<'_, T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Now(answer) => Poll::Ready(Ok(*answer)),
            Self::Later(call) => call.as_mut().poll(cx),
        }
    }
}

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// What a call of a store may take, so that an outage is answered within two seconds.
const TIMEOUT: Duration = Duration::from_millis(1500);

/// A call that does not answer is one that failed.
async fn in_time<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(TIMEOUT, call)
        .await
        .unwrap_or_else(|elapsed| Err(StoreError::new(elapsed)))
}

/// [`DedupeStore`] with its futures boxed, so that the store's type stays inside the builder, and
/// answered in time.
pub(crate) trait ErasedStore: Send + Sync {
    fn claim<'a>(
        &'a self,
        key: &'a DeliveryKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> BoxFuture<'a, Claim>;
    fn extend<'a>(
        &'a self,
        key: &'a DeliveryKey,
        token: Token,
        lease: Duration,
    ) -> BoxFuture<'a, Held>;
    fn finish<'a>(
        &'a self,
        key: &'a DeliveryKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> BoxFuture<'a, Held>;
    fn release<'a>(&'a self, key: &'a DeliveryKey, token: Token) -> BoxFuture<'a, Held>;
}

impl<S: DedupeStore> ErasedStore for S {
    fn claim<'a>(
        &'a self,
        key: &'a DeliveryKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> BoxFuture<'a, Claim> {
        Box::pin(in_time(DedupeStore::claim(
            self,
            key,
            token,
            fingerprint,
            lease,
        )))
    }

    fn extend<'a>(
        &'a self,
        key: &'a DeliveryKey,
        token: Token,
        lease: Duration,
    ) -> BoxFuture<'a, Held> {
        Box::pin(in_time(DedupeStore::extend(self, key, token, lease)))
    }

    fn finish<'a>(
        &'a self,
        key: &'a DeliveryKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> BoxFuture<'a, Held> {
        let call = DedupeStore::finish(self, key, token, fingerprint, retention);
        Box::pin(in_time(call))
    }

    fn release<'a>(&'a self, key: &'a DeliveryKey, token: Token) -> BoxFuture<'a, Held> {
        Box::pin(in_time(DedupeStore::release(self, key, token)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tokens_are_never_repeated() {
        let [first, second] = [(); 2].map(|()| Tokens::default());
        let tokens: HashSet<_> = (0..10_000)
            .flat_map(|_| [Token::unique(), first.next(), second.next()])
            .collect();
        assert_eq!(tokens.len(), 30_000);
    }
}
