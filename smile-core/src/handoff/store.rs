//! Stores that remember events.

use std::{error::Error, fmt, future::Future, sync::Arc, time::Duration};

use crate::{EventKey, Fence, Fingerprint, Token};

/// A store of claims: which events are in flight, and which are done.
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
/// A claim whose lease is over belongs to its token until another token claims the event. Its work
/// may be done, and to forget the claim would repeat it. If the answer of a `finish` got lost,
/// [`Ownership::Lost`] for the next one may mean that the first one worked.
///
/// # What errors cost
///
/// - A false "new" (a claim granted for an event that is done) runs the handler twice.
/// - A false "done" loses an event for good, since the vendor gets a 2xx. When in doubt, return an
///   error: the vendor sends again.
/// - The intake gives up a call after 1.5 s, and a call that panics: both count as errors. A call
///   must be safe to drop at any await. After a claim that failed, the intake releases it, best
///   effort.
///
/// `testkit::dedupe_store_suite` tests a store against this contract.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no store of seen events",
    label = "`DedupeStore` is not implemented for it",
    note = "stores are `MemoryDedupe`, those of smile-store, and types of your own that implement `DedupeStore`",
    note = "where this is a future, add `.await?` to the call that connects the store"
)]
pub trait DedupeStore: Send + Sync + 'static {
    /// Claims the event, unless it is claimed or done.
    ///
    /// A repeated claim with a token that already holds the key is granted again: the caller may
    /// have lost the first answer.
    fn claim(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send;

    /// Makes the claim last `lease` from now on.
    fn extend(
        &self,
        key: &EventKey,
        token: Token,
        lease: Duration,
    ) -> impl Future<Output = Result<Ownership, StoreError>> + Send;

    /// Remembers the event as done for `retention`, with the fingerprint of what was handled.
    fn finish(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> impl Future<Output = Result<Ownership, StoreError>> + Send;

    /// Forgets the claim, so that the next delivery of the event is handled.
    fn release(
        &self,
        key: &EventKey,
        token: Token,
    ) -> impl Future<Output = Result<Ownership, StoreError>> + Send;
}

/// A store that its owner can look into: give the intake one clone and keep the other.
///
/// ```
/// use std::sync::Arc;
/// use smile_core::{Intake, MemoryDedupe, Secret};
///
/// let store = Arc::new(MemoryDedupe::default());
/// let intake = Intake::smile_api(Secret::new("a little secret")?)
///     .deduplicate(Arc::clone(&store))
///     .build();
/// assert_eq!(store.len(), 0); // events that were handled
/// # Ok::<(), smile_core::EmptySecret>(())
/// ```
impl<S: DedupeStore> DedupeStore for Arc<S> {
    fn claim(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send {
        S::claim(self, key, token, fingerprint, lease)
    }

    fn extend(
        &self,
        key: &EventKey,
        token: Token,
        lease: Duration,
    ) -> impl Future<Output = Result<Ownership, StoreError>> + Send {
        S::extend(self, key, token, lease)
    }

    fn finish(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> impl Future<Output = Result<Ownership, StoreError>> + Send {
        S::finish(self, key, token, fingerprint, retention)
    }

    fn release(
        &self,
        key: &EventKey,
        token: Token,
    ) -> impl Future<Output = Result<Ownership, StoreError>> + Send {
        S::release(self, key, token)
    }
}

/// The answer to a claim.
///
/// Exhaustive: these are the three states of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The caller holds the event for the lease.
    Acquired {
        /// The claim's number, where the store counts them.
        fence: Option<Fence>,
    },
    /// Another caller holds it.
    InFlight {
        /// The rest of the other's lease.
        lease_left: Duration,
    },
    /// The event was handled.
    Done {
        /// The fingerprint of the delivery that was handled, where the store kept it.
        fingerprint: Option<Fingerprint>,
    },
}

/// Whether the caller still held the claim that it changed.
///
/// Exhaustive: it did, or it did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Ownership {
    /// It did, and the store made the change.
    Held,
    /// It did not: another caller has the claim, or nobody has. The store changed nothing.
    Lost,
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
        f.write_str("the store failed")
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
