//! Claim, run, settle: how one event takes effect once.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{
    event_handle::EventHandle,
    timing::Timing,
    waiting::{Done, Waiting},
};
use crate::{
    Claim, Delivery, Fence, Fingerprint, Ownership, Reason, Rejection, StoreError, Token, Vendor,
    catch_panic::catch_panic,
};

#[cfg(test)]
mod tests;

/// One delivery's attempt to claim its event.
pub(crate) struct ClaimAttempt<'a> {
    event: EventHandle<'a>,
    token: Token,
    fingerprint: Fingerprint,
    timing: &'a Timing,
    waiting: &'a Waiting,
}

/// Why a delivery does not hold its event.
pub(crate) enum NotHeld {
    /// The event was handled before, by a delivery with this fingerprint, where the store kept it.
    Duplicate { first: Option<Fingerprint> },
    /// The sender must try again.
    Rejected(Rejection),
}

impl<'a> ClaimAttempt<'a> {
    pub(crate) fn new<V: Vendor>(
        event: EventHandle<'a>,
        delivery: &Delivery<V>,
        timing: &'a Timing,
        waiting: &'a Waiting,
    ) -> Self {
        Self {
            event,
            token: Token::unique(),
            fingerprint: delivery.verified().fingerprint(),
            timing,
            waiting,
        }
    }

    /// Claims the event. While another run holds it, waits for that run, and drops a large body: a
    /// delivery without its body gets no claim.
    pub(crate) async fn acquire<V: Vendor>(
        self,
        delivery: &mut Delivery<V>,
    ) -> Result<HeldClaim<'a>, NotHeld> {
        match self.claim().await? {
            Claim::Acquired { fence } => Ok(HeldClaim {
                attempt: self,
                fence,
            }),
            Claim::Done { fingerprint: first } => Err(NotHeld::Duplicate { first }),
            // Boxed: few deliveries wait, and the others need no room for it.
            Claim::InFlight { lease_left } => Box::pin(self.wait(delivery, lease_left)).await,
        }
    }

    async fn claim(&self) -> Result<Claim, NotHeld> {
        let claim = self
            .event
            .claim(self.token, self.fingerprint, self.timing.lease);
        claim.await.map_err(|err| {
            self.event.release_later(self.token);
            unavailable(Reason::ClaimFailed, err)
        })
    }

    /// Waits for the run that holds the event, and takes over if that run fails.
    async fn wait<V: Vendor>(
        self,
        delivery: &mut Delivery<V>,
        lease_left: Duration,
    ) -> Result<HeldClaim<'a>, NotHeld> {
        let keeps_body = delivery.raw().len() <= KEPT_WHILE_WAITING;
        if !keeps_body {
            delivery.drop_body();
        }
        let Some(waiter) = self.waiting.join(self.event.hash()) else {
            return Err(retry_after_lease(Reason::TooManyWaiting, lease_left));
        };
        let deadline = Instant::now() + self.timing.wait;
        let Ok(mut done) = timeout_at(deadline, waiter.turn()).await else {
            return Err(retry_after_lease(Reason::FirstRunPending, lease_left));
        };
        if let Some(Done(first)) = *done {
            return Err(NotHeld::Duplicate { first });
        }
        let mut pause = FIRST_PAUSE;
        let fence = loop {
            waiter.settled(deadline.min(Instant::now() + pause)).await;
            pause = (pause * 2).min(LAST_PAUSE);
            match self.claim().await? {
                Claim::Acquired { fence } => break fence,
                Claim::Done { fingerprint: first } => {
                    *done = Some(Done(first));
                    return Err(NotHeld::Duplicate { first });
                }
                Claim::InFlight { lease_left } if Instant::now() >= deadline => {
                    return Err(retry_after_lease(Reason::FirstRunPending, lease_left));
                }
                Claim::InFlight { .. } => {}
            }
        };
        drop(done);
        drop(waiter);
        let held = HeldClaim {
            attempt: self,
            fence,
        };
        if keeps_body {
            return Ok(held);
        }
        held.release().await;
        let rejection = Rejection::from(Reason::FirstRunFailed).retry_in(RETRY);
        Err(NotHeld::Rejected(rejection))
    }
}

