//! Senders that lie about lengths, drip, flood and vanish.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    thread::sleep,
    time::{Duration, Instant},
};

use smile_conformance::{Body, Request, sign};

use crate::process::{FRAMEWORKS, Receiver};

#[test]
fn a_declared_length_of_2_to_the_46_allocates_nothing_and_is_answered_soon() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &[]);
        receiver
            .send(&sign::smile_api(sign::event()))
            .expect_status(204, "warm");
        let before = receiver.resident();
        let signed = sign::smile_api("").header("content-length", (1_u64 << 46).to_string());
        for (request, status) in [
            (signed.clone(), 413),
            (signed.without("smile-signature"), 401),
        ] {
            let start = Instant::now();
            let mut connection = receiver.connect();
            connection.write(&request.head_to_wire()).unwrap();
            connection
                .read_response()
                .unwrap()
                .expect_status(status, framework);
            // The server waits a second for the rest, since a sender that writes would lose the answer.
            assert!(start.elapsed() < Duration::from_secs(3), "{framework}");
        }
        let grown = receiver.resident().saturating_sub(before);
        assert!(grown < 1024, "{framework}: {grown} KiB");
    }
}

/// It reads while it writes, and sees the answer every time.
#[test]
fn a_chunked_body_of_64_mib_is_answered_413_and_not_kept() {
    const LIMIT: u64 = 4 << 20;
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &[]);
        receiver
            .send(&sign::smile_api(sign::event_of(1 << 20)))
            .expect_status(204, "warm");
        let before = receiver.resident();
        let mut most = 0;
        for turn in 0..20 {
            let mut connection = receiver.connect();
            let mut writer = connection.try_clone().unwrap();
            let writing = std::thread::spawn(move || write_64_mib(&mut writer));
            let answer = connection.read_response();
            answer
                .unwrap_or_else(|err| panic!("{framework}, {turn}: {err}"))
                .expect_status(413, framework);
            most = most.max(receiver.resident().saturating_sub(before));
            drop(connection);
            let _ = writing.join().unwrap();
        }
        // Nowhere near 64 MiB: one body at the limit, what the allocator keeps of the steps on the way
        // there, in two threads, and 256 KiB of each refused body for the page.
        assert!(most < 8 * LIMIT / 1024, "{framework}: {most} KiB");
        assert_eq!(receiver.events("").len(), 1, "{framework}");
    }
}

fn write_64_mib(writer: &mut TcpStream) -> std::io::Result<()> {
    let mut request = sign::smile_api("");
    request.body = Body::Chunked(Vec::new());
    writer.write_all(&request.head_to_wire())?;
    let mut chunk = b"10000\r\n".to_vec();
    chunk.extend(vec![b'x'; 1 << 16]);
    chunk.extend(b"\r\n");
    for _ in 0..1024 {
        writer.write_all(&chunk)?;
    }
    writer.write_all(b"0\r\n\r\n")
}

#[test]
fn a_sender_that_vanishes_in_the_middle_leaves_nothing_behind() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &[]);
        receiver
            .send(&sign::smile_api(sign::event()))
            .expect_status(204, "warm");
        sleep(Duration::from_millis(100));
        let descriptors = receiver.descriptors();
        for turn in 0..200 {
            let request = sign::smile_api(sign::event_of(2000));
            let request = if turn % 2 == 0 {
                request
            } else {
                request.chunked(500)
            };
            let wire = request.to_wire();
            let mut connection = receiver.connect();
            connection.write(&wire[..wire.len() - 100 - turn]).unwrap();
        }
        within(Duration::from_secs(5), framework, || {
            receiver.descriptors() <= descriptors
        });
        assert_eq!(receiver.events("").len(), 1, "{framework}");
    }
}

#[test]
fn a_thousand_dripping_senders_are_cut_off_by_axum_and_disturb_nobody() {
    a_thousand_dripping_senders("axum");
}

#[test]
fn a_thousand_dripping_senders_are_cut_off_by_actix_and_disturb_nobody() {
    a_thousand_dripping_senders("actix");
}

