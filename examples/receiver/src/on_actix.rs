//! The receiver on actix-web.

use actix_web::{
    App, HttpResponse, HttpServer, Responder,
    http::{StatusCode, header::ALLOW},
    web::{self, Bytes, Data, Html, PayloadConfig, Query},
};
use smile_actix::{SmileEvent, SmileIo, SmileMiddleware};

use crate::{
    PAGE, banner,
    callbacks::Callbacks,
    log::Page,
    options::{Failure, Settings},
    receiver::Receiver,
    store::Store,
};

#[actix_web::main]
pub(crate) async fn serve(settings: &Settings, receiver: Receiver) -> Result<(), Failure> {
    let store = Store::open(&settings.dedupe).await?;
    let metrics = receiver.metrics();
    let smile_api: SmileMiddleware = settings
        .configure(&settings.smile_api, &store, metrics.clone())?
        .build();
    let smile_io: SmileMiddleware<SmileIo> = settings
        .configure(&settings.smile_io, &store, metrics.clone())?
        .build();
    let (in_api, in_io) = (smile_api.clone(), smile_io.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(receiver.clone()))
            .service(
                web::resource("/webhooks/smile-api")
                    .wrap(in_api.clone())
                    .route(web::post().to(on_smile_api)),
            )
            .service(
                web::resource("/webhooks/smile-io")
                    .wrap(in_io.clone())
                    .route(web::post().to(on_smile_io)),
            )
            .service(
                web::resource("/callbacks/wink")
                    .app_data(PayloadConfig::new(Callbacks::BODY_LIMIT))
                    .route(web::post().to(on_callback))
                    .default_service(web::to(only_post)),
            )
            .route("/callbacks", web::get().to(callbacks))
            .route("/events", web::get().to(events))
            .route("/metrics", web::get().to(metrics_text))
            .route("/healthz", web::get().to(|| async { "ok" }))
            .route("/", web::get().to(|| async { Html::new(PAGE) }))
    })
    .workers(2)
    .bind(settings.listen)
    .map_err(|err| settings.cannot_listen(&err))?;

    let address = *server.addrs().first().ok_or("no address is bound")?;
    banner::print(settings, address);
    // Stops by itself on Ctrl-C and SIGTERM.
    server.run().await?;
    smile_api.drain().await;
    smile_io.drain().await;
    Ok(())
}

async fn on_smile_api(receiver: Data<Receiver>, event: SmileEvent) -> HttpResponse {
    status(receiver.on_smile_api(event.0).await)
}

async fn on_smile_io(receiver: Data<Receiver>, event: SmileEvent<SmileIo>) -> HttpResponse {
    status(receiver.on_smile_io(event.0).await)
}

async fn only_post() -> impl Responder {
    HttpResponse::MethodNotAllowed()
        .insert_header((ALLOW, "POST"))
        .finish()
}

async fn on_callback(
    receiver: Data<Receiver>,
    body: Result<Bytes, actix_web::Error>,
) -> HttpResponse {
    let plain = "text/plain; charset=utf-8";
    match body {
        Ok(body) => match receiver.callbacks().receive(&body) {
            Ok(()) => HttpResponse::NoContent().finish(),
            Err(err) => HttpResponse::BadRequest().content_type(plain).body(err),
        },
        Err(err) => HttpResponse::build(err.as_response_error().status_code())
            .content_type(plain)
            .body("the body could not be read"),
    }
}

async fn callbacks(
    receiver: Data<Receiver>,
    page: Result<Query<Page>, actix_web::Error>,
) -> HttpResponse {
    list(page, |page| receiver.callbacks().list(page))
}

async fn events(
    receiver: Data<Receiver>,
    page: Result<Query<Page>, actix_web::Error>,
) -> HttpResponse {
    list(page, |page| receiver.events().list(page))
}

fn list(
    page: Result<Query<Page>, actix_web::Error>,
    list: impl FnOnce(&Page) -> String,
) -> HttpResponse {
    match page {
        Ok(page) => HttpResponse::Ok()
            .content_type("application/json")
            .body(list(&page)),
        Err(_) => HttpResponse::BadRequest()
            .content_type("text/plain; charset=utf-8")
            .body("expected ?after=N&limit=M"),
    }
}

async fn metrics_text(receiver: Data<Receiver>) -> impl Responder {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(receiver.metrics().to_text())
}

fn status(code: u16) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}
