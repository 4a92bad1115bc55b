//! Reading a request's body, within its limit and its deadline.

use std::{
    error::Error,
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use tokio::time::{Instant, sleep, timeout};

use crate::{Reason, Rejection, Vendor, Verification, Verified};

/// Reads a body to its end, within `deadline` from the first time that it has to be waited for.
pub(super) async fn read<V, B, E>(
    mut verification: Verification<V>,
    mut body: Pin<&mut B>,
    deadline: Duration,
) -> Result<Verified<Bytes>, Rejection>
where
    V: Vendor,
    B: Stream<Item = Result<Bytes, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    // Made when the body has to be waited for; like all that few requests need, in a box of its own.
    // Not at once: a server may have read the body, and hand it over as soon as it has its turn.
    let mut timer = None;
    let mut has_yielded = false;
    loop {
        let next = poll_fn(|cx| match body.as_mut().poll_next(cx) {
            Poll::Ready(next) => Poll::Ready(Ok(next.map(|chunk| chunk.map_err(Into::into)))),
            Poll::Pending if !has_yielded => {
                has_yielded = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Pending => {
                let timer = timer.get_or_insert_with(|| Box::pin(sleep(deadline)));
                timer.as_mut().poll(cx).map(Err)
            }
        });
        let next = next.await;
        verification = match next {
            Ok(Some(Ok(chunk))) => match verification.push(chunk) {
                Ok(verification) => verification,
                Err(rejection) => {
                    Box::pin(discard(body)).await;
                    return Err(rejection);
                }
            },
            Ok(Some(Err(err))) => {
                let err: Box<dyn Error + Send + Sync> = err;
                return Err(Rejection::from(Reason::BodyBroken).because(err.into()));
            }
            Ok(None) => return verification.finish(),
            Err(()) => return Err(Reason::BodySlow { deadline }.into()),
        };
    }
}

/// Reads on for a moment and keeps nothing: to close a connection on a sender that is still
/// writing would reset it, and the answer would be lost with it.
async fn discard<B, E>(mut body: Pin<&mut B>)
where
    B: Stream<Item = Result<Bytes, E>>,
{
    let end = Instant::now() + DISCARD;
    let rest = async {
        // Looks at the clock as well as being timed: a body that is always ready never yields.
        while Instant::now() < end {
            let next = poll_fn(|cx| {
                body.as_mut()
                    .poll_next(cx)
                    .map(|next| matches!(next, Some(Ok(_))))
            });
            if !next.await {
                break;
            }
        }
    };
    let _ = timeout(DISCARD, rest).await;
}

/// For how long the rest of a body that is too long is read and thrown away.
const DISCARD: Duration = Duration::from_secs(1);
