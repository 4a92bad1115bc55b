//! axum, bare hyper and actix-web answer alike: status, headers and body, less the date, the
//! connection and the framing.

#![expect(
    clippy::expect_used,
    reason = "a test ends where something does not hold"
)]

use std::time::Duration;

use smile_conformance::{Kind, Reaction, Request, Response, Running, Setup, sign};

fn start(kind: Kind) -> Running {
    let builder = Setup::smile_api_builder()
        .body_limit(100_000)
        .expect("a limit")
        .handler_timeout(Duration::from_millis(100))
        .expect("a deadline");
    Setup::new()
        .smile_api(builder.build())
        .react(|run| match run {
            0 => Reaction::Answer(204),
            1 => Reaction::Panic,
            2 => Reaction::AnswerAfter(Duration::from_secs(10), 204),
            3 => Reaction::Answer(500),
            4 => Reaction::Answer(404),
            _ => Reaction::Answer(200),
        })
        .start(kind)
}

/// In an order that runs the handler as `start` expects it.
fn requests() -> Vec<(&'static str, Request)> {
    let api = |name: &str| sign::smile_api(sign::event_with_id(name));
    let io = || sign::smile_io(r#"{"topic":"customer/updated","account_id":1,"data":{}}"#);
    vec![
        ("handled", api("handled")),
        ("panic", api("panic")),
        ("slow handler", api("slow")),
        ("failed", api("failed")),
        ("not found", api("not found")),
        ("handled, Smile.io", io()),
        ("duplicate", api("handled")),
        ("duplicate, Smile.io", io()),
        ("ping", sign::smile_io(sign::ping())),
        ("chunked", api("chunked").chunked(7)),
        ("no signature", api("x").without("smile-signature")),
        ("two signatures", api("x").header("smile-signature", "0")),
        (
            "malformed signature",
            api("x").map_header("smile-signature", |_| b"zz".to_vec()),
        ),
        (
            "wrong signature",
            sign::smile_api_with("another", sign::event_with_id("x")),
        ),
        ("stale", sign::smile_io_at("1", "{}")),
        ("no timestamp", io().without("smile-timestamp")),
        ("encoded", api("x").header("content-encoding", "gzip")),
        ("too long", sign::smile_api(sign::event_of(100_001))),
        (
            "too long, chunked",
            sign::smile_api(sign::event_of(200_000)).chunked(10_000),
        ),
        ("no event", sign::smile_api("[]")),
        ("no event, Smile.io", sign::smile_io("{}")),
        ("empty", sign::smile_api("")),
    ]
}

fn answers(kind: Kind) -> Vec<Response> {
    let subject = start(kind);
    requests()
        .iter()
        .map(|(_, request)| subject.send(request).comparable())
        .collect()
}

#[test]
fn every_server_gives_the_cores_answers() {
    let expected = answers(Kind::Core);
    for kind in Kind::SERVERS {
        for ((name, _), (expected, answer)) in
            requests().iter().zip(expected.iter().zip(answers(kind)))
        {
            assert_eq!(*expected, answer, "{name} on {kind:?}");
        }
    }
}

#[test]
fn an_extractor_without_its_layer_answers_alike() {
    let request = Request::post("/unprotected", sign::event());
    let on = |kind| start(kind).send(&request).comparable();
    let answer = on(Kind::Axum);
    answer.expect_status(500, "no layer");
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(answer, on(Kind::Actix));
}
