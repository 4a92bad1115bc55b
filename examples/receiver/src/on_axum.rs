//! The receiver on axum.

use std::{future::IntoFuture, net::SocketAddr};

use axum::{
    Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, Path, Query, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{StatusCode, header::CONTENT_TYPE},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use smile_tower::{SmileEvent, SmileIo, SmileLayer};
use tokio::net::{TcpListener, TcpSocket};

use crate::{
    BAD_PAGE, PAGE, banner,
    callbacks::Callbacks,
    dead::{self, Dead},
    log::Page,
    options::{Failure, Settings},
    receiver::Receiver,
    store::Store,
};

#[tokio::main]
pub(crate) async fn serve(settings: &Settings, receiver: Receiver) -> Result<(), Failure> {
    const SMILE_API: &str = "/webhooks/smile-api";
    const SMILE_IO: &str = "/webhooks/smile-io";
    let store = Store::open(&settings.dedupe).await?;
    let inbox = settings.open_inbox().await?;
    let metrics = receiver.metrics();
    let smile_api: SmileLayer = settings
        .configure(&settings.smile_api, &store, metrics.clone())?
        .build();
    let smile_io: SmileLayer<SmileIo> = settings
        .configure(&settings.smile_io, &store, metrics.clone())?
        .build();
    let webhooks = match &inbox {
        None => Router::new()
            .route(SMILE_API, post(on_smile_api).route_layer(smile_api.clone()))
            .route(SMILE_IO, post(on_smile_io).route_layer(smile_io.clone())),
        Some(inbox) => Router::new()
            .route_service(
                SMILE_API,
                inbox.endpoint::<_, SmileLayer>(settings.configure(
                    &settings.smile_api,
                    &store,
                    metrics.clone(),
                )?),
            )
            .route_service(
                SMILE_IO,
                inbox.endpoint::<_, SmileLayer<SmileIo>>(settings.configure(
                    &settings.smile_io,
                    &store,
                    metrics.clone(),
                )?),
            ),
    };
    let worker = inbox.as_ref().map(|inbox| inbox.start_worker(&receiver));
    let dead = Router::new()
        .route("/dead", get(dead_letters))
        .route("/dead/{id}", get(dead_letter))
        .route("/dead/{id}/replay", post(replay))
        .with_state(Dead(inbox));
    let app = webhooks
        .route(
            "/callbacks/wink",
            post(on_callback).layer(DefaultBodyLimit::max(Callbacks::BODY_LIMIT)),
        )
        .route("/callbacks", get(callbacks))
        .route("/events", get(events))
        .route("/metrics", get(metrics_text))
        .route("/healthz", get(|| async { "ok" }))
        .route("/", get(|| async { Html(PAGE) }))
        .with_state(receiver.clone())
        .merge(dead);

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
    if let Some(worker) = worker {
        worker.stop().await;
    }
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

async fn dead_letters(
    State(dead): State<Dead>,
    page: Result<Query<Page>, QueryRejection>,
) -> Response {
    match page {
        Ok(Query(page)) => answer(dead.list(&page).await),
        Err(_) => (StatusCode::BAD_REQUEST, BAD_PAGE).into_response(),
    }
}

async fn dead_letter(State(dead): State<Dead>, Path(id): Path<i64>) -> Response {
    answer(dead.show(id).await)
}

async fn replay(State(dead): State<Dead>, Path(id): Path<i64>) -> Response {
    answer(dead.replay(id).await)
}

fn answer((code, text): dead::Answer) -> Response {
    let content_type = match code {
        200 => "application/json",
        _ => "text/plain; charset=utf-8",
    };
    (status(code), [(CONTENT_TYPE, content_type)], text).into_response()
}

fn list(page: Result<Query<Page>, QueryRejection>, list: impl FnOnce(&Page) -> String) -> Response {
    match page {
        Ok(Query(page)) => ([(CONTENT_TYPE, "application/json")], list(&page)).into_response(),
        Err(_) => (StatusCode::BAD_REQUEST, BAD_PAGE).into_response(),
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
