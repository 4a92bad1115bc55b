//! Code of the application that panics must not take the request with it.

use std::{
    any::Any,
    error::Error,
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// Calls `make` and runs its future to its end or to its panic.
///
/// A future that panicked is never polled again, so nobody sees the state that it left.
pub(crate) async fn catch_panic<Fut: Future>(
    make: impl FnOnce() -> Fut,
) -> Result<Fut::Output, Panicked> {
    let mut future = pin!(async { make().await });
    poll_fn(|cx| {
        let poll = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        match poll {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(payload) => Poll::Ready(Err(Panicked::new(&*payload))),
        }
    })
    .await
}

/// The same for a function that is not async.
pub(crate) fn catch_panic_now<T>(call: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| Panicked::new(&*payload))
}

/// A panic of the application's code, and its message.
///
/// The message is the application's own: it is in the error, and in no answer.
#[derive(Debug)]
pub(crate) struct Panicked(Box<str>);

impl Panicked {
    fn new(payload: &(dyn Any + Send)) -> Self {
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self(message.unwrap_or("no message").into())
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.0)
    }
}

impl Error for Panicked {}

#[cfg(test)]
mod tests {
    use std::future::{Ready, ready};

    use super::*;

    #[tokio::test]
    async fn a_panic_before_and_in_the_future_is_an_error_with_its_message() {
        let before = catch_panic(|| -> Ready<()> { panic!("before {}", 1) }).await;
        assert_eq!(before.unwrap_err().to_string(), "panicked: before 1");
        let inside = catch_panic(|| async { panic!("inside") }).await;
        let inside: Result<(), _> = inside;
        assert_eq!(inside.unwrap_err().to_string(), "panicked: inside");
        assert_eq!(catch_panic(|| ready(7)).await.unwrap(), 7);
    }
}
