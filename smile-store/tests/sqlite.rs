//! What only the SQLite store promises.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use smile_core::{Claim, DedupeStore, EventKey, Fingerprint, Ownership, Token};
use smile_store::SqliteDedupe;
use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};
use tempfile::TempDir;
use tokio::task::JoinSet;

const LONG: Duration = Duration::from_secs(600);
const PROCESSES: usize = 3;
const EVENTS: usize = 200;

fn url(dir: &Path) -> String {
    format!("sqlite:{}/dedupe.db", dir.display())
}

async fn store(dir: &TempDir) -> (SqliteDedupe, SqlitePool) {
    let store = SqliteDedupe::connect(&url(dir.path())).await.unwrap();
    store.create_schema().await.unwrap();
    let pool = SqlitePool::connect(&url(dir.path())).await.unwrap();
    (store, pool)
}

async fn claim(store: &impl DedupeStore, event: usize, token: Token) -> Claim {
    let key = EventKey::new(&format!("et-{event}"));
    let claim = store.claim(&key, token, Fingerprint::default(), LONG);
    claim.await.unwrap()
}

async fn finish(store: &impl DedupeStore, event: usize, token: Token) -> Ownership {
    let key = EventKey::new(&format!("et-{event}"));
    let finish = store.finish(&key, token, Fingerprint::default(), LONG);
    finish.await.unwrap()
}

async fn rows(pool: &SqlitePool) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM smile_dedupe");
    count.fetch_one(pool).await.unwrap()
}

/// The test starts itself three more times, each told of the folder by this variable.
const FOLDER: &str = "SMILE_TEST_SHARED_FOLDER";

