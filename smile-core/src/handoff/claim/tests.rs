use std::{
    future::{Ready, pending, ready},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use tokio::sync::oneshot;

use super::*;
use crate::{
    DedupeStore, EventKey, Intake, IntakeResponse, KeyRing, RejectionKind, Secret, Signature,
    SmileApi, Verification, head::Post,
};

fn delivery(body: Bytes) -> Delivery<SmileApi> {
    let mac = Hmac::<Sha512>::new_from_slice(b"secret").unwrap();
    let tag = mac.chain_update(&body).finalize().into_bytes();
    let ring = KeyRing::<SmileApi>::new(Secret::new("secret").unwrap());
    let verified = Verification::begin(
        &ring,
        Signature::new(
            &Post {
                peer: None,
                headers: &[],
            },
            tag.into(),
        ),
        body.len(),
    )
    .push(body)
    .and_then(Verification::finish)
    .unwrap();
    Delivery::read(verified).unwrap()
}

fn intake() -> Intake<SmileApi> {
    Intake::smile_api(Secret::new("secret").unwrap()).build()
}

const STARTED: &str = r#"{"id":"et-1","type":"TASK_STARTED"}"#;

fn status(status: &u16) -> Option<u16> {
    Some(*status)
}

#[tokio::test]
async fn a_handler_that_panics_before_it_returns_a_future_releases_its_claim() {
    let intake = intake();
    let started = || delivery(STARTED.into());
    for _ in 0..2 {
        let panicking = |_| -> Ready<u16> { panic!("before its future") };
        let answer = intake.clone().hand_over(started(), panicking, status).await;
        let IntakeResponse::Rejected(rejection) = answer else {
            panic!("it was not refused")
        };
        assert_eq!(rejection.kind(), RejectionKind::HandlerPanicked);
    }
    let answer = intake.hand_over(started(), |_| ready(204), status).await;
    assert!(matches!(answer, IntakeResponse::Handler(204)));
}

/// A store that never answers, and keeps the keys of its claims.
#[derive(Clone, Default)]
struct Silent(Arc<Mutex<Vec<String>>>);

impl DedupeStore for Silent {
    fn claim(
        &self,
        key: &EventKey,
        _: Token,
        _: Fingerprint,
        _: Duration,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send {
        self.0.lock().unwrap().push(key.to_string());
        pending()
    }

    async fn extend(&self, _: &EventKey, _: Token, _: Duration) -> Result<Ownership, StoreError> {
        pending().await
    }

    async fn finish(
        &self,
        _: &EventKey,
        _: Token,
        _: Fingerprint,
        _: Duration,
    ) -> Result<Ownership, StoreError> {
        pending().await
    }

    async fn release(&self, _: &EventKey, _: Token) -> Result<Ownership, StoreError> {
        pending().await
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_given_up_within_two_seconds() {
    let intake: Intake<SmileApi> = Intake::smile_api(Secret::new("secret").unwrap())
        .deduplicate(Silent::default())
        .build();
    let answer = intake.hand_over(delivery(STARTED.into()), |_| ready(204), status);
    let answer = timeout(Duration::from_secs(2), answer).await.unwrap();
    let IntakeResponse::Rejected(rejection) = answer else {
        panic!("it was not refused")
    };
    assert_eq!(rejection.kind(), RejectionKind::StoreUnavailable);
}

#[tokio::test]
async fn an_event_is_claimed_under_the_scope_of_its_endpoint() {
    let store = Silent::default();
    let intake: Intake<SmileApi> = Intake::smile_api(Secret::new("secret").unwrap())
        .deduplicate(store.clone())
        .scope("billing")
        .unwrap()
        .build();
    let mut answer = pin!(intake.hand_over(delivery(STARTED.into()), |_| ready(204), status));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(answer.as_mut().poll(&mut cx).is_pending());
    assert_eq!(*store.0.lock().unwrap(), ["smile-api:billing::et-1"]);
}

#[tokio::test]
async fn a_waiting_delivery_is_woken_when_the_run_ends() {
    struct Woken(AtomicBool);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let intake = intake();
    let (end, ended) = oneshot::channel();
    let run = |_| async { ended.await.unwrap() };
    let mut cx = Context::from_waker(Waker::noop());
    let mut first = pin!(
        intake
            .clone()
            .hand_over(delivery(STARTED.into()), run, status)
    );
    assert!(first.as_mut().poll(&mut cx).is_pending());
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut again = pin!(intake.hand_over(delivery(STARTED.into()), |_| ready(500), status));
    let poll = again.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(poll.is_pending() && !woken.0.load(Ordering::Relaxed));
    end.send(204).unwrap();
    assert!(first.as_mut().poll(&mut cx).is_ready());
    // Nothing awaits in between, so no timer has woken it.
    assert!(woken.0.load(Ordering::Relaxed));
    assert!(matches!(again.await, IntakeResponse::Reply(reply) if reply.status() == 200));
}

/// Whether a delivery keeps its body while it waits for the first run of its event.
fn keeps_its_body_while_it_waits(body: String) -> bool {
    let intake = intake();
    let mut cx = Context::from_waker(Waker::noop());
    let first = delivery(STARTED.into());
    let run = |_| pending::<u16>();
    let mut first = pin!(intake.clone().hand_over(first, run, status));
    assert!(first.as_mut().poll(&mut cx).is_pending());
    let second = delivery(body.into());
    let shared = second.raw().clone();
    let mut second = pin!(intake.hand_over(second, run, status));
    assert!(second.as_mut().poll(&mut cx).is_pending());
    !shared.is_unique()
}

#[tokio::test]
async fn a_large_body_is_dropped_while_its_delivery_waits() {
    let small = STARTED.to_owned();
    let large = STARTED.to_owned() + &" ".repeat(KEPT_WHILE_WAITING);
    assert!(keeps_its_body_while_it_waits(small));
    assert!(!keeps_its_body_while_it_waits(large));
}
