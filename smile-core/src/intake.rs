//! The whole pipeline, from a request's head to the handler's answer.

use std::{
    error::Error,
    fmt,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;

use crate::{
    Claim, Clock, DedupeKey, Delivery, Head, Held, Observer, Outcome, Reason, Rejection, Reply,
    Report, SmileApi, SmileIo, Vendor,
    handoff::{Claims, Entry, Handoff, Moment, Part, Settled, Timing, handler},
    key_ring::{Secrets, Source},
    observe,
    reply::Header,
    source_ip::SourcePolicy,
};

mod body;
mod builder;
mod head;

pub use builder::IntakeBuilder;
pub use head::Admitted;
use head::Known;

/// The intake pipeline of one endpoint, configured once and shared by all its requests.
///
/// An adapter does three things with it: shows a request's head to [`admit`](Self::admit), gives
/// the body to [`receive`](Self::receive), and runs the handler in [`hand_over`](Self::hand_over).
/// Every decision is made in here. Applications use an adapter, such as `smile-tower` or
/// `smile-actix`.
///
/// Needs a tokio runtime with its time driver. Cloning is cheap; clones share their claims.
pub struct Intake<V: Vendor>(Arc<Settings<V>>);

struct Settings<V: Vendor> {
    secrets: Source<V>,
    sources: SourcePolicy,
    clock: Arc<dyn Clock>,
    tolerance: Duration,
    body_limit: usize,
    body_timeout: Duration,
    max_event_age: Option<Duration>,
    pings: Pings,
    key_prefix: Box<str>,
    dedupe_key: Option<Arc<KeyHook<V>>>,
    handoff: Handoff,
    timing: Timing,
    claims: Claims,
    observer: Arc<dyn Observer>,
}

impl<V: Vendor> Settings<V> {
    /// What is to be claimed; `None` where every delivery runs the handler.
    fn entry(&self, delivery: &Delivery<V>, ping: bool) -> Option<Entry<'_>> {
        let store = match &self.handoff {
            Handoff::Deduplicated(store) if !ping => store,
            // All pings have one body: each is a test of its own.
            Handoff::Deduplicated(_) | Handoff::Direct => return None,
        };
        let chosen = self.dedupe_key.as_ref().map(|hook| hook(delivery));
        let part = match &chosen {
            None | Some(DedupeKey::Vendor) => Part::of(delivery),
            Some(DedupeKey::Text(text)) => Part::Text(text),
            Some(DedupeKey::Never) => return None,
        };
        let tenant = delivery.tenant().unwrap_or_default();
        Some(store.entry(&self.key_prefix, tenant, &part))
    }
}

/// What tells events apart, by the user's word.
type KeyHook<V> = dyn Fn(&Delivery<V>) -> DedupeKey + Send + Sync;

/// Who answers a vendor's test of the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pings {
    Answer,
    Deliver,
}

impl Intake<SmileApi> {
    /// Begins an intake for Smile API, with a [`Secret`](crate::Secret), a [ring](crate::KeyRing) or a
    /// [lookup](Secrets::lookup).
    pub fn smile_api(secrets: impl Into<Secrets<SmileApi>>) -> IntakeBuilder<SmileApi> {
        IntakeBuilder::new(secrets)
    }
}

impl Intake<SmileIo> {
    /// Begins an intake for Smile.io, with a [`Secret`](crate::Secret), a [ring](crate::KeyRing) or a
    /// [lookup](Secrets::lookup).
    pub fn smile_io(secrets: impl Into<Secrets<SmileIo>>) -> IntakeBuilder<SmileIo> {
        IntakeBuilder::new(secrets)
    }
}

impl<V: Vendor> Intake<V> {
    /// Looks at a request's head, before anything of its body is read: is the source address
    /// allowed, is there one well-formed, fresh signature, is the body unencoded and not declared
    /// too long?
    ///
    /// # Errors
    ///
    /// The [`Rejection`] to answer with; it was reported.
    pub fn admit(&self, head: &dyn Head) -> Result<Admitted<V>, Rejection> {
        self.look_at(head)
            .inspect_err(|rejection| self.rejected(None, rejection))
    }

