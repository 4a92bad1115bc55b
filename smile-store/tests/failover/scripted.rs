//! Every error that Redis may answer, by a server that answers it once.

use std::time::Duration;

use smile_store::RedisDedupe;
use tokio::{task::JoinSet, time::sleep};

use super::{
    claims::{assert_acquired, claim},
    scripted_redis::ScriptedRedis,
};

/// What a server says that cannot do its work, in the words of Redis 7 and of Redis 6, which puts
/// the error of a script's command behind words of its own.
const ERRORS: [&str; 13] = [
    "READONLY You can't write against a read only replica.",
    "ERR Error running script (call to f_0): @user_script:16: -READONLY You can't write against a \
     read only replica.",
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist.",
    "LOADING Redis is loading the dataset in memory",
    "MOVED 3999 127.0.0.1:6381",
    "ASK 3999 127.0.0.1:6381",
    "CLUSTERDOWN Hash slot not served",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "NOAUTH Authentication required.",
    "WRONGPASS invalid username-password pair or user is disabled.",
    "NOREPLICAS Not enough good replicas to write.",
    "NOPERM User app has no permissions to run the 'evalsha' command",
    "SOMETHING that no Redis of today says",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_redis_server_costs_its_connection_and_no_claim() {
    for error in ERRORS {
        let server = ScriptedRedis::start(error);
        let store = RedisDedupe::connect(&server.url()).await.unwrap();
        // So soon after the first connection there is no second.
        sleep(Duration::from_millis(300)).await;
        assert_acquired(&claim(&store).await);
        assert_acquired(&claim(&store).await);
        assert_eq!(server.connections(), 2, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_that_are_refused_at_once_share_the_new_redis_connection() {
    let server = ScriptedRedis::start(ERRORS[0]);
    let store = RedisDedupe::connect(&server.url()).await.unwrap();
    sleep(Duration::from_millis(300)).await;
    let mut claims = JoinSet::new();
    for _ in 0..16 {
        let store = store.clone();
        claims.spawn(async move { claim(&store).await });
    }
    claims.join_all().await.iter().for_each(assert_acquired);
    assert_eq!(server.connections(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_about_an_event_of_its_own_costs_no_redis_connection() {
    let server = ScriptedRedis::start("WRONGTYPE Operation against a key of another kind");
    let store = RedisDedupe::connect(&server.url()).await.unwrap();
    for _ in 0..3 {
        claim(&store).await.unwrap_err();
    }
    assert_eq!(server.connections(), 1);
}
