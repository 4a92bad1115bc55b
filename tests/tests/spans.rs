//! The span of a delivery, on every subject and in a worker. One test, since a process has one
//! global subscriber.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    convert::Infallible,
    thread::sleep,
    time::{Duration, Instant},
};

use smile_conformance::{Connection, Kind, Log, Reaction, Request, Setup, sign};
use smile_core::{Delivery, SmileApi, Worker};
use tracing_subscriber::fmt::format::FmtSpan;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn a_delivery_has_one_span_with_its_handlers_lines_on_every_subject_and_in_a_worker() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .init();
    for kind in [Kind::Core, Kind::Axum, Kind::Hyper, Kind::Actix] {
        a_handled_delivery(kind, &log);
        a_refused_head(kind, &log);
        if kind != Kind::Core {
            a_sender_that_leaves(kind, &log);
        }
    }
    a_worker(&log);
}

fn a_handled_delivery(kind: Kind, log: &Log) {
    let subject = Setup::new().start(kind);
    let (id, request) = with_id();
    let request = request.header("traceparent", TRACE);
    subject.send(&request).expect_status(204, "handled");
    let event =
        format!(r#"vendor="smile-api" traceparent="{TRACE}" event="ACCOUNT_CONNECTED" id="{id}""#);
    let line = only_line(log, &[&id, "the handler starts"]);
    assert_eq!(
        line,
        format!(" INFO smile.delivery{{{event}}}: handler: the handler starts")
    );
    let closed = only_line(log, &[&id, "smile: close"]);
    let ended = format!(r#"smile.delivery{{{event} outcome="handled" status=204}}: smile: close"#);
    assert!(closed.contains(&ended), "{kind:?}: {closed}");
}

fn a_refused_head(kind: Kind, log: &Log) {
    let subject = Setup::new().start(kind);
    let before = log.text().len();
    let request = sign::smile_api(sign::event()).without("smile-signature");
    subject.send(&request).expect_status(401, "refused");
    let text = log.text().split_off(before);
    let span = r#"smile.delivery{vendor="smile-api" outcome="signature" status=401}: smile: "#;
    let lines: Vec<_> = text.lines().filter(|line| line.contains(span)).collect();
    assert_eq!(lines.len(), 2, "{kind:?}: {text}");
    assert!(lines[0].contains("delivery refused"), "{kind:?}: {text}");
    assert!(lines[1].contains("smile: close"), "{kind:?}: {text}");
}

/// Its handler goes on, in a task.
fn a_sender_that_leaves(kind: Kind, log: &Log) {
    let subject = Setup::new()
        .react(|_| Reaction::AnswerAfter(Duration::from_millis(300), 204))
        .start(kind);
    let (id, request) = with_id();
    let mut connection = Connection::open(subject.address()).unwrap();
    connection.write(&request.to_wire()).unwrap();
    only_line(log, &[&id, "the handler starts"]);
    drop(connection);
    let line = only_line(log, &[&id, "the handler ends"]);
    assert!(line.contains(" smile.delivery{"), "{kind:?}: {line}");
    only_line(log, &[&id, r#"outcome="handled""#, "smile: close"]);
}

/// Its span has no parent, and the number of the attempt.
fn a_worker(log: &Log) {
    let subject = Setup::new().start(Kind::Core);
    let (id, request) = with_id();
    let request = request.header("traceparent", TRACE).to_inbox();
    subject.send(&request).expect_status(200, "stored");
    only_line(log, &[&id, r#"outcome="stored""#, "smile: close"]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(async {
        let worker = Worker::new(subject.inbox().clone())
            .handle(on_event)
            .start();
        subject.inbox().settled().await;
        worker.stop().await;
    });
    let event = format!(r#"attempt=1 traceparent="{TRACE}" event="ACCOUNT_CONNECTED" id="{id}""#);
    let line = only_line(log, &[&id, "worked"]);
    let expected = format!(r#"INFO smile.delivery{{vendor="smile-api" {event}}}: spans: worked"#);
    assert!(line.ends_with(&expected), "{line}");
    only_line(log, &[&event, r#"outcome="handled""#, "smile: close"]);
}

async fn on_event(_: Delivery<SmileApi>) -> Result<(), Infallible> {
    tracing::info!("worked");
    Ok(())
}

fn with_id() -> (String, Request) {
    let id = sign::fresh_id();
    let request = sign::smile_api(sign::event_with_id(&id));
    (id, request)
}

/// The one line with all these parts, once it is there.
#[track_caller]
fn only_line(log: &Log, parts: &[&str]) -> String {
    let start = Instant::now();
    loop {
        let text = log.text();
        let has_all = |line: &&str| parts.iter().all(|part| line.contains(part));
        let lines: Vec<_> = text.lines().filter(has_all).collect();
        match lines[..] {
            [line] => return line.to_owned(),
            [] if start.elapsed() < Duration::from_secs(10) => sleep(Duration::from_millis(5)),
            _ => panic!("expected one line with {parts:?}, found {lines:#?} in {text}"),
        }
    }
}
