//! An inbox in an SQLite file.

use std::{sync::Arc, time::Duration};

use smile_core::{
    Accepted, DeadLetter, Delivery, Inbox, Job, JobId, NewEvent, Ownership, QueueStats, Settlement,
    StoreError, Take, Vendor, WorkQueue,
};
use sqlx::{Error, Sqlite, SqliteConnection, SqlitePool};
use tokio::sync::Notify;

use super::{
    batches::{Batches, Step},
    busy::retry_while_busy,
    cause::explain,
    file::open,
    inbox_step::{Found, HAS_SUSPECTS, InboxStep, complete},
    now,
    transaction::Transaction,
};
use crate::{
    call::{ANSWER, START, millis, within},
    cause::Cause,
    complete_in::{CompleteError, CompleteIn, completed, job_of},
    inbox_row::{LetterRow, StatsRow, dead_letter, stats},
    purges::{BATCH, Purges},
    schema_version::INBOX,
    thread::StoreThread,
};

/// Keeps events in an SQLite file until they are handled: for the processes of one machine.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use smile_core::{Delivery, Intake, Secret, SmileApi, Worker};
/// use smile_store::SqliteInbox;
///
/// async fn on_event(event: Delivery<SmileApi>) -> Result<(), std::io::Error> {
///     println!("{} {}", event.event_type(), event.id());
///     Ok(())
/// }
///
/// let inbox = SqliteInbox::connect("sqlite:/var/lib/app/inbox.db").await?;
/// inbox.create_schema().await?;
/// let worker = Worker::new(inbox.clone()).handle(on_event).start();
/// let endpoint = Intake::smile_api(Secret::new("a little secret")?).inbox(inbox);
/// # Ok(()) }
/// ```
///
/// What is accepted is on the disk (WAL, `synchronous = FULL`). Calls that come while the disk is
/// busy are written together, so a burst costs few waits for the disk. The file must be on a local
/// disk, not on a network share, whose locks cannot be trusted.
///
/// Time is the machine's clock, to the millisecond. A handled event is kept with its body for the
/// endpoint's retention, which begins when it is done; then it is deleted, with every 256th event
/// that is handled or all by [`purge`](Self::purge). A dead letter is kept until it is replayed or
/// [deleted](Self::delete_dead_letters). An event takes its body's size and some 400 bytes.
///
/// A worker of the same process is woken when an event is stored; others look twice a second. The
/// inbox writes on a thread of its own, which ends with its last clone.
#[derive(Clone, Debug)]
pub struct SqliteInbox {
    pool: SqlitePool,
    batches: Batches<InboxStep>,
    purges: Purges,
    thread: StoreThread,
    arrived: Arc<Notify>,
}

impl SqliteInbox {
    /// The tables, for those who make their tables by their own means. They need SQLite 3.42 or
    /// later.
    pub const SCHEMA: &str = "\
CREATE TABLE IF NOT EXISTS smile_inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    vendor TEXT NOT NULL,
    scope TEXT NOT NULL,
    tenant TEXT,
    event_id TEXT,
    event_name TEXT,
    secret_index INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    body BLOB NOT NULL,
    trace_parent TEXT,
    received_at INTEGER NOT NULL, -- milliseconds since 1970, as due_at
    retention INTEGER NOT NULL, -- milliseconds
    state TEXT NOT NULL CHECK (state IN ('ready', 'running', 'done', 'dead')),
    due_at INTEGER NOT NULL, -- to run, to end the lease, to be deleted; or since when it is dead
    attempts INTEGER NOT NULL DEFAULT 0,
    alone INTEGER NOT NULL DEFAULT 0,
    token BLOB,
    dead_reason TEXT,
    last_error TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS smile_inbox_ready
    ON smile_inbox (vendor, scope, alone, due_at) WHERE state = 'ready';
CREATE INDEX IF NOT EXISTS smile_inbox_running ON smile_inbox (due_at) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS smile_inbox_done ON smile_inbox (due_at) WHERE state = 'done';
CREATE INDEX IF NOT EXISTS smile_inbox_dead ON smile_inbox (id) WHERE state = 'dead';
CREATE TABLE IF NOT EXISTS smile_inbox_schema (
    version INTEGER NOT NULL,
    oldest_reader INTEGER NOT NULL
) STRICT;
INSERT INTO smile_inbox_schema SELECT 1, 1 WHERE NOT EXISTS (SELECT 1 FROM smile_inbox_schema);
";

