//! The core's test kit, and requests and events for tests of your own.
//!
//! ```
//! use axum::{Router, body::Body, http::StatusCode, routing::post};
//! use smile_tower::{EventType, Secret, SmileEvent, SmileLayer, testkit::{self, Sample, Signer}};
//! use tower::ServiceExt;
//!
//! async fn on_event(event: SmileEvent) -> StatusCode {
//!     println!("{}", event.event_type());
//!     StatusCode::NO_CONTENT
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let smile = SmileLayer::smile_api(Secret::new("a little secret")?).build();
//! let app = Router::new().route("/webhooks/smile", post(on_event).route_layer(smile));
//!
//! let sample = Sample::smile_api(EventType::AccountConnected);
//! let signer = Signer::smile_api("a little secret");
//! let request = testkit::request::<Body>(&signer, "/webhooks/smile", sample);
//! assert_eq!(app.oneshot(request).await?.status(), 204);
//! # Ok(())
//! # }
//! ```

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header::CONTENT_TYPE};
#[cfg(feature = "axum")]
use smile_core::Vendor;
pub use smile_core::testkit::*;

/// A request that delivers a body, such as a [`Sample`], with its signature.
///
/// `B` is the body's type that your service takes: axum's `Body`, `Full<Bytes>`, or any other that
/// bytes can become. `uri` is the path of the endpoint, or a whole URI.
///
/// # Panics
///
/// On a `uri` that is none.
#[track_caller]
pub fn request<B: From<Bytes>>(signer: &Signer, uri: &str, body: impl Into<Bytes>) -> Request<B> {
    let body = body.into();
    let headers = signer.sign(&body);
    let mut request = Request::new(B::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = match uri.parse::<Uri>() {
        Ok(uri) => uri,
        Err(err) => panic!("{uri:?} is no URI: {err}"),
    };
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, json);
    for (name, value) in headers {
        #[expect(
            clippy::expect_used,
            reason = "digits, hex and base64 are header values"
        )]
        let value = HeaderValue::try_from(value).expect("ASCII");
        request.headers_mut().insert(name, value);
    }
    request
}

/// The verified event of a body, to call a handler directly: [`delivery`] as a
/// [`SmileEvent`](crate::SmileEvent).
///
/// ```
/// use axum::http::StatusCode;
/// use smile_tower::{EventType, SmileEvent, testkit::{self, Sample}};
///
/// # async fn on_event(event: SmileEvent) -> StatusCode { StatusCode::NO_CONTENT }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let event = testkit::event(Sample::smile_api(EventType::UserCreated));
/// assert_eq!(on_event(event).await, StatusCode::NO_CONTENT);
/// # }
/// ```
///
/// # Panics
///
/// Where [`delivery`] does.
#[cfg(feature = "axum")]
#[track_caller]
pub fn event<V: Vendor>(body: impl Into<Bytes>) -> crate::SmileEvent<V> {
    crate::SmileEvent(delivery(body))
}
