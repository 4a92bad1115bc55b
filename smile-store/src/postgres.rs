//! Seen events in a PostgreSQL table.

use std::{
    ops::{Deref, DerefMut},
    str::FromStr,
    time::Duration,
};

use smile_core::{Claim, DedupeStore, DeliveryKey, Fingerprint, Held, StoreError, Token};
use sqlx::{
    Error, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions},
    query::Query,
};

use crate::{
    answer::{acquired, held, refused},
    call::{ANSWER, GRACE, STEP, millis, within},
    purges::{BATCH, Purges},
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
#[derive(Clone, Debug)]
pub struct PostgresDedupe {
    pool: PgPool,
    purges: Purges,
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
    /// statement up after a second. These options are sent when connecting, which PgBouncer
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
        Self {
            pool,
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
            let mut transaction = self.pool.begin().await?;
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
            let rows = purge_some(&self.pool).await?;
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
        let mut connection = Lent::from(&self.pool).await?;
        let seen = sqlx::query_as(CLAIM)
            .bind(key.as_str())
            .bind(&token.as_bytes()[..])
            .bind(fingerprint.to_hex())
            .bind(millis(lease))
            .fetch_optional(&mut *connection)
            .await;
        connection.answered();
        unless_conflict(seen).map(Option::flatten)
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
        execute(&self.pool, extend).await.map(held)
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
        let held = execute(&self.pool, finish).await.map(held)?;
        let pool = &self.pool;
        self.purges.finished(|| {
            let pool = pool.clone();
            async move { purge_some(&pool).await }
        });
        Ok(held)
    }

    async fn release(&self, key: &DeliveryKey, token: Token) -> Result<Held, StoreError> {
        let release = || {
            sqlx::query(RELEASE)
                .bind(key.as_str())
                .bind(&token.as_bytes()[..])
        };
        execute(&self.pool, release).await.map(held)
    }
}

async fn purge_some(pool: &PgPool) -> Result<u64, StoreError> {
    execute(pool, || sqlx::query(PURGE).bind(millis(GRACE)).bind(BATCH)).await
}

/// How many rows the statement changed.
async fn execute<'q>(
    pool: &PgPool,
    statement: impl Fn() -> Query<'q, Postgres, PgArguments>,
) -> Result<u64, StoreError> {
    within(ANSWER, async {
        loop {
            let mut connection = Lent::from(pool).await?;
            let done = statement().execute(&mut *connection).await;
            connection.answered();
            if let Some(done) = unless_conflict(done)? {
                return Ok::<_, Error>(done.rows_affected());
            }
        }
    })
    .await
}

/// `None` where the statement lost a race and has to be run again: where the database's default
/// isolation is stricter than READ COMMITTED, that is an error (`serialization_failure`).
fn unless_conflict<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Err(Error::Database(err)) if err.code().is_some_and(|code| code == "40001") => Ok(None),
        answer => answer.map(Some),
    }
}

/// A connection of the pool, which is closed if the call on it is given up.
///
/// Back in the pool it would first be asked for what it still owes, without a limit in time: a
/// server that is gone without a word would take the connection's place in the pool with it until
/// TCP gives up, a quarter of an hour later.
struct Lent {
    connection: PoolConnection<Postgres>,
    answered: bool,
}

impl Lent {
    async fn from(pool: &PgPool) -> Result<Self, Error> {
        Ok(Self {
            connection: pool.acquire().await?,
            answered: false,
        })
    }

    fn answered(&mut self) {
        self.answered = true;
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.answered {
            self.connection.close_on_drop();
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
