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
    call::{ANSWER, START, millis, within},
    cause::Cause,
    purges::{BATCH, Purges},
    schema_version::DEDUPE,
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
/// Time is the server's clock, to the microsecond. A fail-over forgets the events that the standby
/// had not received: the handler runs again for such an event if the vendor sends it again, and
/// none is lost. The store does not change `synchronous_commit`.
///
/// A claim stays its token's for an hour after its lease, unless another takes it over. Fences are
/// microseconds since 1970, or one more than the last where that is greater. Rows are deleted an
/// hour after they expire, some with every 256th event that is finished, or all by
/// [`purge`](Self::purge).
///
/// The store closes a connection on which the server fails, and the next call opens another, which
/// looks the host's name up again: so claims follow a name that moves from a read-only server to
/// the new primary. In a second the store closes at most as many connections as the pool may have.
///
/// The store makes its calls on a thread of its own, which ends with the store's last clone: a
/// caller whose thread is blocked stops no other call.
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
    /// The table and its version, for your own migrations. The connection's `search_path` finds
    /// them. A user who may not make tables needs `SELECT` on `smile_dedupe_schema`, too.
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
CREATE TABLE smile_dedupe_schema (version integer NOT NULL, oldest_reader integer NOT NULL);
INSERT INTO smile_dedupe_schema VALUES (1, 1);
";

    /// Connects with `postgres://user:password@host:port/database`.
    ///
    /// At most ten connections. A call waits at most a second for one, and the server cancels a
    /// statement after a second. A connection that was idle for a second is tested before its next
    /// call.
    ///
    /// # Errors
    ///
    /// If the URL is not PostgreSQL's, the server takes no connection within a second or does not
    /// answer within ten, its table is of a version that this one does not know, or no thread can be
    /// started.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let (thread, pool) = connect(url).await?;
        let store = Self::on(thread, pool);
        store.check_schema().await?;
        Ok(store)
    }

    /// Uses a pool of your own. The version of the table is checked by
    /// [`create_schema`](Self::create_schema) or [`check_schema`](Self::check_schema).
    ///
    /// A call fails after 1.4 s, with any options of the pool, and its connection is closed. Give the
    /// pool an `acquire_timeout` of a second. Behind PgBouncer, connect with
    /// `PgConnectOptions::extra_float_digits(None)`.
    ///
    /// A connection that your code opens from the pool belongs to your runtime, and the store's
    /// calls on it stop while that runtime's thread is blocked. Do not share the pool if handlers
    /// block.
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

    /// Makes the [table](Self::SCHEMA), unless it exists, and checks its version. Any number of
    /// replicas may call it at once.
    ///
    /// # Errors
    ///
    /// If the server does not answer, the user may not make tables, or the table is of a version that
    /// this one does not know.
    pub async fn create_schema(&self) -> Result<(), StoreError> {
        let pool = self.connections.pool().clone();
        let create = async move {
            let create = create_tables(&pool, "smile_dedupe", Self::SCHEMA);
            create.await.map_err(explain)
        };
        self.thread.run_within(START, create).await?;
        self.check_schema().await
    }

    /// Checks that the table is of a version that this one knows, where there is a table.
    /// [`connect`](Self::connect) does it.
    ///
    /// # Errors
    ///
    /// If it is not, or the server does not answer.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let connections = self.connections.clone();
        let check = async move {
            let exists = connections.run(&statement::has_version()).await;
            let exists = exists.and_then(|row| row.map_or(Ok(false), |row| row.try_get(0)));
            let versions = connections
                .versions(exists.map_err(explain)?, &statement::versions())
                .await;
            DEDUPE.check(versions.map_err(explain)?)
        };
        self.thread.run_within(START, check).await
    }

    /// Deletes every row that expired more than an hour ago, 1000 at a time, and returns their
    /// number.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
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

    /// Runs a change of a claim, which its token must still hold.
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
                // No row: another claim was faster, and the next statement sees it.
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
                // If it fails, the next purge is 256 events later.
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
    // `IF NOT EXISTS` fails if two create the table at once, and if the table exists but the user
    // may not make tables.
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
