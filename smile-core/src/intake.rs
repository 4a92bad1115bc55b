//! The whole pipeline, from a request's head to the handler's answer.

use std::{fmt, future::Future, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_core::Stream;
use tracing::Span;

use crate::{
    BodyError, Clock, DedupeBy, Delivery, Event, Head, Observer, Outcome, Reason, Rejection, Reply,
    SmileApi, SmileIo, Vendor, Verified,
    handoff::{Handoff, Running, Timing, Waiting},
    key_ring::{Secrets, Source},
    observe::{End, Progress, Stage, in_span, unix_seconds},
    source_ip::SourcePolicy,
};

mod body;
mod builder;
mod hand_over;
mod head;
mod id;
#[cfg(feature = "inbox")]
mod inbox;

use body::Body;
pub use builder::IntakeBuilder;
pub use hand_over::IntakeResponse;
pub use head::Admitted;
use head::PendingVerification;
#[cfg(feature = "inbox")]
pub(crate) use head::trace_parent;
pub(crate) use id::IntakeId;
#[cfg(feature = "inbox")]
pub(crate) use inbox::InboxKey;

/// The intake pipeline of one endpoint, configured once and shared by all its requests.
///
/// An adapter does three things with it: shows a request's head to [`admit`](Self::admit), gives
/// the body to [`receive`](Self::receive) or, where the head was refused, to
/// [`dismiss`](Self::dismiss), and runs the handler in [`hand_over`](Self::hand_over). The intake
/// makes every decision. Applications use an adapter, such as `smile-tower` or `smile-actix`.
///
/// Needs a tokio runtime with its time driver. Cloning is cheap; clones share their claims.
pub struct Intake<V: Vendor>(Arc<Settings<V>>);

struct Settings<V: Vendor> {
    id: IntakeId,
    secrets: Source<V>,
    sources: SourcePolicy,
    clock: Arc<dyn Clock>,
    tolerance: Duration,
    body_limit: usize,
    body_timeout: Duration,
    lookup_timeout: Duration,
    max_event_age: Option<Duration>,
    pings: Pings,
    scope: Box<str>,
    key_prefix: Box<str>,
    dedupe_key: Option<Arc<KeyHook<V>>>,
    handoff: Handoff,
    timing: Timing,
    waiting: Waiting,
    running: Running,
    observer: Arc<dyn Observer>,
}

/// The function given to [`dedupe_by`](IntakeBuilder::dedupe_by).
type KeyHook<V> = dyn Fn(&Delivery<V>) -> DedupeBy + Send + Sync;

/// Who answers a vendor's test of the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pings {
    Answer,
    Deliver,
}

impl Intake<SmileApi> {
    /// Begins an intake for Smile API, with a [`Secret`](crate::Secret), a [ring](crate::KeyRing)
    /// or a [lookup](Secrets::lookup).
    pub fn smile_api(secrets: impl Into<Secrets<SmileApi>>) -> IntakeBuilder<SmileApi> {
        IntakeBuilder::new(secrets)
    }
}

impl Intake<SmileIo> {
    /// Begins an intake for Smile.io, with a [`Secret`](crate::Secret), a [ring](crate::KeyRing) or
    /// a [lookup](Secrets::lookup).
    pub fn smile_io(secrets: impl Into<Secrets<SmileIo>>) -> IntakeBuilder<SmileIo> {
        IntakeBuilder::new(secrets)
    }
}

impl<V: Vendor> Intake<V> {
    /// Looks at a request's head, before anything of its body is read: is the source address
    /// allowed, is the method POST, is there one well-formed, fresh signature, is the body
    /// unencoded and not declared too long?
    ///
    /// # Errors
    ///
    /// The [`Rejection`], already reported. Give it to [`dismiss`](Self::dismiss), together with
    /// the body, before answering with it.
    pub fn admit(&self, head: &dyn Head) -> Result<Admitted<V>, Rejection> {
        let mut progress = Progress::of_request(V::NAME);
        let _entered = progress.span.clone().map(Span::entered);
        match self.check_head(head, &mut progress) {
            Ok(pending) => Ok(Admitted {
                pending,
                progress: Box::new(progress),
            }),
            Err(rejection) => Err(self.reject(&mut progress, None, rejection)),
        }
    }

    /// Whether this intake, or a clone, verified the delivery.
    ///
    /// For an adapter that finds a delivery in a request before it looks at the request: behind a
    /// layer of the same intake it goes on to the inner service, and neither verifies nor claims
    /// again, since the event is claimed already. Another intake verifies for itself.
    pub fn has_verified(&self, delivery: &Delivery<V>) -> bool {
        delivery.intake() == Some(self.0.id)
    }

    /// Reads and discards the rest of a refused request's body, for up to a second, then returns
    /// the [`Rejection`] to answer with.
    ///
    /// A sender that is still writing would lose the answer if its connection were closed at once.
    /// If the body has not ended by then, [`Reply::closes`] asks to close the connection. A body
    /// that is already complete costs no time.
    pub async fn dismiss<B, E>(&self, rejection: Rejection, body: B) -> Rejection
    where
        B: Stream<Item = Result<Bytes, E>>,
        E: Into<BodyError>,
    {
        Body::new(pin!(body)).dismiss(rejection).await
    }

