//! An inbox in a PostgreSQL table.

use std::time::Duration;

use smile_core::{
    Accepted, DeadLetter, Delivery, Inbox, Job, JobId, NewEvent, Ownership, QueueStats, Settlement,
    StoreError, Take, Token, Vendor, WorkQueue,
};
use sqlx::{
    AssertSqlSafe, Error, FromRow, PgConnection, PgPool, Postgres, Row, Transaction,
    postgres::PgRow,
};

use super::{
    arrivals::Arrivals,
    cause::{READ_ONLY, explain},
    connections::{Connections, connect},
    create_tables, inbox_statement as statement,
    statement::limited,
};
use crate::{
    answer::held,
    call::{ANSWER, START, within},
    cause::Cause,
    complete_in::{CompleteError, CompleteIn, completed, job_of},
    inbox_row::{LetterRow, TakenRow, accepted_again, dead_letter, job, stats},
    purges::Purges,
    schema_version::INBOX,
    thread::StoreThread,
};

/// Keeps events in PostgreSQL until they are handled: for any number of replicas on any number of
/// machines.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use smile_core::{Delivery, Intake, Secret, SmileApi, Worker};
/// use smile_store::PostgresInbox;
///
/// async fn on_event(event: Delivery<SmileApi>) -> Result<(), std::io::Error> {
///     println!("{} {}", event.event_type(), event.id());
///     Ok(())
/// }
///
/// let inbox = PostgresInbox::connect("postgres://app@db.internal/app").await?;
/// inbox.create_schema().await?;
/// let worker = Worker::new(inbox.clone()).handle(on_event).start();
/// let endpoint = Intake::smile_api(Secret::new("a little secret")?).inbox(inbox);
/// # Ok(()) }
/// ```
///
/// What is accepted is committed. `synchronous_commit` is left as the server has it: keep it `on`,
/// which is the default, or a crash of the server loses events that were answered with 200. A
/// fail-over to a standby that had not received everything loses what it missed, and the vendor does
/// not send it again: let `synchronous_standby_names` name a standby where that must not happen.
///
/// Time is the server's clock. A handled event is kept with its body for the endpoint's retention,
/// which begins when it is done; then it is deleted, with every 256th event that is handled or all by
/// [`purge`](Self::purge). A dead letter is kept until it is replayed or
/// [deleted](Self::delete_dead_letters). An event takes its body's size, compressed from 2 KB on, and
/// some 500 bytes, and up to 1.3 KB until autovacuum has cleared its earlier versions.
///
/// A worker of the same process is woken when an event is stored, those of other processes by
/// `NOTIFY` some 20 ms later. For that a process with a worker keeps one connection more, which
/// listens. Where that fails, a worker looks twice a second.
///
/// Connections are replaced as [`PostgresDedupe`](crate::PostgresDedupe) does it, so that calls
/// follow a name that is moved from a read-only server to the new primary. The inbox makes its calls
/// on a thread of its own, which ends with its last clone.
///
/// The database's encoding has to be UTF-8. A zero character in an error or in a name is stored as
/// U+FFFD, since PostgreSQL has none; the body keeps all of its bytes.
///
/// # Behind PgBouncer
///
/// As with [`PostgresDedupe`](crate::PostgresDedupe#behind-pgbouncer), both pool modes work and
/// nothing has to be set. The inbox does not listen there, because PgBouncer could give the
/// notifications to other clients: so workers of other processes find an event within half a second.
/// PgBouncer logs once that it refuses a start-up parameter. A process that connects directly
/// listens, also to events that were stored through PgBouncer.
#[derive(Clone, Debug)]
pub struct PostgresInbox {
    connections: Connections,
    purges: Purges,
    thread: StoreThread,
    arrivals: Arrivals,
}

