//! The rules of a store, run one after the other.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use super::{concurrency, expiry, lifecycle, trial::Trial};
use crate::DedupeStore;

/// Holds a store to every rule of [`DedupeStore`].
///
/// `make` is called once for each rule. The stores that it makes may share a server or a file, and
/// what is in there already does no harm: every rule uses keys of its own that were never used
/// before.
///
/// Leases in here are as short as 100 ms, so a store has to keep milliseconds; one that keeps whole
/// seconds fails. The suite takes about three seconds.
///
/// # Panics
///
/// If a rule is broken: with the name of each broken rule, what was expected and what was found. A
/// rule that takes longer than ten seconds counts as broken. Outside of a tokio runtime with timers;
/// run it on one with several threads, or concurrent calls are only interleaved.
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
            // Boxed: the futures of two dozen rules are more than a thread's stack holds.
            if let Err(how) = in_time(Box::pin($module::$rule(trial))).await {
                broken.push(Broken { rule: stringify!($rule), how });
            }
        )*};
    }
    rules![
        lifecycle::an_absent_event_is_acquired,
        lifecycle::another_token_is_told_of_the_claim_and_what_is_left_of_its_lease,
        lifecycle::the_same_token_is_granted_its_claim_again,
        lifecycle::finish_makes_the_event_done_with_its_fingerprint,
        lifecycle::done_is_told_to_every_token_and_changed_by_none,
        expiry::done_ends_with_its_retention,
        lifecycle::release_makes_the_event_absent,
        lifecycle::only_the_claims_own_token_changes_it,
        expiry::a_short_lease_lasts_for_its_time,
        expiry::a_claim_whose_lease_is_over_goes_to_the_next,
        expiry::a_token_that_was_taken_over_changes_nothing,
        expiry::a_token_that_was_taken_over_stays_lost_when_the_next_is_released,
        expiry::extend_counts_from_now_on,
        expiry::its_own_token_finishes_a_claim_whose_lease_is_over_while_nobody_else_claims,
        expiry::its_own_token_extends_a_claim_whose_lease_is_over_while_nobody_else_claims,
        expiry::its_own_token_releases_a_claim_whose_lease_is_over_while_nobody_else_claims,
        lifecycle::nothing_can_be_changed_where_nothing_is_claimed,
        lifecycle::events_do_not_touch_each_other,
        lifecycle::keys_are_told_apart_to_the_last_character,
        lifecycle::every_printable_key_is_kept,
        expiry::the_longest_times_are_accepted,
        expiry::fences_grow_with_every_claim_of_an_event,
        lifecycle::a_call_may_be_dropped_at_any_await,
        concurrency::of_many_claims_at_once_one_is_acquired,
        concurrency::of_many_claims_at_once_of_a_lapsed_claim_one_is_acquired,
        concurrency::of_many_claims_at_once_of_a_done_event_none_is_acquired,
        concurrency::of_a_finish_and_a_take_over_at_once_one_succeeds,
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
