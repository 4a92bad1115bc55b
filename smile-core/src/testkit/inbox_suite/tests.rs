//! The suite held to its own purpose: an inbox with one flaw is caught.

use super::*;
use crate::{DeadLetter, JobId, StoreError, testkit::MemoryInbox};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    AcceptsTwice,
    CountsRunningAsWaiting,
    IgnoresTheBody,
    IgnoresTheLimitOfAttempts,
    IgnoresTheScope,
    NeverTakesAlone,
    RunsAloneAmongOthers,
    RetriesAtOnce,
    ReplaysNothing,
    SettlesWithoutOwnership,
}

struct Flawed {
    inbox: MemoryInbox,
    flaw: Flaw,
}

impl Inbox for Flawed {
    async fn accept(&self, mut event: NewEvent) -> Result<Accepted, StoreError> {
        match self.flaw {
            Flaw::AcceptsTwice => event.key = EventKey::new(&Token::unique().to_hex()),
            Flaw::IgnoresTheBody => event.fingerprint = print(1),
            Flaw::IgnoresTheScope => event.scope = "one".into(),
            _ => {}
        }
        self.inbox.accept(event).await
    }
}

impl WorkQueue for Flawed {
    async fn take(&self, take: Take<'_>) -> Result<Vec<Job>, StoreError> {
        let take = match self.flaw {
            Flaw::IgnoresTheScope => Take {
                scope: "one",
                ..take
            },
            Flaw::IgnoresTheLimitOfAttempts => Take {
                max_attempts: u32::MAX,
                ..take
            },
            Flaw::NeverTakesAlone if take.alone => return Ok(Vec::new()),
            _ => take,
        };
        let mut jobs = self.inbox.take(take).await?;
        if self.flaw == Flaw::RunsAloneAmongOthers && !take.alone && jobs.is_empty() {
            jobs = self
                .inbox
                .take(Take {
                    alone: true,
                    ..take
                })
                .await?;
        }
        Ok(jobs)
    }

    async fn has_suspects(&self, vendor: &str, scope: &str) -> Result<bool, StoreError> {
        self.inbox.has_suspects(vendor, scope).await
    }

    async fn stats(&self, vendor: &str, scope: &str) -> Result<QueueStats, StoreError> {
        let stats = self.inbox.stats(vendor, scope).await?;
        Ok(match self.flaw {
            Flaw::CountsRunningAsWaiting => QueueStats {
                waiting: stats.waiting + stats.running,
                running: 0,
                ..stats
            },
            _ => stats,
        })
    }

    async fn extend(&self, job: JobId, lease: Duration) -> Result<Ownership, StoreError> {
        self.inbox.extend(job, lease).await
    }

    async fn settle(&self, job: JobId, settlement: Settlement) -> Result<Ownership, StoreError> {
        let settlement = match settlement {
            Settlement::Retry { error, .. } if self.flaw == Flaw::RetriesAtOnce => {
                let after = Duration::ZERO;
                Settlement::Retry { after, error }
            }
            settlement => settlement,
        };
        let settled = self.inbox.settle(job, settlement).await?;
        Ok(match self.flaw {
            Flaw::SettlesWithoutOwnership => Ownership::Held,
            _ => settled,
        })
    }

    async fn arrival(&self) {
        self.inbox.arrival().await;
    }

    async fn dead_letters(&self, after: i64, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        self.inbox.dead_letters(after, limit).await
    }

    async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>, StoreError> {
        self.inbox.dead_letter(id).await
    }

    async fn replay(&self, id: i64) -> Result<bool, StoreError> {
        match self.flaw {
            Flaw::ReplaysNothing => Ok(true),
            _ => self.inbox.replay(id).await,
        }
    }

    async fn replay_all(&self, within: Duration) -> Result<u64, StoreError> {
        self.inbox.replay_all(within).await
    }
}

#[tokio::test(start_paused = true)]
async fn each_flaw_breaks_the_rules_about_it_and_none_breaks_none() {
    for (flaw, expected) in [
        (Flaw::None, None),
        (
            Flaw::AcceptsTwice,
            Some("an_event_is_new_once_and_a_duplicate_from_then_on"),
        ),
        (
            Flaw::IgnoresTheBody,
            Some("another_body_under_one_key_is_an_id_reuse_each_time"),
        ),
        (
            Flaw::IgnoresTheLimitOfAttempts,
            Some("an_event_whose_process_ended_in_its_last_attempt_is_a_dead_letter"),
        ),
        (
            Flaw::CountsRunningAsWaiting,
            Some("what_waits_runs_and_is_dead_is_counted"),
        ),
        (
            Flaw::IgnoresTheScope,
            Some("events_of_another_vendor_or_scope_stay"),
        ),
        (
            Flaw::NeverTakesAlone,
            Some("an_attempt_counts_from_its_start_and_the_next_one_runs_alone"),
        ),
        (
            Flaw::RunsAloneAmongOthers,
            Some("an_attempt_counts_from_its_start_and_the_next_one_runs_alone"),
        ),
        (
            Flaw::RetriesAtOnce,
            Some("a_failed_event_waits_and_counts_its_attempts"),
        ),
        (
            Flaw::ReplaysNothing,
            Some("a_dead_letter_is_listed_shown_and_replayed_with_all_its_attempts"),
        ),
        (
            Flaw::SettlesWithoutOwnership,
            Some("a_run_that_was_taken_over_neither_extends_nor_settles"),
        ),
    ] {
        let make = async || Flawed {
            inbox: MemoryInbox::default(),
            flaw,
        };
        let mut broken = broken_inbox_rules(make).await;
        broken.extend(broken_queue_rules(make).await);
        let broken: Vec<_> = broken
            .iter()
            .map(|broken| format!("{}: {}", broken.rule, broken.how))
            .collect();
        let is_as_expected = match expected {
            None => broken.is_empty(),
            Some(rule) => broken.iter().any(|broken| broken.starts_with(rule)),
        };
        assert!(is_as_expected, "{flaw:?}: {broken:#?}");
    }
}
