//! A future that continues in a task when its request is dropped.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tracing::{Instrument, Span};

/// A future that moves to a task of the same worker when it is dropped before its end.
///
/// A task from the beginning would do the same, but costs every request a task for the sake of the
/// few whose sender goes away.
pub(crate) struct SpawnOnDrop<F: Future + 'static> {
    future: Option<Pin<Box<F>>>,
    on_drop: OnDrop,
    /// The request's span, from the first wait: it is not entered while the future is dropped.
    span: Option<Span>,
}

/// What happens to a future that is dropped before its end.
///
/// Exhaustive: it ends, or it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnDrop {
    Cancel,
    Spawn,
}

impl<F: Future + 'static> SpawnOnDrop<F> {
    pub(crate) fn new(future: Pin<Box<F>>, on_drop: OnDrop) -> Self {
        Self {
            future: Some(future),
            on_drop,
            span: None,
        }
    }
}

impl<F: Future + 'static> Future for SpawnOnDrop<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Taken out while it is polled: one that panicked must not be polled again, by a task.
        #[expect(clippy::expect_used, reason = "the contract of `Future::poll`")]
        let mut future = self.future.take().expect("polled after completion");
        let poll = future.as_mut().poll(cx);
        if poll.is_pending() {
            self.future = Some(future);
            if self.on_drop == OnDrop::Spawn {
                self.span.get_or_insert_with(Span::current);
            }
        }
        poll
    }
}

impl<F: Future + 'static> Drop for SpawnOnDrop<F> {
    fn drop(&mut self) {
        if let (Some(future), Some(span)) = (self.future.take(), self.span.take()) {
            let future = async move {
                future.await;
            };
            // A request lives and is dropped on its worker, where tasks can be spawned.
            actix_web::rt::spawn(future.instrument(span));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, rc::Rc};

    use tokio::sync::Notify;

    use super::*;

    /// Polls one that waits to `go` on and then says that it is done, and drops it.
    async fn dropped(on_drop: OnDrop) -> (Rc<Notify>, Rc<Notify>) {
        let (go, done) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
        let (going, is_done) = (Rc::clone(&go), Rc::clone(&done));
        let future = async move {
            going.notified().await;
            is_done.notify_one();
        };
        let mut future = SpawnOnDrop::new(Box::pin(future), on_drop);
        let first = poll_fn(|cx| Poll::Ready(Pin::new(&mut future).poll(cx))).await;
        assert!(first.is_pending());
        (go, done)
    }

    #[actix_web::test]
    async fn one_to_be_spawned_ends_although_it_is_dropped() {
        let (go, done) = dropped(OnDrop::Spawn).await;
        go.notify_one();
        done.notified().await;
    }

    #[actix_web::test]
    async fn one_to_be_cancelled_ends_where_it_is() {
        let (_go, done) = dropped(OnDrop::Cancel).await;
        assert_eq!(Rc::strong_count(&done), 1, "the future is dropped");
    }
}
