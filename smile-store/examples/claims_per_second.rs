//! Measures each store on this machine: claims and confirmations of new events, and claims of
//! events that are done, by 64 callers at once.
//!
//! `cargo run --release -p smile-store --all-features --example claims_per_second`
//!
//! It starts a Redis server (`appendfsync always`) and a PostgreSQL server of its own, and makes
//! the SQLite file in the folder for temporary files: say with `TMPDIR` on which disk that is.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement has nobody to tell of an error"
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use smile_core::{Claim, DedupeStore, EventKey, Fingerprint, MemoryDedupe, Ownership, Token};
use smile_store::{PostgresDedupe, RedisDedupe, SqliteDedupe};
use smile_test_servers::{Postgres, Redis};
use tokio::task::JoinSet;

const CALLERS: u32 = 64;
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::main]
async fn main() {
    println!("store        new events/s   p99 of a call   duplicates/s   p99 of a call");
    measure("memory", 1000, MemoryDedupe::default()).await;

    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/dedupe.db", dir.path().display());
    let sqlite = SqliteDedupe::connect(&url).await.unwrap();
    sqlite.create_schema().await.unwrap();
    measure("sqlite", 100, sqlite).await;

    let server = Redis::start();
    let redis = RedisDedupe::connect(&server.url()).await.unwrap();
    measure("redis", 500, redis).await;

    let server = Postgres::start();
    let postgres = PostgresDedupe::connect(&server.url()).await.unwrap();
    postgres.create_schema().await.unwrap();
    measure("postgres", 200, postgres).await;
}

async fn measure(name: &str, events_each: u32, store: impl DedupeStore) {
    let store = Arc::new(store);
    let (new, new_p99) = run(&store, events_each, Event::New).await;
    let (done, done_p99) = run(&store, events_each, Event::Done).await;
    println!("{name:10} {new:14.0} {new_p99:15.1?} {done:14.0} {done_p99:15.1?}");
}

#[derive(Clone, Copy)]
enum Event {
    New,
    Done,
}

impl Event {
    /// Sends the event to the store; the answer is how many calls that took.
    async fn send(self, store: &impl DedupeStore, key: &EventKey) -> u32 {
        let (token, print) = (Token::unique(), Fingerprint::default());
        let claim = store.claim(key, token, print, RETENTION).await.unwrap();
        match self {
            Self::New => {
                assert!(matches!(claim, Claim::Acquired { .. }), "{claim:?}");
                let finished = store.finish(key, token, print, RETENTION).await;
                assert_eq!(finished.unwrap(), Ownership::Held);
                2
            }
            Self::Done => {
                assert!(matches!(claim, Claim::Done { .. }), "{claim:?}");
                1
            }
        }
    }
}

/// Events a second, and what 99 of 100 calls stay below.
async fn run<S: DedupeStore>(store: &Arc<S>, events_each: u32, event: Event) -> (f64, Duration) {
    let start = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let store = Arc::clone(store);
        callers.spawn(async move {
            let mut times = Vec::new();
            for n in 0..events_each {
                let key = EventKey::new(&format!("smile-api:example::et-{caller}-{n}"));
                let start = Instant::now();
                let calls = event.send(&*store, &key).await;
                times.push(start.elapsed() / calls);
            }
            times
        });
    }
    let mut times = callers.join_all().await.concat();
    let taken = start.elapsed();
    times.sort_unstable();
    let p99 = times[times.len() * 99 / 100];
    (f64::from(CALLERS * events_each) / taken.as_secs_f64(), p99)
}
