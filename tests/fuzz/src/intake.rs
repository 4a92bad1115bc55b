//! The whole intake, from a head to the handler's answer, with the body in any pieces.

use std::{
    collections::HashSet,
    convert::Infallible,
    future::ready,
    num::NonZeroUsize,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::Stream;
use smile_core::{
    Delivery, Intake, IntakeBuilder, IntakeResponse, KeyRing, MemoryDedupe, Outcome, Rejection,
    RejectionKind, Secret, SmileApi, SmileIo, Vendor,
    testkit::{FixedClock, Recorder},
};
use tokio::runtime::{Builder, Runtime};

use crate::{
    json::{Members, text},
    request::Request,
    sign,
    signature::NOW,
};

const LIMIT: usize = 2048;

/// Sends up to four deliveries to one intake, and expects of each what the reference expects.
///
/// Input: the vendor (odd: Smile.io) and the number of secrets, one byte; how many deliveries, one
/// byte; four bytes for each delivery; then the text for their bodies.
pub fn intake(input: &[u8]) {
    let [setup, count, rest @ ..] = input else {
        return;
    };
    let count = 1 + usize::from(count % 4);
    let Some((plans, text)) = rest.split_at_checked(4 * count) else {
        return;
    };
    let secrets = 1 + usize::from(setup / 2 % 4);
    let plans = plans.chunks(4).map(|plan| Plan::new(plan, text));
    if setup % 2 == 0 {
        let begin = |ring: KeyRing<SmileApi>| Intake::smile_api(ring);
        play(begin, secrets, plans, Vendors::SmileApi);
    } else {
        let begin = |ring: KeyRing<SmileIo>| Intake::smile_io(ring);
        play(begin, secrets, plans, Vendors::SmileIo);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Vendors {
    SmileApi,
    SmileIo,
}

/// One delivery, as the input has it.
struct Plan {
    /// 0 to 3: the secret of that place in the ring. Others: see `sign`.
    signer: u8,
    body: Vec<u8>,
    cuts: [u8; 2],
    succeeds: bool,
}

impl Plan {
    fn new(plan: &[u8], text: &[u8]) -> Self {
        let body = match plan[1] % 8 {
            0 => text.to_vec(),
            1 => br#"{"topic":"ping","account_id":1,"data":{}}"#.to_vec(),
            kind => {
                let text = String::from_utf8_lossy(text);
                let text = serde_json::to_string(&text).expect("text");
                let id = kind % 3;
                format!(
                    r#"{{"id":"et-{id}","type":"USER_CREATED","topic":"customer/{id}","data":{{"userId":{text}}}}}"#
                )
                .into_bytes()
            }
        };
        Self {
            signer: plan[0] % 8,
            body,
            cuts: [plan[2], plan[3] & 0x7f],
            succeeds: plan[3] < 0x80,
        }
    }

    /// The headers, signed with a secret of the ring, with a retired one, or spoilt.
    fn sign(&self, vendor: Vendors) -> Vec<(&'static str, Vec<u8>)> {
        let secret = match self.signer {
            0..4 => secret(self.signer.into()),
            _ => b"retired".to_vec(),
        };
        let timestamp = NOW.to_string().into_bytes();
        let mut headers = match vendor {
            Vendors::SmileApi => {
                let tag = sign::smile_api(&secret, &self.body);
                vec![("smile-signature", sign::hex(&tag))]
            }
            Vendors::SmileIo => {
                let tag = sign::smile_io(&secret, &timestamp, &self.body);
                vec![
                    ("smile-timestamp", timestamp),
                    ("smile-signature", sign::base64(&tag)),
                ]
            }
        };
        match self.signer {
            5 => headers.clear(),
            6 => headers.extend(headers.clone()),
            _ => {}
        }
        headers
    }

    /// The body in pieces, some of them empty.
    fn chunks(&self) -> Chunks {
        let [first, step] = self.cuts.map(usize::from);
        let mut rest = Bytes::from(self.body.clone());
        let mut chunks = vec![rest.split_to(first.min(rest.len()))];
        while step > 0 && rest.len() > step {
            chunks.push(rest.split_to(step));
            chunks.push(Bytes::new());
        }
        chunks.push(rest);
        chunks.reverse();
        Chunks {
            left: chunks,
            waits: first % 2 == 1,
        }
    }
}

fn secret(place: usize) -> Vec<u8> {
    format!("secret {place}").into_bytes()
}

/// What the reference expects of one delivery.
#[derive(Debug, PartialEq)]
enum Expected {
    Refused(RejectionKind),
    Ping,
    Duplicate,
    /// The handler runs, and the secret at this place matched.
    Run(usize),
}

/// The events that the reference has seen succeed.
#[derive(Default)]
struct Reference(HashSet<Vec<u8>>);

impl Reference {
    /// `None` where a body is no strict JSON: then the library may find an envelope or not.
    fn expect(&mut self, plan: &Plan, secrets: usize, vendor: Vendors) -> Option<Expected> {
        if matches!(plan.signer, 5 | 6) {
            return Some(Expected::Refused(RejectionKind::Signature));
        }
        if plan.body.len() > LIMIT {
            return Some(Expected::Refused(RejectionKind::BodyTooLarge));
        }
        let place = usize::from(plan.signer);
        if place >= secrets {
            return Some(Expected::Refused(RejectionKind::Signature));
        }
        let members = Members::of(&plan.body)?;
        let names: &[&str] = match vendor {
            Vendors::SmileApi => &["id", "type"],
            Vendors::SmileIo => &["topic"],
        };
        let mut texts = Vec::new();
        for name in names {
            match members.first(name) {
                Some(json) if json.starts_with('"') => texts.push(text(json)?),
                _ => return Some(Expected::Refused(RejectionKind::NotAnEvent)),
            }
        }
        let is_api = vendor == Vendors::SmileApi;
        if !is_api && texts[0] == "ping" {
            return Some(Expected::Ping);
        }
        let key = match &texts[0] {
            id if is_api && !id.is_empty() => format!("id {id}").into_bytes(),
            _ => [b"body ", &plan.body[..]].concat(),
        };
        if self.0.contains(&key) {
            return Some(Expected::Duplicate);
        }
        if plan.succeeds {
            self.0.insert(key);
        }
        Some(Expected::Run(place))
    }
}

fn play<V: Vendor>(
    begin: impl Fn(KeyRing<V>) -> IntakeBuilder<V>,
    secrets: usize,
    plans: impl Iterator<Item = Plan>,
    vendor: Vendors,
) {
    let secret = |place| Secret::new(secret(place)).expect("a secret");
    let ring = (1..secrets).fold(KeyRing::<V>::new(secret(0)), |ring, place| {
        ring.also_accept(secret(place)).expect("no more than four")
    });
    let recorder = Recorder::default();
    let intake = begin(ring)
        .clock(FixedClock(NOW))
        .deduplicate(MemoryDedupe::bounded(NonZeroUsize::MIN.saturating_add(15)))
        .body_limit(LIMIT)
        .expect("a limit")
        .observer(recorder.clone())
        .build();
    let mut reference = Reference::default();
    let mut outcomes = Vec::new();
    for plan in plans {
        let expected = reference.expect(&plan, secrets, vendor);
        let is_strict = expected.is_some();
        let (found, outcome) = deliver(&intake, &plan, vendor);
        match expected {
            Some(expected) => assert_eq!(found, expected, "{:?}", plan.body),
            None => assert!(!matches!(
                found,
                Expected::Refused(kind) if kind != RejectionKind::NotAnEvent
            )),
        }
        outcomes.push(outcome);
        assert_eq!(recorder.outcomes(), outcomes, "one report for each request");
        if !is_strict {
            // The reference no longer knows which events are done.
            return;
        }
    }
}

/// The outcome of a delivery in the library.
fn deliver<V: Vendor>(intake: &Intake<V>, plan: &Plan, vendor: Vendors) -> (Expected, Outcome) {
    thread_local! {
        static RUNTIME: Runtime = Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
    }
    let refused = |kind| (Expected::Refused(kind), Outcome::Rejected);
    let headers = plan.sign(vendor);
    let head = Request {
        method: "POST",
        peer: None,
        headers: headers
            .iter()
            .map(|(name, value)| (*name, &value[..]))
            .collect(),
    };
    let admitted = match intake.admit(&head) {
        Ok(admitted) => admitted,
        Err(rejection) => return refused(rejection.kind()),
    };
    let seen = Arc::new(Mutex::new(None));
    let status = if plan.succeeds { 204 } else { 500 };
    let run = |event: Delivery<V>| {
        let sees = (event.raw().clone(), event.secret_index());
        *seen.lock().expect("no panic before") = Some(sees);
        ready(status)
    };
    let answer = RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let event = intake.receive(admitted, plan.chunks()).await?;
            let status = |status: &u16| Some(*status);
            Ok::<_, Rejection>(intake.clone().hand_over(event, run, status).await)
        })
    });
    let seen = seen.lock().expect("no panic before").take();
    match (answer, seen) {
        (Err(rejection), None) => refused(rejection.kind()),
        (Ok(IntakeResponse::Rejected(rejection)), None) => refused(rejection.kind()),
        (Ok(IntakeResponse::Reply(reply)), None) => {
            assert_eq!(reply.status(), 200);
            let is_ping = vendor == Vendors::SmileIo
                && Members::of(&plan.body)
                    .and_then(|members| members.first("topic"))
                    .is_some_and(|topic| text(topic).as_deref() == Some("ping"));
            if is_ping {
                (Expected::Ping, Outcome::Ping)
            } else {
                (Expected::Duplicate, Outcome::Duplicate)
            }
        }
        (Ok(IntakeResponse::Handler(answer)), Some((raw, place))) => {
            assert_eq!(answer, status);
            assert_eq!(raw, plan.body, "the handler has the bytes that were signed");
            let outcome = if plan.succeeds {
                Outcome::Handled
            } else {
                Outcome::HandlerFailed
            };
            (Expected::Run(place), outcome)
        }
        (answer, seen) => panic!("{answer:?} after {seen:?}"),
    }
}

/// A body that comes in pieces, between which the receiver may have to wait.
struct Chunks {
    left: Vec<Bytes>,
    waits: bool,
}

impl Stream for Chunks {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.waits) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.waits = self.left.len() % 3 == 1;
        Poll::Ready(self.left.pop().map(Ok))
    }
}
