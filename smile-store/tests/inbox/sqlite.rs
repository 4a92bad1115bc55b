//! The inbox in an SQLite file.

use std::{fs, path::Path, time::Duration};

use smile_core::{
    Accepted, DeadReason, Delivery, Inbox, Ownership, Settlement, SmileApi, Take, WorkQueue,
    Worker, testkit::work_queue_suite,
};
use smile_store::{CompleteError, CompleteIn, SqliteInbox};
use sqlx::SqlitePool;
use tokio::sync::mpsc;

use super::{
    event::{causes, new_event},
    rules::{
        VENDOR, assert_a_lapsed_run_cannot_settle, assert_accept_in_is_part_of_its_transaction,
        assert_complete_in_is_part_of_its_transaction, assert_complete_in_of_a_lost_event_fails,
        assert_old_events_are_deleted,
    },
};

fn url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("inbox.db").display())
}

/// An inbox, and the application's pool.
async fn inbox(folder: &Path) -> (SqliteInbox, SqlitePool) {
    let inbox = SqliteInbox::connect(&url(folder)).await.unwrap();
    inbox.create_schema().await.unwrap();
    (inbox, SqlitePool::connect(&url(folder)).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_every_rule_in_one_process() {
    let folder = tempfile::tempdir().unwrap();
    work_queue_suite(async || inbox(folder.path()).await.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_stores_an_event_in_a_transaction_of_the_application() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, pool) = inbox(folder.path()).await;
    assert_accept_in_is_part_of_its_transaction!(inbox, pool);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_completes_an_event_in_a_transaction_of_the_application() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, pool) = inbox(folder.path()).await;
    assert_complete_in_is_part_of_its_transaction!(inbox, pool);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_completes_no_event_that_another_run_has() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, pool) = inbox(folder.path()).await;
    assert_complete_in_of_a_lost_event_fails!(inbox, pool, "UPDATE smile_inbox SET token = x'00'");
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_settles_no_run_whose_lease_was_found_to_be_over() {
    let folder = tempfile::tempdir().unwrap();
    assert_a_lapsed_run_cannot_settle(inbox(folder.path()).await.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_deletes_handled_events_and_dead_letters_after_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, pool) = inbox(folder.path()).await;
    assert_old_events_are_deleted!(
        inbox,
        pool,
        "UPDATE smile_inbox SET due_at = due_at - 3600000"
    );
}

#[tokio::test]
async fn sqlite_says_at_the_start_why_it_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let (_, pool) = inbox(folder.path()).await;
    let corrupt = folder.path().join("corrupt.db");
    fs::write(
        &corrupt,
        "no database, but long enough for one. ".repeat(100),
    )
    .unwrap();
    let read_only = format!("{}?mode=ro", url(folder.path()));
    let corrupt = format!("sqlite:{}", corrupt.display());
    let missing = format!("sqlite:{}/missing/inbox.db", folder.path().display());
    let cases = [
        ("postgres://app@db.internal/app", "the URL is not"),
        ("sqlite:inbox.db?mode=odd", "the URL is not"),
        (&missing, "the SQLite file cannot be opened"),
        (&corrupt, "or it is damaged"),
        (&read_only, "the SQLite file cannot be written to"),
    ];
    for (url, expected) in cases {
        let connect = SqliteInbox::connect(url);
        let connected = tokio::time::timeout(Duration::from_secs(3), connect).await;
        let causes = causes(&connected.unwrap().unwrap_err());
        assert!(causes.contains(expected), "{url}: {causes}");
    }
    let newer = "UPDATE smile_inbox_schema SET version = 3, oldest_reader = 2";
    sqlx::raw_sql(newer).execute(&pool).await.unwrap();
    let connected = SqliteInbox::connect(&url(folder.path())).await;
    let causes = causes(&connected.unwrap_err());
    assert!(causes.contains("update this app"), "{causes}");
}

#[tokio::test]
async fn sqlite_says_that_its_tables_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = SqliteInbox::connect(&url(folder.path())).await.unwrap();
    let accepted = inbox.accept(new_event("et-1").await).await;
    let causes = causes(&accepted.unwrap_err());
    let expected = "the table smile_inbox is missing: run create_schema() once";
    assert!(causes.contains(expected), "{causes}");
}
