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
    Accepted, DeadReason, EventKey, Fingerprint, Inbox, Job, NewEvent, Ownership, Settlement, Take,
    Token, WorkQueue, rejection::chain,
};

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
    ($make:ident: $($rule:ident),* $(,)?) => {{
        let mut broken = Vec::new();
        $(
            let bench = Bench::new($make().await);
            if let Err(how) = super::suite::in_time(Box::pin($rule(bench))).await {
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
    broken_of![make:
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
    broken_of![make:
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

async fn an_event_is_new_once_and_a_duplicate_from_then_on(bench: Bench<impl Inbox>) -> Found {
    bench.add("et-1").await?;
    for _ in 0..2 {
        let again = bench.accept(bench.event("et-1")).await?;
        expect("the repetition", again, Accepted::Duplicate)?;
    }
    Ok(())
}

async fn another_body_under_one_key_is_an_id_reuse_each_time(bench: Bench<impl Inbox>) -> Found {
    bench.add("et-1").await?;
    for _ in 0..2 {
        let other = NewEvent {
            fingerprint: of_other_body(),
            ..bench.event("et-1")
        };
        expect(
            "another body",
            bench.accept(other).await?,
            Accepted::IdReuse,
        )?;
    }
    let again = bench.accept(bench.event("et-1")).await?;
    expect("the first body", again, Accepted::Duplicate)
}

async fn events_under_other_keys_do_not_touch_each_other(bench: Bench<impl Inbox>) -> Found {
    for id in ["et-1", "et-2", "ET-1", "et-1 ", "et-11"] {
        bench.add(id).await?;
    }
    Ok(())
}

async fn of_many_accepts_at_once_one_is_new(bench: Bench<impl Inbox>) -> Found {
    const AT_ONCE: usize = 64;
    for round in 0..8 {
        let mut calls = JoinSet::new();
        for _ in 0..AT_ONCE {
            let bench = bench.clone();
            calls.spawn(async move { bench.accept(bench.event(&format!("et-{round}"))).await });
        }
        let (mut new, mut duplicates) = (0, 0);
        while let Some(accepted) = calls.join_next().await {
            match accepted.map_err(|err| err.to_string())?? {
                Accepted::New => new += 1,
                Accepted::Duplicate => duplicates += 1,
                Accepted::IdReuse => return Err("an id reuse of equal bodies".into()),
            }
        }
        expect("new and duplicates", (new, duplicates), (1, AT_ONCE - 1))?;
    }
    Ok(())
}

async fn an_event_is_taken_with_all_that_was_stored(bench: Bench<impl WorkQueue>) -> Found {
    let received_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let event = NewEvent {
        tenant: Some("acme".into()),
        secret_index: 2,
        trace_parent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        received_at,
        ..bench.event("et-1")
    };
    bench.accept(event.clone()).await?;
    let job = bench.take_one(LONG).await?;
    expect("attempt", job.attempt, 1)?;
    expect("body", &job.event.body, &event.body)?;
    expect("tenant", job.event.tenant.as_deref(), Some("acme"))?;
    expect("secret", job.event.secret_index, 2)?;
    expect("fingerprint", job.event.fingerprint, print(1))?;
    expect("trace", job.event.trace_parent, event.trace_parent)?;
    expect("received", job.event.received_at, received_at)
}

async fn a_body_of_any_bytes_comes_back_as_it_was(bench: Bench<impl WorkQueue>) -> Found {
    let every_byte: Vec<u8> = (0..=u8::MAX).cycle().take(1 << 20).collect();
    let bodies: [&[u8]; 4] = [b"", b"\0", b"'\\x00''", &every_byte];
    for (id, body) in ["et-1", "et-2", "et-3", "et-4"].into_iter().zip(bodies) {
        let event = NewEvent {
            body: body.to_vec().into(),
            ..bench.event(id)
        };
        bench.accept(event).await?;
        let job = bench.take_one(LONG).await?;
        expect("the body is the same", job.event.body == body, true)?;
    }
    Ok(())
}

async fn an_event_is_taken_by_one_of_many(bench: Bench<impl WorkQueue>) -> Found {
    const EVENTS: usize = 64;
    for event in 0..EVENTS {
        bench.add(&format!("et-{event}")).await?;
    }
    let mut takers = JoinSet::new();
    for _ in 0..8 {
        let bench = bench.clone();
        takers.spawn(async move {
            let mut rows = Vec::new();
            loop {
                let jobs = bench.take(5, LONG).await?;
                if jobs.is_empty() {
                    return Ok::<_, String>(rows);
                }
                rows.extend(jobs.iter().map(|job| job.id.row));
            }
        });
    }
    let mut rows = Vec::new();
    while let Some(taken) = takers.join_next().await {
        rows.extend(taken.map_err(|err| err.to_string())??);
    }
    expect("taken", rows.len(), EVENTS)?;
    let different: HashSet<_> = rows.into_iter().collect();
    expect("different ones", different.len(), EVENTS)
}

async fn the_oldest_are_taken_first(bench: Bench<impl WorkQueue>) -> Found {
    for id in ["et-1", "et-2", "et-3"] {
        bench.add(id).await?;
        sleep_past(Duration::ZERO).await;
    }
    for id in ["et-1", "et-2", "et-3"] {
        let job = bench.take_one(LONG).await?;
        expect(id, &job.event.body, &bench.event(id).body)?;
    }
    Ok(())
}

async fn events_of_another_vendor_or_scope_stay(bench: Bench<impl WorkQueue>) -> Found {
    let of_other_vendor = NewEvent {
        vendor: "smile-io",
        ..bench.event("et-1")
    };
    bench.accept(of_other_vendor).await?;
    let of_other_scope = NewEvent {
        scope: Token::unique().to_hex().into(),
        ..bench.event("et-2")
    };
    bench.accept(of_other_scope).await?;
    expect("taken", bench.take(10, LONG).await?.len(), 0)
}

async fn an_event_that_is_done_is_never_taken_again_and_is_remembered(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    let job = bench.take_one(SHORT).await?;
    let settled = bench.settle(&job, Settlement::Done).await?;
    expect("settle", settled, Ownership::Held)?;
    sleep_past(SHORT).await;
    expect("taken", bench.take(1, LONG).await?.len(), 0)?;
    expect("taken alone", bench.take_alone(LONG).await?.len(), 0)?;
    let again = bench.accept(bench.event("et-1")).await?;
    expect("the repetition", again, Accepted::Duplicate)
}

async fn an_attempt_counts_from_its_start_and_the_next_one_runs_alone(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    bench.take_one(SHORT).await?;
    expect("suspects while it runs", bench.has_suspects().await?, false)?;
    sleep_past(SHORT).await;
    expect("suspects", bench.has_suspects().await?, true)?;
    expect("taken among others", bench.take(1, LONG).await?.len(), 0)?;
    let job = one(bench.take_alone(LONG).await?)?;
    expect("attempt", job.attempt, 2)?;
    expect("suspects", bench.has_suspects().await?, false)?;
    bench.add("et-2").await?;
    expect("taken alone", bench.take_alone(LONG).await?.len(), 0)?;
    bench.take_one(LONG).await.map(drop)
}

async fn an_event_whose_process_ended_in_its_last_attempt_is_a_dead_letter(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    bench.take_one(SHORT).await?;
    for _ in 0..2 {
        sleep_past(SHORT).await;
        one(bench.take_alone(SHORT).await?)?;
    }
    sleep_past(SHORT).await;
    expect("taken", bench.take_alone(SHORT).await?.len(), 0)?;
    let dead = bench.dead().await?;
    let found: Vec<_> = dead
        .iter()
        .map(|dead| (dead.reason, dead.attempts))
        .collect();
    expect("dead letters", found, vec![(DeadReason::Crashed, 3)])
}

async fn a_lease_that_is_extended_does_not_end(bench: Bench<impl WorkQueue>) -> Found {
    bench.add("et-1").await?;
    let job = bench.take_one(SHORT).await?;
    let extended = bench.extend(&job, LONG).await?;
    expect("extend", extended, Ownership::Held)?;
    sleep_past(SHORT).await;
    expect("suspects", bench.has_suspects().await?, false)?;
    expect("taken", bench.take_alone(LONG).await?.len(), 0)
}

async fn a_run_that_was_taken_over_neither_extends_nor_settles(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    let stale = bench.take_one(SHORT).await?;
    sleep_past(SHORT).await;
    let job = one(bench.take_alone(LONG).await?)?;
    let extended = bench.extend(&stale, LONG).await?;
    expect("extend", extended, Ownership::Lost)?;
    let retry = Settlement::Retry {
        after: Duration::ZERO,
        error: "late".into(),
    };
    for settlement in [Settlement::Done, retry, dead(DeadReason::Failed)] {
        let settled = bench.settle(&stale, settlement).await?;
        expect("settle of the first run", settled, Ownership::Lost)?;
    }
    expect("dead letters", bench.dead().await?.len(), 0)?;
    let settled = bench.settle(&job, Settlement::Done).await?;
    expect("settle of the second run", settled, Ownership::Held)
}

async fn an_end_that_is_noted_twice_is_noted_once(bench: Bench<impl WorkQueue>) -> Found {
    bench.add("et-1").await?;
    let job = bench.take_one(LONG).await?;
    for _ in 0..2 {
        let settled = bench.settle(&job, Settlement::Done).await?;
        expect("settle", settled, Ownership::Held)?;
    }
    // A run that completed in a transaction of the handler may fail after it.
    let _ = bench.settle(&job, dead(DeadReason::Failed)).await?;
    expect("dead letters", bench.dead().await?.len(), 0)?;
    let extended = bench.extend(&job, LONG).await?;
    expect("extend", extended, Ownership::Lost)
}

async fn a_failed_event_waits_and_counts_its_attempts(bench: Bench<impl WorkQueue>) -> Found {
    bench.add("et-1").await?;
    for attempt in 1..=3 {
        let job = bench.take_one(LONG).await?;
        expect("attempt", job.attempt, attempt)?;
        let retry = Settlement::Retry {
            after: SHORT,
            error: "no luck".into(),
        };
        expect("settle", bench.settle(&job, retry).await?, Ownership::Held)?;
        expect("taken too early", bench.take(1, LONG).await?.len(), 0)?;
        sleep_past(SHORT).await;
    }
    Ok(())
}

async fn a_dead_letter_is_listed_shown_and_replayed_with_all_its_attempts(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    let job = bench.take_one(LONG).await?;
    let settled = bench.settle(&job, dead(DeadReason::Permanent)).await?;
    expect("settle", settled, Ownership::Held)?;
    expect("taken", bench.take(1, LONG).await?.len(), 0)?;
    let letters = bench.dead().await?;
    let [letter] = &letters[..] else {
        return Err(format!("expected one dead letter, found {}", letters.len()));
    };
    expect("reason", letter.reason, DeadReason::Permanent)?;
    expect("error", &*letter.error, "as the test says")?;
    expect("event", letter.event_id.as_deref(), Some("et-1"))?;
    expect("name", letter.name.as_deref(), Some("USER_CREATED"))?;
    expect("attempts", letter.attempts, 1)?;
    expect("body", &letter.body[..], &bench.event("et-1").body[..])?;
    expect("replay", bench.replay(letter.id).await?, true)?;
    expect("replay again", bench.replay(letter.id).await?, false)?;
    expect("dead letters", bench.dead().await?.len(), 0)?;
    expect("attempt", bench.take_one(LONG).await?.attempt, 1)
}

async fn all_dead_letters_since_a_time_are_replayed(bench: Bench<impl WorkQueue>) -> Found {
    const BETWEEN: Duration = Duration::from_millis(600);
    for id in ["et-1", "et-2"] {
        bench.add(id).await?;
        let job = bench.take_one(LONG).await?;
        let settled = bench.settle(&job, dead(DeadReason::Failed)).await?;
        expect("settle", settled, Ownership::Held)?;
        if id == "et-1" {
            sleep_past(BETWEEN).await;
        }
    }
    let replayed = answer("replay_all", bench.inbox.replay_all(BETWEEN)).await?;
    expect("at least one replayed", replayed >= 1, true)?;
    let job = bench.take_one(LONG).await?;
    expect("the later one", &job.event.body, &bench.event("et-2").body)?;
    answer("replay_all", bench.inbox.replay_all(LONG)).await?;
    let job = bench.take_one(LONG).await?;
    expect(
        "the earlier one",
        &job.event.body,
        &bench.event("et-1").body,
    )
}

async fn what_is_no_event_is_a_dead_letter_from_the_start(bench: Bench<impl WorkQueue>) -> Found {
    let event = NewEvent {
        dead: Some(DeadReason::NotAnEvent),
        id: None,
        name: None,
        ..bench.event("et-1")
    };
    expect("accept", bench.accept(event.clone()).await?, Accepted::New)?;
    expect(
        "accept again",
        bench.accept(event).await?,
        Accepted::Duplicate,
    )?;
    expect("taken", bench.take(1, LONG).await?.len(), 0)?;
    let letters = bench.dead().await?;
    let found: Vec<_> = letters.iter().map(|letter| letter.reason).collect();
    expect("dead letters", found, vec![DeadReason::NotAnEvent])
}

async fn an_id_reuse_is_a_dead_letter_and_leaves_the_first_event_alone(
    bench: Bench<impl WorkQueue>,
) -> Found {
    bench.add("et-1").await?;
    for _ in 0..2 {
        let other = NewEvent {
            fingerprint: of_other_body(),
            ..bench.event("et-1")
        };
        bench.accept(other).await?;
    }
    let letters = bench.dead().await?;
    let found: Vec<_> = letters.iter().map(|letter| letter.reason).collect();
    expect("dead letters", found, vec![DeadReason::IdReuse])?;
    bench.take_one(LONG).await.map(drop)
}

#[cfg(test)]
mod tests;
