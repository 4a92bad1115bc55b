//! What only the Redis store promises.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use redis::{AsyncCommands, Client, aio::MultiplexedConnection, cluster::ClusterClient, cmd};
use smile_core::{
    Claim, DedupeStore, EventKey, Fingerprint, Ownership, StoreError, Token,
    testkit::dedupe_store_suite,
};
use smile_store::RedisDedupe;
use smile_test_servers::Redis;

const LONG: Duration = Duration::from_secs(600);

async fn start() -> (Redis, MultiplexedConnection, RedisDedupe) {
    let server = Redis::start();
    let client = Client::open(server.url()).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    let store = RedisDedupe::connect(&server.url()).await.unwrap();
    (server, connection, store)
}

async fn claim(store: &impl DedupeStore, event: &str, token: Token) -> Result<Claim, StoreError> {
    let key = EventKey::new(event);
    store.claim(&key, token, Fingerprint::default(), LONG).await
}

async fn acquire(store: &impl DedupeStore, event: &str, token: Token) {
    let claim = claim(store, event, token).await.unwrap();
    assert!(matches!(claim, Claim::Acquired { .. }), "{claim:?}");
}

async fn finish(store: &impl DedupeStore, event: &str, token: Token, retention: Duration) {
    let key = EventKey::new(event);
    let finish = store.finish(&key, token, Fingerprint::default(), retention);
    assert_eq!(finish.await.unwrap(), Ownership::Held);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_that_forgot_the_scripts_is_sent_them_again() {
    let (_server, mut connection, store) = start().await;
    acquire(&store, "et-1", Token::unique()).await;
    let () = cmd("SCRIPT")
        .arg("FLUSH")
        .query_async(&mut connection)
        .await
        .unwrap();
    acquire(&store, "et-2", Token::unique()).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn every_key_ends_by_itself() {
    let (_server, mut connection, store) = start().await;
    let token = Token::unique();
    let keys: [(&str, Duration); 3] = [
        ("claimed", LONG + Duration::from_secs(3600)),
        ("done", Duration::from_secs(86_400)),
        ("released", Duration::from_secs(3600)),
    ];
    for (event, _) in keys {
        acquire(&store, event, token).await;
    }
    finish(&store, "done", token, Duration::from_secs(86_400)).await;
    let released = store.release(&EventKey::new("released"), token).await;
    assert_eq!(released.unwrap(), Ownership::Held);
    for (event, expected) in keys {
        let left: u64 = connection
            .pttl(format!("smile:dedupe:{event}"))
            .await
            .unwrap();
        let expected = u64::try_from(expected.as_millis()).unwrap();
        assert!(
            left <= expected && left > expected - 5000,
            "{event}: {left}"
        );
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn an_event_that_is_done_takes_less_than_300_bytes() {
    let (_server, mut connection, store) = start().await;
    // Vendor, scope, tenant and an id of 36 characters.
    let event = "smile-api:webhooks:tenant-1:6d1b7f9c-8d1e-4c52-a7a5-0f6ffd0e5b3a";
    let token = Token::unique();
    acquire(&store, event, token).await;
    finish(&store, event, token, LONG).await;
    let usage = cmd("MEMORY")
        .arg("USAGE")
        .arg(format!("smile:dedupe:{event}"))
        .clone();
    let bytes: u64 = usage.query_async(&mut connection).await.unwrap();
    println!("{bytes} bytes");
    assert!(bytes < 300, "{bytes}");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_key_of_another_kind_is_an_error_and_no_duplicate() {
    let (_server, mut connection, store) = start().await;
    let () = connection.set("smile:dedupe:et-1", "done").await.unwrap();
    claim(&store, "et-1", Token::unique()).await.unwrap_err();
    let () = connection
        .hset("smile:dedupe:et-2", "state", "odd")
        .await
        .unwrap();
    let () = connection
        .hset("smile:dedupe:et-2", "expires", i64::MAX)
        .await
        .unwrap();
    let claim = claim(&store, "et-2", Token::unique()).await;
    assert!(!matches!(claim, Ok(Claim::Done { .. })), "{claim:?}");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn an_event_that_makes_no_sense_costs_no_other_event_its_claim() {
    let (_server, mut connection, store) = start().await;
    let odd = [("state", "claimed"), ("expires", "")];
    let () = connection
        .hset_multiple("smile:dedupe:odd", &odd)
        .await
        .unwrap();
    let start = std::time::Instant::now();
    let mut event = 0;
    while start.elapsed() < Duration::from_secs(1) {
        claim(&store, "odd", Token::unique()).await.unwrap_err();
        acquire(&store, &format!("et-{event}"), Token::unique()).await;
        event += 1;
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_full_server_refuses_claims_and_forgets_nothing() {
    let (_server, mut connection, store) = start().await;
    let token = Token::unique();
    acquire(&store, "et-1", token).await;
    finish(&store, "et-1", token, LONG).await;
    let mut limit = async |bytes: &str| {
        let limit = cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).clone();
        let () = limit.query_async(&mut connection).await.unwrap();
    };
    limit("1").await;
    claim(&store, "et-2", Token::unique()).await.unwrap_err();
    limit("0").await;
    let again = claim(&store, "et-1", Token::unique()).await.unwrap();
    assert!(matches!(again, Claim::Done { .. }), "{again:?}");
    acquire(&store, "et-2", Token::unique()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn a_connection_to_a_cluster_keeps_every_rule() {
    let server = Redis::start_cluster();
    dedupe_store_suite(async || {
        let client = ClusterClient::new([server.url()]).unwrap();
        RedisDedupe::new(client.get_async_connection().await.unwrap())
    })
    .await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn tls_to_a_server_without_it_is_an_error() {
    let server = Redis::start();
    let url = server.url().replace("redis://", "rediss://");
    RedisDedupe::connect(&url).await.unwrap_err();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_within_two_seconds() {
    let start = std::time::Instant::now();
    RedisDedupe::connect("redis://127.0.0.1:1")
        .await
        .unwrap_err();
    assert!(start.elapsed() < Duration::from_millis(2100));
}
