//! The log lines that an operator works with.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    convert::Infallible,
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use smile_conformance::{Request, as_head, sign};
use smile_core::{
    Claim, DedupeStore, EventKey, Fingerprint, Head, Intake, IntakeBuilder, KeyRing, MemoryDedupe,
    Ownership, Secret, Secrets, SmileApi, StoreError, Token,
};

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

/// The lines that `run` logs on this thread.
fn logged(run: impl FnOnce()) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, run);
    let lines = log.0.lock().unwrap();
    String::from_utf8(lines.clone()).unwrap()
}

struct Whole(Option<Bytes>);

impl Stream for Whole {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

/// Delivers a request, with `body` as what arrives of it, to a handler that does `run`.
fn deliver<Fut: Future<Output = u16>>(
    intake: &Intake<SmileApi>,
    request: &Request,
    body: Vec<u8>,
    run: impl FnOnce() -> Fut,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(async {
        let Ok(admitted) = intake.admit(&as_head(request)) else {
            return;
        };
        if let Ok(delivery) = intake.receive(admitted, Whole(Some(body.into()))).await {
            let _ = intake
                .clone()
                .hand_over(delivery, |_| run(), |status| Some(*status))
                .await;
        }
    });
}

fn smile_api(secret: &str) -> IntakeBuilder<SmileApi> {
    Intake::smile_api(Secret::new(secret).unwrap())
}

#[track_caller]
fn assert_line(log: &str, parts: &[&str]) {
    let has_all = |line: &&str| parts.iter().all(|part| line.contains(part));
    assert!(log.lines().any(|line| has_all(&line)), "{parts:?} in {log}");
}

/// A store in which nobody made the table.
struct NoTable;

#[derive(Debug)]
struct Wrapped(io::Error);

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the server refused")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

fn no_table() -> StoreError {
    StoreError::new(Wrapped(io::Error::other("no such table: smile_dedupe")))
}

impl DedupeStore for NoTable {
    async fn claim(
        &self,
        _: &EventKey,
        _: Token,
        _: Fingerprint,
        _: Duration,
    ) -> Result<Claim, StoreError> {
        Err(no_table())
    }

    async fn extend(&self, _: &EventKey, _: Token, _: Duration) -> Result<Ownership, StoreError> {
        Err(no_table())
    }

    async fn finish(
        &self,
        _: &EventKey,
        _: Token,
        _: Fingerprint,
        _: Duration,
    ) -> Result<Ownership, StoreError> {
        Err(no_table())
    }

