//! One step of one claim, as SQL.

use smile_core::{EventKey, Fingerprint, Token};
use sqlx::{Error, SqliteConnection};

use super::{batches::Step, now};

/// One step of one claim.
#[derive(Clone, Debug)]
pub(super) struct ClaimStep {
    pub(super) key: EventKey,
    pub(super) token: Token,
    pub(super) change: Change,
}

/// The change of a claim; durations are in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Claim { print: Fingerprint, lease: i64 },
    Extend { lease: i64 },
    Finish { print: Fingerprint, retention: i64 },
    Release,
}

/// The result of a step.
#[derive(Debug)]
pub(super) enum Found {
    /// The claim's fence.
    Acquired(i64),
    Refused(Refused),
    /// The number of rows that changed.
    Changed(u64),
}

/// State, milliseconds left, fingerprint.
pub(super) type Refused = (String, i64, String);

impl Step for ClaimStep {
    type Found = Found;

    async fn look(&self, connection: &mut SqliteConnection) -> Result<Option<Found>, Error> {
        if !matches!(self.change, Change::Claim { .. }) {
            return Ok(None);
        }
        let refused: Option<Refused> = sqlx::query_as(REFUSED)
            .bind(self.key.as_str())
            .bind(&self.token.as_bytes()[..])
            .fetch_optional(connection)
            .await?;
        Ok(refused.map(Found::Refused))
    }

    async fn take(&self, connection: &mut SqliteConnection) -> Result<Found, Error> {
        // Looked at once more: now nobody else writes.
        if let Some(refused) = self.look(connection).await? {
            return Ok(refused);
        }
        let (key, token) = (self.key.as_str(), &self.token.as_bytes()[..]);
        let change = match self.change {
            Change::Claim { print, lease } => {
                return sqlx::query_scalar(CLAIM)
                    .bind(key)
                    .bind(token)
                    .bind(lease)
                    .bind(print.to_hex())
                    .fetch_one(connection)
                    .await
                    .map(Found::Acquired);
            }
            Change::Extend { lease } => sqlx::query(EXTEND).bind(key).bind(token).bind(lease),
            Change::Finish { print, retention } => sqlx::query(FINISH)
                .bind(key)
                .bind(token)
                .bind(retention)
                .bind(print.to_hex()),
            Change::Release => sqlx::query(RELEASE).bind(key).bind(token),
        };
        let changed = change.execute(connection).await?;
        Ok(Found::Changed(changed.rows_affected()))
    }
}

const REFUSED: &str = concat!(
    "SELECT state, expires_at - ",
    now!(),
    ", fingerprint FROM smile_dedupe
     WHERE key = ?1 AND expires_at > ",
    now!(),
    " AND (state = 'done' OR state = 'claimed' AND token <> ?2)"
);

/// For a claim that is not refused: the old row is over, or the token's own.
const CLAIM: &str = concat!(
    "INSERT INTO smile_dedupe (key, state, token, fingerprint, fence, expires_at)
     VALUES (?1, 'claimed', ?2, ?4, ",
    now!(),
    ", ",
    now!(),
    " + ?3)
     ON CONFLICT (key) DO UPDATE SET
        state = excluded.state,
        token = excluded.token,
        fingerprint = excluded.fingerprint,
        fence = max(fence + 1, excluded.fence),
        expires_at = excluded.expires_at
     RETURNING fence"
);

const EXTEND: &str = concat!(
    "UPDATE smile_dedupe SET expires_at = ",
    now!(),
    " + ?3 WHERE key = ?1 AND token = ?2 AND state = 'claimed'"
);

const FINISH: &str = concat!(
    "UPDATE smile_dedupe SET state = 'done', fingerprint = ?4, expires_at = ",
    now!(),
    " + ?3 WHERE key = ?1 AND token = ?2 AND state = 'claimed'"
);

const RELEASE: &str = concat!(
    "UPDATE smile_dedupe SET state = 'free', expires_at = ",
    now!(),
    " WHERE key = ?1 AND token = ?2 AND state = 'claimed'"
);
