//! The middleware, and the service that it makes.

use std::{
    cell::Cell,
    fmt,
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_http::h1;
use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform},
};
use bytes::Bytes;
use smile_core::{
    Delivery, Intake, IntakeBuilder, IntakeResponse, Rejection, Secrets, SmileApi, SmileIo, Vendor,
};

use crate::{
    bare_request::BareRequest,
    body::hold_until_written,
    head::RequestHead,
    payload::RawPayload,
    response::{self, Responder},
    spawn_on_drop::{OnDrop, SpawnOnDrop},
};

/// Puts the intake in front of an app, a scope or a resource: what is inside sees verified events
/// only.
///
/// Put it on the resource, with `wrap`, so that unknown paths and health checks are not answered
/// 401. It reads the raw payload, never a decompressed one, and puts the verified bytes back as the
/// payload, so that `Bytes` and `Json` work inside.
///
/// Inside a clone of itself a middleware lets the deliveries pass, with the verified bytes as their
/// payload.
///
/// Build it once, outside the factory of `HttpServer::new`, and clone it: the factory runs once for
/// each worker, so a middleware built inside would have one memory of events for each.
///
/// ```
/// use actix_web::{App, HttpResponse, HttpServer, web};
/// use smile_actix::{Secret, SmileEvent, SmileMiddleware};
///
/// async fn on_event(event: SmileEvent) -> HttpResponse {
///     println!("{} {}", event.event_type(), event.id());
///     HttpResponse::NoContent().finish()
/// }
///
/// let smile = SmileMiddleware::smile_api(Secret::new("a little secret")?).build();
/// let server = HttpServer::new(move || {
///     let webhook = web::resource("/webhooks/smile").wrap(smile.clone());
///     App::new().service(webhook.route(web::post().to(on_event)))
/// });
/// # Ok::<(), smile_actix::EmptySecret>(())
/// ```
pub struct SmileMiddleware<V: Vendor = SmileApi> {
    intake: Intake<V>,
    responder: Responder,
}

impl SmileMiddleware<SmileApi> {
    /// Begins a middleware for Smile API with its secret, a ring of several, or a lookup.
    pub fn smile_api(secrets: impl Into<Secrets<SmileApi>>) -> IntakeBuilder<SmileApi, Self> {
        IntakeBuilder::new(secrets)
    }
}

impl SmileMiddleware<SmileIo> {
    /// Begins a middleware for Smile.io with its client secret, a ring of several, or a lookup.
    pub fn smile_io(secrets: impl Into<Secrets<SmileIo>>) -> IntakeBuilder<SmileIo, Self> {
        IntakeBuilder::new(secrets)
    }
}

impl<V: Vendor> SmileMiddleware<V> {
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
    /// use actix_web::HttpResponse;
    /// use smile_actix::{Secret, SmileMiddleware};
    ///
    /// let smile = SmileMiddleware::smile_api(Secret::new("a little secret")?).build();
    /// let smile = smile.on_rejection(|rejection| {
    ///     HttpResponse::BadRequest().body(rejection.kind().label())
    /// });
    /// # Ok::<(), smile_actix::EmptySecret>(())
    /// ```
    #[must_use]
    pub fn on_rejection(
        self,
        respond: impl Fn(&Rejection) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        Self {
            responder: Responder::refusing_with(respond),
            ..self
        }
    }

    /// Waits until no handler runs under a claim, in any worker: call it after the server has
    /// stopped.
    pub async fn drain(&self) {
        self.intake.drain().await;
    }
}

#[cfg(feature = "inbox")]
impl<V: Vendor> smile_core::IntoEndpoint<V> for SmileMiddleware<V> {
    type Endpoint = crate::SmileInbox<V>;
}

impl<V: Vendor> From<Intake<V>> for SmileMiddleware<V> {
    fn from(intake: Intake<V>) -> Self {
        Self {
            intake,
            responder: Responder::default(),
        }
    }
}

impl<V: Vendor> Clone for SmileMiddleware<V> {
    fn clone(&self) -> Self {
        Self {
            intake: self.intake.clone(),
            responder: self.responder.clone(),
        }
    }
}

impl<V: Vendor> fmt::Debug for SmileMiddleware<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SmileMiddleware")
            .field(&self.intake)
            .finish()
    }
}

