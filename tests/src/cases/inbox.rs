//! Endpoints that store an event and answer.

use std::{future::pending, time::Instant};

use smile_core::{
    Accepted, DeadReason, Inbox, Job, NewEvent, StoreError, Take, WorkQueue, testkit::MemoryInbox,
};

use crate::{Kind, Running, Setup, sign};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.expect("a runtime").block_on(future)
}

fn take(subject: &Running, vendor: &str) -> Vec<Job> {
    let inbox: &MemoryInbox = subject.inbox();
    block_on(inbox.take(Take::new(vendor, "default", 100))).expect("the memory never fails")
}

fn dead(subject: &Running) -> Vec<DeadReason> {
    let letters = block_on(subject.inbox().dead_letters(0, 100)).expect("the memory never fails");
    letters.iter().map(|letter| letter.reason).collect()
}

/// The handler of the other endpoint is not asked.
pub fn a_new_event_is_stored_as_it_came_and_answered_200(kind: Kind) {
    let subject = Setup::new().start(kind);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let event = sign::event();
    for request in [
        sign::smile_api(event.clone()).header("traceparent", trace),
        sign::smile_api(sign::event()).chunked(10),
    ] {
        let answer = subject.send(&request.to_inbox());
        answer.expect_status(200, "new");
        assert_eq!(answer.header("smile-duplicate"), None);
        assert_eq!(answer.body, b"");
    }
    let jobs = take(&subject, "smile-api");
    assert_eq!(jobs.len(), 2);
    assert_eq!(jobs[0].event.body, event);
    assert_eq!(jobs[0].event.trace_parent.as_deref(), Some(trace));
    assert_eq!(subject.seen(), []);
}

/// Both vendors may share an inbox.
pub fn an_event_of_the_other_vendor_is_stored_as_well(kind: Kind) {
    let subject = Setup::new().start(kind);
    let request = sign::smile_io(sign::customer()).to_inbox();
    subject.send(&request).expect_status(200, "new");
    subject.send(&request).expect_status(200, "again");
    assert_eq!(take(&subject, "smile-api").len(), 0);
    assert_eq!(take(&subject, "smile-io").len(), 1);
}

/// Every sender stops at a 2xx.
pub fn a_repetition_is_answered_200_and_stored_once(kind: Kind) {
    let subject = Setup::new().start(kind);
    let request = sign::smile_api(sign::event()).to_inbox();
    subject.send(&request).expect_status(200, "new");
    for again in [request.clone(), request.chunked(10)] {
        let answer = subject.send(&again);
        answer.expect_status(200, "again");
        assert_eq!(answer.header("smile-duplicate"), Some("true"));
    }
    assert_eq!(subject.inbox().len(), 1);
}

/// To refuse it would make the vendor send it again, in vain.
pub fn another_body_under_the_same_id_is_a_dead_letter(kind: Kind) {
    let subject = Setup::new().start(kind);
    let event = sign::event();
    let other = event.replace("jane", "joan");
    for body in [event, other.clone(), other] {
        let answer = subject.send(&sign::smile_api(body).to_inbox());
        answer.expect_status(200, "any");
    }
    assert_eq!(dead(&subject), [DeadReason::IdReuse]);
    assert_eq!(take(&subject, "smile-api").len(), 1);
}

/// A later version may read it.
pub fn a_signed_body_that_is_no_event_is_a_dead_letter(kind: Kind) {
    let subject = Setup::new().start(kind);
    for body in ["", "[1]", r#"{"id":"et-1"}"#, "not json"] {
        let request = sign::smile_api(body).to_inbox();
        subject.send(&request).expect_status(200, body);
        let again = subject.send(&request);
        assert_eq!(again.header("smile-duplicate"), Some("true"), "{body}");
    }
    assert_eq!(dead(&subject), [DeadReason::NotAnEvent; 4]);
    assert_eq!(take(&subject, "smile-api").len(), 0);
}

/// As in front of a handler.
pub fn a_ping_is_answered_and_not_stored(kind: Kind) {
    let subject = Setup::new().start(kind);
    let answer = subject.send(&sign::smile_io(sign::ping()).to_inbox());
    answer.expect_status(200, "ping");
    assert!(subject.inbox().is_empty());
}

/// Whatever a handler would not see.
pub fn what_is_not_verified_is_not_stored(kind: Kind) {
    let builder = Setup::smile_api_builder()
        .body_limit(1000)
        .expect("a limit");
    let inbox = MemoryInbox::default();
    let subject = Setup::new()
        .inbox_smile_api(builder.inbox(inbox.clone()))
        .start(kind);
    let good = || sign::smile_api(sign::event()).to_inbox();
    for (request, status) in [
        (good().without("smile-signature"), 401),
        (sign::smile_api_with("wrong", sign::event()).to_inbox(), 401),
        (good().header("content-encoding", "gzip"), 415),
        (sign::smile_api(sign::event_of(1001)).to_inbox(), 413),
    ] {
        subject.send(&request).expect_status(status, "refused");
    }
    assert!(inbox.is_empty());
    subject.send(&good()).expect_status(200, "the good one");
    assert_eq!(inbox.len(), 1);
}

/// The endpoint takes every method, and answers.
pub fn a_method_other_than_post_stores_nothing(kind: Kind) {
    let subject = Setup::new().start(kind);
    let mut request = sign::smile_api(sign::event()).to_inbox();
    request.method = "PUT";
    let answer = subject.send(&request);
    answer.expect_status(405, "PUT");
    assert_eq!(answer.header("allow"), Some("POST"));
    assert!(subject.inbox().is_empty());
}

#[derive(Clone, Copy)]
enum Broken {
    Fails,
    Hangs,
    Panics,
}

impl Inbox for Broken {
    async fn accept(&self, _event: NewEvent) -> Result<Accepted, StoreError> {
        match self {
            Self::Fails => Err(StoreError::new("the disk is full")),
            Self::Hangs => pending().await,
            Self::Panics => panic!("the inbox was told to panic"),
        }
    }
}

/// Within two seconds, so that the vendor's own limit is not reached.
pub fn an_inbox_that_fails_hangs_or_panics_is_503(kind: Kind) {
    for broken in [Broken::Fails, Broken::Hangs, Broken::Panics] {
        let endpoint = Setup::smile_api_builder().inbox(broken);
        let subject = Setup::new().inbox_smile_api(endpoint).start(kind);
        let asked = Instant::now();
        let answer = subject.send(&sign::smile_api(sign::event()).to_inbox());
        answer.expect_status(503, "broken");
        assert_eq!(answer.header("retry-after"), Some("5"));
        assert!(asked.elapsed().as_secs() < 2, "{:?}", asked.elapsed());
    }
}
