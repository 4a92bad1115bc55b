//! Extractors for axum handlers behind the layer.

use std::{any::type_name, fmt, ops::Deref};

use axum_core::{
    body::Body,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{Extensions, request::Parts};
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
/// Behind a layer of the same vendor it is always there. Without one the answer is 500 and the log names the layer to add; there is no
/// `Option<SmileEvent>`, since "no layer" is a mistake and not a case to handle: a handler that
/// went on without a verified event would be an endpoint without verification.
///
/// ```
/// use axum::http::StatusCode;
/// use smile_tower::{Data, SmileEvent};
///
/// async fn on_event(event: SmileEvent) -> StatusCode {
///     match event.data() {
///         Ok(Data::AccountConnected(account)) => println!("{:?}", account.account_id),
///         Ok(_) => println!("{} {}", event.event_type(), event.id()), // all others
///         Err(err) => println!("{err}"), // names the path; `event.raw()` has every byte
///     }
///     StatusCode::NO_CONTENT
/// }
/// # fn is_handler<T>(_: impl axum::handler::Handler<T, ()>) {}
/// # is_handler(on_event);
/// ```
///
/// Beside it a handler takes axum's other extractors in any order, and so the application's state:
///
/// ```
/// use std::sync::mpsc::Sender;
///
/// use axum::{Router, extract::State, http::StatusCode, routing::post};
/// use smile_tower::{SmileEvent, SmileLayer};
///
/// #[derive(Clone)]
/// struct AppState {
///     ids: Sender<String>,
/// }
///
/// fn app(smile: SmileLayer, state: AppState) -> Router {
///     let webhook = post(on_event).route_layer(smile);
///     Router::new().route("/webhooks/smile", webhook).with_state(state)
/// }
///
/// async fn on_event(State(state): State<AppState>, event: SmileEvent) -> StatusCode {
///     match state.ids.send(event.id().to_owned()) {
///         Ok(()) => StatusCode::NO_CONTENT,
///         Err(_) => StatusCode::SERVICE_UNAVAILABLE, // the vendor sends the event again
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

impl<V: Vendor, S: Sync> FromRequestParts<S> for SmileEvent<V> {
    type Rejection = NotVerified;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, NotVerified> {
        delivery(parts, type_name::<Self>()).map(Self)
    }
}

/// The verified body, byte for byte as it was received.
///
/// For handlers that pass it on or read it in their own way; axum's `Bytes` works behind the layer,
/// too, but also without it. Without a layer of the same vendor the answer is 500.
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

impl<V: Vendor, S: Sync> FromRequestParts<S> for VerifiedBody<V> {
    type Rejection = NotVerified;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, NotVerified> {
        Ok(Self {
            delivery: delivery(parts, type_name::<Self>())?,
        })
    }
}

/// An extractor found no verified event of its vendor: 500, and the log says which layer to add.
#[derive(Clone, Debug)]
pub struct NotVerified(Rejection);

impl fmt::Display for NotVerified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NotVerified {}

impl IntoResponse for NotVerified {
    fn into_response(self) -> Response {
        let mut response = response(&self.0.reply()).map(Body::from);
        response.extensions_mut().insert(self.0);
        response
    }
}

fn delivery<V: Vendor>(parts: &Parts, extractor: &str) -> Result<Delivery<V>, NotVerified> {
    if let Some(delivery) = parts.extensions.get::<Delivery<V>>() {
        return Ok(delivery.clone());
    }
    let path = parts.uri.path();
    let layer = V::NAME.replace('-', "_");
    match vendor_of(&parts.extensions) {
        Some(found) => tracing::error!(
            target: "smile",
            vendor = V::NAME,
            extractor,
            path,
            "the verified event here is of {found}, and this extractor takes those of {}: put \
             `.route_layer(SmileLayer::{layer}(secret).build())` on this route instead",
            V::NAME,
        ),
        None => tracing::error!(
            target: "smile",
            vendor = V::NAME,
            extractor,
            path,
            "no verified event: put `.route_layer(SmileLayer::{layer}(secret).build())` on this route",
        ),
    }
    Err(NotVerified(Reason::LayerMissing.into()))
}

/// Whose event was verified, if any.
fn vendor_of(extensions: &Extensions) -> Option<&'static str> {
    if extensions.get::<Delivery<SmileApi>>().is_some() {
        Some(SmileApi::NAME)
    } else if extensions.get::<Delivery<SmileIo>>().is_some() {
        Some(SmileIo::NAME)
    } else {
        None
    }
}