    /// Opens the file, or makes it: `sqlite:relative/path` or `sqlite:/absolute/path`.
    ///
    /// One connection, in WAL mode with `synchronous = FULL`, which waits at most a second for
    /// another process's write.
    ///
    /// # Errors
    ///
    /// If the URL is not SQLite's, the file cannot be opened or written to, it is damaged, its tables
    /// are of a version that this one does not know, or no thread can be started.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let thread = StoreThread::start()?;
        let pool = open(&thread, url).await?;
        let inbox = Self::on(thread, pool);
        inbox.check().await?;
        Ok(inbox)
    }

    /// Uses a pool of your own, and the file's main database.
    ///
    /// How durable an event is and how long a call waits for a lock is then up to the pool's options:
    /// use WAL, `synchronous` FULL and a short busy timeout.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn from_pool(pool: SqlitePool) -> Result<Self, StoreError> {
        let inbox = Self::on(StoreThread::start()?, pool);
        inbox.check().await?;
        Ok(inbox)
    }

    fn on(thread: StoreThread, pool: SqlitePool) -> Self {
        Self {
            batches: Batches::start(&thread, pool.clone()),
            pool,
            purges: Purges::default(),
            thread,
            arrived: Arc::default(),
        }
    }

    /// Makes the [tables](Self::SCHEMA), unless they exist. Any number of processes may call it at
    /// once.
    ///
    /// # Errors
    ///
    /// If the file cannot be written, or stays locked by another process.
    pub async fn create_schema(&self) -> Result<(), StoreError> {
        let pool = self.pool.clone();
        let create = async move {
            let mut transaction = Transaction::begin(&pool).await.map_err(explain)?;
            let made = sqlx::raw_sql(Self::SCHEMA).execute(&mut *transaction).await;
            transaction.end(made).await.map(drop).map_err(explain)
        };
        self.thread.run_within(START, create).await
    }

    /// Whether the file can be written to, and its tables are of a version that this one knows.
    async fn check(&self) -> Result<(), StoreError> {
        let pool = self.pool.clone();
        let check = async move {
            // One that writes, since a file that can only be read is of no use.
            let mut transaction = Transaction::begin(&pool).await.map_err(explain)?;
            let versions = versions(&mut transaction).await;
            INBOX.check(transaction.end(versions).await.map_err(explain)?)
        };
        self.thread.run_within(START, check).await
    }

    /// Stores an event in a transaction of the application: it is there when the transaction commits.
    /// A worker finds it within half a second then.
    ///
    /// # Errors
    ///
    /// If the statement fails; the transaction can be rolled back then.
    pub async fn accept_in(
        &self,
        connection: &mut SqliteConnection,
        event: NewEvent,
    ) -> Result<Accepted, StoreError> {
        let step = InboxStep::Accept(Box::new(event));
        match step.take(connection).await {
            Ok(Found::Accepted(accepted)) => Ok(accepted),
            Ok(found) => Err(unexpected(&found)),
            Err(err) => Err(StoreError::new(explain(err))),
        }
    }

    /// Deletes every handled event whose retention is over, 1000 at a time, and says how many there
    /// were.
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

    /// Deletes the dead letters that died longer ago than this, and says how many there were. Their
    /// ids are forgotten with them.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub async fn delete_dead_letters(&self, older_than: Duration) -> Result<u64, StoreError> {
        self.change(DELETE_DEAD, millis(older_than)).await
    }

    /// How many events wait or run.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub async fn waiting(&self) -> Result<u64, StoreError> {
        let pool = self.pool.clone();
        let count = async move {
            let count: Result<i64, _> = sqlx::query_scalar(WAITING).fetch_one(&pool).await;
            count.map(i64::unsigned_abs).map_err(explain)
        };
        self.thread.run_within(ANSWER, count).await
    }

    /// Wakes every worker of this process, and one that is about to wait.
    fn wake(&self) {
        self.arrived.notify_waiters();
        self.arrived.notify_one();
    }

    async fn step(&self, step: InboxStep) -> Result<Ownership, StoreError> {
        match self.batches.take(step).await? {
            Found::Changed(owned) => Ok(owned),
            found => Err(unexpected(&found)),
        }
    }

    /// Runs a statement with one parameter; returns how many rows it changed.
    async fn change(&self, statement: &'static str, value: i64) -> Result<u64, StoreError> {
        let pool = self.pool.clone();
        let change = async move {
            let change = || sqlx::query(statement).bind(value).execute(&pool);
            let changed = retry_while_busy(change).await.map_err(explain)?;
            Ok::<_, Cause>(changed.rows_affected())
        };
        self.thread.run_within(ANSWER, change).await
    }
}

