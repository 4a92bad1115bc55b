//! `smile-actix` in actix-web, with two workers.

use std::net::SocketAddr;

use actix_web::{
    App, HttpResponse, HttpServer,
    http::{Method, StatusCode},
    test::TestRequest,
    web::{self, Bytes, Data},
};
use smile_actix::{SmileEvent, SmileInbox, SmileIo, SmileMiddleware, VerifiedBody};
use tokio::sync::oneshot;

use super::{Handler, Setup};
use crate::{Request, sign};

/// The request as actix-web's own test kit takes it.
pub fn to_actix(request: &Request) -> TestRequest {
    let method = Method::from_bytes(request.method.as_bytes()).expect("a method");
    let start = TestRequest::with_uri(&request.target)
        .method(method)
        .set_payload(request.body.bytes());
    request.headers.iter().fold(start, |request, header| {
        request.append_header((header.0.as_str(), header.1.as_slice()))
    })
}

pub(super) fn start(setup: Setup) -> SocketAddr {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || serve(setup, tell));
    told.blocking_recv().expect("the server starts")
}

#[actix_web::main]
async fn serve(setup: Setup, tell: oneshot::Sender<SocketAddr>) {
    let smile_api = SmileMiddleware::from(setup.smile_api);
    let smile_io = SmileMiddleware::from(setup.smile_io);
    let inbox_smile_api = SmileInbox::from(setup.inbox_smile_api);
    let inbox_smile_io = SmileInbox::from(setup.inbox_smile_io);
    let handler = Data::new(setup.handler);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(handler.clone())
            // Bodies over actix-web's own 256 KiB reach its extractors here.
            .app_data(web::PayloadConfig::new(8 << 20))
            .service(
                web::resource(sign::SMILE_API)
                    .route(web::post().to(on_smile_api).wrap(smile_api.clone())),
            )
            .service(
                // Around a scope, whose routing needs the only handle on the request.
                web::scope(sign::SMILE_IO)
                    .wrap(smile_io.clone())
                    .route("", web::post().to(on_smile_io)),
            )
            .route(sign::INBOX_SMILE_API, web::to(inbox_smile_api.clone()))
            .route(sign::INBOX_SMILE_IO, web::to(inbox_smile_io.clone()))
            .route("/unprotected", web::post().to(on_smile_api))
    })
    .workers(2)
    .disable_signals()
    .bind("127.0.0.1:0")
    .expect("a port");
    tell.send(*server.addrs().first().expect("an address"))
        .expect("somebody waits");
    server.run().await.expect("serving does not end");
}

async fn on_smile_api(
    handler: Data<Handler>,
    event: SmileEvent,
    verified: VerifiedBody,
    body: Bytes,
) -> HttpResponse {
    assert_eq!(*verified, body, "both extractors hold the same bytes");
    status(handler.run(&event, Some(body)).await)
}

async fn on_smile_io(
    handler: Data<Handler>,
    event: SmileEvent<SmileIo>,
    body: Bytes,
) -> HttpResponse {
    status(handler.run(&event, Some(body)).await)
}

fn status(code: u16) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(code).expect("a status"))
}