impl PostgresInbox {
    /// The tables, for those who make their tables by their own means. They are found by the
    /// connection's `search_path`.
    pub const SCHEMA: &str = "\
CREATE TABLE smile_inbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text COLLATE \"C\" NOT NULL UNIQUE,
    vendor text COLLATE \"C\" NOT NULL,
    scope text COLLATE \"C\" NOT NULL,
    tenant text,
    event_id text,
    event_name text,
    secret_index bigint NOT NULL,
    fingerprint text NOT NULL,
    body bytea NOT NULL,
    trace_parent text,
    received_at timestamptz NOT NULL,
    retention bigint NOT NULL, -- milliseconds
    state text NOT NULL CHECK (state IN ('ready', 'running', 'done', 'dead')),
    due_at timestamptz NOT NULL, -- to run, to end the lease, to be deleted; or since when it is dead
    attempts integer NOT NULL DEFAULT 0,
    alone boolean NOT NULL DEFAULT false,
    token bytea,
    dead_reason text,
    last_error text
);
CREATE INDEX smile_inbox_ready
    ON smile_inbox (vendor, scope, alone, due_at, id) WHERE state = 'ready';
CREATE INDEX smile_inbox_running ON smile_inbox (due_at) WHERE state = 'running';
CREATE INDEX smile_inbox_done ON smile_inbox (due_at) WHERE state = 'done';
CREATE INDEX smile_inbox_dead ON smile_inbox (id) WHERE state = 'dead';
CREATE TABLE smile_inbox_schema (version integer NOT NULL, oldest_reader integer NOT NULL);
INSERT INTO smile_inbox_schema VALUES (1, 1);
";

    /// Connects with `postgres://user:password@host:port/database`.
    ///
    /// At most ten connections, and one that listens; a call waits at most a second for one, and the
    /// server gives a statement up after a second.
    ///
    /// # Errors
    ///
    /// If the URL is not PostgreSQL's, the server takes no connection within a second, does not
    /// answer within ten or is read-only, the tables are of a version that this one does not know, or
    /// no thread can be started.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let (thread, pool) = connect(url).await?;
        Self::on(thread, pool).await
    }

    /// Uses a pool of your own, and its options for the connection that listens.
    ///
    /// What [`PostgresDedupe::from_pool`](crate::PostgresDedupe::from_pool) says of the pool is true
    /// here as well.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn from_pool(pool: PgPool) -> Result<Self, StoreError> {
        Self::on(StoreThread::start()?, pool).await
    }

    async fn on(thread: StoreThread, pool: PgPool) -> Result<Self, StoreError> {
        let inbox = Self {
            connections: Connections::new(pool),
            purges: Purges::default(),
            thread,
            arrivals: Arrivals::default(),
        };
        inbox.check().await?;
        Ok(inbox)
    }

    /// Whether the server can be written to, and the tables are of a version that this one knows.
    async fn check(&self) -> Result<(), StoreError> {
        let connections = self.connections.clone();
        let check = async move {
            let look = connections.run(&statement::look()).await;
            let look =
                look.and_then(|row| row.map_or(Ok((false, false)), |row| FromRow::from_row(&row)));
            let (exists, is_read_only) = look.map_err(explain)?;
            if is_read_only {
                return Err(Cause::new(READ_ONLY, "transaction_read_only is on"));
            }
            let versions = connections.versions(exists, &statement::versions()).await;
            INBOX.check(versions.map_err(explain)?)
        };
        self.thread.run_within(START, check).await
    }

    /// Makes the [tables](Self::SCHEMA), unless they exist. Any number of replicas may call it at
    /// once.
    ///
    /// # Errors
    ///
    /// If the server is not there, or the user may not make tables.
    pub async fn create_schema(&self) -> Result<(), StoreError> {
        let pool = self.connections.pool().clone();
        let create = async move {
            let create = create_tables(&pool, "smile_inbox", Self::SCHEMA);
            create.await.map_err(explain)
        };
        self.thread.run_within(START, create).await
    }

    /// Stores an event in a transaction of the application: it is there when the transaction commits.
    /// A worker finds it within half a second then.
    ///
    /// # Errors
    ///
    /// If the statement fails; the transaction has to be rolled back then.
    pub async fn accept_in(
        &self,
        connection: &mut PgConnection,
        event: NewEvent,
    ) -> Result<Accepted, StoreError> {
        let statement = statement::accept(&event);
        let accepted = accept(event, statement, Target::Transaction(connection)).await;
        accepted.map_err(|err| StoreError::new(explain(err)))
    }

    /// Deletes every handled event whose retention is over, 1000 at a time, and says how many there
    /// were.
    ///
    /// # Errors
    ///
    /// If the server is not there.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        self.delete_all(statement::purge()).await
    }

    /// Deletes the dead letters that died longer ago than this, 1000 at a time, and says how many
    /// there were. Their ids are forgotten with them.
    ///
    /// # Errors
    ///
    /// If the server is not there.
    pub async fn delete_dead_letters(&self, older_than: Duration) -> Result<u64, StoreError> {
        self.delete_all(statement::delete_dead(older_than)).await
    }

    /// How many events wait or run.
    ///
    /// # Errors
    ///
    /// If the server is not there.
    pub async fn waiting(&self) -> Result<u64, StoreError> {
        let (waiting,): (i64,) = self.one(statement::waiting()).await?;
        Ok(waiting.unsigned_abs())
    }

    async fn delete_all(&self, statement: String) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let (rows,): (i64,) = self.one(statement.clone()).await?;
            deleted += rows.unsigned_abs();
            if rows == 0 {
                return Ok(deleted);
            }
        }
    }

    /// Runs a statement whose answer is one row.
    async fn one<T>(&self, statement: String) -> Result<T, StoreError>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + 'static,
    {
        let row = self.rows(statement).await?.into_iter().next();
        row.ok_or_else(|| StoreError::new("expected a row, found none"))
    }

    async fn rows<T>(&self, statement: String) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + 'static,
    {
        let connections = self.connections.clone();
        let read = async move { connections.fetch_all(&statement).await.map_err(explain) };
        let rows = self.thread.run_within(ANSWER, read).await?;
        // Here, since the digits of large bodies would hold the thread up.
        let rows: Result<_, Error> = rows.iter().map(T::from_row).collect();
        rows.map_err(|err| StoreError::new(explain(err)))
    }

    /// Whether the run still has its event, which the statement's one row says.
    async fn owns(&self, statement: String) -> Result<Ownership, StoreError> {
        let connections = self.connections.clone();
        let change = async move { connections.run(&statement).await.map_err(explain) };
        let row = self.thread.run_within(ANSWER, change).await?;
        Ok(held(row.is_some()))
    }

    fn announce(&self) {
        self.arrivals.announce(&self.thread, &self.connections);
    }
}

