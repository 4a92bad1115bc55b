//! When it is.

use std::time::Instant;

/// The time, as long as nothing is waited for.
///
/// A request's is read when it begins and when it has waited, as the server has just done: the clock
/// is at hand then, and far away after a large body was hashed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(Option<Instant>);

impl Moment {
    /// Something was waited for since the time was read, or it never was.
    pub(crate) const UNKNOWN: Self = Self(None);

    /// By tokio's clock, which tests may stop.
    #[inline]
    pub(crate) fn now() -> Self {
        Self(Some(now()))
    }

    /// The time; read now, where it is not known.
    #[inline]
    pub(crate) fn time(self) -> Instant {
        self.0.unwrap_or_else(now)
    }

    /// Reads the time anew, where it was known before something was waited for.
    pub(crate) fn renew(&mut self) {
        if let Some(time) = &mut self.0 {
            *time = now();
        }
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        future::{Future, pending, ready},
        pin::{Pin, pin},
        task::{Context, Poll, Waker},
        time::Duration,
    };

    use bytes::Bytes;
    use futures_core::Stream;
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha512;
    use tokio::time::{Sleep, advance, sleep};

    use super::*;
    use crate::{Answer, Delivery, Intake, Secret, SmileApi, head::Post};

    const EVENT: &str = r#"{"id":"et-1","type":"TASK_STARTED"}"#;

    const TEN_SECONDS: Duration = Duration::from_secs(10);

    /// A body that comes at once, after a while.
    struct Slow(Pin<Box<Sleep>>, Option<Bytes>);

    impl Stream for Slow {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            let over = self.0.as_mut().poll(cx);
            over.map(|()| self.1.take().map(Ok))
        }
    }

    fn intake() -> Intake<SmileApi> {
        let intake = Intake::smile_api(Secret::new("secret").unwrap());
        intake.retention(Duration::from_secs(15)).unwrap().build()
    }

    /// What an intake makes of a body that takes so long to come.
    async fn received(intake: &Intake<SmileApi>, after: Duration) -> Delivery<SmileApi> {
        let mac = Hmac::<Sha512>::new_from_slice(b"secret").unwrap();
        let tag = mac.chain_update(EVENT).finalize().into_bytes();
        let head = Post {
            peer: None,
            headers: &[("smile-signature", &const_hex::encode(tag))],
        };
        let body = Slow(Box::pin(sleep(after)), Some(EVENT.into()));
        let admitted = intake.admit(&head).unwrap();
        intake.receive(admitted, body).await.unwrap()
    }

    fn status(status: &u16) -> Option<u16> {
        Some(*status)
    }

    /// Whether the event is handled once more.
    async fn is_run_again(intake: &Intake<SmileApi>) -> bool {
        let again = received(intake, Duration::ZERO).await;
        let answer = intake.clone().hand_over(again, |_| ready(204), status);
        matches!(answer.await, Answer::Handler(204))
    }

    #[tokio::test(start_paused = true)]
    async fn a_delivery_came_when_the_last_of_its_body_did() {
        let delivery = received(&intake(), TEN_SECONDS / 2).await;
        assert_eq!(delivery.came().0, Some(now()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_is_remembered_from_when_a_handler_that_waited_ended() {
        let intake = intake();
        let delivery = received(&intake, Duration::ZERO).await;
        let run = async |_| {
            sleep(TEN_SECONDS).await;
            204
        };
        let answer = intake.clone().hand_over(delivery, run, status).await;
        assert!(matches!(answer, Answer::Handler(204)));
        advance(Duration::from_secs(14)).await;
        assert!(!is_run_again(&intake).await);
        advance(Duration::from_secs(1)).await;
        assert!(is_run_again(&intake).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_delivery_that_is_handed_over_late_keeps_its_claim() {
        let intake = intake();
        let delivery = received(&intake, Duration::ZERO).await;
        advance(TEN_SECONDS * 2).await;
        let first = intake
            .clone()
            .hand_over(delivery, |_| pending::<u16>(), status);
        let mut first = pin!(first);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut cx).is_pending());
        assert!(!is_run_again(&intake).await);
    }
}
