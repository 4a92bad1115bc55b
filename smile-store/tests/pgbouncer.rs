//! The PostgreSQL store behind PgBouncer keeps every rule.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{sync::Arc, time::Duration};

use smile_core::{
    Claim, DedupeStore, EventKey, Fingerprint, Ownership, Token, testkit::dedupe_store_suite,
};
use smile_store::PostgresDedupe;
use smile_test_servers::{PgBouncer, PoolMode, Postgres};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::{task::JoinSet, time::sleep};

const MODES: [PoolMode; 2] = [PoolMode::Transaction, PoolMode::Session];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql and pgbouncer"]
async fn a_store_behind_pgbouncer_keeps_every_rule() {
    for mode in MODES {
        let server = Postgres::start();
        let bouncer = PgBouncer::start(&server, mode);
        dedupe_store_suite(async || {
            let store = PostgresDedupe::connect(&bouncer.url()).await.unwrap();
            store.create_schema().await.unwrap();
            store
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql and pgbouncer"]
async fn a_pool_of_ones_own_behind_pgbouncer_keeps_every_rule() {
    for mode in MODES {
        let server = Postgres::start();
        let bouncer = PgBouncer::start(&server, mode);
        let options: PgConnectOptions = bouncer.url().parse().unwrap();
        let options = options.extra_float_digits(None);
        dedupe_store_suite(|| async {
            let pool = PgPoolOptions::new().max_connections(20);
            let pool = pool.connect_with(options.clone()).await.unwrap();
            let store = PostgresDedupe::from_pool(pool).unwrap();
            store.create_schema().await.unwrap();
            store
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql and pgbouncer"]
async fn every_call_of_many_processes_behind_pgbouncer_succeeds() {
    const EVENTS: usize = 50;
    for mode in MODES {
        let server = Postgres::start();
        let bouncer = PgBouncer::start(&server, mode);
        let mut callers = JoinSet::new();
        // Two stores with a pool each, as two processes have.
        for process in 0..2 {
            let store = Arc::new(PostgresDedupe::connect(&bouncer.url()).await.unwrap());
            store.create_schema().await.unwrap();
            for caller in 0..16 {
                let store = Arc::clone(&store);
                callers.spawn(async move {
                    for event in 0..EVENTS {
                        let key = EventKey::new(&format!("{process}/{caller}/{event}"));
                        handle(&*store, &key).await;
                    }
                });
            }
        }
        callers.join_all().await;
    }
}

/// No sender waits for it yet.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql and pgbouncer"]
async fn the_start_waits_for_a_postgres_that_is_slow_behind_pgbouncer() {
    let server = Postgres::start();
    let bouncer = PgBouncer::start(&server, PoolMode::Transaction);
    let store = PostgresDedupe::connect(&bouncer.url()).await.unwrap();
    store.create_schema().await.unwrap();
    server.freeze();
    let url = bouncer.url();
    let starting = tokio::spawn(async move { PostgresDedupe::connect(&url).await });
    sleep(Duration::from_millis(2500)).await;
    server.thaw();
    starting.await.unwrap().unwrap();
}

async fn handle(store: &impl DedupeStore, key: &EventKey) {
    let (token, print, long) = (
        Token::unique(),
        Fingerprint::default(),
        Duration::from_secs(600),
    );
    let claim = store.claim(key, token, print, long).await.unwrap();
    assert!(matches!(claim, Claim::Acquired { .. }), "{claim:?}");
    assert_eq!(
        store.extend(key, token, long).await.unwrap(),
        Ownership::Held
    );
    let finish = store.finish(key, token, print, long).await.unwrap();
    assert_eq!(finish, Ownership::Held);
    let again = store.claim(key, Token::unique(), print, long).await;
    assert!(matches!(again, Ok(Claim::Done { .. })), "{again:?}");
}
