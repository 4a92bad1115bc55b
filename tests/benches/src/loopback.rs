//! Requests a second, over sockets on loopback.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Instant,
};

use bytes::Bytes;

use crate::{
    clock::{Clock, process_time},
    delivery::{Delivery, Flaw, Scheme},
    in_process::Size,
    options::Options,
    samples::Samples,
    serve::{self, Server},
    targets::{Limit, Target},
};

/// Connections that are kept open, with one request on each at any time.
pub(crate) struct Client(Vec<TcpStream>);

impl Client {
    pub(crate) fn connect(address: SocketAddr, connections: usize) -> Self {
        let connect = |_| {
            let stream = TcpStream::connect(address).expect("the server listens");
            stream.set_nodelay(true).expect("a socket");
            stream
        };
        Self((0..connections).map(connect).collect())
    }

    /// Sends all of these, which are all answered alike.
    pub(crate) fn drive(&mut self, requests: &[Vec<u8>], status: u16) -> Drive {
        let count = self.0.len();
        let (start, own, all) = (Instant::now(), Clock::Thread.now(), process_time());
        for (at, request) in requests.iter().enumerate() {
            let stream = &mut self.0[at % count];
            if at >= count {
                read_answer(stream, status);
            }
            stream.write_all(request).expect("the server reads");
        }
        for stream in self.0.iter_mut().take(requests.len()) {
            read_answer(stream, status);
        }
        let answered = f64::from(u32::try_from(requests.len()).expect("a lap is short"));
        // This thread is the sender, and of the others only those of one server have work.
        let server = process_time() - all - own.elapsed();
        Drive {
            a_second: answered / start.elapsed().as_secs_f64(),
            a_second_of_server: answered / server.as_secs_f64(),
        }
    }
}

/// How many requests were answered.
pub(crate) struct Drive {
    a_second: f64,
    /// In a second of the server's processor time: what it could answer if the sender and the rest
    /// of the machine did not slow it down.
    a_second_of_server: f64,
}

/// Reads an answer to its end.
pub(crate) fn read_answer(stream: &mut TcpStream, status: u16) {
    let mut answer = [0; 2048];
    let mut len = 0;
    loop {
        let read = stream.read(&mut answer[len..]).expect("the server answers");
        let text = String::from_utf8_lossy(&answer[..len + read]);
        assert!(read > 0, "the server hung up: {text}");
        len += read;
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let start = format!("HTTP/1.1 {status} ");
            assert!(head.starts_with(&start), "{text}");
            if body.len() >= content_length(head) {
                return;
            }
        }
    }
}

fn content_length(head: &str) -> usize {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.parse().expect("a number of bytes"))
}

