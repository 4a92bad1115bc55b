//! What is wrong with a PostgreSQL server or its tables is said at the start.

use std::time::Duration;

use smile_core::Inbox;
use smile_store::PostgresInbox;
use smile_test_servers::Postgres;
use sqlx::PgPool;
use tokio::time::timeout;

use super::{
    event::{causes, new_event},
    postgres::inbox,
};

/// Why the inbox cannot be opened, which it has to say soon.
async fn refusal(url: &str) -> String {
    let connected = timeout(Duration::from_secs(3), PostgresInbox::connect(url)).await;
    causes(&connected.unwrap().unwrap_err())
}

async fn order(url: &str, order: &'static str) {
    let pool = PgPool::connect(url).await.unwrap();
    sqlx::raw_sql(order).execute(&pool).await.unwrap();
    pool.close().await;
}

#[tokio::test]
async fn a_wrong_url_and_a_closed_port_are_refused() {
    for url in ["sqlite:inbox.db", "postgres://app:a/b@db.internal/app"] {
        let causes = refusal(url).await;
        assert!(causes.contains("the URL is not"), "{url}: {causes}");
    }
    let causes = refusal("postgres://app@127.0.0.1:1/app").await;
    assert!(causes.contains("the server does not answer"), "{causes}");
}

#[tokio::test]
#[ignore = "needs postgresql"]
async fn tables_of_a_newer_app_are_refused() {
    let server = Postgres::start();
    inbox(&server.url()).await;
    let newer = "UPDATE smile_inbox_schema SET version = 2, oldest_reader = 1";
    order(&server.url(), newer).await;
    PostgresInbox::connect(&server.url()).await.unwrap();
    let newer = "UPDATE smile_inbox_schema SET version = 3, oldest_reader = 2";
    order(&server.url(), newer).await;
    let causes = refusal(&server.url()).await;
    assert!(causes.contains("update this app"), "{causes}");
}

#[tokio::test]
#[ignore = "needs postgresql"]
async fn a_read_only_server_is_refused() {
    const EXPECTED: &str = "the server is read-only, such as a standby";
    let mut server = Postgres::start();
    inbox(&server.url()).await;
    let read_only = "ALTER DATABASE postgres SET default_transaction_read_only = on";
    order(&server.url(), read_only).await;
    let causes = refusal(&server.url()).await;
    assert!(causes.contains(EXPECTED), "{causes}");
    let url = format!(
        "{}?options=-cdefault_transaction_read_only%3Doff",
        server.url()
    );
    let writable = "ALTER DATABASE postgres RESET default_transaction_read_only";
    order(&url, writable).await;
    PostgresInbox::connect(&server.url()).await.unwrap();
    server.restart_as_standby();
    let causes = refusal(&server.url()).await;
    assert!(causes.contains(EXPECTED), "{causes}");
}

#[tokio::test]
#[ignore = "needs postgresql"]
async fn missing_tables_are_named() {
    let server = Postgres::start();
    let inbox = PostgresInbox::connect(&server.url()).await.unwrap();
    let accepted = inbox.accept(new_event("et-1").await).await;
    let causes = causes(&accepted.unwrap_err());
    let expected = "the table smile_inbox is missing: run create_schema() once";
    assert!(causes.contains(expected), "{causes}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn the_tables_may_be_made_by_many_at_once_and_used_by_who_may_not_make_them() {
    let server = Postgres::start();
    let mut creations = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let inbox = PostgresInbox::connect(&server.url()).await.unwrap();
        creations.spawn(async move { inbox.create_schema().await });
    }
    for created in creations.join_all().await {
        created.unwrap();
    }
    let grants = "CREATE ROLE app LOGIN; REVOKE CREATE ON SCHEMA public FROM public;
                  GRANT SELECT, INSERT, UPDATE, DELETE ON smile_inbox TO app;
                  GRANT SELECT ON smile_inbox_schema TO app";
    order(&server.url(), grants).await;
    let url = server.url().replace("postgres@", "app@");
    smile_core::testkit::work_queue_suite(async || inbox(&url).await).await;
}
