//! Claims of events that were never seen, as one caller or as many.

use std::{sync::Arc, time::Duration};

use smile_core::{Claim, DedupeStore, EventKey, Fingerprint, StoreError, Token};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

/// Within this time of the moment at which a primary can be reached, claims have to succeed.
pub(crate) const RECOVERY: Duration = Duration::from_secs(5);

/// Claims an event that nobody has seen.
pub(crate) async fn claim(store: &impl DedupeStore) -> Result<Claim, StoreError> {
    let token = Token::unique();
    let key = EventKey::new(&token.to_hex());
    let (print, lease) = (Fingerprint::default(), Duration::from_secs(15));
    store.claim(&key, token, print, lease).await
}

#[track_caller]
pub(crate) fn assert_acquired(claim: &Result<Claim, StoreError>) {
    assert!(matches!(claim, Ok(Claim::Acquired { .. })), "{claim:?}");
}

/// Claims ten times a second until a claim succeeds, and twenty times more, all of which have to.
pub(crate) async fn assert_recovers(store: &impl DedupeStore) {
    let start = Instant::now();
    loop {
        let claim = claim(store).await;
        if claim.is_ok() {
            break;
        }
        assert!(
            start.elapsed() < RECOVERY,
            "{:?} after a primary was there: {claim:?}",
            start.elapsed()
        );
        sleep(Duration::from_millis(100)).await;
    }
    println!("the first claim succeeded after {:?}", start.elapsed());
    for _ in 0..20 {
        assert_acquired(&claim(store).await);
    }
}

/// Has 32 callers claim for so long, and says how many claims failed.
pub(crate) async fn fail_for(time: Duration, store: &Arc<impl DedupeStore>) -> usize {
    let end = Instant::now() + time;
    let mut callers = JoinSet::new();
    for _ in 0..32 {
        let store = Arc::clone(store);
        callers.spawn(async move {
            let mut failed = 0;
            while Instant::now() < end {
                claim(&*store).await.unwrap_err();
                failed += 1;
                sleep(Duration::from_millis(1)).await;
            }
            failed
        });
    }
    callers.join_all().await.into_iter().sum()
}

/// Has 32 callers claim until the answer is dropped, whatever comes of it.
pub(crate) fn load(store: &Arc<impl DedupeStore>) -> JoinSet<()> {
    let mut callers = JoinSet::new();
    for _ in 0..32 {
        let store = Arc::clone(store);
        callers.spawn(async move {
            loop {
                let _ = claim(&*store).await;
                sleep(Duration::from_millis(1)).await;
            }
        });
    }
    callers
}