impl Inbox for SqliteInbox {
    async fn accept(&self, event: NewEvent) -> Result<Accepted, StoreError> {
        match self
            .batches
            .take(InboxStep::Accept(Box::new(event)))
            .await?
        {
            Found::Accepted(accepted) => {
                if accepted == Accepted::New {
                    self.wake();
                }
                Ok(accepted)
            }
            found => Err(unexpected(&found)),
        }
    }
}

impl WorkQueue for SqliteInbox {
    async fn take(&self, take: Take<'_>) -> Result<Vec<Job>, StoreError> {
        match self.batches.take(InboxStep::Take(take.into())).await? {
            Found::Taken(jobs) => Ok(jobs),
            found => Err(unexpected(&found)),
        }
    }

    async fn has_suspects(&self, vendor: &str, scope: &str) -> Result<bool, StoreError> {
        let pool = self.pool.clone();
        let (vendor, scope) = (vendor.to_owned(), scope.to_owned());
        let look = async move {
            let look = sqlx::query_scalar(HAS_SUSPECTS).bind(vendor).bind(scope);
            look.fetch_one(&pool).await.map_err(explain)
        };
        self.thread.run_within(ANSWER, look).await
    }

    async fn extend(&self, job: JobId, lease: Duration) -> Result<Ownership, StoreError> {
        let lease = millis(lease);
        self.step(InboxStep::Extend { job, lease }).await
    }

    async fn settle(&self, job: JobId, settlement: Settlement) -> Result<Ownership, StoreError> {
        let owned = self.step(InboxStep::Settle { job, settlement }).await?;
        if let Some(turn) = self.purges.finished() {
            let purge = within(ANSWER, purge_some(self.pool.clone()));
            self.thread.spawn(async move {
                // What fails now is tried again 256 events later.
                let _ = purge.await;
                drop(turn);
            });
        }
        Ok(owned)
    }

    async fn arrival(&self) {
        self.arrived.notified().await;
    }

    async fn stats(&self, vendor: &str, scope: &str) -> Result<QueueStats, StoreError> {
        let pool = self.pool.clone();
        let (vendor, scope) = (vendor.to_owned(), scope.to_owned());
        let count = async move {
            let count = sqlx::query_as(STATS).bind(vendor).bind(scope);
            let row: Result<StatsRow, _> = count.fetch_one(&pool).await;
            row.map_err(explain)
        };
        self.thread.run_within(ANSWER, count).await.map(stats)
    }

    async fn dead_letters(&self, after: i64, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        let pool = self.pool.clone();
        let list = async move {
            let list = sqlx::query_as(LIST_DEAD).bind(after).bind(limit);
            let rows: Result<Vec<LetterRow>, _> = list.fetch_all(&pool).await;
            rows.map_err(explain)
        };
        let rows = self.thread.run_within(ANSWER, list).await?;
        Ok(rows.into_iter().map(dead_letter).collect())
    }

    async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>, StoreError> {
        let pool = self.pool.clone();
        let show = async move {
            let show = sqlx::query_as(SHOW_DEAD).bind(id);
            let row: Result<Option<LetterRow>, _> = show.fetch_optional(&pool).await;
            row.map_err(explain)
        };
        let row = self.thread.run_within(ANSWER, show).await?;
        Ok(row.map(dead_letter))
    }

    async fn replay(&self, id: i64) -> Result<bool, StoreError> {
        let replayed = self.change(REPLAY, id).await?;
        self.wake();
        Ok(replayed > 0)
    }

