//! Claim, run, settle: how one event takes effect once.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, error::Elapsed, sleep, sleep_until, timeout};

use super::{
    handler,
    in_flight::{Run, Running, Waiting},
    moment::Moment,
    store::{Answer, Entry, Tokens},
};
use crate::{Claim, Delivery, Fingerprint, Held, Reason, Rejection, StoreError, Token, Vendor};

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
    tokens: Tokens,
    waiting: Waiting,
    pub(crate) running: Running,
}

/// How a delivery ended.
pub(crate) enum Settled {
    /// The handler answered 2xx, and the event is remembered.
    Done(Held),
    /// The handler answered something else, or failed; the event is as if it had never come.
    Failed,
    /// The event was handled before.
    Duplicate { id_reuse: bool },
    /// Neither: the sender has to come back.
    Rejected(Rejection),
}

impl Settled {
    /// What a handler's answer comes to.
    #[inline]
    pub(crate) fn of(status: Option<u16>) -> Self {
        match status {
            Some(200..=299) => Self::Done(Held::Held),
            _ => Self::Failed,
        }
    }

    /// Takes what the store said when it was [told](Claimed::tell).
    #[inline]
    pub(crate) fn hear(&mut self, answer: Result<Held, StoreError>) {
        // Where a claim could not be given up, its lease ends it.
        if let Self::Done(held) = self {
            match answer {
                Ok(still_held) => *held = still_held,
                Err(err) => *self = unavailable(Reason::ConfirmFailed, err),
            }
        }
    }
}

impl Claims {
    /// A delivery's claim on its event, still to be [asked for](Claimed::claim).
    pub(crate) fn open<'a, V: Vendor>(
        &'a self,
        entry: Entry<'a>,
        timing: &'a Timing,
        delivery: &Delivery<V>,
    ) -> Claimed<'a> {
        Claimed {
            entry,
            timing,
            token: self.tokens.next(),
            fingerprint: delivery.verified().fingerprint(),
            waiting: &self.waiting,
            _run: self.running.enter(),
        }
    }
}

/// One delivery's claim on its event. Those who wait for the event are woken when it is dropped.
///
/// # Cancellation
///
/// Dropped while the handler runs, the claim stays until its lease ends; adapters therefore let the
/// handler run on when the sender goes away.
pub(crate) struct Claimed<'a> {
    entry: Entry<'a>,
    timing: &'a Timing,
    token: Token,
    fingerprint: Fingerprint,
    waiting: &'a Waiting,
    _run: Run<'a>,
}

