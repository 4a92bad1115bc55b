//! The hand-over of a verified event to the handler, once.

use std::{future::Future, sync::Arc};

use super::{Intake, Pings};
use crate::{
    DedupeBy, Delivery, Fingerprint, Outcome, Ownership, Reason, Rejection, Reply, Vendor,
    catch_panic::catch_panic_now,
    handoff::{ClaimAttempt, EventHandle, EventIdentity, Handoff, NotHeld},
    key_ring::Source,
    observe::{Progress, Stage, in_span},
};

/// The response to a delivery.
///
/// Exhaustive: there is no fourth kind.
#[derive(Debug)]
pub enum IntakeResponse<R> {
    /// The handler's response, unchanged.
    Handler(R),
    /// Our own response to a ping or a duplicate.
    Reply(Reply),
    /// A refusal.
    Rejected(Rejection),
}

impl<V: Vendor> Intake<V> {
    /// Hands a verified event to `run`; with deduplication, once for each event. `status` returns
    /// the HTTP status of the response, or `None` if `run` failed without one.
    ///
    /// # Cancellation
    ///
    /// If [`outlives_sender`](Self::outlives_sender) is true, the future must run to its end even
    /// if the sender leaves: an adapter whose request is dropped moves it to a task.
    pub fn hand_over<R, Fut>(
        self,
        mut delivery: Delivery<V>,
        run: impl FnOnce(Delivery<V>) -> Fut,
        status: fn(&R) -> Option<u16>,
    ) -> impl Future<Output = IntakeResponse<R>>
    where
        Fut: Future<Output = R>,
    {
        let progress = delivery.take_progress();
        let progress = progress.unwrap_or_else(|| Box::new(Progress::of_request(V::NAME)));
        let span = progress.span.clone();
        in_span(span, move || {
            self.hand_over_in_span(delivery, progress, run, status)
        })
    }

    async fn hand_over_in_span<R, Fut>(
        self,
        mut delivery: Delivery<V>,
        mut progress: Box<Progress>,
        run: impl FnOnce(Delivery<V>) -> Fut,
        status: fn(&R) -> Option<u16>,
    ) -> IntakeResponse<R>
    where
        Fut: Future<Output = R>,
    {
        let settings = &*self.0;
        let progress = &mut progress;
        let is_ping = V::is_ping(delivery.envelope());
        if is_ping && settings.pings == Pings::Answer {
            return IntakeResponse::Reply(self.answer_ping(progress, &delivery));
        }
        let event = match self.event(&delivery, is_ping) {
            Ok(Some(event)) => event,
            Ok(None) => {
                let reported = delivery.clone();
                progress.go_on_to(Stage::Handler);
                let response = run(delivery).await;
                let outcome = if is_success(status(&response)) {
                    reported.success()
                } else {
                    Outcome::HandlerFailed
                };
                return self.respond(progress, outcome, &reported, response, status);
            }
            Err(rejection) => return self.refuse(progress, &delivery, rejection),
        };

        let _running = settings.running.enter();
        progress.go_on_to(Stage::Claim);
        let attempt = ClaimAttempt::new(event, &delivery, &settings.timing, &settings.waiting);
        let claim = match attempt.acquire(&mut delivery).await {
            Ok(claim) => claim,
            Err(NotHeld::Duplicate { first }) => {
                return self.duplicate(progress, &delivery, first);
            }
            Err(NotHeld::Rejected(rejection)) => {
                return self.refuse(progress, &delivery, rejection);
            }
        };
        let reported = delivery.clone();
        let delivery = delivery.with_fence(claim.fence());
        progress.enter(Stage::Handler);
        let ran = claim.run(|| run(delivery)).await;
        progress.enter(Stage::Other);
        match ran {
            Ok(response) if is_success(status(&response)) => {
                let outcome = match claim.finish().await {
                    Ok(Ownership::Held) => reported.success(),
                    Ok(Ownership::Lost) => Outcome::HandledLate,
                    Err(rejection) => return self.refuse(progress, &reported, rejection),
                };
                self.respond(progress, outcome, &reported, response, status)
            }
            Ok(response) => {
                claim.release().await;
                self.respond(
                    progress,
                    Outcome::HandlerFailed,
                    &reported,
                    response,
                    status,
                )
            }
            Err(rejection) => {
                claim.release().await;
                self.refuse(progress, &reported, rejection)
            }
        }
    }

