//! The inbox's statements, with their values in their text as in [`statement`](super::statement).
//!
//! A row is looked for by `statement_timestamp()`, which can use an index, and changed by
//! `clock_timestamp()`, so that a lease that had to wait for a lock is no shorter. What
//! `convert_from` returns has the collation "C", so an index helps only where its columns have it.

use std::time::Duration;

use smile_core::{JobId, NewEvent, Settlement, Take, Token};

use super::statement::{bytes, limited, text};
use crate::{call::millis, inbox_row::millis_since_1970, purges::BATCH};

/// Who repeats an event has only read. The row is empty where the event was stored, else the
/// fingerprint of the one before. No row is the answer where another's insert was committed after
/// this statement began.
pub(super) fn accept(event: &NewEvent) -> String {
    let key = text(event.key.as_str());
    let (vendor, scope) = (text(event.vendor), text(&event.scope));
    let tenant = text_or_null(event.tenant.as_deref());
    let (id, name) = (
        text_or_null(event.id.as_deref()),
        text_or_null(event.name.as_deref()),
    );
    let secret_index = event.secret_index;
    let fingerprint = event.fingerprint.to_hex();
    let body = bytes(&event.body);
    let trace_parent = text_or_null(event.trace_parent.as_deref());
    let received_at = millis_since_1970(event.received_at);
    let retention = millis(event.retention);
    let dead_reason = text_or_null(event.dead.map(|reason| reason.label()));
    let state = event.dead.map_or("ready", |_| "dead");
    format!(
        "
WITH seen AS (
    SELECT fingerprint FROM smile_inbox WHERE key = {key}
), stored AS (
    INSERT INTO smile_inbox (key, vendor, scope, tenant, event_id, event_name, secret_index,
        fingerprint, body, trace_parent, received_at, retention, dead_reason, state, due_at)
    SELECT {key}, {vendor}, {scope}, {tenant}, {id}, {name}, {secret_index},
        '{fingerprint}', {body}, {trace_parent},
        timestamptz 'epoch' + {received_at} * interval '1 millisecond', {retention},
        {dead_reason}, '{state}', clock_timestamp()
    WHERE NOT EXISTS (SELECT FROM seen)
    ON CONFLICT (key) DO NOTHING
    RETURNING 1
)
SELECT '' FROM stored UNION ALL SELECT fingerprint FROM seen"
    )
}

/// First what runs longer than its lease: its process crashed or is frozen. Neither part waits for a
/// row that another call, or a transaction of the application, has locked.
///
/// Where nothing is due, nothing is written; and a read-only server refuses it all the same, so that
/// a worker does not wait at a server that was demoted.
pub(super) fn take(take: &Take<'_>, token: Token) -> String {
    let (vendor, scope) = (text(take.vendor), text(take.scope));
    let token = bytes(token.as_bytes());
    let Take {
        limit,
        alone,
        max_attempts,
        ..
    } = *take;
    let lease = after(take.lease);
    let received_at = since_1970("event.received_at");
    limited(&format!(
        "SET LOCAL bytea_output = hex;
WITH lapsed AS MATERIALIZED (
    SELECT id FROM smile_inbox
    WHERE state = 'running' AND vendor = {vendor} AND scope = {scope}
        AND due_at <= statement_timestamp()
    FOR UPDATE SKIP LOCKED
)
UPDATE smile_inbox AS event SET
    state = CASE WHEN attempts >= {max_attempts} THEN 'dead' ELSE 'ready' END,
    dead_reason = CASE WHEN attempts >= {max_attempts} THEN 'crashed' END,
    last_error = 'the process ended during the run',
    alone = true,
    token = NULL,
    due_at = statement_timestamp()
FROM lapsed WHERE event.id = lapsed.id;
WITH due AS MATERIALIZED (
    SELECT id, due_at, octet_length(body) AS size FROM smile_inbox
    WHERE state = 'ready' AND vendor = {vendor} AND scope = {scope} AND alone = {alone}
        AND due_at <= statement_timestamp()
    ORDER BY due_at, id LIMIT {limit}
    FOR UPDATE SKIP LOCKED
), summed AS (
    SELECT id, sum(size) OVER (ORDER BY due_at, id) - size AS before FROM due
)
UPDATE smile_inbox AS event SET
    state = 'running', attempts = attempts + 1, token = {token}, due_at = {lease}
FROM summed WHERE event.id = summed.id AND summed.before < {MOST_BYTES}
RETURNING event.id, event.attempts::bigint, event.fingerprint, event.body, event.tenant,
    event.trace_parent, event.secret_index, {received_at}"
    ))
}

