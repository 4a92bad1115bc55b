//! Seen events in a PostgreSQL table.

use std::time::Duration;

use smile_core::{Claim, DedupeStore, EventKey, Fingerprint, Ownership, StoreError, Token};
use sqlx::{AssertSqlSafe, Error, FromRow, PgPool, Row};

#[cfg(feature = "inbox")]
pub use self::inbox::PostgresInbox;
use self::{
    cause::explain,
    connections::{Connections, connect},
};
use crate::{
    answer::{acquired, held, refused},
    call::{ANSWER, STEP, millis, within},
    cause::Cause,
    purges::{BATCH, Purges},
    thread::StoreThread,
};

#[cfg(feature = "inbox")]
mod arrivals;
mod cause;
mod connections;
#[cfg(feature = "inbox")]
mod inbox;
#[cfg(feature = "inbox")]
mod inbox_statement;
mod statement;

/// Remembers events in PostgreSQL: for any number of replicas on any number of machines.
///
/// ```no_run
/// # async fn example() -> Result<(), smile_core::StoreError> {
/// use smile_store::PostgresDedupe;
///
/// let store = PostgresDedupe::connect("postgres://app@db.internal/app").await?;
/// store.create_schema().await?;
/// # Ok(()) }
/// ```
///
/// Time is the server's clock, to the microsecond. After a fail-over to a standby that had not
/// received everything, what it missed is forgotten: such an event is handled again if the vendor
/// sends it again, and none is lost. `synchronous_commit` is left as the server has it.
///
/// A claim stays its token's for an hour after its lease, unless another takes it over. Fences are
/// microseconds since 1970, or one more than the last where that is greater. Rows are deleted an
/// hour after they expire, some with every 256th event that is finished, or all by
/// [`purge`](Self::purge).
///
/// A connection to a server that does not do its work is closed, and the next call opens another,
/// which looks the host's name up again: so claims follow a name that is moved from a read-only
/// server to the new primary. The store closes at most as many connections in a second as the pool
/// may have.
///
/// The store makes its calls on a thread of its own, which ends with the store's last clone: a
/// caller whose thread is blocked stops nobody else's calls.
///
/// # Behind PgBouncer
///
/// Both pool modes work, `session` and `transaction`, and nothing has to be set in `pgbouncer.ini`:
/// the store prepares no statement, sets nothing that outlives a transaction, and
/// [`connect`](Self::connect) sends no start-up parameter that PgBouncer refuses. Tested with
/// PgBouncer 1.18 and its defaults.
///
/// - In the URL, leave out `options`, such as `options=-c search_path=app`: PgBouncer refuses it.
///   Use `ALTER ROLE app SET search_path = app`.
/// - A pool of your own connects with `PgConnectOptions::extra_float_digits(None)`. Where that
///   cannot be, set `ignore_startup_parameters = extra_float_digits` in `pgbouncer.ini`.
/// - PgBouncer keeps its own connections to a primary that was demoted, for up to `server_lifetime`
///   (an hour unless set). Let whoever moves the name send `RECONNECT` to PgBouncer's console, or
///   set a shorter `server_lifetime`.
#[derive(Clone, Debug)]
pub struct PostgresDedupe {
    connections: Connections,
    purges: Purges,
    thread: StoreThread,
}

impl PostgresDedupe {
    /// The table, for those who make their tables by their own means. It is found by the
    /// connection's `search_path`.
    pub const SCHEMA: &str = "\
CREATE TABLE smile_dedupe (
    key text COLLATE \"C\" NOT NULL PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('claimed', 'done', 'free')),
    token bytea NOT NULL,
    fingerprint text NOT NULL,
    fence bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX smile_dedupe_expires_at ON smile_dedupe (expires_at);
";

