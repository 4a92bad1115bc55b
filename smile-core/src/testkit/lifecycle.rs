//! Rules of one claim after the other.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use super::trial::{Found, LONG, SHORT, Trial, expect, outlast, print};
use crate::{Claim, DedupeStore, DeliveryKey, Fence, Held, Token};

pub(super) async fn an_absent_event_is_acquired(trial: Trial<impl DedupeStore>) -> Found {
    trial.acquire(Token::unique(), LONG).await.map(drop)
}

pub(super) async fn another_token_is_told_of_the_claim_and_what_is_left_of_its_lease(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let lease = Duration::from_secs(60);
    trial.acquire(Token::unique(), lease).await?;
    outlast(SHORT).await;
    let left = trial.meets_a_claim().await?;
    // The suite's clock and the store's may differ in speed, so this is no place for precision.
    if left <= lease - SHORT / 2 && left > lease - Duration::from_secs(15) {
        Ok(())
    } else {
        Err(format!(
            "expected a little less than {lease:?}, found {left:?}"
        ))
    }
}

pub(super) async fn the_same_token_is_granted_its_claim_again(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let token = Token::unique();
    let first = trial.acquire(token, LONG).await?;
    let again = trial.acquire(token, LONG).await?;
    if again < first {
        return Err(format!("the fence fell from {first:?} to {again:?}"));
    }
    trial.meets_a_claim().await?;
    expect(
        "finish",
        trial.finish(token, print(1), LONG).await?,
        Held::Held,
    )
}

pub(super) async fn finish_makes_the_event_done_with_its_fingerprint(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let token = Token::unique();
    trial.acquire(token, LONG).await?;
    expect(
        "finish",
        trial.finish(token, print(7), LONG).await?,
        Held::Held,
    )?;
    match trial.meets_done(Token::unique()).await? {
        Some(found) if found != print(7) => Err(format!(
            "expected the fingerprint given to finish, {}, found {}",
            print(7).to_hex(),
            found.to_hex()
        )),
        // A store may keep none; then id reuse goes unseen, and nothing is lost.
        _ => Ok(()),
    }
}

pub(super) async fn done_is_told_to_every_token_and_changed_by_none(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let token = Token::unique();
    trial.acquire(token, SHORT).await?;
    expect(
        "finish",
        trial.finish(token, print(1), LONG).await?,
        Held::Held,
    )?;
    for token in [token, Token::unique()] {
        expect("release", trial.release(token).await?, Held::Lost)?;
        expect("extend", trial.extend(token, SHORT).await?, Held::Lost)?;
        let again = trial.finish(token, print(2), SHORT).await?;
        expect("finish after finish", again, Held::Lost)?;
    }
    outlast(SHORT).await;
    trial.meets_done(token).await?;
    trial.meets_done(Token::unique()).await.map(drop)
}

pub(super) async fn done_ends_with_its_retention(trial: Trial<impl DedupeStore>) -> Found {
    let token = Token::unique();
    trial.acquire(token, LONG).await?;
    expect(
        "finish",
        trial.finish(token, print(1), SHORT).await?,
        Held::Held,
    )?;
    outlast(SHORT).await;
    trial.acquire(Token::unique(), LONG).await?;
    trial.meets_a_claim().await.map(drop)
}

pub(super) async fn release_makes_the_event_absent(trial: Trial<impl DedupeStore>) -> Found {
    let token = Token::unique();
    trial.acquire(token, LONG).await?;
    expect("release", trial.release(token).await?, Held::Held)?;
    expect("second release", trial.release(token).await?, Held::Lost)?;
    expect(
        "finish after release",
        trial.finish(token, print(1), LONG).await?,
        Held::Lost,
    )?;
    expect(
        "extend after release",
        trial.extend(token, LONG).await?,
        Held::Lost,
    )?;
    trial.acquire(Token::unique(), LONG).await?;
    trial.meets_a_claim().await.map(drop)
}

pub(super) async fn only_the_claims_own_token_changes_it(trial: Trial<impl DedupeStore>) -> Found {
    let (owner, other) = (Token::unique(), Token::unique());
    trial.acquire(owner, LONG).await?;
    expect(
        "another's extend",
        trial.extend(other, SHORT).await?,
        Held::Lost,
    )?;
    expect(
        "another's finish",
        trial.finish(other, print(1), LONG).await?,
        Held::Lost,
    )?;
    expect("another's release", trial.release(other).await?, Held::Lost)?;
    outlast(SHORT).await;
    trial.meets_a_claim().await?;
    expect(
        "its own finish",
        trial.finish(owner, print(1), LONG).await?,
        Held::Held,
    )
}

