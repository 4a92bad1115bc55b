//! The endpoint of an inbox: verifies, stores and answers.

use std::{fmt, future::Future, sync::Arc, time::SystemTime};

use bytes::Bytes;
use futures_core::Stream;

use super::{Accepted, DeadReason, Inbox, NewEvent};
use crate::{
    BodyError, Delivery, EventKey, Head, Intake, IntakeBuilder, Outcome, Reason, Rejection, Reply,
    Vendor, Verified, clock,
    handoff::{StoreFuture, guarded},
    intake::{Admitted, InboxKey, trace_parent},
    observe::{Progress, Stage, in_span},
};

/// The intake pipeline of an endpoint without a handler: what it verifies it stores in an [`Inbox`].
///
/// An adapter shows a request's head to [`admit`](Self::admit) and gives the body to
/// [`accept`](Self::accept) or, where the head was refused, to [`dismiss`](Self::dismiss).
///
/// | Case | Answer |
/// |---|---|
/// | a new event | 200, when it is durable |
/// | an event that is stored already | 200 and `Smile-Duplicate: true` |
/// | another body under the id of a stored event | 200; it is a dead letter |
/// | a signed body that is no event | 200; it is a dead letter |
/// | a ping of Smile.io | 200, and nothing is stored |
/// | the inbox fails, or is slower than 1.5 s | 503 with `Retry-After` |
///
/// Everything else is refused as in front of a handler.
pub struct InboxIntake<V: Vendor> {
    intake: Intake<V>,
    inbox: Arc<dyn ErasedInbox>,
}

impl<V: Vendor> InboxIntake<V> {
    /// Puts the inbox behind the intake, whose settings for a handler have no meaning then.
    pub fn new(intake: Intake<V>, inbox: impl Inbox) -> Self {
        let inbox = Arc::new(inbox);
        Self { intake, inbox }
    }

    /// Looks at a request's head, as [`Intake::admit`] does.
    ///
    /// # Errors
    ///
    /// The [`Rejection`], which was reported. Give it to [`dismiss`](Self::dismiss).
    pub fn admit(&self, head: &dyn Head) -> Result<InboxAdmitted<V>, Rejection> {
        let mut admitted = self.intake.admit(head)?;
        if admitted.progress.span.is_none() {
            // The intake has not looked for it. It is stored in any case.
            admitted.progress.link(trace_parent(head));
        }
        Ok(InboxAdmitted {
            admitted,
            received_at: clock::now(),
        })
    }

    /// Reads on the body of a request whose head was refused, as [`Intake::dismiss`] does.
    pub async fn dismiss<B, E>(&self, rejection: Rejection, body: B) -> Rejection
    where
        B: Stream<Item = Result<Bytes, E>>,
        E: Into<BodyError>,
    {
        self.intake.dismiss(rejection, body).await
    }

    /// Reads the body of a request that it admitted, verifies it, and stores it.
    ///
    /// # Errors
    ///
    /// The [`Rejection`] to answer with; it was reported.
    pub fn accept<B, E>(
        &self,
        admitted: InboxAdmitted<V>,
        body: B,
    ) -> impl Future<Output = Result<Reply, Rejection>>
    where
        B: Stream<Item = Result<Bytes, E>>,
        E: Into<BodyError>,
    {
        let span = admitted.admitted.progress.span.clone();
        in_span(span, || self.accept_in_span(admitted, body))
    }

    async fn accept_in_span<B, E>(
        &self,
        InboxAdmitted {
            admitted,
            received_at,
        }: InboxAdmitted<V>,
        body: B,
    ) -> Result<Reply, Rejection>
    where
        B: Stream<Item = Result<Bytes, E>>,
        E: Into<BodyError>,
    {
        let (verified, mut progress) = self.intake.receive_bytes(admitted, body).await?;
        let progress = &mut progress;
        let trace_parent = progress.trace_parent().map(Box::from);
        let Some(delivery) = self.read(&verified, progress)? else {
            let key = self.intake.key_of_body(&verified);
            let event = NewEvent {
                dead: Some(DeadReason::NotAnEvent),
                trace_parent,
                ..self.event(key, &verified, received_at)
            };
            return self.store(event, None, progress).await;
        };
        progress.verified(&delivery);
        let key = match self.key(&delivery) {
            Ok(InboxKey::Ping) => return Ok(self.intake.answer_ping(progress, &delivery)),
            Ok(InboxKey::Event(key)) => key,
            Err(rejection) => {
                return Err(self.intake.reject(progress, Some(&delivery), rejection));
            }
        };
        let event = NewEvent {
            id: V::event_id(delivery.envelope()).map(Box::from),
            name: Some(delivery.event_name().into()),
            trace_parent,
            ..self.event(key, &verified, received_at)
        };
        self.store(event, Some(&delivery), progress).await
    }

