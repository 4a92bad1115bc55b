//! Reading a request's body, within its limit and its deadline.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep};

use crate::{
    BodyError, Reason, Rejection, Vendor, Verification, Verified,
    observe::{Progress, Stage},
};

/// A request's body, and whether its end was reached.
pub(super) struct Body<'b, B> {
    chunks: Pin<&'b mut B>,
    rest: Rest,
}

/// The unread part of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// More may come.
    Open,
    /// Nothing: the end was reached.
    Nothing,
    /// No more can be read.
    Lost,
}

impl<'b, B, E> Body<'b, B>
where
    B: Stream<Item = Result<Bytes, E>>,
    E: Into<BodyError>,
{
    pub(super) fn new(chunks: Pin<&'b mut B>) -> Self {
        let rest = Rest::Open;
        Self { chunks, rest }
    }

    /// Reads to the end, within `deadline` from the first wait.
    pub(super) async fn verify<V: Vendor>(
        &mut self,
        mut verification: Verification<V>,
        deadline: Duration,
        progress: &mut Progress,
    ) -> Result<Verified<Bytes>, Rejection> {
        let mut wait = BodyDeadline::new(deadline);
        let size = progress.size.insert(0);
        loop {
            verification = match self.next(&mut wait).await {
                Next::Chunk(chunk) => {
                    *size += chunk.len();
                    verification.push(chunk)?
                }
                Next::End => {
                    progress.enter(Stage::Verification);
                    return verification.finish();
                }
                Next::Failed(err) => return Err(refused(err)),
                Next::Late => return Err(Reason::BodySlow { deadline }.into()),
            };
        }
    }

    /// Reads and discards for up to a second, and notes in the rejection whether the body ended.
    ///
    /// Closing at once would reset the connection, and a sender that is still writing would lose
    /// the answer.
    pub(super) async fn dismiss(&mut self, rejection: Rejection) -> Rejection {
        let mut wait = BodyDeadline::new(READ_ON);
        let mut end = None;
        while self.rest == Rest::Open {
            match self.next(&mut wait).await {
                Next::Late => break,
                Next::Chunk(_) | Next::Failed(_) | Next::End => {}
            }
            // A body whose next chunk is always ready never polls the timer.
            let now = Instant::now();
            if now > *end.get_or_insert(now + READ_ON) {
                break;
            }
        }
        match self.rest {
            Rest::Nothing => rejection,
            Rest::Open | Rest::Lost => rejection.with_body_unread(),
        }
    }

    /// Whether the end was reached.
    pub(super) fn is_read(&self) -> bool {
        self.rest == Rest::Nothing
    }

    async fn next(&mut self, wait: &mut BodyDeadline) -> Next {
        poll_fn(|cx| match self.poll_next(cx) {
            Poll::Pending => wait.poll(cx).map(|()| Next::Late),
            next => next,
        })
        .await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if self.rest != Rest::Open {
            return Poll::Ready(Next::End);
        }
        Poll::Ready(match ready!(self.chunks.as_mut().poll_next(cx)) {
            Some(Ok(chunk)) => Next::Chunk(chunk),
            Some(Err(err)) => {
                let err = err.into();
                if !matches!(err, BodyError::TooLong(_)) {
                    self.rest = Rest::Lost;
                }
                Next::Failed(err)
            }
            None => {
                self.rest = Rest::Nothing;
                Next::End
            }
        })
    }
}

enum Next {
    Chunk(Bytes),
    End,
    Failed(BodyError),
    Late,
}

fn refused(err: BodyError) -> Rejection {
    let (reason, source) = match err {
        BodyError::TooLong(source) => (Reason::TooLongForOuterLayer, source),
        BodyError::TimedOut(source) => (Reason::TooSlowForOuterLayer, source),
        BodyError::Broken(source) => (Reason::BodyBroken, source),
    };
    Rejection::from(reason).because(source.into())
}

/// The deadline of a body, from the first wait.
struct BodyDeadline {
    deadline: Duration,
    /// Made at the first wait, in a box of its own, since few requests need one.
    timer: Option<Pin<Box<Sleep>>>,
    has_yielded: bool,
}

impl BodyDeadline {
    fn new(deadline: Duration) -> Self {
        Self {
            deadline,
            timer: None,
            has_yielded: false,
        }
    }

    /// Ready when the deadline is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // The server may have the body already, and hand it over when it runs next.
        if !self.has_yielded {
            self.has_yielded = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep(self.deadline)));
        timer.as_mut().poll(cx)
    }
}

