//! Stores whose calls take a while, so that others run meanwhile.

use std::{collections::HashMap, time::Duration};

use shuttle::{future::yield_now, sync::Mutex};
use smile_core::{
    Claim, DedupeStore, EventKey, Fingerprint, MemoryDedupe, Ownership, StoreError, Token,
};

use super::system::Busy;

/// The memory store, behind calls that others can run before and after.
#[derive(Default)]
pub(crate) struct Slow(MemoryDedupe);

impl DedupeStore for Slow {
    async fn claim(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        Busy::begin();
        let claim = slowly(self.0.claim(key, token, fingerprint, lease)).await;
        if !matches!(claim, Ok(Claim::Acquired { .. })) {
            Busy::end();
        }
        claim
    }

    async fn extend(
        &self,
        key: &EventKey,
        token: Token,
        lease: Duration,
    ) -> Result<Ownership, StoreError> {
        slowly(self.0.extend(key, token, lease)).await
    }

    async fn finish(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Result<Ownership, StoreError> {
        slowly(self.0.finish(key, token, fingerprint, retention)).await
    }

    async fn release(&self, key: &EventKey, token: Token) -> Result<Ownership, StoreError> {
        slowly(self.0.release(key, token)).await
    }
}

/// A store with the fault that the contract forbids: it looks, and claims in a second step.
#[derive(Default)]
pub(crate) struct TwoSteps(Mutex<HashMap<String, Option<Token>>>);

impl DedupeStore for TwoSteps {
    async fn claim(
        &self,
        key: &EventKey,
        token: Token,
        _: Fingerprint,
        lease_left: Duration,
    ) -> Result<Claim, StoreError> {
        let found = self.0.lock().expect("no panic").get(key.as_str()).copied();
        yield_now().await;
        Ok(match found {
            None => {
                let claimed = (key.to_string(), Some(token));
                self.0.lock().expect("no panic").extend([claimed]);
                Claim::Acquired { fence: None }
            }
            Some(Some(_)) => Claim::InFlight { lease_left },
            Some(None) => Claim::Done { fingerprint: None },
        })
    }

    async fn extend(&self, _: &EventKey, _: Token, _: Duration) -> Result<Ownership, StoreError> {
        Ok(Ownership::Held)
    }

    async fn finish(
        &self,
        key: &EventKey,
        _: Token,
        _: Fingerprint,
        _: Duration,
    ) -> Result<Ownership, StoreError> {
        self.0
            .lock()
            .expect("no panic")
            .insert(key.to_string(), None);
        Ok(Ownership::Held)
    }

    async fn release(&self, key: &EventKey, _: Token) -> Result<Ownership, StoreError> {
        self.0.lock().expect("no panic").remove(key.as_str());
        Ok(Ownership::Held)
    }
}

async fn slowly<T>(call: impl Future<Output = T>) -> T {
    yield_now().await;
    let answer = call.await;
    yield_now().await;
    answer
}