    /// Reads the body of a request that it admitted, verifies it and reads its envelope.
    ///
    /// # Errors
    ///
    /// The [`Rejection`] to answer with; it was reported.
    pub async fn receive<B, E>(
        &self,
        admitted: Admitted<V>,
        body: B,
    ) -> Result<Delivery<V>, Rejection>
    where
        B: Stream<Item = Result<Bytes, E>>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.read_and_verify(admitted, pin!(body))
            .await
            .inspect_err(|rejection| self.rejected(None, rejection))
    }

    /// Hands a verified event to `run`, once for each event where events are deduplicated; `status`
    /// reads the HTTP status off its answer, `None` where it failed without one. To be called as soon
    /// as the event is [received](Self::receive): the memory counts from then.
    ///
    /// # Cancellation
    ///
    /// Where [`outlives_sender`](Self::outlives_sender), the future is to run to its end even if
    /// the sender goes away: an adapter that is dropped moves it to a task of its own.
    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` has room for each argument twice, and `run` holds a whole request"
    )]
    pub fn hand_over<R, Fut>(
        self,
        delivery: Delivery<V>,
        run: impl FnOnce(Delivery<V>) -> Fut,
        status: fn(&R) -> Option<u16>,
    ) -> impl Future<Output = Answer<R>>
    where
        Fut: Future<Output = R>,
    {
        async move {
            let settings = &*self.0;
            let ping = V::is_ping(delivery.envelope());
            if ping && settings.pings == Pings::Answer {
                let reply = Reply::empty(200);
                self.report(Outcome::Ping, Some(&delivery), None, Some(200));
                return Answer::Reply(reply);
            }
            let mut described = delivery.clone();
            let mut said = None;
            let settled = 'settled: {
                let Some(entry) = settings.entry(&delivery, ping) else {
                    let said = said.insert(run(delivery).await);
                    break 'settled Settled::of(status(said));
                };
                let claimed = settings.claims.open(entry, &settings.timing, &delivery);
                let came = delivery.came();
                let (delivery, begun) = match claimed.claim(came).await {
                    Ok(Claim::Acquired { fence }) => (delivery.claimed(fence), came),
                    // In a box, so that those that need not wait are not as large as those that do.
                    claim => match Box::pin(claimed.resolve(claim, delivery, &mut described)).await
                    {
                        Ok(delivery) => (delivery, Moment::UNKNOWN),
                        Err(settled) => break 'settled settled,
                    },
                };
                let (mut settled, ended) = {
                    let handler = pin!(handler::begin(|| run(delivery)));
                    claimed.run(handler, &mut said, status, begun).await
                };
                settled.hear(claimed.tell(&settled, ended).await);
                settled
            };
            self.answer(&described, settled, said, status)
        }
    }

    /// Whether [`hand_over`](Self::hand_over) has to end even where the sender does not wait for
    /// it, because it holds a claim.
    pub fn outlives_sender(&self) -> bool {
        matches!(self.0.handoff, Handoff::Deduplicated(_))
    }

    /// Waits until no handler runs under a claim: call it at shutdown, after the server has stopped
    /// taking requests.
    pub async fn drain(&self) {
        self.0.claims.running.drained().await;
    }

    async fn read_and_verify<B, E>(
        &self,
        Admitted(secrets): Admitted<V>,
        body: Pin<&mut B>,
    ) -> Result<Delivery<V>, Rejection>
    where
        B: Stream<Item = Result<Bytes, E>>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let settings = &*self.0;
        let verification = match secrets {
            Known::Now(verification) => verification,
            Known::Later(asked) => head::look_up(*asked, settings.body_limit).await?,
        };
        let mut came = settings.handoff.now();
        let verified = body::read(verification, body, settings.body_timeout, &mut came).await?;
        let delivery = Delivery::read(verified)?.that_came(came);
        if let Some(limit) = settings.max_event_age {
            check_age(
                V::created_at(delivery.envelope()),
                settings.clock.unix_seconds(),
                limit,
            )?;
        }
        Ok(delivery)
    }

    fn answer<R>(
        &self,
        delivery: &Delivery<V>,
        settled: Settled,
        said: Option<R>,
        status: fn(&R) -> Option<u16>,
    ) -> Answer<R> {
        let outcome = match settled {
            Settled::Done(Held::Held) => Outcome::Handled,
            Settled::Done(Held::Lost) => Outcome::HandledLate,
            Settled::Failed => Outcome::HandlerFailed,
            Settled::Duplicate { id_reuse } => {
                let outcome = if id_reuse {
                    Outcome::IdReuse
                } else {
                    Outcome::Duplicate
                };
                self.report(outcome, Some(delivery), None, Some(200));
                let reply = Reply::empty(200).header("smile-duplicate", Header::Text("true"));
                return Answer::Reply(reply);
            }
            Settled::Rejected(rejection) => {
                self.rejected(Some(delivery), &rejection);
                return Answer::Rejected(rejection);
            }
        };
        let Some(said) = said else {
            unreachable!("only a handler that answered is done or failed")
        };
        self.report(outcome, Some(delivery), None, status(&said));
        Answer::Handler(said)
    }

    fn rejected(&self, delivery: Option<&Delivery<V>>, rejection: &Rejection) {
        self.report(
            Outcome::Rejected,
            delivery,
            Some(rejection),
            Some(rejection.status()),
        );
    }

    fn report(
        &self,
        outcome: Outcome,
        delivery: Option<&Delivery<V>>,
        rejection: Option<&Rejection>,
        status: Option<u16>,
    ) {
        let event = delivery.map(|delivery| observe::Event {
            name: delivery.event_name(),
            known: delivery.is_known(),
            id: V::event_id(delivery.envelope()),
            tenant: delivery.tenant(),
            secret_index: delivery.secret_index(),
        });
        self.0.observer.observe(&Report {
            vendor: V::NAME,
            outcome,
            event,
            rejection,
            status,
        });
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

/// What the sender is answered.
///
/// Complete: these are all the ways.
#[derive(Debug)]
pub enum Answer<R> {
    /// What the handler said, unchanged.
    Handler(R),
    /// Our own word, where all is well: a ping or a duplicate.
    Reply(Reply),
    /// A refusal.
    Rejected(Rejection),
}

fn check_age(created_at: Option<&str>, now: u64, limit: Duration) -> Result<(), Rejection> {
    let created = created_at
        .and_then(|text| {
            time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()
        })
        .ok_or(Reason::EventAgeUnknown)?;
    // A time before 1970 is as old as can be.
    let age = now.saturating_sub(u64::try_from(created.unix_timestamp()).unwrap_or_default());
    if age > limit.as_secs() {
        Err(Reason::EventTooOld { age }.into())
    } else {
        Ok(())
    }
}
