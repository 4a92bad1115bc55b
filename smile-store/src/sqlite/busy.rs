//! Retries while another process holds the file (`SQLITE_BUSY`).

use std::{future::Future, time::Duration};

use sqlx::Error;
use tokio::time::{Instant, sleep};

use crate::call::STEP;

/// How long SQLite itself retries before it answers `SQLITE_BUSY`.
///
/// SQLite sleeps longer before each retry, up to a tenth of a second, and so seldom finds the file
/// free while another process writes all the time. Our own retries begin with short sleeps again.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_millis(20);

/// Between two tries of our own.
pub(super) const PAUSE: Duration = Duration::from_millis(1);

/// Repeats the call while it fails as busy, for at most a second.
///
/// SQLite does not retry for every lock: it fails at once while another process changes the
/// journal's mode, as each process does that opens a new file.
pub(super) async fn retry_while_busy<T, Fut>(call: impl Fn() -> Fut) -> Result<T, Error>
where
    Fut: Future<Output = Result<T, Error>>,
{
    let deadline = Instant::now() + STEP;
    loop {
        match call().await {
            Err(err) if is_busy(&err) && Instant::now() < deadline => {
                sleep(PAUSE).await;
            }
            answer => return answer,
        }
    }
}

/// Whether it is `SQLITE_BUSY`. The lowest byte is the code, the bytes above it are its kind.
pub(super) fn is_busy(err: &Error) -> bool {
    err.as_database_error()
        .and_then(|err| err.code()?.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == 5)
}
