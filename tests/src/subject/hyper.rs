//! `smile-tower` in a bare hyper server: `Incoming` goes in, `Full<Bytes>` comes out.

use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use smile_core::{Delivery, Vendor};
use smile_tower::{PeerAddr, SmileInbox, SmileLayer};
use tokio::{net::TcpListener, sync::oneshot};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{Handler, Setup};
use crate::sign;

pub(super) fn start(setup: Setup) -> SocketAddr {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || serve(setup, tell));
    told.blocking_recv().expect("the server starts")
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn serve(setup: Setup, tell: oneshot::Sender<SocketAddr>) {
    let smile_api = SmileLayer::with_body(setup.smile_api, Full::new);
    let smile_io = SmileLayer::with_body(setup.smile_io, Full::new);
    let inbox_smile_api = SmileInbox::from(setup.inbox_smile_api);
    let inbox_smile_io = SmileInbox::from(setup.inbox_smile_io);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    tell.send(listener.local_addr().expect("an address"))
        .expect("somebody waits");
    loop {
        let (stream, peer) = listener.accept().await.expect("a connection");
        let (smile_api, smile_io) = (smile_api.clone(), smile_io.clone());
        let (inbox_smile_api, inbox_smile_io) = (inbox_smile_api.clone(), inbox_smile_io.clone());
        let handler = setup.handler.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(PeerAddr(peer));
            let smile_api = smile_api.layer(inner::<smile_core::SmileApi>(handler.clone()));
            let smile_io = smile_io.layer(inner::<smile_core::SmileIo>(handler.clone()));
            let (inbox_smile_api, inbox_smile_io) =
                (inbox_smile_api.clone(), inbox_smile_io.clone());
            async move {
                match request.uri().path() {
                    sign::SMILE_API => smile_api.oneshot(request).await,
                    sign::SMILE_IO => smile_io.oneshot(request).await,
                    sign::INBOX_SMILE_API => inbox_smile_api.oneshot(request).await,
                    sign::INBOX_SMILE_IO => inbox_smile_io.oneshot(request).await,
                    other => panic!("no route {other}"),
                }
            }
        });
        tokio::spawn(
            http1::Builder::new()
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)),
        );
    }
}

fn inner<V: Vendor>(
    handler: Handler,
) -> impl Service<
    Request<Full<Bytes>>,
    Response = Response<Full<Bytes>>,
    Error = Infallible,
    Future: Send,
> + Clone {
    service_fn(move |request: Request<Full<Bytes>>| {
        let handler = handler.clone();
        async move {
            let (parts, body) = request.into_parts();
            let delivery: &Delivery<V> = parts.extensions.get().expect("the layer is in front");
            let Ok(body) = body.collect().await;
            let status = handler.run(delivery, Some(body.to_bytes())).await;
            let mut response = Response::new(Full::default());
            *response.status_mut() = status.try_into().expect("a status");
            Ok(response)
        }
    })
}
