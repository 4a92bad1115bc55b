//! The receiver on actix-web.

use std::{any::Any, time::Duration};

use actix_web::{
    App, Error, HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer, Responder,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{ALLOW, CACHE_CONTROL},
    },
    middleware::{Next, from_fn},
    rt::net::TcpStream,
    web::{self, Bytes, Data, PayloadConfig, Query, ServiceConfig},
};
use futures_util::TryStreamExt;
use smile_actix::{SmileEvent, SmileIo, SmileMiddleware};

use crate::{
    BAD_PAGE, assets, banner,
    callbacks::{self, Callbacks},
    dead::{self, Dead},
    deliveries::{Origin, Recording},
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

#[actix_web::main]
pub(crate) async fn serve(settings: &Settings, receiver: Receiver) -> Result<(), Failure> {
    const SMILE_API: &str = "/webhooks/smile-api";
    const SMILE_IO: &str = "/webhooks/smile-io";
    let store = Store::open(&settings.dedupe).await?;
    let inbox = settings.open_inbox().await?;
    let recorder = receiver.recorder(Origin::Request);
    let smile_api: SmileMiddleware = settings
        .configure(&settings.smile_api, &store, recorder.clone())?
        .build();
    let smile_io: SmileMiddleware<SmileIo> = settings
        .configure(&settings.smile_io, &store, recorder.clone())?
        .build();
    let stores = match &inbox {
        None => None,
        Some(inbox) => Some((
            inbox.endpoint::<_, SmileMiddleware>(settings.configure(
                &settings.smile_api,
                &store,
                recorder.clone(),
            )?),
            inbox.endpoint::<_, SmileMiddleware<SmileIo>>(settings.configure(
                &settings.smile_io,
                &store,
                recorder.clone(),
            )?),
        )),
    };
    let worker = inbox.as_ref().map(|inbox| inbox.start_worker(&receiver));
    let dead = Dead(inbox);
    let (in_api, in_io) = (smile_api.clone(), smile_io.clone());
    let shown = receiver.clone();
    let closed = receiver.clone();
    let stop = Stop::listen()?;
    let server = HttpServer::new(move || {
        let (smile_api, smile_io) = (web::resource(SMILE_API), web::resource(SMILE_IO));
        let app = App::new()
            .app_data(Data::new(receiver.clone()))
            .app_data(Data::new(dead.clone()));
        let app = match stores.clone() {
            None => app
                .service(
                    smile_api
                        .wrap(in_api.clone())
                        .wrap(from_fn(record))
                        .route(web::post().to(on_smile_api)),
                )
                .service(
                    smile_io
                        .wrap(in_io.clone())
                        .wrap(from_fn(record))
                        .route(web::post().to(on_smile_io)),
                ),
            Some((api, io)) => app
                .service(smile_api.wrap(from_fn(record)).route(web::to(api)))
                .service(smile_io.wrap(from_fn(record)).route(web::to(io))),
        };
        app.service(
            web::resource("/callbacks/wink")
                .app_data(PayloadConfig::new(Callbacks::BODY_LIMIT))
                .route(web::post().to(on_callback))
                .route(web::method(actix_web::http::Method::OPTIONS).to(preflight))
                .default_service(web::to(only_post)),
        )
        .route("/callbacks", web::get().to(callbacks))
        .route("/events", web::get().to(events))
        .route("/dead", web::get().to(dead_letters))
        .route("/dead/{id}", web::get().to(dead_letter))
        .route("/dead/{id}/replay", web::post().to(replay))
        .route("/metrics", web::get().to(metrics_text))
        .route("/healthz", web::get().to(|| async { "ok" }))
        .configure(inspector_routes)
        .configure(asset_routes)
    })
    .workers(WORKERS)
    .backlog(4096)
    .client_request_timeout(settings.head_timeout)
    .max_connections(settings.max_connections.div_ceil(WORKERS))
    .shutdown_timeout(
        settings
            .drain_timeout
            .saturating_sub(LAST_RUNS)
            .as_secs()
            .max(1),
    )
    .shutdown_signal(async move {
        stop.requested().await;
        // Open pages would hold their connections.
        closed.deliveries().close();
    })
    .on_connect(|stream, _| give_up_on_idle_readers(stream))
    .bind(settings.listen)
    .map_err(|err| settings.cannot_listen(&err))?;

    let address = *server.addrs().first().ok_or("no address is bound")?;
    shown.inspector().listens_on(address);
    banner::print(settings, address);
    server.run().await?;
    if let Some(worker) = worker {
        worker.stop().await;
    }
    // Handlers whose sender has gone.
    let drained = async { tokio::join!(smile_api.drain(), smile_io.drain()) };
    let _ = tokio::time::timeout(LAST_RUNS, drained).await;
    Ok(())
}

/// actix-web waits for ever for a sender that takes no byte of its answer. Linux does not, if asked.
fn give_up_on_idle_readers(stream: &dyn Any) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = stream.downcast_ref::<TcpStream>() {
        // An option: without it the connection works as well.
        let _ = rustix::net::sockopt::set_tcp_user_timeout(stream, 10_000);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

const WORKERS: usize = 2;

/// What is left of the time to end, when the server has stopped.
const LAST_RUNS: Duration = Duration::from_secs(5);

/// Keeps what a report lacks, outside the middleware.
async fn record(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(receiver) = request.app_data::<Data<Receiver>>().cloned() else {
        return next.call(request).await;
    };
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
    let recording = Recording::begin(receiver.deliveries(), request.path(), headers);
    let capture = recording.capture();
    let payload = request.take_payload();
    if !matches!(payload, Payload::None) {
        let payload = Box::pin(payload.inspect_ok(move |chunk| capture.push(chunk)));
        request.set_payload(Payload::Stream { payload });
    }
    let response = recording.run(|| next.call(request)).await?;
    recording.end(response.status().as_u16());
    Ok(response)
}

async fn on_smile_api(receiver: Data<Receiver>, event: SmileEvent) -> HttpResponse {
    status(receiver.on_smile_api(event.0).await)
}

async fn on_smile_io(receiver: Data<Receiver>, event: SmileEvent<SmileIo>) -> HttpResponse {
    status(receiver.on_smile_io(event.0).await)
}

async fn only_post() -> impl Responder {
    HttpResponse::MethodNotAllowed()
        .insert_header((ALLOW, "POST,OPTIONS"))
        .finish()
}

async fn on_callback(receiver: Data<Receiver>, body: Result<Bytes, Error>) -> HttpResponse {
    let (status, text) = match body {
        Ok(body) => match receiver.callbacks().receive(&body) {
            Ok(()) => return with_cors(StatusCode::NO_CONTENT).finish(),
            Err(err) => (StatusCode::BAD_REQUEST, err),
        },
        Err(err) => (
            err.as_response_error().status_code(),
            "the body could not be read".into(),
        ),
    };
    with_cors(status)
        .content_type("text/plain; charset=utf-8")
        .body(text)
}

/// A browser asks before a page of another origin may send JSON.
async fn preflight() -> HttpResponse {
    with_cors(StatusCode::NO_CONTENT).finish()
}

fn with_cors(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    for header in callbacks::CORS {
        response.insert_header(header);
    }
    response
}

async fn callbacks(receiver: Data<Receiver>, page: Result<Query<Page>, Error>) -> HttpResponse {
    list(page, |page| receiver.callbacks().list(page))
}

async fn events(receiver: Data<Receiver>, page: Result<Query<Page>, Error>) -> HttpResponse {
    list(page, |page| receiver.events().list(page))
}

fn inspector_routes(config: &mut ServiceConfig) {
    config
        .route("/deliveries", web::get().to(deliveries))
        .route("/deliveries/stream", web::get().to(delivery_stream))
        .route("/deliveries/{seq}", web::get().to(delivery))
        .route("/deliveries/{seq}/replay", web::post().to(replay_delivery))
        .route("/inspector", web::get().to(inspector))
        .route(
            "/openapi.json",
            web::get().to(async || answer(schemas::openapi())),
        )
        .route("/schemas/{file:.*}", web::get().to(event_schema))
        .route("/samples", web::post().to(send_sample));
}

async fn deliveries(
    receiver: Data<Receiver>,
    page: Result<Query<Page>, Error>,
    request: HttpRequest,
) -> HttpResponse {
    let deliveries = receiver.deliveries();
    match page {
        Ok(page) => answer(
            receiver
                .inspector()
                .list(deliveries, &page, &asker(&request)),
        ),
        Err(_) => answer((400, BAD_PAGE.into())),
    }
}

async fn delivery_stream(receiver: Data<Receiver>, request: HttpRequest) -> HttpResponse {
    let deliveries = receiver.deliveries();
    let viewer = asker(&request).viewer(deliveries.is_loopback());
    let last = text(&request, "last-event-id");
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .streaming(deliveries.stream(last, viewer))
}

async fn delivery(
    receiver: Data<Receiver>,
    seq: web::Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    let deliveries = receiver.deliveries();
    answer(
        receiver
            .inspector()
            .show(deliveries, &seq, &asker(&request)),
    )
}

async fn replay_delivery(
    receiver: Data<Receiver>,
    seq: web::Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    let (deliveries, asker) = (receiver.deliveries(), asker(&request));
    answer(receiver.inspector().replay(deliveries, &seq, &asker).await)
}

async fn send_sample(
    receiver: Data<Receiver>,
    wanted: Result<Query<WantedSample>, Error>,
    request: HttpRequest,
) -> HttpResponse {
    let (deliveries, asker) = (receiver.deliveries(), asker(&request));
    let inspector = receiver.inspector();
    match wanted {
        Ok(wanted) => answer(inspector.send_sample(deliveries, &wanted, &asker).await),
        Err(_) => answer((400, NO_TYPE.into())),
    }
}

async fn inspector(receiver: Data<Receiver>, request: HttpRequest) -> HttpResponse {
    answer(
        receiver
            .inspector()
            .about(receiver.deliveries(), &asker(&request)),
    )
}

/// A target in absolute form has the host in it.
fn asker(request: &HttpRequest) -> Asker<'_> {
    let host = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    let headers = request.headers();
    Asker {
        host: text(request, "host").or(host),
        origin: text(request, "origin"),
        forwarded: Asker::FORWARDED
            .iter()
            .any(|name| headers.contains_key(*name)),
    }
}

fn text<'r>(request: &'r HttpRequest, name: &str) -> Option<&'r str> {
    request.headers().get(name)?.to_str().ok()
}

