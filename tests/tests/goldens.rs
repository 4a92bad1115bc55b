//! Signatures made by OpenSSL, Node, Python and Java are accepted.
//!
//! The files, and the programs that made them, are in `goldens/`.

#![expect(
    clippy::expect_used,
    reason = "a test ends where something does not hold"
)]

use smile_conformance::{Kind, Request, Setup, sign};
use smile_core::{Intake, Secret, SmileApi, SmileIo};

const INPUTS: &str = include_str!("../goldens/inputs.tsv");

#[track_caller]
fn accepted(signatures: &str) {
    let lines = |text: &'static str| text.lines().filter(|line| !line.starts_with('#'));
    let signatures = signatures.to_owned().leak();
    assert_eq!(lines(INPUTS).count(), lines(signatures).count());
    for (input, signature) in lines(INPUTS).zip(lines(signatures)) {
        let [vendor, secret, timestamp, body] = input
            .split('\t')
            .collect::<Vec<_>>()
            .try_into()
            .expect("four columns");
        let bytes = |hex: &str| hex::decode(hex.trim_matches('-')).expect("hex");
        let secret = || Secret::new(bytes(secret)).expect("a secret");
        let body = bytes(body);
        let is_event = !body.is_empty();
        let (subject, request) = match vendor {
            "smile-api" => {
                let intake: Intake<SmileApi> = Intake::smile_api(secret()).build();
                (
                    Setup::new().smile_api(intake),
                    Request::post(sign::SMILE_API, body),
                )
            }
            "smile-io" => {
                let clock = smile_conformance::Fixed;
                let intake: Intake<SmileIo> = Intake::smile_io(secret()).clock(clock).build();
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