    /// Reads the body of a request that it admitted, verifies it and reads its envelope.
    ///
    /// # Errors
    ///
    /// The [`Rejection`] to answer with, already reported. If the body had not ended, it was
    /// [dismissed](Self::dismiss).
    pub fn receive<B, E>(
        &self,
        admitted: Admitted<V>,
        body: B,
    ) -> impl Future<Output = Result<Delivery<V>, Rejection>>
    where
        B: Stream<Item = Result<Bytes, E>>,
        E: Into<BodyError>,
    {
        let span = admitted.progress.span.clone();
        in_span(span, || self.receive_in_span(admitted, body))
    }

    async fn receive_in_span<B, E>(
        &self,
        admitted: Admitted<V>,
        body: B,
    ) -> Result<Delivery<V>, Rejection>
    where
        B: Stream<Item = Result<Bytes, E>>,
        E: Into<BodyError>,
    {
        let (verified, mut progress) = self.receive_bytes(admitted, body).await?;
        match self.read(verified) {
            Ok(delivery) => {
                progress.enter(Stage::Other);
                progress.verified(&delivery);
                Ok(delivery.with_progress(progress))
            }
            Err(rejection) => Err(self.reject(&mut progress, None, rejection)),
        }
    }

    /// The same, without a look at the bytes. The progress is at the verification then.
    pub(crate) async fn receive_bytes<B, E>(
        &self,
        Admitted {
            pending,
            mut progress,
        }: Admitted<V>,
        body: B,
    ) -> Result<(Verified<Bytes>, Box<Progress>), Rejection>
    where
        B: Stream<Item = Result<Bytes, E>>,
        E: Into<BodyError>,
    {
        let chunks = pin!(body);
        let mut body = Body::new(chunks);
        let rejection = match self.verify(pending, &mut body, &mut progress).await {
            Ok(verified) => return Ok((verified, progress)),
            Err(rejection) => rejection,
        };
        // Before reading on: the sender may leave meanwhile, and that drops this future.
        let rejection = self.reject(&mut progress, None, rejection);
        drop(progress);
        if body.is_read() {
            return Err(rejection);
        }
        Err(Box::pin(body.dismiss(rejection)).await)
    }

    async fn verify<B, E>(
        &self,
        pending: PendingVerification<V>,
        body: &mut Body<'_, B>,
        progress: &mut Progress,
    ) -> Result<Verified<Bytes>, Rejection>
    where
        B: Stream<Item = Result<Bytes, E>>,
        E: Into<BodyError>,
    {
        let settings = &*self.0;
        // Without a look at the clock: the checks of the head take no time that anybody would miss.
        let verification = match pending {
            PendingVerification::Ready(verification) => {
                progress.go_on_to(Stage::Body);
                verification
            }
            PendingVerification::Lookup(lookup) => {
                progress.go_on_to(Stage::Verification);
                let found = head::look_up(*lookup, settings.lookup_timeout, settings.body_limit);
                let verification = found.await?;
                progress.enter(Stage::Body);
                verification
            }
        };
        body.verify(verification, settings.body_timeout, progress)
            .await
    }

    /// Reads the envelope of verified bytes, and refuses an event that is too old.
    pub(crate) fn read(&self, verified: Verified<Bytes>) -> Result<Delivery<V>, Rejection> {
        let settings = &*self.0;
        let delivery = Delivery::read(verified)?.verified_by(settings.id);
        if let Some(limit) = settings.max_event_age {
            check_age(
                V::created_at(delivery.envelope()),
                settings.clock.unix_seconds(),
                limit,
            )?;
        }
        Ok(delivery)
    }

    pub(crate) fn answer_ping(&self, progress: &mut Progress, delivery: &Delivery<V>) -> Reply {
        self.ended(progress, Outcome::Ping, Some(delivery), Some(200));
        Reply::empty(200)
    }

    /// Reports the rejection, and returns it.
    pub(crate) fn reject(
        &self,
        progress: &mut Progress,
        delivery: Option<&Delivery<V>>,
        rejection: Rejection,
    ) -> Rejection {
        let end = End {
            outcome: Outcome::Rejected,
            rejection: Some(&rejection),
            status: Some(rejection.status()),
        };
        self.report(progress, delivery, end);
        rejection
    }

    /// Reports an end that is no refusal.
    pub(crate) fn ended(
        &self,
        progress: &mut Progress,
        outcome: Outcome,
        delivery: Option<&Delivery<V>>,
        status: Option<u16>,
    ) {
        let end = End {
            outcome,
            rejection: None,
            status,
        };
        self.report(progress, delivery, end);
    }

    fn report(&self, progress: &mut Progress, delivery: Option<&Delivery<V>>, end: End<'_>) {
        let sent_at = progress.sent_at;
        let event = delivery.map(|delivery| Event::of(delivery, sent_at, &*self.0.clock));
        progress.report(&*self.0.observer, V::NAME, event, end);
    }
}

impl<V: Vendor> Clone for Intake<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V: Vendor> fmt::Debug for Intake<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake")
            .field("vendor", &V::NAME)
            .field("sources", &self.0.sources)
            .field("body_limit", &self.0.body_limit)
            .field("body_timeout", &self.0.body_timeout)
            .field("handoff", &self.0.handoff)
            .finish_non_exhaustive()
    }
}

fn check_age(created_at: Option<&str>, now: u64, limit: Duration) -> Result<(), Rejection> {
    let created = created_at
        .and_then(unix_seconds)
        .ok_or(Reason::EventAgeUnknown)?;
    let age = now.saturating_sub(created);
    if age > limit.as_secs() {
        Err(Reason::EventTooOld { age }.into())
    } else {
        Ok(())
    }
}
