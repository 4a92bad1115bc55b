//! Seen events in a PostgreSQL table.

use std::{
    io,
    ops::{Deref, DerefMut},
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use smile_core::{Claim, DedupeStore, DeliveryKey, Fingerprint, Held, StoreError, Token};
use sqlx::{
    Connection, Error, PgConnection, PgPool, Postgres,
    pool::{PoolConnection, PoolConnectionMetadata},
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions},
    query::Query,
};
use tokio::time::timeout;

use crate::{
    answer::{acquired, held, refused},
    call::{ANSWER, GRACE, STEP, millis, within},
    purges::{BATCH, Purges},
    renewals::Renewals,
};

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
#[derive(Clone, Debug)]
pub struct PostgresDedupe {
    connections: Connections,
    purges: Purges,
}

/// The pool, and how often connections of it may be replaced.
#[derive(Clone, Debug)]
struct Connections {
    pool: PgPool,
    renewals: Arc<Renewals>,
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
    /// next call. These options are sent when connecting, which PgBouncer
    /// refuses: behind it use [`from_pool`](Self::from_pool).
    ///
    /// # Errors
    ///
    /// If the URL is not PostgreSQL's, or the server is not there within a second.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let step = STEP.as_millis().to_string();
        let options = PgConnectOptions::from_str(url)
            .map_err(StoreError::new)?
            .options([("statement_timeout", &step), ("lock_timeout", &step)]);
        let pool = PgPoolOptions::new()
            .max_connections(10)
            .acquire_timeout(STEP)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| Box::pin(is_alive(connection, meta)))
            .connect_with(options)
            .await
            .map_err(StoreError::new)?;
        Ok(Self::from_pool(pool))
    }

    /// Uses a pool of your own.
    ///
    /// A call is given up after 1.4 s whatever the pool's options are, and its connection is
    /// closed then. Give the pool an `acquire_timeout` of a second and its connections a
    /// `statement_timeout`, so that the server gives up too.
    pub fn from_pool(pool: PgPool) -> Self {
        let renewals = Renewals::new(pool.options().get_max_connections());
        Self {
            connections: Connections {
                pool,
                renewals: Arc::new(renewals),
            },
            purges: Purges::default(),
        }
    }

    /// Makes the [table](Self::SCHEMA), unless it exists. Any number of replicas may call it at
    /// once.
    ///
    /// # Errors
    ///
    /// If the server is not there, or the user may not make tables.
    pub async fn create_schema(&self) -> Result<(), StoreError> {
        within(STEP * 10, async {
            let mut transaction = self.connections.pool.begin().await?;
            // `IF NOT EXISTS` fails when two create at once, and where the table is there but the
            // right to make tables is not.
            sqlx::raw_sql("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
                .execute(&mut *transaction)
                .await?;
            sqlx::query("SELECT pg_advisory_xact_lock(hashtext('smile_dedupe'))")
                .execute(&mut *transaction)
                .await?;
            let exists: bool = sqlx::query_scalar("SELECT to_regclass('smile_dedupe') IS NOT NULL")
                .fetch_one(&mut *transaction)
                .await?;
            if !exists {
                sqlx::raw_sql(Self::SCHEMA)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await
        })
        .await
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
            let rows = purge_some(&self.connections).await?;
            purged += rows;
            if rows == 0 {
                return Ok(purged);
            }
        }
    }

    /// Claims in one statement; `None` if another was faster and is not yet to be seen.
    async fn try_claim(
        &self,
        key: &DeliveryKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> Result<Option<Seen>, Error> {
        let mut connection = self.connections.lend().await?;
        let seen = sqlx::query_as(CLAIM)
            .bind(key.as_str())
            .bind(&token.as_bytes()[..])
            .bind(fingerprint.to_hex())
            .bind(millis(lease))
            .fetch_optional(&mut *connection)
            .await;
        connection.settle(seen).map(Option::flatten)
    }
}

/// State, milliseconds left, fingerprint, fence.
type Seen = (String, i64, String, i64);

impl DedupeStore for PostgresDedupe {
    async fn claim(
        &self,
        key: &DeliveryKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        let seen = within(ANSWER, async {
            loop {
                if let Some(seen) = self.try_claim(key, token, fingerprint, lease).await? {
                    return Ok::<_, Error>(seen);
                }
            }
        });
        let (state, left, fingerprint, fence) = seen.await?;
        match state.as_str() {
            "acquired" => acquired(fence),
            state => refused(state, left, &fingerprint),
        }
    }

    async fn extend(
        &self,
        key: &DeliveryKey,
        token: Token,
        lease: Duration,
    ) -> Result<Held, StoreError> {
        let extend = || {
            sqlx::query(EXTEND)
                .bind(key.as_str())
                .bind(&token.as_bytes()[..])
                .bind(millis(lease))
        };
        execute(&self.connections, extend).await.map(held)
    }

    async fn finish(
        &self,
        key: &DeliveryKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Result<Held, StoreError> {
        let finish = || {
            sqlx::query(FINISH)
                .bind(key.as_str())
                .bind(&token.as_bytes()[..])
                .bind(fingerprint.to_hex())
                .bind(millis(retention))
        };
        let held = execute(&self.connections, finish).await.map(held)?;
        let connections = &self.connections;
        self.purges.finished(|| {
            let connections = connections.clone();
            async move { purge_some(&connections).await }
        });
        Ok(held)
    }

    async fn release(&self, key: &DeliveryKey, token: Token) -> Result<Held, StoreError> {
        let release = || {
            sqlx::query(RELEASE)
                .bind(key.as_str())
                .bind(&token.as_bytes()[..])
        };
        execute(&self.connections, release).await.map(held)
    }
}

/// Whether the server still answers on a connection that nobody used for a while.
///
/// The pool's own test has no limit in time, and is made before every call.
async fn is_alive(
    connection: &mut PgConnection,
    meta: PoolConnectionMetadata,
) -> Result<bool, Error> {
    const IDLE: Duration = Duration::from_secs(1);
    const LIMIT: Duration = Duration::from_millis(250);
    if meta.idle_for < IDLE {
        return Ok(true);
    }
    let answer = timeout(LIMIT, connection.ping()).await;
    let late = |_| Err(Error::Io(io::ErrorKind::TimedOut.into()));
    answer.unwrap_or_else(late).map(|()| true)
}

async fn purge_some(connections: &Connections) -> Result<u64, StoreError> {
    let purge = || sqlx::query(PURGE).bind(millis(GRACE)).bind(BATCH);
    execute(connections, purge).await
}

/// How many rows the statement changed.
async fn execute<'q>(
    connections: &Connections,
    statement: impl Fn() -> Query<'q, Postgres, PgArguments>,
) -> Result<u64, StoreError> {
    within(ANSWER, async {
        loop {
            let mut connection = connections.lend().await?;
            let done = statement().execute(&mut *connection).await;
            if let Some(done) = connection.settle(done)? {
                return Ok::<_, Error>(done.rows_affected());
            }
        }
    })
    .await
}

impl Connections {
    async fn lend(&self) -> Result<Lent<'_>, Error> {
        Ok(Lent {
            connection: self.pool.acquire().await?,
            renewals: &self.renewals,
            kept: false,
        })
    }
}