    /// Connects with `postgres://user:password@host:port/database`.
    ///
    /// At most ten connections; a call waits at most a second for one, and the server gives a
    /// statement up after a second. A connection that nobody used for a second is tested before its
    /// next call.
    ///
    /// # Errors
    ///
    /// If the URL is not PostgreSQL's, the server is not there within a second, or no thread can be
    /// started.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let (thread, pool) = connect(url).await?;
        Ok(Self::on(thread, pool))
    }

    /// Uses a pool of your own.
    ///
    /// A call fails after 1.4 s under all options of the pool, and its connection is closed
    /// then. Give the pool an `acquire_timeout` of a second. Behind PgBouncer, connect with
    /// `PgConnectOptions::extra_float_digits(None)`.
    ///
    /// Connections that others open from the pool belong to their runtime, and a call of the store
    /// on such a connection stops while that runtime's thread is blocked: so do not share the pool
    /// where that happens.
    ///
    /// # Errors
    ///
    /// If no thread can be started.
    pub fn from_pool(pool: PgPool) -> Result<Self, StoreError> {
        Ok(Self::on(StoreThread::start()?, pool))
    }

    fn on(thread: StoreThread, pool: PgPool) -> Self {
        Self {
            connections: Connections::new(pool),
            purges: Purges::default(),
            thread,
        }
    }

    /// Makes the [table](Self::SCHEMA), unless it exists. Any number of replicas may call it at
    /// once.
    ///
    /// # Errors
    ///
    /// If the server is not there, or the user may not make tables.
    pub async fn create_schema(&self) -> Result<(), StoreError> {
        let pool = self.connections.pool().clone();
        let create = async move {
            let create = create_tables(&pool, "smile_dedupe", Self::SCHEMA);
            create.await.map_err(explain)
        };
        self.thread.run_within(STEP * 10, create).await
    }

    /// Deletes every row that expired more than an hour ago, 1000 at a time, and says how many
    /// there were.
    ///
    /// # Errors
    ///
    /// If the server is not there.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let mut purged = 0;
        loop {
            let purge = purge_some(self.connections.clone());
            let rows = self.thread.run_within(ANSWER, purge).await?;
            purged += rows;
            if rows == 0 {
                return Ok(purged);
            }
        }
    }

    /// Whether the claim was still its token's, and is changed.
    async fn change(&self, statement: String) -> Result<Ownership, StoreError> {
        let connections = self.connections.clone();
        let change = async move { connections.run(&statement).await.map_err(explain) };
        let row = self.thread.run_within(ANSWER, change).await?;
        Ok(held(row.is_some()))
    }
}

impl DedupeStore for PostgresDedupe {
    async fn claim(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        let statement = statement::claim(key, token, fingerprint, millis(lease));
        let connections = self.connections.clone();
        let claim = async move {
            loop {
                // No row: another was faster, and its claim is to be seen from now on.
                if let Some(row) = connections.run(&statement).await.map_err(explain)? {
                    return Seen::from_row(&row).map_err(explain);
                }
            }
        };
        let seen = self.thread.run_within(ANSWER, claim).await?;
        let (state, left, fingerprint, fence) = seen;
        match state.as_str() {
            "acquired" => acquired(fence),
            state => refused(state, left, &fingerprint),
        }
    }

    async fn extend(
        &self,
        key: &EventKey,
        token: Token,
        lease: Duration,
    ) -> Result<Ownership, StoreError> {
        let statement = statement::extend(key, token, millis(lease));
        self.change(statement).await
    }

    async fn finish(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Result<Ownership, StoreError> {
        let statement = statement::finish(key, token, fingerprint, millis(retention));
        let held = self.change(statement).await?;
        if let Some(turn) = self.purges.finished() {
            let purge = within(ANSWER, purge_some(self.connections.clone()));
            self.thread.spawn(async move {
                // What fails now is tried again 256 events later.
                let _ = purge.await;
                drop(turn);
            });
        }
        Ok(held)
    }

    async fn release(&self, key: &EventKey, token: Token) -> Result<Ownership, StoreError> {
        self.change(statement::release(key, token)).await
    }
}

/// State, milliseconds left, fingerprint, fence.
type Seen = (String, i64, String, i64);

/// Makes the tables of the schema, unless the first one is there.
async fn create_tables(
    pool: &PgPool,
    first: &'static str,
    schema: &'static str,
) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    // `IF NOT EXISTS` fails when two create at once, and where the table is there but the
    // right to make tables is not.
    let lock = format!(
        "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0;
        SELECT pg_advisory_xact_lock(hashtext('{first}'))"
    );
    sqlx::raw_sql(AssertSqlSafe(lock))
        .execute(&mut *transaction)
        .await?;
    let look = format!("SELECT to_regclass('{first}') IS NOT NULL");
    let exists = sqlx::raw_sql(AssertSqlSafe(look))
        .fetch_one(&mut *transaction)
        .await?;
    if !exists.try_get(0)? {
        sqlx::raw_sql(schema).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// How many rows were deleted.
async fn purge_some(connections: Connections) -> Result<u64, Cause> {
    let row = connections.run(&statement::purge(BATCH)).await;
    let purged = row.and_then(|row| row.map_or(Ok(0), |row| row.try_get(0)));
    purged.map(i64::unsigned_abs).map_err(explain)
}
