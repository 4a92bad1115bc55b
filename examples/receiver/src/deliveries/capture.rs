//! What is kept of a request while the middleware works on it.
//!
//! An observer's report has neither headers nor body. So a middleware outside the smile layer keeps
//! them in a task-local, and the observer, which runs inside, adds its report there.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use smile_core::{Outcome, Reason, Rejection, Report};

use super::{
    Content, Deliveries, Entry, Origin,
    entry::{EventFacts, SIGNATURE},
};
use crate::log::now;

tokio::task_local! {
    static CAPTURE: Capture;
}

/// One request, from its head to its answer. It becomes an entry when it ends or is dropped.
pub(crate) struct Recording {
    deliveries: Arc<Deliveries>,
    vendor: &'static str,
    start: Instant,
    received_at: Option<String>,
    capture: Capture,
    ended: bool,
}

/// What is known so far; clones share it.
#[derive(Clone)]
pub(crate) struct Capture(Arc<Mutex<Captured>>);

struct Captured {
    headers: Vec<(String, String)>,
    /// Signature and timestamp, for an app that the event is handed on to.
    signed: Vec<(String, String)>,
    body: Vec<u8>,
    size: u64,
    verdict: Option<Verdict>,
    attempt: Option<u64>,
    typed: Option<String>,
    /// Why the app that the event was handed on to did not take it, and what to do.
    failure: Option<(String, &'static str)>,
}

/// An observer's report, owned.
pub(super) struct Verdict {
    event: Option<EventFacts>,
    outcome: Outcome,
    status: Option<u16>,
    kind: Option<&'static str>,
    reason: Option<String>,
    remedy: Option<&'static str>,
}

impl Recording {
    /// Begins with a request's head. The path names the vendor.
    pub(crate) fn begin<'h>(
        deliveries: &Arc<Deliveries>,
        path: &str,
        headers: impl Iterator<Item = (&'h str, &'h [u8])>,
    ) -> Self {
        let mut captured = Captured {
            headers: Vec::new(),
            signed: Vec::new(),
            body: Vec::new(),
            size: 0,
            verdict: None,
            attempt: None,
            typed: None,
            failure: None,
        };
        for (name, value) in headers {
            let header = || {
                let value = String::from_utf8_lossy(value);
                (name.to_owned(), value.into_owned())
            };
            if matches!(name, SIGNATURE | "smile-timestamp") {
                captured.signed.push(header());
            }
            if name == SIGNATURE || !is_secret(name) {
                captured.headers.push(header());
            }
        }
        Self {
            deliveries: Arc::clone(deliveries),
            vendor: if path.ends_with("smile-io") {
                "smile-io"
            } else {
                "smile-api"
            },
            start: Instant::now(),
            received_at: now(),
            capture: Capture(Arc::new(Mutex::new(captured))),
            ended: false,
        }
    }

    pub(crate) fn capture(&self) -> Capture {
        self.capture.clone()
    }

    /// Runs the middleware and the handler, whose reports and notes come here. actix-web's look at
    /// the head when they are called, before they are awaited.
    pub(crate) async fn run<F: Future>(&self, inner: impl FnOnce() -> F) -> F::Output {
        CAPTURE.scope(self.capture(), async { inner().await }).await
    }

    /// Ends with the answer's status.
    pub(crate) fn end(mut self, status: u16) {
        self.add(Some(status));
    }

    fn add(&mut self, status: Option<u16>) {
        self.ended = true;
        let mut captured = self.capture.lock();
        let verdict = match (captured.verdict.take(), status) {
            (Some(verdict), _) => verdict,
            // axum's router refuses other methods before the layer sees them.
            (None, Some(405)) => Verdict::refused(&Reason::MethodNotPost.into()),
            (None, _) => return,
        };
        let mut body = std::mem::take(&mut captured.body);
        if verdict.outcome == Outcome::Rejected {
            body.truncate(MOST_OF_REFUSED);
        }
        let content = Content {
            headers: std::mem::take(&mut captured.headers),
            // Without the room that it grew with.
            body: Some(body.into_boxed_slice().into()),
            typed: captured.typed.take(),
        };
        let mut entry = verdict.into_entry(self.vendor, Origin::Request);
        entry.status = status.or(entry.status);
        entry.attempt = captured.attempt;
        entry.size = captured.size;
        entry.duration_ms = milliseconds(self.start);
        entry.received_at = self.received_at.take();
        entry.content = content;
        if let Some((reason, remedy)) = captured.failure.take() {
            entry.reason = Some(reason);
            entry.remedy = Some(remedy);
        }
        drop(captured);
        self.deliveries.add(entry);
    }
}

