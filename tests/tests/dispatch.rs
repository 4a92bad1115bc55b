//! One table of handlers behind axum, behind actix-web and in a worker.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    convert::Infallible,
    error::Error,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{App, test as actix, web};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    routing::post,
};
use bytes::Bytes;
use futures_core::Stream;
use smile_conformance::{Setup, as_head, sign, to_actix};
use smile_core::{
    DeadReason, Delivery, Dispatch, FromDelivery, Outcome, Permanent, SmileApi, SmileIo, Unhandled,
    WorkQueue, Worker,
    smile_api::data::{AccountConnected, ArchiveAnalyzed, TaskFinished},
    smile_io::data::CustomerUpdated,
    testkit::{MemoryInbox, Recorder},
};
use tower::ServiceExt;

/// A body of one chunk.
struct Once(Option<Bytes>);

impl Stream for Once {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

fn once(body: Vec<u8>) -> Once {
    Once(Some(body.into()))
}

type Seen = Arc<Mutex<Vec<String>>>;

/// A table with a state, for any adapter's event.
fn table<E>(seen: &Seen) -> Dispatch<E>
where
    E: FromDelivery<Vendor = SmileApi>
        + std::ops::Deref<Target = Delivery<SmileApi>>
        + Send
        + 'static,
{
    async fn linked<E>(
        seen: Seen,
        _event: E,
        account: AccountConnected<'static>,
    ) -> Result<(), Infallible> {
        let user = account.user_id.as_deref().unwrap_or_default();
        seen.lock().unwrap().push(format!("linked {user}"));
        Ok(())
    }
    Dispatch::new()
        .with_state(Arc::clone(seen))
        .on(linked)
        .on(|_: E, _: TaskFinished<'static>| async { Err(Permanent::new("no such task")) })
        .on(|_: E, _: ArchiveAnalyzed<'static>| async { Err("later") })
        .otherwise(|seen: Seen, event: E, why: Unhandled| async move {
            seen.lock()
                .unwrap()
                .push(format!("{}: {why}", event.event_name()));
            Ok::<_, Infallible>(())
        })
}

fn event(event_type: &str, data: &str) -> String {
    let id = sign::fresh_id();
    format!(r#"{{"id":"{id}","type":"{event_type}","data":{data}}}"#)
}

/// Events, whether their handler succeeds, and what is seen of them.
fn cases() -> [(String, bool, Option<&'static str>); 6] {
    [
        (
            event("ACCOUNT_CONNECTED", r#"{"userId":"u-1"}"#),
            true,
            Some("linked u-1"),
        ),
        (
            event("USER_CREATED", "{}"),
            true,
            Some("USER_CREATED: no handler is registered for the type"),
        ),
        (
            event("MOON_LANDED", "{}"),
            true,
            Some("MOON_LANDED: the type is unknown to this version"),
        ),
        (
            event("ACCOUNT_CONNECTED", "7"),
            true,
            Some(
                "ACCOUNT_CONNECTED: the data cannot be read: data: expected an object, found a \
                 number",
            ),
        ),
        (event("TASK_FINISHED", "{}"), false, None),
        // The older spelling has the same handler.
        (event("ACCOUNT_ANALYZED", "{}"), false, None),
    ]
}

/// How each of the cases ends where its handler runs once.
const OUTCOMES: [Outcome; 6] = [
    Outcome::Handled,
    Outcome::Ignored,
    Outcome::Ignored,
    Outcome::Unhandled,
    Outcome::HandlerFailed,
    Outcome::HandlerFailed,
];

#[track_caller]
fn check(seen: &Seen, expected: Option<&str>) {
    let seen: Vec<_> = seen.lock().unwrap().drain(..).collect();
    match expected {
        Some(expected) => assert!(
            seen.len() == 1 && seen[0].starts_with(expected),
            "{seen:?}, expected {expected}"
        ),
        None => assert!(seen.is_empty(), "{seen:?}"),
    }
}

#[tokio::test]
async fn it_is_a_handler_of_axum() {
    let seen = Seen::default();
    let recorder = Recorder::default();
    let intake = Setup::smile_api_builder().observer(recorder.clone());
    let layer = smile_tower::SmileLayer::from(intake.build());
    let events: Dispatch<smile_tower::SmileEvent> = table(&seen);
    let app: Router = Router::new().route(sign::SMILE_API, post(events).route_layer(layer));
    for (body, succeeds, expected) in cases() {
        let request = sign::smile_api(body);
        let mut to_send = Request::post(sign::SMILE_API);
        for (name, value) in &request.headers {
            to_send = to_send.header(name, &value[..]);
        }
        let to_send = to_send.body(Body::from(request.body.bytes())).unwrap();
        let answer = app.clone().oneshot(to_send).await.unwrap();
        let status = if succeeds {
            StatusCode::NO_CONTENT
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        };
        assert_eq!(answer.status(), status, "{expected:?}");
        check(&seen, expected);
    }
    assert_eq!(recorder.outcomes(), OUTCOMES);
}

#[actix_web::test]
async fn it_is_a_handler_of_actix_web() {
    let seen = Seen::default();
    let recorder = Recorder::default();
    let intake = Setup::smile_api_builder().observer(recorder.clone());
    let middleware = smile_actix::SmileMiddleware::from(intake.build());
    let events: Dispatch<smile_actix::SmileEvent> = table(&seen);
    let resource = web::resource(sign::SMILE_API).wrap(middleware);
    let app = App::new().service(resource.route(web::post().to(events)));
    let app = actix::init_service(app).await;
    for (body, succeeds, expected) in cases() {
        let request = to_actix(&sign::smile_api(body)).to_request();
        let answer = actix::call_service(&app, request).await;
        let status = if succeeds { 204 } else { 500 };
        assert_eq!(answer.status().as_u16(), status, "{expected:?}");
        check(&seen, expected);
    }
    assert_eq!(recorder.outcomes(), OUTCOMES);
}

#[tokio::test(start_paused = true)]
async fn it_is_a_handler_of_a_worker_and_a_permanent_error_stays_one() {
    let seen = Seen::default();
    let inbox = MemoryInbox::default();
    let endpoint = Setup::smile_api_builder().inbox(inbox.clone());
    for (body, _, _) in cases() {
        let request = sign::smile_api(body);
        let admitted = endpoint.admit(&as_head(&request)).unwrap();
        let body = once(request.body.bytes());
        endpoint.accept(admitted, body).await.unwrap();
    }
    let events: Dispatch<smile_tower::SmileEvent> = table(&seen);
    let recorder = Recorder::default();
    let worker = Worker::new(inbox.clone())
        .concurrency(1)
        .unwrap()
        .observer(recorder.clone())
        .dispatch(events)
        .max_attempts(2)
        .unwrap()
        .start();
    while inbox.waiting() > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    worker.stop().await;
    assert_eq!(seen.lock().unwrap().len(), 4);
    let mut expected = OUTCOMES.to_vec();
    // A permanent error, and the other one's second attempt.
    expected[4] = Outcome::DeadLetter;
    expected.push(Outcome::DeadLetter);
    assert_eq!(recorder.outcomes(), expected);
    let dead = inbox.dead_letters(0, 10).await.unwrap();
    let reasons: Vec<_> = dead.iter().map(|letter| letter.reason).collect();
    assert_eq!(reasons, [DeadReason::Permanent, DeadReason::Failed]);
    assert!(
        dead[0].error.ends_with("failed: no such task"),
        "{}",
        dead[0].error
    );
}

#[tokio::test]
async fn an_error_names_the_handler_and_where_it_was_registered() {
    async fn refuse(_: Delivery<SmileIo>, _: CustomerUpdated<'static>) -> Result<(), &'static str> {
        Err("no")
    }
    let line = line!() + 1;
    let events = Dispatch::new().on(refuse).otherwise(ignore);
    let body = sign::customer();
    let intake = Setup::smile_io_builder().build();
    let request = sign::smile_io(body);
    let admitted = intake.admit(&as_head(&request)).unwrap();
    let body = once(request.body.bytes());
    let delivery = intake.receive(admitted, body).await.unwrap();
    let err = events.handle(delivery).await.unwrap_err();
    let text = err.to_string();
    assert!(text.contains("dispatch::an_error_names"), "{text}");
    assert!(
        text.contains("::refuse` of customer/updated, registered at"),
        "{text}"
    );
    assert!(text.contains(&format!("dispatch.rs:{line}:")), "{text}");
    assert_eq!(err.source().unwrap().to_string(), "no");
}

async fn ignore(_: Delivery<SmileIo>, _: Unhandled) -> Result<(), Infallible> {
    Ok(())
}

#[test]
fn a_second_handler_of_one_type_is_refused_with_both_places() {
    let register = || {
        async fn handle(
            _: Delivery<SmileIo>,
            _: CustomerUpdated<'static>,
        ) -> Result<(), Infallible> {
            Ok(())
        }
        Dispatch::new().on(handle).on(handle).otherwise(ignore)
    };
    let panic = std::panic::catch_unwind(register).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(
        text.starts_with("customer/updated has two handlers: at "),
        "{text}"
    );
    assert_eq!(text.matches("dispatch.rs").count(), 2, "{text}");
}