fn asset_routes(config: &mut ServiceConfig) {
    for asset in &assets::ASSETS {
        let serve = async || {
            let mut response = HttpResponse::Ok();
            for header in assets::HEADERS {
                response.insert_header(header);
            }
            response.content_type(asset.content_type).body(asset.text)
        };
        config.route(asset.path, web::get().to(serve));
    }
}

async fn event_schema(file: web::Path<String>) -> HttpResponse {
    answer(schemas::event(&file))
}

async fn dead_letters(dead: Data<Dead>, page: Result<Query<Page>, Error>) -> HttpResponse {
    match page {
        Ok(page) => answer(dead.list(&page).await),
        Err(_) => answer((400, BAD_PAGE.into())),
    }
}

async fn dead_letter(dead: Data<Dead>, id: web::Path<i64>) -> HttpResponse {
    answer(dead.show(*id).await)
}

async fn replay(dead: Data<Dead>, id: web::Path<i64>, request: HttpRequest) -> HttpResponse {
    answer(dead.replay(*id, &asker(&request)).await)
}

fn answer((code, text): dead::Answer) -> HttpResponse {
    let content_type = match code {
        200 => "application/json",
        _ => "text/plain; charset=utf-8",
    };
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(code)
        .content_type(content_type)
        .body(text)
}

fn list(page: Result<Query<Page>, Error>, list: impl FnOnce(&Page) -> String) -> HttpResponse {
    match page {
        Ok(page) => HttpResponse::Ok()
            .content_type("application/json")
            .body(list(&page)),
        Err(_) => answer((400, BAD_PAGE.into())),
    }
}

async fn metrics_text(receiver: Data<Receiver>, dead: Data<Dead>) -> impl Responder {
    let text = receiver.metrics().to_text(dead.0.as_ref()).await;
    HttpResponse::Ok()
        .content_type(Metrics::CONTENT_TYPE)
        .body(text)
}

fn status(code: u16) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}
