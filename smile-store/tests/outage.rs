//! What a store does while its server is down, and after.
//!
//! Thirty-two callers go on claiming and finishing while the server goes away and comes back.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use smile_core::{Claim, DedupeStore, EventKey, Fingerprint, Ownership, Token};
use smile_store::{PostgresDedupe, RedisDedupe, SqliteDedupe};
use smile_test_servers::{Postgres, Redis};
use sqlx::Connection;
use tokio::{
    runtime::Handle,
    sync::Mutex as AsyncMutex,
    task::JoinSet,
    time::{Instant, sleep},
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn a_frozen_redis_fails_calls_in_time_and_serves_them_when_it_is_back() {
    let redis = Redis::start();
    let store = RedisDedupe::connect(&redis.url()).await.unwrap();
    outage(store, async || redis.freeze(), async || redis.thaw()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn a_killed_redis_fails_calls_in_time_and_serves_them_when_it_is_back() {
    let redis = Redis::start();
    let store = RedisDedupe::connect(&redis.url()).await.unwrap();
    let redis = Mutex::new(redis);
    let redis = || redis.lock().unwrap();
    outage(store, async || redis().kill(), async || redis().restart()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn a_stopped_redis_fails_calls_in_time_and_serves_them_when_it_is_back() {
    let redis = Redis::start();
    let store = RedisDedupe::connect(&redis.url()).await.unwrap();
    let redis = Mutex::new(redis);
    let redis = || redis.lock().unwrap();
    outage(store, async || redis().stop(), async || redis().restart()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn a_frozen_postgres_fails_calls_in_time_and_serves_them_when_it_is_back() {
    let postgres = Postgres::start();
    let store = connect(&postgres).await;
    outage(store, async || postgres.freeze(), async || postgres.thaw()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn a_killed_postgres_fails_calls_in_time_and_serves_them_when_it_is_back() {
    let postgres = Postgres::start();
    let store = connect(&postgres).await;
    let postgres = Mutex::new(postgres);
    let postgres = || postgres.lock().unwrap();
    outage(
        store,
        async || postgres().kill(),
        async || postgres().restart(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn a_stopped_postgres_fails_calls_in_time_and_serves_them_when_it_is_back() {
    let postgres = Postgres::start();
    let store = connect(&postgres).await;
    let postgres = Mutex::new(postgres);
    let postgres = || postgres.lock().unwrap();
    outage(
        store,
        async || postgres().stop(),
        async || postgres().restart(),
    )
    .await;
}

/// Another process that writes and does not end, or its disk that does not answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_sqlite_file_fails_calls_in_time_and_serves_them_when_it_is_free() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/dedupe.db", dir.path().display());
    let store = SqliteDedupe::connect(&url).await.unwrap();
    store.create_schema().await.unwrap();
    let other = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let other = AsyncMutex::new(other);
    let run = async |sql: &'static str| {
        let mut other = other.lock().await;
        sqlx::raw_sql(sql).execute(&mut *other).await.unwrap();
    };
    outage(
        store,
        // Waits its turn among the callers.
        async || run("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").await,
        async || run("ROLLBACK").await,
    )
    .await;
}

async fn connect(postgres: &Postgres) -> PostgresDedupe {
    let store = PostgresDedupe::connect(&postgres.url()).await.unwrap();
    store.create_schema().await.unwrap();
    store
}

/// The calls fail in time while the server is away, succeed soon after it is back, and leave
/// nothing behind.
async fn outage(store: impl DedupeStore, take_away: impl AsyncFn(), bring_back: impl AsyncFn()) {
    // Descriptors are counted for the process, so one test at a time.
    static ALONE: AsyncMutex<()> = AsyncMutex::const_new(());
    let _alone = ALONE.lock().await;
    let load = Load::start(store);
    sleep(Duration::from_secs(1)).await;
    let (tasks, files) = (tasks(), open_files());
    take_away().await;
    let away = Instant::now();
    sleep(AWAY).await;
    let (tasks_during, files_during) = (self::tasks(), open_files());
    let returning = Instant::now();
    bring_back().await;
    let back = Instant::now();
    sleep(RECOVERY).await;
    let end = Instant::now();
    let (tasks_after, files_after) = (self::tasks(), open_files());
    let calls = load.stop().await;

    let before = calls.iter().filter(|call| call.end < away);
    assert!(
        before.filter(|call| call.succeeded).count() > 100,
        "there was no load"
    );
    let slowest = calls.iter().max_by_key(|call| call.time()).unwrap();
    assert!(
        slowest.time() < Duration::from_secs(2),
        "a call took {:?}",
        slowest.time()
    );
    let meanwhile = calls
        .iter()
        .filter(|call| call.start >= away && call.end < returning);
    let (good, failed): (Vec<&Call>, Vec<&Call>) = meanwhile.partition(|call| call.succeeded);
    assert!(
        good.is_empty(),
        "{} calls succeeded without a server",
        good.len()
    );
    assert!(
        failed.len() >= CALLERS,
        "only {} calls failed",
        failed.len()
    );
    let mut successes = calls
        .iter()
        .filter(|call| call.succeeded && call.end >= back);
    let first = successes.next().map(|call| call.end - back);
    assert!(
        first.is_some(),
        "no call succeeded within {RECOVERY:?} of the return"
    );
    let recent = calls
        .iter()
        .filter(|call| call.start > end - Duration::from_secs(1));
    let failing = recent.filter(|call| !call.succeeded).count();
    assert_eq!(failing, 0, "calls still fail {RECOVERY:?} after the return");
    println!(
        "slowest call {:?}, first success {first:?} after the return, tasks {tasks} / \
         {tasks_during} / {tasks_after}, files {files} / {files_during} / {files_after}",
        slowest.time(),
    );
    // Ten connections may be in the middle of being closed.
    assert!(
        tasks_during <= tasks + 12 && tasks_after <= tasks + 12,
        "tasks are left"
    );
    assert!(
        files_during <= files + 12 && files_after <= files + 12,
        "connections are left"
    );
}

const CALLERS: usize = 32;
/// How long the server is away: longer than a call may take.
const AWAY: Duration = Duration::from_secs(3);
/// After how long it has to serve every call again.
const RECOVERY: Duration = Duration::from_secs(3);

struct Load {
    callers: JoinSet<()>,
    calls: Arc<Mutex<Vec<Call>>>,
}

#[derive(Clone, Copy)]
struct Call {
    start: Instant,
    end: Instant,
    succeeded: bool,
}

impl Load {
    fn start(store: impl DedupeStore) -> Self {
        let (store, calls) = (Arc::new(store), Arc::default());
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(caller(Arc::clone(&store), Arc::clone(&calls)));
        }
        Self { callers, calls }
    }

    /// Every call in the order in which they ended.
    async fn stop(mut self) -> Vec<Call> {
        self.callers.shutdown().await;
        let mut calls = self
            .calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        calls.sort_by_key(|call| call.end);
        calls
    }
}

impl Call {
    fn time(&self) -> Duration {
        self.end - self.start
    }
}

async fn caller(store: Arc<impl DedupeStore>, calls: Arc<Mutex<Vec<Call>>>) {
    let note = |start, succeeded| {
        let end = Instant::now();
        calls.lock().unwrap().push(Call {
            start,
            end,
            succeeded,
        });
    };
    let (lease, print) = (Duration::from_secs(15), Fingerprint::default());
    loop {
        let token = Token::unique();
        let key = EventKey::new(&token.to_hex());
        let start = Instant::now();
        let claim = store.claim(&key, token, print, lease).await;
        note(start, matches!(claim, Ok(Claim::Acquired { .. })));
        if claim.is_ok() {
            let start = Instant::now();
            let finish = store.finish(&key, token, print, lease).await;
            note(start, matches!(finish, Ok(Ownership::Held)));
        }
        sleep(Duration::from_millis(1)).await;
    }
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}