/// A connection of the pool, which is closed unless its server has answered the call and works.
///
/// Back in the pool it would first be asked for what it still owes, without a limit in time: a
/// server that is gone without a word would take the connection's place in the pool with it until
/// TCP gives up, a quarter of an hour later.
struct Lent<'a> {
    connection: PoolConnection<Postgres>,
    renewals: &'a Renewals,
    kept: bool,
}

impl Lent<'_> {
    /// Ends the call: `None` where the statement has to be run again.
    fn settle<T>(mut self, answer: Result<T, Error>) -> Result<Option<T>, Error> {
        let verdict = answer.as_ref().map_or_else(Verdict::on, |_| Verdict::Keep);
        let replaced = match verdict {
            Verdict::Keep | Verdict::Repeat => false,
            Verdict::Close => true,
            Verdict::Replace | Verdict::ReplaceAndRepeat => self.renewals.allow(Instant::now()),
        };
        self.kept = !replaced;
        match verdict {
            Verdict::Repeat => Ok(None),
            Verdict::ReplaceAndRepeat if replaced => Ok(None),
            _ => answer.map(Some),
        }
    }
}

impl Deref for Lent<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.connection.close_on_drop();
        }
    }
}

/// What an error says about its connection.
enum Verdict {
    Keep,
    /// The statement lost a race.
    Repeat,
    /// The server has closed its end, or will.
    Close,
    /// The server is there and fails.
    Replace,
    ReplaceAndRepeat,
}

