//! The body's length and encoding.

use crate::{Kind, Setup, sign};

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