impl Inbox for PostgresInbox {
    async fn accept(&self, event: NewEvent) -> Result<Accepted, StoreError> {
        let connections = self.connections.clone();
        // Made here: the digits of a large body would hold the thread up.
        let statement = statement::accept(&event);
        let accept = async move {
            let accepted = accept(event, statement, Target::Pool(&connections)).await;
            accepted.map_err(explain)
        };
        let accepted = self.thread.run_within(ANSWER, accept).await?;
        if accepted == Accepted::New {
            self.announce();
        }
        Ok(accepted)
    }
}

impl WorkQueue for PostgresInbox {
    async fn take(&self, take: Take<'_>) -> Result<Vec<Job>, StoreError> {
        let token = Token::unique();
        let mut rows: Vec<TakenRow> = self.rows(statement::take(&take, token)).await?;
        rows.sort_by_key(|row| row.0);
        Ok(rows.into_iter().map(|row| job(row, token)).collect())
    }

    async fn has_suspects(&self, vendor: &str, scope: &str) -> Result<bool, StoreError> {
        let (found,) = self.one(statement::has_suspects(vendor, scope)).await?;
        Ok(found)
    }

    async fn extend(&self, job: JobId, lease: Duration) -> Result<Ownership, StoreError> {
        self.owns(statement::extend(job, lease)).await
    }

