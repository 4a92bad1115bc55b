//! The shortest and the longest times, as arguments and in the rows of a store.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use redis::{AsyncCommands, Client};
use smile_core::{Claim, DedupeStore, EventKey, Fingerprint, Ownership, StoreError, Token};
use smile_store::{PostgresDedupe, RedisDedupe, SqliteDedupe};
use smile_test_servers::{Postgres, Redis};
use sqlx::{PgPool, SqlitePool};

/// The longest lease and retention: a hundred years of 366 days.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

const TIMES: [Duration; 10] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_nanos(999_999),
    Duration::from_millis(1),
    Duration::from_secs(3600),
    LONGEST,
    Duration::from_millis(u64::MAX),
    Duration::from_secs(i64::MAX.unsigned_abs()),
    Duration::from_secs(u64::MAX),
    Duration::MAX,
];

async fn sqlite(dir: &tempfile::TempDir) -> (SqliteDedupe, SqlitePool) {
    let url = format!("sqlite:{}/dedupe.db", dir.path().display());
    let store = SqliteDedupe::connect(&url).await.unwrap();
    store.create_schema().await.unwrap();
    (store, SqlitePool::connect(&url).await.unwrap())
}

async fn postgres(server: &Postgres) -> PostgresDedupe {
    let store = PostgresDedupe::connect(&server.url()).await.unwrap();
    store.create_schema().await.unwrap();
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_takes_every_time() {
    let dir = tempfile::tempdir().unwrap();
    assert_takes_every_time(sqlite(&dir).await.0).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn redis_takes_every_time() {
    let server = Redis::start();
    let store = RedisDedupe::connect(&server.url()).await;
    assert_takes_every_time(store.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn postgres_takes_every_time() {
    let server = Postgres::start();
    assert_takes_every_time(postgres(&server).await).await;
}

async fn assert_takes_every_time(store: impl DedupeStore) {
    for first in TIMES {
        for second in TIMES {
            let run = Run::new();
            println!("{first:?}, {second:?}");
            run.acquire(&store, first).await;
            run.assert_in_flight_for(&store, first).await;
            let extended = store.extend(&run.key, run.token, second);
            assert_eq!(extended.await.unwrap(), Ownership::Held);
            run.assert_in_flight_for(&store, second).await;
            let finished = store.finish(&run.key, run.token, Fingerprint::default(), first);
            assert_eq!(finished.await.unwrap(), Ownership::Held);
            let again = run.claim_as_another(&store).await.unwrap();
            if first >= Duration::from_secs(1) {
                assert!(matches!(again, Claim::Done { .. }), "{again:?}");
            }
        }
    }
}

/// A row that says more than a century is read as one that says a century; one that makes no sense
/// is an error, or no claim at all, but never the end of an event.
enum Row {
    Longest,
    Nonsense,
}

impl Row {
    fn check(&self, state: &str, expires: &str, answer: &Result<Claim, StoreError>) {
        let right = match (self, state) {
            (Self::Longest, "claimed") => {
                matches!(answer, Ok(Claim::InFlight { lease_left })
                    if *lease_left <= LONGEST && *lease_left > LONGEST - Duration::from_secs(60))
            }
            (Self::Longest, _) => matches!(answer, Ok(Claim::Done { .. })),
            (Self::Nonsense, _) => matches!(answer, Err(_) | Ok(Claim::Acquired { .. })),
        };
        assert!(right, "{state} until {expires}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_reads_a_row_of_any_time() {
    let dir = tempfile::tempdir().unwrap();
    let (store, pool) = sqlite(&dir).await;
    let rows = [
        (i64::MAX, Row::Longest),
        (i64::MAX - 1, Row::Longest),
        (i64::MIN, Row::Nonsense),
        (-1, Row::Nonsense),
    ];
    for state in ["claimed", "done"] {
        for (expires, row) in &rows {
            let run = Run::new();
            run.acquire(&store, LONGEST).await;
            let update = "UPDATE smile_dedupe SET state = ?1, expires_at = ?2 WHERE key = ?3";
            let update = sqlx::query(update).bind(state).bind(expires);
            let update = update.bind(run.key.as_str()).execute(&pool);
            update.await.unwrap();
            let answer = run.claim_as_another(&store).await;
            row.check(state, &expires.to_string(), &answer);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn redis_reads_a_row_of_any_time() {
    let server = Redis::start();
    let store = RedisDedupe::connect(&server.url()).await.unwrap();
    let client = Client::open(server.url()).unwrap();
    let mut console = client.get_multiplexed_async_connection().await.unwrap();
    let rows = [
        ("9223372036854775807", Row::Longest),
        ("1e300", Row::Longest),
        ("inf", Row::Longest),
        ("-inf", Row::Nonsense),
        ("-1", Row::Nonsense),
        ("nan", Row::Nonsense),
        ("soon", Row::Nonsense),
        ("", Row::Nonsense),
    ];
    for state in ["claimed", "done"] {
        for (expires, row) in &rows {
            let run = Run::new();
            run.acquire(&store, LONGEST).await;
            let name = format!("smile:dedupe:{}", run.key);
            let fields = [("state", state), ("expires", *expires)];
            let () = console.hset_multiple(&name, &fields).await.unwrap();
            let answer = run.claim_as_another(&store).await;
            row.check(state, expires, &answer);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs postgresql"]
async fn postgres_reads_a_row_of_any_time() {
    let server = Postgres::start();
    let store = postgres(&server).await;
    let pool = PgPool::connect(&server.url()).await.unwrap();
    let rows = [
        ("294276-12-31", Row::Longest),
        ("infinity", Row::Longest),
        ("-infinity", Row::Nonsense),
        ("4713-01-01 BC", Row::Nonsense),
    ];
    for state in ["claimed", "done"] {
        for (expires, row) in &rows {
            let run = Run::new();
            run.acquire(&store, LONGEST).await;
            let update = "UPDATE smile_dedupe SET state = $1, expires_at = $2::timestamptz
                          WHERE key = $3";
            let update = sqlx::query(update).bind(state).bind(expires);
            let update = update.bind(run.key.as_str()).execute(&pool);
            update.await.unwrap();
            let answer = run.claim_as_another(&store).await;
            row.check(state, expires, &answer);
        }
    }
}

/// One event, and the token of who claimed it.
struct Run {
    key: EventKey,
    token: Token,
}

impl Run {
    fn new() -> Self {
        let token = Token::unique();
        let key = EventKey::new(&token.to_hex());
        Self { key, token }
    }

    async fn acquire(&self, store: &impl DedupeStore, lease: Duration) {
        let print = Fingerprint::default();
        let claim = store.claim(&self.key, self.token, print, lease).await;
        assert!(matches!(claim, Ok(Claim::Acquired { .. })), "{claim:?}");
    }

    /// Another's claim of a lease that is over is granted, so only one that lasts is claimed.
    async fn assert_in_flight_for(&self, store: &impl DedupeStore, lease: Duration) {
        if lease < Duration::from_secs(1) {
            return;
        }
        let claim = self.claim_as_another(store).await.unwrap();
        let Claim::InFlight { lease_left } = claim else {
            panic!("{claim:?}");
        };
        let longest = lease.min(LONGEST);
        let shortest = longest - Duration::from_secs(60);
        assert!(
            lease_left <= longest && lease_left > shortest,
            "{lease_left:?}"
        );
    }

    async fn claim_as_another(&self, store: &impl DedupeStore) -> Result<Claim, StoreError> {
        let (token, print) = (Token::unique(), Fingerprint::default());
        store.claim(&self.key, token, print, LONGEST).await
    }
}
