//! A future that continues in a task when its request is dropped.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;
use tracing::{Instrument, Span};

/// A future that moves to a task of its own when it is dropped before its end.
///
/// A task from the beginning would do the same, but costs every request a task for the sake of the
/// few whose sender goes away.
pub(crate) struct SpawnOnDrop<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    future: Option<Pin<Box<F>>>,
    on_drop: OnDrop,
    /// From the first wait: neither is known while the future is dropped.
    runtime_and_span: Option<(Handle, Span)>,
}

/// What happens to a future that is dropped before its end.
///
/// Exhaustive: it ends, or it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnDrop {
    Cancel,
    Spawn,
}

impl<F> SpawnOnDrop<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    pub(crate) fn new(future: Pin<Box<F>>, on_drop: OnDrop) -> Self {
        Self {
            future: Some(future),
            on_drop,
            runtime_and_span: None,
        }
    }
}

impl<F> Future for SpawnOnDrop<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Taken out while it is polled: one that panicked must not be polled again, by a task.
        #[expect(clippy::expect_used, reason = "the contract of `Future::poll`")]
        let mut future = self.future.take().expect("polled after completion");
        let poll = future.as_mut().poll(cx);
        if poll.is_pending() {
            self.future = Some(future);
            if self.on_drop == OnDrop::Spawn {
                self.runtime_and_span
                    .get_or_insert_with(|| (Handle::current(), Span::current()));
            }
        }
        poll
    }
}

impl<F> Drop for SpawnOnDrop<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        if let (Some(future), Some((runtime, span))) =
            (self.future.take(), self.runtime_and_span.take())
        {
            runtime.spawn(future.instrument(span));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, sync::Arc};

    use tokio::sync::Notify;

    use super::*;

    /// Polls one that waits to `go` on and then says that it is done, and drops it.
    async fn dropped(on_drop: OnDrop) -> (Arc<Notify>, Arc<Notify>) {
        let (go, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (going, is_done) = (Arc::clone(&go), Arc::clone(&done));
        let future = async move {
            going.notified().await;
            is_done.notify_one();
        };
        let mut future = SpawnOnDrop::new(Box::pin(future), on_drop);
        let first = poll_fn(|cx| Poll::Ready(Pin::new(&mut future).poll(cx))).await;
        assert!(first.is_pending());
        (go, done)
    }

    #[tokio::test]
    async fn one_to_be_spawned_ends_although_it_is_dropped() {
        let (go, done) = dropped(OnDrop::Spawn).await;
        go.notify_one();
        done.notified().await;
    }

    #[tokio::test]
    async fn one_to_be_cancelled_ends_where_it_is() {
        let (_go, done) = dropped(OnDrop::Cancel).await;
        assert_eq!(Arc::strong_count(&done), 1, "the future is dropped");
    }
}
