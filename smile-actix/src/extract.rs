//! Extractors for handlers behind the middleware.

use std::{
    any::type_name,
    fmt,
    future::{Ready, ready},
    ops::Deref,
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError,
    dev::{Extensions, Payload},
    http::StatusCode,
};
use bytes::Bytes;
use smile_core::{Delivery, Reason, Rejection, SmileApi, SmileIo, Vendor};

use crate::response::response;

/// The verified event, in a handler's signature.
///
/// It is a [`Delivery`]: every method there works here. The ones for every day:
///
/// | Method | Returns |
/// |---|---|
/// | [`id()`](Delivery::id) | the event's id, `&str` (Smile API) |
/// | [`event_type()`](Delivery::event_type) | what happened, `&EventType` (Smile API) |
/// | [`topic()`](Delivery::topic), [`account_id()`](Delivery::account_id) | what happened, and where (Smile.io) |
/// | [`data()`](Delivery::data) | the typed data, `Result<Data, DataError>` |
/// | [`raw()`](Delivery::raw) | the body, byte for byte |
/// | [`tenant()`](Delivery::tenant) | whose secret matched, where tenants are looked up |
///
/// Behind a middleware of the same vendor it is always there. Without one the answer is 500 and the log names the middleware to add. Do
/// not take `Option<SmileEvent>`: "no middleware" is a mistake and not a case to handle, and a
/// handler that went on without a verified event would be an endpoint without verification.
///
/// ```
/// use actix_web::HttpResponse;
/// use smile_actix::{Data, SmileEvent};
///
/// async fn on_event(event: SmileEvent) -> HttpResponse {
///     match event.data() {
///         Ok(Data::AccountConnected(account)) => println!("{:?}", account.account_id),
///         Ok(_) => println!("{} {}", event.event_type(), event.id()), // all others
///         Err(err) => println!("{err}"), // names the path; `event.raw()` has every byte
///     }
///     HttpResponse::NoContent().finish()
/// }
/// # actix_web::web::post().to(on_event);
/// ```
///
/// Beside it a handler takes actix-web's other extractors, and so the application's data:
///
/// ```
/// use std::sync::mpsc::Sender;
///
/// use actix_web::{HttpResponse, web};
/// use smile_actix::{SmileEvent, SmileMiddleware};
///
/// fn routes(config: &mut web::ServiceConfig, smile: SmileMiddleware, ids: Sender<String>) {
///     let webhook = web::resource("/webhooks/smile").wrap(smile);
///     config
///         .app_data(web::Data::new(ids))
///         .service(webhook.route(web::post().to(on_event)));
/// }
///
/// async fn on_event(ids: web::Data<Sender<String>>, event: SmileEvent) -> HttpResponse {
///     match ids.send(event.id().to_owned()) {
///         Ok(()) => HttpResponse::NoContent().finish(),
///         // The vendor sends the event again.
///         Err(_) => HttpResponse::ServiceUnavailable().finish(),
///     }
/// }
/// ```
pub struct SmileEvent<V: Vendor = SmileApi>(pub Delivery<V>);

impl<V: Vendor> Deref for SmileEvent<V> {
    type Target = Delivery<V>;

    fn deref(&self) -> &Delivery<V> {
        &self.0
    }
}

impl<V: Vendor> Clone for SmileEvent<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// So that a table of handlers and a worker take the same event as a handler behind a layer.
impl<V: Vendor> smile_core::FromDelivery for SmileEvent<V> {
    type Vendor = V;

    fn from_delivery(delivery: Delivery<V>) -> Self {
        Self(delivery)
    }
}

impl<V: Vendor> fmt::Debug for SmileEvent<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SmileEvent").field(&self.0).finish()
    }
}

impl<V: Vendor> FromRequest for SmileEvent<V> {
    type Error = NotVerified;
    type Future = Ready<Result<Self, NotVerified>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(delivery(request, type_name::<Self>()).map(Self))
    }
}

/// The verified body, byte for byte as it was received.
///
/// For handlers that pass it on or read it in their own way; actix-web's `Bytes` works behind the
/// middleware, too, but also without it. Without a middleware of the same vendor the answer is 500.
#[derive(Clone)]
pub struct VerifiedBody<V: Vendor = SmileApi> {
    delivery: Delivery<V>,
}

impl<V: Vendor> Deref for VerifiedBody<V> {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        self.delivery.raw()
    }
}

impl<V: Vendor> fmt::Debug for VerifiedBody<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedBody")
            .field("len", &self.len())
            .finish()
    }
}

impl<V: Vendor> FromRequest for VerifiedBody<V> {
    type Error = NotVerified;
    type Future = Ready<Result<Self, NotVerified>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(delivery(request, type_name::<Self>()).map(|delivery| Self { delivery }))
    }
}

/// An extractor found no verified event of its vendor: 500, and the log says which middleware to
/// add.
#[derive(Clone, Debug)]
pub struct NotVerified(Rejection);

impl fmt::Display for NotVerified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NotVerified {}

impl ResponseError for NotVerified {
    fn status_code(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = response(&self.0.reply());
        response.extensions_mut().insert(self.0.clone());
        response
    }
}

fn delivery<V: Vendor>(request: &HttpRequest, extractor: &str) -> Result<Delivery<V>, NotVerified> {
    let extensions = request.extensions();
    if let Some(delivery) = extensions.get::<Delivery<V>>() {
        return Ok(delivery.clone());
    }
    let path = request.path();
    let middleware = V::NAME.replace('-', "_");
    match vendor_of(&extensions) {
        Some(found) => tracing::error!(
            target: "smile",
            vendor = V::NAME,
            extractor,
            path,
            "the verified event here is of {found}, and this extractor takes those of {}: put \
             `.wrap(SmileMiddleware::{middleware}(secret).build())` on this resource instead",
            V::NAME,
        ),
        None => tracing::error!(
            target: "smile",
            vendor = V::NAME,
            extractor,
            path,
            "no verified event: put `.wrap(SmileMiddleware::{middleware}(secret).build())` on this \
             resource",
        ),
    }
    Err(NotVerified(Reason::LayerMissing.into()))
}

/// Whose event was verified, if any.
fn vendor_of(extensions: &Extensions) -> Option<&'static str> {
    if extensions.contains::<Delivery<SmileApi>>() {
        Some(SmileApi::NAME)
    } else if extensions.contains::<Delivery<SmileIo>>() {
        Some(SmileIo::NAME)
    } else {
        None
    }
}
