//! A script, played against a store.

use std::time::Duration;

use smile_core::{Claim, DedupeStore, EventKey, Fence, Fingerprint, Ownership, StoreError, Token};

use super::script::{Answer, Call, EVENTS, Print, Step, TOKENS, Time};

/// The answers to a script about events that the store has never seen.
pub(crate) async fn play(store: &impl DedupeStore, script: &[Step]) -> Vec<Answer> {
    let run = Token::unique().to_hex();
    let keys: [_; EVENTS] = std::array::from_fn(|n| EventKey::new(&format!("{run}/{n}")));
    let tokens: [_; TOKENS] = std::array::from_fn(|_| Token::unique());
    let mut fences = [None; EVENTS];
    let mut answers = Vec::new();
    for Step { event, token, call } in script {
        let (key, token) = (&keys[*event], tokens[*token]);
        let answer = match *call {
            Call::Claim(time) => {
                let claim = store.claim(key, token, print(9), duration(time)).await;
                claim.map(|claim| claimed(claim, &mut fences[*event]))
            }
            Call::Extend(time) => store.extend(key, token, duration(time)).await.map(held),
            Call::Finish(time, body) => {
                let finish = store.finish(key, token, print(body), duration(time));
                finish.await.map(held)
            }
            Call::Release => store.release(key, token).await.map(held),
        };
        answers.push(answer.unwrap_or_else(failed));
    }
    answers
}

fn claimed(claim: Claim, last: &mut Option<Fence>) -> Answer {
    match claim {
        Claim::Acquired { fence } if fence.is_some() && fence > *last => {
            *last = fence;
            Answer::Acquired
        }
        Claim::InFlight { lease_left } if lease_left > LONG / 2 && lease_left <= LONG => {
            Answer::InFlight
        }
        Claim::Done {
            fingerprint: Some(found),
        } => match (0..=9).find(|body| print(*body) == found) {
            Some(body) => Answer::Done(body),
            None => Answer::Failed("a fingerprint that was never given".to_owned()),
        },
        other => Answer::Failed(format!("{other:?} after {last:?}")),
    }
}

fn held(held: Ownership) -> Answer {
    match held {
        Ownership::Held => Answer::Held,
        Ownership::Lost => Answer::Lost,
    }
}

fn failed(err: StoreError) -> Answer {
    Answer::Failed(format!("{err:?}"))
}

fn print(body: Print) -> Fingerprint {
    Fingerprint::from_hex(&format!("{body:048x}")).unwrap()
}

fn duration(time: Time) -> Duration {
    match time {
        Time::Long => LONG,
        Time::Over => Duration::ZERO,
    }
}

const LONG: Duration = Duration::from_secs(3600);
