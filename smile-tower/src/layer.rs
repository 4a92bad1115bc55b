//! The layer.

use std::fmt;

use bytes::Bytes;
use http::Response;
use smile_core::{Intake, Rejection, SmileApi, Vendor};
use tower_layer::Layer;

use crate::{SmileService, response::Responder};

/// Puts the intake in front of a service: what is inside sees verified events only.
///
/// Put it on the route, with axum's `route_layer`, so that unknown paths and health checks are not
/// answered 401. It takes requests with any body of `Bytes` (axum's, hyper's `Incoming`, Lambda's),
/// and what it hands inside is one type, whatever came in: `B`, which holds the verified bytes.
/// With the feature `axum` that is `axum::body::Body`, so that `Bytes`, `Json` and `from_fn` work
/// inside; [`with_body`](Self::with_body) makes a layer for any other.
///
/// Build it once and clone it: clones share the memory of events that were seen. Inside a clone of
/// itself a layer lets the deliveries pass, with the verified bytes as their body.
///
/// ```
/// use axum::{Router, http::StatusCode, routing::post};
/// use smile_tower::{Secret, SmileEvent, SmileLayer};
///
/// async fn on_event(event: SmileEvent) -> StatusCode {
///     println!("{} {}", event.event_type(), event.id());
///     StatusCode::NO_CONTENT
/// }
///
/// let smile = SmileLayer::smile_api(Secret::new("a little secret")?).build();
/// let app: Router = Router::new().route("/webhooks/smile", post(on_event).route_layer(smile));
/// # Ok::<(), smile_tower::EmptySecret>(())
/// ```
pub struct SmileLayer<V: Vendor = SmileApi, B = DefaultBody> {
    pub(crate) intake: Intake<V>,
    pub(crate) into_body: fn(Bytes) -> B,
    pub(crate) responder: Responder,
}

/// The body inside a layer where none is named: `axum::body::Body`.
#[cfg(feature = "axum")]
pub type DefaultBody = axum_core::body::Body;

/// The body inside a layer where none is named; none is, without the feature `axum`.
#[cfg(not(feature = "axum"))]
pub type DefaultBody = std::convert::Infallible;

#[cfg(feature = "axum")]
mod for_axum {
    use smile_core::{Intake, IntakeBuilder, Secrets, SmileApi, SmileIo, Vendor};

    use super::{DefaultBody, SmileLayer};

    impl SmileLayer<SmileApi> {
        /// Begins a layer for Smile API with its secret, a ring of several, or a lookup.
        pub fn smile_api(secrets: impl Into<Secrets<SmileApi>>) -> IntakeBuilder<SmileApi, Self> {
            IntakeBuilder::new(secrets)
        }
    }

    impl SmileLayer<SmileIo> {
        /// Begins a layer for Smile.io with its client secret, a ring of several, or a lookup.
        pub fn smile_io(secrets: impl Into<Secrets<SmileIo>>) -> IntakeBuilder<SmileIo, Self> {
            IntakeBuilder::new(secrets)
        }
    }

    #[cfg(feature = "inbox")]
    impl<V: Vendor> smile_core::IntoEndpoint<V> for SmileLayer<V> {
        type Endpoint = crate::SmileInbox<V>;
    }

    impl<V: Vendor> From<Intake<V>> for SmileLayer<V> {
        fn from(intake: Intake<V>) -> Self {
            Self::with_body(intake, DefaultBody::from)
        }
    }
}

impl<V: Vendor, B> SmileLayer<V, B> {
    /// A layer whose inner service takes bodies of type `B`, made from the verified bytes.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http_body_util::Full;
    /// use smile_tower::{Intake, Secret, SmileApi, SmileLayer};
    ///
    /// let intake = Intake::smile_api(Secret::new("a little secret")?).build();
    /// let smile: SmileLayer<SmileApi, Full<Bytes>> = SmileLayer::with_body(intake, Full::new);
    /// # Ok::<(), smile_tower::EmptySecret>(())
    /// ```
    pub fn with_body(intake: Intake<V>, into_body: fn(Bytes) -> B) -> Self {
        Self {
            intake,
            into_body,
            responder: Responder::default(),
        }
    }

    /// Answers refusals with one's own response instead of the problem document.
    ///
    /// The [`Rejection`] is in the response's extensions either way. If `respond` panics, the
    /// sender gets the problem document.
    ///
    /// # Security
    ///
    /// [`Rejection::kind`] is for the sender. Its reason, remedy and `Display` are for operators:
    /// to tell a sender how its signature failed helps it to make one.
    ///
    /// ```
    /// use smile_tower::{Secret, SmileLayer};
    ///
    /// let smile = SmileLayer::smile_api(Secret::new("a little secret")?).build();
    /// let smile = smile.on_rejection(|rejection| {
    ///     let mut response = http::Response::new(rejection.kind().label().into());
    ///     *response.status_mut() = http::StatusCode::BAD_REQUEST;
    ///     response
    /// });
    /// # Ok::<(), smile_tower::EmptySecret>(())
    /// ```
    #[must_use]
    pub fn on_rejection(
        self,
        respond: impl Fn(&Rejection) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        Self {
            responder: Responder::refusing_with(respond),
            ..self
        }
    }

    /// Waits until no handler runs under a claim, also of clones: call it after the server has
    /// stopped, since a handler whose sender went away goes on without a connection.
    pub async fn drain(&self) {
        self.intake.drain().await;
    }
}

impl<S, V: Vendor, B> Layer<S> for SmileLayer<V, B> {
    type Service = SmileService<S, V, B>;

    fn layer(&self, inner: S) -> Self::Service {
        SmileService {
            inner,
            layer: self.clone(),
        }
    }
}

impl<V: Vendor, B> Clone for SmileLayer<V, B> {
    fn clone(&self) -> Self {
        Self {
            intake: self.intake.clone(),
            into_body: self.into_body,
            responder: self.responder.clone(),
        }
    }
}

impl<V: Vendor, B> fmt::Debug for SmileLayer<V, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SmileLayer").field(&self.intake).finish()
    }
}
