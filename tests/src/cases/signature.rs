//! Smile API's signature, and Smile.io's where it differs.

use crate::{Kind, Request, Setup, sign};

/// No header.
pub fn a_missing_signature_is_refused(kind: Kind) {
    let subject = Setup::new().start(kind);
    let request = sign::smile_api(sign::event()).without("smile-signature");
    subject.send(&request).expect_status(401, "missing");
    assert_eq!(subject.seen(), []);
}

/// Headers may not be repeated, since another hop may look at the other one.
pub fn two_signatures_are_refused_even_if_equal(kind: Kind) {
    let subject = Setup::new().start(kind);
    let request = sign::smile_api(sign::event());
    let signature = request.headers.last().expect("the signature").1.clone();
    let equal = request.clone().header("smile-signature", &signature);
    let another = request.clone().header("Smile-Signature", "0".repeat(128));
    let joined = request.map_header("smile-signature", |text| {
        [&text[..], b", ", &text[..]].concat()
    });
    for (name, request) in [("equal", equal), ("another", another), ("joined", joined)] {
        subject.send(&request).expect_status(401, name);
    }
    let body = sign::customer();
    let request = sign::smile_io(body);
    let signature = request.headers.last().expect("the signature").1.clone();
    subject
        .send(&request.header("smile-signature", signature))
        .expect_status(401, "smile-io");
    assert_eq!(subject.seen(), []);
}

/// Every length but the right one, near it and far from it.
pub fn a_signature_of_another_length_is_refused(kind: Kind) {
    let subject = Setup::new().start(kind);
    for keep in [0, 1, 2, 32, 63, 64, 126, 127] {
        let request = sign::smile_api(sign::event())
            .map_header("smile-signature", |text| text[..keep].to_vec());
        subject
            .send(&request)
            .expect_status(401, &format!("{keep} digits"));
    }
    for more in ["0", "00", " 00", "\t0", "\u{e9}"] {
        let request = sign::smile_api(sign::event())
            .map_header("smile-signature", |text| [&text, more.as_bytes()].concat());
        subject
            .send(&request)
            .expect_status(401, &format!("{more:?} more"));
    }
    let wrong_alphabet =
        sign::smile_api(sign::event()).map_header("smile-signature", |mut text| {
            text[7] = b'g';
            text
        });
    subject.send(&wrong_alphabet).expect_status(401, "not hex");
    for change in [
        |text: &str| text.replace('=', ""),
        |text: &str| format!("{text}="),
    ] {
        let request = sign::smile_io(sign::customer()).map_header("smile-signature", |text| {
            change(&String::from_utf8(text).expect("base64")).into_bytes()
        });
        subject.send(&request).expect_status(401, "padding");
    }
    assert_eq!(subject.seen(), []);
}

/// The vendor shows lower case only; upper case says the same.
pub fn an_upper_case_signature_is_accepted(kind: Kind) {
    let subject = Setup::new().start(kind);
    let request = sign::smile_api(sign::event())
        .map_header("smile-signature", |text| text.to_ascii_uppercase());
    subject.send(&request).expect_status(204, "upper case");
}

/// Signed with something else.
pub fn a_wrong_secret_is_refused(kind: Kind) {
    let subject = Setup::new().start(kind);
    for secret in [
        "a little secret ",
        "A little secret",
        "a little secre",
        "\0",
    ] {
        let request = sign::smile_api_with(secret, sign::event());
        subject.send(&request).expect_status(401, secret);
    }
}

/// First byte, last byte, one in between; one more, one less.
pub fn a_changed_byte_anywhere_is_refused(kind: Kind) {
    let subject = Setup::new().start(kind);
    let event = sign::event();
    let signature = sign::hex_sha512(sign::SECRET, event.as_bytes());
    let mut bodies = vec![
        format!("{event} "),
        format!(" {event}"),
        event[1..].to_owned(),
    ];
    for at in [1, event.len() / 2, event.len() - 2] {
        let mut bytes = event.clone().into_bytes();
        bytes[at] ^= 1;
        bodies.push(String::from_utf8(bytes).expect("ASCII"));
    }
    for body in bodies {
        let request = Request::post(sign::SMILE_API, body.clone())
            .header("smile-signature", signature.as_str());
        subject.send(&request).expect_status(401, &body);
    }
    assert_eq!(subject.seen(), []);
}

/// Chunked, in one piece and byte by byte.
pub fn any_split_of_the_body_is_accepted(kind: Kind) {
    let subject = Setup::new().start(kind);
    for size in [1, 2, 127, 128, 129, 100_000] {
        let request = sign::smile_api(sign::event()).chunked(size);
        subject
            .send(&request)
            .expect_status(204, &format!("chunks of {size}"));
        let request = sign::smile_io(sign::customer()).chunked(size);
        subject
            .send(&request)
            .expect_status(204, &format!("smile-io, chunks of {size}"));
    }
    assert_eq!(subject.seen().len(), 12);
}

/// Base64 on Smile API's route, hex on Smile.io's.
pub fn the_other_vendors_signature_is_refused(kind: Kind) {
    let subject = Setup::new().start(kind);
    let mut request = sign::smile_io(sign::event());
    request.target = sign::SMILE_API.into();
    subject
        .send(&request)
        .expect_status(401, "smile-io's on smile-api's route");
    let mut request = sign::smile_api(sign::customer());
    request.target = sign::SMILE_IO.into();
    subject
        .send(&request)
        .expect_status(401, "smile-api's on smile-io's route");
}

/// Nobody learns from the answer how a signature failed.
pub fn every_refusal_is_the_same_document(kind: Kind) {
    let subject = Setup::new().start(kind);
    let signed = || sign::smile_api(sign::event());
    let customer = || sign::smile_io(sign::customer());
    let stale = sign::smile_io_at("1600000000", sign::customer());
    let requests = [
        signed().without("smile-signature"),
        signed().header("smile-signature", "x"),
        signed().map_header("smile-signature", |text| text[..5].to_vec()),
        signed().map_header("smile-signature", |text| vec![b'0'; text.len()]),
        customer().without("smile-timestamp"),
        customer().map_header("smile-timestamp", |_| b"soon".to_vec()),
        stale,
    ];
    let answers: Vec<_> = requests
        .iter()
        .map(|request| subject.send(request))
        .collect();
    for answer in &answers {
        assert_eq!(answer.comparable(), answers[0].comparable());
    }
    assert_eq!(
        answers[0].header("content-type"),
        Some("application/problem+json")
    );
}
