//! The connections to the server, and when to close one.

use std::{
    borrow::Cow,
    io,
    ops::{Deref, DerefMut},
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use smile_core::StoreError;
use sqlx::{
    AssertSqlSafe, Connection, Error, FromRow, PgConnection, PgPool, Postgres,
    pool::{PoolConnection, PoolConnectionMetadata},
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};
use tokio::time::timeout;

use super::cause::{NOT_OURS, explain};
use crate::{call::STEP, cause::Cause, renewals::Renewals, thread::StoreThread};

/// A pool of ten connections on a thread of its own.
pub(super) async fn connect(url: &str) -> Result<(StoreThread, PgPool), StoreError> {
    if !["postgres:", "postgresql:"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
    {
        // The driver does not look, and would connect to the default host.
        let expected = "expected it to begin with `postgres:`";
        return Err(StoreError::new(Cause::new(NOT_OURS, expected)));
    }
    let options = PgConnectOptions::from_str(url)
        .map_err(|err| StoreError::new(explain(err)))?
        // PgBouncer refuses it. We read no floats.
        .extra_float_digits(None);
    let test = Arc::new(IdleTest::default());
    let connect = PgPoolOptions::new()
        .max_connections(10)
        .acquire_timeout(STEP)
        .test_before_acquire(false)
        .before_acquire(move |connection, meta| {
            let test = Arc::clone(&test);
            Box::pin(async move { test.run(connection, &meta).await })
        })
        .connect_with(options);
    let thread = StoreThread::start()?;
    let connect = async { connect.await.map_err(explain) };
    let pool = thread.run_within(STEP * 2, connect).await?;
    Ok((thread, pool))
}

/// The pool, and the limit to how often it replaces connections.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    pool: PgPool,
    renewals: Arc<Renewals>,
}

impl Connections {
    pub(super) fn new(pool: PgPool) -> Self {
        let renewals = Renewals::new(pool.options().get_max_connections());
        Self {
            pool,
            renewals: Arc::new(renewals),
        }
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Runs the statement, and returns its row, if any.
    pub(super) async fn run(&self, statement: &str) -> Result<Option<PgRow>, Error> {
        Ok(self.fetch_all(statement).await?.into_iter().next())
    }

    /// The version of tables that exist, and the oldest that can read them: the statement's answer.
    pub(super) async fn versions(
        &self,
        exist: bool,
        statement: &str,
    ) -> Result<Option<(i64, i64)>, Error> {
        if !exist {
            return Ok(None);
        }
        let row = self.run(statement).await?;
        row.map(|row| FromRow::from_row(&row)).transpose()
    }

    /// Runs the statement, or several in one transaction; the answer is all of their rows.
    pub(super) async fn fetch_all(&self, statement: &str) -> Result<Vec<PgRow>, Error> {
        loop {
            let mut connection = self.lend().await?;
            let rows = loop {
                let statement = sqlx::raw_sql(AssertSqlSafe(statement));
                let rows = statement.fetch_all(&mut *connection).await;
                // On the same connection: the server says it before it releases the transaction's
                // locks, which would be in this statement's way on another.
                if !rows.as_ref().is_err_and(lost_race) {
                    break rows;
                }
            };
            if let Some(rows) = connection.settle(rows)? {
                return Ok(rows);
            }
        }
    }

    async fn lend(&self) -> Result<Lent<'_>, Error> {
        Ok(Lent {
            connection: self.pool.acquire().await?,
            renewals: &self.renewals,
            kept: false,
        })
    }
}

/// A connection of the pool. Dropping it closes it, unless the server has answered the call and
/// works.
///
/// A connection that goes back to the pool first waits for the rest of its answer, without a time
/// limit: a server that is gone without a word would occupy the place in the pool until TCP gives
/// up, a quarter of an hour later.
struct Lent<'a> {
    connection: PoolConnection<Postgres>,
    renewals: &'a Renewals,
    kept: bool,
}

impl Lent<'_> {
    /// Ends the call: `None` if the statement must run again.
    fn settle<T>(mut self, answer: Result<T, Error>) -> Result<Option<T>, Error> {
        let verdict = answer.as_ref().map_or_else(Verdict::on, |_| Verdict::Keep);
        let replaced = match verdict {
            Verdict::Keep => false,
            Verdict::Close => true,
            Verdict::Replace | Verdict::ReplaceAndRepeat => self.renewals.allow(Instant::now()),
        };
        self.kept = !replaced;
        match verdict {
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

/// What to do with the connection and the statement after an error.
enum Verdict {
    Keep,
    /// The server has closed its end, or will.
    Close,
    /// The server answers and fails.
    Replace,
    ReplaceAndRepeat,
}

impl Verdict {
    /// The classes of errors about a statement: its data, the table and the right to use it, locks.
    const OURS: [&str; 7] = ["21", "22", "23", "40", "42", "54", "55"];

    fn on(err: &Error) -> Self {
        let Some(code) = code(err) else {
            return Self::Close;
        };
        match &*code {
            // `read_only_sql_transaction`: a standby, or a database that is closed for writing.
            // Nothing was written, and each of the pool's connections may lead to that server.
            "25006" => Self::ReplaceAndRepeat,
            // `query_canceled`: the statement was too slow.
            "57014" => Self::Keep,
            code if Self::OURS.iter().any(|class| code.starts_with(class)) => Self::Keep,
            // About the server: it shuts down, is out of space, lost its peer, and the like.
            _ => Self::Replace,
        }
    }
}

/// `serialization_failure`, where the database's default isolation is stricter than READ COMMITTED.
fn lost_race(err: &Error) -> bool {
    code(err).as_deref() == Some("40001")
}

/// The server's code (SQLSTATE) of an error that it reported.
fn code(err: &Error) -> Option<Cow<'_, str>> {
    err.as_database_error()?.code()
}

/// Whether the server still answers on an idle connection.
///
/// The pool's own test has no time limit, and runs before every call.
#[derive(Default)]
struct IdleTest {
    /// When a connection last got no answer.
    silence: Mutex<Option<Instant>>,
}

impl IdleTest {
    const IDLE: Duration = Duration::from_secs(1);
    const LIMIT: Duration = Duration::from_millis(250);

    async fn run(
        &self,
        connection: &mut PgConnection,
        meta: &PoolConnectionMetadata,
    ) -> Result<bool, Error> {
        let silent = || Error::Io(io::ErrorKind::TimedOut.into());
        // Most likely it has lost the same server, and to wait on each of ten takes seconds.
        if self.was_silent_within(meta.idle_for) {
            return Err(silent());
        }
        if meta.idle_for < Self::IDLE {
            return Ok(true);
        }
        let Ok(answer) = timeout(Self::LIMIT, connection.ping()).await else {
            *self.silence() = Some(Instant::now());
            return Err(silent());
        };
        answer.map(|()| true)
    }

    fn was_silent_within(&self, time: Duration) -> bool {
        self.silence().is_some_and(|at| at.elapsed() < time)
    }

    fn silence(&self) -> MutexGuard<'_, Option<Instant>> {
        self.silence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
