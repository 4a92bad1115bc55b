//! The peer's address, for axum's extractor and for an allow-list.

use axum::{
    Extension, Router,
    extract::ConnectInfo,
    routing::{get, post},
};
use smile_conformance::{Connection, Setup, sign};
use smile_tower::{IpAllowList, PeerAddr, SmileLayer};
use std::net::SocketAddr;
use tokio::{net::TcpListener, task::spawn_blocking};

use crate::server::get_request;

#[tokio::test]
async fn handlers_see_the_peer() {
    let named = |ConnectInfo(info): ConnectInfo<SocketAddr>,
                 Extension(peer): Extension<PeerAddr>| async move {
        format!("{} {}", info, peer.0)
    };
    let app = Router::new().route("/", get(named));
    let (server, address) = serve(app).await;
    let answer = spawn_blocking(move || {
        let mut connection = Connection::open(address).unwrap();
        let own = connection.try_clone().unwrap().local_addr().unwrap();
        let answer = connection.send(&get_request("/")).unwrap();
        (String::from_utf8(answer.body).unwrap(), own)
    });
    let (seen, own) = answer.await.unwrap();
    assert_eq!(seen, format!("{own} {own}"));
    server.abort();
}

#[tokio::test]
async fn an_allow_list_knows_the_peer() {
    for (network, status) in [("127.0.0.1", 204), ("192.0.2.1", 403)] {
        let list = IpAllowList::parse([network]).unwrap();
        let smile = SmileLayer::from(Setup::smile_api_builder().allow_from(list).build());
        let no_content = || async { axum::http::StatusCode::NO_CONTENT };
        let app = Router::new().route(sign::SMILE_API, post(no_content).route_layer(smile));
        let (server, address) = serve(app).await;
        let answer = spawn_blocking(move || {
            let mut connection = Connection::open(address).unwrap();
            connection.send(&sign::smile_api(sign::event())).unwrap()
        });
        answer.await.unwrap().expect_status(status, network);
        server.abort();
    }
}

/// The sockets of a server are its future's own.
#[tokio::test]
async fn a_dropped_server_closes_its_connections() {
    let app = Router::new().route("/", get(|| async { "hello" }));
    let (server, address) = serve(app).await;
    let mut connection = Connection::open(address).unwrap();
    let ask = move || {
        connection
            .send(&get_request("/"))
            .unwrap()
            .expect_status(200, "before");
        connection
    };
    let mut connection = spawn_blocking(ask).await.unwrap();
    server.abort();
    assert!(server.await.unwrap_err().is_cancelled());
    let closed = spawn_blocking(move || connection.is_closed_by_server());
    assert!(closed.await.unwrap());
    assert!(Connection::open(address).is_err());
}

async fn serve(app: Router) -> (tokio::task::JoinHandle<std::io::Result<()>>, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async { smile_tower::serve(listener, app).await });
    (server, address)
}