pub(super) fn has_suspects(vendor: &str, scope: &str) -> String {
    let (vendor, scope) = (text(vendor), text(scope));
    limited(&format!(
        "
SELECT EXISTS (SELECT FROM smile_inbox WHERE state = 'ready'
        AND vendor = {vendor} AND scope = {scope} AND alone AND due_at <= statement_timestamp())
    OR EXISTS (SELECT FROM smile_inbox WHERE state = 'running'
        AND vendor = {vendor} AND scope = {scope} AND due_at <= statement_timestamp())"
    ))
}

/// One row where the run still has its event.
pub(super) fn extend(job: JobId, lease: Duration) -> String {
    let (own, lease) = (own(job), after(lease));
    limited(&format!(
        "UPDATE smile_inbox SET due_at = {lease} WHERE {own} AND state = 'running' RETURNING 1"
    ))
}

/// One row where the run is settled, by this statement or by an earlier one of its own.
pub(super) fn settle(job: JobId, settlement: &Settlement) -> String {
    let change = match settlement {
        Settlement::Done => complete(job),
        Settlement::Retry { after, error } => {
            let (due_at, error) = (self::after(*after), text(error));
            let change = format!("state = 'ready', last_error = {error}, due_at = {due_at}");
            end(job, &change)
        }
        Settlement::Dead { reason, error } => {
            let (reason, error) = (text(reason.label()), text(error));
            let change = format!(
                "state = 'dead', dead_reason = {reason}, last_error = {error},
                due_at = clock_timestamp()"
            );
            end(job, &change)
        }
    };
    let own = own(job);
    limited(&format!(
        "{change}; SELECT 1 FROM smile_inbox WHERE {own} AND state <> 'running'"
    ))
}

/// Changes one row where the run still has its event. For a connection of the application, so
/// without a limit for its time.
pub(super) fn complete(job: JobId) -> String {
    let change =
        "state = 'done', due_at = clock_timestamp() + retention * interval '1 millisecond'";
    end(job, change)
}

fn end(job: JobId, change: &str) -> String {
    let own = own(job);
    format!("UPDATE smile_inbox SET alone = false, {change} WHERE {own} AND state = 'running'")
}

fn own(job: JobId) -> String {
    let (row, token) = (job.row, bytes(job.token.as_bytes()));
    format!("id = {row} AND token = {token}")
}

/// Answers how many rows it deleted, at most a batch.
pub(super) fn purge() -> String {
    delete("state = 'done' AND due_at <= statement_timestamp()")
}

/// As [`purge`].
pub(super) fn delete_dead(older_than: Duration) -> String {
    let latest = before(older_than);
    delete(&format!("state = 'dead' AND due_at < {latest}"))
}

fn delete(which: &str) -> String {
    limited(&format!(
        "
WITH deleted AS (
    DELETE FROM smile_inbox WHERE id IN (
        SELECT id FROM smile_inbox WHERE {which} LIMIT {BATCH} FOR UPDATE SKIP LOCKED)
    RETURNING 1
)
SELECT count(*) FROM deleted"
    ))
}

pub(super) fn waiting() -> String {
    limited(
        "
SELECT (SELECT count(*) FROM smile_inbox WHERE state = 'ready')
    + (SELECT count(*) FROM smile_inbox WHERE state = 'running')",
    )
}

/// The oldest by its number, which the index has.
pub(super) fn stats(vendor: &str, scope: &str) -> String {
    let of_worker = format!("vendor = {} AND scope = {}", text(vendor), text(scope));
    let received_at = since_1970("received_at");
    limited(&format!(
        "
WITH ready AS (
    SELECT count(*) AS events, min(id) AS oldest FROM smile_inbox
    WHERE state = 'ready' AND {of_worker}
)
SELECT events,
    (SELECT count(*) FROM smile_inbox WHERE state = 'running' AND {of_worker}),
    (SELECT count(*) FROM smile_inbox WHERE state = 'dead' AND {of_worker}),
    (SELECT {received_at} FROM smile_inbox WHERE id = oldest)
FROM ready"
    ))
}

