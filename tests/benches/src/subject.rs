//! Something that receives, called in this process.

use std::{
    convert::Infallible,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    body::MessageBody,
    dev::{Payload, Service as ActixService, ServiceResponse},
};
use axum::{Router, body::Body};
use http::Response;
use stats_alloc::INSTRUMENTED_SYSTEM;
use tower::Service;

use crate::{
    clock::Untimed,
    delivery::Delivery,
    frames::{Arrival, Frames},
};

/// A future of this thread.
pub(crate) type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// One way to receive, ready to be called.
pub(crate) trait Subject {
    /// Receives these, one after the other. Only the receiving is timed and counted.
    fn lap<'a>(&'a mut self, deliveries: &'a [Delivery]) -> Local<'a, Lap>;
}

/// What receiving took, and how it was answered.
#[derive(Debug, Default)]
pub(crate) struct Lap {
    pub(crate) time: Duration,
    pub(crate) allocations: usize,
    /// Of all answers.
    pub(crate) statuses: Vec<u16>,
}

/// Requests are made a few at a time, of this many bytes together: a server has just read the one
/// that it hands to an app, so that neither its head nor its body comes from main memory, nor is the
/// allocator left with a hundred requests' worth of blocks. Large ones are made one at a time: eight
/// bodies of 112 KB would have emptied the caches of the app's own code and tables as well.
const BYTES_AT_A_TIME: usize = 64 << 10;

/// Of the small ones, so that the clock is not asked around each.
const AT_MOST: usize = 8;

/// Makes requests and receives them, in turns.
pub(crate) async fn lap<'a, R>(
    deliveries: &'a [Delivery],
    make: impl Fn(&'a Delivery) -> R,
    mut receive: impl AsyncFnMut(R) -> u16,
) -> Lap {
    let mut lap = Lap::default();
    lap.statuses.reserve(deliveries.len());
    let largest = deliveries.iter().map(|delivery| delivery.body.len()).max();
    let few = BYTES_AT_A_TIME / largest.unwrap_or_default().max(1);
    let clock = deliveries[0].arrival.clock();
    for few in deliveries.chunks(few.clamp(1, AT_MOST)) {
        let requests: Vec<_> = few.iter().map(&make).collect();
        let allocations = allocations();
        let start = clock.now();
        for request in requests {
            lap.statuses.push(Counted(pin!(receive(request))).await);
        }
        let elapsed = start.elapsed();
        lap.time += elapsed.saturating_sub(clock.own_cost() + Untimed::take());
        lap.allocations += self::allocations() - allocations;
    }
    lap
}

/// What is counted is what happens below this type's `poll`: the name by which callgrind is told.
struct Counted<'a, F>(Pin<&'a mut F>);

impl<F: Future> Future for Counted<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        poll_counted(self.0.as_mut(), cx)
    }
}

/// For `--toggle-collect`: one name for all types, and never inlined.
pub(crate) const COUNTED: &str = "smile_benches::subject::poll_counted*";

#[inline(never)]
fn poll_counted<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    future.poll(cx)
}

/// None, where the program does not count them.
fn allocations() -> usize {
    INSTRUMENTED_SYSTEM.stats().allocations
}

impl Subject for Router {
    fn lap<'a>(&'a mut self, deliveries: &'a [Delivery]) -> Local<'a, Lap> {
        // As `axum::serve` does: an app without state would else make its routes with each request.
        let mut app = self.clone().with_state(());
        Box::pin(lap(deliveries, axum_request, async move |request| {
            let Ok(response) = app.call(request).await;
            response.status().as_u16()
        }))
    }
}

/// A service as hyper calls one.
pub(crate) struct OnHyper<S>(pub(crate) S);

impl<S, B> Subject for OnHyper<S>
where
    S: Service<http::Request<Frames>, Response = Response<B>, Error = Infallible>,
{
    fn lap<'a>(&'a mut self, deliveries: &'a [Delivery]) -> Local<'a, Lap> {
        Box::pin(lap(deliveries, hyper_request, async |request| {
            let Ok(response) = self.0.call(request).await;
            response.status().as_u16()
        }))
    }
}

/// An app of actix-web.
pub(crate) struct OnActix<S>(pub(crate) S);

impl<S, B> Subject for OnActix<S>
where
    S: ActixService<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    fn lap<'a>(&'a mut self, deliveries: &'a [Delivery]) -> Local<'a, Lap> {
        Box::pin(lap(deliveries, actix_request, async |request| {
            let status = match self.0.call(request).await {
                Ok(response) => response.status(),
                Err(err) => err.error_response().status(),
            };
            status.as_u16()
        }))
    }
}

pub(crate) fn axum_request(delivery: &Delivery) -> http::Request<Body> {
    let body = match delivery.arrival {
        Arrival::Whole => delivery.read_body().into(),
        _ => Body::new(delivery.frames()),
    };
    request(delivery, body)
}

fn hyper_request(delivery: &Delivery) -> http::Request<Frames> {
    request(delivery, delivery.frames())
}

fn request<B>(delivery: &Delivery, body: B) -> http::Request<B> {
    let mut request = http::Request::post(delivery.path);
    for (name, value) in &delivery.headers {
        request = request.header(*name, value);
    }
    request.body(body).expect("a request")
}

fn actix_request(delivery: &Delivery) -> actix_http::Request {
    let mut request = actix_web::test::TestRequest::post().uri(delivery.path);
    for (name, value) in &delivery.headers {
        request = request.insert_header((*name, value.as_str()));
    }
    if delivery.arrival == Arrival::Whole {
        return request.set_payload(delivery.read_body()).to_request();
    }
    let payload: Payload = Payload::Stream {
        payload: Box::pin(delivery.frames()),
    };
    let (request, _) = request.to_request().replace_payload(payload);
    request
}
