//! Waiting for another process that writes.

use std::{future::Future, time::Duration};

use sqlx::Error;
use tokio::time::{Instant, sleep};

use crate::call::STEP;

/// How long SQLite itself waits for a lock before it says so.
///
/// It sleeps ever longer between two looks, up to a tenth of a second, and so seldom finds the
/// moment beside a process that always has something to write. We ask again, and it begins with
/// short sleeps.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_millis(20);

/// Calls again while the file is locked, for at most a second.
///
/// Some locks SQLite does not wait for at all, like that of a process that changes the journal's
/// mode, as each does that opens a new file.
pub(super) async fn patiently<T, Fut>(call: impl Fn() -> Fut) -> Result<T, Error>
where
    Fut: Future<Output = Result<T, Error>>,
{
    let deadline = Instant::now() + STEP;
    loop {
        match call().await {
            Err(err) if is_busy(&err) && Instant::now() < deadline => {
                sleep(Duration::from_millis(1)).await;
            }
            answer => return answer,
        }
    }
}

/// `SQLITE_BUSY`, of any kind: the kind is above the lowest byte.
fn is_busy(err: &Error) -> bool {
    err.as_database_error()
        .and_then(|err| err.code()?.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == 5)
}
