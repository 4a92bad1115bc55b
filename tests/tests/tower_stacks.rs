//! The layer in stacks of Tower: what a layer outside or inside does to it, and it to them.

#![expect(
    clippy::expect_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    convert::Infallible,
    error::Error,
    future::{Ready, ready},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::routing::post;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use smile_conformance::{Log, Setup, sign};
use smile_tower::{
    Intake, Reason, Rejection, RejectionKind, SmileApi, SmileEvent, SmileIo, SmileLayer,
    VerifiedBody,
};
use tokio::{sync::Notify, time::timeout};
use tower::{
    BoxError, Layer, Service, ServiceBuilder, ServiceExt, buffer::BufferLayer,
    limit::GlobalConcurrencyLimitLayer, load_shed::LoadShedLayer, service_fn,
    util::BoxCloneSyncService,
};
use tracing::{Instrument, info, info_span};

fn smile(intake: &Intake<SmileApi>) -> SmileLayer<SmileApi, Full<Bytes>> {
    SmileLayer::with_body(intake.clone(), Full::new)
}

fn intake() -> Intake<SmileApi> {
    Setup::smile_api_builder().build()
}

/// A request as hyper would hand it over, with another body.
fn request<B>(request: &smile_conformance::Request, body: B) -> Request<B> {
    let mut built = Request::builder()
        .method(request.method)
        .uri(&request.target);
    for (name, value) in &request.headers {
        built = built.header(name, &value[..]);
    }
    built.body(body).expect("a request")
}

fn delivery() -> Request<Full<Bytes>> {
    let event = sign::smile_api(sign::event());
    let body = Full::from(event.body.bytes());
    request(&event, body)
}

async fn handler<B>(_: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// A body that goes on for ever, with a byte now and then.
struct Drip(Pin<Box<tokio::time::Sleep>>);

impl Drip {
    const PAUSE: Duration = Duration::from_millis(50);

    fn new() -> Self {
        Self(Box::pin(tokio::time::sleep(Self::PAUSE)))
    }
}

impl Body for Drip {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.as_mut().poll(cx).map(|()| {
            *self = Self::new();
            Some(Ok(Frame::data(Bytes::from_static(b" "))))
        })
    }
}

/// One kind of body for senders that drip and those that do not.
type AnyBody = http_body_util::Either<Full<Bytes>, Drip>;

/// Sends one delivery while two senders drip an unverified body, and takes the time.
async fn beside_two_that_drip<S>(stack: S) -> (StatusCode, Duration)
where
    S: Service<Request<AnyBody>, Response = Response<ResponseBodyOf>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + Send,
    S::Future: Send,
{
    for _ in 0..2 {
        let dripping = request(&sign::smile_api(""), AnyBody::Right(Drip::new()));
        tokio::spawn(stack.clone().oneshot(dripping));
    }
    tokio::time::sleep(Drip::PAUSE * 2).await;
    let begun = Instant::now();
    let honest = delivery().map(AnyBody::Left);
    let answer = timeout(Duration::from_secs(20), stack.oneshot(honest)).await;
    let answer = answer.expect("an answer in time").map_err(Into::into);
    (answer.expect("an answer").status(), begun.elapsed())
}

type ResponseBodyOf = smile_tower::ResponseBody<Full<Bytes>>;

#[tokio::test]
async fn a_sender_that_drips_holds_no_permit_of_the_inner_service() {
    let handler = || service_fn(handler::<Full<Bytes>>);
    let limited = ServiceBuilder::new()
        .layer(smile(&intake()))
        .layer(GlobalConcurrencyLimitLayer::new(2))
        .service(handler());
    let shedding = ServiceBuilder::new()
        .layer(smile(&intake()))
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(2))
        .service(handler());
    let buffered = ServiceBuilder::new()
        .layer(smile(&intake()))
        .layer(BufferLayer::new(1))
        .service(handler());
    for (stack, (status, took)) in [
        ("a limit", beside_two_that_drip(limited).await),
        ("load shedding", beside_two_that_drip(shedding).await),
        ("a buffer of one", beside_two_that_drip(buffered).await),
    ] {
        assert_eq!(status, StatusCode::NO_CONTENT, "{stack}");
        assert!(took < Duration::from_secs(5), "{stack}: {took:?}");
    }
}

/// Is ready at the second time of asking, and panics where it is called without.
#[derive(Default)]
struct Particular {
    asked: usize,
}