impl Claimed<'_> {
    /// Asks the store for the event.
    #[inline]
    pub(crate) fn claim(&self, moment: Moment) -> Answer<'_, Claim> {
        self.entry
            .claim(moment, self.token, self.fingerprint, self.timing.lease)
    }

    /// What comes of a claim, which waits where another has the event: the delivery to run the handler
    /// with, or how it ends without. `described` is what the caller keeps of the delivery for its
    /// report.
    pub(crate) async fn resolve<V: Vendor>(
        &self,
        claim: Result<Claim, StoreError>,
        delivery: Delivery<V>,
        described: &mut Delivery<V>,
    ) -> Result<Delivery<V>, Settled> {
        match claim {
            Ok(Claim::Acquired { fence }) => Ok(delivery.claimed(fence)),
            Ok(Claim::Done { fingerprint }) => Err(self.duplicate(fingerprint)),
            Ok(Claim::InFlight { lease_left }) => self.wait(delivery, described, lease_left).await,
            Err(err) => Err(unavailable(Reason::ClaimFailed, err)),
        }
    }

    /// Waits for the run that has the event, to take it over if that fails.
    async fn wait<V: Vendor>(
        &self,
        delivery: Delivery<V>,
        described: &mut Delivery<V>,
        lease_left: Duration,
    ) -> Result<Delivery<V>, Settled> {
        let kept = (delivery.raw().len() <= Timing::KEPT_WHILE_WAITING).then_some(delivery);
        if kept.is_none() {
            described.let_go_of_body();
        }
        let Some(waiter) = self.waiting.join(self.entry.digest()) else {
            return Err(retry_after_lease(Reason::TooManyWaiting, lease_left));
        };
        let deadline = Instant::now() + self.timing.wait;
        let mut pause = Timing::FIRST_PAUSE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            waiter.settled(pause.min(left)).await;
            pause = (pause * 2).min(Timing::LAST_PAUSE);
            match self.claim(Moment::UNKNOWN).await {
                Ok(Claim::Done { fingerprint }) => return Err(self.duplicate(fingerprint)),
                Ok(Claim::InFlight { lease_left }) if left.is_zero() => {
                    return Err(retry_after_lease(Reason::FirstRunPending, lease_left));
                }
                Ok(Claim::InFlight { .. }) => {}
                Ok(Claim::Acquired { fence }) => match kept {
                    Some(delivery) => return Ok(delivery.claimed(fence)),
                    None => {
                        // Where the store cannot be told, the lease ends the claim.
                        let _ = self.entry.release(self.token).await;
                        return Err(retry_after(Reason::FirstRunFailed));
                    }
                },
                Err(err) => return Err(unavailable(Reason::ClaimFailed, err)),
            }
        }
    }

    /// Runs a handler to its end, its deadline or its panic, and keeps the claim meanwhile: what the
    /// run comes to, if the store can be told, and what is known of the time then. What the handler
    /// says is put into `answer`.
    pub(crate) fn run<R, Fut: Future<Output = R>>(
        &self,
        mut handler: Pin<&mut Option<Fut>>,
        answer: &mut Option<R>,
        status: fn(&R) -> Option<u16>,
        begun: Moment,
    ) -> impl Future<Output = (Settled, Moment)> {
        // Made for a handler that does not answer at once: others need no timers.
        let mut deadline = None;
        poll_fn(move |cx| {
            let settled = match handler::poll(handler.as_mut(), answer, cx) {
                Poll::Ready(true) => Settled::of(answer.as_ref().and_then(status)),
                Poll::Ready(false) => Settled::Rejected(Reason::HandlerPanicked.into()),
                Poll::Pending => {
                    let waiting = deadline.get_or_insert_with(|| Box::pin(self.deadline(begun)));
                    ready!(waiting.as_mut().poll(cx));
                    let deadline = self.timing.handler;
                    retry_after(Reason::HandlerSlow { deadline })
                }
            };
            let has_waited = deadline.is_some();
            let ended = if has_waited { Moment::UNKNOWN } else { begun };
            Poll::Ready((settled, ended))
        })
    }

    /// Tells the store what the run came to.
    #[inline]
    pub(crate) fn tell(&self, settled: &Settled, ended: Moment) -> Answer<'_, Held> {
        match settled {
            Settled::Done(_) => {
                let retention = self.timing.retention;
                self.entry
                    .finish(ended, self.token, self.fingerprint, retention)
            }
            _ => self.entry.release(self.token),
        }
    }

    /// The end where the event was handled before.
    fn duplicate(&self, before: Option<Fingerprint>) -> Settled {
        let id_reuse = before.is_some_and(|before| before.contradicts(&self.fingerprint));
        Settled::Duplicate { id_reuse }
    }

    /// Waits for the handler's deadline, and until then extends the lease every third of it. A
    /// failure is no reason to stop the handler: the next beat may succeed, and
    /// what became of the claim is heard when the store is [told](Self::tell) of the run's end.
    async fn deadline(&self, begun: Moment) {
        let heartbeat = async {
            let third = self.timing.lease / 3;
            sleep_until(Instant::from_std(begun.time()) + third).await;
            loop {
                let _ = self.entry.extend(self.token, self.timing.lease).await;
                sleep(third).await;
            }
        };
        let _: Result<(), Elapsed> = timeout(self.timing.handler, heartbeat).await;
    }
}

impl Drop for Claimed<'_> {
    #[inline]
    fn drop(&mut self) {
        self.waiting.wake(|| self.entry.digest());
    }
}

fn unavailable(reason: Reason, err: StoreError) -> Settled {
    let rejection = Rejection::from(reason).because(Arc::new(err));
    Settled::Rejected(rejection.retry_in(Timing::RETRY))
}

