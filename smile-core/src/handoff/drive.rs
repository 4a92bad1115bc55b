//! Claim, run, settle: how one event takes effect once.

use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, error::Elapsed, sleep, timeout};

use super::{
    in_flight::{Running, Waiting},
    store::{Answer, Store},
};
use crate::{
    Claim, Delivery, DeliveryKey, Fence, Fingerprint, Held, Reason, Rejection, StoreError, Token,
    Vendor,
};

/// How long the steps of a claim may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) lease: Duration,
    pub(crate) retention: Duration,
    pub(crate) handler: Duration,
    pub(crate) wait: Duration,
}

impl Timing {
    pub(crate) const DEFAULT_LEASE: Duration = Duration::from_secs(15);
    pub(crate) const DEFAULT_HANDLER: Duration = Duration::from_secs(60);
    pub(crate) const DEFAULT_WAIT: Duration = Duration::from_secs(2);

    /// When the sender is asked to come back after an outage.
    const RETRY: Duration = Duration::from_secs(5);
    /// The longest that a sender is asked to wait for another's lease.
    const LONGEST_RETRY: Duration = Duration::from_secs(30);
    /// Between two looks at a claim that another replica may hold: doubled from the first to the
    /// last.
    const FIRST_PAUSE: Duration = Duration::from_millis(10);
    const LAST_PAUSE: Duration = Duration::from_millis(100);
    /// The largest body that is kept while its delivery waits. A larger one is let go, and its
    /// delivery then cannot take over should the first run fail.
    const KEPT_WHILE_WAITING: usize = 64 << 10;
}

/// The claims of one intake: all that is shared between its requests.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    waiting: Waiting,
    pub(crate) running: Running,
}

/// How a delivery ended.
pub(crate) enum Settled<R> {
    /// The handler answered 2xx, and the event is remembered.
    Done { answer: R, held: Held },
    /// The handler answered something else, or failed; the event is as if it had never come.
    Failed(R),
    /// The event was handled before.
    Duplicate { id_reuse: bool },
    /// Neither: the sender has to come back.
    Rejected(Rejection),
}

impl<R> Settled<R> {
    /// The end of a run without a claim.
    pub(crate) fn unclaimed(answer: R, status: fn(&R) -> Option<u16>) -> Self {
        match status(&answer) {
            Some(200..=299) => Self::Done {
                answer,
                held: Held::Held,
            },
            _ => Self::Failed(answer),
        }
    }
}

