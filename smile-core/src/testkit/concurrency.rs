//! Rules of claims at the same moment.

use std::{future::Future, time::Duration};

use tokio::task::JoinSet;

use super::trial::{Found, LONG, Trial, expect, print};
use crate::{Claim, DedupeStore, Ownership, Token};

/// How often each rule runs: a race does not show every time.
const ROUNDS: usize = 8;
const AT_ONCE: usize = 64;

pub(super) async fn of_many_claims_at_once_one_is_acquired(
    trial: Trial<impl DedupeStore>,
) -> Found {
    for round in 0..ROUNDS {
        let trial = trial.on_suffix(&format!("/{round}"));
        expect(
            "acquired of 64",
            claim_at_once(&trial).await?,
            [1, AT_ONCE - 1, 0],
        )?;
    }
    Ok(())
}

pub(super) async fn of_many_claims_at_once_after_a_lease_one_is_acquired(
    trial: Trial<impl DedupeStore>,
) -> Found {
    for round in 0..ROUNDS {
        let trial = trial.on_suffix(&format!("/{round}"));
        let stale = Token::unique();
        trial.acquire(stale, Duration::ZERO).await?;
        expect(
            "acquired of 64",
            claim_at_once(&trial).await?,
            [1, AT_ONCE - 1, 0],
        )?;
        expect(
            "the stale finish",
            trial.finish(stale, print(1), LONG).await?,
            Ownership::Lost,
        )?;
    }
    Ok(())
}

pub(super) async fn of_many_claims_at_once_of_a_done_event_none_is_acquired(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let token = Token::unique();
    trial.acquire(token, LONG).await?;
    expect(
        "finish",
        trial.finish(token, print(1), LONG).await?,
        Ownership::Held,
    )?;
    expect("done of 64", claim_at_once(&trial).await?, [0, 0, AT_ONCE])
}

pub(super) async fn of_a_finish_and_another_claim_at_once_one_succeeds(
    trial: Trial<impl DedupeStore>,
) -> Found {
    for round in 0..ROUNDS * 4 {
        let trial = trial.on_suffix(&format!("/{round}"));
        let (first, second) = (Token::unique(), Token::unique());
        trial.acquire(first, Duration::ZERO).await?;
        let finishing = trial.clone();
        let finish = tokio::spawn(async move { finishing.finish(first, print(1), LONG).await });
        let taken = trial.claim(second, LONG).await?;
        match (joined(finish).await?, taken) {
            (Ownership::Held, Claim::Done { .. }) | (Ownership::Lost, Claim::Acquired { .. }) => {}
            other => {
                return Err(format!(
                    "expected one of the two to succeed, found {other:?}"
                ));
            }
        }
    }
    Ok(())
}

/// Makes 64 claims with different tokens, and counts those acquired, in flight and done.
async fn claim_at_once<S: DedupeStore>(trial: &Trial<S>) -> Found<[usize; 3]> {
    let mut claims = JoinSet::new();
    for _ in 0..AT_ONCE {
        let trial = trial.clone();
        claims.spawn(async move { trial.claim(Token::unique(), LONG).await });
    }
    let mut found = [0; 3];
    while let Some(claim) = claims.join_next().await {
        match claim.map_err(|err| err.to_string())?? {
            Claim::Acquired { .. } => found[0] += 1,
            Claim::InFlight { .. } => found[1] += 1,
            Claim::Done { .. } => found[2] += 1,
        }
    }
    Ok(found)
}

async fn joined<T, E: ToString>(task: impl Future<Output = Result<Found<T>, E>>) -> Found<T> {
    task.await.map_err(|err| err.to_string())?
}
