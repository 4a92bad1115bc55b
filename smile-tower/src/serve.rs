//! A server for the open internet: deadlines, a limit of connections, and a shutdown that ends.

mod activity;
mod connection;
mod shutdown;
mod watched;

use std::{
    error::Error,
    fmt,
    future::{Future, IntoFuture},
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use smile_core::{ConfigError, Vendor};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};
use tower_service::Service;

use crate::{
    SmileLayer,
    serve::{activity::Timeouts, shutdown::Shutdown},
};

/// Serves an axum `Router`, or any Tower service, over HTTP/1.1 until Ctrl-C or SIGTERM.
///
/// It stands in the place of `axum::serve`, which has no deadlines: there, half a head of a request
/// keeps a connection for ever, and the process as well after SIGTERM. The peer's address is in each
/// request's extensions, as [`PeerAddr`](crate::PeerAddr) and as axum's `ConnectInfo`.
///
/// | Setting | Default | What it bounds |
/// |---|---|---|
/// | [`head_timeout`](Serve::head_timeout) | 10 s | a connection's silence at its start, and each request's head |
/// | [`idle_timeout`](Serve::idle_timeout) | 75 s | the wait for the next request on a connection |
/// | [`write_timeout`](Serve::write_timeout) | 10 s | how long a sender may take no byte of an answer |
/// | [`max_connections`](Serve::max_connections) | 512 | open connections; further ones wait to be accepted |
/// | [`drain_timeout`](Serve::drain_timeout) | 25 s | the whole shutdown |
///
/// A head has up to 128 KiB and 100 header fields, else the answer is 431. The deadline of a body is
/// the layer's; on other routes use the one of `tower-http`. TLS is for a proxy or for `axum-server`.
///
/// # Shutdown
///
/// The listener closes, idle connections close, and each request that has begun is answered. Then
/// the handlers of each [`drain`](Serve::drain) end. What is left after the `drain_timeout`, or at
/// a second Ctrl-C, is dropped with a warning in the log, and the server returns all the same.
///
/// # Errors
///
/// Only if the handlers for signals cannot be installed. If a connection cannot be accepted, for
/// example for want of descriptors, the server logs it and tries again.
///
/// # Cancellation
///
/// Dropping the future closes the listener and all connections at once.
///
/// # Example
///
#[cfg_attr(feature = "axum", doc = "```no_run")]
#[cfg_attr(not(feature = "axum"), doc = "```text")]
/// # use axum::{Router, http::StatusCode, routing::post};
/// # use smile_tower::{Secret, SmileEvent, SmileLayer};
/// # async fn on_event(event: SmileEvent) -> StatusCode { StatusCode::NO_CONTENT }
/// # async fn run(secret: Secret) -> Result<(), Box<dyn std::error::Error>> {
/// let smile = SmileLayer::smile_api(secret).build();
/// let app = Router::new().route("/webhooks/smile", post(on_event).route_layer(smile.clone()));
/// let listener = tokio::net::TcpListener::bind("0.0.0.0:3000").await?;
/// smile_tower::serve(listener, app).drain(&smile).await?;
/// # Ok(())
/// # }
/// ```
pub fn serve<S>(listener: TcpListener, service: S) -> Serve<S> {
    Serve {
        listener,
        service,
        timeouts: Timeouts {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            write: Duration::from_secs(10),
        },
        max_connections: 512,
        drain_timeout: Duration::from_secs(25),
        shutdown: None,
        drains: Vec::new(),
    }
}

/// A server that [`serve`] makes; `.await` runs it.
#[must_use = "a server does nothing until `.await`"]
pub struct Serve<S> {
    listener: TcpListener,
    service: S,
    timeouts: Timeouts,
    max_connections: usize,
    drain_timeout: Duration,
    shutdown: Option<BoxFuture<()>>,
    drains: Vec<BoxFuture<()>>,
}

impl<S> Serve<S> {
    /// Closes a connection that does not complete a request's head within this time. Default: 10 s,
    /// from the head's first byte; for the first request, from the start of the connection.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`].
    pub fn head_timeout(mut self, timeout: Duration) -> Result<Self, ConfigError> {
        self.timeouts.head = bounded("head_timeout", timeout)?;
        Ok(self)
    }

