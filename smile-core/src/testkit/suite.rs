//! The rules of a store, run one after the other.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use super::{concurrency, expiry, lifecycle, trial::Trial};
use crate::DedupeStore;

/// Tests a store against every rule of [`DedupeStore`].
///
/// The suite calls `make` once for each rule. The stores may share a server or a file, and old data
/// in it does no harm: every rule uses new keys.
///
/// Leases in the suite are as short as 150 ms, so a store must count milliseconds; one that counts
/// whole seconds fails. The suite takes about three seconds.
///
/// # Panics
///
/// If a rule is broken: with the name of each broken rule, what was expected and what was found. A
/// rule that takes longer than ten seconds counts as broken. Outside of a tokio runtime with
/// timers; run it on one with several threads, or concurrent calls are only interleaved.
pub async fn dedupe_store_suite<S, Fut>(make: impl Fn() -> Fut)
where
    S: DedupeStore,
    Fut: Future<Output = S>,
{
    report_broken("store", &broken_rules(make).await);
}

/// # Panics
///
/// If a rule is broken.
pub(super) fn report_broken(subject: &str, broken: &[Broken]) {
    assert!(broken.is_empty(), "the {subject} breaks {}", List(broken));
}

/// A rule that the store breaks, and how.
pub(super) struct Broken {
    pub(super) rule: &'static str,
    pub(super) how: String,
}

pub(super) async fn broken_rules<S, Fut>(make: impl Fn() -> Fut) -> Vec<Broken>
where
    S: DedupeStore,
    Fut: Future<Output = S>,
{
    let mut broken = Vec::new();
    macro_rules! rules {
        ($($module:ident :: $rule:ident),* $(,)?) => {$(
            let trial = Trial::new(Arc::new(make().await));
            // Boxed: the futures of two dozen rules would overflow a thread's stack.
            if let Err(how) = in_time(Box::pin($module::$rule(trial))).await {
                broken.push(Broken { rule: stringify!($rule), how });
            }
        )*};
    }
    rules![
        lifecycle::an_absent_event_is_acquired,
        lifecycle::another_token_meets_the_claim_and_the_rest_of_its_lease,
        lifecycle::the_same_token_is_granted_its_claim_again,
        lifecycle::finish_makes_the_event_done_with_its_fingerprint,
        lifecycle::every_token_meets_done_and_none_changes_it,
        expiry::done_ends_with_its_retention,
        lifecycle::release_makes_the_event_absent,
        lifecycle::only_the_claims_own_token_changes_it,
        expiry::a_short_lease_lasts_for_its_time,
        expiry::a_claim_whose_lease_is_over_goes_to_the_next,
        expiry::a_token_that_lost_its_claim_changes_nothing,
        expiry::a_token_that_lost_its_claim_does_not_regain_it,
        expiry::extend_counts_from_now_on,
        expiry::a_claim_whose_lease_is_over_can_be_finished_by_its_token,
        expiry::a_claim_whose_lease_is_over_can_be_extended_by_its_token,
        expiry::a_claim_whose_lease_is_over_can_be_released_by_its_token,
        lifecycle::nothing_can_be_changed_where_nothing_is_claimed,
        lifecycle::events_do_not_touch_each_other,
        lifecycle::keys_differ_to_the_last_character,
        lifecycle::every_printable_key_is_kept,
        expiry::the_longest_times_are_accepted,
        expiry::fences_grow_with_every_claim_of_an_event,
        lifecycle::a_call_may_be_dropped_at_any_await,
        concurrency::of_many_claims_at_once_one_is_acquired,
        concurrency::of_many_claims_at_once_after_a_lease_one_is_acquired,
        concurrency::of_many_claims_at_once_of_a_done_event_none_is_acquired,
        concurrency::of_a_finish_and_another_claim_at_once_one_succeeds,
    ];
    broken
}

/// A store that hangs must not hang the suite.
pub(super) async fn in_time(rule: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let limit = Duration::from_secs(10);
    tokio::time::timeout(limit, rule)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {limit:?}")))
}

struct List<'a>(&'a [Broken]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Broken { rule, how } in self.0 {
            write!(f, "\n  {rule}: {how}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
