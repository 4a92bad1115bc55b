//! An error of a store names its cause, with what the driver said, and shows no password.

use std::{error::Error, fs};

use redis::{Client, cmd};
use smile_core::{Claim, DedupeStore, EventKey, Fingerprint, StoreError, Token};
use smile_store::{PostgresDedupe, RedisDedupe, SqliteDedupe};
use smile_test_servers::{Postgres, Redis};
use sqlx::{
    PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// What a log shows: the error and each of its causes.
fn causes(err: &StoreError) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next: Option<&dyn Error> = Some(err);
    while let Some(err) = next {
        causes.push(err.to_string());
        next = err.source();
    }
    causes
}

/// An error says its cause in our words, then in the driver's, and says nothing twice.
#[track_caller]
fn assert_says(err: &StoreError, ours: &str, drivers: &str) {
    let causes = causes(err);
    let [_, first, rest @ ..] = causes.as_slice() else {
        panic!("no cause: {causes:?}");
    };
    assert_eq!(first, ours, "{causes:?}");
    assert!(
        rest.iter().any(|cause| cause.contains(drivers)),
        "expected {drivers:?}, found {causes:?}"
    );
    for pair in causes.windows(2) {
        assert!(!pair[0].ends_with(&pair[1]), "said twice: {causes:?}");
    }
}

async fn claim(store: &impl DedupeStore) -> Result<Claim, StoreError> {
    let (key, token) = (EventKey::new("et-1"), Token::unique());
    let lease = std::time::Duration::from_secs(15);
    store
        .claim(&key, token, Fingerprint::default(), lease)
        .await
}

const MISSING: &str = "the table smile_dedupe is missing: run create_schema() once";

#[tokio::test]
async fn errors_of_sqlite_name_their_cause() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("dedupe.db");
    let url = format!("sqlite:{}", path.display());
    let store = SqliteDedupe::connect(&url).await.unwrap();
    let err = claim(&store).await.unwrap_err();
    assert_says(&err, MISSING, "no such table: smile_dedupe");

    store.create_schema().await.unwrap();
    let pool = SqlitePool::connect(&format!("{url}?mode=ro")).await;
    let store = SqliteDedupe::from_pool(pool.unwrap()).unwrap();
    let err = claim(&store).await.unwrap_err();
    let ours = "the SQLite file cannot be written to";
    assert_says(&err, ours, "attempt to write a readonly database");

    let missing = format!("sqlite:{}/missing/dedupe.db", dir.path().display());
    let err = SqliteDedupe::connect(&missing).await.unwrap_err();
    let ours = "the SQLite file cannot be opened";
    assert_says(&err, ours, "unable to open database file");

    let other = dir.path().join("other.db");
    fs::write(
        &other,
        "no database, but a text that is long enough for one".repeat(100),
    )
    .unwrap();
    let err = SqliteDedupe::connect(&format!("sqlite:{}", other.display())).await;
    let ours = "the file is not an SQLite database, or it is damaged";
    assert_says(&err.unwrap_err(), ours, "file is not a database");

    let err = SqliteDedupe::connect("sqlite:dedupe.db?mode=odd").await;
    assert_says(
        &err.unwrap_err(),
        "the URL is not a valid SQLite URL",
        "odd",
    );
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn errors_of_redis_name_their_cause() {
    let mut server = Redis::start();
    let store = RedisDedupe::connect(&server.url()).await.unwrap();
    let client = Client::open(server.url()).unwrap();
    let mut console = client.get_multiplexed_async_connection().await.unwrap();
    let replicate = cmd("REPLICAOF").arg("127.0.0.1").arg(1).clone();
    let () = replicate.query_async(&mut console).await.unwrap();
    let err = claim(&store).await.unwrap_err();
    let ours = "Redis answered READONLY: the server is a replica";
    assert_says(&err, ours, "can't write against a read only replica");

    server.kill();
    drop(console);
    let err = loop {
        let err = claim(&store).await.unwrap_err();
        // The first may find the connection broken.
        if causes(&err).iter().any(|cause| cause.contains("refused")) {
            break err;
        }
    };
    assert_says(&err, "the connection to Redis failed", "Connection refused");
}

#[tokio::test]
async fn errors_of_redis_before_there_is_a_server_name_their_cause() {
    let err = RedisDedupe::connect("redis://127.0.0.1:1")
        .await
        .unwrap_err();
    assert_says(&err, "the connection to Redis failed", "Connection refused");
    let err = RedisDedupe::connect("http://127.0.0.1").await.unwrap_err();
    assert_says(
        &err,
        "the URL is not a valid Redis URL",
        "URL did not parse",
    );
}

