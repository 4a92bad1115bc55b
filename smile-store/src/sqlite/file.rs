//! Opening an SQLite file.

use std::str::FromStr;

use smile_core::StoreError;
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    busy::{BUSY_TIMEOUT, retry_while_busy},
    cause::{NOT_OURS, explain},
};
use crate::{
    call::{START, STEP},
    cause::Cause,
    thread::StoreThread,
};

/// Opens the file, or makes it, with one connection that lives on the thread.
pub(super) async fn open(thread: &StoreThread, url: &str) -> Result<SqlitePool, StoreError> {
    if !url.starts_with("sqlite:") {
        // The driver would take it for the name of a file.
        let expected = "expected it to begin with `sqlite:`";
        return Err(StoreError::new(Cause::new(NOT_OURS, expected)));
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|err| StoreError::new(explain(err)))?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT);
    // The one connection is never closed: another would be no better, and a database in memory
    // would be lost.
    let connect = move || {
        SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(STEP)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options.clone())
    };
    let connect = async { retry_while_busy(connect).await.map_err(explain) };
    thread.run_within(START, connect).await
}
