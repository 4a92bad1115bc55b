//! Servers on loopback, each on one thread.

use std::{convert::Infallible, net::SocketAddr, sync::mpsc, thread, time::Duration};

use actix_web::{App, HttpServer, web::Data};
use axum::Router;
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{net::TcpListener, runtime::Builder};
use tower::{BoxError, Service};

use crate::{
    by_hand,
    delivery::Scheme,
    event::Event,
    ours::{self, Handoff, Typed},
};

/// One worker. A macro, since the type of an app cannot be named.
macro_rules! on_actix {
    ($factory:expr) => {{
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new($factory)
                    .workers(1)
                    // All servers are connected to at once, and wait for their turn.
                    .keep_alive(Duration::from_secs(600))
                    .client_request_timeout(Duration::from_secs(600))
                    .disable_signals()
                    .bind("127.0.0.1:0")
                    .expect("a port");
                let address = server.addrs().first().copied().expect("an address");
                tell.send(address).expect("somebody waits");
                server.run().await.expect("serving does not end");
            });
        });
        told.recv().expect("the server starts")
    }};
}

/// A server by name, of all that are compared over sockets. All read events fully typed.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    /// The one to compare it with.
    pub(crate) yardstick: &'static str,
    pub(crate) scheme: Scheme,
    pub(crate) address: SocketAddr,
}

pub(crate) fn all() -> Vec<Server> {
    let mut all = Vec::new();
    let mut add = |name, yardstick, address| {
        all.push(Server {
            name,
            yardstick,
            scheme: Scheme::Smile,
            address,
        });
    };
    add(AXUM, AXUM, on_axum(by_hand::axum::app::<Event<String>>()));
    for (name, handoff) in [
        ("axum: **ours**, direct", Handoff::Direct),
        ("axum: **ours**, deduplicated", Handoff::Deduplicated),
    ] {
        add(
            name,
            AXUM,
            on_axum(ours::axum::app::<Typed>(ours::intake(handoff))),
        );
    }
    let by_hand = by_hand::hyper::service::<Event<String>, Incoming>();
    add(HYPER, HYPER, on_hyper(by_hand));
    for (name, handoff) in [
        ("hyper: **ours**, direct", Handoff::Direct),
        ("hyper: **ours**, deduplicated", Handoff::Deduplicated),
    ] {
        let service = ours::hyper::service::<Typed, Incoming>(ours::intake(handoff));
        add(name, HYPER, on_hyper(service));
    }
    add(ACTIX, ACTIX, by_hand_on_actix());
    for (name, handoff) in [
        ("actix-web: **ours**, direct", Handoff::Direct),
        ("actix-web: **ours**, deduplicated", Handoff::Deduplicated),
    ] {
        add(name, ACTIX, ours_on_actix(handoff));
    }
    #[cfg(feature = "peers")]
    all.extend(peers());
    all
}

#[cfg(feature = "peers")]
fn peers() -> [Server; 8] {
    use crate::peers::{
        actix_web_lab, axum_github_webhook_extract, axum_standardwebhooks, octoevents,
        tower_github_webhook, webhook_verify,
    };

    type E = Event<String>;
    let server = |name, yardstick, scheme, address| Server {
        name,
        yardstick,
        scheme,
        address,
    };
    let axum = |name, scheme, app| server(name, AXUM, scheme, on_axum(app));
    let actix = |name, address| server(name, ACTIX, Scheme::Smile, address);
    [
        axum(
            "axum: webhook-verify",
            Scheme::Smile,
            webhook_verify::app::<E>(),
        ),
        axum(
            "axum: webhook-verify, without `Json`",
            Scheme::Smile,
            webhook_verify::app_of_bytes::<E>(),
        ),
        axum(
            "axum: axum-standardwebhooks",
            Scheme::Standard,
            axum_standardwebhooks::app::<E>(),
        ),
        axum(
            "axum: axum-github-webhook-extract",
            Scheme::GitHub,
            axum_github_webhook_extract::app::<E>(),
        ),
        axum(
            "axum: tower-github-webhook",
            Scheme::GitHub,
            tower_github_webhook::app::<E>(),
        ),
        axum("axum: octoevents", Scheme::GitHub, octoevents::app::<E>()),
        actix(
            "actix-web: webhook-verify",
            on_actix!(|| App::new().service(webhook_verify::resource::<E>())),
        ),
        actix(
            "actix-web: actix-web-lab `RequestSignature`",
            on_actix!(|| App::new().service(actix_web_lab::resource::<E>())),
        ),
    ]
}

const AXUM: &str = "axum: by hand";
const HYPER: &str = "hyper: by hand";
const ACTIX: &str = "actix-web: by hand";

pub(crate) fn on_axum(app: Router) -> SocketAddr {
    on_tokio(|listener| async move {
        axum::serve(listener, app)
            .await
            .expect("serving does not end");
    })
}

fn on_hyper<S, B>(service: S) -> SocketAddr
where
    S: Service<http::Request<Incoming>, Response = http::Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    on_tokio(|listener| async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    })
}

fn on_tokio<F: Future<Output = ()>>(
    serve: impl FnOnce(TcpListener) -> F + Send + 'static,
) -> SocketAddr {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            tell.send(address).expect("somebody waits");
            serve(listener).await;
        });
    });
    told.recv().expect("the server starts")
}

fn by_hand_on_actix() -> SocketAddr {
    let receiver = Data::new(by_hand::Receiver::new());
    on_actix!(move || {
        let resource = by_hand::actix::resource::<Event<String>>(receiver.clone());
        App::new().service(resource)
    })
}

fn ours_on_actix(handoff: Handoff) -> SocketAddr {
    let smile = ours::actix::middleware(ours::intake(handoff));
    on_actix!(move || {
        let resource = ours::actix::resource::<Typed>();
        App::new().service(resource.wrap(smile.clone()))
    })
}