pub(super) async fn a_short_lease_lasts_for_its_time(trial: Trial<impl DedupeStore>) -> Found {
    // A lease may be over by the time that a busy machine has asked, and that proves nothing.
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
    outlast(SHORT).await;
    let second = trial.acquire(Token::unique(), LONG).await?;
    grows(first, second)?;
    trial.meets_a_claim().await.map(drop)
}

pub(super) async fn a_token_that_was_taken_over_changes_nothing(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let (stale, owner) = (Token::unique(), Token::unique());
    trial.acquire(stale, SHORT).await?;
    outlast(SHORT).await;
    trial.acquire(owner, LONG).await?;
    expect(
        "the stale extend",
        trial.extend(stale, SHORT).await?,
        Held::Lost,
    )?;
    expect(
        "the stale finish",
        trial.finish(stale, print(1), LONG).await?,
        Held::Lost,
    )?;
    expect("the stale release", trial.release(stale).await?, Held::Lost)?;
    outlast(SHORT).await;
    trial.meets_a_claim().await?;
    expect(
        "the owner's finish",
        trial.finish(owner, print(1), LONG).await?,
        Held::Held,
    )
}

pub(super) async fn a_token_that_was_taken_over_stays_lost_when_the_next_is_released(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let (stale, owner) = (Token::unique(), Token::unique());
    trial.acquire(stale, Duration::ZERO).await?;
    trial.acquire(owner, LONG).await?;
    expect(
        "the owner's release",
        trial.release(owner).await?,
        Held::Held,
    )?;
    expect(
        "the stale finish",
        trial.finish(stale, print(1), LONG).await?,
        Held::Lost,
    )?;
    trial.acquire(Token::unique(), LONG).await.map(drop)
}

pub(super) async fn extend_counts_from_now_on(trial: Trial<impl DedupeStore>) -> Found {
    let token = Token::unique();
    trial.acquire(token, SHORT).await?;
    expect("extend", trial.extend(token, LONG).await?, Held::Held)?;
    outlast(SHORT).await;
    trial.meets_a_claim().await?;
    // From now on, and not on top of what was left.
    expect("extend", trial.extend(token, SHORT).await?, Held::Held)?;
    outlast(SHORT).await;
    trial.acquire(Token::unique(), LONG).await.map(drop)
}

pub(super) async fn its_own_token_finishes_a_claim_whose_lease_is_over_while_nobody_else_claims(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let token = Token::unique();
    trial.acquire(token, SHORT).await?;
    outlast(SHORT).await;
    expect(
        "finish",
        trial.finish(token, print(1), LONG).await?,
        Held::Held,
    )?;
    trial.meets_done(Token::unique()).await.map(drop)
}

pub(super) async fn its_own_token_extends_a_claim_whose_lease_is_over_while_nobody_else_claims(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let token = Token::unique();
    trial.acquire(token, Duration::ZERO).await?;
    expect("extend", trial.extend(token, LONG).await?, Held::Held)?;
    trial.meets_a_claim().await.map(drop)
}

pub(super) async fn its_own_token_releases_a_claim_whose_lease_is_over_while_nobody_else_claims(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let token = Token::unique();
    trial.acquire(token, Duration::ZERO).await?;
    expect("release", trial.release(token).await?, Held::Held)?;
    trial.acquire(Token::unique(), LONG).await.map(drop)
}

pub(super) async fn nothing_can_be_changed_where_nothing_is_claimed(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let token = Token::unique();
    expect("extend", trial.extend(token, LONG).await?, Held::Lost)?;
    expect(
        "finish",
        trial.finish(token, print(1), LONG).await?,
        Held::Lost,
    )?;
    expect("release", trial.release(token).await?, Held::Lost)?;
    trial.acquire(Token::unique(), LONG).await.map(drop)
}