    /// Closes a connection on which no next request begins within this time. Default: 75 s.
    ///
    /// Make it longer than the proxy in front keeps connections, or the proxy now and then sends a
    /// request on one that closes, and answers 502. Longer than the default is needed behind Google
    /// Cloud's load balancers (600 s).
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`].
    pub fn idle_timeout(mut self, timeout: Duration) -> Result<Self, ConfigError> {
        self.timeouts.idle = bounded("idle_timeout", timeout)?;
        Ok(self)
    }

    /// Closes a connection whose other side takes no byte of an answer for this time. Default: 10 s.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`].
    pub fn write_timeout(mut self, timeout: Duration) -> Result<Self, ConfigError> {
        self.timeouts.write = bounded("write_timeout", timeout)?;
        Ok(self)
    }

    /// Serves up to this many connections at a time; further ones wait in the system's queue.
    /// Default: 512, half of the usual limit of descriptors.
    ///
    /// Strangers who hold them all keep others waiting, for the 10 s of a head or of a body. A proxy that
    /// buffers requests keeps such senders away. Without one raise this, and the limit of open files
    /// (`ulimit -n`) first. A connection takes up to 24 KiB, and its body up to the layer's limit.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`].
    pub fn max_connections(mut self, most: usize) -> Result<Self, ConfigError> {
        if most == 0 {
            return Err(ConfigError::Zero("max_connections"));
        }
        self.max_connections = most;
        Ok(self)
    }

    /// Ends a shutdown after this time, whatever is left. Default: 25 s, since Kubernetes kills a
    /// process after 30 s. Zero drops all connections at once.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain_timeout = timeout.min(LONGEST);
        self
    }

    /// Shuts down when this future ends, and no longer by Ctrl-C and SIGTERM.
    pub fn shutdown(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.shutdown = Some(Box::pin(signal));
        self
    }

    /// Waits, within the `drain_timeout`, for handlers of this layer whose sender has gone, as
    /// [`Intake::drain`](crate::Intake::drain) does. Call it for each layer.
    pub fn drain<V: Vendor, B>(mut self, layer: &SmileLayer<V, B>) -> Self {
        let intake = layer.intake.clone();
        self.drains
            .push(Box::pin(async move { intake.drain().await }));
        self
    }
}

impl<S, B> Serve<S>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    async fn run(self) -> io::Result<()> {
        let mut shutdown = Shutdown::new(self.shutdown)?;
        let mut connections = JoinSet::new();
        let (open, closing) = watch::channel(());
        let mut listener = Listener::new(self.listener);
        loop {
            let full = connections.len() >= self.max_connections;
            if full {
                listener.warn_full(self.max_connections);
            }
            tokio::select! {
                biased;
                () = shutdown.requested() => break,
                Some(_) = connections.join_next() => {}
                (stream, peer) = listener.accept(), if !full => {
                    let service = self.service.clone();
                    let connection =
                        connection::run(stream, peer, service, self.timeouts, closing.clone());
                    connections.spawn(connection);
                }
            }
        }
        drop(listener);
        drop(open);
        let open = connections.len();
        tracing::info!(target: "smile", connections = open, "shutdown: requests that have begun are answered");
        let ended = async {
            while connections.join_next().await.is_some() {}
            for drain in self.drains {
                drain.await;
            }
        };
        let reason = tokio::select! {
            () = ended => return Ok(()),
            () = sleep(self.drain_timeout) => "the drain timeout is over",
            () = shutdown.requested() => "it was asked for a second time",
        };
        tracing::warn!(
            target: "smile",
            connections = connections.len(),
            "shutdown: {reason}, so what still runs is dropped"
        );
        Ok(())
    }
}

impl<S, B> IntoFuture for Serve<S>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Output = io::Result<()>;
    type IntoFuture = ServeFuture;

    fn into_future(self) -> ServeFuture {
        ServeFuture(Box::pin(self.run()))
    }
}

impl<S> fmt::Debug for Serve<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("timeouts", &self.timeouts)
            .field("max_connections", &self.max_connections)
            .field("drain_timeout", &self.drain_timeout)
            .finish_non_exhaustive()
    }
}

/// The future of [`Serve`].
#[must_use = "a server does nothing until `.await`"]
pub struct ServeFuture(BoxFuture<io::Result<()>>);

impl Future for ServeFuture {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ServeFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeFuture").finish_non_exhaustive()
    }
}

/// Accepts connections, and logs once where it cannot.
struct Listener {
    listener: TcpListener,
    failing: bool,
    warned_full: Option<Instant>,
}

impl Listener {
    fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            failing: false,
            warned_full: None,
        }
    }

    async fn accept(&mut self) -> (TcpStream, std::net::SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => {
                    self.failing = false;
                    return accepted;
                }
                Err(err) if is_of_one_connection(&err) => {}
                Err(err) => {
                    if !std::mem::replace(&mut self.failing, true) {
                        tracing::error!(
                            target: "smile",
                            %err,
                            "no connection can be accepted; trying again every 100 ms. If there are too many \
                             open files, raise `ulimit -n` or lower `max_connections`"
                        );
                    }
                    // Without a pause this would take a whole processor.
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// Once a minute at most, since an attack reaches the limit again and again.
    fn warn_full(&mut self, most: usize) {
        let lately = |warned: Instant| warned.elapsed() < Duration::from_secs(60);
        if !self.warned_full.is_some_and(lately) {
            self.warned_full = Some(Instant::now());
            tracing::warn!(
                target: "smile",
                "all {most} connections of `max_connections` are open: further ones wait"
            );
        }
    }
}

/// Whether the other side gave up before it was accepted.
fn is_of_one_connection(err: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        err.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

fn bounded(setting: &'static str, timeout: Duration) -> Result<Duration, ConfigError> {
    if timeout.is_zero() {
        return Err(ConfigError::Zero(setting));
    }
    Ok(timeout.min(LONGEST))
}

type BoxError = Box<dyn Error + Send + Sync>;
type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// 100 years, as everywhere: a clock's time plus `Duration::MAX` overflows.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
