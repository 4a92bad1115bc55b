//! The core's test kit, and requests and events for tests of your own.
//!
//! ```
//! use actix_web::{App, HttpResponse, test, web};
//! use smile_actix::{EventType, Secret, SmileEvent, SmileMiddleware, testkit::{self, Sample, Signer}};
//!
//! async fn on_event(event: SmileEvent) -> HttpResponse {
//!     println!("{}", event.event_type());
//!     HttpResponse::NoContent().finish()
//! }
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let smile = SmileMiddleware::smile_api(Secret::new("a little secret")?).build();
//! let webhook = web::resource("/webhooks/smile").wrap(smile);
//! let app = test::init_service(App::new().service(webhook.route(web::post().to(on_event)))).await;
//!
//! let sample = Sample::smile_api(EventType::AccountConnected);
//! let signer = Signer::smile_api("a little secret");
//! let request = testkit::request(&signer, "/webhooks/smile", sample).to_request();
//! assert_eq!(test::call_service(&app, request).await.status(), 204);
//! # Ok(())
//! # }
//! ```

use actix_web::{
    http::header::{CONTENT_TYPE, HeaderValue},
    test::TestRequest,
};
use bytes::Bytes;
use smile_core::Vendor;
pub use smile_core::testkit::*;

use crate::SmileEvent;

/// A request that delivers a body, such as a [`Sample`], with its signature: `to_request` makes it
/// one for `test::call_service`.
///
/// `uri` is the path of the endpoint, or a whole URI.
///
/// # Panics
///
/// On a `uri` that is none.
#[track_caller]
pub fn request(signer: &Signer, uri: &str, body: impl Into<Bytes>) -> TestRequest {
    let body = body.into();
    let signed = signer.sign(&body).into_iter();
    let request = TestRequest::post().uri(uri).set_payload(body);
    let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    signed.fold(request.insert_header(json), TestRequest::insert_header)
}

/// The verified event of a body, to call a handler directly: [`delivery`] as a [`SmileEvent`].
///
/// ```
/// use actix_web::HttpResponse;
/// use smile_actix::{EventType, SmileEvent, testkit::{self, Sample}};
///
/// # async fn on_event(event: SmileEvent) -> HttpResponse { HttpResponse::NoContent().finish() }
/// # #[actix_web::main]
/// # async fn main() {
/// let event = testkit::event(Sample::smile_api(EventType::UserCreated));
/// assert_eq!(on_event(event).await.status(), 204);
/// # }
/// ```
///
/// # Panics
///
/// Where [`delivery`] does.
#[track_caller]
pub fn event<V: Vendor>(body: impl Into<Bytes>) -> SmileEvent<V> {
    SmileEvent(delivery(body))
}
