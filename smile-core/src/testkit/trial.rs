//! A store under test, with calls that check their answer.

use std::{fmt::Debug, future::Future, sync::Arc, time::Duration};

use crate::{Claim, DedupeStore, EventKey, Fence, Fingerprint, Ownership, StoreError, Token};

/// The result of a rule; the text says how the store breaks it.
pub(super) type Found<T = ()> = Result<T, String>;

/// Longer than any rule runs.
pub(super) const LONG: Duration = Duration::from_secs(600);
/// Short enough to wait for, and long enough for several calls of a slow store.
pub(super) const SHORT: Duration = Duration::from_millis(150);

/// One store, and one event that no other rule uses.
pub(super) struct Trial<S> {
    store: Arc<S>,
    key: EventKey,
}

impl<S> Clone for Trial<S> {
    fn clone(&self) -> Self {
        self.on(self.key.clone())
    }
}

impl<S> Trial<S> {
    pub(super) fn new(store: Arc<S>) -> Self {
        let key = EventKey::new(&format!("testkit:{}", Token::unique().to_hex()));
        Self { store, key }
    }

    /// The same store, with another event.
    pub(super) fn on(&self, key: EventKey) -> Self {
        let store = Arc::clone(&self.store);
        Self { store, key }
    }

    /// The same store, with the event whose key has more text at its end.
    pub(super) fn on_suffix(&self, suffix: &str) -> Self {
        self.on(EventKey::new(&format!("{}{suffix}", self.key)))
    }
}

impl<S: DedupeStore> Trial<S> {
    pub(super) async fn claim(&self, token: Token, lease: Duration) -> Found<Claim> {
        let call = self.store.claim(&self.key, token, print(0), lease);
        answer("claim", call).await
    }

    pub(super) async fn finish(
        &self,
        token: Token,
        print: Fingerprint,
        retention: Duration,
    ) -> Found<Ownership> {
        let call = self.store.finish(&self.key, token, print, retention);
        answer("finish", call).await
    }

    pub(super) async fn extend(&self, token: Token, lease: Duration) -> Found<Ownership> {
        answer("extend", self.store.extend(&self.key, token, lease)).await
    }

    pub(super) async fn release(&self, token: Token) -> Found<Ownership> {
        answer("release", self.store.release(&self.key, token)).await
    }

    /// Claims, and expects the claim to be granted.
    pub(super) async fn acquire(&self, token: Token, lease: Duration) -> Found<Option<Fence>> {
        match self.claim(token, lease).await? {
            Claim::Acquired { fence } => Ok(fence),
            other => Err(format!(
                "expected the claim to be acquired, found {other:?}"
            )),
        }
    }

    /// Claims with a new token, and expects a claim in flight.
    pub(super) async fn meets_a_claim(&self) -> Found<Duration> {
        match self.claim(Token::unique(), LONG).await? {
            Claim::InFlight { lease_left } => Ok(lease_left),
            other => Err(format!("expected a claim in flight, found {other:?}")),
        }
    }

    /// Claims with `token`, and expects the event to be done.
    pub(super) async fn meets_done(&self, token: Token) -> Found<Option<Fingerprint>> {
        match self.claim(token, LONG).await? {
            Claim::Done { fingerprint } => Ok(fingerprint),
            other => Err(format!("expected the event to be done, found {other:?}")),
        }
    }
}

/// A fingerprint like no other, for each `n`.
#[expect(clippy::expect_used, reason = "48 hex digits are a fingerprint")]
pub(super) fn print(n: u64) -> Fingerprint {
    Fingerprint::from_hex(&format!("{n:016x}{n:032x}")).expect("48 hex digits")
}

/// Sleeps until a lease of `time` that began before is over.
pub(super) async fn sleep_past(time: Duration) {
    tokio::time::sleep(time + Duration::from_millis(20)).await;
}

pub(super) fn expect<T: Debug + PartialEq>(what: &str, found: T, expected: T) -> Found {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, found {found:?}"))
    }
}

async fn answer<T>(
    call: &str,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, String> {
    use std::error::Error;
    answer.await.map_err(|err| match err.source() {
        Some(source) => format!("{call} failed: {err}: {source}"),
        None => format!("{call} failed: {err}"),
    })
}