type Cell = (Size, &'static str);

pub(crate) fn run(options: &Options) -> Vec<Target> {
    let mut servers = serve::all();
    servers.retain(|server| server.name == server.yardstick || options.chooses(server.name));
    let mut targets = events(options, &servers);
    targets.extend(refusals(options, &servers));
    targets
}

fn events(options: &Options, servers: &[Server]) -> Vec<Target> {
    let (mut samples, mut wall): (Samples<Cell>, Samples<Cell>) = Default::default();
    println!(
        "\n### Over loopback, {CONNECTIONS} connections, one server thread, fully typed\n\n\
         | | HMAC | size | requests/s | of by hand | a second of the server's processor time | of by hand |\n\
         |---|---|---|---|---|---|---|"
    );
    let mut fresh = 0;
    for (size, lap) in [(Size::B281, 3000_u64), (Size::K112, 200)] {
        if !options.chooses_size(size.name()) {
            continue;
        }
        let template = size.template();
        // A framework at a time: the sooner after one another two are measured, the less the machine
        // has changed in between.
        for yardstick in servers.iter().filter(|s| s.name == s.yardstick) {
            let of_framework = || servers.iter().filter(|s| s.yardstick == yardstick.name);
            let mut clients: Vec<_> = of_framework()
                .map(|server| (server, Client::connect(server.address, CONNECTIONS)))
                .collect();
            for round in 0..=options.rounds(41) {
                let requests = |scheme| -> Vec<_> {
                    let sign = |id| Delivery::new(scheme, Flaw::None, template.with_id(fresh + id));
                    (0..lap).map(|id| sign(id).to_wire()).collect()
                };
                let ours = requests(Scheme::Smile);
                fastrand::shuffle(&mut clients);
                for (server, client) in &mut clients {
                    let drive = match server.scheme {
                        Scheme::Smile => client.drive(&ours, 204),
                        other => client.drive(&requests(other), 204),
                    };
                    if round > 0 {
                        wall.add((size, server.name), drive.a_second);
                        samples.add((size, server.name), drive.a_second_of_server);
                    }
                }
                fresh += lap;
            }
            for server in of_framework() {
                let (of, to) = ((size, server.name), (size, server.yardstick));
                let both = [&wall, &samples].map(|samples| {
                    let rate = samples.median(&of).unwrap_or(f64::NAN);
                    let ratio = samples.ratio(&of, &to).unwrap_or(f64::NAN);
                    format!("{rate:.0} | {ratio:.2}x")
                });
                println!(
                    "| {} | {} | {} | {} |",
                    server.name,
                    server.scheme.hash(),
                    size.name(),
                    both.join(" | ")
                );
            }
        }
    }
    let target = |size: Size, of: &'static str, to, limit| Target {
        what: format!("{}, loopback: {of}, requests/s to by hand", size.name()),
        measured: samples.ratio(&(size, of), &(size, to)),
        limit: Limit::AtLeast(limit),
    };
    servers
        .iter()
        .filter(|server| server.name.ends_with("direct"))
        .flat_map(|server| {
            [(Size::B281, 0.97), (Size::K112, 1.3)]
                .map(|(size, limit)| target(size, server.name, server.yardstick, limit))
        })
        .collect()
}

/// What a server takes to refuse by the head, beside what its framework takes to answer 404: to read
/// a request and to write an answer is a part of both. The requests have no bodies: actix-web ends a
/// connection whose body was not read, whatever it answered.
fn refusals(options: &Options, servers: &[Server]) -> Vec<Target> {
    let kinds = [
        (Flaw::SignatureMissing, 401),
        (Flaw::SignatureMalformed, 401),
        (Flaw::Lost, 404),
    ]
    .map(|(flaw, status)| {
        let delivery = Delivery::new(Scheme::Smile, flaw, Bytes::new());
        (flaw, status, vec![delivery.to_wire(); 3000])
    });
    let direct = || servers.iter().filter(|s| s.name.ends_with("direct"));
    let mut subjects: Vec<_> = direct()
        .flat_map(|server| kinds.iter().map(move |kind| (server, kind)))
        .map(|(server, kind)| {
            let client = Client::connect(server.address, CONNECTIONS);
            (server, kind, client)
        })
        .collect();
    let mut samples = Samples::new();
    for round in 0..=options.rounds(21) {
        fastrand::shuffle(&mut subjects);
        for (server, (flaw, status, requests), client) in &mut subjects {
            let drive = client.drive(requests, *status);
            if round > 0 {
                samples.add((server.name, *flaw), 1e6 / drive.a_second_of_server);
            }
        }
    }
    println!(
        "\n### Refused over loopback, us of the server's processor time\n\n\
         | | signature missing | malformed | 404 |\n|---|---|---|---|"
    );
    let mut targets = Vec::new();
    for server in direct() {
        let lost = (server.name, Flaw::Lost);
        let time = |cell| samples.median(&cell).unwrap_or(f64::NAN);
        let cells = [
            ("no signature", Flaw::SignatureMissing),
            ("malformed signature", Flaw::SignatureMalformed),
        ]
        .map(|(what, flaw)| {
            let refused = (server.name, flaw);
            let ratio = samples.ratio(&refused, &lost);
            targets.push(Target {
                what: format!("Loopback: {}: {what}, to 404", server.name),
                measured: ratio,
                limit: Limit::AtMost(1.3),
            });
            let ratio = ratio.unwrap_or(f64::NAN);
            format!("{:.2} ({ratio:.2}x)", time(refused))
        });
        println!(
            "| {} | {} | {:.2} |",
            server.name,
            cells.join(" | "),
            time(lost)
        );
    }
    targets
}

// A server that answers a sender who sleeps has to wake it, in its own time: with more connections it
// does so less often.
const CONNECTIONS: usize = 32;
