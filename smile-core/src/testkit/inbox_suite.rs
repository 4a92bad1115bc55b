//! The rules of an inbox and of its queue.

use std::{
    collections::HashSet,
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::task::JoinSet;

use super::{
    suite::{Broken, report_broken},
    trial::{Found, LONG, SHORT, expect, print, sleep_past},
};
use crate::{
    Accepted, DeadReason, EventKey, Fingerprint, Inbox, Job, NewEvent, Ownership, QueueStats,
    Settlement, Take, Token, WorkQueue, rejection::chain,
};

mod accepting;
mod working;

/// Holds an inbox to every rule of [`Inbox`] that can be seen from outside. That an accepted event
/// survives a crash is for a test with a process to kill.
///
/// `make` is called once for each rule. The inboxes that it makes may share a database, and what is
/// in there already does no harm.
///
/// # Panics
///
/// If a rule is broken: with its name, what was expected and what was found. A rule that takes longer
/// than ten seconds counts as broken.
pub async fn inbox_suite<I, Fut>(make: impl Fn() -> Fut)
where
    I: Inbox,
    Fut: Future<Output = I>,
{
    report_broken("inbox", &broken_inbox_rules(make).await);
}

/// Holds an inbox to every rule of [`Inbox`] and [`WorkQueue`].
///
/// Leases in here are as short as 150 ms, so the queue has to keep milliseconds. Everything else is
/// as with [`inbox_suite`].
///
/// # Panics
///
/// As [`inbox_suite`].
pub async fn work_queue_suite<Q, Fut>(make: impl Fn() -> Fut)
where
    Q: WorkQueue,
    Fut: Future<Output = Q>,
{
    let mut broken = broken_inbox_rules(&make).await;
    broken.extend(broken_queue_rules(make).await);
    report_broken("inbox", &broken);
}

macro_rules! broken_of {
    ($make:ident, $module:ident: $($rule:ident),* $(,)?) => {{
        let mut broken = Vec::new();
        $(
            let bench = Bench::new($make().await);
            if let Err(how) = super::suite::in_time(Box::pin($module::$rule(bench))).await {
                broken.push(Broken { rule: stringify!($rule), how });
            }
        )*
        broken
    }};
}

async fn broken_inbox_rules<I, Fut>(make: impl Fn() -> Fut) -> Vec<Broken>
where
    I: Inbox,
    Fut: Future<Output = I>,
{
    broken_of![make, accepting:
        an_event_is_new_once_and_a_duplicate_from_then_on,
        another_body_under_one_key_is_an_id_reuse_each_time,
        events_under_other_keys_do_not_touch_each_other,
        of_many_accepts_at_once_one_is_new,
    ]
}

async fn broken_queue_rules<Q, Fut>(make: impl Fn() -> Fut) -> Vec<Broken>
where
    Q: WorkQueue,
    Fut: Future<Output = Q>,
{
    broken_of![make, working:
        an_event_is_taken_with_all_that_was_stored,
        a_body_of_any_bytes_comes_back_as_it_was,
        an_event_is_taken_by_one_of_many,
        the_oldest_are_taken_first,
        events_of_another_vendor_or_scope_stay,
        an_event_that_is_done_is_never_taken_again_and_is_remembered,
        an_attempt_counts_from_its_start_and_the_next_one_runs_alone,
        an_event_whose_process_ended_in_its_last_attempt_is_a_dead_letter,
        a_lease_that_is_extended_does_not_end,
        a_run_that_was_taken_over_neither_extends_nor_settles,
        an_end_that_is_noted_twice_is_noted_once,
        a_failed_event_waits_and_counts_its_attempts,
        a_dead_letter_is_listed_shown_and_replayed_with_all_its_attempts,
        all_dead_letters_since_a_time_are_replayed,
        what_is_no_event_is_a_dead_letter_from_the_start,
        an_id_reuse_is_a_dead_letter_and_leaves_the_first_event_alone,
        what_waits_runs_and_is_dead_is_counted,
    ]
}

/// An event of Smile API with this id, as an endpoint of this scope would store it: for tests of an
/// inbox, which has no use for a signature.
pub fn new_event(scope: &str, id: &str) -> NewEvent {
    let body = format!(r#"{{"id":"{id}","type":"USER_CREATED","data":{{}}}}"#);
    NewEvent {
        key: EventKey::new(&format!("{VENDOR}:{scope}::{id}")),
        vendor: VENDOR,
        scope: scope.into(),
        tenant: None,
        id: Some(id.into()),
        name: Some("USER_CREATED".into()),
        secret_index: 0,
        fingerprint: print(1),
        body: body.into(),
        trace_parent: None,
        received_at: SystemTime::now(),
        retention: LONG,
        dead: None,
    }
}

const VENDOR: &str = "smile-api";

/// One inbox, and a scope that nobody else uses.
struct Bench<I> {
    inbox: Arc<I>,
    scope: String,
}

impl<I> Clone for Bench<I> {
    fn clone(&self) -> Self {
        Self {
            inbox: Arc::clone(&self.inbox),
            scope: self.scope.clone(),
        }
    }
}

impl<I: Inbox> Bench<I> {
    fn new(inbox: I) -> Self {
        Self {
            inbox: Arc::new(inbox),
            scope: Token::unique().to_hex(),
        }
    }

    fn event(&self, id: &str) -> NewEvent {
        new_event(&self.scope, id)
    }

    async fn accept(&self, event: NewEvent) -> Found<Accepted> {
        answer("accept", self.inbox.accept(event)).await
    }

    async fn add(&self, id: &str) -> Found {
        expect(id, self.accept(self.event(id)).await?, Accepted::New)
    }
}

impl<Q: WorkQueue> Bench<Q> {
    fn taking(&self, limit: usize, lease: Duration) -> Take<'_> {
        Take {
            lease,
            max_attempts: 3,
            ..Take::new(VENDOR, &self.scope, limit)
        }
    }

    async fn take(&self, limit: usize, lease: Duration) -> Found<Vec<Job>> {
        answer("take", self.inbox.take(self.taking(limit, lease))).await
    }

    async fn take_alone(&self, lease: Duration) -> Found<Vec<Job>> {
        let take = Take {
            alone: true,
            ..self.taking(1, lease)
        };
        answer("take", self.inbox.take(take)).await
    }

    async fn take_one(&self, lease: Duration) -> Found<Job> {
        one(self.take(1, lease).await?)
    }

    async fn settle(&self, job: &Job, settlement: Settlement) -> Found<Ownership> {
        answer("settle", self.inbox.settle(job.id, settlement)).await
    }

    async fn extend(&self, job: &Job, lease: Duration) -> Found<Ownership> {
        answer("extend", self.inbox.extend(job.id, lease)).await
    }

    /// The dead letters of this bench, with their bodies.
    async fn dead(&self) -> Found<Vec<crate::DeadLetter>> {
        let mut dead = Vec::new();
        let mut after = 0;
        loop {
            let page = answer("dead_letters", self.inbox.dead_letters(after, 100)).await?;
            let Some(last) = page.last() else {
                return Ok(dead);
            };
            after = last.id;
            for letter in page.iter().filter(|letter| letter.scope == self.scope) {
                let shown = answer("dead_letter", self.inbox.dead_letter(letter.id)).await?;
                dead.push(shown.ok_or("a listed dead letter is not shown")?);
            }
        }
    }

    async fn replay(&self, id: i64) -> Found<bool> {
        answer("replay", self.inbox.replay(id)).await
    }

    async fn stats(&self, scope: &str) -> Found<QueueStats> {
        answer("stats", self.inbox.stats(VENDOR, scope)).await
    }

    async fn has_suspects(&self) -> Found<bool> {
        answer("has_suspects", self.inbox.has_suspects(VENDOR, &self.scope)).await
    }
}

fn one(mut jobs: Vec<Job>) -> Found<Job> {
    match (jobs.pop(), jobs.len()) {
        (Some(job), 0) => Ok(job),
        (None, _) => Err("expected one event, found none".into()),
        (_, more) => Err(format!("expected one event, found {}", more + 1)),
    }
}

async fn answer<T>(
    call: &str,
    answer: impl Future<Output = Result<T, crate::StoreError>>,
) -> Found<T> {
    answer
        .await
        .map_err(|err| format!("{call} failed: {}", chain(&err)))
}

/// Under the secret of `print(1)`.
#[expect(clippy::expect_used, reason = "48 hex digits are a fingerprint")]
fn of_other_body() -> Fingerprint {
    Fingerprint::from_hex(&format!("{:016x}{:032x}", 1, 2)).expect("48 hex digits")
}

fn dead(reason: DeadReason) -> Settlement {
    Settlement::Dead {
        reason,
        error: "as the test says".into(),
    }
}

#[cfg(test)]
mod tests;
