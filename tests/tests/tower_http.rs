//! Every layer of tower-http, outside and inside of ours, in a bare stack of Tower and on axum.

#![expect(
    clippy::expect_used,
    reason = "a test ends where something does not hold"
)]

use std::{convert::Infallible, time::Duration};

use axum::{Router, routing::post};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header::AUTHORIZATION};
use http_body::Body;
use http_body_util::Full;
use smile_conformance::{Setup, sign};
use smile_tower::{SmileApi, SmileEvent, SmileLayer};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_http::{
    add_extension::AddExtensionLayer,
    auth::{AddAuthorizationLayer, AsyncRequireAuthorizationLayer},
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    cors::CorsLayer,
    csrf::CsrfLayer,
    decompression::{DecompressionLayer, RequestDecompressionLayer},
    limit::RequestBodyLimitLayer,
    map_request_body::MapRequestBodyLayer,
    map_response_body::MapResponseBodyLayer,
    metrics::InFlightRequestsLayer,
    normalize_path::NormalizePathLayer,
    on_early_drop::OnEarlyDropLayer,
    propagate_header::PropagateHeaderLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    sensitive_headers::{
        SetSensitiveHeadersLayer, SetSensitiveRequestHeadersLayer, SetSensitiveResponseHeadersLayer,
    },
    set_header::{SetRequestHeaderLayer, SetResponseHeaderLayer},
    set_status::SetStatusLayer,
    timeout::{
        RequestBodyDeadlineLayer, RequestBodyTimeoutLayer, ResponseBodyDeadlineLayer,
        ResponseBodyTimeoutLayer, TimeoutLayer,
    },
    trace::TraceLayer,
    validate_request::ValidateRequestHeaderLayer,
};

fn smile<B>(into_body: fn(Bytes) -> B) -> SmileLayer<SmileApi, B> {
    SmileLayer::with_body(Setup::smile_api_builder().build(), into_body)
}

fn delivery<B>(into_body: fn(Vec<u8>) -> B) -> Request<B> {
    let event = sign::smile_api(sign::event());
    let mut request = Request::post(sign::SMILE_API);
    for (name, value) in &event.headers {
        request = request.header(name, &value[..]);
    }
    let body = into_body(event.body.bytes());
    request.body(body).expect("a request")
}

/// Any body, since some of the layers change its type.
async fn handler<B>(_: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

async fn on_event(_: SmileEvent) -> StatusCode {
    StatusCode::NO_CONTENT
}

fn is_handled<B: Body>(answer: &Response<B>, place: &str) {
    assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{place}");
}

/// Makes a test for each layer: one delivery through it outside, and one inside.
macro_rules! layers {
    ($($name:ident: $layer:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let outside = ServiceBuilder::new()
                .layer($layer)
                .layer(smile(Full::new))
                .service(service_fn(handler));
            let answer = outside.oneshot(delivery(Full::<Bytes>::from)).await;
            is_handled(&answer.expect("an answer"), "outside");

            let inside = ServiceBuilder::new()
                .layer(smile(Full::new))
                .layer($layer)
                .service(service_fn(handler));
            let answer = inside.oneshot(delivery(Full::<Bytes>::from)).await;
            is_handled(&answer.expect("an answer"), "inside");

            let route = || post(on_event);
            let smile = || smile(axum::body::Body::from);
            let outside = route()
                .layer::<_, Infallible>(smile())
                .layer::<_, Infallible>($layer);
            let inside = route()
                .layer::<_, Infallible>($layer)
                .layer::<_, Infallible>(smile());
            for (place, route) in [("outside, on axum", outside), ("inside, on axum", inside)] {
                let app = Router::new().route(sign::SMILE_API, route);
                let answer = app.oneshot(delivery(axum::body::Body::from)).await;
                is_handled(&answer.expect("an answer"), place);
            }
        }
    )*};
}

const LONG: Duration = Duration::from_secs(60);
const X_NAME: HeaderName = HeaderName::from_static("x-name");
const VALUE: HeaderValue = HeaderValue::from_static("value");

layers! {
    add_authorization: AddAuthorizationLayer::basic("user", "password");
    add_extension: AddExtensionLayer::new(7);
    async_require_authorization: AsyncRequireAuthorizationLayer::new(
        async |request| Ok::<_, Response<_>>(request)
    );
    catch_panic: CatchPanicLayer::new();
    compression: CompressionLayer::new();
    cors: CorsLayer::permissive();
    csrf: CsrfLayer::new();
    decompression: DecompressionLayer::new();
    in_flight_requests: InFlightRequestsLayer::pair().0;
    map_request_body: MapRequestBodyLayer::new(|body| body);
    map_response_body: MapResponseBodyLayer::new(|body| body);
    normalize_path: NormalizePathLayer::trim_trailing_slash();
    on_early_drop: OnEarlyDropLayer::builder();
    propagate_header: PropagateHeaderLayer::new(X_NAME);
    propagate_request_id: PropagateRequestIdLayer::x_request_id();
    request_body_deadline: RequestBodyDeadlineLayer::new(LONG);
    request_body_limit: RequestBodyLimitLayer::new(1 << 20);
    request_body_timeout: RequestBodyTimeoutLayer::new(LONG);
    request_decompression: RequestDecompressionLayer::new();
    response_body_deadline: ResponseBodyDeadlineLayer::new(LONG);
    response_body_timeout: ResponseBodyTimeoutLayer::new(LONG);
    set_request_header: SetRequestHeaderLayer::overriding(X_NAME, VALUE);
    set_request_id: SetRequestIdLayer::x_request_id(MakeRequestUuid);
    set_response_header: SetResponseHeaderLayer::overriding(X_NAME, VALUE);
    set_sensitive_headers: SetSensitiveHeadersLayer::new([AUTHORIZATION]);
    set_sensitive_request_headers: SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]);
    set_sensitive_response_headers: SetSensitiveResponseHeadersLayer::new([AUTHORIZATION]);
    set_status: SetStatusLayer::new(StatusCode::NO_CONTENT);
    timeout: TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, LONG);
    trace: TraceLayer::new_for_http();
    validate_request_header: ValidateRequestHeaderLayer::accept("application/json");
}
