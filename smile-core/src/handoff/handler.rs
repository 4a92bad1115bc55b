//! A handler under a claim: one that panics must not take the claim with it.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

// A handler that panicked is dropped and never polled again, so that what it left in disorder is seen
// by nobody.

/// Begins a handler; `None` where it panics.
#[inline]
pub(crate) fn begin<Fut>(handler: impl FnOnce() -> Fut) -> Option<Fut> {
    catch_unwind(AssertUnwindSafe(handler)).ok()
}

/// Polls it until its answer is there; `false` where it panics, or did as it [began](begin).
#[inline]
pub(crate) fn poll<Fut: Future>(
    handler: Pin<&mut Option<Fut>>,
    answer: &mut Option<Fut::Output>,
    cx: &mut Context<'_>,
) -> Poll<bool> {
    let Some(handler) = handler.as_pin_mut() else {
        return Poll::Ready(false);
    };
    let poll = AssertUnwindSafe(|| {
        handler.poll(cx).map(|said| {
            *answer = Some(said);
            true
        })
    });
    catch_unwind(poll).unwrap_or(Poll::Ready(false))
}
