//! Steps of many callers, written to the disk together.

use std::convert::Infallible;

use smile_core::{EventKey, StoreError, Token};
use sqlx::{Error, SqlitePool};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    busy::retry_while_busy,
    cause::explain,
    step::{Found, Step},
};
use crate::{
    call::{ANSWER, within},
    cause::Cause,
    thread::StoreThread,
};

/// What the callers want done, taken in the order they came, as many at a time as have come while
/// the last were written.
///
/// A transaction costs a wait for the disk, whatever its size. One by one, the 64 deliveries of a
/// burst would wait for 64 of them.
#[derive(Clone, Debug)]
pub(super) struct Batches(mpsc::UnboundedSender<Job>);

#[derive(Debug)]
struct Job {
    key: EventKey,
    token: Token,
    step: Step,
    reply: oneshot::Sender<Result<Found, Cause>>,
}

impl Batches {
    /// Writes on the store's thread.
    pub(super) fn start(thread: &StoreThread, pool: SqlitePool) -> Self {
        let (sender, jobs) = mpsc::unbounded_channel();
        thread.spawn(write_all(pool, jobs));
        Self(sender)
    }

    /// Takes the step with the next batch; answers when it is on the disk.
    pub(super) async fn take(
        &self,
        key: &EventKey,
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
        // Where the thread has ended, the answer says so.
        let _ = self.0.send(job);
        let answer = within(ANSWER, async { Ok::<_, Infallible>(answer.await) }).await?;
        match answer {
            Ok(found) => found.map_err(StoreError::new),
            Err(_) => Err(StoreError::new(
                "the thread that writes to the file has ended",
            )),
        }
    }
}

/// So many that the file is never held for long.
const BATCH: usize = 256;

async fn write_all(pool: SqlitePool, mut received: mpsc::UnboundedReceiver<Job>) {
    let mut jobs = Vec::new();
    while received.recv_many(&mut jobs, BATCH).await > 0 {
        // What a caller gave up before it was begun is not done.
        jobs.retain(|job| !job.reply.is_closed());
        let written = timeout(ANSWER, write(&pool, &jobs)).await;
        let jobs = jobs.drain(..);
        match written {
            Ok(Ok(found)) => {
                for (job, found) in jobs.zip(found) {
                    // A caller that is gone learns nothing; its claim ends with its lease.
                    let _ = job.reply.send(Ok(found));
                }
            }
            Ok(Err(err)) => {
                let cause = explain(err);
                for job in jobs {
                    let _ = job.reply.send(Err(cause.clone()));
                }
            }
            // The callers have given up by now.
            Err(_) => drop(jobs),
        }
    }
}

async fn write(pool: &SqlitePool, jobs: &[Job]) -> Result<Vec<Found>, Error> {
    let mut found = look(pool, jobs).await?;
    if found.iter().any(Option::is_none) {
        let mut transaction = retry_while_busy(|| pool.begin_with("BEGIN IMMEDIATE")).await?;
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

/// Who is refused, for which nothing is written: they need not wait for other processes to write,
/// nor those for them.
async fn look(pool: &SqlitePool, jobs: &[Job]) -> Result<Vec<Option<Found>>, Error> {
    let mut connection = pool.acquire().await?;
    let mut found = Vec::with_capacity(jobs.len());
    for job in jobs {
        let look = job.step.look(&mut connection, &job.key, job.token);
        found.push(look.await?);
    }
    Ok(found)
}
