//! The receiver on axum.

use std::{future::IntoFuture, net::SocketAddr};

use axum::{
    Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{StatusCode, header::CONTENT_TYPE},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use smile_tower::{SmileEvent, SmileIo, SmileLayer};
use tokio::net::{TcpListener, TcpSocket};

use crate::{
    PAGE, banner,
    callbacks::Callbacks,
    log::Page,
    options::{Failure, Settings},
    receiver::Receiver,
    store::Store,
};

#[tokio::main]
pub(crate) async fn serve(settings: &Settings, receiver: Receiver) -> Result<(), Failure> {
    let store = Store::open(&settings.dedupe).await?;
    let metrics = receiver.metrics();
    let smile_api: SmileLayer = settings
        .configure(&settings.smile_api, &store, metrics.clone())?
        .build();
    let smile_io: SmileLayer<SmileIo> = settings
        .configure(&settings.smile_io, &store, metrics.clone())?
        .build();
    let app = Router::new()
        .route(
            "/webhooks/smile-api",
            post(on_smile_api).route_layer(smile_api.clone()),
        )
        .route(
            "/webhooks/smile-io",
            post(on_smile_io).route_layer(smile_io.clone()),
        )
        .route(
            "/callbacks/wink",
            post(on_callback).layer(DefaultBodyLimit::max(Callbacks::BODY_LIMIT)),
        )
        .route("/callbacks", get(callbacks))
        .route("/events", get(events))
        .route("/metrics", get(metrics_text))
        .route("/healthz", get(|| async { "ok" }))
        .route("/", get(|| async { Html(PAGE) }))
        .with_state(receiver);

    let listener = listen(settings.listen).map_err(|err| settings.cannot_listen(&err))?;
    banner::print(settings, listener.local_addr()?);
    // The peer's address is for the allow-list.
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(stopped())
    .into_future()
    .await?;
    smile_api.drain().await;
    smile_io.drain().await;
    Ok(())
}

/// Listens with a backlog for a burst of connections: `TcpListener::bind` asks for 128, and a
/// sender that finds it full waits a second before it tries again.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(4096)
}

async fn on_smile_api(State(receiver): State<Receiver>, event: SmileEvent) -> StatusCode {
    status(receiver.on_smile_api(event.0).await)
}

async fn on_smile_io(State(receiver): State<Receiver>, event: SmileEvent<SmileIo>) -> StatusCode {
    status(receiver.on_smile_io(event.0).await)
}

async fn on_callback(
    State(receiver): State<Receiver>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match body {
        Ok(body) => match receiver.callbacks().receive(&body) {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(err) => (StatusCode::BAD_REQUEST, err).into_response(),
        },
        Err(err) => (err.status(), "the body could not be read").into_response(),
    }
}

async fn callbacks(
    State(receiver): State<Receiver>,
    page: Result<Query<Page>, QueryRejection>,
) -> Response {
    list(page, |page| receiver.callbacks().list(page))
}

async fn events(
    State(receiver): State<Receiver>,
    page: Result<Query<Page>, QueryRejection>,
) -> Response {
    list(page, |page| receiver.events().list(page))
}

fn list(page: Result<Query<Page>, QueryRejection>, list: impl FnOnce(&Page) -> String) -> Response {
    match page {
        Ok(Query(page)) => ([(CONTENT_TYPE, "application/json")], list(&page)).into_response(),
        Err(_) => (StatusCode::BAD_REQUEST, "expected ?after=N&limit=M").into_response(),
    }
}

async fn metrics_text(State(receiver): State<Receiver>) -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4")],
        receiver.metrics().to_text(),
    )
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Ends with Ctrl-C or SIGTERM.
async fn stopped() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}
