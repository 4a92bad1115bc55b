//! The crates of this workspace, set up as their documentation says.

use std::{
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use smile_core::{
    Claim, DedupeStore, Delivery, DeliveryKey, Fingerprint, Held, Intake, IntakeBuilder,
    MemoryDedupe, Secret, SmileApi, Token,
};

use crate::delivery::SECRET;

pub(crate) mod actix;
pub(crate) mod axum;
pub(crate) mod hyper;

/// What a layer does with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handoff {
    /// None of the others remembers events, so this is what to compare with them.
    Direct,
    /// The default.
    Deduplicated,
}

/// What a handler reads of an event.
pub(crate) trait Reading: Send + 'static {
    fn read(event: &Delivery<SmileApi>);
}

/// Its type and id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EnvelopeOnly;

/// Its data, typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Typed;

impl Reading for EnvelopeOnly {
    fn read(event: &Delivery<SmileApi>) {
        black_box((event.event_type(), event.id()));
    }
}

impl Reading for Typed {
    fn read(event: &Delivery<SmileApi>) {
        black_box(&event.data())
            .as_ref()
            .expect("the body is an event");
    }
}

pub(crate) fn intake(handoff: Handoff) -> Intake<SmileApi> {
    let intake: IntakeBuilder<SmileApi> = Intake::smile_api(secret());
    match handoff {
        Handoff::Direct => intake.direct().build(),
        Handoff::Deduplicated => intake.build(),
    }
}

/// As after some days: the memory is full, and each event has another forgotten. A fresh one is
/// mostly pages that nobody has touched, and whoever is first to touch one pays for it.
pub(crate) fn intake_under_way() -> Intake<SmileApi> {
    let capacity = MemoryDedupe::DEFAULT_CAPACITY;
    let store = MemoryDedupe::bounded(capacity);
    remember(&store, capacity.get());
    Intake::smile_api(secret()).deduplicate(store).build()
}

/// Has the memory see as many events.
pub(crate) fn remember(store: &MemoryDedupe, events: usize) {
    let (lease, retention) = (Duration::from_secs(15), Duration::from_secs(86_400));
    for event in 0..events {
        let key = DeliveryKey::new(&format!("smile-api:default::et-f{event:031x}"));
        let (token, print) = (Token::unique(), Fingerprint::default());
        let claim = at_once(store.claim(&key, token, print, lease));
        assert!(matches!(claim, Ok(Claim::Acquired { .. })), "{claim:?}");
        let held = at_once(store.finish(&key, token, print, retention));
        assert!(matches!(held, Ok(Held::Held)), "{held:?}");
    }
}

/// The memory never waits.
fn at_once<T>(answer: impl Future<Output = T>) -> T {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => unreachable!("the memory waits for nobody"),
    }
}

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET).expect("it is not empty")
}
