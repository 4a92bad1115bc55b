//! What happens around the handler.

use std::time::Duration;

use crate::{Kind, Reaction, Setup, sign};

/// Whatever it is.
pub fn its_answer_passes_through(kind: Kind) {
    for status in [200, 201, 204, 299, 302, 400, 404, 410, 422, 429, 500, 503] {
        let subject = Setup::new()
            .react(move |_| Reaction::Answer(status))
            .start(kind);
        let answer = subject.send(&sign::smile_api(sign::event()));
        answer.expect_status(status, "first");
        assert_eq!(
            answer.header("content-type"),
            None,
            "{status}: nothing is added"
        );
    }
}

/// Byte for byte, in the delivery and in the framework's own extractor.
pub fn the_body_inside_is_the_verified_one(kind: Kind) {
    let subject = Setup::new().start(kind);
    for (len, chunk) in [
        (0, 1),
        (281, 7),
        (8 << 10, 1 << 10),
        (112 << 10, 10_000),
        (3 << 20, 1 << 16),
    ] {
        let event = sign::event_of(len) + "\r\n \u{e9}";
        for request in [
            sign::smile_api(event.clone()),
            sign::smile_api(event).chunked(chunk),
        ] {
            // Both have one id, so only the first is handled.
            let _ = subject.send(&request);
            let seen = subject.seen().pop().expect("a run");
            assert_eq!(seen.raw, request.body.bytes(), "{len}");
            if kind != Kind::Core {
                assert_eq!(seen.body, Some(seen.raw), "{len}");
            }
        }
    }
    assert_eq!(subject.seen().len(), 5);
}

/// 503, and the event can be handled again.
pub fn a_slow_handler_is_stopped(kind: Kind) {
    let builder = Setup::smile_api_builder().handler_timeout(Duration::from_millis(50));
    let subject = Setup::new()
        .smile_api(builder.expect("a deadline").build())
        .react(|run| match run {
            0 => Reaction::AnswerAfter(Duration::from_secs(60), 204),
            _ => Reaction::Answer(204),
        })
        .start(kind);
    let request = sign::smile_api(sign::event());
    let answer = subject.send(&request);
    answer.expect_status(503, "slow");
    assert_eq!(answer.header("retry-after"), Some("5"));
    subject.send(&request).expect_status(204, "again");
}

/// Without a look at the signature, and with a signature that is right.
pub fn a_method_other_than_post_is_405(kind: Kind) {
    let subject = Setup::new().start(kind);
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "BREW"] {
        for mut request in [
            sign::smile_api(sign::event()),
            sign::smile_io(sign::customer()),
            sign::smile_api("").without("smile-signature"),
        ] {
            request.method = method;
            let answer = subject.send(&request);
            answer.expect_status(405, method);
            assert_eq!(answer.header("allow"), Some("POST"), "{method}");
        }
    }
    assert_eq!(subject.seen(), []);
}