impl Clone for Particular {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<B> Service<Request<B>> for Particular {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.asked += 1;
        if self.asked < 2 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        assert!(self.asked >= 2, "called before it was ready");
        ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn the_inner_service_that_is_called_is_the_one_that_was_ready() {
    let direct = Setup::smile_api_builder().direct().build();
    for intake in [intake(), direct] {
        let mut stack = smile(&intake).layer(Particular::default());
        for _ in 0..3 {
            let ready = ServiceExt::<Request<Full<Bytes>>>::ready(&mut stack)
                .await
                .expect("it is always ready");
            let answer = ready.call(delivery()).await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn an_inner_service_that_is_never_ready_is_stopped_at_the_handlers_deadline() {
    let builder = Setup::smile_api_builder().handler_timeout(Duration::from_millis(50));
    let intake = builder.expect("a deadline").build();
    let busy = GlobalConcurrencyLimitLayer::new(0).layer(service_fn(handler::<Full<Bytes>>));
    let stack = smile(&intake).layer(busy);
    let answer = timeout(Duration::from_secs(5), stack.oneshot(delivery())).await;
    let answer = answer.expect("an answer in time").expect("an answer");
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let reason = answer.extensions().get().map(Rejection::reason);
    assert!(
        matches!(reason, Some(Reason::HandlerSlow { .. })),
        "{reason:?}"
    );
}

#[tokio::test]
async fn a_layer_inside_another_of_the_same_intake_lets_its_deliveries_pass() {
    let same = intake();
    let stack = ServiceBuilder::new()
        .layer(smile(&same))
        .layer(smile(&same))
        .service(Particular::default());
    let answer = stack.oneshot(delivery()).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_layer_inside_another_of_its_vendor_verifies_for_itself() {
    let other = SmileLayer::with_body(
        Intake::smile_api(smile_tower::Secret::new("another").expect("not empty")).build(),
        Full::new,
    );
    let stack = ServiceBuilder::new()
        .layer(smile(&intake()))
        .layer(other)
        .service(Particular::default());
    let answer = stack.oneshot(delivery()).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);

    let stack = ServiceBuilder::new()
        .layer(smile(&intake()))
        .layer(smile(&intake()))
        .service(Particular::default());
    let answer = stack.oneshot(delivery()).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
}

/// What a stack answers a body of which the layer outside sees too much, or too little.
async fn refused<L, S, B>(outside: L, body: AnyBody) -> (StatusCode, Option<Reason>)
where
    L: Layer<Smile, Service = S>,
    S: Service<Request<AnyBody>, Response = Response<B>>,
    S::Error: Into<BoxError>,
{
    let smile: Smile =
        smile(&intake()).layer(BoxCloneSyncService::new(service_fn(handler::<Full<Bytes>>)));
    let request = request(&sign::smile_api(""), body);
    let answer = outside.layer(smile).oneshot(request).await;
    let answer = answer.map_err(Into::into).expect("an answer");
    let rejection = answer.extensions().get::<Rejection>();
    let causes = rejection.and_then(Error::source).map(ToString::to_string);
    assert!(causes.is_some(), "the cause is kept");
    (
        answer.status(),
        rejection.map(|rejection| rejection.reason().clone()),
    )
}

type Smile = smile_tower::SmileService<
    BoxCloneSyncService<Request<Full<Bytes>>, Response<Full<Bytes>>, Infallible>,
    SmileApi,
    Full<Bytes>,
>;

#[tokio::test]
async fn the_limit_of_a_layer_outside_is_413_and_its_time_out_408() {
    let too_long = || AnyBody::Left(Full::from(vec![b' '; 1000]));
    let silent = || AnyBody::Right(Drip::new());
    let short = Drip::PAUSE / 5;
    let limited = (
        StatusCode::PAYLOAD_TOO_LARGE,
        Some(Reason::TooLongForOuterLayer),
    );
    let timed_out = (
        StatusCode::REQUEST_TIMEOUT,
        Some(Reason::TooSlowForOuterLayer),
    );
    let limit = tower_http::limit::RequestBodyLimitLayer::new(100);
    assert_eq!(refused(limit, too_long()).await, limited);
    let limit = tower_http_06::limit::RequestBodyLimitLayer::new(100);
    assert_eq!(refused(limit, too_long()).await, limited);
    let timed = tower_http::timeout::RequestBodyTimeoutLayer::new(short);
    assert_eq!(refused(timed, silent()).await, timed_out);
    let timed = tower_http_06::timeout::RequestBodyTimeoutLayer::new(short);
    assert_eq!(refused(timed, silent()).await, timed_out);
    // As an extractor of axum limits it, and in an error of another layer.
    let wrapped = tower_http::map_request_body::MapRequestBodyLayer::new(|body: AnyBody| {
        let limited = axum::body::Body::new(http_body_util::Limited::new(body, 100));
        axum::body::Body::new(BodyExt::map_err(limited, std::io::Error::other))
    });
    assert_eq!(refused(wrapped, too_long()).await, limited);
}

#[derive(Default)]
struct Steps {
    started: Notify,
    may_go_on: Notify,
    ended: Notify,
}

fn log_to(log: &Log) -> tracing::subscriber::DefaultGuard {
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    tracing::subscriber::set_default(subscriber)
}

#[tokio::test]
async fn what_a_handler_logs_after_its_sender_left_is_in_the_requests_span() {
    let log = Log::default();
    let _guard = log_to(&log);
    let steps = Arc::new(Steps::default());
    let inside = Arc::clone(&steps);
    let handler = service_fn(move |_: Request<Full<Bytes>>| {
        let steps = Arc::clone(&inside);
        async move {
            steps.started.notify_one();
            steps.may_go_on.notified().await;
            info!("the handler ends");
            steps.ended.notify_one();
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        }
    });
    let stack = smile(&intake()).layer(handler);
    let answer = stack
        .oneshot(delivery())
        .instrument(info_span!("request", number = 7));
    tokio::select! {
        _ = answer => panic!("the handler waits"),
        () = steps.started.notified() => {}
    }
    // The answer is dropped, as hyper drops it when the connection ends.
    steps.may_go_on.notify_one();
    steps.ended.notified().await;
    let log = log.text();
    let line = log.lines().find(|line| line.contains("the handler ends"));
    let line = line.expect("a line");
    assert!(line.contains("request{number=7}"), "{line}");
}

/// The status and the body of the answer to a wrong signature.
async fn refusal(
    respond: impl Fn(&Rejection) -> Response<Bytes> + Send + Sync + 'static,
) -> (u16, Bytes) {
    let stack = smile(&intake())
        .on_rejection(respond)
        .layer(service_fn(handler::<Full<Bytes>>));
    let forged = sign::smile_api_with("another", sign::event());
    let body = Full::from(forged.body.bytes());
    let answer = stack.oneshot(request(&forged, body)).await;
    let answer = answer.expect("an answer");
    assert!(answer.extensions().get::<Rejection>().is_some());
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.expect("a body");
    (status, body.to_bytes())
}

#[tokio::test]
async fn a_response_of_ones_own_takes_the_place_of_the_document() {
    let own = |rejection: &Rejection| {
        let mut response = Response::new(rejection.kind().label().into());
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response
    };
    assert_eq!(refusal(own).await, (400, "signature".into()));
}

#[tokio::test]
async fn one_that_panics_leaves_the_document() {
    let panics = |_: &Rejection| panic!("it was told to panic");
    let kind = RejectionKind::Signature;
    assert_eq!(
        refusal(panics).await,
        (kind.status(), kind.document().into())
    );
}

#[tokio::test]
async fn behind_the_other_vendors_layer_the_log_of_an_extractor_names_both() {
    let log = Log::default();
    let _guard = log_to(&log);
    let smile_api = SmileLayer::from(Setup::smile_api_builder().build());
    let smile_io = SmileLayer::from(Setup::smile_io_builder().build());
    let on_io = async |_: SmileEvent<SmileIo>| StatusCode::NO_CONTENT;
    let on_api = async |_: VerifiedBody| StatusCode::NO_CONTENT;
    let app = axum::Router::new()
        .route(sign::SMILE_API, post(on_io).route_layer(smile_api))
        .route(sign::SMILE_IO, post(on_api).route_layer(smile_io))
        .route("/bare", post(async |_: SmileEvent| StatusCode::NO_CONTENT));
    let mut bare = sign::smile_api(sign::event());
    bare.target = "/bare".into();
    for (sent, expected) in [
        (
            sign::smile_api(sign::event()),
            "the verified event here is of smile-api, and this extractor takes those of smile-io",
        ),
        (
            sign::smile_io(sign::customer()),
            "the verified event here is of smile-io, and this extractor takes those of smile-api",
        ),
        (
            bare,
            "no verified event: put `.route_layer(SmileLayer::smile_api(secret).build())`",
        ),
    ] {
        let body = axum::body::Body::from(sent.body.bytes());
        let answer = app.clone().oneshot(request(&sent, body)).await;
        assert_eq!(answer.expect("an answer").status(), 500, "{expected}");
        let log = log.text();
        let line = log.lines().rfind(|line| line.contains("verified event"));
        let line = line.expect("a line");
        assert!(line.contains(expected), "{line}");
    }
}
