//! Requests a second, over sockets on loopback.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Instant,
};

use crate::{
    clock::{ThreadTime, process_time},
    delivery::{Delivery, Flaw, Scheme},
    in_process::Size,
    options::Options,
    samples::Samples,
    serve,
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

    /// Sends all of these.
    pub(crate) fn drive(&mut self, requests: &[Vec<u8>]) -> Drive {
        let count = self.0.len();
        let (start, own, all) = (Instant::now(), ThreadTime::now(), process_time());
        for (at, request) in requests.iter().enumerate() {
            let stream = &mut self.0[at % count];
            if at >= count {
                read_answer(stream);
            }
            stream.write_all(request).expect("the server reads");
        }
        self.0.iter_mut().take(requests.len()).for_each(read_answer);
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

/// Reads an answer without a body.
pub(crate) fn read_answer(stream: &mut TcpStream) {
    let mut answer = [0; 1024];
    let mut len = 0;
    while !answer[..len].ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut answer[len..]).expect("the server answers");
        assert!(read > 0, "the server hung up");
        len += read;
    }
    let answer = String::from_utf8_lossy(&answer[..len]);
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
}

type Cell = (Size, &'static str);

pub(crate) fn run(options: &Options) -> Vec<Target> {
    let servers = serve::all();
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
        let mut clients: Vec<_> = servers
            .iter()
            .map(|server| (server, Client::connect(server.address, CONNECTIONS)))
            .collect();
        for round in 0..=options.rounds(21) {
            let requests = |scheme| -> Vec<_> {
                let sign = |id| Delivery::new(scheme, Flaw::None, template.with_id(fresh + id));
                (0..lap).map(|id| sign(id).to_wire()).collect()
            };
            let ours = requests(Scheme::Smile);
            clients.rotate_left(1);
            for (server, client) in &mut clients {
                let drive = match server.scheme {
                    Scheme::Smile => client.drive(&ours),
                    other => client.drive(&requests(other)),
                };
                if round > 0 {
                    wall.add((size, server.name), drive.a_second);
                    samples.add((size, server.name), drive.a_second_of_server);
                }
            }
            fresh += lap;
        }
        for server in &servers {
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

const CONNECTIONS: usize = 8;
