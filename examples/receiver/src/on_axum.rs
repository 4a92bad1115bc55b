//! The receiver on axum.

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{
        DefaultBodyLimit, Path, Query, Request, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, Uri, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http_body_util::BodyExt;
use smile_tower::{SmileEvent, SmileIo, SmileLayer};
use tokio::net::{TcpListener, TcpSocket};

use crate::{
    BAD_PAGE, assets, banner,
    callbacks::{self, Callbacks},
    dead::{self, Dead},
    deliveries::{Origin, Recording},
    inbox::Inbox,
    inspector::{NO_TYPE, WantedSample},
    log::Page,
    metrics::Metrics,
    options::{Failure, Settings},
    receiver::Receiver,
    schemas,
    shutdown::Stop,
    store::Store,
    viewer::Asker,
};

#[tokio::main]
pub(crate) async fn serve(settings: &Settings, receiver: Receiver) -> Result<(), Failure> {
    const SMILE_API: &str = "/webhooks/smile-api";
    const SMILE_IO: &str = "/webhooks/smile-io";
    let store = Store::open(&settings.dedupe).await?;
    let inbox = settings.open_inbox().await?;
    let recorder = receiver.recorder(Origin::Request);
    let smile_api: SmileLayer = settings
        .configure(&settings.smile_api, &store, recorder.clone())?
        .build();
    let smile_io: SmileLayer<SmileIo> = settings
        .configure(&settings.smile_io, &store, recorder.clone())?
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
                    recorder.clone(),
                )?),
            )
            .route_service(
                SMILE_IO,
                inbox.endpoint::<_, SmileLayer<SmileIo>>(settings.configure(
                    &settings.smile_io,
                    &store,
                    recorder.clone(),
                )?),
            ),
    };
    let worker = inbox.as_ref().map(|inbox| inbox.start_worker(&receiver));
    let metrics = Router::new()
        .route("/metrics", get(metrics_text))
        .with_state((receiver.metrics().clone(), inbox.clone()));
    let dead = Router::new()
        .route("/dead", get(dead_letters))
        .route("/dead/{id}", get(dead_letter))
        .route("/dead/{id}/replay", post(replay))
        .with_state(Dead(inbox));
    let deliveries = Router::new()
        .route("/deliveries", get(deliveries))
        .route("/deliveries/stream", get(delivery_stream))
        .route("/deliveries/{seq}", get(delivery))
        .route("/deliveries/{seq}/replay", post(replay_delivery))
        .route("/inspector", get(inspector))
        .route("/samples", post(send_sample));
    let app = Router::new()
        .route(
            "/callbacks/wink",
            post(on_callback)
                .options(preflight)
                .layer(DefaultBodyLimit::max(Callbacks::BODY_LIMIT)),
        )
        .route("/callbacks", get(callbacks))
        .route("/events", get(events))
        .route("/healthz", get(|| async { "ok" }))
        .merge(deliveries)
        .merge(webhooks.layer(from_fn_with_state(receiver.clone(), record)))
        .with_state(receiver.clone())
        .merge(assets())
        .route("/openapi.json", get(async || answer(schemas::openapi())))
        .route("/schemas/{*file}", get(event_schema))
        .merge(metrics)
        .merge(dead);

    let listener = listen(settings.listen).map_err(|err| settings.cannot_listen(&err))?;
    let stop = Stop::listen()?;
    receiver.inspector().listens_on(listener.local_addr()?);
    banner::print(settings, listener.local_addr()?);
    smile_tower::serve(listener, app)
        .shutdown(async move {
            stop.requested().await;
            // Open pages would hold their connections.
            receiver.deliveries().close();
        })
        .head_timeout(settings.head_timeout)?
        .max_connections(settings.max_connections)?
        .drain_timeout(settings.drain_timeout)
        .drain(&smile_api)
        .drain(&smile_io)
        .await?;
    if let Some(worker) = worker {
        worker.stop().await;
    }
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

/// Keeps what a report lacks, outside the layer.
async fn record(State(receiver): State<Receiver>, request: Request, next: Next) -> Response {
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
    let recording = Recording::begin(receiver.deliveries(), request.uri().path(), headers);
    let capture = recording.capture();
    let request = request.map(|body| {
        Body::new(body.map_frame(move |frame| {
            if let Some(chunk) = frame.data_ref() {
                capture.push(chunk);
            }
            frame
        }))
    });
    let response = recording.run(|| next.run(request)).await;
    recording.end(response.status().as_u16());
    response
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
    let response = match body {
        Ok(body) => match receiver.callbacks().receive(&body) {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(err) => (StatusCode::BAD_REQUEST, err).into_response(),
        },
        Err(err) => (err.status(), "the body could not be read").into_response(),
    };
    (callbacks::CORS, response).into_response()
}

