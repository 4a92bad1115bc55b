//! A server of either framework with short limits.

use std::{
    io::{ErrorKind, Read},
    net::{SocketAddr, TcpListener},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use actix_web::{
    App, HttpResponse, HttpServer,
    http::KeepAlive,
    rt::System,
    web::{self, Bytes},
};
use axum::{
    Router,
    routing::{get, post},
};
use smile_conformance::{Connection, Request, Response};
use tokio::{runtime::Runtime, sync::oneshot, time::sleep};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framework {
    Axum,
    Actix,
}

pub(crate) const BOTH: [Framework; 2] = [Framework::Axum, Framework::Actix];

pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_millis(800);

/// Time for a loaded machine, above a limit.
pub(crate) const MARGIN: Duration = Duration::from_secs(4);

/// What `GET /large` answers with: more than the buffers of a socket hold.
pub(crate) const LARGE: usize = 32 << 20;

#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    /// Zero: actix-web closes after each answer.
    pub(crate) idle: Duration,
    pub(crate) write: Duration,
    pub(crate) drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 100,
            idle: Duration::from_secs(60),
            write: Duration::from_secs(60),
            drain: Duration::from_secs(60),
        }
    }
}

/// Shuts down when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    ended: Receiver<()>,
}

impl Server {
    pub(crate) fn start(framework: Framework, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (ending, ended) = channel();
        thread::spawn(move || {
            match framework {
                Framework::Axum => on_axum(listener, limits, stopped),
                Framework::Actix => on_actix(listener, limits, stopped),
            }
            let _ = ending.send(());
        });
        Self {
            address,
            stop: Some(stop),
            ended,
        }
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address).expect("the server listens")
    }

    pub(crate) fn refuses(&self) -> bool {
        Connection::open(self.address).is_err()
    }

    /// Begins to shut down.
    pub(crate) fn stop(&mut self) {
        let stop = self.stop.take().expect("the first time");
        stop.send(()).expect("the server runs");
    }

    /// Returns how long it took to end.
    #[track_caller]
    pub(crate) fn ends_within(&self, limit: Duration) -> Duration {
        let start = Instant::now();
        self.ended
            .recv_timeout(limit)
            .unwrap_or_else(|_| panic!("the server still runs after {limit:?}"));
        start.elapsed()
    }
}

fn on_axum(listener: TcpListener, limits: Limits, stopped: oneshot::Receiver<()>) {
    let app = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/large", get(|| async { vec![b'x'; LARGE] }))
        .route("/slow/{ms}", get(slow_axum))
        .route("/body", post(|_: Bytes| async { "received" }));
    Runtime::new().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let server = smile_tower::serve(listener, app)
            .head_timeout(HEAD_TIMEOUT)
            .unwrap()
            .idle_timeout(limits.idle)
            .unwrap()
            .write_timeout(limits.write)
            .unwrap()
            .max_connections(limits.connections)
            .unwrap()
            .drain_timeout(limits.drain)
            .shutdown(async { stopped.await.unwrap_or(()) });
        server.await.unwrap();
    });
}

async fn slow_axum(axum::extract::Path(ms): axum::extract::Path<u64>) -> &'static str {
    sleep(Duration::from_millis(ms)).await;
    "slow"
}

fn on_actix(listener: TcpListener, limits: Limits, stopped: oneshot::Receiver<()>) {
    let app = || {
        App::new()
            .route("/", web::get().to(|| async { "hello" }))
            .route("/large", web::get().to(|| async { vec![b'x'; LARGE] }))
            .route("/slow/{ms}", web::get().to(slow_actix))
            .route("/body", web::post().to(|_: Bytes| async { "received" }))
    };
    System::new().block_on(async move {
        let server = HttpServer::new(app)
            .workers(1)
            .client_request_timeout(HEAD_TIMEOUT)
            .keep_alive(match limits.idle {
                Duration::ZERO => KeepAlive::Disabled,
                idle => KeepAlive::Timeout(idle),
            })
            .max_connections(limits.connections)
            .shutdown_timeout(limits.drain.as_secs())
            .shutdown_signal(async { stopped.await.unwrap_or(()) })
            .listen(listener)
            .unwrap();
        server.run().await.unwrap();
    });
}

async fn slow_actix(ms: web::Path<u64>) -> HttpResponse {
    sleep(Duration::from_millis(*ms)).await;
    HttpResponse::Ok().body("slow")
}

pub(crate) fn get_request(target: &str) -> Request {
    Request {
        method: "GET",
        ..Request::post(target, "")
    }
}

/// Sends a request and fails where it is not answered 200.
#[track_caller]
pub(crate) fn ask(connection: &mut Connection, target: &str) {
    let answer: Response = connection.send(&get_request(target)).expect("an answer");
    answer.expect_status(200, target);
}

/// Returns how long the server took to close, reading what it says before.
#[track_caller]
pub(crate) fn closed_within(connection: &Connection, limit: Duration, what: &str) -> Duration {
    let start = Instant::now();
    let mut stream = connection.try_clone().expect("a socket");
    stream.set_read_timeout(Some(limit)).expect("a socket");
    let mut bytes = [0; 1 << 16];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return start.elapsed(),
            Ok(_) => assert!(start.elapsed() < limit, "{what}: it goes on to answer"),
            Err(err) if err.kind() == ErrorKind::ConnectionReset => return start.elapsed(),
            Err(err) => panic!("{what}: still open after {limit:?}: {err}"),
        }
    }
}
