//! A future that goes on when its request is dropped.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// A future that is not cancelled when it is dropped, where it must not be: it goes on in a task of
/// its own, on the same worker.
///
/// A task from the beginning would do the same, but costs every request a task for the sake of the
/// few whose sender goes away.
pub(crate) struct Detached<F: Future + 'static> {
    future: Option<Pin<Box<F>>>,
    goes_on: bool,
}

impl<F: Future + 'static> Detached<F> {
    pub(crate) fn new(future: Pin<Box<F>>, goes_on: bool) -> Self {
        Self {
            future: Some(future),
            goes_on,
        }
    }
}

impl<F: Future + 'static> Future for Detached<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Taken out while it is polled: one that panicked must not be polled again, by a task.
        #[expect(clippy::expect_used, reason = "the contract of `Future::poll`")]
        let mut future = self.future.take().expect("polled after completion");
        let poll = future.as_mut().poll(cx);
        if poll.is_pending() {
            self.future = Some(future);
        }
        poll
    }
}

impl<F: Future + 'static> Drop for Detached<F> {
    fn drop(&mut self) {
        if let (Some(future), true) = (self.future.take(), self.goes_on) {
            // A request lives and is dropped on its worker, where tasks can be spawned.
            actix_web::rt::spawn(async move {
                future.await;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, rc::Rc};

    use tokio::sync::Notify;

    use super::*;

    /// Polls one that waits to `go` on and then says that it is done, and drops it.
    async fn dropped(goes_on: bool) -> (Rc<Notify>, Rc<Notify>) {
        let (go, done) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
        let (going, is_done) = (Rc::clone(&go), Rc::clone(&done));
        let future = async move {
            going.notified().await;
            is_done.notify_one();
        };
        let mut detached = Detached::new(Box::pin(future), goes_on);
        let first = poll_fn(|cx| Poll::Ready(Pin::new(&mut detached).poll(cx))).await;
        assert!(first.is_pending());
        (go, done)
    }

    #[actix_web::test]
    async fn one_that_goes_on_ends_although_it_is_dropped() {
        let (go, done) = dropped(true).await;
        go.notify_one();
        done.notified().await;
    }

    #[actix_web::test]
    async fn one_that_does_not_ends_where_it_is() {
        let (_go, done) = dropped(false).await;
        assert_eq!(Rc::strong_count(&done), 1, "the future is dropped");
    }
}