fn retry_after(reason: Reason) -> Settled {
    Settled::Rejected(Rejection::from(reason).retry_in(Timing::RETRY))
}

fn retry_after_lease(reason: Reason, lease_left: Duration) -> Settled {
    // Rounded up: a sender that comes back a moment too early has spent one of its two re-sends.
    let wait = Duration::from_secs(lease_left.as_secs() + 1);
    let rejection = Rejection::from(reason);
    Settled::Rejected(rejection.retry_in(wait.min(Timing::LONGEST_RETRY)))
}

#[cfg(test)]
mod tests {
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
        Answer, DedupeStore, DeliveryKey, Intake, KeyRing, RejectionKind, Secret, Signature,
        SmileApi, Verification,
    };

    fn delivery(body: Bytes) -> Delivery<SmileApi> {
        let mac = Hmac::<Sha512>::new_from_slice(b"secret").unwrap();
        let tag = mac.chain_update(&body).finalize().into_bytes();
        let ring = KeyRing::<SmileApi>::new(Secret::new("secret").unwrap());
        let verified = Verification::begin(&ring, Signature::new(tag.into()), body.len())
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
    async fn a_handler_that_panics_before_its_future_is_there_gives_its_claim_up() {
        let intake = intake();
        let started = || delivery(STARTED.into());
        for _ in 0..2 {
            let panicking = |_| -> Ready<u16> { panic!("as it is told to") };
            let answer = intake.clone().hand_over(started(), panicking, status).await;
            let Answer::Rejected(rejection) = answer else {
                panic!("it was not refused")
            };
            assert_eq!(rejection.kind(), RejectionKind::HandlerPanicked);
        }
        let answer = intake.hand_over(started(), |_| ready(204), status).await;
        assert!(matches!(answer, Answer::Handler(204)));
    }

    /// A store that never answers, and notes what it was asked for.
    #[derive(Clone, Default)]
    struct Silent(Arc<Mutex<Vec<String>>>);

    impl DedupeStore for Silent {
        fn claim(
            &self,
            key: &DeliveryKey,
            _: Token,
            _: Fingerprint,
            _: Duration,
        ) -> impl Future<Output = Result<Claim, StoreError>> + Send {
            self.0.lock().unwrap().push(key.to_string());
            pending()
        }

        async fn extend(&self, _: &DeliveryKey, _: Token, _: Duration) -> Result<Held, StoreError> {
            pending().await
        }

        async fn finish(
            &self,
            _: &DeliveryKey,
            _: Token,
            _: Fingerprint,
            _: Duration,
        ) -> Result<Held, StoreError> {
            pending().await
        }

        async fn release(&self, _: &DeliveryKey, _: Token) -> Result<Held, StoreError> {
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
        let Answer::Rejected(rejection) = answer else {
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
    async fn those_who_wait_are_woken_when_the_run_ends() {
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
        // No timer ends in here, as nothing waits.
        assert!(woken.0.load(Ordering::Relaxed));
        assert!(matches!(again.await, Answer::Reply(reply) if reply.status() == 200));
    }

    /// How many have the body of a delivery that waits for the first run of its event.
    fn holders_of_a_body_that_waits(body: String) -> usize {
        let intake = intake();
        let owner: Arc<[u8]> = body.into_bytes().into();
        let of_owner = || delivery(Bytes::from_owner(Arc::clone(&owner)));
        let mut cx = Context::from_waker(Waker::noop());
        let first = delivery(STARTED.into());
        let run = |_| pending::<u16>();
        let mut first = pin!(intake.clone().hand_over(first, run, status));
        assert!(first.as_mut().poll(&mut cx).is_pending());
        let mut second = pin!(intake.hand_over(of_owner(), run, status));
        assert!(second.as_mut().poll(&mut cx).is_pending());
        Arc::strong_count(&owner) - 1
    }

    #[tokio::test]
    async fn a_large_body_is_let_go_while_its_delivery_waits() {
        let small = STARTED.to_owned();
        let large = STARTED.to_owned() + &" ".repeat(Timing::KEPT_WHILE_WAITING);
        assert_eq!(holders_of_a_body_that_waits(small), 1);
        assert_eq!(holders_of_a_body_that_waits(large), 0);
    }
}
