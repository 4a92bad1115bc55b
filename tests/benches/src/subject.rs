//! Something that receives, called in this process.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    App,
    body::MessageBody,
    dev::{HttpServiceFactory, Service as ActixService, ServiceResponse},
    test::{TestRequest, init_service},
};
use axum::{Router, body::Body};
use rustix::time::{ClockId, clock_gettime};
use stats_alloc::INSTRUMENTED_SYSTEM;
use tower::Service;

use crate::{
    delivery::{Delivery, Kind},
    frames::Frames,
};

/// A future of this thread.
pub(crate) type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A receiver, ready to be called.
pub(crate) trait Subject {
    /// Receives all deliveries, one after the other, and checks the answers.
    fn lap<'a>(&'a mut self, deliveries: &'a [Delivery]) -> Local<'a, Lap>;
}

/// What the deliveries of a lap cost together.
#[derive(Debug, Default)]
pub(crate) struct Lap {
    /// Processor time of this thread. On a busy machine the wall clock mostly measures the others.
    pub(crate) time: Duration,
    /// 0 where the program does not count them.
    pub(crate) allocations: usize,
}

/// Requests are made a few at a time, at most this many and of this many bytes together: a server has
/// just read the request that it hands to an app, so request, code and tables are in the caches.
const AT_A_TIME: usize = 8;
const BYTES_AT_A_TIME: usize = 64 << 10;

/// Makes requests and receives them, in turns. Time and allocations are of the receiving alone.
pub(crate) async fn lap<'a, R>(
    deliveries: &'a [Delivery],
    make: impl Fn(&'a Delivery) -> R,
    mut receive: impl AsyncFnMut(R) -> u16,
) -> Lap {
    let mut lap = Lap::default();
    let largest = deliveries.iter().map(|delivery| delivery.body.len()).max();
    let few = BYTES_AT_A_TIME / largest.unwrap_or_default().max(1);
    for few in deliveries.chunks(few.clamp(1, AT_A_TIME)) {
        let requests: Vec<_> = few.iter().map(&make).collect();
        let mut statuses = Vec::with_capacity(few.len());
        let clock = ClockId::ThreadCPUTime;
        let (start, allocations_before) = (processor_time(clock), allocations());
        for request in requests {
            statuses.push(Counted(pin!(receive(request))).await);
        }
        lap.time += processor_time(clock) - start;
        lap.allocations += allocations() - allocations_before;
        for (delivery, status) in few.iter().zip(statuses) {
            assert_eq!(status, delivery.kind.status(), "{:?}", delivery.kind);
        }
    }
    lap
}

/// How long this thread or process has had a processor.
pub(crate) fn processor_time(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).expect("it counts from 0")
}

fn allocations() -> usize {
    INSTRUMENTED_SYSTEM.stats().allocations
}

/// Callgrind counts what runs below this type's `poll`.
struct Counted<'a, F>(Pin<&'a mut F>);

impl<F: Future> Future for Counted<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        poll_counted(self.0.as_mut(), cx)
    }
}

/// For callgrind's `--toggle-collect`: one name for all types, never inlined.
pub(crate) const COUNTED: &str = "smile_benches::subject::poll_counted*";

#[inline(never)]
fn poll_counted<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    future.poll(cx)
}

impl Subject for Router {
    fn lap<'a>(&'a mut self, deliveries: &'a [Delivery]) -> Local<'a, Lap> {
        // As `axum::serve` does. Without it, an app makes its routes anew for each request.
        let mut app = self.clone().with_state(());
        Box::pin(lap(deliveries, axum_request, async move |request| {
            let Ok(response) = app.call(request).await;
            response.status().as_u16()
        }))
    }
}

/// An app of actix-web with this one resource.
pub(crate) async fn on_actix(resource: impl HttpServiceFactory + 'static) -> Box<dyn Subject> {
    Box::new(OnActix(init_service(App::new().service(resource)).await))
}

struct OnActix<S>(S);

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

fn axum_request(delivery: &Delivery) -> http::Request<Body> {
    let mut request = http::Request::post(delivery.path);
    for (name, value) in &delivery.headers {
        request = request.header(*name, value);
    }
    let body = match delivery.kind {
        Kind::InFrames => Body::new(Frames(delivery.read_body())),
        _ => delivery.read_body().into(),
    };
    request.body(body).expect("a request")
}

fn actix_request(delivery: &Delivery) -> actix_http::Request {
    let mut request = TestRequest::post().uri(delivery.path);
    for (name, value) in &delivery.headers {
        request = request.insert_header((*name, value.as_str()));
    }
    request.set_payload(delivery.read_body()).to_request()
}