pub(super) async fn events_do_not_touch_each_other(trial: Trial<impl DedupeStore>) -> Found {
    // One token for all: its claims are told apart by their events.
    let token = Token::unique();
    let [done, claimed, released] = ["/1", "/2", "/3"].map(|suffix| trial.on_suffix(suffix));
    for trial in [&done, &claimed, &released] {
        trial.acquire(token, LONG).await?;
    }
    expect(
        "finish",
        done.finish(token, print(1), LONG).await?,
        Held::Held,
    )?;
    expect("release", released.release(token).await?, Held::Held)?;
    done.meets_done(Token::unique()).await?;
    claimed.meets_a_claim().await?;
    released.acquire(Token::unique(), LONG).await.map(drop)
}

pub(super) async fn keys_are_told_apart_to_the_last_character(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let long = "k".repeat(200);
    // `%` and `_` are patterns and `{}` hash tags to some stores, and some fold case or drop what
    // is at the end.
    let keys = [
        "", "a", "A", "a ", "_", "%", "a%", "{}", "{a}", "\\", "'", "''", "\"", ":", "*",
    ];
    let mut trials: Vec<_> = keys.iter().map(|key| trial.on_suffix(key)).collect();
    trials.extend(["1", "2"].map(|end| trial.on_suffix(&format!("{long}{end}"))));
    for trial in &trials {
        trial.acquire(Token::unique(), LONG).await?;
    }
    Ok(())
}

pub(super) async fn every_printable_key_is_kept(trial: Trial<impl DedupeStore>) -> Found {
    let printable: String = ('!'..='~').collect();
    let unique = Token::unique().to_hex();
    let longest = format!("{unique}{}", printable.repeat(3));
    let trial = trial.on(DeliveryKey::new(&longest[..256]));
    let token = Token::unique();
    trial.acquire(token, LONG).await?;
    expect("extend", trial.extend(token, LONG).await?, Held::Held)?;
    expect(
        "finish",
        trial.finish(token, print(1), LONG).await?,
        Held::Held,
    )?;
    trial.meets_done(Token::unique()).await.map(drop)
}

pub(super) async fn the_longest_times_are_accepted(trial: Trial<impl DedupeStore>) -> Found {
    // Ten years: a retention "for ever" as people write it.
    let ten_years = Duration::from_secs(10 * 366 * 24 * 60 * 60);
    let token = Token::unique();
    trial.acquire(token, ten_years).await?;
    trial.meets_a_claim().await?;
    expect("extend", trial.extend(token, ten_years).await?, Held::Held)?;
    expect(
        "finish",
        trial.finish(token, print(1), ten_years).await?,
        Held::Held,
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
            0 => expect("release", trial.release(token).await?, Held::Held)?,
            1 => expect(
                "finish",
                trial.finish(token, print(1), SHORT).await?,
                Held::Held,
            )?,
            _ => {}
        }
        if n > 0 {
            outlast(SHORT).await;
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

pub(super) async fn a_call_may_be_dropped_at_any_await(trial: Trial<impl DedupeStore>) -> Found {
    for polls in 1..=8 {
        let trial = trial.on_suffix(&format!("/{polls}"));
        let token = Token::unique();
        // Whether the dropped call has still taken effect is open, and open it may stay.
        polled(polls, trial.claim(token, LONG)).await.transpose()?;
        trial.acquire(token, LONG).await?;
        polled(polls, trial.extend(token, LONG)).await.transpose()?;
        let finished = polled(polls, trial.finish(token, print(1), LONG)).await;
        if finished.transpose()? != Some(Held::Held) {
            let _ = trial.finish(token, print(1), LONG).await?;
        }
        trial.meets_done(Token::unique()).await?;
    }
    Ok(())
}

/// The answer of a call that is dropped when it has been polled so many times.
async fn polled<T>(times: usize, call: impl Future<Output = T>) -> Option<T> {
    let mut call = pin!(call);
    let mut left = times;
    poll_fn(|cx| match call.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => {
            left -= 1;
            if left == 0 {
                Poll::Ready(None)
            } else {
                Poll::Pending
            }
        }
    })
    .await
}

/// Fences are optional, but not once in a while.
fn grows(before: Option<Fence>, after: Option<Fence>) -> Found {
    match (before, after) {
        (Some(before), Some(after)) if after <= before => Err(format!(
            "the fence did not grow: {before:?}, then {after:?}"
        )),
        (Some(before), None) => Err(format!("the fence is missing after {before:?}")),
        _ => Ok(()),
    }
}
