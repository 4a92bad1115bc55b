//! A store has a thread of its own, so that a runtime whose thread is blocked stops nobody else's
//! calls: actix-web has a runtime for each of its workers, and a handler may block its worker.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    future::Future,
    panic,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Waker},
    thread,
    time::{Duration, Instant},
};

use smile_core::{Claim, DedupeStore, EventKey, Fingerprint, Ownership, StoreError, Token};
use smile_store::{PostgresDedupe, RedisDedupe, SqliteDedupe};
use smile_test_servers::{Postgres, Redis};
use tokio::{
    runtime::{Builder, Runtime},
    task::{JoinSet, yield_now},
};

/// For how long a worker is blocked: longer than all of another's calls take.
const BLOCKED: Duration = Duration::from_secs(10);
const EVENTS: usize = 20;

#[test]
fn a_blocked_runtime_stops_no_claims_of_sqlite_from_another() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/dedupe.db", dir.path().display());
    a_blocked_runtime_stops_nobody_else(async || {
        let store = SqliteDedupe::connect(&url).await.unwrap();
        store.create_schema().await.unwrap();
        store
    });
}

#[test]
#[ignore = "needs redis-server"]
fn a_blocked_runtime_stops_no_claims_of_redis_from_another() {
    let server = Redis::start();
    let open = async || RedisDedupe::connect(&server.url()).await.unwrap();
    a_blocked_runtime_stops_nobody_else(open);
}

#[test]
#[ignore = "needs postgresql"]
fn a_blocked_runtime_stops_no_claims_of_postgres_from_another() {
    let server = Postgres::start();
    a_blocked_runtime_stops_nobody_else(async || {
        let store = PostgresDedupe::connect(&server.url()).await.unwrap();
        store.create_schema().await.unwrap();
        store
    });
}

#[test]
#[ignore = "needs redis-server and postgresql"]
fn a_store_that_is_dropped_in_the_middle_of_a_call_ends_its_thread() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        hook(info);
    }));
    let (redis, postgres) = (Redis::start(), Postgres::start());
    let dir = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}/dedupe.db", dir.path().display());
    let runtime = worker();
    for millis in 0..20 {
        let pause = Duration::from_millis(millis);
        runtime.block_on(async {
            let store = SqliteDedupe::connect(&sqlite).await.unwrap();
            store.create_schema().await.unwrap();
            drop_in_the_middle_of_a_call(store, pause);
            let store = RedisDedupe::connect(&redis.url()).await.unwrap();
            drop_in_the_middle_of_a_call(store, pause);
            let store = PostgresDedupe::connect(&postgres.url()).await.unwrap();
            store.create_schema().await.unwrap();
            drop_in_the_middle_of_a_call(store, pause);
        });
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while threads_of_stores() > 0 {
        assert!(Instant::now() < deadline, "{} threads", threads_of_stores());
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
}

fn drop_in_the_middle_of_a_call(store: impl DedupeStore, pause: Duration) {
    let mut call = Box::pin(handle(&store));
    let begun = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(begun.is_pending());
    thread::sleep(pause);
    drop(call);
}

fn threads_of_stores() -> usize {
    let names = fs::read_dir("/proc/self/task").unwrap().flatten();
    names
        .filter_map(|task| fs::read_to_string(task.path().join("comm")).ok())
        .filter(|name| name.trim() == "smile-store")
        .count()
}

/// The store is opened and used by one worker, which is then blocked in the middle of a call.
#[track_caller]
fn a_blocked_runtime_stops_nobody_else<S: DedupeStore + Clone>(open: impl AsyncFn() -> S) {
    let [blocked, other] = [(); 2].map(|()| worker());
    let store = blocked.block_on(async {
        let store = open().await;
        let mut claims = JoinSet::new();
        for _ in 0..10 {
            let store = store.clone();
            claims.spawn(async move { handle(&store).await.unwrap() });
        }
        claims.join_all().await;
        store
    });
    let (begun, begin) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let store_of_blocked = store.clone();
    let worker = thread::spawn(move || {
        blocked.block_on(async {
            tokio::spawn(async move { handle(&store_of_blocked).await });
            // The call has begun, and so have the tasks that it spawned.
            yield_now().await;
            yield_now().await;
            begun.send(()).unwrap();
            let _ = ended.recv_timeout(BLOCKED);
        });
    });
    begin.recv().unwrap();
    let start = Instant::now();
    for n in 0..EVENTS {
        let handled = other.block_on(handle(&store));
        assert!(handled.is_ok(), "event {n}: {handled:?}");
    }
    println!("{EVENTS} events took {:?}", start.elapsed());
    assert!(start.elapsed() < BLOCKED);
    end.send(()).unwrap();
    worker.join().unwrap();
}

fn worker() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn handle(store: &impl DedupeStore) -> Result<(), StoreError> {
    let token = Token::unique();
    let key = EventKey::new(&token.to_hex());
    let (print, lease) = (Fingerprint::default(), Duration::from_secs(15));
    let claim = store.claim(&key, token, print, lease).await?;
    assert!(matches!(claim, Claim::Acquired { .. }), "{claim:?}");
    let finish = store.finish(&key, token, print, lease).await?;
    assert_eq!(finish, Ownership::Held);
    Ok(())
}