/// A browser asks before a page of another origin may send JSON.
async fn preflight() -> impl IntoResponse {
    (StatusCode::NO_CONTENT, callbacks::CORS)
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

async fn deliveries(
    State(receiver): State<Receiver>,
    page: Result<Query<Page>, QueryRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let asker = asker(&uri, &headers);
    let deliveries = receiver.deliveries();
    match page {
        Ok(Query(page)) => answer(receiver.inspector().list(deliveries, &page, &asker)),
        Err(_) => answer((400, BAD_PAGE.into())),
    }
}

async fn delivery_stream(
    State(receiver): State<Receiver>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let deliveries = receiver.deliveries();
    let viewer = asker(&uri, &headers).viewer(deliveries.is_loopback());
    let last = text(&headers, "last-event-id");
    let stream = Body::from_stream(deliveries.stream(last, viewer));
    let head = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (head, stream).into_response()
}

async fn delivery(
    State(receiver): State<Receiver>,
    Path(seq): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let asker = asker(&uri, &headers);
    let deliveries = receiver.deliveries();
    answer(receiver.inspector().show(deliveries, &seq, &asker))
}

async fn replay_delivery(
    State(receiver): State<Receiver>,
    Path(seq): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let asker = asker(&uri, &headers);
    let deliveries = receiver.deliveries();
    answer(receiver.inspector().replay(deliveries, &seq, &asker).await)
}

async fn send_sample(
    State(receiver): State<Receiver>,
    wanted: Result<Query<WantedSample>, QueryRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let (deliveries, asker) = (receiver.deliveries(), asker(&uri, &headers));
    let inspector = receiver.inspector();
    match wanted {
        Ok(Query(wanted)) => answer(inspector.send_sample(deliveries, &wanted, &asker).await),
        Err(_) => answer((400, NO_TYPE.into())),
    }
}

async fn inspector(State(receiver): State<Receiver>, uri: Uri, headers: HeaderMap) -> Response {
    let asker = asker(&uri, &headers);
    answer(receiver.inspector().about(receiver.deliveries(), &asker))
}

/// A target in absolute form has the host in it.
fn asker<'h>(uri: &'h Uri, headers: &'h HeaderMap) -> Asker<'h> {
    let host = uri.authority().map(|authority| authority.as_str());
    Asker {
        host: text(headers, "host").or(host),
        origin: text(headers, "origin"),
        forwarded: Asker::FORWARDED
            .iter()
            .any(|name| headers.contains_key(*name)),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn assets() -> Router {
    assets::ASSETS.iter().fold(Router::new(), |router, asset| {
        let head = [(header::CONTENT_TYPE, asset.content_type)];
        router.route(
            asset.path,
            get(async || (head, assets::HEADERS, asset.text)),
        )
    })
}

async fn event_schema(Path(file): Path<String>) -> Response {
    answer(schemas::event(&file))
}

async fn dead_letters(
    State(dead): State<Dead>,
    page: Result<Query<Page>, QueryRejection>,
) -> Response {
    match page {
        Ok(Query(page)) => answer(dead.list(&page).await),
        Err(_) => answer((400, BAD_PAGE.into())),
    }
}

async fn dead_letter(State(dead): State<Dead>, Path(id): Path<i64>) -> Response {
    answer(dead.show(id).await)
}

async fn replay(
    State(dead): State<Dead>,
    Path(id): Path<i64>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    answer(dead.replay(id, &asker(&uri, &headers)).await)
}

fn answer((code, text): dead::Answer) -> Response {
    let content_type = match code {
        200 => "application/json",
        _ => "text/plain; charset=utf-8",
    };
    (status(code), [(header::CONTENT_TYPE, content_type)], text).into_response()
}

fn list(page: Result<Query<Page>, QueryRejection>, list: impl FnOnce(&Page) -> String) -> Response {
    match page {
        Ok(Query(page)) => {
            ([(header::CONTENT_TYPE, "application/json")], list(&page)).into_response()
        }
        Err(_) => (StatusCode::BAD_REQUEST, BAD_PAGE).into_response(),
    }
}

async fn metrics_text(
    State((metrics, inbox)): State<(Metrics, Option<Inbox>)>,
) -> impl IntoResponse {
    let text = metrics.to_text(inbox.as_ref()).await;
    ([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], text)
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
