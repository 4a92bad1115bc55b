//! Seen events in an SQLite file.

use std::time::Duration;

use smile_core::{Claim, DedupeStore, EventKey, Fingerprint, Ownership, StoreError, Token};
use sqlx::{Error, SqlitePool};

use self::{
    batches::Batches,
    busy::retry_while_busy,
    cause::explain,
    claim_step::{Change, ClaimStep, Found},
    file::open,
};
use crate::{
    answer::{acquired, held, refused},
    call::{ANSWER, GRACE, START, millis, within},
    cause::Cause,
    purges::{BATCH, Purges},
    schema_version::DEDUPE,
    thread::StoreThread,
};

mod batches;
mod busy;
mod cause;
mod claim_step;
mod file;
#[cfg(feature = "inbox")]
mod inbox;
#[cfg(feature = "inbox")]
mod inbox_step;
mod transaction;

#[cfg(feature = "inbox")]
pub use inbox::SqliteInbox;

/// The file's clock is its machine's; within one statement it stands still.
macro_rules! now {
    () => {
        "CAST(round(unixepoch('subsec') * 1000) AS INTEGER)"
    };
}

use now;

/// Remembers events in an SQLite file: for any number of processes of one machine.
///
/// ```no_run
/// # async fn example() -> Result<(), smile_core::StoreError> {
/// use smile_store::SqliteDedupe;
///
/// let store = SqliteDedupe::connect("sqlite:/var/lib/app/dedupe.db").await?;
/// store.create_schema().await?;
/// # Ok(()) }
/// ```
///
/// SQLite has one writer at a time, and the store answers when the change is on the disk. It writes
/// calls that come while the disk is busy together, so a burst costs few waits for the disk.
/// Several processes take turns. The file must be on a local disk, not on a network share, whose
/// locks cannot be trusted.
///
/// Time is the machine's clock, to the millisecond. If it is set forward by more than a lease, a
/// claim ends early.
///
/// A claim stays its token's for an hour after its lease, unless another takes it over. Fences are
/// milliseconds since 1970, or one more than the last where that is greater. Rows are deleted an
/// hour after they expire, some with every 256th event that is finished, or all by
/// [`purge`](Self::purge).
///
/// The store writes on a thread of its own, which ends with the store's last clone: a caller whose
/// thread is blocked stops no other call.
#[derive(Clone, Debug)]
pub struct SqliteDedupe {
    pool: SqlitePool,
    batches: Batches<ClaimStep>,
    purges: Purges,
    thread: StoreThread,
}

impl SqliteDedupe {
    /// The table and its version, for your own migrations. They need SQLite 3.42 or later.
    pub const SCHEMA: &str = "\
CREATE TABLE IF NOT EXISTS smile_dedupe (
    key TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('claimed', 'done', 'free')),
    token BLOB NOT NULL,
    fingerprint TEXT NOT NULL,
    fence INTEGER NOT NULL,
    expires_at INTEGER NOT NULL -- milliseconds since 1970
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS smile_dedupe_expires_at ON smile_dedupe (expires_at);
CREATE TABLE IF NOT EXISTS smile_dedupe_schema (
    version INTEGER NOT NULL,
    oldest_reader INTEGER NOT NULL
) STRICT;
INSERT INTO smile_dedupe_schema SELECT 1, 1 WHERE NOT EXISTS (SELECT 1 FROM smile_dedupe_schema);
";

    /// Opens the file, or makes it: `sqlite:relative/path` or `sqlite:/absolute/path`.
    ///
    /// One connection, in WAL mode with `synchronous = FULL`, which waits at most a second for
    /// another process's write. Within the process, calls are served in the order they came.
    ///
    /// # Errors
    ///
    /// If the URL is not SQLite's, the file cannot be opened, its table is of a version that this
    /// one does not know, or no thread can be started.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let thread = StoreThread::start()?;
        let pool = open(&thread, url).await?;
        let store = Self::on(thread, pool);
        store.check_schema().await?;
        Ok(store)
    }

    /// Uses a pool of your own, and the file's main database. The version of the table is checked by
    /// [`create_schema`](Self::create_schema) or [`check_schema`](Self::check_schema).
    ///
    /// The pool's options then decide how durable a claim is and how long a call waits for a lock:
    /// use WAL, `synchronous` FULL and a short busy timeout. While another process writes, the
    /// store tries again for a second, whatever that timeout is.
    ///
    /// # Errors
    ///
    /// If no thread can be started.
    pub fn from_pool(pool: SqlitePool) -> Result<Self, StoreError> {
        Ok(Self::on(StoreThread::start()?, pool))
    }

    fn on(thread: StoreThread, pool: SqlitePool) -> Self {
        Self {
            batches: Batches::start(&thread, pool.clone()),
            pool,
            purges: Purges::default(),
            thread,
        }
    }

    /// Makes the [table](Self::SCHEMA), unless it exists, and checks its version. Any number of
    /// processes may call it at once.
    ///
    /// # Errors
    ///
    /// If the file cannot be written, stays locked by another process, or has a table of a version
    /// that this one does not know.
    pub async fn create_schema(&self) -> Result<(), StoreError> {
        let pool = self.pool.clone();
        let create = async move {
            let created = retry_while_busy(|| sqlx::raw_sql(Self::SCHEMA).execute(&pool)).await;
            created.map(drop).map_err(explain)
        };
        self.thread.run_within(START, create).await?;
        self.check_schema().await
    }

    /// Checks that the table is of a version that this one knows, where there is a table.
    /// [`connect`](Self::connect) does it.
    ///
    /// # Errors
    ///
    /// If it is not, or the file cannot be read.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let pool = self.pool.clone();
        let check = async move {
            let versions = retry_while_busy(|| versions(&pool)).await;
            DEDUPE.check(versions.map_err(explain)?)
        };
        self.thread.run_within(START, check).await
    }

    /// Deletes every row that expired more than an hour ago, 1000 at a time, and returns their
    /// number.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let mut purged = 0;
        loop {
            let purge = purge_some(self.pool.clone());
            let rows = self.thread.run_within(ANSWER, purge).await?;
            purged += rows;
            if rows == 0 {
                return Ok(purged);
            }
        }
    }

    async fn change(
        &self,
        key: &EventKey,
        token: Token,
        change: Change,
    ) -> Result<Ownership, StoreError> {
        match self.batches.take(step(key, token, change)).await? {
            Found::Changed(rows) => Ok(held(rows > 0)),
            found => Err(unexpected(&found)),
        }
    }
}

