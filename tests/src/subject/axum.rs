//! `smile-tower` in an axum router, with a middleware between the layer and the handler.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
    middleware::{Next, from_fn},
    response::Response,
    routing::post,
};
use bytes::Bytes;
use smile_tower::{SmileEvent, SmileInbox, SmileIo, SmileLayer, VerifiedBody};
use tokio::{net::TcpListener, sync::oneshot};
use tower::ServiceBuilder;

use super::{Handler, Setup};
use crate::sign;

pub(super) fn start(setup: Setup) -> SocketAddr {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || serve(setup, tell));
    told.blocking_recv().expect("the server starts")
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn serve(setup: Setup, tell: oneshot::Sender<SocketAddr>) {
    let smile_api = SmileLayer::from(setup.smile_api);
    let smile_io = SmileLayer::from(setup.smile_io);
    // In one stack, so that the types of what is inside the layer have to fit.
    let stack = ServiceBuilder::new().layer(smile_api).layer(from_fn(pass));
    let app = Router::new()
        .route(sign::SMILE_API, post(on_smile_api).route_layer(stack))
        .route(sign::SMILE_IO, post(on_smile_io).route_layer(smile_io))
        .route_service(
            sign::INBOX_SMILE_API,
            SmileInbox::from(setup.inbox_smile_api),
        )
        .route_service(sign::INBOX_SMILE_IO, SmileInbox::from(setup.inbox_smile_io))
        .route("/unprotected", post(on_smile_api))
        // Bodies over axum's own 2 MiB reach its extractors here.
        .layer(DefaultBodyLimit::disable())
        .with_state(setup.handler);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    tell.send(listener.local_addr().expect("an address"))
        .expect("somebody waits");
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .await
        .expect("serving does not end");
}

async fn pass(request: Request, next: Next) -> Response {
    next.run(request).await
}

async fn on_smile_api(
    State(handler): State<Handler>,
    event: SmileEvent,
    verified: VerifiedBody,
    body: Bytes,
) -> StatusCode {
    assert_eq!(*verified, body, "both extractors hold the same bytes");
    status(handler.run(&event, Some(body)).await)
}

async fn on_smile_io(
    State(handler): State<Handler>,
    event: SmileEvent<SmileIo>,
    body: Bytes,
) -> StatusCode {
    status(handler.run(&event, Some(body)).await)
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).expect("a status")
}
