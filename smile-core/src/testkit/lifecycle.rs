//! Rules of claims one after the other, without waiting for a lease to end.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use super::trial::{Found, LONG, SHORT, Trial, expect, print, sleep_past};
use crate::{DedupeStore, EventKey, Ownership, Token};

pub(super) async fn an_absent_event_is_acquired(trial: Trial<impl DedupeStore>) -> Found {
    trial.acquire(Token::unique(), LONG).await.map(drop)
}

pub(super) async fn another_token_meets_the_claim_and_the_rest_of_its_lease(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let lease = Duration::from_secs(60);
    trial.acquire(Token::unique(), lease).await?;
    sleep_past(SHORT).await;
    let left = trial.meets_a_claim().await?;
    // The suite's clock and the store's may differ in speed, so the limits are wide.
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
        Ownership::Held,
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
        Ownership::Held,
    )?;
    match trial.meets_done(Token::unique()).await? {
        Some(found) if found != print(7) => Err(format!(
            "expected the fingerprint given to finish, {}, found {}",
            print(7).to_hex(),
            found.to_hex()
        )),
        // A store may keep none: then nobody sees id reuse, and nothing is lost.
        _ => Ok(()),
    }
}

pub(super) async fn every_token_meets_done_and_none_changes_it(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let token = Token::unique();
    trial.acquire(token, SHORT).await?;
    expect(
        "finish",
        trial.finish(token, print(1), LONG).await?,
        Ownership::Held,
    )?;
    for token in [token, Token::unique()] {
        expect("release", trial.release(token).await?, Ownership::Lost)?;
        expect("extend", trial.extend(token, SHORT).await?, Ownership::Lost)?;
        let again = trial.finish(token, print(2), SHORT).await?;
        expect("finish after finish", again, Ownership::Lost)?;
    }
    sleep_past(SHORT).await;
    trial.meets_done(token).await?;
    trial.meets_done(Token::unique()).await.map(drop)
}

pub(super) async fn release_makes_the_event_absent(trial: Trial<impl DedupeStore>) -> Found {
    let token = Token::unique();
    trial.acquire(token, LONG).await?;
    expect("release", trial.release(token).await?, Ownership::Held)?;
    expect(
        "second release",
        trial.release(token).await?,
        Ownership::Lost,
    )?;
    expect(
        "finish after release",
        trial.finish(token, print(1), LONG).await?,
        Ownership::Lost,
    )?;
    expect(
        "extend after release",
        trial.extend(token, LONG).await?,
        Ownership::Lost,
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
        Ownership::Lost,
    )?;
    expect(
        "another's finish",
        trial.finish(other, print(1), LONG).await?,
        Ownership::Lost,
    )?;
    expect(
        "another's release",
        trial.release(other).await?,
        Ownership::Lost,
    )?;
    sleep_past(SHORT).await;
    trial.meets_a_claim().await?;
    expect(
        "its own finish",
        trial.finish(owner, print(1), LONG).await?,
        Ownership::Held,
    )
}

pub(super) async fn nothing_can_be_changed_where_nothing_is_claimed(
    trial: Trial<impl DedupeStore>,
) -> Found {
    let token = Token::unique();
    expect("extend", trial.extend(token, LONG).await?, Ownership::Lost)?;
    expect(
        "finish",
        trial.finish(token, print(1), LONG).await?,
        Ownership::Lost,
    )?;
    expect("release", trial.release(token).await?, Ownership::Lost)?;
    trial.acquire(Token::unique(), LONG).await.map(drop)
}

pub(super) async fn events_do_not_touch_each_other(trial: Trial<impl DedupeStore>) -> Found {
    // One token for all: only the events differ.
    let token = Token::unique();
    let [done, claimed, released] = ["/1", "/2", "/3"].map(|suffix| trial.on_suffix(suffix));
    for trial in [&done, &claimed, &released] {
        trial.acquire(token, LONG).await?;
    }
    expect(
        "finish",
        done.finish(token, print(1), LONG).await?,
        Ownership::Held,
    )?;
    expect("release", released.release(token).await?, Ownership::Held)?;
    done.meets_done(Token::unique()).await?;
    claimed.meets_a_claim().await?;
    released.acquire(Token::unique(), LONG).await.map(drop)
}

pub(super) async fn keys_differ_to_the_last_character(trial: Trial<impl DedupeStore>) -> Found {
    let long = "k".repeat(200);
    // To some stores `%` and `_` are patterns and `{}` hash tags; some fold case or cut the end
    // off.
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
    let trial = trial.on(EventKey::new(&longest[..256]));
    let token = Token::unique();
    trial.acquire(token, LONG).await?;
    expect("extend", trial.extend(token, LONG).await?, Ownership::Held)?;
    expect(
        "finish",
        trial.finish(token, print(1), LONG).await?,
        Ownership::Held,
    )?;
    trial.meets_done(Token::unique()).await.map(drop)
}

pub(super) async fn a_call_may_be_dropped_at_any_await(trial: Trial<impl DedupeStore>) -> Found {
    for polls in 1..=8 {
        let trial = trial.on_suffix(&format!("/{polls}"));
        let token = Token::unique();
        // The dropped call may have taken effect, or not: both are allowed.
        polled(polls, trial.claim(token, LONG)).await.transpose()?;
        trial.acquire(token, LONG).await?;
        polled(polls, trial.extend(token, LONG)).await.transpose()?;
        let finished = polled(polls, trial.finish(token, print(1), LONG)).await;
        if finished.transpose()? != Some(Ownership::Held) {
            let _ = trial.finish(token, print(1), LONG).await?;
        }
        trial.meets_done(Token::unique()).await?;
    }
    Ok(())
}

/// The answer of a call, or `None` if it is dropped after `times` polls.
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
