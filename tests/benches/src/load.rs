//! Servers under load, over sockets on loopback.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use actix_web::{App, HttpServer, dev::HttpServiceFactory, rt::System};
use axum::Router;
use rustix::time::ClockId;
use smile_core::{Intake, Secret, SmileApi};

use crate::{
    body::Size,
    by_hand,
    delivery::{Delivery, Kind},
    event::{Envelope, Event},
    ours::{self, EnvelopeOnly, Typed},
    receiver::Handoff::{Deduplicated, Direct},
    statistics::{median, ratio},
    subject::processor_time,
};

/// Prints all figures as markdown.
pub fn load(mut arguments: impl Iterator<Item = String>) {
    let rounds = match arguments.next().as_deref() {
        None => 31,
        Some("--quick") => 2,
        Some(flag) => panic!("{flag}: the only flag is --quick"),
    };
    println!("| server | size | requests/s | ratio |\n|---|---|---|---|");
    let by_hand = on_axum(by_hand::axum::app::<Event<String>>());
    let ours = on_axum(ours::axum::app::<Typed>(ours::intake(Direct)));
    let axum = [("axum: by hand", by_hand), ("axum: ours", ours)];
    let by_hand = on_actix(by_hand::actix::resource::<Event<String>>);
    let ours = on_actix(|| ours::actix::resource::<Typed>(ours::intake(Direct)));
    let actix = [("actix-web: by hand", by_hand), ("actix-web: ours", ours)];
    for size in [Size::B281, Size::K112] {
        compare(size, rounds, axum);
        compare(size, rounds, actix);
    }
    let names = ["1 secret", "2 secrets", "3 secrets", "4 secrets"];
    let servers = [0, 1, 2, 3].map(|more| (names[more], envelope(with_older_secrets(more))));
    compare(Size::K112, rounds, servers);
    let remembering = |capacity| envelope(ours::intake(Deduplicated { capacity }));
    let (direct, one, full) = (
        envelope(ours::intake(Direct)),
        remembering(1),
        remembering(100_000),
    );
    for _ in 0..100 {
        send(&mut connect(full), &requests(Size::B281, 1000));
    }
    let full = ("100,000 events remembered", full);
    let servers = [("direct", direct), ("1 event remembered", one), full];
    compare(Size::B281, rounds, servers);

    println!("\n| from the last byte to the answer, us | 112 KB | 1 MiB |\n|---|---|---|");
    let by_hand = on_axum(by_hand::axum::app::<Envelope<String>>());
    for (name, server) in [("by hand", by_hand), ("ours", direct)] {
        let stream = &mut connect(server)[0];
        let [k112, m1] = [Size::K112, Size::M1].map(|size| {
            let requests = requests(size, rounds);
            let times = requests.iter().map(|request| send_slowly(stream, request));
            median(&times.collect::<Vec<_>>())
        });
        println!("| axum: {name} | {k112:.0} | {m1:.0} |");
    }
}

fn with_older_secrets(count: usize) -> Intake<SmileApi> {
    let mut intake = Intake::smile_api(ours::secret()).direct();
    for n in 0..count {
        let secret = Secret::new(format!("an older secret, {n}")).expect("it is not empty");
        intake = intake.also_accept(secret).expect("four are allowed");
    }
    intake.build()
}

fn envelope(intake: Intake<SmileApi>) -> SocketAddr {
    on_axum(ours::axum::app::<EnvelopeOnly>(intake))
}

/// Prints how many requests each server answers in a second, and the ratio to the first server's.
fn compare<const N: usize>(size: Size, rounds: usize, servers: [(&str, SocketAddr); N]) {
    let count = if size == Size::B281 { 3000 } else { 200 };
    let mut connections = servers.map(|(_, address)| connect(address));
    let mut rates = servers.map(|_| Vec::new());
    for round in 0..=rounds {
        let requests = requests(size, count);
        for at in (0..N).map(|at| (at + round) % N) {
            let rate = send(&mut connections[at], &requests);
            // The first round warms up.
            if round > 0 {
                rates[at].push(rate);
            }
        }
    }
    for ((name, _), own) in servers.iter().zip(&rates) {
        let (rate, ratio) = (median(own), ratio(own, &rates[0]));
        println!("| {name} | {size} | {rate:.0} | {ratio:.2}x |");
    }
}

fn requests(size: Size, count: usize) -> Vec<Vec<u8>> {
    let template = size.template();
    let request = |_| Delivery::new(Kind::Good, template.next()).to_wire();
    (0..count).map(request).collect()
}

/// 32 connections. With fewer of them, the server more often has to wake a sender that sleeps.
fn connect(address: SocketAddr) -> Vec<TcpStream> {
    let connect = |_| {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        stream
    };
    (0..32).map(connect).collect()
}

/// Sends all requests, one at a time on each connection. Returns how many were answered in a second
/// of the server's processor time. This thread is the sender, and the other servers have no work.
fn send(connections: &mut [TcpStream], requests: &[Vec<u8>]) -> f64 {
    let server_time =
        || processor_time(ClockId::ProcessCPUTime) - processor_time(ClockId::ThreadCPUTime);
    let (start, count) = (server_time(), connections.len());
    for (at, request) in requests.iter().enumerate() {
        let stream = &mut connections[at % count];
        if at >= count {
            read_answer(stream);
        }
        stream.write_all(request).expect("the server reads");
    }
    connections.iter_mut().for_each(read_answer);
    f64::from(u32::try_from(requests.len()).expect("a few")) / (server_time() - start).as_secs_f64()
}

/// Sends packets as fast as a line of 100 Mbit/s takes them. Returns the microseconds from the last
/// packet to the answer.
fn send_slowly(stream: &mut TcpStream, request: &[u8]) -> f64 {
    let (mut due, mut last) = (Instant::now(), Instant::now());
    for packet in request.chunks(1448) {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        last = Instant::now();
        stream.write_all(packet).expect("the server reads");
        due += Duration::from_nanos(115_840);
    }
    read_answer(stream);
    last.elapsed().as_secs_f64() * 1e6
}

/// Reads an answer, which is 204 and so ends with its head.
fn read_answer(stream: &mut TcpStream) {
    let (mut answer, mut len) = ([0; 1024], 0);
    while !answer[..len].ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut answer[len..]).expect("the server answers");
        len += read;
        let text = String::from_utf8_lossy(&answer[..len]);
        assert!(read > 0 && text.starts_with("HTTP/1.1 204 "), "{text:?}");
    }
}

/// Serves on one thread.
fn on_axum(app: Router) -> SocketAddr {
    let (listener, address) = listen();
    listener.set_nonblocking(true).expect("a socket");
    let serve = async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
        axum::serve(listener, app).await
    };
    thread::spawn(|| System::new().block_on(serve));
    address
}

/// Serves with one worker.
fn on_actix<S: HttpServiceFactory + 'static>(
    resource: impl Fn() -> S + Clone + Send + 'static,
) -> SocketAddr {
    let (listener, address) = listen();
    thread::spawn(|| {
        let server = HttpServer::new(move || App::new().service(resource())).workers(1);
        let server = server.disable_signals().listen(listener);
        System::new().block_on(server.expect("a socket").run())
    });
    address
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}
