//! A future that goes on when its request is dropped.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// A future that is not cancelled when it is dropped: it goes on in a task of its own, on the same
/// worker.
///
/// A task from the beginning would do the same, but costs every request a task for the sake of the
/// few whose sender goes away.
pub(crate) struct Detached<F: Future + 'static>(Option<Pin<Box<F>>>);

impl<F: Future + 'static> Detached<F> {
    pub(crate) fn new(future: Pin<Box<F>>) -> Self {
        Self(Some(future))
    }
}

impl<F: Future + 'static> Future for Detached<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Taken out while it is polled: one that panicked must not be polled again, by a task.
        #[expect(clippy::expect_used, reason = "the contract of `Future::poll`")]
        let mut future = self.0.take().expect("polled after completion");
        let poll = future.as_mut().poll(cx);
        if poll.is_pending() {
            self.0 = Some(future);
        }
        poll
    }
}

impl<F: Future + 'static> Drop for Detached<F> {
    fn drop(&mut self) {
        if let Some(future) = self.0.take() {
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

    #[actix_web::test]
    async fn a_detached_future_ends_although_it_is_dropped() {
        let (go, done) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
        let (go_on, is_done) = (Rc::clone(&go), Rc::clone(&done));
        let mut detached = Detached::new(Box::pin(async move {
            go_on.notified().await;
            is_done.notify_one();
        }));
        let first = poll_fn(|cx| Poll::Ready(Pin::new(&mut detached).poll(cx))).await;
        assert!(first.is_pending());
        drop(detached);
        go.notify_one();
        done.notified().await;
    }
}
