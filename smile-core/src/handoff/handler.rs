//! A handler under a claim.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

pin_project! {
    /// A handler in its place, where it begins with the first poll.
    #[project = HandlerProjection]
    pub(crate) enum Handler<B, Fut> {
        ToBegin { begin: Option<B> },
        Running { #[pin] run: Fut },
    }
}

impl<B: FnOnce() -> Fut, Fut: Future> Handler<B, Fut> {
    pub(crate) fn new(begin: B) -> Self {
        Self::ToBegin { begin: Some(begin) }
    }

    /// Its answer; `None` where it panics.
    pub(crate) fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Fut::Output>> {
        // A handler that panicked is dropped and never polled again, so that what it left in
        // disorder is seen by nobody.
        let poll = AssertUnwindSafe(|| {
            if let HandlerProjection::ToBegin { begin } = self.as_mut().project()
                && let Some(begin) = begin.take()
            {
                let run = begin();
                self.set(Self::Running { run });
            }
            match self.project() {
                HandlerProjection::Running { run } => run.poll(cx).map(Some),
                HandlerProjection::ToBegin { .. } => Poll::Ready(None),
            }
        });
        catch_unwind(poll).unwrap_or(Poll::Ready(None))
    }
}