    /// `None` for a body that is no event.
    fn read(
        &self,
        verified: &Verified<Bytes>,
        progress: &mut Progress,
    ) -> Result<Option<Delivery<V>>, Rejection> {
        match self.intake.read(verified.clone()) {
            Ok(delivery) => Ok(Some(delivery)),
            Err(rejection) if *rejection.reason() == Reason::NoEnvelope => Ok(None),
            Err(rejection) => Err(self.intake.reject(progress, None, rejection)),
        }
    }

    /// The key of an event, where it is not a ping that the intake answers.
    pub(super) fn key(&self, delivery: &Delivery<V>) -> Result<InboxKey, Rejection> {
        self.intake.inbox_key(delivery)
    }

    pub(super) fn event(
        &self,
        key: EventKey,
        verified: &Verified<Bytes>,
        received_at: SystemTime,
    ) -> NewEvent {
        NewEvent {
            retention: self.intake.retention(),
            ..NewEvent::new::<V>(key, self.intake.scope(), verified, received_at)
        }
    }

    pub(super) async fn keep(&self, event: NewEvent) -> Result<Accepted, Rejection> {
        let accepted = self.inbox.accept(event).await;
        accepted.map_err(|err| {
            let rejection = Rejection::from(Reason::InboxFailed).because(Arc::new(err));
            rejection.retry_in(crate::handoff::RETRY)
        })
    }

    async fn store(
        &self,
        event: NewEvent,
        delivery: Option<&Delivery<V>>,
        progress: &mut Progress,
    ) -> Result<Reply, Rejection> {
        progress.enter(Stage::Claim);
        let is_dead = event.dead.is_some();
        let outcome = match self.keep(event).await {
            Ok(Accepted::New) if is_dead => Outcome::DeadLetter,
            Ok(Accepted::New) => Outcome::Stored,
            Ok(Accepted::Duplicate) => Outcome::Duplicate,
            Ok(Accepted::IdReuse) => Outcome::IdReuse,
            Err(rejection) => return Err(self.intake.reject(progress, delivery, rejection)),
        };
        self.intake.ended(progress, outcome, delivery, Some(200));
        Ok(match outcome {
            Outcome::Duplicate => Reply::duplicate(),
            _ => Reply::empty(200),
        })
    }
}

impl<V: Vendor> Clone for InboxIntake<V> {
    fn clone(&self) -> Self {
        Self {
            intake: self.intake.clone(),
            inbox: Arc::clone(&self.inbox),
        }
    }
}

impl<V: Vendor> fmt::Debug for InboxIntake<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InboxIntake").field(&self.intake).finish()
    }
}

/// A request whose head is in order, and whose body may be read: for [`InboxIntake::accept`].
pub struct InboxAdmitted<V: Vendor> {
    admitted: Admitted<V>,
    received_at: SystemTime,
}

impl<V: Vendor> fmt::Debug for InboxAdmitted<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InboxAdmitted")
            .field(&self.admitted)
            .finish()
    }
}

/// What an [`IntakeBuilder`] builds, and the endpoint that it builds in its place for an inbox.
///
/// For adapters: `SmileLayer` of `smile-tower` becomes its `SmileInbox`.
pub trait IntoEndpoint<V: Vendor>: From<Intake<V>> {
    /// The endpoint.
    type Endpoint: From<InboxIntake<V>>;
}

impl<V: Vendor> IntoEndpoint<V> for Intake<V> {
    type Endpoint = InboxIntake<V>;
}

impl<V: Vendor, T: IntoEndpoint<V>> IntakeBuilder<V, T> {
    /// Ends the configuration with an endpoint that stores events in this inbox and answers 200, in
    /// place of [`build`](Self::build). There is no handler inside; a [`Worker`](super::Worker) handles
    /// the events.
    ///
    /// Settings about stores, leases and handlers have no meaning for it, but the
    /// [`retention`](Self::retention) does, and so do [`scope`](Self::scope) and
    /// [`dedupe_by`](Self::dedupe_by).
    pub fn inbox(self, inbox: impl Inbox) -> T::Endpoint {
        InboxIntake::new(self.build_intake(), inbox).into()
    }
}

/// [`Inbox`] with its future boxed. A call that does not answer in time, or panics, is one that
/// failed.
trait ErasedInbox: Send + Sync {
    fn accept(&self, event: NewEvent) -> StoreFuture<'_, Accepted>;
}

