//! Senders that never stop writing: they see the answer, and then the end of the connection.

#![expect(
    clippy::expect_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    io::Write,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use smile_conformance::{Body, Connection, Kind, Request, Setup, sign};
use smile_core::{Intake, Secrets, SmileApi};

/// From the answer to the end of the connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Refused before their body ended, with the status that each is answered.
fn refused() -> Vec<(&'static str, Request, u16)> {
    let signed = || sign::smile_api(sign::event());
    let mut chunked = vec![
        ("too long", signed(), 413),
        ("encoded", signed().header("content-encoding", "gzip"), 415),
    ];
    for (_, request, _) in &mut chunked {
        request.body = Body::Chunked(Vec::new());
    }
    let declared = signed().header("content-length", (1_u64 << 46).to_string());
    chunked.push(("declared too long", declared, 413));
    chunked
}

#[test]
fn a_refused_sender_that_never_stops_loses_its_connection() {
    for kind in Kind::SERVERS {
        let builder = Setup::smile_api_builder().body_limit(10_000);
        let server = Setup::new()
            .smile_api(builder.expect("a limit").build())
            .start(kind);
        for (name, request, status) in refused() {
            let mut connection = Connection::open(server.address()).expect("the server listens");
            connection.write(&request.head_to_wire()).expect("a head");
            let piece = match request.body {
                Body::Whole(_) => vec![b'x'; 1 << 16],
                Body::Chunked(_) => chunk(1 << 16),
            };
            let sender = Sender::start(&connection, piece, Duration::ZERO);
            let answer = connection.read_response().expect("an answer");
            answer.expect_status(status, name);
            assert_eq!(answer.header("connection"), Some("close"), "{name}");
            sender.loses_its_connection(&format!("{name}, {kind:?}"));
        }
    }
}

#[test]
fn a_sender_that_drips_past_the_deadline_loses_its_connection() {
    for kind in Kind::SERVERS {
        let builder = Setup::smile_api_builder().body_timeout(Duration::from_millis(300));
        let server = Setup::new()
            .smile_api(builder.expect("a deadline").build())
            .start(kind);
        let mut request = sign::smile_api(sign::event());
        request.body = Body::Chunked(Vec::new());
        let mut connection = Connection::open(server.address()).expect("the server listens");
        connection.write(&request.head_to_wire()).expect("a head");
        let sender = Sender::start(&connection, chunk(1), Duration::from_millis(10));
        let answer = connection.read_response().expect("an answer");
        answer.expect_status(408, "a slow body");
        sender.loses_its_connection(&format!("{kind:?}"));
    }
}

#[test]
fn a_sender_whose_secrets_cannot_be_looked_up_loses_its_connection() {
    for kind in Kind::SERVERS {
        let lookup = Secrets::<SmileApi>::lookup(|_| async { Err("no tenants today") });
        let server = Setup::new()
            .smile_api(Intake::smile_api(lookup).build())
            .start(kind);
        let mut request = sign::smile_api(sign::event());
        request.body = Body::Chunked(Vec::new());
        let mut connection = Connection::open(server.address()).expect("the server listens");
        connection.write(&request.head_to_wire()).expect("a head");
        let sender = Sender::start(&connection, chunk(1 << 16), Duration::ZERO);
        let answer = connection.read_response().expect("an answer");
        answer.expect_status(503, "no secrets");
        sender.loses_its_connection(&format!("{kind:?}"));
    }
}

fn chunk(len: usize) -> Vec<u8> {
    let mut chunk = format!("{len:x}\r\n").into_bytes();
    chunk.resize(chunk.len() + len, b'x');
    chunk.extend(b"\r\n");
    chunk
}

/// Writes one piece after the other, until it no longer can.
struct Sender {
    written: Arc<AtomicU64>,
    writing: thread::JoinHandle<()>,
}

impl Sender {
    fn start(connection: &Connection, piece: Vec<u8>, pause: Duration) -> Self {
        let mut stream: TcpStream = connection.try_clone().expect("a socket");
        let written = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&written);
        let writing = thread::spawn(move || {
            while stream.write_all(&piece).is_ok() {
                counter.fetch_add(piece.len().try_into().expect("small"), Ordering::Relaxed);
                thread::sleep(pause);
            }
        });
        Self { written, writing }
    }

    #[track_caller]
    fn loses_its_connection(self, what: &str) {
        let answered = Instant::now();
        let before = self.written.load(Ordering::Relaxed);
        while !self.writing.is_finished() {
            assert!(
                answered.elapsed() < PATIENCE,
                "{what}: the server reads on {PATIENCE:?} after its answer, and {} MiB",
                (self.written.load(Ordering::Relaxed) - before) >> 20,
            );
            thread::sleep(Duration::from_millis(10));
        }
        println!(
            "{what}: {:?} and {} KiB after the answer",
            answered.elapsed(),
            (self.written.load(Ordering::Relaxed) - before) >> 10,
        );
    }
}
