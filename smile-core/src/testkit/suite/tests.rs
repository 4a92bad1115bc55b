//! Tests of the suite: the rule about a flaw catches a store with that flaw.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::*;
use crate::{Claim, EventKey, Fence, Fingerprint, MemoryDedupe, Ownership, StoreError, Token};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    ClaimLooksThenWrites,
    ClaimRefusesItsOwnToken,
    ExtendAddsToTheLease,
    ExtendIgnoresTheToken,
    Fails,
    FinishForgetsTheFingerprint,
    FinishIgnoresTheToken,
    FoldsCase,
    KeepsDoneForEver,
    KeepsLeasesForEver,
    LapsedClaimIsLost,
    ReleaseForgetsDone,
    ReleaseIgnoresTheToken,
    ReleaseRestartsTheFence,
    RoundsDownToSeconds,
    RoundsUpToSeconds,
    TruncatesKeys,
}

struct Flawed {
    flaw: Flaw,
    rows: Mutex<HashMap<String, Row>>,
}

#[derive(Clone)]
struct Row {
    /// `None` once done or released.
    token: Option<Token>,
    done: Option<Fingerprint>,
    until: Instant,
    fence: u64,
}

impl Flawed {
    fn key(&self, key: &EventKey) -> String {
        match self.flaw {
            Flaw::FoldsCase => key.as_str().to_lowercase(),
            Flaw::TruncatesKeys => key.as_str().chars().take(191).collect(),
            _ => key.as_str().to_owned(),
        }
    }

    fn until(&self, time: Duration) -> Instant {
        let time = match self.flaw {
            Flaw::RoundsDownToSeconds => Duration::from_secs(time.as_secs()),
            Flaw::RoundsUpToSeconds => {
                Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
            }
            _ => time,
        };
        Instant::now() + time
    }

    fn rows(&self) -> Result<MutexGuard<'_, HashMap<String, Row>>, StoreError> {
        match self.flaw {
            Flaw::Fails => Err(StoreError::new("the disk is full")),
            _ => Ok(self.rows.lock().unwrap()),
        }
    }

    fn answer(&self, row: Option<&Row>, token: Token) -> Result<(), Claim> {
        let Some(row) = row else { return Ok(()) };
        let now = Instant::now();
        if let Some(done) = row.done
            && (row.until > now || self.flaw == Flaw::KeepsDoneForEver)
        {
            let done = match self.flaw {
                Flaw::FinishForgetsTheFingerprint => Fingerprint::default(),
                _ => done,
            };
            return Err(Claim::Done {
                fingerprint: Some(done),
            });
        }
        let Some(owner) = row.token else {
            return Ok(());
        };
        let again = owner == token && self.flaw != Flaw::ClaimRefusesItsOwnToken;
        let over = row.until <= now && self.flaw != Flaw::KeepsLeasesForEver;
        if again || over {
            Ok(())
        } else {
            Err(Claim::InFlight {
                lease_left: row.until.saturating_duration_since(now),
            })
        }
    }

    fn change(
        &self,
        key: &EventKey,
        token: Token,
        ignores_token: Flaw,
        change: impl FnOnce(&mut Row),
    ) -> Result<Ownership, StoreError> {
        let mut rows = self.rows()?;
        let Some(row) = rows.get_mut(&self.key(key)) else {
            return Ok(Ownership::Lost);
        };
        let own = row.token == Some(token) || (row.token.is_some() && self.flaw == ignores_token);
        let lapsed = self.flaw == Flaw::LapsedClaimIsLost && row.until <= Instant::now();
        if !own || lapsed {
            return Ok(Ownership::Lost);
        }
        change(row);
        Ok(Ownership::Held)
    }
}

impl DedupeStore for Flawed {
    async fn claim(
        &self,
        key: &EventKey,
        token: Token,
        _fingerprint: Fingerprint,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        if self.flaw == Flaw::ClaimLooksThenWrites {
            let seen = self.rows()?.get(&self.key(key)).cloned();
            if let Err(claim) = self.answer(seen.as_ref(), token) {
                return Ok(claim);
            }
            sleep(Duration::from_millis(1)).await;
        }
        let mut rows = self.rows()?;
        let row = rows.get(&self.key(key));
        let fence = row.map_or(0, |row| row.fence) + 1;
        if self.flaw != Flaw::ClaimLooksThenWrites
            && let Err(claim) = self.answer(row, token)
        {
            return Ok(claim);
        }
        let row = Row {
            token: Some(token),
            done: None,
            until: self.until(lease),
            fence,
        };
        rows.insert(self.key(key), row);
        Ok(Claim::Acquired {
            fence: Some(Fence(fence)),
        })
    }

