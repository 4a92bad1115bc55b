//! The endpoint of an inbox, as a service.

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use smile_core::{InboxIntake, Rejection, SmileApi, Vendor};
use tower_service::Service;

use crate::{
    ResponseBody, ResponseFuture, body::DataStream, head::RequestHead, response::Responder,
};

/// Stores verified events in an inbox and answers 200: a service without a handler inside.
///
/// Put it on a route with axum's `route_service`, or serve it with any Tower stack. A
/// [`Worker`](smile_core::Worker) handles the events.
#[cfg_attr(feature = "axum", doc = "```")]
#[cfg_attr(not(feature = "axum"), doc = "```ignore")]
/// use axum::Router;
/// use smile_tower::{Inbox, Secret, SmileEvent, SmileLayer, WorkQueue, Worker};
///
/// async fn on_event(event: SmileEvent) -> Result<(), std::io::Error> {
///     println!("{} {}", event.event_type(), event.id());
///     Ok(())
/// }
///
/// /// With an inbox of `smile-store`, such as `SqliteInbox`.
/// async fn serve(inbox: impl WorkQueue + Clone) -> Result<(), Box<dyn std::error::Error>> {
///     let worker = Worker::new(inbox.clone()).handle(on_event).start();
///     let smile = SmileLayer::smile_api(Secret::new("a little secret")?).inbox(inbox);
///     let app: Router = Router::new().route_service("/webhooks/smile", smile);
///     // .. serve the app ..
///     worker.stop().await;
///     Ok(())
/// }
/// ```
pub struct SmileInbox<V: Vendor = SmileApi> {
    intake: InboxIntake<V>,
    responder: Responder,
}

impl<V: Vendor> SmileInbox<V> {
    /// The intake inside, such as for [`InboxIntake::trust_fetched`].
    pub fn intake(&self) -> &InboxIntake<V> {
        &self.intake
    }

    /// Answers refusals with one's own response instead of the problem document, as
    /// [`SmileLayer::on_rejection`](crate::SmileLayer::on_rejection) does.
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
}

impl<V: Vendor> From<InboxIntake<V>> for SmileInbox<V> {
    fn from(intake: InboxIntake<V>) -> Self {
        Self {
            intake,
            responder: Responder::default(),
        }
    }
}

impl<V, ReqBody> Service<Request<ReqBody>> for SmileInbox<V>
where
    V: Vendor,
    ReqBody: Body<Data = Bytes> + Send + 'static,
    ReqBody::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<ResponseBody<Full<Bytes>>>;
    type Error = Infallible;
    type Future = ResponseFuture<Full<Bytes>, Infallible>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let Self { intake, responder } = self.clone();
        let (parts, body) = request.into_parts();
        let version = parts.version;
        let body = DataStream::new(body);
        ResponseFuture::new(async move {
            // Here and not before: a span of a layer outside is entered while this future is polled.
            let accepted = match intake.admit(&RequestHead(&parts)) {
                Ok(admitted) => intake.accept(admitted, body).await,
                Err(rejection) => Err(intake.dismiss(rejection, body).await),
            };
            Ok(match accepted {
                Ok(reply) => responder.reply(&reply, version),
                Err(rejection) => responder.refuse(rejection, version),
            })
        })
    }
}

impl<V: Vendor> Clone for SmileInbox<V> {
    fn clone(&self) -> Self {
        Self {
            intake: self.intake.clone(),
            responder: self.responder.clone(),
        }
    }
}

impl<V: Vendor> fmt::Debug for SmileInbox<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SmileInbox").field(&self.intake).finish()
    }
}
