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

/// Queues the callers' steps and writes them in batches: a batch holds the steps that came while
/// the last one was written.
///
/// A transaction costs a wait for the disk, whatever its size: one by one, a burst of 64 deliveries
/// would wait 64 times.
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

    /// Takes the step with the next batch, and returns when it is on the disk.
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
        // If the thread has ended, the answer below is an error.
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

/// The most steps in one transaction, so that the file is never locked for long.
const BATCH: usize = 256;

async fn write_all(pool: SqlitePool, mut received: mpsc::UnboundedReceiver<Job>) {
    let mut jobs = Vec::new();
    while received.recv_many(&mut jobs, BATCH).await > 0 {
        // Skip steps whose callers have given up.
        jobs.retain(|job| !job.reply.is_closed());
        let written = timeout(ANSWER, write(&pool, &jobs)).await;
        let jobs = jobs.drain(..);
        match written {
            Ok(Ok(found)) => {
                for (job, found) in jobs.zip(found) {
                    // If the caller is gone, its claim ends with its lease.
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

/// Finds the claims to refuse. These write nothing, so they neither wait for other processes nor
/// keep them waiting.
async fn look(pool: &SqlitePool, jobs: &[Job]) -> Result<Vec<Option<Found>>, Error> {
    let mut connection = pool.acquire().await?;
    let mut found = Vec::with_capacity(jobs.len());
    for job in jobs {
        let look = job.step.look(&mut connection, &job.key, job.token);
        found.push(look.await?);
    }
    Ok(found)
}
