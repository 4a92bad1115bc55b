//! The endpoint of an inbox: verifies, stores and answers.

use std::{fmt, sync::Arc, time::SystemTime};

use bytes::Bytes;
use futures_core::Stream;

use super::{Accepted, DeadReason, Inbox, NewEvent};
use crate::{
    BodyError, Delivery, EventKey, Head, Intake, IntakeBuilder, Outcome, Reason, Rejection, Reply,
    Vendor, Verified,
    handoff::{StoreFuture, guarded},
    head::{Field, names},
    intake::{Admitted, InboxKey},
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
        Ok(InboxAdmitted {
            admitted: self.intake.admit(head)?,
            trace_parent: trace_parent(head),
            received_at: SystemTime::now(),
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
    pub async fn accept<B, E>(
        &self,
        admitted: InboxAdmitted<V>,
        body: B,
    ) -> Result<Reply, Rejection>
    where
        B: Stream<Item = Result<Bytes, E>>,
        E: Into<BodyError>,
    {
        let InboxAdmitted {
            admitted,
            trace_parent,
            received_at,
        } = admitted;
        let verified = self.intake.receive_bytes(admitted, body).await?;
        let Some(delivery) = self.read(&verified)? else {
            let key = self.intake.key_of_body(&verified);
            let event = NewEvent {
                dead: Some(DeadReason::NotAnEvent),
                trace_parent,
                received_at,
                ..self.event(key, &verified)
            };
            return self.store(event, None).await;
        };
        let key = match self.key(&delivery) {
            Ok(InboxKey::Ping) => return Ok(self.intake.answer_ping(&delivery)),
            Ok(InboxKey::Event(key)) => key,
            Err(rejection) => return Err(self.intake.reject(Some(&delivery), rejection)),
        };
        let event = NewEvent {
            id: V::event_id(delivery.envelope()).map(Box::from),
            name: Some(delivery.event_name().into()),
            trace_parent,
            received_at,
            ..self.event(key, &verified)
        };
        self.store(event, Some(&delivery)).await
    }

    /// `None` for a body that is no event.
    fn read(&self, verified: &Verified<Bytes>) -> Result<Option<Delivery<V>>, Rejection> {
        match self.intake.read(verified.clone()) {
            Ok(delivery) => Ok(Some(delivery)),
            Err(rejection) if *rejection.reason() == Reason::NoEnvelope => Ok(None),
            Err(rejection) => Err(self.intake.reject(None, rejection)),
        }
    }

    /// The key of an event, where it is not a ping that the intake answers.
    pub(super) fn key(&self, delivery: &Delivery<V>) -> Result<InboxKey, Rejection> {
        self.intake.inbox_key(delivery)
    }

    pub(super) fn event(&self, key: EventKey, verified: &Verified<Bytes>) -> NewEvent {
        NewEvent {
            retention: self.intake.retention(),
            ..NewEvent::new::<V>(key, self.intake.scope(), verified)
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
    ) -> Result<Reply, Rejection> {
        let is_dead = event.dead.is_some();
        let outcome = match self.keep(event).await {
            Ok(Accepted::New) if is_dead => Outcome::DeadLetter,
            Ok(Accepted::New) => Outcome::Stored,
            Ok(Accepted::Duplicate) => Outcome::Duplicate,
            Ok(Accepted::IdReuse) => Outcome::IdReuse,
            Err(rejection) => return Err(self.intake.reject(delivery, rejection)),
        };
        self.intake.report(outcome, delivery, None, Some(200));
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
    trace_parent: Option<Box<str>>,
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

/// The header `traceparent` of W3C Trace Context, version 00, where it is well formed and its ids are
/// not all zero.
fn trace_parent(head: &dyn Head) -> Option<Box<str>> {
    let Field::One(value) = head.field(names::TRACE_PARENT) else {
        return None;
    };
    let text = std::str::from_utf8(value).ok()?;
    let mut parts = text.split('-');
    let is_hex = |part: &str, length: usize| {
        part.len() == length
            && part
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let is_id = |part: &str, length| is_hex(part, length) && part.bytes().any(|byte| byte != b'0');
    let is_well_formed = parts.next() == Some("00")
        && parts.next().is_some_and(|trace| is_id(trace, 32))
        && parts.next().is_some_and(|parent| is_id(parent, 16))
        && parts.next().is_some_and(|flags| is_hex(flags, 2))
        && parts.next().is_none();
    is_well_formed.then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::Post;

    #[test]
    fn a_trace_parent_is_kept_where_it_is_well_formed() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let zero_trace = good.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
        let zero_parent = good.replace("00f067aa0ba902b7", &"0".repeat(16));
        let upper = good.to_uppercase();
        let longer = format!("{good}-x");
        let kept = |values: &[&str]| {
            let headers: Vec<_> = values.iter().map(|value| ("traceparent", *value)).collect();
            trace_parent(&Post {
                peer: None,
                headers: &headers,
            })
        };
        assert_eq!(kept(&[good]).as_deref(), Some(good));
        assert_eq!(kept(&[good, good]), None);
        for bad in [
            "",
            "00",
            &zero_trace,
            &zero_parent,
            &upper,
            &longer,
            &good[1..],
        ] {
            assert_eq!(kept(&[bad]), None, "{bad}");
        }
    }
}
