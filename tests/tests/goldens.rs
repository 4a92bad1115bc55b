//! Signatures made by OpenSSL, Node, Python and Java are accepted.
//!
//! The files, and the programs that made them, are in `goldens/`.

#![expect(
    clippy::expect_used,
    reason = "a test ends where something does not hold"
)]

use smile_conformance::{Kind, Request, Setup, sign};
use smile_core::{
    Intake, Secret, SmileApi, SmileIo,
    testkit::{FixedClock, Signer},
};

const INPUTS: &str = include_str!("../goldens/inputs.tsv");

struct Golden<'a> {
    input: &'a str,
    vendor: &'a str,
    secret: Secret,
    timestamp: &'a str,
    body: Vec<u8>,
    signature: &'a str,
}

fn goldens(signatures: &'static str) -> impl Iterator<Item = Golden<'static>> {
    let lines = |text: &'static str| text.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(lines(INPUTS).count(), lines(signatures).count());
    lines(INPUTS)
        .zip(lines(signatures))
        .map(|(input, signature)| {
            let [vendor, secret, timestamp, body] = input
                .split('\t')
                .collect::<Vec<_>>()
                .try_into()
                .expect("four columns");
            let bytes = |hex: &str| hex::decode(hex.trim_matches('-')).expect("hex");
            Golden {
                input,
                vendor,
                secret: Secret::new(bytes(secret)).expect("a secret"),
                timestamp,
                body: bytes(body),
                signature,
            }
        })
}

#[track_caller]
fn accepted(signatures: &'static str) {
    for golden in goldens(signatures) {
        let Golden {
            input,
            vendor,
            secret,
            timestamp,
            body,
            signature,
        } = golden;
        let is_event = !body.is_empty();
        let (subject, request) = match vendor {
            "smile-api" => {
                let intake: Intake<SmileApi> = Intake::smile_api(secret).build();
                (
                    Setup::new().smile_api(intake),
                    Request::post(sign::SMILE_API, body),
                )
            }
            "smile-io" => {
                let clock = FixedClock(sign::NOW);
                let intake: Intake<SmileIo> = Intake::smile_io(secret).clock(clock).build();
                let request = Request::post(sign::SMILE_IO, body);
                (
                    Setup::new().smile_io(intake),
                    request.header("smile-timestamp", timestamp),
                )
            }
            other => panic!("no vendor {other}"),
        };
        let answer = subject
            .start(Kind::Core)
            .send(&request.header("smile-signature", signature));
        let expected: &[u16] = if is_event { &[200, 204] } else { &[422] };
        assert!(
            expected.contains(&answer.status),
            "{}: {input}",
            answer.status
        );
    }
}

#[test]
fn openssls_signatures_are_accepted() {
    accepted(include_str!("../goldens/openssl.tsv"));
}

#[test]
fn nodes_signatures_are_accepted() {
    accepted(include_str!("../goldens/node.tsv"));
}

#[test]
fn pythons_signatures_are_accepted() {
    accepted(include_str!("../goldens/python.tsv"));
}

#[test]
fn javas_signatures_are_accepted() {
    accepted(include_str!("../goldens/java.tsv"));
}

#[test]
fn the_test_kit_signs_as_openssl_does() {
    // It writes a number as its timestamp, and so never a leading zero.
    let plain = |golden: &Golden<'_>| !golden.timestamp.starts_with('0');
    for golden in goldens(include_str!("../goldens/openssl.tsv")).filter(plain) {
        let signature = ("smile-signature", golden.signature.to_owned());
        let (signer, expected) = if golden.vendor == "smile-api" {
            (Signer::smile_api(golden.secret), vec![signature])
        } else {
            let at = golden.timestamp.parse().expect("seconds");
            let timestamp = ("smile-timestamp", golden.timestamp.to_owned());
            let signer = Signer::smile_io(golden.secret).at(at);
            (signer, vec![timestamp, signature])
        };
        assert_eq!(signer.sign(&golden.body), expected, "{}", golden.input);
    }
}
