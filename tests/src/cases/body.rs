//! The body's length and encoding.

use std::{
    io::Write,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use crate::{Connection, Kind, Request, Response, Setup, sign};

const LIMIT: usize = 10_000;

fn limited(kind: Kind) -> crate::Running {
    let builder = Setup::smile_api_builder()
        .body_limit(LIMIT)
        .expect("a limit");
    Setup::new().smile_api(builder.build()).start(kind)
}

/// With a `Content-Length`.
pub fn a_body_at_the_limit_is_accepted_and_one_byte_more_is_not(kind: Kind) {
    let subject = limited(kind);
    let request = sign::smile_api(sign::event_of(LIMIT));
    assert_eq!(request.body.bytes().len(), LIMIT);
    subject.send(&request).expect_status(204, "at the limit");
    let answer = subject.send(&sign::smile_api(sign::event_of(LIMIT + 1)));
    answer.expect_status(413, "one more");
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
}

/// Without one, however the chunks fall.
pub fn a_chunked_body_is_limited_like_a_declared_one(kind: Kind) {
    let subject = limited(kind);
    for size in [1000, 3000, LIMIT, LIMIT + 1] {
        let at = sign::smile_api(sign::event_of(LIMIT)).chunked(size);
        subject
            .send(&at)
            .expect_status(204, &format!("at the limit, chunks of {size}"));
        let over = sign::smile_api(sign::event_of(LIMIT + 1)).chunked(size);
        subject
            .send(&over)
            .expect_status(413, &format!("one more, chunks of {size}"));
    }
    assert_eq!(subject.seen().len(), 4);
}

/// Signatures are over the bytes on the wire, and frameworks decompress behind one's back.
pub fn an_encoded_body_is_refused_and_identity_is_not(kind: Kind) {
    let subject = Setup::new().start(kind);
    for (encoding, status) in [
        ("identity", 204),
        ("Identity", 204),
        ("identity, identity", 204),
        ("", 204),
        ("gzip", 415),
        ("identity, gzip", 415),
        ("br", 415),
        ("unheard-of", 415),
    ] {
        let request = sign::smile_api(sign::event()).header("content-encoding", encoding);
        let answer = subject.send(&request);
        answer.expect_status(status, encoding);
        if status == 415 {
            assert_eq!(answer.header("accept-encoding"), Some("identity"));
        }
    }
}

/// Its signature is right all the same.
pub fn an_empty_signed_body_is_no_event(kind: Kind) {
    let subject = Setup::new().start(kind);
    subject
        .send(&sign::smile_api(""))
        .expect_status(422, "whole");
    subject
        .send(&sign::smile_api("").chunked(1))
        .expect_status(422, "chunked");
}

/// Signature, encoding, length, body.
pub fn what_is_wrong_first_is_answered_first(kind: Kind) {
    let subject = limited(kind);
    let long = || sign::smile_api(sign::event_of(LIMIT + 1));
    let everything = long()
        .without("smile-signature")
        .header("content-encoding", "gzip");
    subject
        .send(&everything)
        .expect_status(401, "signature before encoding and length");
    let encoded = long().header("content-encoding", "gzip");
    subject
        .send(&encoded)
        .expect_status(415, "encoding before length");
    let wrong = long().map_header("smile-signature", |text| vec![b'0'; text.len()]);
    subject
        .send(&wrong)
        .expect_status(413, "length before the body is read and hashed");
    let not_an_event = sign::smile_api_with("another", "not an event");
    subject
        .send(&not_an_event)
        .expect_status(401, "signature before the body is parsed");
}

/// Its sender is still writing when the head is refused.
pub fn a_sender_of_six_megabytes_reads_the_refusal_and_goes_on(kind: Kind) {
    if kind == Kind::Core {
        return; // it has no connections
    }
    let subject = Setup::new().start(kind);
    let six_megabytes = || vec![b' '; 6 << 20];
    let long = sign::smile_api(six_megabytes());
    for (what, status, request) in [
        ("declared too long", 413, long.clone()),
        (
            "encoded",
            415,
            long.clone().header("content-encoding", "gzip"),
        ),
        ("unsigned", 401, long.without("smile-signature")),
        ("stale", 401, sign::smile_io_at("1", six_megabytes())),
    ] {
        let wire = request.to_wire();
        for _ in 0..10 {
            let mut connection = Connection::open(subject.address()).expect("the server listens");
            connection.write(&wire).expect(what);
            let answer = connection.read_response().expect(what);
            answer.expect_status(status, what);
            assert_eq!(answer.header("connection"), None, "{what}");
            let next = connection.send(&sign::smile_api(sign::event()));
            next.expect(what).expect_status(204, what);
        }
    }
}

/// A body has a second to end after a refusal.
pub fn a_sender_that_goes_on_after_a_refusal_is_answered_and_cut_off(kind: Kind) {
    if kind == Kind::Core {
        return; // it has no connections
    }
    let subject = limited(kind);
    let unsigned = sign::smile_api("").without("smile-signature");
    for (what, status, request, size, pause) in [
        ("unsigned, dripping", 401, &unsigned, 1, 50),
        ("unsigned, flooding", 401, &unsigned, 1 << 16, 0),
        (
            "too long, dripping",
            413,
            &sign::smile_api(""),
            2 * LIMIT,
            50,
        ),
        ("too long, flooding", 413, &sign::smile_api(""), 1 << 16, 0),
    ] {
        let drip = (vec![b' '; size], Duration::from_millis(pause));
        let (answer, took) = send_without_end(subject.address(), request, drip);
        answer.expect_status(status, what);
        assert_eq!(answer.header("connection"), Some("close"), "{what}");
        let second = Duration::from_secs(1);
        assert!(
            second * 9 / 10 < took && took < 5 * second,
            "{what}: {took:?}"
        );
    }
}

/// Each chunk comes well within it.
pub fn the_deadline_is_for_the_whole_body(kind: Kind) {
    if kind == Kind::Core {
        return; // it has no connections
    }
    let builder = Setup::smile_api_builder().body_timeout(Duration::from_secs(1));
    let subject = Setup::new()
        .smile_api(builder.expect("a deadline").build())
        .start(kind);
    let drip = (b"x".to_vec(), Duration::from_millis(300));
    let (answer, took) = send_without_end(subject.address(), &sign::smile_api(""), drip);
    answer.expect_status(408, "dripping");
    // A second for the body, and one in which the rest is read.
    let seconds = took.as_secs_f64();
    assert!((0.9..5.0).contains(&seconds), "{took:?}");
}

/// Sends a chunked body that ends when the server closes the connection: the answer, and after how
/// long it came.
fn send_without_end(
    address: SocketAddr,
    request: &Request,
    (chunk, pause): (Vec<u8>, Duration),
) -> (Response, Duration) {
    let mut connection = Connection::open(address).expect("the server listens");
    let mut writer = connection.try_clone().expect("a socket");
    let begun = Instant::now();
    thread::scope(|scope| {
        let head = request.clone().chunked(1).head_to_wire();
        let sender = scope.spawn(move || {
            let deadline = begun + Duration::from_secs(20);
            let size = format!("{:x}\r\n", chunk.len());
            let chunk = [size.as_bytes(), &chunk, b"\r\n"].concat();
            let mut sent = writer.write_all(&head);
            while sent.is_ok() && Instant::now() < deadline {
                thread::sleep(pause);
                sent = writer.write_all(&chunk);
            }
            sent
        });
        let answer = connection.read_response().expect("an answer");
        let took = begun.elapsed();
        let sent = sender.join().expect("a sender does not panic");
        sent.expect_err("the server closes the connection");
        (answer, took)
    })
}