/// How long to read and discard the rest of a refused body. Bytes have no bound, since none is
/// kept.
const READ_ON: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, pin::pin, task::Waker};

    use super::*;
    use crate::{Intake, Secret, SmileApi, head::Post};

    /// A body of `left` chunks of one byte, each ready at once or after a pause.
    struct Chunks {
        left: usize,
        pause: Option<Duration>,
        timer: Option<Pin<Box<Sleep>>>,
    }

    fn chunks(left: usize, pause: Option<Duration>) -> Chunks {
        let timer = pause.map(|pause| Box::pin(sleep(pause)));
        Chunks { left, pause, timer }
    }

    impl Stream for Chunks {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            if let Some(timer) = &mut self.timer {
                ready!(timer.as_mut().poll(cx));
                self.timer = self.pause.map(|pause| Box::pin(sleep(pause)));
            }
            let Some(left) = self.left.checked_sub(1) else {
                return Poll::Ready(None);
            };
            self.left = left;
            Poll::Ready(Some(Ok(Bytes::from_static(b"x"))))
        }
    }

    fn intake() -> Intake<SmileApi> {
        let intake = Intake::smile_api(Secret::new("secret").unwrap());
        let intake = intake.body_limit(10).unwrap();
        intake.body_timeout(Duration::from_secs(1)).unwrap().build()
    }

    /// A body whose next chunk is always ready, for five seconds.
    struct Ready(Instant);

    impl Stream for Ready {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            let is_over = self.0.elapsed() > READ_ON * 5;
            Poll::Ready((!is_over).then(|| Ok(Bytes::from_static(b"x"))))
        }
    }

    async fn dismissed(body: &mut (impl Stream<Item = Result<Bytes, Infallible>> + Unpin)) -> bool {
        let rejection = Reason::SignatureMissing.into();
        let rejection = intake().dismiss(rejection, Pin::new(body)).await;
        rejection.reply().closes()
    }

    /// The refusal of a body whose head was admitted.
    async fn received(body: &mut Chunks) -> Rejection {
        let intake = intake();
        let head = Post {
            peer: None,
            headers: &[("smile-signature", &"0".repeat(128))],
        };
        let admitted = intake.admit(&head).unwrap();
        let refused = intake.receive(admitted, Pin::new(body)).await;
        refused.unwrap_err()
    }

    #[test]
    fn a_complete_body_needs_no_timer_and_keeps_the_connection() {
        // Without a runtime: to make a timer would panic.
        for left in [0, 1, 1000] {
            let mut body = chunks(left, None);
            let dismissed = pin!(dismissed(&mut body));
            let closes = dismissed.poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(closes, Poll::Ready(false), "{left}");
        }
    }

    /// A body that is there at the second time of asking.
    struct AtSecond(bool);

    impl Stream for AtSecond {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            if std::mem::replace(&mut self.0, true) {
                Poll::Ready(None)
            } else {
                Poll::Pending
            }
        }
    }

    #[test]
    fn a_body_that_is_there_at_the_next_turn_needs_no_timer() {
        // Without a runtime, in which no timer can be made.
        let mut body = AtSecond(false);
        let mut dismissed = pin!(dismissed(&mut body));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(dismissed.as_mut().poll(&mut cx).is_pending());
        assert_eq!(dismissed.as_mut().poll(&mut cx), Poll::Ready(false));
    }

    /// A body that fails, and ends when it is asked again.
    struct Fails(Option<BodyError>);

    impl Stream for Fails {
        type Item = Result<Bytes, BodyError>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(self.0.take().map(Err))
        }
    }

    #[tokio::test]
    async fn what_is_over_an_outer_limit_is_read_to_its_end_and_a_broken_body_is_left() {
        for (err, closes) in [
            (BodyError::TooLong("a limit".into()), false),
            (BodyError::TimedOut("a deadline".into()), true),
            (BodyError::Broken("the sender is gone".into()), true),
        ] {
            let what = err.to_string();
            let rejection = Reason::SignatureMissing.into();
            let rejection = intake().dismiss(rejection, Fails(Some(err))).await;
            assert_eq!(rejection.reply().closes(), closes, "{what}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_ends_within_a_second_keeps_the_connection() {
        let mut body = chunks(9, Some(Duration::from_millis(100)));
        assert!(!dismissed(&mut body).await);
        assert_eq!(body.left, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_takes_longer_than_a_second_ends_the_connection() {
        let begun = Instant::now();
        let mut body = chunks(11, Some(Duration::from_millis(100)));
        assert!(dismissed(&mut body).await);
        assert_eq!(begun.elapsed().as_secs(), 1);
    }

    #[tokio::test]
    async fn a_body_that_never_waits_is_left_after_a_second() {
        let begun = Instant::now();
        assert!(dismissed(&mut Ready(begun)).await);
        assert!(begun.elapsed() >= READ_ON);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_over_the_limit_is_read_to_its_end() {
        let mut body = chunks(1000, None);
        let rejection = received(&mut body).await;
        assert_eq!(*rejection.reason(), Reason::BodyTooLong { limit: 10 });
        assert!(!rejection.reply().closes());
        assert_eq!(body.left, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_chunk_does_not_restart_the_deadline() {
        let begun = Instant::now();
        let mut body = chunks(9, Some(Duration::from_millis(300)));
        let rejection = received(&mut body).await;
        let deadline = Duration::from_secs(1);
        assert_eq!(*rejection.reason(), Reason::BodySlow { deadline });
        assert!(rejection.reply().closes());
        // The deadline, and the second in which the rest is read.
        assert_eq!(begun.elapsed().as_secs(), 2);
    }
}
