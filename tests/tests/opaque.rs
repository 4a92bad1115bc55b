//! Nothing that is shown holds a secret, a computed signature or a body: no log line and no span at
//! any level, no metric, no error, no `Debug` output, no response.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    fmt::Write as _,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusBuilder;
use smile_conformance::{Kind, Reaction, Request, Setup, sign};
use smile_core::{
    Delivery, Dispatch, Intake, KeyRing, MetricsObserver, Permanent, Rejection, Secret, Secrets,
    Signature, SmileApi, TracingObserver, Unhandled, Verification, Worker,
    smile_api::data::AccountConnected, testkit::MemoryInbox,
};
use tracing_subscriber::fmt::format::FmtSpan;

/// In the secret, in every signed body, and in no other text.
const SECRET: &str = "hunter2-the-secret";
const PERSONAL: &str = "Zaphod Beeblebrox";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn event() -> String {
    sign::event().replace("jane", PERSONAL)
}

/// All kinds of requests, some right and some wrong.
fn requests() -> Vec<Request> {
    let signed = |body: String| sign::smile_api_with(SECRET, body);
    let repeated = signed(event());
    let broken = event().replace("\"data\":{", "\"data\":{\"userId\":{\"deep\":true},");
    vec![
        repeated.clone(),
        repeated,
        signed(event()),
        signed(event()),
        signed(format!("not an event: {PERSONAL}")),
        signed(format!(r#"{{"id":"{PERSONAL}"}}"#)),
        signed(broken),
        signed(event()).without("smile-signature"),
        signed(event()).header("smile-signature", "again"),
        signed(event()).map_header("smile-signature", |text| vec![b'0'; text.len()]),
        signed(event()).header("content-encoding", "gzip"),
        signed(event() + &" ".repeat(20_000)).chunked(1000),
        Request::post("/unprotected", event()),
    ]
}

/// Whatever the requests' signatures should be.
fn signatures() -> Vec<String> {
    requests()
        .iter()
        .filter(|request| request.target == sign::SMILE_API)
        .map(|request| sign::hex_sha512(SECRET, &request.body.bytes()))
        .collect()
}

#[track_caller]
fn nothing_is_given_away(shown: &str, what: &str) {
    assert!(!shown.contains(SECRET), "{what} holds the secret: {shown}");
    assert!(
        !shown.contains(&hex::encode(SECRET)),
        "{what} holds the secret in hex: {shown}"
    );
    assert!(
        !shown.contains(&format!("{:?}", SECRET.as_bytes())),
        "{what}: {shown}"
    );
    assert!(!shown.contains(PERSONAL), "{what} holds a body: {shown}");
    for signature in signatures() {
        assert!(
            !shown.contains(&signature[..16]),
            "{what} holds a signature: {shown}"
        );
    }
}

/// One test, since there is one log and one recorder of metrics in a process.
#[test]
fn no_log_line_no_span_no_metric_and_no_response_gives_anything_away() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).expect("the only one");
    let metrics = PrometheusBuilder::new().install_recorder().unwrap();
    let observer = (TracingObserver, MetricsObserver::new());

    for kind in Kind::SERVERS {
        let intake = || {
            Intake::smile_api(Secret::new(SECRET).unwrap())
                .body_limit(10_000)
                .unwrap()
                .observer(observer.clone())
        };
        let inbox = MemoryInbox::default();
        let subject = Setup::new()
            .smile_api(intake().build())
            .inbox_smile_api(intake().inbox(inbox.clone()))
            .react(|run| match run {
                1 => Reaction::Answer(500),
                2 => Reaction::Panic,
                _ => Reaction::Answer(204),
            })
            .start(kind);
        for request in requests() {
            if request.target == "/unprotected" && kind == Kind::Hyper {
                continue;
            }
            for request in [request.clone(), request.to_inbox()] {
                let answer = subject.send(&request);
                nothing_is_given_away(&String::from_utf8_lossy(&answer.body), "a response's body");
                nothing_is_given_away(&format!("{:?}", answer.headers), "a response's headers");
            }
        }
        work(&inbox, observer.clone());
    }

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for seen in [
        "delivery refused",
        "no verified event",
        r#"outcome="handled""#,
        r#"outcome="handler_failed""#,
        r#"outcome="handler_panicked""#,
        r#"outcome="stored""#,
        r#"outcome="unhandled""#,
        r#"outcome="dead_letter""#,
        "the handler failed; it runs again",
        "the event is a dead letter",
        "smile: close",
    ] {
        assert!(log.contains(seen), "{seen} is not in {log}");
    }
    nothing_is_given_away(&log, "the log");
    let metrics = metrics.render();
    assert!(
        metrics.contains(r#"outcome="handler_panicked""#),
        "{metrics}"
    );
    nothing_is_given_away(&metrics, "a metric");
}

/// Handles what is stored, by a table whose handler fails, panics and gives up.
fn work(inbox: &MemoryInbox, observer: (TracingObserver, MetricsObserver)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(async {
        let worker = Worker::new(inbox.clone())
            .backoff(Duration::from_millis(1), Duration::from_millis(1))
            .observer(observer)
            .dispatch(Dispatch::new().on(handle).otherwise(take))
            .start();
        inbox.settled().await;
        worker.stop().await;
    });
}

async fn handle(
    event: Delivery<SmileApi>,
    account: AccountConnected<'static>,
) -> Result<(), Permanent> {
    assert_eq!(account.login_name.as_deref(), Some(PERSONAL));
    assert!(event.attempt() > 1, "the handler was told to panic");
    Err(Permanent::new("no such account"))
}

async fn take(_: Delivery<SmileApi>, _: Unhandled) -> Result<(), Permanent> {
    Ok(())
}

#[test]
fn no_debug_output_and_no_error_gives_anything_away() {
    let secret = || Secret::new(SECRET).unwrap();
    let ring = KeyRing::<SmileApi>::new(secret())
        .also_accept(secret())
        .unwrap();
    let request = sign::smile_api_with(SECRET, event());
    let body = Bytes::from(request.body.bytes());
    let head = smile_conformance::as_head(&request);
    let signature = || Signature::<SmileApi>::read(&head, 0, Default::default()).unwrap();
    let begun = Verification::begin(&ring, signature(), 10_000)
        .push(body.clone())
        .unwrap();
    let refused = Verification::begin(&ring, signature(), 10_000)
        .finish()
        .unwrap_err();

    let mut shown = String::new();
    write!(
        shown,
        "{:?} {:?} {:?} {begun:?}",
        secret(),
        ring,
        signature()
    )
    .unwrap();
    write!(shown, "{:?}", Secrets::from(ring.clone())).unwrap();
    write!(shown, "{:?}", Intake::smile_api(ring.clone())).unwrap();
    write!(shown, "{:?}", Intake::smile_api(ring).build()).unwrap();
    write!(shown, "{refused:?} {refused} {:?}", refused.reply()).unwrap();
    let verified = begun.finish().unwrap();
    write!(shown, "{verified:?} {:?}", verified.fingerprint()).unwrap();
    let delivery = smile_core::Delivery::<SmileApi>::read(verified).unwrap();
    write!(shown, "{delivery:?}").unwrap();
    let broken = begun_with(&event().replace("\"u-1\"", "{}"))
        .data()
        .map(drop)
        .unwrap_err();
    write!(shown, "{broken:?} {broken}").unwrap();
    let text = format!(r#"{{"id":["{PERSONAL}"],"type":"X"}}"#);
    let rejection: Rejection = try_begun_with(&text).unwrap_err();
    write!(shown, "{rejection:?} {rejection}").unwrap();

    nothing_is_given_away(&shown, "an output");
}

fn begun_with(body: &str) -> smile_core::Delivery<SmileApi> {
    try_begun_with(body).unwrap()
}

fn try_begun_with(body: &str) -> Result<smile_core::Delivery<SmileApi>, Rejection> {
    let request = sign::smile_api_with(SECRET, body.to_owned());
    let ring = KeyRing::<SmileApi>::new(Secret::new(SECRET).unwrap());
    let head = smile_conformance::as_head(&request);
    let signature = Signature::read(&head, 0, Default::default())?;
    let body = Bytes::from(request.body.bytes());
    smile_core::Delivery::read(
        Verification::begin(&ring, signature, 10_000)
            .push(body)?
            .finish()?,
    )
}