impl<I: Inbox> ErasedInbox for I {
    fn accept(&self, event: NewEvent) -> StoreFuture<'_, Accepted> {
        guarded(move || Inbox::accept(self, event))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
        sync::Mutex,
        task::{Context, Poll},
        time::Duration,
    };

    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha512;

    use super::*;
    use crate::{
        Intake, Observer, RejectionKind, Report, Secret, SmileApi, StoreError, head::Post,
    };

    /// An inbox that gives one answer and keeps what it gets, and an observer that keeps the outcome.
    #[derive(Clone)]
    struct Kept(Accepted, Arc<Mutex<(Option<NewEvent>, Option<Outcome>)>>);

    impl Inbox for Kept {
        async fn accept(&self, event: NewEvent) -> Result<Accepted, StoreError> {
            self.1.lock().unwrap().0 = Some(event);
            Ok(self.0)
        }
    }

    impl Observer for Kept {
        fn observe(&self, report: &Report<'_>) {
            self.1.lock().unwrap().1 = Some(report.outcome);
        }
    }

    /// A body of one piece.
    struct Whole(Option<Bytes>);

    impl Stream for Whole {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(self.0.take().map(Ok))
        }
    }

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const EVENT: &str = r#"{"id":"et-1","type":"TASK_STARTED"}"#;

    /// A signed request, received at second 7.
    fn request(
        endpoint: &InboxIntake<SmileApi>,
        body: &'static str,
    ) -> (InboxAdmitted<SmileApi>, Whole) {
        let mac = Hmac::<Sha512>::new_from_slice(b"secret").unwrap();
        let signature = hex::encode(mac.chain_update(body).finalize().into_bytes());
        let head = Post {
            peer: None,
            headers: &[("smile-signature", &signature), ("traceparent", PARENT)],
        };
        let mut admitted = endpoint.admit(&head).unwrap();
        admitted.received_at = SystemTime::UNIX_EPOCH + Duration::from_secs(7);
        (admitted, Whole(Some(Bytes::from_static(body.as_bytes()))))
    }

    /// What is stored of a body received at second 7, the outcome, and the answer.
    async fn accepted(body: &'static str, answer: Accepted) -> (NewEvent, Outcome, Reply) {
        let kept = Kept(answer, Arc::default());
        let endpoint: InboxIntake<SmileApi> = Intake::smile_api(Secret::new("secret").unwrap())
            .retention(Duration::from_secs(77))
            .unwrap()
            .observer(kept.clone())
            .inbox(kept.clone());
        let (admitted, body) = request(&endpoint, body);
        let reply = endpoint.accept(admitted, body).await.unwrap();
        let (event, outcome) = std::mem::take(&mut *kept.1.lock().unwrap());
        (event.unwrap(), outcome.unwrap(), reply)
    }

    #[tokio::test]
    async fn an_event_is_stored_with_all_that_is_known_of_it() {
        let (event, outcome, _) = accepted(EVENT, Accepted::New).await;
        assert_eq!(outcome, Outcome::Stored);
        assert_eq!(event.id.as_deref(), Some("et-1"));
        assert_eq!(event.name.as_deref(), Some("TASK_STARTED"));
        assert_eq!(event.dead, None);
        assert_common(&event, EVENT);
    }

    #[tokio::test]
    async fn a_signed_body_that_is_no_event_is_stored_as_a_dead_letter() {
        let (event, outcome, reply) = accepted("[]", Accepted::New).await;
        assert_eq!((outcome, reply.status()), (Outcome::DeadLetter, 200));
        assert_eq!((&event.id, &event.name), (&None, &None));
        assert_eq!(event.dead, Some(DeadReason::NotAnEvent));
        assert_common(&event, "[]");
    }

    #[track_caller]
    fn assert_common(event: &NewEvent, body: &str) {
        assert_eq!(event.body, body);
        assert_eq!(event.trace_parent.as_deref(), Some(PARENT));
        assert_eq!(event.retention.as_secs(), 77);
        let received = event.received_at.duration_since(SystemTime::UNIX_EPOCH);
        assert_eq!(received.unwrap().as_secs(), 7);
    }

    #[tokio::test]
    async fn an_event_that_is_too_old_is_refused_and_not_stored() {
        let kept = Kept(Accepted::New, Arc::default());
        let endpoint: InboxIntake<SmileApi> = Intake::smile_api(Secret::new("secret").unwrap())
            .max_event_age(Duration::from_secs(1))
            .unwrap()
            .observer(kept.clone())
            .inbox(kept.clone());
        let old = r#"{"id":"et-1","type":"TASK_STARTED","createdAt":"2024-02-03T04:05:06Z"}"#;
        let (admitted, body) = request(&endpoint, old);
        let shown = format!("{endpoint:?} {admitted:?}");
        let kind = endpoint.accept(admitted, body).await.unwrap_err().kind();
        assert_eq!(kind, RejectionKind::Signature);
        let (event, outcome) = std::mem::take(&mut *kept.1.lock().unwrap());
        assert!(event.is_none());
        assert_eq!(outcome, Some(Outcome::Rejected));
        assert!(shown.starts_with("InboxIntake(Intake {"), "{shown}");
        assert!(shown.contains("InboxAdmitted(Admitted {"), "{shown}");
    }

    #[tokio::test]
    async fn only_a_duplicate_is_answered_as_one() {
        for (answer, outcome, duplicate) in [
            (Accepted::New, Outcome::Stored, false),
            (Accepted::Duplicate, Outcome::Duplicate, true),
            (Accepted::IdReuse, Outcome::IdReuse, false),
        ] {
            let (_, reported, reply) = accepted(EVENT, answer).await;
            assert_eq!((reported, reply.status()), (outcome, 200));
            let named = reply.headers().any(|(name, _)| name == "smile-duplicate");
            assert_eq!(named, duplicate, "{answer:?}");
        }
    }
}