    /// Whether [`hand_over`](Self::hand_over) must run to its end even if the sender leaves,
    /// because it may hold a claim.
    pub fn outlives_sender(&self) -> bool {
        matches!(self.0.handoff, Handoff::Deduplicated(_))
    }

    /// Waits until no handler runs under a claim. Call it at shutdown, after the server has stopped
    /// taking requests.
    pub async fn drain(&self) {
        self.0.running.drained().await;
    }

    /// The event to claim; `None` where every delivery runs the handler.
    fn event(
        &self,
        delivery: &Delivery<V>,
        is_ping: bool,
    ) -> Result<Option<EventHandle<'_>>, Rejection> {
        let settings = &*self.0;
        let store = match &settings.handoff {
            Handoff::Deduplicated(store) if !is_ping => store,
            // All pings have one body: each is a test of its own.
            Handoff::Deduplicated(_) | Handoff::Direct => return Ok(None),
        };
        let chosen = self.dedupe_by(delivery)?;
        let identity = match &chosen {
            DedupeBy::Vendor => EventIdentity::of(delivery),
            DedupeBy::Text(text) => EventIdentity::Text(text),
            DedupeBy::Never => return Ok(None),
        };
        let tenant = delivery.tenant().unwrap_or_default();
        Ok(Some(store.event(&settings.key_prefix, tenant, &identity)))
    }

    pub(crate) fn dedupe_by(&self, delivery: &Delivery<V>) -> Result<DedupeBy, Rejection> {
        let Some(hook) = &self.0.dedupe_key else {
            return Ok(DedupeBy::Vendor);
        };
        catch_panic_now(|| hook(delivery))
            .map_err(|err| Rejection::from(Reason::DedupeByPanicked).because(Arc::new(err)))
    }

    fn respond<R>(
        &self,
        progress: &mut Progress,
        outcome: Outcome,
        delivery: &Delivery<V>,
        response: R,
        status: fn(&R) -> Option<u16>,
    ) -> IntakeResponse<R> {
        self.ended(progress, outcome, Some(delivery), status(&response));
        IntakeResponse::Handler(response)
    }

    /// `first` is of the delivery that was handled.
    fn duplicate<R>(
        &self,
        progress: &mut Progress,
        delivery: &Delivery<V>,
        first: Option<Fingerprint>,
    ) -> IntakeResponse<R> {
        if let (Some(first), Source::Fixed(ring)) = (first, &self.0.secrets)
            && !ring.made(&first)
        {
            tracing::warn!(
                target: "smile",
                vendor = V::NAME,
                scope = &*self.0.scope,
                event = delivery.event_name(),
                id = V::event_id(delivery.envelope()),
                "an event was not handled here, since it was handled under a secret that this \
                 endpoint does not have: if another application shares the store, give each \
                 endpoint a `scope` of its own; after the end of a rotation all is well",
            );
        }
        let repeated = delivery.verified().fingerprint();
        let outcome = if first.is_some_and(|first| first.contradicts(&repeated)) {
            Outcome::IdReuse
        } else {
            Outcome::Duplicate
        };
        self.ended(progress, outcome, Some(delivery), Some(200));
        IntakeResponse::Reply(Reply::duplicate())
    }

    fn refuse<R>(
        &self,
        progress: &mut Progress,
        delivery: &Delivery<V>,
        rejection: Rejection,
    ) -> IntakeResponse<R> {
        IntakeResponse::Rejected(self.reject(progress, Some(delivery), rejection))
    }
}

fn is_success(status: Option<u16>) -> bool {
    matches!(status, Some(200..=299))
}
