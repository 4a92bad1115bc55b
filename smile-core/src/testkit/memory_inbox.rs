//! An inbox in the process's memory, for tests.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::{sync::Notify, time::Instant};

use crate::{
    Accepted, DeadLetter, DeadReason, EventKey, Inbox, Job, JobId, NewEvent, Ownership, QueueStats,
    Settlement, StoreError, StoredEvent, Take, Token, WorkQueue,
};

/// An inbox in the process's memory, for tests of handlers: **it loses everything with the process**,
/// and never forgets an event before that.
///
/// Clones share their events. Time is tokio's, so tests can pause it.
#[derive(Clone, Default)]
pub struct MemoryInbox(Arc<Shared>);

#[derive(Default)]
struct Shared {
    rows: Mutex<Rows>,
    arrived: Notify,
    /// Woken when an event may have ended.
    settled: Notify,
}

#[derive(Default)]
struct Rows {
    /// By their numbers, which begin at 1.
    rows: Vec<Row>,
    by_key: HashMap<EventKey, usize>,
}

struct Row {
    event: NewEvent,
    state: State,
    attempts: u32,
    alone: bool,
    /// Of the last run.
    token: Option<Token>,
}

#[derive(Clone)]
enum State {
    Ready(Instant),
    Running(Instant),
    Done,
    Dead {
        reason: DeadReason,
        error: Arc<str>,
        at: Instant,
    },
}

impl MemoryInbox {
    /// How many events were stored, of whatever state.
    pub fn len(&self) -> usize {
        self.lock().rows.len()
    }

    /// Whether no event was stored.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events are neither handled nor dead.
    pub fn waiting(&self) -> usize {
        let rows = self.lock();
        let waiting = |row: &&Row| matches!(row.state, State::Ready(_) | State::Running(_));
        rows.rows.iter().filter(waiting).count()
    }

    /// Waits until every event is handled or dead: at once where there are none, and for ever where no
    /// worker runs. A failed event waits for its next attempt meanwhile.
    pub async fn settled(&self) {
        loop {
            let settled = self.0.settled.notified();
            if self.waiting() == 0 {
                return;
            }
            settled.await;
        }
    }

    /// Takes a running event away from its run, as happens to a process that is frozen for longer than
    /// its lease. Returns the new run.
    ///
    /// # Panics
    ///
    /// If there is no event of this number, counted from 1.
    pub fn steal(&self, number: i64) -> JobId {
        let mut rows = self.lock();
        let row = rows.row(number);
        #[expect(
            clippy::expect_used,
            reason = "a test ends where something does not hold"
        )]
        let row = row.expect("an event with this number");
        row.begin(number, Instant::now() + Duration::from_secs(60))
            .id
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.0.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryInbox")
            .field("len", &self.len())
            .finish()
    }
}

impl Rows {
    fn accept(&mut self, event: NewEvent) -> Accepted {
        if let Some(&row) = self.by_key.get(&event.key) {
            let before = &self.rows[row].event.fingerprint;
            if !before.contradicts(&event.fingerprint) {
                return Accepted::Duplicate;
            }
            self.accept(event.into_id_reuse());
            return Accepted::IdReuse;
        }
        let state = match event.dead {
            Some(reason) => State::Dead {
                reason,
                error: "".into(),
                at: Instant::now(),
            },
            None => State::Ready(Instant::now()),
        };
        self.by_key.insert(event.key.clone(), self.rows.len());
        self.rows.push(Row {
            event,
            state,
            attempts: 0,
            alone: false,
            token: None,
        });
        Accepted::New
    }

    fn take(&mut self, take: Take<'_>) -> Vec<Job> {
        let now = Instant::now();
        let of_worker =
            |row: &Row| row.event.vendor == take.vendor && &*row.event.scope == take.scope;
        for row in self.rows.iter_mut().filter(|row| of_worker(row)) {
            row.rescue(now, take.max_attempts);
        }
        let due = |row: &Row| match row.state {
            State::Ready(at) if at <= now && row.alone == take.alone && of_worker(row) => Some(at),
            _ => None,
        };
        let numbered = (1..).zip(&mut self.rows);
        let mut ready: Vec<_> = numbered
            .filter_map(|(number, row)| due(row).map(|at| (at, number, row)))
            .collect();
        ready.sort_by_key(|(at, number, _)| (*at, *number));
        ready.truncate(take.limit);
        ready
            .into_iter()
            .map(|(_, number, row)| row.begin(number, now + take.lease))
            .collect()
    }

    /// The row of a job, where the job's run is its last one.
    fn run(&mut self, job: JobId) -> Option<&mut Row> {
        let row = self.row(job.row)?;
        (row.token == Some(job.token)).then_some(row)
    }

    fn row(&mut self, number: i64) -> Option<&mut Row> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.rows.get_mut(index)
    }

    fn dead_letters(&self) -> impl Iterator<Item = DeadLetter> {
        (1..)
            .zip(&self.rows)
            .filter_map(|(number, row)| row.dead_letter(number))
    }
}

impl Row {
    fn rescue(&mut self, now: Instant, max_attempts: u32) {
        match self.state {
            State::Running(until) if until <= now && self.attempts >= max_attempts => {
                self.state = State::Dead {
                    reason: DeadReason::Crashed,
                    error: "the process ended during the run".into(),
                    at: now,
                };
            }
            State::Running(until) if until <= now => {
                self.state = State::Ready(now);
                self.alone = true;
            }
            _ => {}
        }
    }

