//! The inbox and its consumer with a NATS server of their own, which is stopped, frozen and killed.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use async_nats::jetstream::{AckKind, message::StreamMessage};
use axum::Router;
use futures_util::StreamExt;
use nats_inbox::{BODY_LIMIT, DEAD, EVENTS, JetStreamInbox, consume, consumer};
use smile_conformance::{Connection, Request, Response, sign};
use smile_core::{Delivery, Secret, SmileApi, testkit::inbox_suite};
use smile_test_servers::Nats;
use smile_tower::SmileLayer;
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::{AbortHandle, spawn_blocking},
    time::{sleep, timeout},
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn the_inbox_keeps_every_rule() {
    let app = App::start().await;
    inbox_suite(async || app.inbox.clone()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn an_event_is_handled_once_with_all_that_was_received() {
    let app = App::start().await;
    let started = SystemTime::now();
    let (body, parent) = (
        sign::event_with_id("et ä"),
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    );
    let request = sign::smile_api(body.clone()).header("traceparent", parent);
    let first = app.send(request.clone()).await;
    first.expect_status(200, "the event");
    assert_eq!(first.header("smile-duplicate"), None);
    let again = app.send(request).await;
    again.expect_status(200, "the repetition");
    assert_eq!(again.header("smile-duplicate"), Some("true"));

    let mut handler = app.handler(0);
    let event = handler.next().await;
    assert_eq!(event.raw(), body.as_bytes());
    assert_eq!(event.trace_parent(), Some(parent));
    let received = event.received_at().unwrap();
    let tolerance = Duration::from_millis(1); // which is as exact as the header is
    assert!(started - tolerance <= received && received <= SystemTime::now());
    app.settled().await;
    handler.expect_none();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn an_event_outlives_a_killed_server_and_is_handled_then() {
    let mut app = App::start().await;
    let body = sign::event();
    app.send_event(&body).await.expect_status(200, "the event");
    app.nats.kill();
    app.nats.restart();
    let event = app.handler(0).next().await;
    assert_eq!(event.raw(), body.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn a_consumer_outlives_a_killed_server() {
    let mut app = App::start().await;
    let mut handler = app.handler(0);
    for _ in 0..2 {
        let body = sign::event();
        app.send_until_stored(&body).await;
        // The server may not know that the first one was handled: it comes again.
        while handler.next().await.raw() != body.as_bytes() {}
        app.nats.kill();
        app.nats.restart();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn an_id_and_its_body_are_remembered_across_a_restart() {
    let mut app = App::start().await;
    let body = sign::event();
    let other = body.replace("jane", "june");
    app.send_event(&body).await.expect_status(200, "the event");
    app.nats.kill();
    app.nats.restart();
    app.send_until_stored(&body).await;
    assert_eq!(app.stored().await, 1);
    for _ in 0..2 {
        let answer = app.send_event(&other).await;
        answer.expect_status(200, "another body under the id");
    }
    assert_eq!(app.stored().await, 2);
    let dead = app.last_dead_letter().await;
    assert_eq!(dead.headers.get("Smile-Dead").unwrap().as_str(), "id_reuse");
    assert_eq!(dead.payload, other);
    let mut handler = app.handler(0);
    assert_eq!(handler.next().await.raw(), body.as_bytes());
    app.settled().await;
    handler.expect_none();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn a_stopped_server_is_a_503_within_two_seconds_until_its_return() {
    let mut app = App::start().await;
    let body = sign::event();
    app.nats.stop();
    app.expect_503(&body).await;
    app.nats.restart();
    app.send_until_stored(&body).await;
    assert_eq!(app.stored().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn a_frozen_server_is_a_503_within_two_seconds_and_stores_once_afterwards() {
    let app = App::start().await;
    let body = sign::event();
    app.nats.freeze();
    app.expect_503(&body).await;
    app.nats.thaw();
    app.send_until_stored(&body).await;
    assert_eq!(app.stored().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn a_full_stream_is_a_503_and_drops_nothing() {
    let app = App::with_limit(8 << 10).await;
    let mut stored = 0;
    while app.send_event(sign::event()).await.status == 200 {
        stored += 1;
        assert!(stored < 100);
    }
    app.expect_503(&sign::event()).await;
    assert_eq!(app.stored().await, stored);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn an_event_whose_handler_fails_or_panics_comes_again() {
    let app = App::start().await;
    let body = sign::event();
    app.send_event(&body).await.expect_status(200, "the event");
    let mut handler = app.handler(2);
    for _ in 0..3 {
        assert_eq!(handler.next().await.raw(), body.as_bytes());
    }
    app.settled().await;
    handler.expect_none();
    assert_eq!(app.stored().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn after_its_last_attempt_an_event_is_a_dead_letter() {
    for (attempts, runs, reason) in [(14, 1, "failed"), (15, 0, "crashed")] {
        let app = App::start().await;
        let body = sign::event();
        app.send_event(&body).await.expect_status(200, "the event");
        let consumer = consumer(&app.inbox).await.unwrap();
        for _ in 0..attempts {
            let one = consumer.batch().max_messages(1).expires(PATIENCE);
            let message = one.messages().await.unwrap().next().await.unwrap();
            let message = message.unwrap();
            message.ack_with(AckKind::Nak(None)).await.unwrap();
        }
        let mut handler = app.handler(1);
        for _ in 0..runs {
            handler.next().await;
        }
        app.settled().await;
        handler.expect_none();
        let dead = app.last_dead_letter().await;
        assert_eq!(dead.headers.get("Smile-Dead").unwrap().as_str(), reason);
        assert_eq!(dead.payload, body);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn what_is_no_event_is_a_dead_letter() {
    let app = App::start().await;
    let answer = app.send_event("no event").await;
    answer.expect_status(200, "a signed body that is no event");
    let dead = app.last_dead_letter().await;
    let reason = dead.headers.get("Smile-Dead").unwrap();
    assert_eq!(reason.as_str(), "not_an_event");
    assert_eq!(dead.payload, "no event");

    // From somebody else.
    let client = async_nats::connect(app.nats.url()).await.unwrap();
    client.publish(EVENTS, "not ours".into()).await.unwrap();
    let mut handler = app.handler(0);
    client.flush().await.unwrap();
    within(async {
        while app.last_dead_letter().await.payload != "not ours" {
            sleep(SHORTLY).await;
        }
    })
    .await;
    app.settled().await;
    handler.expect_none();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn the_longest_body_is_stored_and_recognised() {
    let app = App::start().await;
    let body = sign::event_of(BODY_LIMIT);
    assert_eq!(body.len(), BODY_LIMIT);
    for duplicate in [None, Some("true")] {
        let answer = app.send_event(&body).await;
        answer.expect_status(200, "the longest body");
        assert_eq!(answer.header("smile-duplicate"), duplicate);
    }
    assert_eq!(app.handler(0).next().await.raw(), body.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn a_stream_with_other_settings_is_refused_at_the_start() {
    let app = App::start().await;
    let same = JetStreamInbox::connect(&app.nats.url(), App::LIMIT).await;
    assert!(same.is_ok());
    let other = JetStreamInbox::connect(&app.nats.url(), App::LIMIT / 2).await;
    assert!(other.is_err());
}

/// The server, the inbox and its endpoint.
struct App {
    nats: Nats,
    inbox: JetStreamInbox,
    address: SocketAddr,
}

impl App {
    const LIMIT: i64 = 1 << 28;

    async fn start() -> Self {
        Self::with_limit(Self::LIMIT).await
    }

    async fn with_limit(max_bytes: i64) -> Self {
        let nats = Nats::start();
        let url = nats.url();
        let inbox = JetStreamInbox::connect(&url, max_bytes).await.unwrap();
        let smile = SmileLayer::smile_api(Secret::new(sign::SECRET).unwrap()).inbox(inbox.clone());
        let app = Router::new().route_service(sign::SMILE_API, smile);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async { axum::serve(listener, app).await });
        Self {
            nats,
            inbox,
            address,
        }
    }

    async fn send(&self, request: Request) -> Response {
        let address = self.address;
        let send = move || Connection::open(address).unwrap().send(&request).unwrap();
        spawn_blocking(send).await.unwrap()
    }

    async fn send_event(&self, body: impl AsRef<str>) -> Response {
        self.send(sign::smile_api(body.as_ref().to_owned())).await
    }

    /// As the vendor does until the server is back.
    async fn send_until_stored(&self, body: &str) {
        within(async {
            while self.send_event(body).await.status != 200 {
                sleep(SHORTLY).await;
            }
        })
        .await;
    }

    async fn expect_503(&self, body: &str) {
        for _ in 0..3 {
            let started = Instant::now();
            let answer = self.send_event(body).await;
            answer.expect_status(503, "no place for the event");
            assert!(answer.header("retry-after").is_some());
            assert!(started.elapsed() < Duration::from_secs(2));
        }
    }

    /// How many messages the stream holds.
    async fn stored(&self) -> u64 {
        let mut stream = self.inbox.stream().clone();
        stream.info().await.unwrap().state.messages
    }

    async fn last_dead_letter(&self) -> StreamMessage {
        let last = self.inbox.stream().get_last_raw_message_by_subject(DEAD);
        last.await.unwrap()
    }

    /// Consumes with a handler that fails and panics in turn in its first runs.
    fn handler(&self, failures: usize) -> Handler {
        let (sender, events) = unbounded_channel();
        let runs = Arc::new(AtomicUsize::new(0));
        let on_event = move |event: Delivery<SmileApi>| {
            let run = runs.fetch_add(1, Ordering::Relaxed);
            let _ = sender.send(event);
            async move {
                match run {
                    run if run >= failures => Ok(()),
                    run if run % 2 == 0 => Err("as the test says"),
                    _ => panic!("as the test says"),
                }
            }
        };
        let inbox = self.inbox.clone();
        let task = tokio::spawn(async move { consume(&inbox, on_event).await });
        let task = task.abort_handle();
        Handler { events, task }
    }

    /// Waits until no event waits or runs.
    async fn settled(&self) {
        within(async {
            loop {
                if let Ok(consumer) = consumer(&self.inbox).await
                    && let Ok(info) = consumer.get_info().await
                    && (info.num_pending, info.num_ack_pending) == (0, 0)
                {
                    return;
                }
                sleep(SHORTLY).await;
            }
        })
        .await;
    }
}

struct Handler {
    events: UnboundedReceiver<Delivery<SmileApi>>,
    task: AbortHandle,
}

impl Handler {
    async fn next(&mut self) -> Delivery<SmileApi> {
        within(self.events.recv()).await.unwrap()
    }

    #[track_caller]
    fn expect_none(&mut self) {
        assert!(self.events.try_recv().is_err());
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.unwrap()
}

const PATIENCE: Duration = Duration::from_secs(30);

const SHORTLY: Duration = Duration::from_millis(50);
