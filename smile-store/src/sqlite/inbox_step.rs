//! One step of an event in the inbox, as SQL.

use smile_core::{Accepted, Job, JobId, NewEvent, Ownership, Settlement, Take, Token};
use sqlx::{Error, SqliteConnection};

use super::{batches::Step, now};
use crate::{
    call::millis,
    inbox_row::{TakenRow, accepted_again, job, millis_since_1970},
};

/// A step of an event; durations are in milliseconds.
#[derive(Debug)]
pub(super) enum InboxStep {
    Accept(Box<NewEvent>),
    Take(Taking),
    Extend { job: JobId, lease: i64 },
    Settle { job: JobId, settlement: Settlement },
}

/// [`Take`], with a token for all that is taken.
#[derive(Debug)]
pub(super) struct Taking {
    pub(super) vendor: String,
    pub(super) scope: String,
    pub(super) limit: i64,
    pub(super) alone: bool,
    pub(super) lease: i64,
    pub(super) max_attempts: u32,
    pub(super) token: Token,
}

impl From<Take<'_>> for Taking {
    fn from(take: Take<'_>) -> Self {
        Self {
            vendor: take.vendor.to_owned(),
            scope: take.scope.to_owned(),
            limit: take.limit.try_into().unwrap_or(i64::MAX),
            alone: take.alone,
            lease: millis(take.lease),
            max_attempts: take.max_attempts,
            token: Token::unique(),
        }
    }
}

/// The answer to a step.
#[derive(Debug)]
pub(super) enum Found {
    Accepted(Accepted),
    Taken(Vec<Job>),
    Changed(Ownership),
}

impl Step for InboxStep {
    type Found = Found;

    /// An idle worker and a repeated event write nothing.
    async fn look(&self, connection: &mut SqliteConnection) -> Result<Option<Found>, Error> {
        Ok(match self {
            Self::Accept(event) => match known(connection, event).await? {
                Some(Accepted::Duplicate) => Some(Found::Accepted(Accepted::Duplicate)),
                _ => None,
            },
            Self::Take(taking) => {
                let is_due = is_due(connection, taking).await?;
                (!is_due).then(|| Found::Taken(Vec::new()))
            }
            Self::Extend { .. } | Self::Settle { .. } => None,
        })
    }

    async fn take(&self, connection: &mut SqliteConnection) -> Result<Found, Error> {
        Ok(match self {
            Self::Accept(event) => Found::Accepted(accept(connection, event).await?),
            Self::Take(taking) => Found::Taken(take(connection, taking).await?),
            Self::Extend { job, lease } => {
                let extended = sqlx::query(EXTEND)
                    .bind(job.row)
                    .bind(&job.token.as_bytes()[..])
                    .bind(lease)
                    .execute(connection)
                    .await?;
                Found::Changed(crate::answer::held(extended.rows_affected() > 0))
            }
            Self::Settle { job, settlement } => {
                Found::Changed(settle(connection, *job, settlement).await?)
            }
        })
    }
}

