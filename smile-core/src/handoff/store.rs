//! Where events that were seen are remembered.

use std::{error::Error, fmt, future::Future, time::Duration};

use crate::{DeliveryKey, Fence, Fingerprint, Token};

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