impl Verdict {
    /// The classes of errors about a statement: its data, the table and the right to use it, locks.
    const OURS: [&str; 7] = ["21", "22", "23", "40", "42", "54", "55"];

    fn on(err: &Error) -> Self {
        let Some(code) = err.as_database_error().and_then(|err| err.code()) else {
            return Self::Close;
        };
        match &*code {
            // `serialization_failure`, where the database's default isolation is stricter than
            // READ COMMITTED.
            "40001" => Self::Repeat,
            // `read_only_sql_transaction`: a standby, or a database that is closed for writing.
            // Nothing was written, and each of the pool's connections may lead to that server.
            "25006" => Self::ReplaceAndRepeat,
            // `query_canceled`: the statement was too slow.
            "57014" => Self::Keep,
            code if Self::OURS.iter().any(|class| code.starts_with(class)) => Self::Keep,
            // About the server: it shuts down, has no space, lost its peer, or whatever else keeps
            // it from its work.
            _ => Self::Replace,
        }
    }
}

/// Whoever is refused has only read. No row is the answer where another's claim was committed
/// after this statement began.
const CLAIM: &str = "
WITH seen AS (
    SELECT state, fingerprint,
        greatest(0, ceil(extract(epoch FROM expires_at - clock_timestamp()) * 1000))::bigint AS left
    FROM smile_dedupe
    WHERE key = $1 AND expires_at > clock_timestamp()
        AND (state = 'done' OR state = 'claimed' AND token <> $2)
), taken AS (
    INSERT INTO smile_dedupe AS old (key, state, token, fingerprint, fence, expires_at)
    SELECT $1, 'claimed', $2, $3, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        clock_timestamp() + $4 * interval '1 millisecond'
    WHERE NOT EXISTS (SELECT FROM seen)
    ON CONFLICT (key) DO UPDATE SET
        state = excluded.state,
        token = excluded.token,
        fingerprint = excluded.fingerprint,
        fence = greatest(old.fence + 1, excluded.fence),
        expires_at = clock_timestamp() + $4 * interval '1 millisecond'
    WHERE old.expires_at <= clock_timestamp() OR old.state = 'free'
        OR old.state = 'claimed' AND old.token = excluded.token
    RETURNING fence
)
SELECT 'acquired', 0::bigint, '', fence FROM taken
UNION ALL SELECT state, seen.left, fingerprint, 0 FROM seen";

const EXTEND: &str = "
UPDATE smile_dedupe SET expires_at = clock_timestamp() + $3 * interval '1 millisecond'
WHERE key = $1 AND token = $2 AND state = 'claimed'";

const FINISH: &str = "
UPDATE smile_dedupe SET state = 'done', fingerprint = $3,
    expires_at = clock_timestamp() + $4 * interval '1 millisecond'
WHERE key = $1 AND token = $2 AND state = 'claimed'";

const RELEASE: &str = "
UPDATE smile_dedupe SET state = 'free', expires_at = clock_timestamp()
WHERE key = $1 AND token = $2 AND state = 'claimed'";

const PURGE: &str = "
DELETE FROM smile_dedupe WHERE key IN (
    SELECT key FROM smile_dedupe
    WHERE expires_at < clock_timestamp() - $1 * interval '1 millisecond'
    LIMIT $2 FOR UPDATE SKIP LOCKED)";