/// How an event that is stored already is accepted.
async fn known(
    connection: &mut SqliteConnection,
    event: &NewEvent,
) -> Result<Option<Accepted>, Error> {
    let before: Option<String> = sqlx::query_scalar(KNOWN)
        .bind(event.key.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(before.map(|before| accepted_again(&before, event)))
}

async fn accept(connection: &mut SqliteConnection, event: &NewEvent) -> Result<Accepted, Error> {
    if insert(connection, event).await? {
        return Ok(Accepted::New);
    }
    let accepted = known(connection, event).await?;
    if accepted == Some(Accepted::IdReuse) {
        insert(connection, &event.clone().into_id_reuse()).await?;
    }
    Ok(accepted.unwrap_or(Accepted::Duplicate))
}

/// Whether the event was not there before.
async fn insert(connection: &mut SqliteConnection, event: &NewEvent) -> Result<bool, Error> {
    let inserted = sqlx::query(INSERT)
        .bind(event.key.as_str())
        .bind(event.vendor)
        .bind(&*event.scope)
        .bind(event.tenant.as_deref())
        .bind(event.id.as_deref())
        .bind(event.name.as_deref())
        .bind(i64::try_from(event.secret_index).unwrap_or_default())
        .bind(event.fingerprint.to_hex())
        .bind(&event.body[..])
        .bind(event.trace_parent.as_deref())
        .bind(millis_since_1970(event.received_at))
        .bind(millis(event.retention))
        .bind(event.dead.map(|reason| reason.label()))
        .execute(connection)
        .await?;
    Ok(inserted.rows_affected() > 0)
}

async fn is_due(connection: &mut SqliteConnection, taking: &Taking) -> Result<bool, Error> {
    sqlx::query_scalar(IS_DUE)
        .bind(&taking.vendor)
        .bind(&taking.scope)
        .bind(taking.alone)
        .fetch_one(connection)
        .await
}

async fn take(connection: &mut SqliteConnection, taking: &Taking) -> Result<Vec<Job>, Error> {
    sqlx::query(RESCUE)
        .bind(&taking.vendor)
        .bind(&taking.scope)
        .bind(taking.max_attempts)
        .execute(&mut *connection)
        .await?;
    let mut taken: Vec<TakenRow> = sqlx::query_as(TAKE)
        .bind(&taking.vendor)
        .bind(&taking.scope)
        .bind(taking.alone)
        .bind(taking.limit)
        .bind(&taking.token.as_bytes()[..])
        .bind(taking.lease)
        .fetch_all(connection)
        .await?;
    taken.sort_by_key(|row| row.0);
    Ok(taken
        .into_iter()
        .map(|row| job(row, taking.token))
        .collect())
}

async fn settle(
    connection: &mut SqliteConnection,
    job: JobId,
    settlement: &Settlement,
) -> Result<Ownership, Error> {
    let token = &job.token.as_bytes()[..];
    let change = match settlement {
        Settlement::Done => sqlx::query(DONE).bind(job.row).bind(token),
        Settlement::Retry { after, error } => sqlx::query(RETRY)
            .bind(job.row)
            .bind(token)
            .bind(millis(*after))
            .bind(&**error),
        Settlement::Dead { reason, error } => sqlx::query(DEAD)
            .bind(job.row)
            .bind(token)
            .bind(reason.label())
            .bind(&**error),
    };
    let changed = change.execute(&mut *connection).await?;
    if changed.rows_affected() > 0 {
        return Ok(Ownership::Held);
    }
    let is_its_own = sqlx::query_scalar(IS_OWN)
        .bind(job.row)
        .bind(token)
        .fetch_one(connection)
        .await?;
    Ok(crate::answer::held(is_its_own))
}

/// Completes a job on a connection of the application; whether it was still its own.
pub(super) async fn complete(
    connection: &mut SqliteConnection,
    job: JobId,
) -> Result<Ownership, Error> {
    let done = sqlx::query(DONE)
        .bind(job.row)
        .bind(&job.token.as_bytes()[..])
        .execute(connection)
        .await?;
    Ok(crate::answer::held(done.rows_affected() > 0))
}

const KNOWN: &str = "SELECT fingerprint FROM smile_inbox WHERE key = ?1";

const INSERT: &str = concat!(
    "INSERT INTO smile_inbox (key, vendor, scope, tenant, event_id, event_name, secret_index,
        fingerprint, body, trace_parent, received_at, retention, dead_reason, state, due_at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,
        CASE WHEN ?13 IS NULL THEN 'ready' ELSE 'dead' END, ",
    now!(),
    ") ON CONFLICT (key) DO NOTHING"
);

const IS_DUE: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM smile_inbox WHERE state = 'ready'
        AND vendor = ?1 AND scope = ?2 AND alone = ?3 AND due_at <= ",
    now!(),
    ") OR EXISTS (SELECT 1 FROM smile_inbox WHERE state = 'running'
        AND vendor = ?1 AND scope = ?2 AND due_at <= ",
    now!(),
    ")"
);

pub(super) const HAS_SUSPECTS: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM smile_inbox WHERE state = 'ready'
        AND vendor = ?1 AND scope = ?2 AND alone = 1 AND due_at <= ",
    now!(),
    ") OR EXISTS (SELECT 1 FROM smile_inbox WHERE state = 'running'
        AND vendor = ?1 AND scope = ?2 AND due_at <= ",
    now!(),
    ")"
);

/// Makes events ready again whose lease is over: their process crashed or is frozen.
const RESCUE: &str = concat!(
    "UPDATE smile_inbox SET
        state = CASE WHEN attempts >= ?3 THEN 'dead' ELSE 'ready' END,
        dead_reason = CASE WHEN attempts >= ?3 THEN 'crashed' END,
        last_error = 'the process ended during the run',
        alone = 1,
        token = NULL,
        due_at = ",
    now!(),
    " WHERE state = 'running' AND vendor = ?1 AND scope = ?2 AND due_at <= ",
    now!()
);

const TAKE: &str = concat!(
    "UPDATE smile_inbox SET state = 'running', attempts = attempts + 1, token = ?5, due_at = ",
    now!(),
    " + ?6 WHERE id IN (
        SELECT id FROM smile_inbox WHERE state = 'ready'
            AND vendor = ?1 AND scope = ?2 AND alone = ?3 AND due_at <= ",
    now!(),
    " ORDER BY due_at, id LIMIT ?4)
     RETURNING id, attempts, fingerprint, body, tenant, trace_parent, secret_index, received_at"
);

const EXTEND: &str = concat!(
    "UPDATE smile_inbox SET due_at = ",
    now!(),
    " + ?3 WHERE id = ?1 AND token = ?2 AND state = 'running'"
);

const DONE: &str = concat!(
    "UPDATE smile_inbox SET state = 'done', alone = 0, due_at = ",
    now!(),
    " + retention WHERE id = ?1 AND token = ?2 AND state = 'running'"
);

const RETRY: &str = concat!(
    "UPDATE smile_inbox SET state = 'ready', alone = 0, last_error = ?4, due_at = ",
    now!(),
    " + ?3 WHERE id = ?1 AND token = ?2 AND state = 'running'"
);

const DEAD: &str = concat!(
    "UPDATE smile_inbox SET state = 'dead', alone = 0, dead_reason = ?3, last_error = ?4, due_at = ",
    now!(),
    " WHERE id = ?1 AND token = ?2 AND state = 'running'"
);

const IS_OWN: &str = "SELECT EXISTS (SELECT 1 FROM smile_inbox WHERE id = ?1 AND token = ?2)";