    async fn replay_all(&self, within: Duration) -> Result<u64, StoreError> {
        let replayed = self.change(REPLAY_ALL, millis(within)).await?;
        self.wake();
        Ok(replayed)
    }
}

impl<V: Vendor> CompleteIn<SqliteConnection> for Delivery<V> {
    async fn complete_in(&self, connection: &mut SqliteConnection) -> Result<(), CompleteError> {
        let job = job_of(self)?;
        completed(complete(connection, job).await.map_err(explain))
    }
}

impl<V: Vendor> CompleteIn<sqlx::Transaction<'_, Sqlite>> for Delivery<V> {
    async fn complete_in(
        &self,
        transaction: &mut sqlx::Transaction<'_, Sqlite>,
    ) -> Result<(), CompleteError> {
        self.complete_in(&mut **transaction).await
    }
}

/// The versions of the tables, where there are any.
async fn versions(connection: &mut SqliteConnection) -> Result<Option<(i64, i64)>, Error> {
    let exists: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'smile_inbox_schema')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !exists {
        return Ok(None);
    }
    // A read-only file lets a transaction begin, and refuses even this.
    sqlx::query("UPDATE smile_inbox_schema SET version = version WHERE false")
        .execute(&mut *connection)
        .await?;
    sqlx::query_as("SELECT version, oldest_reader FROM smile_inbox_schema")
        .fetch_optional(connection)
        .await
}

fn unexpected(found: &Found) -> StoreError {
    StoreError::new(format!(
        "expected the answer to another step, found {found:?}"
    ))
}

/// How many rows were deleted.
async fn purge_some(pool: SqlitePool) -> Result<u64, Cause> {
    let purge = || sqlx::query(PURGE).bind(BATCH).execute(&pool);
    let purged = retry_while_busy(purge).await.map_err(explain)?;
    Ok(purged.rows_affected())
}

const PURGE: &str = concat!(
    "DELETE FROM smile_inbox WHERE id IN (
        SELECT id FROM smile_inbox WHERE state = 'done' AND due_at <= ",
    now!(),
    " LIMIT ?1)"
);

const WAITING: &str = "
SELECT (SELECT count(*) FROM smile_inbox WHERE state = 'ready')
    + (SELECT count(*) FROM smile_inbox WHERE state = 'running')";

/// The oldest by its number, which the index has: a look at each row would read its body.
const STATS: &str = "
WITH ready AS (
    SELECT count(*) AS events, min(id) AS oldest FROM smile_inbox
    WHERE state = 'ready' AND vendor = ?1 AND scope = ?2)
SELECT events,
    (SELECT count(*) FROM smile_inbox WHERE state = 'running' AND vendor = ?1 AND scope = ?2),
    (SELECT count(*) FROM smile_inbox WHERE state = 'dead' AND vendor = ?1 AND scope = ?2),
    (SELECT received_at FROM smile_inbox WHERE id = oldest)
FROM ready";

const LIST_DEAD: &str = "
SELECT id, vendor, scope, tenant, event_id, event_name, dead_reason, last_error, attempts,
    received_at, due_at, x''
FROM smile_inbox WHERE state = 'dead' AND id > ?1 ORDER BY id LIMIT ?2";

const SHOW_DEAD: &str = "
SELECT id, vendor, scope, tenant, event_id, event_name, dead_reason, last_error, attempts,
    received_at, due_at, body
FROM smile_inbox WHERE state = 'dead' AND id = ?1";

const REPLAY: &str = concat!(
    "UPDATE smile_inbox SET state = 'ready', attempts = 0, dead_reason = NULL, due_at = ",
    now!(),
    " WHERE state = 'dead' AND id = ?1"
);

const REPLAY_ALL: &str = concat!(
    "UPDATE smile_inbox SET state = 'ready', attempts = 0, dead_reason = NULL, due_at = ",
    now!(),
    " WHERE state = 'dead' AND due_at >= ",
    now!(),
    " - ?1"
);

const DELETE_DEAD: &str = concat!(
    "DELETE FROM smile_inbox WHERE state = 'dead' AND due_at < ",
    now!(),
    " - ?1"
);