fn a_thousand_dripping_senders(framework: &str) {
    const SENDERS: u16 = 1000;
    const DEADLINE: Duration = Duration::from_secs(6);
    let receiver = Receiver::start(
        framework,
        &["--body-timeout", "6", "--max-connections", "2000"],
    );
    receiver
        .send(&sign::smile_api(sign::event()))
        .expect_status(204, "warm");
    let before = receiver.resident();

    let wire = sign::smile_api(sign::event_of(3 << 20)).to_wire();
    let body = wire
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .unwrap()
        + 4;
    let (head, body) = wire.split_at(body);
    let mut senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let mut sender = TcpStream::connect(receiver.address()).unwrap();
            sender.set_nodelay(true).unwrap();
            sender.write_all(head).unwrap();
            sender
        })
        .collect();
    let start = Instant::now();
    let mut honest = receiver.connect();
    let (mut most, mut slowest) = (0, Duration::ZERO);
    for byte in body {
        if start.elapsed() > DEADLINE / 3 {
            break;
        }
        senders
            .iter_mut()
            .for_each(|sender| sender.write_all(&[*byte]).unwrap());
        let asked = Instant::now();
        honest
            .send(&sign::smile_api(sign::event()))
            .unwrap()
            .expect_status(204, framework);
        slowest = slowest.max(asked.elapsed());
        most = most.max(receiver.resident().saturating_sub(before));
        // Few turns, since the receiver keeps every honest event, which is no cost of the senders.
        sleep(DEADLINE / 60);
    }
    for sender in &mut senders {
        sender.set_read_timeout(Some(DEADLINE * 3)).unwrap();
        let mut answer = Vec::new();
        // The server closes, so this is all of it.
        match sender.read_to_end(&mut answer) {
            Ok(_) => {}
            Err(err) if err.kind() == ErrorKind::ConnectionReset => {}
            Err(err) => panic!("{framework}: {err}"),
        }
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 408 "), "{framework}: {answer}");
    }
    let took = start.elapsed();
    assert!(
        took < DEADLINE + Duration::from_secs(4),
        "{framework}: {took:?}"
    );
    println!("{framework}: {most} KiB for {SENDERS} senders, slowest honest answer {slowest:?}");
    assert!(
        most <= 24 * u64::from(SENDERS),
        "{framework}: {most} KiB for {SENDERS} senders"
    );
    assert!(slowest < Duration::from_secs(1), "{framework}: {slowest:?}");
}

/// Half a head and silence have no answer to wait for.
#[test]
fn after_sigterm_every_request_that_has_begun_is_answered_and_the_process_ends() {
    const DRAIN: Duration = Duration::from_secs(20);
    for framework in FRAMEWORKS {
        let flags = ["--handler-delay", "2000", "--head-timeout", "3"];
        let receiver = Receiver::start(
            framework,
            &[&flags[..], &["--drain-timeout", "20"]].concat(),
        );
        let mut running: Vec<_> = (0..50).map(|_| receiver.connect()).collect();
        for connection in &mut running {
            let event = sign::smile_api(sign::event());
            connection.write(&event.to_wire()).unwrap();
        }
        let mut open: Vec<_> = (0..20).map(|_| receiver.connect()).collect();
        for connection in open.iter_mut().skip(5) {
            connection
                .write(b"POST /webhooks/smile-api HTTP/1.1\r\nhost: a\r\nsmi")
                .unwrap();
        }
        sleep(Duration::from_secs(1));
        let start = Instant::now();
        let ending = std::thread::spawn(move || receiver.terminate());
        for connection in &mut running {
            connection
                .read_response()
                .unwrap()
                .expect_status(204, framework);
        }
        assert!(ending.join().unwrap().success(), "{framework}");
        assert!(
            start.elapsed() < DRAIN / 2,
            "{framework}: {:?}",
            start.elapsed()
        );
    }
}

/// What is left unread of one request is not taken for the next.
#[test]
fn a_request_after_a_refused_one_is_read_from_its_own_start() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &["--body-limit", "1000"]);
        let smuggled = sign::smile_api(sign::event()).to_wire();
        let refused = [
            Request::post(sign::SMILE_API, smuggled.clone()),
            Request::post(sign::SMILE_API, smuggled.clone()).chunked(100),
            sign::smile_api(smuggled.clone()).header("content-encoding", "gzip"),
            sign::smile_api([smuggled, vec![b'x'; 2000]].concat()).chunked(100),
        ];
        for request in refused {
            let mut connection = receiver.connect();
            let status = connection.send(&request).unwrap().status;
            assert!((401..=415).contains(&status), "{framework}: {status}");
            // The connection is closed, or the next request on it gets its own answer.
            if let Ok(answer) = connection.send(&sign::smile_api("[]")) {
                answer.expect_status(422, framework);
            }
        }
        assert_eq!(receiver.events("").len(), 0, "{framework}");
    }
}

#[track_caller]
fn within(limit: Duration, what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        sleep(Duration::from_millis(20));
    }
}
