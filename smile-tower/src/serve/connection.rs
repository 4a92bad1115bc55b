//! One connection, from its first byte to its end.

use std::{
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use http_body::Body;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep_until},
};
use tower_service::Service;

use super::{
    BoxError,
    activity::{Activity, Timeouts},
    watched::{WatchedBody, WatchedStream},
};
use crate::PeerAddr;

/// Serves requests until the connection ends, is overdue, or `closing` says that the server closes.
pub(super) async fn run<S, B>(
    stream: TcpStream,
    peer: SocketAddr,
    service: S,
    timeouts: Timeouts,
    mut closing: watch::Receiver<()>,
) where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    // An answer goes out at once. It is an option: without it the connection works as well.
    let _ = stream.set_nodelay(true);
    let activity = Activity::new(timeouts);
    let stream = TokioIo::new(WatchedStream::new(stream, Arc::clone(&activity)));
    let requests = Arc::clone(&activity);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let in_request = requests.begin();
        name_peer(&mut request, peer);
        let mut service = service.clone();
        async move {
            poll_fn(|cx| service.poll_ready(cx)).await?;
            let response = service.call(request).await?;
            Ok::<_, S::Error>(response.map(|body| WatchedBody::new(body, in_request)))
        }
    });
    let connection = http1::Builder::new()
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(stream, service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut timer = pin!(sleep_until(Instant::now() + timeouts.head));
    // The sender of `closing` sends nothing; it is dropped.
    let mut closed = pin!(closing.changed());
    let mut is_closing = false;

    let until_its_end = |cx: &mut Context<'_>| {
        if !is_closing && closed.as_mut().poll(cx).is_ready() {
            is_closing = true;
            if activity.is_silent() {
                return Poll::Ready(());
            }
            connection.as_mut().graceful_shutdown();
        }
        if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
            if let Err(err) = ended {
                tracing::debug!(target: "smile", %peer, %err, "a connection broke");
            }
            return Poll::Ready(());
        }
        // All changes of a deadline happen in the poll above. A timer that is early costs less than
        // one that is set anew with each request.
        loop {
            if let Some(deadline) = activity.deadline().filter(|at| *at < timer.deadline()) {
                timer.as_mut().reset(deadline);
            }
            ready!(timer.as_mut().poll(cx));
            let now = Instant::now();
            match activity.deadline() {
                Some(deadline) if deadline <= now => {
                    let reason = activity.overdue();
                    tracing::debug!(target: "smile", %peer, "a connection is closed: {reason} in time");
                    return Poll::Ready(());
                }
                deadline => timer
                    .as_mut()
                    .reset(deadline.unwrap_or(now + timeouts.idle)),
            }
        }
    };
    poll_fn(until_its_end).await;
}

/// For an allow-list, and for handlers that ask for the peer.
fn name_peer<B>(request: &mut Request<B>, peer: SocketAddr) {
    let extensions = request.extensions_mut();
    extensions.insert(PeerAddr(peer));
    #[cfg(feature = "axum")]
    extensions.insert(axum::extract::ConnectInfo(peer));
}

/// As much as actix-web takes. hyper's own limit is 400 KiB, which each connection could hold.
const LARGEST_HEAD: usize = 128 << 10;