/// A granted claim. When it is dropped, a waiting delivery asks the store again.
///
/// # Cancellation
///
/// A claim that is dropped while the handler runs stays in the store until its lease ends. So
/// adapters let the handler run on when the sender leaves.
pub(crate) struct HeldClaim<'a> {
    attempt: ClaimAttempt<'a>,
    fence: Option<Fence>,
}

impl HeldClaim<'_> {
    pub(crate) fn fence(&self) -> Option<Fence> {
        self.fence
    }

    /// Runs the handler to its end, its panic or its deadline, and extends the lease meanwhile.
    pub(crate) async fn run<Fut: Future>(
        &self,
        handler: impl FnOnce() -> Fut,
    ) -> Result<Fut::Output, Rejection> {
        let deadline = self.attempt.timing.handler;
        let mut handler = pin!(timeout(deadline, catch_panic(handler)));
        let mut extending = pin!(self.extend_lease());
        poll_fn(|cx| {
            let handled = match handler.as_mut().poll(cx) {
                Poll::Ready(Ok(handled)) => handled
                    .map_err(|err| Rejection::from(Reason::HandlerPanicked).because(Arc::new(err))),
                Poll::Ready(Err(_)) => {
                    Err(Rejection::from(Reason::HandlerSlow { deadline }).retry_in(RETRY))
                }
                Poll::Pending => {
                    let _: Poll<Infallible> = extending.as_mut().poll(cx);
                    return Poll::Pending;
                }
            };
            Poll::Ready(handled)
        })
        .await
    }

    /// Extends the lease every third of it. A failure is no reason to stop the handler: the next
    /// extension may succeed, and [`finish`](Self::finish) notices a claim that was lost.
    async fn extend_lease(&self) -> Infallible {
        let ClaimAttempt {
            event,
            token,
            timing,
            ..
        } = &self.attempt;
        loop {
            sleep(timing.lease / 3).await;
            let _ = event.extend(*token, timing.lease).await;
        }
    }

    /// Records the event as done.
    pub(crate) async fn finish(self) -> Result<Ownership, Rejection> {
        let ClaimAttempt {
            event,
            token,
            fingerprint,
            timing,
            ..
        } = &self.attempt;
        let finished = event.finish(*token, *fingerprint, timing.retention).await;
        finished.map_err(|err| {
            Rejection::from(Reason::ConfirmFailed)
                .because(Arc::new(err))
                .retry_in(RETRY)
        })
    }

    /// Releases the event, so that its next delivery is handled.
    pub(crate) async fn release(self) {
        let ClaimAttempt { event, token, .. } = &self.attempt;
        if event.release(*token).await.is_err() {
            event.release_later(*token);
        }
    }
}

impl Drop for HeldClaim<'_> {
    fn drop(&mut self) {
        let ClaimAttempt { event, waiting, .. } = &self.attempt;
        waiting.wake(|| event.hash());
    }
}

fn unavailable(reason: Reason, err: StoreError) -> NotHeld {
    let rejection = Rejection::from(reason).because(Arc::new(err));
    NotHeld::Rejected(rejection.retry_in(RETRY))
}

/// Rounded up: a sender that comes back a moment too early has spent one of its two re-sends.
fn retry_after_lease(reason: Reason, lease_left: Duration) -> NotHeld {
    let whole = Duration::from_secs(lease_left.as_secs());
    let wait = if whole < lease_left {
        whole.saturating_add(Duration::from_secs(1))
    } else {
        whole
    };
    NotHeld::Rejected(Rejection::from(reason).retry_in(wait.min(LONGEST_RETRY)))
}

/// The `Retry-After` of an outage.
pub(crate) const RETRY: Duration = Duration::from_secs(5);

/// The longest `Retry-After` for another's lease.
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// How long to wait before asking the store again for a claim that another replica may hold. It
/// doubles from the first pause to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(100);

/// The largest body that is kept while its delivery waits. A larger one is dropped, and its
/// delivery then cannot take over if the first run fails.
const KEPT_WHILE_WAITING: usize = 64 << 10;
