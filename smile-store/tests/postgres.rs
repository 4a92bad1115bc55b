//! What only the PostgreSQL store promises.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use smile_core::{
    Claim, DedupeStore, EventKey, Fingerprint, Ownership, Token, testkit::dedupe_store_suite,
};
use smile_store::PostgresDedupe;
use smile_test_servers::Postgres;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::task::JoinSet;

const LONG: Duration = Duration::from_secs(600);

async fn claim(store: &PostgresDedupe, event: &str, token: Token) -> Claim {
    let key = EventKey::new(event);
    let claim = store.claim(&key, token, Fingerprint::default(), LONG);
    claim.await.unwrap()
}

async fn rows(pool: &PgPool) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM smile_dedupe");
    count.fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn the_schema_may_be_made_by_many_at_once_and_again() {
    let server = Postgres::start();
    let mut creations = JoinSet::new();
    for _ in 0..8 {
        let store = PostgresDedupe::connect(&server.url()).await.unwrap();
        creations.spawn(async move { store.create_schema().await });
    }
    for created in creations.join_all().await {
        created.unwrap();
    }
    let store = PostgresDedupe::connect(&server.url()).await.unwrap();
    store.create_schema().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn a_user_who_may_not_make_tables_can_use_the_one_that_is_there() {
    let server = Postgres::start();
    let owner = PgPool::connect(&server.url()).await.unwrap();
    let store = PostgresDedupe::from_pool(owner.clone()).unwrap();
    store.create_schema().await.unwrap();
    let grants = "CREATE ROLE app LOGIN; REVOKE CREATE ON SCHEMA public FROM public;
                  GRANT SELECT, INSERT, UPDATE, DELETE ON smile_dedupe TO app;
                  GRANT SELECT ON smile_dedupe_schema TO app";
    sqlx::raw_sql(grants).execute(&owner).await.unwrap();
    let url = server.url().replace("postgres@", "app@");
    dedupe_store_suite(async || {
        let store = PostgresDedupe::connect(&url).await.unwrap();
        store.create_schema().await.unwrap();
        store
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn a_database_that_isolates_more_strictly_keeps_every_rule() {
    let server = Postgres::start();
    for isolation in ["repeatable read", "serializable"] {
        let options: PgConnectOptions = server.url().parse().unwrap();
        let options = options.options([("default_transaction_isolation", isolation)]);
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
#[ignore = "needs postgresql"]
async fn rows_are_deleted_an_hour_after_they_expire() {
    let server = Postgres::start();
    let pool = PgPool::connect(&server.url()).await.unwrap();
    let store = PostgresDedupe::from_pool(pool.clone()).unwrap();
    store.create_schema().await.unwrap();
    for event in ["kept", "just-over", "old"] {
        claim(&store, event, Token::unique()).await;
    }
    let expire = "
        UPDATE smile_dedupe SET expires_at = now() - interval '59 minutes' WHERE key = 'just-over';
        UPDATE smile_dedupe SET expires_at = now() - interval '61 minutes' WHERE key = 'old';
        INSERT INTO smile_dedupe
            SELECT n::text, 'done', '', '', 1, '2000-01-01' FROM generate_series(1, 2500) AS n";
    sqlx::raw_sql(expire).execute(&pool).await.unwrap();
    assert_eq!(store.purge().await.unwrap(), 2501);
    assert_eq!(rows(&pool).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn finishing_events_deletes_old_rows() {
    let server = Postgres::start();
    let pool = PgPool::connect(&server.url()).await.unwrap();
    let store = PostgresDedupe::from_pool(pool.clone()).unwrap();
    store.create_schema().await.unwrap();
    let old = "INSERT INTO smile_dedupe
               SELECT n::text, 'done', '', '', 1, '2000-01-01' FROM generate_series(1, 500) AS n";
    sqlx::raw_sql(old).execute(&pool).await.unwrap();
    for event in 0..256 {
        assert_eq!(rows(&pool).await, 500 + event);
        let (event, token) = (format!("et-{event}"), Token::unique());
        claim(&store, &event, token).await;
        let key = EventKey::new(&event);
        let finish = store.finish(&key, token, Fingerprint::default(), LONG);
        assert_eq!(finish.await.unwrap(), Ownership::Held);
    }
    for _ in 0..100 {
        if rows(&pool).await == 256 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the expired rows are still there");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn the_server_gives_a_statement_up_that_waits_for_a_lock() {
    let server = Postgres::start();
    let pool = PgPool::connect(&server.url()).await.unwrap();
    let store = PostgresDedupe::from_pool(pool.clone()).unwrap();
    store.create_schema().await.unwrap();
    let mut other = pool.begin().await.unwrap();
    let lock = sqlx::raw_sql("LOCK TABLE smile_dedupe");
    lock.execute(&mut *other).await.unwrap();
    let (key, token) = (EventKey::new("et-1"), Token::unique());
    let claim = store.claim(&key, token, Fingerprint::default(), LONG).await;
    let cause = format!("{:?}", claim.unwrap_err());
    assert!(cause.contains("due to statement timeout"), "{cause}");
    other.rollback().await.unwrap();
    self::claim(&store, "et-1", token).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn a_table_of_a_newer_app_is_refused_and_one_without_a_version_works() {
    let server = Postgres::start();
    let pool = PgPool::connect(&server.url()).await.unwrap();
    let store = PostgresDedupe::from_pool(pool.clone()).unwrap();
    store.create_schema().await.unwrap();
    let newest = "UPDATE smile_dedupe_schema SET version = 3, oldest_reader = 2";
    sqlx::raw_sql(newest).execute(&pool).await.unwrap();
    let connected = PostgresDedupe::connect(&server.url()).await.map(drop);
    for refused in [connected, store.create_schema().await] {
        let causes = format!("{:?}", refused.unwrap_err());
        assert!(causes.contains("update this app"), "{causes}");
    }
    let unversioned = "DROP TABLE smile_dedupe_schema";
    sqlx::raw_sql(unversioned).execute(&pool).await.unwrap();
    let store = PostgresDedupe::connect(&server.url()).await.unwrap();
    store.create_schema().await.unwrap();
    let claimed = claim(&store, "et-1", Token::unique()).await;
    assert!(matches!(claimed, Claim::Acquired { .. }), "{claimed:?}");
}
