//! Rules of leases and retentions that end.

use std::time::{Duration, Instant};

use super::trial::{Found, LONG, SHORT, Trial, expect, print, sleep_past};
use crate::{Claim, DedupeStore, Fence, Ownership, Token};

pub(super) async fn done_ends_with_its_retention(trial: Trial<impl DedupeStore>) -> Found {
    let token = Token::unique();
    trial.acquire(token, LONG).await?;
    expect(
        "finish",
        trial.finish(token, print(1), SHORT).await?,
        Ownership::Held,
    )?;
    sleep_past(SHORT).await;
    trial.acquire(Token::unique(), LONG).await?;
    trial.meets_a_claim().await.map(drop)
}

pub(super) async fn a_short_lease_lasts_for_its_time(trial: Trial<impl DedupeStore>) -> Found {
    // On a busy machine the lease may end before the second claim, which proves nothing.
    for lease in [1, 2, 4].map(|times| SHORT * times) {
        let trial = trial.on_suffix(&format!("/{}", lease.as_millis()));
        let start = Instant::now();
        trial.acquire(Token::unique(), lease).await?;
        let met = trial.meets_a_claim().await;
        if start.elapsed() < lease - lease / 10 {
            return met.map(drop);
        }
    }
    Ok(())
}

pub(super) async fn a_claim_whose_lease_is_over_goes_to_the_next(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let first = trial.acquire(Token::unique(), SHORT).await?;
    sleep_past(SHORT).await;
    let second = trial.acquire(Token::unique(), LONG).await?;
    grows(first, second)?;
    trial.meets_a_claim().await.map(drop)
}

pub(super) async fn a_token_that_lost_its_claim_changes_nothing(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let (stale, owner) = (Token::unique(), Token::unique());
    trial.acquire(stale, SHORT).await?;
    sleep_past(SHORT).await;
    trial.acquire(owner, LONG).await?;
    expect(
        "the stale extend",
        trial.extend(stale, SHORT).await?,
        Ownership::Lost,
    )?;
    expect(
        "the stale finish",
        trial.finish(stale, print(1), LONG).await?,
        Ownership::Lost,
    )?;
    expect(
        "the stale release",
        trial.release(stale).await?,
        Ownership::Lost,
    )?;
    sleep_past(SHORT).await;
    trial.meets_a_claim().await?;
    expect(
        "the owner's finish",
        trial.finish(owner, print(1), LONG).await?,
        Ownership::Held,
    )
}

pub(super) async fn a_token_that_lost_its_claim_does_not_regain_it(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let (stale, owner) = (Token::unique(), Token::unique());
    trial.acquire(stale, Duration::ZERO).await?;
    trial.acquire(owner, LONG).await?;
    expect(
        "the owner's release",
        trial.release(owner).await?,
        Ownership::Held,
    )?;
    expect(
        "the stale finish",
        trial.finish(stale, print(1), LONG).await?,
        Ownership::Lost,
    )?;
    trial.acquire(Token::unique(), LONG).await.map(drop)
}

pub(super) async fn extend_counts_from_now_on(trial: Trial<impl DedupeStore>) -> Found {
    let token = Token::unique();
    trial.acquire(token, SHORT).await?;
    expect("extend", trial.extend(token, LONG).await?, Ownership::Held)?;
    sleep_past(SHORT).await;
    trial.meets_a_claim().await?;
    // From now on, and not on top of what was left.
    expect("extend", trial.extend(token, SHORT).await?, Ownership::Held)?;
    sleep_past(SHORT).await;
    trial.acquire(Token::unique(), LONG).await.map(drop)
}

pub(super) async fn a_claim_whose_lease_is_over_can_be_finished_by_its_token(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let token = Token::unique();
    trial.acquire(token, SHORT).await?;
    sleep_past(SHORT).await;
    expect(
        "finish",
        trial.finish(token, print(1), LONG).await?,
        Ownership::Held,
    )?;
    trial.meets_done(Token::unique()).await.map(drop)
}

pub(super) async fn a_claim_whose_lease_is_over_can_be_extended_by_its_token(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let token = Token::unique();
    trial.acquire(token, Duration::ZERO).await?;
    expect("extend", trial.extend(token, LONG).await?, Ownership::Held)?;
    trial.meets_a_claim().await.map(drop)
}

pub(super) async fn a_claim_whose_lease_is_over_can_be_released_by_its_token(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let token = Token::unique();
    trial.acquire(token, Duration::ZERO).await?;
    expect("release", trial.release(token).await?, Ownership::Held)?;
    trial.acquire(Token::unique(), LONG).await.map(drop)
}

pub(super) async fn the_longest_times_are_accepted(trial: Trial<impl DedupeStore>) -> Found {
    // Ten years: people write this for "for ever".
    let ten_years = Duration::from_secs(10 * 366 * 24 * 60 * 60);
    let token = Token::unique();
    trial.acquire(token, ten_years).await?;
    trial.meets_a_claim().await?;
    expect(
        "extend",
        trial.extend(token, ten_years).await?,
        Ownership::Held,
    )?;
    expect(
        "finish",
        trial.finish(token, print(1), ten_years).await?,
        Ownership::Held,
    )?;
    trial.meets_done(Token::unique()).await.map(drop)
}

pub(super) async fn fences_grow_with_every_claim_of_an_event(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let mut last = None;
    for n in 0..4 {
        let token = Token::unique();
        let fence = trial.acquire(token, SHORT).await?;
        grows(last, fence)?;
        last = fence;
        match n {
            0 => expect("release", trial.release(token).await?, Ownership::Held)?,
            1 => expect(
                "finish",
                trial.finish(token, print(1), SHORT).await?,
                Ownership::Held,
            )?,
            _ => {}
        }
        if n > 0 {
            sleep_past(SHORT).await;
        }
    }
    expect(
        "a claim of the event that was done",
        matches!(
            trial.claim(Token::unique(), LONG).await?,
            Claim::Acquired { .. }
        ),
        true,
    )
}

/// Fences are optional, but a store gives them always or never.
fn grows(before: Option<Fence>, after: Option<Fence>) -> Found {
    match (before, after) {
        (Some(before), Some(after)) if after <= before => Err(format!(
            "the fence did not grow: {before:?}, then {after:?}"
        )),
        (Some(before), None) => Err(format!("the fence is missing after {before:?}")),
        _ => Ok(()),
    }
}
