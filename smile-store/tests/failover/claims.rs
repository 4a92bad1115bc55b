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

/// Claims until twenty claims in a row succeed: more than the pool has connections, each of which
/// may still lead to the old server. A second's limit to renewals may refuse one in between.
pub(crate) async fn assert_recovers(store: &impl DedupeStore) {
    let start = Instant::now();
    let mut in_a_row = 0;
    while in_a_row < 20 {
        match claim(store).await {
            Err(err) => {
                println!("after {:?}: {err}", start.elapsed());
                assert!(
                    start.elapsed() < RECOVERY,
                    "{:?} after a primary was there: {err:?}",
                    start.elapsed()
                );
                in_a_row = 0;
                sleep(Duration::from_millis(100)).await;
            }
            claim => {
                assert_acquired(&claim);
                in_a_row += 1;
            }
        }
    }
    println!("twenty claims in a row after {:?}", start.elapsed());
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