pub(super) fn list_dead(after: i64, limit: u32) -> String {
    letters(
        "''::bytea",
        &format!("id > {after} ORDER BY id LIMIT {limit}"),
    )
}

pub(super) fn show_dead(id: i64) -> String {
    letters("body", &format!("id = {id}"))
}

fn letters(body: &str, which: &str) -> String {
    let (received_at, died_at) = (since_1970("received_at"), since_1970("due_at"));
    limited(&format!(
        "SET LOCAL bytea_output = hex;
SELECT id, vendor, scope, tenant, event_id, event_name, dead_reason, last_error,
    attempts::bigint, {received_at}, {died_at}, {body}
FROM smile_inbox WHERE state = 'dead' AND {which}"
    ))
}

/// Answers with one row how many were replayed, and the highest id among them.
pub(super) fn replay(id: i64) -> String {
    replay_those(&format!("id = {id}"))
}

/// The first batch of those behind this id; the answer is that of [`replay`].
pub(super) fn replay_all(after: i64, within: Duration) -> String {
    let earliest = before(within);
    replay_those(&format!("id > {after} AND due_at >= {earliest}"))
}

fn replay_those(which: &str) -> String {
    limited(&format!(
        "
WITH dead AS MATERIALIZED (
    SELECT id FROM smile_inbox WHERE state = 'dead' AND {which}
    ORDER BY id LIMIT {BATCH} FOR UPDATE
), replayed AS (
    UPDATE smile_inbox AS event SET
        state = 'ready', attempts = 0, dead_reason = NULL, due_at = clock_timestamp()
    FROM dead WHERE event.id = dead.id
    RETURNING event.id
)
SELECT count(*), coalesce(max(id), 0) FROM replayed"
    ))
}

/// Whether the tables are there, and the server only reads.
pub(super) fn look() -> String {
    limited(
        "SELECT to_regclass('smile_inbox_schema') IS NOT NULL,
            current_setting('transaction_read_only') = 'on'",
    )
}

pub(super) fn versions() -> String {
    limited("SELECT version::bigint, oldest_reader::bigint FROM smile_inbox_schema")
}

/// Wakes the workers of all processes. Nothing is lost with it, so it waits for no disk: `NOTIFY`
/// holds a lock of the whole database while it commits.
pub(super) fn announce() -> String {
    limited("SET LOCAL synchronous_commit = off; SELECT pg_notify('smile_inbox', '')")
}

fn after(time: Duration) -> String {
    let millis = millis(time);
    format!("clock_timestamp() + {millis} * interval '1 millisecond'")
}

fn before(time: Duration) -> String {
    let millis = millis(time);
    format!("statement_timestamp() - {millis} * interval '1 millisecond'")
}

fn since_1970(column: &str) -> String {
    format!("(extract(epoch FROM {column}) * 1000)::bigint")
}

fn text_or_null(value: Option<&str>) -> String {
    value.map_or_else(|| "NULL".to_owned(), text)
}

/// So many bytes of bodies are taken by one call, and the body that exceeds them: all have to come
/// over the network before the server gives the statement up.
const MOST_BYTES: u32 = 4 << 20;

#[cfg(test)]
mod tests {
    use smile_core::{DeadReason, Token};

    use super::*;

    #[test]
    fn no_character_of_a_value_is_in_a_statement_but_as_hex_digits() {
        let odd = r"';--\$1";
        let job = JobId {
            row: 7,
            token: Token::unique(),
        };
        let error: std::sync::Arc<str> = odd.into();
        let retry = Settlement::Retry {
            after: Duration::ZERO,
            error: error.clone(),
        };
        let reason = DeadReason::Failed;
        for statement in [
            take(&Take::new(odd, odd, 1), job.token),
            has_suspects(odd, odd),
            settle(job, &retry),
            settle(job, &Settlement::Dead { reason, error }),
        ] {
            assert!(
                statement.contains("decode('273b2d2d5c2431', 'hex')"),
                "{statement}"
            );
            assert!(!statement.contains("--"), "{statement}");
        }
    }
}