    async fn extend(
        &self,
        key: &EventKey,
        token: Token,
        lease: Duration,
    ) -> Result<Ownership, StoreError> {
        let until = self.until(lease);
        self.change(key, token, Flaw::ExtendIgnoresTheToken, |row| {
            row.until = match self.flaw {
                Flaw::ExtendAddsToTheLease => row.until + lease,
                _ => until,
            };
        })
    }

    async fn finish(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Result<Ownership, StoreError> {
        let until = self.until(retention);
        self.change(key, token, Flaw::FinishIgnoresTheToken, |row| {
            (row.done, row.until, row.token) = (Some(fingerprint), until, None);
        })
    }

    async fn release(&self, key: &EventKey, token: Token) -> Result<Ownership, StoreError> {
        if self.flaw == Flaw::ReleaseForgetsDone {
            let mut rows = self.rows()?;
            if let Some(row) = rows.get_mut(&self.key(key)) {
                row.done = None;
            }
        }
        self.change(key, token, Flaw::ReleaseIgnoresTheToken, |row| {
            row.token = None;
            if self.flaw == Flaw::ReleaseRestartsTheFence {
                row.fence = 0;
            }
        })
    }
}

async fn rules_broken_by(flaw: Flaw) -> Vec<Broken> {
    broken_rules(async || Flawed {
        flaw,
        rows: Mutex::default(),
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn each_flaw_is_caught_by_the_rule_about_it() {
    let cases = [
        (
            Flaw::ClaimLooksThenWrites,
            "of_many_claims_at_once_one_is_acquired",
        ),
        (
            Flaw::ClaimRefusesItsOwnToken,
            "the_same_token_is_granted_its_claim_again",
        ),
        (Flaw::ExtendAddsToTheLease, "extend_counts_from_now_on"),
        (
            Flaw::ExtendIgnoresTheToken,
            "only_the_claims_own_token_changes_it",
        ),
        (Flaw::Fails, "an_absent_event_is_acquired"),
        (
            Flaw::FinishForgetsTheFingerprint,
            "finish_makes_the_event_done_with_its_fingerprint",
        ),
        (
            Flaw::FinishIgnoresTheToken,
            "a_token_that_lost_its_claim_changes_nothing",
        ),
        (Flaw::FoldsCase, "keys_differ_to_the_last_character"),
        (Flaw::KeepsDoneForEver, "done_ends_with_its_retention"),
        (
            Flaw::KeepsLeasesForEver,
            "a_claim_whose_lease_is_over_goes_to_the_next",
        ),
        (
            Flaw::LapsedClaimIsLost,
            "a_claim_whose_lease_is_over_can_be_finished_by_its_token",
        ),
        (
            Flaw::ReleaseForgetsDone,
            "every_token_meets_done_and_none_changes_it",
        ),
        (
            Flaw::ReleaseIgnoresTheToken,
            "only_the_claims_own_token_changes_it",
        ),
        (
            Flaw::ReleaseRestartsTheFence,
            "fences_grow_with_every_claim_of_an_event",
        ),
        (
            Flaw::RoundsDownToSeconds,
            "a_short_lease_lasts_for_its_time",
        ),
        (
            Flaw::RoundsUpToSeconds,
            "a_claim_whose_lease_is_over_goes_to_the_next",
        ),
        (Flaw::TruncatesKeys, "keys_differ_to_the_last_character"),
    ];
    let mut trials = tokio::task::JoinSet::new();
    for (flaw, rule) in cases {
        trials.spawn(async move { (flaw, rule, rules_broken_by(flaw).await) });
    }
    while let Some(trial) = trials.join_next().await {
        let (flaw, rule, broken) = trial.unwrap();
        assert!(
            broken.iter().any(|broken| broken.rule == rule),
            "{flaw:?}: expected {rule}, found{}",
            List(&broken)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_sound_store_breaks_no_rule() {
    let broken = rules_broken_by(Flaw::None).await;
    assert!(broken.is_empty(), "{}", List(&broken));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_store_keeps_every_rule() {
    dedupe_store_suite(async || MemoryDedupe::bounded(NonZeroUsize::new(10_000).unwrap())).await;
}

#[tokio::test]
#[should_panic(
    expected = "an_absent_event_is_acquired: claim failed: the store failed: the disk is full"
)]
async fn a_failure_names_the_rule_and_the_stores_own_error() {
    dedupe_store_suite(async || Flawed {
        flaw: Flaw::Fails,
        rows: Mutex::default(),
    })
    .await;
}
