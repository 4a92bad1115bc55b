//! The inbox in a PostgreSQL table.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use smile_core::{
    Accepted, DeadReason, Delivery, Inbox, Ownership, Settlement, SmileApi, Take, WorkQueue,
    Worker, testkit::work_queue_suite,
};
use smile_store::{CompleteError, CompleteIn, PostgresInbox};
use smile_test_servers::{Forwarder, PgBouncer, PoolMode, Postgres};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    alternating::Alternating,
    event::new_event,
    rules::{
        VENDOR, assert_a_lapsed_run_cannot_settle, assert_accept_in_is_part_of_its_transaction,
        assert_complete_in_is_part_of_its_transaction, assert_complete_in_of_a_lost_event_fails,
        assert_old_events_are_deleted,
    },
};

pub(crate) async fn inbox(url: &str) -> PostgresInbox {
    let inbox = PostgresInbox::connect(url).await.unwrap();
    inbox.create_schema().await.unwrap();
    inbox
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn postgres_keeps_every_rule() {
    let server = Postgres::start();
    work_queue_suite(async || inbox(&server.url()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn postgres_keeps_every_rule_among_several_processes() {
    let server = Postgres::start();
    let inboxes = [inbox(&server.url()).await, inbox(&server.url()).await];
    work_queue_suite(async || {
        let clones = inboxes.iter().chain(&inboxes).cloned();
        Alternating::new(clones.collect())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql and pgbouncer"]
async fn postgres_keeps_every_rule_behind_pgbouncer() {
    for mode in [PoolMode::Transaction, PoolMode::Session] {
        let server = Postgres::start();
        let bouncer = PgBouncer::start(&server, mode);
        let inbox = inbox(&bouncer.url()).await;
        // A worker that would listen harms no other call.
        let _ = timeout(Duration::from_millis(300), inbox.arrival()).await;
        work_queue_suite(async || inbox.clone()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn postgres_keeps_every_rule_under_other_settings_of_the_database() {
    let server = Postgres::start();
    for isolation in ["read committed", "repeatable read", "serializable"] {
        let options: PgConnectOptions = server.url().parse().unwrap();
        let options = options.options([
            ("default_transaction_isolation", isolation),
            ("bytea_output", "escape"),
            ("DateStyle", "German"),
            ("TimeZone", "Asia/Kathmandu"),
            ("standard_conforming_strings", "off"),
        ]);
        work_queue_suite(async || {
            let pool = PgPoolOptions::new().max_connections(20);
            let pool = pool.connect_with(options.clone()).await.unwrap();
            let inbox = PostgresInbox::from_pool(pool).await.unwrap();
            inbox.create_schema().await.unwrap();
            inbox
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn of_many_accepts_by_two_postgres_inboxes_one_is_new() {
    let server = Postgres::start();
    let inboxes = [inbox(&server.url()).await, inbox(&server.url()).await];
    for round in 0..50 {
        let event = new_event(&format!("et-{round}")).await;
        let mut calls = JoinSet::new();
        for call in 0..64 {
            let (inbox, event) = (inboxes[call % 2].clone(), event.clone());
            calls.spawn(async move { inbox.accept(event).await.unwrap() });
        }
        let accepted = calls.join_all().await;
        let new = accepted.iter().filter(|one| **one == Accepted::New);
        assert_eq!(new.count(), 1, "round {round}");
        assert!(!accepted.contains(&Accepted::IdReuse), "round {round}");
    }
    assert_eq!(inboxes[0].waiting().await.unwrap(), 50);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn an_accept_wakes_a_worker_of_another_postgres_inbox() {
    let server = Postgres::start();
    let (here, there) = (inbox(&server.url()).await, inbox(&server.url()).await);
    // Until it listens, and has noticed that it does.
    while timeout(Duration::from_millis(500), there.arrival())
        .await
        .is_ok()
    {}
    for event in 0..5 {
        let event = new_event(&format!("et-{event}")).await;
        here.accept(event).await.unwrap();
        let accepted = Instant::now();
        let woken = timeout(Duration::from_millis(250), there.arrival()).await;
        println!("woken after {:?}", accepted.elapsed());
        woken.unwrap();
        while timeout(Duration::from_millis(100), there.arrival())
            .await
            .is_ok()
        {}
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn an_accept_wakes_every_worker_of_its_postgres_inbox() {
    let server = Postgres::start();
    let inbox = inbox(&server.url()).await;
    while timeout(Duration::from_millis(500), inbox.arrival())
        .await
        .is_ok()
    {}
    let mut workers = JoinSet::new();
    for _ in 0..2 {
        let inbox = inbox.clone();
        workers.spawn(async move { timeout(Duration::from_millis(250), inbox.arrival()).await });
    }
    sleep(Duration::from_millis(20)).await;
    inbox.accept(new_event("et-1").await).await.unwrap();
    for woken in workers.join_all().await {
        woken.unwrap();
    }
    // One that had looked just before and did not wait yet.
    timeout(Duration::ZERO, inbox.arrival()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn a_postgres_inbox_listens_again_after_a_restart_of_the_server_and_ends_with_its_clones() {
    let mut server = Postgres::start();
    let (here, there) = (inbox(&server.url()).await, inbox(&server.url()).await);
    while timeout(Duration::from_millis(500), there.arrival())
        .await
        .is_ok()
    {}
    server.restart();
    while timeout(Duration::from_millis(1500), there.arrival())
        .await
        .is_ok()
    {}
    // The first call may find its connection broken.
    while here.accept(new_event("et-1").await).await.is_err() {}
    let woken = timeout(Duration::from_millis(250), there.arrival()).await;
    woken.unwrap();

    drop((here, there));
    let console = PgPool::connect(&server.url()).await.unwrap();
    let others = "SELECT count(*) FROM pg_stat_activity
                  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    for _ in 0..300 {
        let others: i64 = sqlx::query_scalar(others)
            .fetch_one(&console)
            .await
            .unwrap();
        if others == 0 {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("a connection is still open");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn postgres_stores_an_event_in_a_transaction_of_the_application() {
    let server = Postgres::start();
    let inbox = inbox(&server.url()).await;
    let pool = PgPool::connect(&server.url()).await.unwrap();
    assert_accept_in_is_part_of_its_transaction!(inbox, pool);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn postgres_completes_an_event_in_a_transaction_of_the_application() {
    let server = Postgres::start();
    let inbox = inbox(&server.url()).await;
    let pool = PgPool::connect(&server.url()).await.unwrap();
    assert_complete_in_is_part_of_its_transaction!(inbox, pool);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn postgres_completes_no_event_that_another_run_has() {
    let server = Postgres::start();
    let inbox = inbox(&server.url()).await;
    let pool = PgPool::connect(&server.url()).await.unwrap();
    assert_complete_in_of_a_lost_event_fails!(inbox, pool, "UPDATE smile_inbox SET token = ''");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn postgres_settles_no_run_whose_lease_was_found_to_be_over() {
    let server = Postgres::start();
    assert_a_lapsed_run_cannot_settle(inbox(&server.url()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn postgres_deletes_handled_events_and_dead_letters_after_their_time() {
    let server = Postgres::start();
    let inbox = inbox(&server.url()).await;
    let pool = PgPool::connect(&server.url()).await.unwrap();
    assert_old_events_are_deleted!(
        inbox,
        pool,
        "UPDATE smile_inbox SET due_at = due_at - interval '1 hour'"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn any_number_of_dead_letters_is_replayed_and_deleted() {
    let server = Postgres::start();
    let inbox = inbox(&server.url()).await;
    let pool = PgPool::connect(&server.url()).await.unwrap();
    let letters = "
        INSERT INTO smile_inbox (key, vendor, scope, secret_index, fingerprint, body, received_at,
            retention, state, due_at, dead_reason)
        SELECT n::text, 'smile-api', 'default', 0, '', '', now(), 0, 'dead', now(), 'failed'
        FROM generate_series(1, 2500) AS n";
    sqlx::raw_sql(letters).execute(&pool).await.unwrap();
    let replayed = inbox.replay_all(Duration::from_secs(60)).await.unwrap();
    assert_eq!(replayed, 2500);
    assert_eq!(inbox.waiting().await.unwrap(), 2500);
    let kill = sqlx::raw_sql("UPDATE smile_inbox SET state = 'dead'");
    kill.execute(&pool).await.unwrap();
    sleep(Duration::from_millis(2)).await;
    let deleted = inbox.delete_dead_letters(Duration::ZERO).await.unwrap();
    assert_eq!(deleted, 2500);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn a_postgres_inbox_takes_large_events_a_few_at_a_time() {
    let server = Postgres::start();
    let inbox = inbox(&server.url()).await;
    for event in 0..6 {
        let mut event = new_event(&format!("et-{event}")).await;
        event.body = vec![b' '; 1 << 20].into();
        inbox.accept(event).await.unwrap();
    }
    let mut taken = Vec::new();
    for _ in 0..3 {
        let jobs = inbox.take(Take::new(VENDOR, "default", 64)).await.unwrap();
        taken.push(jobs.len());
    }
    assert_eq!(taken, [4, 2, 0]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn a_zero_character_is_replaced_where_postgres_has_none() {
    let server = Postgres::start();
    let inbox = inbox(&server.url()).await;
    let mut event = new_event("et-1").await;
    event.name = Some("A\0B".into());
    inbox.accept(event).await.unwrap();
    let jobs = inbox.take(Take::new(VENDOR, "default", 1)).await.unwrap();
    let dead = Settlement::Dead {
        reason: DeadReason::Failed,
        error: "C\0D".into(),
    };
    let settled = inbox.settle(jobs[0].id, dead).await.unwrap();
    assert_eq!(settled, Ownership::Held);
    let letters = inbox.dead_letters(0, 10).await.unwrap();
    assert_eq!(letters[0].name.as_deref(), Some("A\u{fffd}B"));
    assert_eq!(letters[0].error, "C\u{fffd}D");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn an_idle_take_of_a_postgres_inbox_writes_nothing() {
    let server = Postgres::start();
    let inbox = inbox(&server.url()).await;
    let pool = PgPool::connect(&server.url()).await.unwrap();
    // Not the lease of another: neither is due.
    inbox.accept(new_event("et-1").await).await.unwrap();
    let take = Take::new(VENDOR, "default", 10);
    assert_eq!(inbox.take(take).await.unwrap().len(), 1);
    sleep(Duration::from_millis(100)).await;
    let written = async || -> i64 {
        let next = "SELECT txid_snapshot_xmax(txid_current_snapshot())";
        sqlx::query_scalar(next).fetch_one(&pool).await.unwrap()
    };
    let before = written().await;
    for _ in 0..20 {
        assert!(inbox.take(take).await.unwrap().is_empty());
    }
    assert_eq!(written().await, before);
}

/// An idle worker only looks, which a read-only server would let it do for ever.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn an_idle_worker_follows_a_name_that_is_moved_from_a_read_only_postgres() {
    let (old, new) = (Postgres::start(), Postgres::start());
    inbox(&old.url()).await;
    let new_inbox = inbox(&new.url()).await;
    let name = Forwarder::start(old.address());
    let url = format!("postgres://postgres@{}/postgres", name.address());
    let inbox = Arc::new(PostgresInbox::connect(&url).await.unwrap());
    let take = Take::new(VENDOR, "default", 1);
    let mut takes = JoinSet::new();
    for _ in 0..20 {
        let inbox = Arc::clone(&inbox);
        takes.spawn(async move { inbox.take(take).await.unwrap() });
    }
    takes.join_all().await;
    let console = PgPool::connect(&old.url()).await.unwrap();
    for order in [
        "ALTER SYSTEM SET default_transaction_read_only = on",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::raw_sql(order).execute(&console).await.unwrap();
    }
    name.switch(new.address());
    new_inbox.accept(new_event("et-1").await).await.unwrap();
    let moved = Instant::now();
    while !matches!(inbox.take(take).await, Ok(jobs) if jobs.len() == 1) {
        assert!(moved.elapsed() < Duration::from_secs(5));
        sleep(Duration::from_millis(10)).await;
    }
    println!("taken {:?} after the name was moved", moved.elapsed());
}