#[test]
fn of_three_processes_that_share_a_file_one_acquires_each_event() {
    if let Some(folder) = env::var_os(FOLDER) {
        return one_of_three(PathBuf::from(folder));
    }
    let dir = tempfile::tempdir().unwrap();
    let test = "of_three_processes_that_share_a_file_one_acquires_each_event";
    let children: Vec<_> = (0..PROCESSES)
        .map(|_| {
            Command::new(env::current_exe().unwrap())
                .args([test, "--exact", "--nocapture"])
                .env(FOLDER, dir.path())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut acquired = vec![0; EVENTS];
    for child in children {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        let events = text
            .lines()
            .filter_map(|line| line.strip_prefix("acquired "));
        for event in events {
            acquired[event.parse::<usize>().unwrap()] += 1;
        }
    }
    assert_eq!(acquired, vec![1; EVENTS]);
}

#[tokio::main]
async fn one_of_three(folder: PathBuf) {
    // All make the schema of the new file at once.
    fs::write(folder.join(Token::unique().to_hex()), "").unwrap();
    while fs::read_dir(&folder).unwrap().count() < PROCESSES {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let store = SqliteDedupe::connect(&url(&folder)).await.unwrap();
    store.create_schema().await.unwrap();
    let store = Arc::new(store);
    let mut claims = JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        claims.spawn(async move {
            let mut acquired = Vec::new();
            for event in 0..EVENTS {
                let token = Token::unique();
                if let Claim::Acquired { .. } = claim(&*store, event, token).await {
                    assert_eq!(finish(&*store, event, token).await, Ownership::Held);
                    acquired.push(event);
                }
            }
            acquired
        });
    }
    println!();
    for event in claims.join_all().await.concat() {
        println!("acquired {event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_deleted_an_hour_after_they_expire() {
    let dir = tempfile::tempdir().unwrap();
    let (store, pool) = store(&dir).await;
    for event in 0..2500 {
        claim(&store, event, Token::unique()).await;
    }
    for (key, age) in [("et-0", "3500"), ("et-1", "0"), ("et-2", "-1000")] {
        let expire =
            "UPDATE smile_dedupe SET expires_at = (unixepoch() - ?2) * 1000 WHERE key = ?1";
        let expire = sqlx::query(expire).bind(key).bind(age);
        expire.execute(&pool).await.unwrap();
    }
    let expire = "UPDATE smile_dedupe SET expires_at = (unixepoch() - 3700) * 1000
                  WHERE key NOT IN ('et-0', 'et-1', 'et-2')";
    sqlx::raw_sql(expire).execute(&pool).await.unwrap();
    assert_eq!(store.purge().await.unwrap(), 2497);
    assert_eq!(rows(&pool).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn finishing_events_deletes_old_rows() {
    let dir = tempfile::tempdir().unwrap();
    let (store, pool) = store(&dir).await;
    claim(&store, 1000, Token::unique()).await;
    let expire = sqlx::raw_sql("UPDATE smile_dedupe SET expires_at = 0");
    expire.execute(&pool).await.unwrap();
    for event in 0..256 {
        assert_eq!(rows(&pool).await, 1 + i64::try_from(event).unwrap());
        let token = Token::unique();
        claim(&store, event, token).await;
        assert_eq!(finish(&store, event, token).await, Ownership::Held);
    }
    for _ in 0..100 {
        if rows(&pool).await == 256 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the expired row is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_of_many_connections_keeps_every_rule() {
    let dir = &tempfile::tempdir().unwrap();
    let pool = || async {
        // Also with the file's default journal, where readers and writers wait for each other.
        let options = SqlitePoolOptions::new().max_connections(4);
        let url = format!("{}?mode=rwc", url(dir.path()));
        let store = SqliteDedupe::from_pool(options.connect(&url).await.unwrap()).unwrap();
        store.create_schema().await.unwrap();
        store
    };
    smile_core::testkit::dedupe_store_suite(pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_a_thousand_events_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = store(&dir).await;
    let store = Arc::new(store);
    let mut burst = JoinSet::new();
    for event in 0..1000 {
        let store = Arc::clone(&store);
        burst.spawn(async move { claim_and_finish(&store, event).await });
    }
    burst.join_all().await;
}

#[test]
fn a_store_outlives_the_runtime_that_used_it_first() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let (first, second) = (runtime(), runtime());
    let (store, _) = first.block_on(store(&dir));
    let store = Arc::new(store);
    // Calls in the middle of which the runtime ends.
    for event in 0..50 {
        let store = Arc::clone(&store);
        first.spawn(async move { claim(&*store, event, Token::unique()).await });
    }
    first.shutdown_timeout(Duration::from_secs(5));
    second.block_on(claim_and_finish(&store, 100));
}

async fn claim_and_finish(store: &SqliteDedupe, event: usize) {
    let token = Token::unique();
    let claim = claim(store, event, token).await;
    assert!(matches!(claim, Claim::Acquired { .. }), "{claim:?}");
    assert_eq!(finish(store, event, token).await, Ownership::Held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_was_given_up_before_it_was_begun_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let (store, pool) = store(&dir).await;
    let store = Arc::new(store);
    let claim_in_task = |event| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { claim(&*store, event, Token::unique()).await })
    };
    let other = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    // Waits for the other to write, and the second for the first.
    let first = claim_in_task(1);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let second = claim_in_task(2);
    tokio::time::sleep(Duration::from_millis(100)).await;
    second.abort();
    second.await.unwrap_err();
    other.rollback().await.unwrap();
    first.await.unwrap();
    claim(&*store, 3, Token::unique()).await;
    assert_eq!(rows(&pool).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_may_be_opened_by_many_at_once() {
    for _ in 0..40 {
        let dir = tempfile::tempdir().unwrap();
        let mut opened = JoinSet::new();
        for event in 0..8 {
            let url = url(dir.path());
            opened.spawn(async move {
                let store = SqliteDedupe::connect(&url).await.unwrap();
                store.create_schema().await.unwrap();
                claim_and_finish(&store, event).await;
            });
        }
        opened.join_all().await;
    }
}

fn causes(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        text = format!("{text}: {err}");
        cause = err.source();
    }
    text
}

#[tokio::test]
async fn a_table_of_a_newer_app_is_refused_unless_this_one_can_use_it() {
    let dir = tempfile::tempdir().unwrap();
    let (_, pool) = store(&dir).await;
    let newer = "UPDATE smile_dedupe_schema SET version = 2";
    sqlx::raw_sql(newer).execute(&pool).await.unwrap();
    let store = SqliteDedupe::connect(&url(dir.path())).await.unwrap();
    store.create_schema().await.unwrap();
    let newest = "UPDATE smile_dedupe_schema SET version = 3, oldest_reader = 2";
    sqlx::raw_sql(newest).execute(&pool).await.unwrap();
    let connected = SqliteDedupe::connect(&url(dir.path())).await.map(drop);
    let own_pool = SqliteDedupe::from_pool(pool.clone()).unwrap();
    for refused in [
        connected,
        own_pool.create_schema().await,
        own_pool.check_schema().await,
    ] {
        let causes = causes(&refused.unwrap_err());
        let expected = "the table smile_dedupe is of version 3, which needs a smile-store that knows \
                        version 2, and this one knows 1: update this app";
        assert!(causes.contains(expected), "{causes}");
    }
}

#[tokio::test]
async fn a_table_from_before_there_were_versions_works_and_gets_one() {
    let dir = tempfile::tempdir().unwrap();
    let (older, pool) = store(&dir).await;
    let token = Token::unique();
    assert!(matches!(
        claim(&older, 1, token).await,
        Claim::Acquired { .. }
    ));
    assert_eq!(finish(&older, 1, token).await, Ownership::Held);
    let unversioned = "DROP TABLE smile_dedupe_schema";
    sqlx::raw_sql(unversioned).execute(&pool).await.unwrap();
    let store = SqliteDedupe::connect(&url(dir.path())).await.unwrap();
    let again = claim(&store, 1, Token::unique()).await;
    assert!(matches!(again, Claim::Done { .. }), "{again:?}");
    store.create_schema().await.unwrap();
    let version = sqlx::query_scalar("SELECT version FROM smile_dedupe_schema");
    let version: i64 = version.fetch_one(&pool).await.unwrap();
    assert_eq!(version, 1);
}
