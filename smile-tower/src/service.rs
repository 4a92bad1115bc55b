//! The service that [`SmileLayer`](crate::SmileLayer) makes.

use std::{
    error::Error,
    fmt,
    future::poll_fn,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use smile_core::{Delivery, IntakeResponse, SmileApi, Vendor};
use tower_service::Service;

use crate::{
    DefaultBody, ResponseBody, ResponseFuture, SmileLayer,
    body::DataStream,
    head::RequestHead,
    spawn_on_drop::{OnDrop, SpawnOnDrop},
};

/// Verifies requests and hands the events to `S`.
pub struct SmileService<S, V: Vendor = SmileApi, B = DefaultBody> {
    pub(crate) inner: S,
    pub(crate) layer: SmileLayer<V, B>,
}

impl<S, V, B, ReqBody, ResBody> Service<Request<ReqBody>> for SmileService<S, V, B>
where
    S: Service<Request<B>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    V: Vendor,
    B: Send + 'static,
    ReqBody: Body<Data = Bytes> + Send + 'static,
    ReqBody::Error: Into<Box<dyn Error + Send + Sync>>,
    ResBody: Send + 'static,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<ResBody, S::Error>;

    /// Always ready: an unverified sender must not hold what the inner service gives to few, such
    /// as a permit. Its readiness is waited for after the verification.
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let inner = self.inner.clone();
        let SmileLayer {
            intake,
            into_body,
            responder,
        } = self.layer.clone();
        let (mut parts, body) = request.into_parts();
        let found = parts.extensions.get::<Delivery<V>>();
        if let Some(delivery) = found.filter(|delivery| intake.has_verified(delivery)) {
            let body = into_body(delivery.raw().clone());
            let answer = call_when_ready(inner, Request::from_parts(parts, body));
            return ResponseFuture::new(async { Ok(answer.await?.map(ResponseBody::inner)) });
        }
        let version = parts.version;
        let body = DataStream::new(body);

        ResponseFuture::new(async move {
            // Here and not before: a span of a layer outside is entered while this future is polled.
            let received = match intake.admit(&RequestHead(&parts)) {
                Ok(admitted) => intake.receive(admitted, body).await,
                Err(rejection) => Err(intake.dismiss(rejection, body).await),
            };
            let delivery = match received {
                Ok(delivery) => delivery,
                Err(rejection) => return Ok(responder.refuse(rejection, version)),
            };
            let run = move |delivery: Delivery<V>| {
                let body = into_body(delivery.raw().clone());
                parts.extensions.insert(delivery);
                call_when_ready(inner, Request::from_parts(parts, body))
            };
            let on_drop = if intake.outlives_sender() {
                OnDrop::Spawn
            } else {
                OnDrop::Cancel
            };
            // In a box of its own, so that a sender that takes its time with the body does not take
            // up the room for what comes after it.
            let handed_over = Box::pin(intake.hand_over(delivery, run, status));
            match SpawnOnDrop::new(handed_over, on_drop).await {
                IntakeResponse::Handler(answer) => {
                    answer.map(|response| response.map(ResponseBody::inner))
                }
                IntakeResponse::Reply(reply) => Ok(responder.reply(&reply, version)),
                IntakeResponse::Rejected(rejection) => Ok(responder.refuse(rejection, version)),
            }
        })
    }
}

impl<S: Clone, V: Vendor, B> Clone for SmileService<S, V, B> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<S: fmt::Debug, V: Vendor, B> fmt::Debug for SmileService<S, V, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmileService")
            .field("inner", &self.inner)
            .field("layer", &self.layer)
            .finish()
    }
}

/// The clone that is ready is the one to call: readiness is not shared between clones.
async fn call_when_ready<S, R>(mut inner: S, request: R) -> Result<S::Response, S::Error>
where
    S: Service<R>,
{
    poll_fn(|cx| inner.poll_ready(cx)).await?;
    inner.call(request).await
}

fn status<B, E>(answer: &Result<Response<B>, E>) -> Option<u16> {
    answer
        .as_ref()
        .ok()
        .map(|response| response.status().as_u16())
}
