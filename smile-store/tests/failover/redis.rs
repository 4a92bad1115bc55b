//! Redis servers that are demoted, locked or clustered.

use std::{sync::Arc, time::Duration};

use redis::{Client, aio::MultiplexedConnection, cmd};
use smile_store::RedisDedupe;
use smile_test_servers::{Forwarder, Redis};
use tokio::time::sleep;

use super::claims::{assert_acquired, assert_recovers, claim, fail_for};

/// A way to give the server orders that no call of the store takes part in.
async fn console(server: &Redis) -> MultiplexedConnection {
    let client = Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

async fn order(console: &mut MultiplexedConnection, order: &str) {
    let mut words = order.split(' ');
    let mut order = cmd(words.next().unwrap());
    words.for_each(|word| {
        order.arg(word);
    });
    let () = order.query_async(console).await.unwrap();
}

async fn demote(server: &Redis, primary: &Redis) {
    let address = primary.address();
    let replicate = format!("REPLICAOF {} {}", address.ip(), address.port());
    order(&mut console(server).await, &replicate).await;
}

async fn store(name: &Forwarder) -> RedisDedupe {
    let store = RedisDedupe::connect(&format!("redis://{}", name.address())).await;
    let store = store.unwrap();
    assert_acquired(&claim(&store).await);
    store
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn claims_go_to_the_new_primary_after_redis_demoted_the_old_one() {
    let (old, new) = (Redis::start(), Redis::start());
    let name = Forwarder::start(old.address());
    let store = store(&name).await;
    demote(&old, &new).await;
    let err = claim(&store).await.unwrap_err();
    println!("{err:?}");
    name.switch(new.address());
    assert_recovers(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn claims_go_to_the_new_primary_after_the_old_redis_froze() {
    let (old, new) = (Redis::start(), Redis::start());
    let name = Forwarder::start(old.address());
    let store = store(&name).await;
    old.freeze();
    name.switch(new.address());
    assert_recovers(&store).await;
    old.thaw();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn claims_succeed_after_a_redis_replica_was_promoted() {
    let (primary, server) = (Redis::start(), Redis::start());
    let name = Forwarder::start(server.address());
    let store = store(&name).await;
    demote(&server, &primary).await;
    claim(&store).await.unwrap_err();
    order(&mut console(&server).await, "REPLICAOF NO ONE").await;
    assert_recovers(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn a_redis_connection_that_was_closed_while_idle_costs_no_claim() {
    let server = Redis::start();
    let name = Forwarder::start(server.address());
    let store = store(&name).await;
    let mut console = console(&server).await;
    for _ in 0..3 {
        order(&mut console, "CLIENT KILL TYPE normal SKIPME yes").await;
        sleep(Duration::from_millis(1100)).await;
        assert_acquired(&claim(&store).await);
    }
    assert!(name.connections() >= 4);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn a_redis_that_is_not_there_is_connected_to_a_few_times_a_second() {
    let mut server = Redis::start();
    let name = Forwarder::start(server.address());
    let store = Arc::new(store(&name).await);
    server.kill();
    while claim(&*store).await.is_ok() {}
    let before = name.connections();
    let failed = fail_for(Duration::from_secs(3), &store).await;
    let connections = name.connections() - before;
    println!("{failed} claims failed, {connections} connections");
    assert!(failed > 200, "only {failed} claims failed");
    assert!((5..=17).contains(&connections), "{connections} connections");
    server.restart();
    assert_recovers(&*store).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn a_redis_that_stays_read_only_is_connected_to_a_few_times_a_second() {
    let (primary, server) = (Redis::start(), Redis::start());
    let name = Forwarder::start(server.address());
    let store = Arc::new(store(&name).await);
    demote(&server, &primary).await;
    let before = name.connections();
    let failed = fail_for(Duration::from_secs(3), &store).await;
    let connections = name.connections() - before;
    println!("{failed} claims failed, {connections} connections");
    assert!(failed > 200, "only {failed} claims failed");
    // Five a second.
    assert!((5..=17).contains(&connections), "{connections} connections");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn claims_succeed_after_a_redis_password_was_changed_and_put_back() {
    let server = Redis::start();
    let name = Forwarder::start(server.address());
    let mut console = console(&server).await;
    order(&mut console, "CONFIG SET requirepass first").await;
    order(&mut console, "AUTH first").await;
    let url = format!("redis://:first@{}", name.address());
    let store = RedisDedupe::connect(&url).await.unwrap();
    assert_acquired(&claim(&store).await);
    order(&mut console, "CONFIG SET requirepass second").await;
    order(&mut console, "CLIENT KILL TYPE normal SKIPME yes").await;
    for _ in 0..10 {
        claim(&store).await.unwrap_err();
    }
    order(&mut console, "CONFIG SET requirepass first").await;
    assert_recovers(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn a_node_of_a_cluster_is_an_error_at_the_start() {
    let server = Redis::start_cluster();
    let err = RedisDedupe::connect(&server.url()).await.unwrap_err();
    let text = std::error::Error::source(&err).unwrap().to_string();
    assert!(text.contains("ClusterConnection"), "{text}");
    assert!(text.contains("cluster-async"), "{text}");
}
