//! The receiver on actix-web.

use actix_web::{
    App, HttpResponse, HttpServer, Responder,
    http::{StatusCode, header::ALLOW},
    web::{self, Bytes, Data, Html, PayloadConfig, Query},
};
use smile_actix::{SmileEvent, SmileIo, SmileMiddleware};

use crate::{
    BAD_PAGE, PAGE, banner,
    callbacks::Callbacks,
    dead::{self, Dead},
    log::Page,
    options::{Failure, Settings},
    receiver::Receiver,
    store::Store,
};

#[actix_web::main]
pub(crate) async fn serve(settings: &Settings, receiver: Receiver) -> Result<(), Failure> {
    const SMILE_API: &str = "/webhooks/smile-api";
    const SMILE_IO: &str = "/webhooks/smile-io";
    let store = Store::open(&settings.dedupe).await?;
    let inbox = settings.open_inbox().await?;
    let metrics = receiver.metrics();
    let smile_api: SmileMiddleware = settings
        .configure(&settings.smile_api, &store, metrics.clone())?
        .build();
    let smile_io: SmileMiddleware<SmileIo> = settings
        .configure(&settings.smile_io, &store, metrics.clone())?
        .build();
    let stores = match &inbox {
        None => None,
        Some(inbox) => Some((
            inbox.endpoint::<_, SmileMiddleware>(settings.configure(
                &settings.smile_api,
                &store,
                metrics.clone(),
            )?),
            inbox.endpoint::<_, SmileMiddleware<SmileIo>>(settings.configure(
                &settings.smile_io,
                &store,
                metrics.clone(),
            )?),
        )),
    };
    let worker = inbox.as_ref().map(|inbox| inbox.start_worker(&receiver));
    let dead = Dead(inbox);
    let (in_api, in_io) = (smile_api.clone(), smile_io.clone());
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
                        .route(web::post().to(on_smile_api)),
                )
                .service(
                    smile_io
                        .wrap(in_io.clone())
                        .route(web::post().to(on_smile_io)),
                ),
            Some((api, io)) => app
                .service(smile_api.route(web::to(api)))
                .service(smile_io.route(web::to(io))),
        };
        app.service(
            web::resource("/callbacks/wink")
                .app_data(PayloadConfig::new(Callbacks::BODY_LIMIT))
                .route(web::post().to(on_callback))
                .default_service(web::to(only_post)),
        )
        .route("/callbacks", web::get().to(callbacks))
        .route("/events", web::get().to(events))
        .route("/dead", web::get().to(dead_letters))
        .route("/dead/{id}", web::get().to(dead_letter))
        .route("/dead/{id}/replay", web::post().to(replay))
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
    if let Some(worker) = worker {
        worker.stop().await;
    }
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

async fn dead_letters(
    dead: Data<Dead>,
    page: Result<Query<Page>, actix_web::Error>,
) -> HttpResponse {
    match page {
        Ok(page) => answer(dead.list(&page).await),
        Err(_) => answer((400, BAD_PAGE.into())),
    }
}

async fn dead_letter(dead: Data<Dead>, id: web::Path<i64>) -> HttpResponse {
    answer(dead.show(*id).await)
}

async fn replay(dead: Data<Dead>, id: web::Path<i64>) -> HttpResponse {
    answer(dead.replay(*id).await)
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

fn list(
    page: Result<Query<Page>, actix_web::Error>,
    list: impl FnOnce(&Page) -> String,
) -> HttpResponse {
    match page {
        Ok(page) => HttpResponse::Ok()
            .content_type("application/json")
            .body(list(&page)),
        Err(_) => answer((400, BAD_PAGE.into())),
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