impl Drop for Recording {
    /// The sender has left, or the handler panicked.
    fn drop(&mut self) {
        if !self.ended {
            self.add(None);
        }
    }
}

impl Capture {
    /// Takes the next bytes of the body.
    pub(crate) fn push(&self, chunk: &[u8]) {
        let mut captured = self.lock();
        let room = MOST_OF_BODY - captured.body.len();
        captured
            .body
            .extend_from_slice(&chunk[..chunk.len().min(room)]);
        captured.size += u64::try_from(chunk.len()).unwrap_or_default();
    }

    fn lock(&self) -> MutexGuard<'_, Captured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes in the current request which run of the handler this is, and its typed view.
pub(crate) fn note_run(attempt: u64, typed: Option<&String>) {
    let _ = CAPTURE.try_with(|capture| {
        let mut captured = capture.lock();
        captured.attempt = Some(attempt);
        captured.typed = typed.cloned();
    });
}

/// Notes in the current request why an app did not take its event, and what to do.
pub(crate) fn note_failure(reason: String, remedy: &'static str) {
    let _ = CAPTURE.try_with(|capture| capture.lock().failure = Some((reason, remedy)));
}

/// The signature and the timestamp of the current request; `None` outside one.
pub(crate) fn signed_headers() -> Option<Vec<(String, String)>> {
    CAPTURE
        .try_with(|capture| capture.lock().signed.clone())
        .ok()
}

/// Gives a report to the current request. It comes back where there is none: the sender has left,
/// or a worker reports.
pub(super) fn report(verdict: Verdict) -> Option<Verdict> {
    let mut verdict = Some(verdict);
    let _ = CAPTURE.try_with(|capture| capture.lock().verdict = verdict.take());
    verdict
}

impl Verdict {
    pub(super) fn of(report: &Report<'_>) -> Self {
        let event = report.event.map(|event| EventFacts {
            id: event.id.map(str::to_owned),
            name: event.name.to_owned(),
            known: event.known,
            tenant: event.tenant.map(str::to_owned),
            secret_index: event.secret_index,
        });
        let verdict = match report.rejection {
            Some(rejection) => Self::refused(rejection),
            None => Self {
                event: None,
                outcome: report.outcome,
                status: report.status,
                kind: None,
                reason: explain(report),
                remedy: None,
            },
        };
        Self { event, ..verdict }
    }

    fn refused(rejection: &Rejection) -> Self {
        Self {
            event: None,
            outcome: Outcome::Rejected,
            status: Some(rejection.status()),
            kind: Some(rejection.kind().label()),
            reason: Some(format!("{rejection:#}")),
            remedy: Some(rejection.remedy()),
        }
    }

    pub(super) fn into_entry(self, vendor: &'static str, origin: Origin) -> Entry {
        Entry {
            seq: 0,
            vendor,
            origin,
            event: self.event,
            outcome: self.outcome,
            status: self.status,
            kind: self.kind,
            reason: self.reason,
            remedy: self.remedy,
            attempt: None,
            size: 0,
            duration_ms: 0.0,
            received_at: None,
            started_at: None,
            content: Content::default(),
        }
    }
}

/// Why an event that was not refused is not handled.
fn explain(report: &Report<'_>) -> Option<String> {
    let text = match (report.outcome, report.status) {
        (Outcome::HandlerFailed, Some(status)) => {
            return Some(format!("the handler answered {status}"));
        }
        (Outcome::HandlerFailed, None) => "the handler failed; it runs again",
        (Outcome::HandledLate, _) => "the handler ended after its lease; it may have run twice",
        (Outcome::IdReuse, _) => "the id came before, with another body",
        (Outcome::DeadLetter, _) if report.event.is_none() => "the signed body is not an event",
        (Outcome::DeadLetter, _) => "the handler failed for good",
        _ => return None,
    };
    Some(text.into())
}

/// So much of a body is kept, and so much of a refused one, which may be a stranger's.
const MOST_OF_BODY: usize = 1 << 20;
const MOST_OF_REFUSED: usize = 256 << 10;

pub(super) fn milliseconds(start: Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 1e6).round() / 1e3
}

fn is_secret(name: &str) -> bool {
    [
        "authorization",
        "cookie",
        "key",
        "password",
        "secret",
        "signature",
        "token",
    ]
    .iter()
    .any(|word| name.contains(word))
}