impl<S, B, V> Transform<S, ServiceRequest> for SmileMiddleware<V>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
    V: Vendor,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = SmileService<S, V>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(SmileService {
            inner: Rc::new(inner),
            middleware: self.clone(),
        }))
    }
}

#[doc(hidden)]
pub struct SmileService<S, V: Vendor> {
    inner: Rc<S>,
    middleware: SmileMiddleware<V>,
}

impl<S, V: Vendor> SmileService<S, V> {
    /// The body that the same middleware verified outside of this one.
    fn verified(&self, request: &ServiceRequest) -> Option<Bytes> {
        let extensions = request.extensions();
        let delivery = extensions.get::<Delivery<V>>()?;
        let verified = self.middleware.intake.has_verified(delivery);
        verified.then(|| delivery.raw().clone())
    }
}

impl<S, V: Vendor> fmt::Debug for SmileService<S, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmileService")
            .field("middleware", &self.middleware)
            .finish_non_exhaustive()
    }
}

impl<S, B, V> Service<ServiceRequest> for SmileService<S, V>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
    V: Vendor,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        if let Some(body) = self.verified(&request) {
            // The same middleware outside claimed the event: to claim it again would wait for it.
            request.set_payload(payload_of(body));
            let response = self.inner.call(request);
            return Box::pin(async { response.await.map(ServiceResponse::map_into_left_body) });
        }
        let (request, mut payload) = request.into_parts();
        let inner = Rc::clone(&self.inner);
        let SmileMiddleware { intake, responder } = self.middleware.clone();
        Box::pin(async move {
            let body = RawPayload(&mut payload);
            // Here and not before: a span of a layer outside is entered while this future is polled.
            let received = match intake.admit(&RequestHead(&request)) {
                Ok(admitted) => intake.receive(admitted, body).await,
                Err(rejection) => Err(intake.dismiss(rejection, body).await),
            };
            let delivery = match received {
                Ok(delivery) => delivery,
                Err(rejection) => {
                    let response = hold_until_written(responder.refuse(rejection), payload);
                    return Ok(own(request, response));
                }
            };
            drop(payload);
            let bare = BareRequest::of(&request);
            // Routing inside needs the only handle on the request, so the handler takes it from
            // here, and puts it back with its answer.
            let request = Rc::new(Cell::new(Some(request)));
            let place = Rc::clone(&request);
            let run = move |delivery: Delivery<V>| async move {
                #[expect(clippy::expect_used, reason = "the core runs it at most once")]
                let request = place.take().expect("a request is handled once");
                let payload = payload_of(delivery.raw().clone());
                request.extensions_mut().insert(delivery);
                let request = ServiceRequest::from_parts(request, payload);
                let (request, response) = inner.call(request).await?.into_parts();
                place.set(Some(request));
                Ok(response)
            };
            let on_drop = if intake.outlives_sender() {
                OnDrop::Spawn
            } else {
                OnDrop::Cancel
            };
            // In a box of its own, so that a sender that takes its time with the body does not take
            // up the room for what comes after it.
            let handed_over = Box::pin(intake.hand_over(delivery, run, status));
            let answer = SpawnOnDrop::new(handed_over, on_drop).await;
            let request = || request.take().unwrap_or_else(|| bare.into_request());
            match answer {
                IntakeResponse::Handler(Ok(response)) => {
                    Ok(ServiceResponse::new(request(), response).map_into_left_body())
                }
                IntakeResponse::Handler(Err(err)) => Err(err),
                IntakeResponse::Reply(reply) => Ok(own(request(), response::response(&reply))),
                IntakeResponse::Rejected(rejection) => {
                    Ok(own(request(), responder.refuse(rejection)))
                }
            }
        })
    }
}

fn own<B>(request: HttpRequest, response: HttpResponse) -> ServiceResponse<EitherBody<B>> {
    ServiceResponse::new(request, response).map_into_right_body()
}

fn payload_of(body: Bytes) -> Payload {
    let (_sender, mut payload) = h1::Payload::create(true);
    payload.unread_data(body);
    Payload::from(payload)
}

fn status<B>(answer: &Result<HttpResponse<B>, Error>) -> Option<u16> {
    Some(match answer {
        Ok(response) => response.status().as_u16(),
        Err(err) => err.as_response_error().status_code().as_u16(),
    })
}
