//! A full SQLite file is an error while it is full, and no longer.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use std::{str::FromStr, time::Duration};

use smile_core::{
    Accepted, Claim, DedupeStore, EventKey, Fingerprint, Inbox, StoreError, Token,
    testkit::new_event,
};
use smile_store::{SqliteDedupe, SqliteInbox};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use tempfile::TempDir;

/// A pool of one connection, whose file can be made too small and large again.
async fn pool(folder: &TempDir) -> SqlitePool {
    let url = format!("sqlite:{}", folder.path().join("full.db").display());
    let options = SqliteConnectOptions::from_str(&url)
        .unwrap()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap()
}

async fn limit(pool: &SqlitePool, pages: &'static str) {
    sqlx::raw_sql(pages).execute(pool).await.unwrap();
}

const SMALL: &str = "PRAGMA max_page_count = 24";
const LARGE: &str = "PRAGMA max_page_count = 100000";

#[track_caller]
fn is_full(err: &StoreError) {
    let cause = std::error::Error::source(err).unwrap().to_string();
    assert!(cause.ends_with("is full"), "{cause}");
}

#[tokio::test]
async fn claims_are_granted_again_when_the_file_has_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&folder).await;
    let store = SqliteDedupe::from_pool(pool.clone()).unwrap();
    store.create_schema().await.unwrap();
    limit(&pool, SMALL).await;
    let claim = async |n: usize| {
        let key = EventKey::new(&format!("et-{n}{}", "x".repeat(200)));
        let lease = Duration::from_secs(60);
        store
            .claim(&key, Token::unique(), Fingerprint::default(), lease)
            .await
    };
    let mut full = 0;
    while claim(full).await.is_ok() {
        full += 1;
    }
    for n in full..full + 3 {
        is_full(&claim(n).await.unwrap_err());
    }
    limit(&pool, LARGE).await;
    let granted = claim(full).await.unwrap();
    assert!(matches!(granted, Claim::Acquired { .. }));
}

#[tokio::test]
async fn events_are_stored_again_when_the_file_has_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&folder).await;
    let inbox = SqliteInbox::from_pool(pool.clone()).await.unwrap();
    inbox.create_schema().await.unwrap();
    limit(&pool, SMALL).await;
    let accept = async |n: usize| inbox.accept(new_event("default", &format!("et-{n}"))).await;
    let mut full = 0;
    while accept(full).await.is_ok() {
        full += 1;
    }
    for n in full..full + 3 {
        is_full(&accept(n).await.unwrap_err());
    }
    limit(&pool, LARGE).await;
    assert_eq!(accept(full).await.unwrap(), Accepted::New);
    assert_eq!(
        inbox.waiting().await.unwrap(),
        u64::try_from(full).unwrap() + 1
    );
}
