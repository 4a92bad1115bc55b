//! The endpoint of an inbox, as a handler.

use std::{fmt, future::Future, pin::Pin};

use actix_web::{Handler, HttpRequest, HttpResponse, web};
use smile_core::{InboxIntake, Rejection, SmileApi, Vendor};

use crate::{
    body::hold_until_written,
    head::RequestHead,
    payload::RawPayload,
    response::{self, Responder},
};

/// Stores verified events in an inbox and answers 200: a handler without a function of your own.
///
/// Put it on a path with `web::to`, for all methods: it answers 405 by itself. A
/// [`Worker`](smile_core::Worker) handles the events.
///
/// ```
/// use actix_web::{App, HttpServer, web};
/// use smile_actix::{Secret, SmileEvent, SmileMiddleware, WorkQueue, Worker};
///
/// async fn on_event(event: SmileEvent) -> Result<(), std::io::Error> {
///     println!("{} {}", event.event_type(), event.id());
///     Ok(())
/// }
///
/// /// With an inbox of `smile-store`, such as `SqliteInbox`.
/// async fn serve(inbox: impl WorkQueue + Clone) -> Result<(), Box<dyn std::error::Error>> {
///     let worker = Worker::new(inbox.clone()).handle(on_event).start();
///     let smile = SmileMiddleware::smile_api(Secret::new("a little secret")?).inbox(inbox);
///     let server = HttpServer::new(move || {
///         App::new().route("/webhooks/smile", web::to(smile.clone()))
///     });
///     // .. bind and run the server ..
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
    /// [`SmileMiddleware::on_rejection`](crate::SmileMiddleware::on_rejection) does.
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
}

impl<V: Vendor> From<InboxIntake<V>> for SmileInbox<V> {
    fn from(intake: InboxIntake<V>) -> Self {
        Self {
            intake,
            responder: Responder::default(),
        }
    }
}

impl<V: Vendor> Handler<(HttpRequest, web::Payload)> for SmileInbox<V> {
    type Output = HttpResponse;
    type Future = Pin<Box<dyn Future<Output = HttpResponse>>>;

    fn call(&self, (request, payload): (HttpRequest, web::Payload)) -> Self::Future {
        let Self { intake, responder } = self.clone();
        let mut payload = payload.into_inner();
        Box::pin(async move {
            let body = RawPayload(&mut payload);
            // Here and not before: a span of a layer outside is entered while this future is polled.
            let accepted = match intake.admit(&RequestHead(&request)) {
                Ok(admitted) => intake.accept(admitted, body).await,
                Err(rejection) => Err(intake.dismiss(rejection, body).await),
            };
            match accepted {
                Ok(reply) => response::response(&reply),
                Err(rejection) => hold_until_written(responder.refuse(rejection), payload),
            }
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
