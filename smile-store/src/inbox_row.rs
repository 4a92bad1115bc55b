//! The rows of an inbox, as both engines read them.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use smile_core::{
    Accepted, DeadLetter, DeadReason, Fingerprint, Job, JobId, NewEvent, QueueStats, StoredEvent,
    Token,
};

/// Id, attempts, fingerprint, body, tenant, trace parent, secret index, time of the request.
pub(crate) type TakenRow = (
    i64,
    i64,
    String,
    Vec<u8>,
    Option<String>,
    Option<String>,
    i64,
    i64,
);

/// The event of the row, in a run with this token.
pub(crate) fn job(row: TakenRow, token: Token) -> Job {
    let (row, attempts, fingerprint, body, tenant, trace_parent, secret_index, received_at) = row;
    Job {
        id: JobId { row, token },
        attempt: count(attempts),
        event: StoredEvent {
            body: Bytes::from(body),
            tenant: tenant.map(Arc::from),
            secret_index: secret_index.try_into().unwrap_or_default(),
            fingerprint: Fingerprint::from_hex(&fingerprint).unwrap_or_default(),
            trace_parent: trace_parent.map(Into::into),
            received_at: time_of(received_at),
        },
    }
}

/// Id, vendor, scope, tenant, event's id, event's name, reason, error, attempts, time of the request,
/// time of death, body.
pub(crate) type LetterRow = (
    i64,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    i64,
    i64,
    i64,
    Vec<u8>,
);

/// How many wait, run and are dead; when the oldest that waits was received.
pub(crate) type StatsRow = (i64, i64, i64, Option<i64>);

pub(crate) fn stats((waiting, running, dead, oldest): StatsRow) -> QueueStats {
    let [waiting, running, dead] = [waiting, running, dead].map(i64::unsigned_abs);
    QueueStats::new(waiting, running, dead, oldest.map(time_of))
}

pub(crate) fn dead_letter(row: LetterRow) -> DeadLetter {
    let (id, vendor, scope, tenant, event_id, name, reason, error, attempts, received, died, body) =
        row;
    // A newer app may have reasons of its own.
    let reason = reason.and_then(|reason| reason.parse().ok());
    let mut letter = DeadLetter::new(id, vendor, scope, reason.unwrap_or(DeadReason::Failed));
    letter.tenant = tenant;
    letter.event_id = event_id;
    letter.name = name;
    letter.error = error.unwrap_or_default();
    letter.attempts = count(attempts);
    letter.received_at = time_of(received);
    letter.died_at = time_of(died);
    letter.body = body;
    letter
}

/// How an event is accepted whose key is stored with this fingerprint.
pub(crate) fn accepted_again(stored: &str, event: &NewEvent) -> Accepted {
    match Fingerprint::from_hex(stored) {
        Some(stored) if stored.contradicts(&event.fingerprint) => Accepted::IdReuse,
        _ => Accepted::Duplicate,
    }
}

pub(crate) fn millis_since_1970(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    i64::try_from(millis).unwrap_or(i64::MAX)
}

fn time_of(millis: i64) -> SystemTime {
    let since = Duration::from_millis(millis.try_into().unwrap_or_default());
    SystemTime::UNIX_EPOCH
        .checked_add(since)
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

fn count(attempts: i64) -> u32 {
    attempts.try_into().unwrap_or(u32::MAX)
}
