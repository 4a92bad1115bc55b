//! Inboxes that a worker takes events from.

use std::{future::Future, sync::Arc, time::Duration};

use super::{DeadLetter, DeadReason, Inbox, QueueStats, StoredEvent};
use crate::{Ownership, StoreError, Token};

/// An inbox whose events a [`Worker`](super::Worker) handles.
///
/// ```text
/// ready    --take(token)------> running(token, until)   attempt + 1, before the handler runs
/// running  --settle Done------> done                     only if the token is its own
/// running  --settle Retry-----> ready(after)             only if the token is its own
/// running  --settle Dead------> dead                     only if the token is its own
/// running, lease over --------> ready alone, or dead after the last attempt
/// dead     --replay-----------> ready, attempts from 0
/// done, retention over -------> forgotten
/// ```
///
/// Every step is one atomic operation that is durable when it returns. Time is the database's.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no inbox that a worker can take events from",
    label = "`WorkQueue` is not implemented for it",
    note = "such inboxes are `SqliteInbox` and `PostgresInbox` of smile-store",
    note = "where this is a future, add `.await?` to the call that connects the inbox"
)]
pub trait WorkQueue: Inbox {
    /// Takes events that are due, oldest first. Each counts as begun from now on.
    ///
    /// Before that, it looks for events whose lease is over. Their process crashed or is frozen, and one of
    /// them may be the cause. They become ready again, to run [alone](Take::alone); or dead letters
    /// of [`DeadReason::Crashed`], where their attempts are used up.
    fn take(&self, take: Take<'_>) -> impl Future<Output = Result<Vec<Job>, StoreError>> + Send;

    /// Whether an event is due that has to run alone.
    fn has_suspects(
        &self,
        vendor: &str,
        scope: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Makes the job's lease last so long from now on.
    fn extend(
        &self,
        job: JobId,
        lease: Duration,
    ) -> impl Future<Output = Result<Ownership, StoreError>> + Send;

    /// Ends a run. Repeated with the same token it changes nothing and returns
    /// [`Ownership::Held`]: the caller may have lost the first answer.
    fn settle(
        &self,
        job: JobId,
        settlement: Settlement,
    ) -> impl Future<Output = Result<Ownership, StoreError>> + Send;

    /// Waits until an event may have come. May wake for nothing, and may never wake: the worker looks
    /// twice a second in any case.
    fn arrival(&self) -> impl Future<Output = ()> + Send;

    /// How many events of this vendor and scope wait, run and are dead.
    fn stats(
        &self,
        vendor: &str,
        scope: &str,
    ) -> impl Future<Output = Result<QueueStats, StoreError>> + Send;

    /// The dead letters after the one with this number, at most so many, oldest first; without their
    /// bodies.
    fn dead_letters(
        &self,
        after: i64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<DeadLetter>, StoreError>> + Send;

    /// One dead letter with its body; `None` where there is none with this number.
    fn dead_letter(
        &self,
        id: i64,
    ) -> impl Future<Output = Result<Option<DeadLetter>, StoreError>> + Send;

    /// Makes a dead letter ready again, with all its attempts. Returns whether there was one.
    fn replay(&self, id: i64) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Makes all dead letters ready again that died at most so long ago. Returns how many.
    fn replay_all(&self, within: Duration) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// Which events to take.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Take<'a> {
    /// The vendor's name. What an app does not know stays for one that does.
    pub vendor: &'a str,
    /// The endpoint's scope.
    pub scope: &'a str,
    /// How many at most.
    pub limit: usize,
    /// Whether to take those that have to run alone in their process, or the others.
    pub alone: bool,
    /// How long they are this caller's.
    pub lease: Duration,
    /// How many attempts an event has.
    pub max_attempts: u32,
}

impl<'a> Take<'a> {
    /// Up to `limit` events, with the worker's default lease and attempts.
    pub fn new(vendor: &'a str, scope: &'a str, limit: usize) -> Self {
        Self {
            vendor,
            scope,
            limit,
            alone: false,
            lease: super::Worker::DEFAULT_LEASE,
            max_attempts: super::Worker::DEFAULT_MAX_ATTEMPTS,
        }
    }
}

/// One run of one event.
///
/// A later run of the same event has another token, so that an earlier one that comes back changes
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobId {
    /// The event's number in the inbox.
    pub row: i64,
    /// The name of this run.
    pub token: Token,
}

/// An event that was taken.
#[derive(Clone, Debug)]
pub struct Job {
    /// Which run it is.
    pub id: JobId,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// The event.
    pub event: StoredEvent,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The event is handled.
    Done,
    /// The run failed, and the next one is due after a while.
    Retry {
        /// The while.
        after: Duration,
        /// The error, in words.
        error: Arc<str>,
    },
    /// The event is a dead letter.
    Dead {
        /// Why.
        reason: DeadReason,
        /// The error, in words.
        error: Arc<str>,
    },
}
