//! Something that receives, called in this process.

use std::{convert::Infallible, future::Future, mem, pin::Pin, time::Duration};

use actix_web::{
    body::MessageBody,
    dev::{Service as ActixService, ServiceResponse},
};
use axum::{Router, body::Body};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tower::Service;

use crate::{clock::ThreadTime, delivery::Delivery};

/// A future of this thread.
pub(crate) type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// One way to receive, ready to be called.
pub(crate) trait Subject {
    /// Receives the first `count` of these, one after the other. Only the receiving is timed:
    /// requests are made before it, of all of them, with bodies of one frame.
    fn lap<'a>(&'a mut self, deliveries: &'a [Delivery], count: usize) -> Local<'a, Lap>;
}

/// What receiving took, and how it was answered.
#[derive(Debug)]
pub(crate) struct Lap {
    pub(crate) time: Duration,
    /// Of all answers.
    pub(crate) statuses: Vec<u16>,
}

impl Subject for Router {
    fn lap<'a>(&'a mut self, deliveries: &'a [Delivery], count: usize) -> Local<'a, Lap> {
        let requests: Vec<_> = deliveries.iter().map(request::<Body>).collect();
        let mut requests = requests.into_iter();
        // As `axum::serve` does: an app without state would else make its routes with each request.
        let mut app = self.clone().with_state(());
        Box::pin(async move {
            let mut statuses = Vec::with_capacity(count);
            let start = ThreadTime::now();
            for request in requests.by_ref().take(count) {
                let Ok(response) = app.call(request).await;
                statuses.push(response.status().as_u16());
            }
            let time = start.elapsed();
            // Dropping them would make a lap of fewer cost more.
            mem::forget(requests);
            Lap { time, statuses }
        })
    }
}

/// A service for hyper's own bodies.
pub(crate) struct OnHyper<S>(pub(crate) S);

impl<S, B> Subject for OnHyper<S>
where
    S: Service<http::Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>,
{
    fn lap<'a>(&'a mut self, deliveries: &'a [Delivery], count: usize) -> Local<'a, Lap> {
        let requests: Vec<_> = deliveries.iter().map(request::<Full<Bytes>>).collect();
        let mut requests = requests.into_iter();
        Box::pin(async move {
            let mut statuses = Vec::with_capacity(count);
            let start = ThreadTime::now();
            for request in requests.by_ref().take(count) {
                let Ok(response) = self.0.call(request).await;
                statuses.push(response.status().as_u16());
            }
            let time = start.elapsed();
            // Dropping them would make a lap of fewer cost more.
            mem::forget(requests);
            Lap { time, statuses }
        })
    }
}

/// An app of actix-web.
pub(crate) struct OnActix<S>(pub(crate) S);

impl<S, B> Subject for OnActix<S>
where
    S: ActixService<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    fn lap<'a>(&'a mut self, deliveries: &'a [Delivery], count: usize) -> Local<'a, Lap> {
        let requests: Vec<_> = deliveries.iter().map(actix_request).collect();
        let mut requests = requests.into_iter();
        Box::pin(async move {
            let mut statuses = Vec::with_capacity(count);
            let start = ThreadTime::now();
            for request in requests.by_ref().take(count) {
                let status = match self.0.call(request).await {
                    Ok(response) => response.status(),
                    Err(err) => err.error_response().status(),
                };
                statuses.push(status.as_u16());
            }
            let time = start.elapsed();
            // Dropping them would make a lap of fewer cost more.
            mem::forget(requests);
            Lap { time, statuses }
        })
    }
}

pub(crate) fn request<B: From<Bytes>>(delivery: &Delivery) -> http::Request<B> {
    let mut request = http::Request::post(delivery.path);
    for (name, value) in &delivery.headers {
        request = request.header(*name, value);
    }
    request
        .body(delivery.body.clone().into())
        .expect("a request")
}

pub(crate) fn actix_request(delivery: &Delivery) -> actix_http::Request {
    let mut request = actix_web::test::TestRequest::post()
        .uri(delivery.path)
        .set_payload(delivery.body.clone());
    for (name, value) in &delivery.headers {
        request = request.insert_header((*name, value.as_str()));
    }
    request.to_request()
}
