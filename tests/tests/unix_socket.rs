//! actix-web on a unix socket, behind a proxy that says where a request comes from.

#![cfg(unix)]
#![expect(
    clippy::expect_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    sync::mpsc,
    thread,
    time::Duration,
};

use actix_web::{App, HttpMessage, HttpResponse, HttpServer, dev::Service, web};
use smile_actix::{IpAllowList, PeerAddr, SmileEvent, SmileMiddleware};
use smile_conformance::{Setup, sign};
use tempfile::TempDir;

const VENDOR: &str = "18.142.61.230";

const SOCKET: &str = "webhooks.sock";

#[test]
fn the_proxys_word_counts_where_the_app_names_the_sockets_peer() {
    let server = start(Some(PeerAddr(([127, 0, 0, 1], 0).into())));
    assert_eq!(status(&server, VENDOR), 204);
    assert_eq!(status(&server, "192.0.2.1"), 403);
}

#[test]
fn a_peer_that_is_no_trusted_proxy_is_refused() {
    let server = start(Some(PeerAddr(([192, 0, 2, 7], 0).into())));
    assert_eq!(status(&server, VENDOR), 403);
}

#[test]
fn a_socket_without_a_named_peer_is_refused() {
    let server = start(None);
    assert_eq!(status(&server, VENDOR), 403);
}

/// The socket is the only file of the folder.
fn start(peer: Option<PeerAddr>) -> TempDir {
    let list = |network: &str| IpAllowList::parse([network]).expect("a network");
    let intake = Setup::smile_api_builder()
        .allow_from(list(VENDOR))
        .trusted_proxies(list("127.0.0.1"))
        .build();
    let smile = SmileMiddleware::from(intake);
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join(SOCKET);
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || {
                App::new()
                    .wrap_fn(move |request, app| {
                        if let Some(peer) = peer {
                            request.extensions_mut().insert(peer);
                        }
                        app.call(request)
                    })
                    .service(
                        web::resource(sign::SMILE_API)
                            .wrap(smile.clone())
                            .route(web::post().to(on_event)),
                    )
            });
            let server = server.workers(1).disable_signals().bind_uds(socket);
            let running = server.expect("a socket").run();
            tell.send(()).expect("somebody waits");
            running.await.expect("serving does not end");
        });
    });
    told.recv().expect("the server starts");
    folder
}

async fn on_event(_: SmileEvent) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

fn status(folder: &TempDir, sender: &str) -> u16 {
    let request = sign::smile_api(sign::event())
        .header("x-forwarded-for", sender)
        .header("connection", "close");
    let mut stream = UnixStream::connect(folder.path().join(SOCKET)).expect("the server listens");
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).expect("a time-out");
    stream.write_all(&request.to_wire()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|text| text.parse().ok());
    status.expect("a status")
}