    fn begin(&mut self, number: i64, until: Instant) -> Job {
        let token = Token::unique();
        self.state = State::Running(until);
        self.attempts += 1;
        self.token = Some(token);
        Job {
            id: JobId { row: number, token },
            attempt: self.attempts,
            event: StoredEvent {
                body: self.event.body.clone(),
                tenant: self.event.tenant.as_deref().map(Arc::from),
                secret_index: self.event.secret_index,
                fingerprint: self.event.fingerprint,
                trace_parent: self.event.trace_parent.clone(),
                received_at: self.event.received_at,
            },
        }
    }

    fn settle(&mut self, settlement: Settlement) {
        self.state = match settlement {
            Settlement::Done => State::Done,
            Settlement::Retry { after, .. } => State::Ready(Instant::now() + after),
            Settlement::Dead { reason, error } => State::Dead {
                reason,
                error,
                at: Instant::now(),
            },
        };
        self.alone = false;
    }

    fn replay(&mut self) -> bool {
        let is_dead = matches!(self.state, State::Dead { .. });
        if is_dead {
            self.state = State::Ready(Instant::now());
            self.attempts = 0;
        }
        is_dead
    }

    fn dead_letter(&self, number: i64) -> Option<DeadLetter> {
        let State::Dead { reason, error, at } = &self.state else {
            return None;
        };
        let event = &self.event;
        let (vendor, scope) = (event.vendor.to_owned(), event.scope.to_string());
        Some(DeadLetter {
            tenant: event.tenant.as_deref().map(str::to_owned),
            event_id: event.id.as_deref().map(str::to_owned),
            name: event.name.as_deref().map(str::to_owned),
            error: error.to_string(),
            attempts: self.attempts,
            received_at: event.received_at,
            died_at: SystemTime::now() - at.elapsed(),
            body: event.body.to_vec(),
            ..DeadLetter::new(number, vendor, scope, *reason)
        })
    }
}

impl Inbox for MemoryInbox {
    async fn accept(&self, event: NewEvent) -> Result<Accepted, StoreError> {
        let accepted = self.lock().accept(event);
        self.0.arrived.notify_one();
        Ok(accepted)
    }
}

impl WorkQueue for MemoryInbox {
    async fn take(&self, take: Take<'_>) -> Result<Vec<Job>, StoreError> {
        let jobs = self.lock().take(take);
        // An event whose process ended may be dead now.
        self.0.settled.notify_waiters();
        Ok(jobs)
    }

    async fn has_suspects(&self, vendor: &str, scope: &str) -> Result<bool, StoreError> {
        let now = Instant::now();
        let is_suspect = |row: &Row| match row.state {
            State::Ready(at) => row.alone && at <= now,
            State::Running(until) => until <= now,
            State::Done | State::Dead { .. } => false,
        };
        let rows = self.lock();
        let found = rows
            .rows
            .iter()
            .any(|row| row.event.vendor == vendor && &*row.event.scope == scope && is_suspect(row));
        Ok(found)
    }

    async fn extend(&self, job: JobId, lease: Duration) -> Result<Ownership, StoreError> {
        let mut rows = self.lock();
        Ok(match rows.run(job) {
            Some(row) if matches!(row.state, State::Running(_)) => {
                row.state = State::Running(Instant::now() + lease);
                Ownership::Held
            }
            _ => Ownership::Lost,
        })
    }

    async fn settle(&self, job: JobId, settlement: Settlement) -> Result<Ownership, StoreError> {
        let mut rows = self.lock();
        let Some(row) = rows.run(job) else {
            return Ok(Ownership::Lost);
        };
        if matches!(row.state, State::Running(_)) {
            row.settle(settlement);
        }
        self.0.settled.notify_waiters();
        Ok(Ownership::Held)
    }

    async fn arrival(&self) {
        self.0.arrived.notified().await;
    }

    async fn stats(&self, vendor: &str, scope: &str) -> Result<QueueStats, StoreError> {
        let rows = self.lock();
        let mut stats = QueueStats::default();
        let counted = |row: &&Row| row.event.vendor == vendor && &*row.event.scope == scope;
        for row in rows.rows.iter().filter(counted) {
            match row.state {
                State::Ready(_) => {
                    stats.waiting += 1;
                    let received_at = row.event.received_at;
                    stats.oldest_received_at.get_or_insert(received_at);
                }
                State::Running(_) => stats.running += 1,
                State::Dead { .. } => stats.dead += 1,
                State::Done => {}
            }
        }
        Ok(stats)
    }

    async fn dead_letters(&self, after: i64, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let rows = self.lock();
        let letters = rows.dead_letters().filter(|letter| letter.id > after);
        let without_body = |letter| DeadLetter {
            body: Vec::new(),
            ..letter
        };
        Ok(letters.take(limit).map(without_body).collect())
    }

    async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>, StoreError> {
        Ok(self.lock().dead_letters().find(|letter| letter.id == id))
    }

    async fn replay(&self, id: i64) -> Result<bool, StoreError> {
        let replayed = self.lock().row(id).is_some_and(Row::replay);
        self.0.arrived.notify_one();
        Ok(replayed)
    }

    async fn replay_all(&self, within: Duration) -> Result<u64, StoreError> {
        let mut replayed = 0;
        for row in &mut self.lock().rows {
            if let State::Dead { at, .. } = row.state
                && at.elapsed() <= within
            {
                replayed += u64::from(row.replay());
            }
        }
        self.0.arrived.notify_one();
        Ok(replayed)
    }
}
