//! One call of a store, bounded in time.

use std::{error::Error, future::Future, time::Duration};

use smile_core::StoreError;

/// The longest that one call may take: a little less than the intake allows, so that the error is
/// the store's own.
pub(crate) const ANSWER: Duration = Duration::from_millis(1400);

/// The longest that each step of a call may take: to get a connection, to run a statement.
pub(crate) const STEP: Duration = Duration::from_secs(1);

/// The longest that opening a store, making its tables or checking them may take. No sender waits
/// for it, and a server that has just started is slow.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) const START: Duration = Duration::from_secs(10);

/// How long a claim, or a release, is remembered after its end: a run that outlived its lease can
/// still record its result, and the fence still grows if the clock is set back a little.
pub(crate) const GRACE: Duration = Duration::from_secs(60 * 60);

/// Drops a call that takes longer than `limit`.
pub(crate) async fn within<T, E>(
    limit: Duration,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, StoreError>
where
    E: Error + Send + Sync + 'static,
{
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer.map_err(StoreError::new),
        Err(_) => Err(StoreError::new(format!("no answer within {limit:?}"))),
    }
}

/// The longest duration that a store accepts: a hundred years of 366 days. A database's clock plus
/// this must not overflow.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

/// The time in milliseconds, at most [`LONGEST`].
pub(crate) fn millis(time: Duration) -> i64 {
    // Rounded up: nothing ends before its time.
    let millis = time.min(LONGEST).as_nanos().div_ceil(1_000_000);
    i64::try_from(millis).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_up_and_at_most_a_hundred_years() {
        assert_eq!(millis(Duration::ZERO), 0);
        assert_eq!(millis(Duration::from_nanos(1)), 1);
        assert_eq!(millis(Duration::from_millis(1500)), 1500);
        assert_eq!(millis(Duration::MAX), 3_162_240_000_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_without_an_answer_fails() {
        let call = std::future::pending::<Result<(), std::fmt::Error>>();
        let err = within(STEP, call).await.unwrap_err();
        let source = Error::source(&err).unwrap().to_string();
        assert_eq!(source, "no answer within 1s");
    }
}
