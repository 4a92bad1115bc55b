//! Several inboxes on one database, as several processes have them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use smile_core::{
    Accepted, DeadLetter, Inbox, Job, JobId, NewEvent, Ownership, QueueStats, Settlement,
    StoreError, Take, WorkQueue,
};

/// Each call goes to the next one.
pub(crate) struct Alternating<Q> {
    inboxes: Vec<Q>,
    calls: AtomicUsize,
}

impl<Q> Alternating<Q> {
    pub(crate) fn new(inboxes: Vec<Q>) -> Self {
        let calls = AtomicUsize::new(0);
        Self { inboxes, calls }
    }

    fn next(&self) -> &Q {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        &self.inboxes[call % self.inboxes.len()]
    }
}

impl<Q: WorkQueue> Inbox for Alternating<Q> {
    async fn accept(&self, event: NewEvent) -> Result<Accepted, StoreError> {
        self.next().accept(event).await
    }
}

impl<Q: WorkQueue> WorkQueue for Alternating<Q> {
    async fn take(&self, take: Take<'_>) -> Result<Vec<Job>, StoreError> {
        self.next().take(take).await
    }

    async fn has_suspects(&self, vendor: &str, scope: &str) -> Result<bool, StoreError> {
        self.next().has_suspects(vendor, scope).await
    }

    async fn stats(&self, vendor: &str, scope: &str) -> Result<QueueStats, StoreError> {
        self.next().stats(vendor, scope).await
    }

    async fn extend(&self, job: JobId, lease: Duration) -> Result<Ownership, StoreError> {
        self.next().extend(job, lease).await
    }

    async fn settle(&self, job: JobId, settlement: Settlement) -> Result<Ownership, StoreError> {
        self.next().settle(job, settlement).await
    }

    async fn arrival(&self) {
        self.next().arrival().await;
    }

    async fn dead_letters(&self, after: i64, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        self.next().dead_letters(after, limit).await
    }

    async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>, StoreError> {
        self.next().dead_letter(id).await
    }

    async fn replay(&self, id: i64) -> Result<bool, StoreError> {
        self.next().replay(id).await
    }

    async fn replay_all(&self, within: Duration) -> Result<u64, StoreError> {
        self.next().replay_all(within).await
    }
}
