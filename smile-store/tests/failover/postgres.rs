//! PostgreSQL servers that are read-only for a while, or for good.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use smile_store::PostgresDedupe;
use smile_test_servers::{Forwarder, Postgres};
use sqlx::PgPool;

use super::claims::{assert_acquired, assert_recovers, claim, fail_for, load};

async fn order(server: &Postgres, order: &'static str) {
    let pool = PgPool::connect(&server.url()).await.unwrap();
    // One at a time: `ALTER SYSTEM` must be alone.
    for order in order.split("; ") {
        sqlx::raw_sql(order).execute(&pool).await.unwrap();
    }
    pool.close().await;
}

const READ_ONLY: &str =
    "ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()";
const WRITABLE: &str = "ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()";

/// A server with the table.
async fn server() -> Postgres {
    let server = Postgres::start();
    let store = PostgresDedupe::connect(&server.url()).await.unwrap();
    store.create_schema().await.unwrap();
    server
}

/// A store whose pool has all of its connections.
async fn store(name: &Forwarder) -> Arc<PostgresDedupe> {
    let url = format!("postgres://postgres@{}/postgres", name.address());
    let store = Arc::new(PostgresDedupe::connect(&url).await.unwrap());
    while name.connections() < 10 {
        let mut claims = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let store = Arc::clone(&store);
            claims.spawn(async move { claim(&*store).await });
        }
        claims.join_all().await.iter().for_each(assert_acquired);
    }
    store
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn claims_go_to_the_new_primary_after_the_old_postgres_became_read_only() {
    let (old, new) = (server().await, server().await);
    let name = Forwarder::start(old.address());
    let store = store(&name).await;
    order(&old, READ_ONLY).await;
    // What is seldom called must recover, too: so no other call before the name is moved.
    name.switch(new.address());
    assert_recovers(&*store).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn claims_go_to_the_new_primary_after_the_old_postgres_came_back_as_a_standby() {
    let (mut old, new) = (server().await, server().await);
    let name = Forwarder::start(old.address());
    let store = store(&name).await;
    old.restart_as_standby();
    for _ in 0..20 {
        claim(&*store).await.unwrap_err();
    }
    name.switch(new.address());
    assert_recovers(&*store).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn claims_go_to_the_new_primary_after_the_old_postgres_froze() {
    let (old, new) = (server().await, server().await);
    let name = Forwarder::start(old.address());
    let store = store(&name).await;
    old.freeze();
    name.switch(new.address());
    assert_recovers(&*store).await;
    old.thaw();
}

/// And not once for each of its ten connections.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn a_caller_waits_once_for_a_postgres_that_froze_while_idle() {
    let (old, new) = (server().await, server().await);
    let name = Forwarder::start(old.address());
    let store = store(&name).await;
    old.freeze();
    name.switch(new.address());
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let start = Instant::now();
    for _ in 0..20 {
        assert_acquired(&claim(&*store).await);
    }
    println!("twenty claims after {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_millis(1500));
    old.thaw();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn claims_go_to_the_new_primary_after_the_old_postgres_froze_under_load() {
    let (old, new) = (server().await, server().await);
    let name = Forwarder::start(old.address());
    let store = store(&name).await;
    let load = load(&store);
    tokio::time::sleep(Duration::from_secs(1)).await;
    old.freeze();
    name.switch(new.address());
    assert_recovers(&*store).await;
    drop(load);
    old.thaw();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn claims_succeed_after_a_postgres_standby_was_promoted() {
    let mut server = server().await;
    let name = Forwarder::start(server.address());
    let store = store(&name).await;
    server.restart_as_standby();
    for _ in 0..20 {
        claim(&*store).await.unwrap_err();
    }
    server.promote();
    assert_recovers(&*store).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn a_postgres_that_stays_read_only_is_connected_to_a_few_times_a_second() {
    let server = server().await;
    let name = Forwarder::start(server.address());
    let store = store(&name).await;
    order(&server, READ_ONLY).await;
    // The server's processes learn of it one after another.
    for _ in 0..20 {
        while claim(&*store).await.is_ok() {}
    }
    let before = name.connections();
    let failed = fail_for(Duration::from_secs(3), &store).await;
    let connections = name.connections() - before;
    println!("{failed} claims failed, {connections} connections");
    assert!(failed > 200, "only {failed} claims failed");
    // Ten a second.
    assert!(
        (10..=50).contains(&connections),
        "{connections} connections"
    );
    order(&server, WRITABLE).await;
    assert_recovers(&*store).await;
}

/// Has every insert fail with the error that the table `fault` holds, if it holds one.
const FAULTS: &str = "
    CREATE TABLE fault (code text);
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM fault) THEN
                RAISE EXCEPTION 'as told' USING ERRCODE = (SELECT code FROM fault);
            END IF;
            RETURN NEW;
        END
    $$;
    CREATE TRIGGER fail BEFORE INSERT ON smile_dedupe FOR EACH ROW EXECUTE FUNCTION fail()";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn an_error_of_the_postgres_server_costs_its_connection_and_one_of_the_statement_does_not() {
    let server = server().await;
    let name = Forwarder::start(server.address());
    let console = PgPool::connect(&server.url()).await.unwrap();
    sqlx::raw_sql(FAULTS).execute(&console).await.unwrap();
    let of_server = [
        "25006", "57P01", "57P02", "57P03", "08000", "08006", "28000", "28P01", "53100", "58030",
        "XX000", "ZZ999",
    ];
    let of_statement = [
        "22003", "23505", "40P01", "42P01", "42501", "55P03", "57014",
    ];
    let costly = of_server.iter().map(|code| (code, true));
    for (code, replaced) in costly.chain(of_statement.iter().map(|code| (code, false))) {
        let url = format!("postgres://postgres@{}/postgres", name.address());
        let pool = PgPool::connect(&url).await.unwrap();
        let store = PostgresDedupe::from_pool(pool.clone()).unwrap();
        let fault = sqlx::query("INSERT INTO fault VALUES ($1)").bind(code);
        fault.execute(&console).await.unwrap();
        let before = name.connections();
        claim(&store).await.unwrap_err();
        let end = sqlx::raw_sql("TRUNCATE fault");
        end.execute(&console).await.unwrap();
        // The connection is back in the pool, or closed.
        while pool.num_idle() != usize::try_from(pool.size()).unwrap() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_acquired(&claim(&store).await);
        assert_eq!(name.connections() > before, replaced, "{code}");
    }
}

/// Has the first insert fail with a lost race, and keeps the process of that and of the next.
const LOST_RACE: &str = "
    CREATE SEQUENCE tries;
    CREATE SEQUENCE first_process;
    CREATE SEQUENCE last_process;
    CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM setval('last_process', pg_backend_pid());
            IF nextval('tries') = 1 THEN
                PERFORM setval('first_process', pg_backend_pid());
                RAISE EXCEPTION 'as told' USING ERRCODE = '40001';
            END IF;
            RETURN NEW;
        END
    $$;
    CREATE TRIGGER lose BEFORE INSERT ON smile_dedupe FOR EACH ROW EXECUTE FUNCTION lose()";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn a_statement_that_lost_a_race_runs_again_on_its_own_postgres_connection() {
    let server = server().await;
    let name = Forwarder::start(server.address());
    let store = store(&name).await;
    let console = PgPool::connect(&server.url()).await.unwrap();
    sqlx::raw_sql(LOST_RACE).execute(&console).await.unwrap();
    assert_acquired(&claim(&*store).await);
    // The server says that the race is lost before it releases the transaction's locks, and answers
    // the same connection afterwards. On another one, the statement could meet locks of its own.
    let processes = "SELECT (SELECT last_value FROM tries), (SELECT last_value FROM first_process),
        (SELECT last_value FROM last_process)";
    let processes: (i64, i64, i64) = sqlx::query_as(processes).fetch_one(&console).await.unwrap();
    assert_eq!(processes.0, 2);
    assert_eq!(processes.1, processes.2);
}
