//! The store's statements, with their values in their text.
//!
//! Behind PgBouncer, each transaction may go to another server process, and a prepared statement
//! exists in one process only; the driver prepares each statement that has parameters. So these
//! have none. Their values are hex digits and numbers, so no value can end a literal.

use smile_core::{EventKey, Fingerprint, Token};

use crate::call::{GRACE, LONGEST, STEP, millis};

/// The statement with its time limit.
///
/// Each call sets the limit: PgBouncer refuses it as a start-up option, and the next transaction
/// may run in another session.
pub(super) fn limited(statement: &str) -> String {
    let limit = millis(STEP);
    format!("SET LOCAL statement_timeout = {limit}; {statement}")
}

/// A refused claim writes nothing. There is no row if another claim was committed after this
/// statement began.
pub(super) fn claim(key: &EventKey, token: Token, fingerprint: Fingerprint, lease: i64) -> String {
    let (key, token, fingerprint) = (
        text(key.as_str()),
        bytes(token.as_bytes()),
        fingerprint.to_hex(),
    );
    // No time can be subtracted from infinity.
    let longest = millis(LONGEST);
    limited(&format!(
        "
WITH seen AS (
    SELECT state, fingerprint,
        greatest(0, ceil(1000 * extract(epoch FROM
            least(expires_at, clock_timestamp() + {longest} * interval '1 millisecond')
            - clock_timestamp()
        )))::bigint AS left
    FROM smile_dedupe
    WHERE key = {key} AND expires_at > clock_timestamp()
        AND (state = 'done' OR state = 'claimed' AND token <> {token})
), taken AS (
    INSERT INTO smile_dedupe AS old (key, state, token, fingerprint, fence, expires_at)
    SELECT {key}, 'claimed', {token}, '{fingerprint}',
        (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        clock_timestamp() + {lease} * interval '1 millisecond'
    WHERE NOT EXISTS (SELECT FROM seen)
    ON CONFLICT (key) DO UPDATE SET
        state = excluded.state,
        token = excluded.token,
        fingerprint = excluded.fingerprint,
        fence = greatest(old.fence + 1, excluded.fence),
        expires_at = clock_timestamp() + {lease} * interval '1 millisecond'
    WHERE old.expires_at <= clock_timestamp() OR old.state = 'free'
        OR old.state = 'claimed' AND old.token = excluded.token
    RETURNING fence
)
SELECT 'acquired', 0::bigint, '', fence FROM taken
UNION ALL SELECT state, seen.left, fingerprint, 0 FROM seen"
    ))
}

/// Returns one row if the token still held the claim, like [`finish`] and [`release`].
pub(super) fn extend(key: &EventKey, token: Token, lease: i64) -> String {
    let expires = format!("expires_at = clock_timestamp() + {lease} * interval '1 millisecond'");
    change(key, token, &expires)
}

pub(super) fn finish(
    key: &EventKey,
    token: Token,
    fingerprint: Fingerprint,
    retention: i64,
) -> String {
    let fingerprint = fingerprint.to_hex();
    let done = format!(
        "state = 'done', fingerprint = '{fingerprint}',
        expires_at = clock_timestamp() + {retention} * interval '1 millisecond'"
    );
    change(key, token, &done)
}

pub(super) fn release(key: &EventKey, token: Token) -> String {
    change(key, token, "state = 'free', expires_at = clock_timestamp()")
}

fn change(key: &EventKey, token: Token, change: &str) -> String {
    let (key, token) = (text(key.as_str()), bytes(token.as_bytes()));
    limited(&format!(
        "UPDATE smile_dedupe SET {change}
        WHERE key = {key} AND token = {token} AND state = 'claimed' RETURNING 1"
    ))
}

/// Returns the number of rows that it deleted, at most `batch`.
pub(super) fn purge(batch: i64) -> String {
    let grace = millis(GRACE);
    limited(&format!(
        "
WITH purged AS (
    DELETE FROM smile_dedupe WHERE key IN (
        SELECT key FROM smile_dedupe
        WHERE expires_at < clock_timestamp() - {grace} * interval '1 millisecond'
        LIMIT {batch} FOR UPDATE SKIP LOCKED)
    RETURNING 1
)
SELECT count(*) FROM purged"
    ))
}

/// Whether the table has a version.
pub(super) fn has_version() -> String {
    limited("SELECT to_regclass('smile_dedupe_schema') IS NOT NULL")
}

pub(super) fn versions() -> String {
    limited("SELECT version::bigint, oldest_reader::bigint FROM smile_dedupe_schema")
}

/// PostgreSQL has no text with a zero character.
pub(super) fn text(text: &str) -> String {
    let text = text.replace('\0', "\u{fffd}");
    format!("convert_from({}, 'UTF8')", bytes(text.as_bytes()))
}

pub(super) fn bytes(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let mut literal = String::with_capacity(2 * bytes.len() + 16);
    literal.push_str("decode('");
    for byte in bytes {
        literal.push(DIGITS[usize::from(byte >> 4)]);
        literal.push(DIGITS[usize::from(byte & 15)]);
    }
    literal.push_str("', 'hex')");
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_a_key_is_in_a_statement_but_as_hex_digits() {
        let (token, print) = (Token::unique(), Fingerprint::default());
        let key = EventKey::new(r"';--\$1");
        for statement in [
            claim(&key, token, print, 1),
            extend(&key, token, 1),
            finish(&key, token, print, 1),
            release(&key, token),
        ] {
            assert!(
                statement.contains("decode('273b2d2d5c2431', 'hex')"),
                "{statement}"
            );
            assert!(!statement.contains("--"), "{statement}");
        }
    }
}
