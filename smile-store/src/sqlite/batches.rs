//! Steps of many callers, written to the disk together.

use std::{convert::Infallible, future::Future};

use smile_core::StoreError;
use sqlx::{Error, SqliteConnection, SqlitePool};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{cause::explain, transaction::Transaction};
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
#[derive(Debug)]
pub(super) struct Batches<S: Step>(mpsc::UnboundedSender<Job<S>>);

/// One caller's step.
pub(super) trait Step: Send + Sync + 'static {
    /// Its answer.
    type Found: Send + 'static;

    /// Answers without writing, if that is possible.
    fn look(
        &self,
        connection: &mut SqliteConnection,
    ) -> impl Future<Output = Result<Option<Self::Found>, Error>> + Send;

    /// Takes the step, inside of a transaction that writes.
    fn take(
        &self,
        connection: &mut SqliteConnection,
    ) -> impl Future<Output = Result<Self::Found, Error>> + Send;
}

#[derive(Debug)]
struct Job<S: Step> {
    step: S,
    reply: oneshot::Sender<Result<S::Found, Cause>>,
}

impl<S: Step> Clone for Batches<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Step> Batches<S> {
    /// Writes on the store's thread.
    pub(super) fn start(thread: &StoreThread, pool: SqlitePool) -> Self {
        let (sender, jobs) = mpsc::unbounded_channel();
        thread.spawn(write_all(pool, jobs));
        Self(sender)
    }

    /// Takes the step with the next batch, and returns when it is on the disk.
    pub(super) async fn take(&self, step: S) -> Result<S::Found, StoreError> {
        let (reply, answer) = oneshot::channel();
        // If the thread has ended, the answer below is an error.
        let _ = self.0.send(Job { step, reply });
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

async fn write_all<S: Step>(pool: SqlitePool, mut received: mpsc::UnboundedReceiver<Job<S>>) {
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

async fn write<S: Step>(pool: &SqlitePool, jobs: &[Job<S>]) -> Result<Vec<S::Found>, Error> {
    let mut found = look(pool, jobs).await?;
    if found.iter().any(Option::is_none) {
        let mut transaction = Transaction::begin(pool).await?;
        let taken = take(&mut transaction, jobs, &mut found).await;
        transaction.end(taken).await?;
    }
    Ok(found.into_iter().flatten().collect())
}

/// Takes the steps that have no answer yet.
async fn take<S: Step>(
    connection: &mut SqliteConnection,
    jobs: &[Job<S>],
    found: &mut [Option<S::Found>],
) -> Result<(), Error> {
    for (job, found) in jobs.iter().zip(found) {
        if found.is_none() {
            *found = Some(job.step.take(connection).await?);
        }
    }
    Ok(())
}

/// Finds the answers that need no write. These neither wait for other processes nor keep them
/// waiting.
async fn look<S: Step>(pool: &SqlitePool, jobs: &[Job<S>]) -> Result<Vec<Option<S::Found>>, Error> {
    let mut connection = pool.acquire().await?;
    let mut found = Vec::with_capacity(jobs.len());
    for job in jobs {
        found.push(job.step.look(&mut connection).await?);
    }
    Ok(found)
}