    async fn settle(&self, job: JobId, settlement: Settlement) -> Result<Ownership, StoreError> {
        let owned = self.owns(statement::settle(job, &settlement)).await?;
        if let Some(turn) = self.purges.finished() {
            let connections = self.connections.clone();
            self.thread.spawn(async move {
                let purge = async { connections.run(&statement::purge()).await.map_err(explain) };
                // What fails now is tried again 256 events later.
                let _ = within(ANSWER, purge).await;
                drop(turn);
            });
        }
        Ok(owned)
    }

    async fn arrival(&self) {
        let pool = self.connections.pool();
        self.arrivals.next(&self.thread, pool).await;
    }

    async fn stats(&self, vendor: &str, scope: &str) -> Result<QueueStats, StoreError> {
        self.one(statement::stats(vendor, scope)).await.map(stats)
    }

    async fn dead_letters(&self, after: i64, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        let rows: Vec<LetterRow> = self.rows(statement::list_dead(after, limit)).await?;
        Ok(rows.into_iter().map(dead_letter).collect())
    }

    async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>, StoreError> {
        let rows: Vec<LetterRow> = self.rows(statement::show_dead(id)).await?;
        Ok(rows.into_iter().next().map(dead_letter))
    }

    async fn replay(&self, id: i64) -> Result<bool, StoreError> {
        let (replayed, _): (i64, i64) = self.one(statement::replay(id)).await?;
        self.announce();
        Ok(replayed > 0)
    }

    async fn replay_all(&self, within: Duration) -> Result<u64, StoreError> {
        let (mut replayed, mut last) = (0, 0);
        loop {
            let (rows, highest): (i64, i64) = self.one(statement::replay_all(last, within)).await?;
            if rows == 0 {
                return Ok(replayed);
            }
            self.announce();
            replayed += rows.unsigned_abs();
            last = highest;
        }
    }
}

impl<V: Vendor> CompleteIn<PgConnection> for Delivery<V> {
    async fn complete_in(&self, connection: &mut PgConnection) -> Result<(), CompleteError> {
        let statement = statement::complete(job_of(self)?);
        let statement = sqlx::raw_sql(AssertSqlSafe(statement));
        let done = statement.execute(connection).await.map_err(explain);
        completed(done.map(|done| held(done.rows_affected() > 0)))
    }
}

impl<V: Vendor> CompleteIn<Transaction<'_, Postgres>> for Delivery<V> {
    async fn complete_in(
        &self,
        transaction: &mut Transaction<'_, Postgres>,
    ) -> Result<(), CompleteError> {
        self.complete_in(&mut **transaction).await
    }
}

/// Where an event is stored.
enum Target<'a> {
    Pool(&'a Connections),
    Transaction(&'a mut PgConnection),
}

impl Target<'_> {
    /// Runs the statement that accepts an event. Returns the fingerprint of the one that has the key;
    /// `None` where it is this one.
    async fn store(&mut self, statement: &str) -> Result<Option<String>, Error> {
        loop {
            let row = match self {
                Self::Pool(connections) => connections.run(&limited(statement)).await?,
                // A limit for its time would stay with the application's transaction.
                Self::Transaction(connection) => {
                    let statement = sqlx::raw_sql(AssertSqlSafe(statement));
                    statement.fetch_optional(&mut **connection).await?
                }
            };
            // No row: another was faster, and its event is to be seen from now on.
            if let Some(row) = row {
                let before: String = row.try_get(0)?;
                return Ok((!before.is_empty()).then_some(before));
            }
        }
    }
}

async fn accept(
    event: NewEvent,
    statement: String,
    mut target: Target<'_>,
) -> Result<Accepted, Error> {
    let Some(before) = target.store(&statement).await? else {
        return Ok(Accepted::New);
    };
    let accepted = accepted_again(&before, &event);
    if accepted == Accepted::IdReuse {
        let reuse = statement::accept(&event.into_id_reuse());
        target.store(&reuse).await?;
    }
    Ok(accepted)
}
