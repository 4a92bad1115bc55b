//! A transaction that writes.

use std::ops::{Deref, DerefMut};

use sqlx::{Error, Sqlite, SqliteConnection, SqlitePool, pool::PoolConnection};
use tokio::time::{Instant, sleep};

use super::busy::{PAUSE, is_busy};
use crate::call::STEP;

/// A transaction that writes. Dropped before its [end](Self::end), it takes its connection with it.
///
/// Not the driver's own: SQLite itself rolls back when the disk is full, and the driver would count a
/// transaction from then on that is none, and refuse to begin another.
pub(super) struct Transaction {
    connection: PoolConnection<Sqlite>,
    has_ended: bool,
}

impl Transaction {
    /// Begins as soon as no other process writes, within a second.
    pub(super) async fn begin(pool: &SqlitePool) -> Result<Self, Error> {
        let mut connection = pool.acquire().await?;
        let deadline = Instant::now() + STEP;
        loop {
            let begin = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *connection);
            match begin.await {
                Ok(_) => {
                    return Ok(Self {
                        connection,
                        has_ended: false,
                    });
                }
                Err(err) if is_busy(&err) && Instant::now() < deadline => sleep(PAUSE).await,
                Err(err) => return Err(err),
            }
        }
    }

    /// Commits what succeeded, and rolls back what failed.
    pub(super) async fn end<T>(mut self, result: Result<T, Error>) -> Result<T, Error> {
        let result = match result {
            Ok(value) => {
                let commit = sqlx::raw_sql("COMMIT").execute(&mut *self);
                commit.await.map(|_| value)
            }
            Err(err) => Err(err),
        };
        if result.is_err() {
            // An error says that SQLite has rolled back already.
            let _ = sqlx::raw_sql("ROLLBACK").execute(&mut *self).await;
        }
        self.has_ended = true;
        result
    }
}

impl Deref for Transaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.has_ended {
            self.connection.close_on_drop();
        }
    }
}