    async fn release(&self, _: &EventKey, _: Token) -> Result<Ownership, StoreError> {
        Err(no_table())
    }
}

#[test]
fn a_store_that_fails_is_logged_with_every_cause_and_the_event() {
    let id = sign::fresh_id();
    let event = sign::smile_api(sign::event_with_id(&id));
    let log = logged(|| {
        let intake = smile_api(sign::SECRET).deduplicate(NoTable).build();
        deliver(&intake, &event, event.body.bytes(), async || 204);
    });
    let reason = "reason=\"the event could not be claimed in the store: the store \
                  failed: the server refused: no such table: smile_dedupe\"";
    let id = format!("id=\"{id}\"");
    assert_line(
        &log,
        &[
            " WARN ",
            reason,
            &id,
            "event=\"ACCOUNT_CONNECTED\"",
            "remedy=\"",
        ],
    );
}

#[test]
fn a_panic_of_the_handler_is_logged_with_its_message_event_tenant_and_secret() {
    let id = sign::fresh_id();
    let event = sign::smile_api(sign::event_with_id(&id));
    let log = logged(|| {
        let ring = KeyRing::<SmileApi>::new(Secret::new("next").unwrap())
            .also_accept(Secret::new(sign::SECRET).unwrap())
            .and_then(|ring| ring.tenant("acme"))
            .unwrap();
        let secrets = Secrets::lookup(move |_: &dyn Head| {
            let ring = ring.clone();
            async move { Ok::<_, Infallible>(Some(ring)) }
        });
        let intake = Intake::smile_api(secrets).build();
        deliver(&intake, &event, event.body.bytes(), async || {
            panic!("no room")
        });
    });
    let id = format!("id=\"{id}\"");
    let expected = [
        "kind=\"handler_panicked\"",
        "panicked: no room",
        &id,
        "tenant=\"acme\"",
    ];
    assert_line(&log, &expected);
    assert_line(&log, &["secret=1", "status=500"]);
}

#[test]
fn a_body_that_something_read_before_is_told_from_a_wrong_secret() {
    let event = sign::smile_api(sign::event());
    let body = event.body.bytes();
    let declared = body.len();
    let event = event.header("content-length", declared.to_string());
    let log = logged(|| {
        deliver(
            &smile_api(sign::SECRET).build(),
            &event,
            Vec::new(),
            async || 204,
        );
    });
    let reason = format!(
        "reason=\"the signature does not match the 0 bytes received of {declared} declared: \
         something read the body first\""
    );
    assert_line(
        &log,
        &[&reason, "nothing has read or changed the body before it"],
    );

    let log = logged(|| {
        deliver(
            &smile_api("another").build(),
            &event,
            body.clone(),
            async || 204,
        );
    });
    assert_line(
        &log,
        &["bytes received\"", "compare the secret with the vendor's"],
    );
    assert!(!log.contains("has white space or quotes"), "{log}");
}

#[test]
fn a_secret_with_white_space_around_it_is_a_warning_at_start_and_in_each_mismatch() {
    let padded = format!("{}\n", sign::SECRET);
    let event = sign::smile_api(sign::event());
    let log = logged(|| {
        let intake = smile_api("fine")
            .also_accept(Secret::new(padded).unwrap())
            .unwrap()
            .build();
        deliver(&intake, &event, event.body.bytes(), async || 204);
    });
    let warning = "secret 1, counted from 0, has white space or quotes around it";
    assert_line(&log, &[" WARN ", warning, "vendor=\"smile-api\""]);
    assert_line(
        &log,
        &[
            "delivery refused",
            "a secret has white space or quotes around it",
        ],
    );
    assert!(!logged(|| drop(smile_api("fine").build())).contains("white space"));
}

#[test]
fn a_method_other_than_post_is_no_warning() {
    let mut get = sign::smile_api("");
    get.method = "GET";
    let log = logged(|| {
        deliver(
            &smile_api(sign::SECRET).build(),
            &get,
            Vec::new(),
            async || 204,
        )
    });
    let line = log
        .lines()
        .find(|line| line.contains("the method is not POST"));
    let line = line.unwrap();
    assert!(
        line.starts_with("DEBUG") && line.contains(" smile: delivery refused"),
        "{log}"
    );
}

#[test]
fn a_store_and_scope_shared_by_two_applications_are_noticed() {
    const LINE: &str = "under a secret that this endpoint does not have";
    let store = Arc::new(MemoryDedupe::default());
    let app = |secret: &str| {
        let builder = smile_api(secret).deduplicate(Arc::clone(&store));
        move |scope: &str| builder.scope(scope).unwrap().build()
    };
    let request = |secret: &str| sign::smile_api_with(secret, sign::event_with_id("et-1"));
    let body = || sign::event_with_id("et-1").into_bytes();
    let handled = || async { 204 };
    let log = logged(|| {
        let one = app("one")("default");
        deliver(&one, &request("one"), body(), handled);
        deliver(&one, &request("one"), body(), handled);
    });
    assert_line(&log, &["INFO", "duplicate"]);
    assert!(!log.contains(LINE), "a duplicate of its own: {log}");
    assert_eq!(store.len(), 1);

    let log = logged(|| deliver(&app("two")("default"), &request("two"), body(), handled));
    assert_line(
        &log,
        &["WARN", LINE, "`scope`", "scope=\"default\"", "et-1"],
    );
    assert_line(&log, &["INFO", "duplicate"]);

    let log = logged(|| {
        let both = smile_api("two")
            .also_accept(Secret::new("one").unwrap())
            .unwrap();
        let both = both.deduplicate(Arc::clone(&store)).build();
        deliver(&both, &request("two"), body(), handled);
    });
    assert_line(&log, &["INFO", "duplicate"]);
    assert!(!log.contains(LINE), "a rotation: {log}");

    let log = logged(|| deliver(&app("two")("two"), &request("two"), body(), handled));
    assert_line(&log, &["handled"]);
    assert_eq!(store.len(), 2);
}
