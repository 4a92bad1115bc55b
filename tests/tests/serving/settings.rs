//! Settings that would refuse everything.

use std::time::Duration;

use axum::Router;
use smile_tower::{ConfigError, Serve, serve};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_limit_of_zero_is_an_error_at_its_setter() {
    type Setter = fn(Serve<Router>) -> Result<Serve<Router>, ConfigError>;
    let setters: [(&str, Setter); 4] = [
        ("head_timeout", |server| server.head_timeout(Duration::ZERO)),
        ("idle_timeout", |server| server.idle_timeout(Duration::ZERO)),
        ("write_timeout", |server| {
            server.write_timeout(Duration::ZERO)
        }),
        ("max_connections", |server| server.max_connections(0)),
    ];
    for (name, set) in setters {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let refused = set(serve(listener, Router::new())).err();
        assert_eq!(refused, Some(ConfigError::Zero(name)));
    }
}

#[tokio::test]
async fn the_longest_times_do_not_overflow() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = serve(listener, Router::new())
        .head_timeout(Duration::MAX)
        .and_then(|server| server.idle_timeout(Duration::MAX))
        .and_then(|server| server.write_timeout(Duration::MAX))
        .unwrap();
    server
        .drain_timeout(Duration::MAX)
        .shutdown(async {})
        .await
        .unwrap();
}