impl Claims {
    /// Runs the handler unless the event was handled before or is being handled.
    ///
    /// # Cancellation
    ///
    /// Dropped while the handler runs, the claim stays until its lease ends; adapters therefore let
    /// the future run on when the sender goes away.
    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` has room for each argument twice, and `run` holds a whole request"
    )]
    pub(crate) fn drive<V, R, Fut>(
        &self,
        store: &Store,
        timing: &Timing,
        key: DeliveryKey,
        delivery: Delivery<V>,
        run: impl FnOnce(Delivery<V>) -> Fut,
        status: fn(&R) -> Option<u16>,
    ) -> impl Future<Output = Settled<R>>
    where
        V: Vendor,
        Fut: Future<Output = R>,
    {
        async move {
            let _run = self.running.enter();
            let _wakes = self.waiting.wake_at_end(&key);
            let claimed = Claimed {
                store,
                timing,
                key: &key,
                token: Token::unique(),
                fingerprint: delivery.verified().fingerprint(),
            };
            let (delivery, fence) = match claimed.claim().await {
                Ok(Claim::Acquired { fence }) => (delivery, fence),
                Ok(Claim::Done { fingerprint }) => return claimed.duplicate(fingerprint),
                // In a box, so that those that need not wait are not as large as those that do.
                Ok(Claim::InFlight { lease_left }) => {
                    match Box::pin(self.wait(&claimed, delivery, lease_left)).await {
                        Ok(acquired) => acquired,
                        Err(settled) => return settled,
                    }
                }
                Err(err) => return unavailable(Reason::ClaimFailed, err),
            };
            let delivery = delivery.claimed(fence);
            let mut settled = {
                // Put into its place in there, rather than taken out of what `catch_unwind` returns:
                // that would be kept beside it.
                let mut handler = pin!(None);
                let begun = catch_unwind(AssertUnwindSafe(|| handler.set(Some(run(delivery)))));
                match (begun, handler.as_pin_mut()) {
                    (Ok(()), Some(handler)) => claimed.run(handler, status).await,
                    _ => Settled::Rejected(Reason::HandlerPanicked.into()),
                }
            };
            if let Settled::Done { held, .. } = &mut settled {
                match claimed.finish().await {
                    Ok(still_held) => *held = still_held,
                    Err(err) => settled = unavailable(Reason::ConfirmFailed, err),
                }
            } else {
                claimed.release().await;
            }
            settled
        }
    }

    /// Waits for the run that has the event, to take it over if that fails.
    async fn wait<V: Vendor, R>(
        &self,
        held: &Claimed<'_>,
        delivery: Delivery<V>,
        lease_left: Duration,
    ) -> Result<(Delivery<V>, Option<Fence>), Settled<R>> {
        let kept = (delivery.raw().len() <= Timing::KEPT_WHILE_WAITING).then_some(delivery);
        let Some(waiter) = self.waiting.join(held.key) else {
            return Err(retry_after_lease(Reason::TooManyWaiting, lease_left));
        };
        let deadline = Instant::now() + held.timing.wait;
        let mut pause = Timing::FIRST_PAUSE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            waiter.settled(pause.min(left)).await;
            pause = (pause * 2).min(Timing::LAST_PAUSE);
            match held.claim().await {
                Ok(Claim::Done { fingerprint }) => return Err(held.duplicate(fingerprint)),
                Ok(Claim::InFlight { lease_left }) if left.is_zero() => {
                    return Err(retry_after_lease(Reason::FirstRunPending, lease_left));
                }
                Ok(Claim::InFlight { .. }) => {}
                Ok(Claim::Acquired { fence }) => match kept {
                    Some(delivery) => return Ok((delivery, fence)),
                    None => {
                        held.release().await;
                        return Err(retry_after(Reason::FirstRunFailed));
                    }
                },
                Err(err) => return Err(unavailable(Reason::ClaimFailed, err)),
            }
        }
    }
}

/// One delivery's claim on its event.
struct Claimed<'a> {
    store: &'a Store,
    timing: &'a Timing,
    key: &'a DeliveryKey,
    token: Token,
    fingerprint: Fingerprint,
}

impl Claimed<'_> {
    fn claim(&self) -> Answer<'_, Claim> {
        self.store
            .claim(self.key, self.token, self.fingerprint, self.timing.lease)
    }

    fn finish(&self) -> Answer<'_, Held> {
        let retention = self.timing.retention;
        self.store
            .finish(self.key, self.token, self.fingerprint, retention)
    }

    /// Gives the claim up; where the store cannot be told, the lease ends it.
    async fn release(&self) {
        let _ = self.store.release(self.key, self.token).await;
    }

    /// The end where the event was handled before.
    fn duplicate<R>(&self, before: Option<Fingerprint>) -> Settled<R> {
        let id_reuse = before.is_some_and(|before| before.contradicts(&self.fingerprint));
        Settled::Duplicate { id_reuse }
    }

    /// Runs the handler to its end, its deadline or its panic, and keeps the claim meanwhile: what
    /// the run comes to, if the store can be told.
    fn run<R, Fut: Future<Output = R>>(
        &self,
        handler: Pin<&mut Fut>,
        status: fn(&R) -> Option<u16>,
    ) -> impl Future<Output = Settled<R>> {
        let mut handler = CatchPanic(handler);
        // Made for a handler that does not answer at once: others need no timers.
        let mut deadline = None;
        poll_fn(move |cx| {
            match Pin::new(&mut handler).poll(cx) {
                Poll::Ready(Ok(answer)) => return Poll::Ready(Settled::unclaimed(answer, status)),
                Poll::Ready(Err(_)) => {
                    return Poll::Ready(Settled::Rejected(Reason::HandlerPanicked.into()));
                }
                Poll::Pending => {}
            }
            let waiting = deadline.get_or_insert_with(|| Box::pin(self.deadline()));
            let deadline = self.timing.handler;
            let too_slow = |()| retry_after(Reason::HandlerSlow { deadline });
            waiting.as_mut().poll(cx).map(too_slow)
        })
    }

    /// Waits for the handler's deadline, and until then extends the lease every third of it. A
    /// failure is no reason to stop the handler: the next beat may succeed, and
    /// [`finish`](Self::finish) tells what became of the claim.
    async fn deadline(&self) {
        let heartbeat = async {
            loop {
                sleep(self.timing.lease / 3).await;
                let _ = self
                    .store
                    .extend(self.key, self.token, self.timing.lease)
                    .await;
            }
        };
        let _: Result<(), Elapsed> = timeout(self.timing.handler, heartbeat).await;
    }
}

fn unavailable<R>(reason: Reason, err: StoreError) -> Settled<R> {
    let rejection = Rejection::from(reason).because(Arc::new(err));
    Settled::Rejected(rejection.retry_in(Timing::RETRY))
}

fn retry_after<R>(reason: Reason) -> Settled<R> {
    Settled::Rejected(Rejection::from(reason).retry_in(Timing::RETRY))
}

fn retry_after_lease<R>(reason: Reason, lease_left: Duration) -> Settled<R> {
    // Rounded up: a sender that comes back a moment too early has spent one of its two re-sends.
    let wait = Duration::from_secs(lease_left.as_secs() + 1);
    let rejection = Rejection::from(reason);
    Settled::Rejected(rejection.retry_in(wait.min(Timing::LONGEST_RETRY)))
}

/// A pinned future whose panic is a value.
struct CatchPanic<'a, F>(Pin<&'a mut F>);

impl<F: Future> Future for CatchPanic<'_, F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // A handler that panicked is dropped and never polled again, so that what it left in
        // disorder is seen by nobody.
        catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx)))
            .map_or_else(|panic| Poll::Ready(Err(panic)), |poll| poll.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Ready, ready};

    use bytes::Bytes;
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha512;

    use super::*;
    use crate::{KeyRing, MemoryDedupe, RejectionKind, Secret, Signature, SmileApi, Verification};

    fn delivery() -> Delivery<SmileApi> {
        let body = br#"{"id":"et-1","type":"TASK_STARTED"}"#;
        let mac = Hmac::<Sha512>::new_from_slice(b"secret").unwrap();
        let tag = mac.chain_update(body).finalize().into_bytes();
        let ring = KeyRing::<SmileApi>::new(Secret::new("secret").unwrap());
        let verified = Verification::begin(&ring, Signature::new(tag.into()), 1000)
            .push(Bytes::from_static(body))
            .and_then(Verification::finish)
            .unwrap();
        Delivery::read(verified).unwrap()
    }

    #[tokio::test]
    async fn a_handler_that_panics_before_its_future_is_there_gives_its_claim_up() {
        let claims = Claims::default();
        let store = Store::new(MemoryDedupe::default());
        let timing = Timing {
            lease: Timing::DEFAULT_LEASE,
            retention: Duration::from_secs(60),
            handler: Timing::DEFAULT_HANDLER,
            wait: Duration::ZERO,
        };
        let key = DeliveryKey::new("et-1");
        let status = |status: &u16| Some(*status);
        for _ in 0..2 {
            let panicking = |_| -> Ready<u16> { panic!("as it is told to") };
            let settled = claims
                .drive(&store, &timing, key.clone(), delivery(), panicking, status)
                .await;
            let Settled::Rejected(rejection) = settled else {
                panic!("it was not refused")
            };
            assert_eq!(rejection.kind(), RejectionKind::HandlerPanicked);
        }
        let settled = claims
            .drive(&store, &timing, key, delivery(), |_| ready(204), status)
            .await;
        assert!(matches!(settled, Settled::Done { answer: 204, .. }));
    }
}