impl DedupeStore for SqliteDedupe {
    async fn claim(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        let change = Change::Claim {
            print: fingerprint,
            lease: millis(lease),
        };
        match self.batches.take(step(key, token, change)).await? {
            Found::Acquired(fence) => acquired(fence),
            Found::Refused((state, left, fingerprint)) => refused(&state, left, &fingerprint),
            found => Err(unexpected(&found)),
        }
    }

    async fn extend(
        &self,
        key: &EventKey,
        token: Token,
        lease: Duration,
    ) -> Result<Ownership, StoreError> {
        let lease = millis(lease);
        self.change(key, token, Change::Extend { lease }).await
    }

    async fn finish(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Result<Ownership, StoreError> {
        let change = Change::Finish {
            print: fingerprint,
            retention: millis(retention),
        };
        let held = self.change(key, token, change).await?;
        if let Some(turn) = self.purges.finished() {
            let purge = within(ANSWER, purge_some(self.pool.clone()));
            self.thread.spawn(async move {
                // If it fails, the next purge is 256 events later.
                let _ = purge.await;
                drop(turn);
            });
        }
        Ok(held)
    }

    async fn release(&self, key: &EventKey, token: Token) -> Result<Ownership, StoreError> {
        self.change(key, token, Change::Release).await
    }
}

fn step(key: &EventKey, token: Token, change: Change) -> ClaimStep {
    let key = key.clone();
    ClaimStep { key, token, change }
}

fn unexpected(found: &Found) -> StoreError {
    StoreError::new(format!(
        "expected the answer to another step, found {found:?}"
    ))
}

/// The versions of the table, where it has any.
async fn versions(pool: &SqlitePool) -> Result<Option<(i64, i64)>, Error> {
    let exists: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'smile_dedupe_schema')",
    )
    .fetch_one(pool)
    .await?;
    if !exists {
        return Ok(None);
    }
    sqlx::query_as("SELECT version, oldest_reader FROM smile_dedupe_schema")
        .fetch_optional(pool)
        .await
}

/// How many rows were deleted.
async fn purge_some(pool: SqlitePool) -> Result<u64, Cause> {
    let purge = || {
        sqlx::query(PURGE)
            .bind(millis(GRACE))
            .bind(BATCH)
            .execute(&pool)
    };
    let purged = retry_while_busy(purge).await.map_err(explain)?;
    Ok(purged.rows_affected())
}

const PURGE: &str = "
DELETE FROM smile_dedupe WHERE key IN (
    SELECT key FROM smile_dedupe WHERE expires_at < unixepoch() * 1000 - ?1 LIMIT ?2)";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_store_answers_when_a_change_is_on_the_disk() {
        let store = SqliteDedupe::connect("sqlite::memory:").await.unwrap();
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
            .fetch_one(&store.pool)
            .await
            .unwrap();
        assert_eq!(synchronous, 2, "FULL");
    }
}
