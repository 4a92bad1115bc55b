//! Every store passes the test kit's suite.

use smile_core::{MemoryDedupe, testkit::dedupe_store_suite};
use smile_store::{PostgresDedupe, RedisDedupe, SqliteDedupe};
use smile_test_servers::{Postgres, Redis};

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_every_rule() {
    dedupe_store_suite(async || MemoryDedupe::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_every_rule() {
    let dir = tempfile::tempdir().unwrap();
    let url = &format!("sqlite:{}/dedupe.db", dir.path().display());
    dedupe_store_suite(|| async move {
        let store = SqliteDedupe::connect(url).await.unwrap();
        store.create_schema().await.unwrap();
        store
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_in_memory_keeps_every_rule() {
    dedupe_store_suite(async || {
        let store = SqliteDedupe::connect("sqlite::memory:").await.unwrap();
        store.create_schema().await.unwrap();
        store
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn redis_keeps_every_rule() {
    let redis = Redis::start();
    dedupe_store_suite(async || RedisDedupe::connect(&redis.url()).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn postgres_keeps_every_rule() {
    let postgres = Postgres::start();
    dedupe_store_suite(async || {
        let store = PostgresDedupe::connect(&postgres.url()).await.unwrap();
        store.create_schema().await.unwrap();
        store
    })
    .await;
}
