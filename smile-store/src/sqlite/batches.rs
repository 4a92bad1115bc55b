//! Steps of many callers, written to the disk together.

use std::{
    collections::VecDeque,
    convert::Infallible,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use smile_core::{DeliveryKey, StoreError, Token};
use sqlx::{Error, SqlitePool};
use tokio::{sync::oneshot, time::timeout};

use super::{
    busy::retry_while_busy,
    step::{Found, Step},
};
use crate::call::{ANSWER, within};

/// What the callers want done, taken in the order they came, as many at a time as have come while
/// the last were written.
///
/// A transaction costs a wait for the disk, whatever its size. One by one, the 64 deliveries of a
/// burst would wait for 64 of them.
#[derive(Clone, Debug)]
pub(super) struct Batches(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pool: SqlitePool,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    jobs: VecDeque<Job>,
    running: bool,
}

#[derive(Debug)]
struct Job {
    key: DeliveryKey,
    token: Token,
    step: Step,
    reply: oneshot::Sender<Result<Found, Arc<Error>>>,
}

impl Batches {
    pub(super) fn new(pool: SqlitePool) -> Self {
        let queue = Mutex::default();
        Self(Arc::new(Shared { pool, queue }))
    }

    pub(super) fn pool(&self) -> &SqlitePool {
        &self.0.pool
    }

    /// Takes the step with the next batch; answers when it is on the disk.
    pub(super) async fn take(
        &self,
        key: &DeliveryKey,
        token: Token,
        step: Step,
    ) -> Result<Found, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Job {
            key: key.clone(),
            token,
            step,
            reply,
        };
        let first = {
            let mut queue = self.0.queue();
            queue.jobs.push_back(job);
            !mem::replace(&mut queue.running, true)
        };
        if first {
            // In a task of its own: whoever came first may be dropped, the others' work not.
            tokio::spawn(run(Turn::new(&self.0)));
        }
        let answer = within(ANSWER, async { Ok::<_, Infallible>(answer.await) }).await?;
        match answer {
            Ok(found) => found.map_err(StoreError::new),
            Err(_) => Err(StoreError::new("the runtime ended that wrote to the file")),
        }
    }
}

impl Shared {
    /// So many that the file is never held for long.
    const BATCH: usize = 256;

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing in here panics halfway through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next jobs; none ends the run.
    fn next(&self) -> Vec<Job> {
        let mut queue = self.queue();
        // What a caller gave up before it was begun is not done.
        queue.jobs.retain(|job| !job.reply.is_closed());
        let count = queue.jobs.len().min(Self::BATCH);
        queue.running = count > 0;
        queue.jobs.drain(..count).collect()
    }

    async fn write(&self, jobs: &[Job]) -> Result<Vec<Found>, Error> {
        let mut found = self.look(jobs).await?;
        if found.iter().any(Option::is_none) {
            let mut transaction =
                retry_while_busy(|| self.pool.begin_with("BEGIN IMMEDIATE")).await?;
            for (job, found) in jobs.iter().zip(&mut found) {
                if found.is_none() {
                    let taken = job.step.take(&mut transaction, &job.key, job.token);
                    *found = Some(taken.await?);
                }
            }
            transaction.commit().await?;
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// Who is refused, for which nothing is written: they need not wait for other processes to
    /// write, nor those for them.
    async fn look(&self, jobs: &[Job]) -> Result<Vec<Option<Found>>, Error> {
        let mut connection = self.pool.acquire().await?;
        let mut found = Vec::with_capacity(jobs.len());
        for job in jobs {
            let look = job.step.look(&mut connection, &job.key, job.token);
            found.push(look.await?);
        }
        Ok(found)
    }
}

async fn run(turn: Turn) {
    loop {
        let jobs = turn.shared.next();
        if jobs.is_empty() {
            return turn.end();
        }
        match timeout(ANSWER, turn.shared.write(&jobs)).await {
            Ok(Ok(found)) => {
                for (job, found) in jobs.into_iter().zip(found) {
                    // A caller that is gone learns nothing; its claim ends with its lease.
                    let _ = job.reply.send(Ok(found));
                }
            }
            Ok(Err(err)) => {
                let err = Arc::new(err);
                for job in jobs {
                    let _ = job.reply.send(Err(Arc::clone(&err)));
                }
            }
            // The callers have given up by now.
            Err(_) => {}
        }
    }
}

/// Where a run is dropped with its runtime: lets another begin, and those who waited for this one
/// know. Programs with a runtime for each thread end them one by one.
///
/// Made before the run's task, which may be dropped before it begins.
struct Turn {
    shared: Arc<Shared>,
    ended: bool,
}

impl Turn {
    fn new(shared: &Arc<Shared>) -> Self {
        let shared = Arc::clone(shared);
        Self {
            shared,
            ended: false,
        }
    }

    /// For a run that found nothing more to do, and said so.
    fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.ended {
            let mut queue = self.shared.queue();
            queue.jobs.clear();
            queue.running = false;
        }
    }
}
