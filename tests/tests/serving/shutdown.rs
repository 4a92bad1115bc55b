//! The end of a server: who is answered, who is not, and that it comes.

use std::{
    future::IntoFuture,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use axum::{Router, http::StatusCode, routing::post};
use smile_conformance::{Connection, Setup, sign};
use smile_tower::SmileLayer;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};

use crate::server::{
    BOTH, Framework, HEAD_TIMEOUT, Limits, MARGIN, Server, ask, closed_within, get_request,
};

#[test]
fn requests_that_have_begun_are_answered_and_the_rest_closes() {
    for framework in BOTH {
        let mut server = Server::start(framework, Limits::default());
        let mut running = server.connect();
        running
            .write(&get_request("/slow/1500").to_wire())
            .expect("a request");
        let mut idle = server.connect();
        ask(&mut idle, "/");
        let silent = server.connect();
        let mut half = server.connect();
        half.write(b"GET / HTTP/1.1\r\nho").expect("half a head");
        sleep(Duration::from_millis(300));

        server.stop();
        let answer = running.read_response().expect("an answer");
        answer.expect_status(200, &format!("{framework:?}"));
        for (name, connection) in [("idle", &idle), ("silent", &silent), ("half", &half)] {
            closed_within(connection, MARGIN, &format!("{framework:?}, {name}"));
        }
        server.ends_within(HEAD_TIMEOUT + MARGIN);
        assert!(server.refuses(), "{framework:?}");
    }
}

#[test]
fn a_server_without_requests_ends_at_once() {
    let mut server = Server::start(Framework::Axum, Limits::default());
    let _silent = server.connect();
    let mut idle = server.connect();
    ask(&mut idle, "/");
    let start = Instant::now();
    server.stop();
    server.ends_within(MARGIN);
    // Sooner than the deadline of the silent connection's head.
    assert!(start.elapsed() < HEAD_TIMEOUT / 2, "{:?}", start.elapsed());
}

#[test]
fn a_handler_that_does_not_end_is_dropped_after_the_drain_timeout() {
    for framework in BOTH {
        let drain = Duration::from_secs(1);
        let mut server = Server::start(
            framework,
            Limits {
                drain,
                ..Limits::default()
            },
        );
        let mut running = server.connect();
        running
            .write(&get_request("/slow/60000").to_wire())
            .expect("a request");
        sleep(Duration::from_millis(300));
        server.stop();
        let took = server.ends_within(drain + MARGIN);
        assert!(took > drain / 2, "{framework:?}: after {took:?}");
        assert!(running.read_response().is_err(), "{framework:?}");
    }
}

/// A handler under a claim goes on without its sender, and so without a connection.
#[tokio::test]
async fn drain_waits_for_a_handler_whose_sender_has_gone() {
    for (drain_timeout, finishes) in [(MARGIN, true), (Duration::from_millis(200), false)] {
        let (begun, mut begins) = mpsc::channel(1);
        let ended = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&ended);
        let handler = move || async move {
            begun.send(()).await.expect("the test waits");
            tokio::time::sleep(Duration::from_secs(1)).await;
            ends.store(true, Ordering::Relaxed);
            StatusCode::NO_CONTENT
        };
        let smile = SmileLayer::from(Setup::smile_api_builder().build());
        let webhook = post(handler).route_layer(smile.clone());
        let app = Router::new().route(sign::SMILE_API, webhook);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let server = smile_tower::serve(listener, app)
            .drain(&smile)
            .drain_timeout(drain_timeout)
            .shutdown(async { stopped.await.unwrap_or(()) });
        let server = tokio::spawn(server.into_future());
        let mut sender = Connection::open(address).expect("the server listens");
        let event = sign::smile_api(sign::event());
        sender.write(&event.to_wire()).expect("a request");
        begins.recv().await.expect("the handler runs");
        drop(sender);
        drop(stop);
        server.await.expect("no panic").expect("no error");
        assert_eq!(ended.load(Ordering::Relaxed), finishes, "{drain_timeout:?}");
    }
}