#[tokio::test]
#[ignore = "needs postgresql"]
async fn errors_of_postgres_name_their_cause() {
    let mut server = Postgres::start();
    let store = PostgresDedupe::connect(&server.url()).await.unwrap();
    let err = claim(&store).await.unwrap_err();
    let drivers = r#"relation "smile_dedupe" does not exist"#;
    assert_says(&err, MISSING, drivers);

    store.create_schema().await.unwrap();
    let options: PgConnectOptions = server.url().parse().unwrap();
    let options = options.options([("default_transaction_read_only", "on")]);
    let pool = PgPoolOptions::new().connect_with(options).await.unwrap();
    let read_only = PostgresDedupe::from_pool(pool).unwrap();
    let err = claim(&read_only).await.unwrap_err();
    let ours = "PostgreSQL answered 25006: the server is read-only, such as a standby";
    assert_says(&err, ours, "in a read-only transaction");

    let other = PgPool::connect(&server.url()).await.unwrap();
    let mut other = other.begin().await.unwrap();
    let lock = sqlx::raw_sql("LOCK TABLE smile_dedupe");
    lock.execute(&mut *other).await.unwrap();
    let err = claim(&store).await.unwrap_err();
    let ours =
        "PostgreSQL answered 57014: the statement took longer than a second, or was cancelled";
    assert_says(&err, ours, "canceling statement due to statement timeout");

    let url = server.url().replace("postgres@", "nobody@");
    let err = PostgresDedupe::connect(&url).await.unwrap_err();
    let ours = "PostgreSQL answered 28000: the server refused the user or the password";
    assert_says(&err, ours, r#"role "nobody" does not exist"#);

    let url = server.url().replace("/postgres", "/nothing");
    let err = PostgresDedupe::connect(&url.replace("//nothing", "//postgres")).await;
    let ours = "PostgreSQL answered 3D000: the database does not exist";
    assert_says(
        &err.unwrap_err(),
        ours,
        r#"database "nothing" does not exist"#,
    );

    server.kill();
    let err = loop {
        let err = claim(&store).await.unwrap_err();
        // The first may find the connection broken.
        if causes(&err).iter().any(|cause| cause.contains("pool")) {
            break err;
        }
    };
    let ours = "no connection to PostgreSQL within a second: the server does not answer, or all \
                connections are in use";
    assert_says(&err, ours, "pool timed out");
}

#[tokio::test]
async fn errors_of_postgres_before_there_is_a_server_name_their_cause() {
    let err = PostgresDedupe::connect("postgres://app:a/b@db.internal/app").await;
    let ours = "the URL is not a valid PostgreSQL URL";
    assert_says(&err.unwrap_err(), ours, "invalid port number");
}

/// Good URLs of servers that are not there, and bad ones.
#[tokio::test]
async fn no_error_shows_the_password_of_a_url() {
    let password = "hunter2";
    let urls = [
        "//app:hunter2@127.0.0.1:1/0",
        "//:hunter2@127.0.0.1:1/0",
        "//app:hunter2@127.0.0.1:1/zero",
        "//app:hunter2@127.0.0.1:1/0?protocol=odd&sslmode=odd",
        "//app:hunter2@127.0.0.1:1/0?port=odd",
        "//app:hunter2@127.0.0.1:99999/0",
        "//app:hunter2@:1/0",
        "//app:hunter2@",
        "//app:hunter2/1@127.0.0.1:1/0",
        "//app:1/hunter2@127.0.0.1:1/0",
        "//app:1#hunter2@127.0.0.1:1/0",
        "//app:%ff-hunter2@127.0.0.1:1/0",
        "//app:hunter2 1@127.0.0.1:1/0",
        "//app:hunter2@not a host/0",
        "//127.0.0.1:1/0?password=hunter2&port=odd",
    ];
    for scheme in ["redis", "rediss", "http"] {
        for url in urls {
            let err = RedisDedupe::connect(&format!("{scheme}:{url}")).await;
            assert_hides(password, url, &err.unwrap_err());
        }
    }
    for scheme in ["postgres", "postgresql", "http"] {
        for url in urls {
            let err = PostgresDedupe::connect(&format!("{scheme}:{url}")).await;
            assert_hides(password, url, &err.unwrap_err());
        }
    }
}

#[tokio::test]
#[ignore = "needs redis-server and postgresql"]
async fn no_store_shows_the_password_of_its_url() {
    let (redis, postgres) = (Redis::start(), Postgres::start());
    let client = Client::open(redis.url()).unwrap();
    let mut console = client.get_multiplexed_async_connection().await.unwrap();
    let set = cmd("CONFIG")
        .arg("SET")
        .arg("requirepass")
        .arg("hunter2")
        .clone();
    let () = set.query_async(&mut console).await.unwrap();
    let url = redis.url().replace("//", "//:hunter2@");
    let store = RedisDedupe::connect(&url).await.unwrap();
    assert!(!format!("{store:?}").contains("hunter2"));
    let url = postgres.url().replace("postgres@", "postgres:hunter2@");
    let store = PostgresDedupe::connect(&url).await.unwrap();
    assert!(!format!("{store:?}").contains("hunter2"), "{store:?}");
    let err = RedisDedupe::connect(&redis.url().replace("//", "//:hunter22@")).await;
    assert_says(
        err.as_ref().unwrap_err(),
        "Redis refused the user or the password",
        "Password authentication failed",
    );
    assert_hides("hunter2", "a wrong password", &err.unwrap_err());
}

#[track_caller]
fn assert_hides(password: &str, url: &str, err: &impl Error) {
    let mut next: Option<&dyn Error> = Some(err);
    while let Some(err) = next {
        assert!(
            !format!("{err} {err:?} {err:#?}").contains(password),
            "{url}: {err:?}"
        );
        next = err.source();
    }
}
