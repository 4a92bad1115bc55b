//! Handles the events of an inbox.

use std::{
    error::Error,
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, RwLock, Semaphore, watch},
    task::JoinHandle,
    time::sleep,
};

use super::{
    Take, WorkQueue,
    backoff::Backoff,
    handler::{Function, Handler},
    run::{Limits, run},
};
use crate::{
    ConfigError, Delivery, Dispatch, FromDelivery, Observer, StoreError, TracingObserver,
    config_error::{checked_name, nonzero},
    handoff::Timing,
};

/// Handles the events of a [`WorkQueue`]: each in one run at a time, again after a failure, and among
/// the dead letters when all attempts failed.
///
/// ```
/// # use smile_core::{Delivery, SmileApi, Worker, testkit::MemoryInbox};
/// async fn on_event(event: Delivery<SmileApi>) -> Result<(), std::io::Error> {
///     println!("{} {}, attempt {}", event.event_type(), event.id(), event.attempt());
///     Ok(())
/// }
///
/// # async fn example(inbox: MemoryInbox) {
/// let worker = Worker::new(inbox).handle(on_event).start();
/// // .. serve until the shutdown ..
/// worker.stop().await; // runs end, waiting events stay
/// # }
/// ```
///
/// An attempt counts from its start, so a handler that ends its process uses its attempts up like one
/// that fails. Events that were running when a process ended run next alone in theirs: a handler
/// that ends the process again takes no others with it.
///
/// | Setting | Default |
/// |---|---|
/// | [`concurrency`](Self::concurrency) | 16 |
/// | [`timeout`](Self::timeout) | 60 s |
/// | [`lease`](Self::lease) | 15 s |
/// | [`max_attempts`](Self::max_attempts) | 15, over some three hours |
/// | [`backoff`](Self::backoff) | 1 s, doubled up to an hour |
/// | [`scope`](Self::scope) | `default` |
/// | [`observer`](Self::observer) | `tracing` |
#[must_use = "a worker does nothing until `start`"]
pub struct Worker<Q> {
    queue: Arc<Q>,
    handlers: Vec<Arc<dyn Handler>>,
    scope: Box<str>,
    concurrency: usize,
    limits: Limits,
}

impl Worker<()> {
    pub(super) const DEFAULT_LEASE: Duration = Timing::DEFAULT_LEASE;
    pub(super) const DEFAULT_MAX_ATTEMPTS: u32 = 15;
}

impl<Q: WorkQueue> Worker<Q> {
    /// Begins a worker of this inbox.
    pub fn new(queue: Q) -> Self {
        Self {
            queue: Arc::new(queue),
            handlers: Vec::new(),
            scope: "default".into(),
            concurrency: 16,
            limits: Limits {
                lease: Worker::DEFAULT_LEASE,
                timeout: Timing::DEFAULT_HANDLER,
                max_attempts: Worker::DEFAULT_MAX_ATTEMPTS,
                backoff: Backoff {
                    first: Duration::from_secs(1),
                    longest: Duration::from_secs(3600),
                },
                observer: Arc::new(TracingObserver),
            },
        }
    }

    /// Handles the events of one vendor with this function, which takes a
    /// [`Delivery`] or an adapter's `SmileEvent` of that vendor. The last one given
    /// for a vendor counts; events of a vendor without one stay.
    ///
    /// `Ok` completes the event. An error is an attempt that failed, as is a panic or a run that takes
    /// longer than the [`timeout`](Self::timeout); a [`Permanent`](super::Permanent) error makes
    /// the event a dead letter at once.
    pub fn handle<F, E, Fut, Err>(mut self, handler: F) -> Self
    where
        F: Fn(E) -> Fut + Clone + Send + Sync + 'static,
        E: FromDelivery + 'static,
        Fut: Future<Output = Result<(), Err>> + Send + 'static,
        Err: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        let handler: Arc<dyn Handler> = Arc::new(Function::<F, E>::new(handler));
        self.handlers
            .retain(|other| other.vendor() != handler.vendor());
        self.handlers.push(handler);
        self
    }

    /// Handles the events of one vendor with this table, as [`handle`](Self::handle) does with a
    /// function.
    pub fn dispatch<E>(self, events: Dispatch<E>) -> Self
    where
        E: FromDelivery + 'static,
    {
        self.handle(move |delivery: Delivery<E::Vendor>| {
            let events = events.clone();
            async move { events.handle(delivery).await }
        })
    }

    /// Runs at most so many handlers at a time. Default: 16.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`].
    pub fn concurrency(mut self, runs: usize) -> Result<Self, ConfigError> {
        self.concurrency = nonzero("concurrency", runs)?.min(Semaphore::MAX_PERMITS);
        Ok(self)
    }

    /// Stops a run after so long, which is an attempt that failed. Default: 60 s.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`].
    pub fn timeout(mut self, timeout: Duration) -> Result<Self, ConfigError> {
        self.limits.timeout = nonzero("timeout", timeout.min(Timing::LONGEST))?;
        Ok(self)
    }

    /// Takes an event for so long, and anew every third of it while its handler runs. Default: 15 s.
    /// When a process dies, its events run again after at most this long.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ShortLease`] below one second.
    pub fn lease(mut self, lease: Duration) -> Result<Self, ConfigError> {
        if lease < Duration::from_secs(1) {
            return Err(ConfigError::ShortLease);
        }
        self.limits.lease = lease.min(Timing::LONGEST);
        Ok(self)
    }

    /// Makes an event a dead letter after so many attempts. Default: 15.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`].
    pub fn max_attempts(mut self, attempts: u32) -> Result<Self, ConfigError> {
        self.limits.max_attempts = nonzero("max_attempts", attempts)?;
        Ok(self)
    }

    /// Waits so long after the first attempt that failed, and twice as long after each further one, up
    /// to `longest`; a fifth more or less. Default: 1 s and an hour.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        let [first, longest] = [first, longest].map(|wait| wait.min(Timing::LONGEST));
        self.limits.backoff = Backoff { first, longest };
        self
    }

    /// Handles the events of endpoints with this scope. Default: `default`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Name`].
    pub fn scope(mut self, name: &str) -> Result<Self, ConfigError> {
        self.scope = checked_name(name)?.into();
        Ok(self)
    }

    /// Reports the end of each run to this observer. Default: [`TracingObserver`].
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.limits.observer = Arc::new(observer);
        self
    }

    /// Starts the worker on the current tokio runtime.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(self) -> WorkerHandle {
        if self.handlers.is_empty() {
            tracing::warn!(target: "smile", "a worker without a handler: call `handle` before `start`");
        }
        let (stop, stopped) = watch::channel(());
        let task = tokio::spawn(self.work(stopped));
        WorkerHandle { stop, task }
    }

    async fn work(self, mut stopped: watch::Receiver<()>) {
        let slots = Arc::new(Semaphore::new(self.concurrency));
        while stopped.has_changed().is_ok() {
            let mut found = false;
            for handler in &self.handlers {
                match self.round(handler, &slots, &mut stopped).await {
                    Ok(taken) => found |= taken,
                    Err(err) => {
                        log_failure(handler.vendor(), &err);
                        sleep(PAUSE_AFTER_FAILURE).await;
                    }
                }
            }
            if !found {
                first_of(
                    stopped.changed(),
                    first_of(self.queue.arrival(), sleep(POLL)),
                )
                .await;
            }
        }
        // Every run has given its slot back.
        let all = u32::try_from(self.concurrency).unwrap_or(u32::MAX);
        let _ = slots.acquire_many(all).await;
    }

    /// Takes events of one vendor and starts their runs. Returns whether there were any.
    async fn round(
        &self,
        handler: &Arc<dyn Handler>,
        slots: &Arc<Semaphore>,
        stopped: &mut watch::Receiver<()>,
    ) -> Result<bool, StoreError> {
        let vendor = handler.vendor();
        let mut found = false;
        if self.queue.has_suspects(vendor, &self.scope).await? {
            let _alone = RUNS.write().await;
            let take = self.limits.take(vendor, &self.scope, 1);
            let jobs = self
                .queue
                .take(Take {
                    alone: true,
                    ..take
                })
                .await?;
            for job in jobs {
                found = true;
                run(&self.queue, &**handler, job, &self.limits).await;
            }
        }
        let Some(permits) = free_slots(slots, stopped).await else {
            return Ok(found);
        };
        // One guard for all that are taken: a second one could wait for whoever waits for the first.
        let among_others = Arc::new(RUNS.read().await);
        let take = self.limits.take(vendor, &self.scope, permits.len());
        let jobs = self.queue.take(take).await?;
        for (job, permit) in jobs.into_iter().zip(permits) {
            found = true;
            let (queue, handler) = (Arc::clone(&self.queue), Arc::clone(handler));
            let (limits, among_others) = (self.limits.clone(), Arc::clone(&among_others));
            tokio::spawn(async move {
                run(&queue, &*handler, job, &limits).await;
                drop((permit, among_others));
            });
        }
        Ok(found)
    }
}

/// All slots that are free, as soon as there is one; `None` at the stop.
async fn free_slots(
    slots: &Arc<Semaphore>,
    stopped: &mut watch::Receiver<()>,
) -> Option<Vec<OwnedSemaphorePermit>> {
    let first = first_of(stopped.changed(), Arc::clone(slots).acquire_owned()).await;
    let Either::Second(Ok(first)) = first else {
        return None;
    };
    let mut permits = vec![first];
    while permits.len() < MOST_AT_ONCE
        && let Ok(permit) = Arc::clone(slots).try_acquire_owned()
    {
        permits.push(permit);
    }
    Some(permits)
}

fn log_failure(vendor: &'static str, err: &StoreError) {
    let error = crate::rejection::chain(err);
    tracing::error!(target: "smile", vendor, error, "the worker cannot read its inbox; it goes on trying");
}

/// The runs of this process: many at a time, or one alone that may end the process.
static RUNS: RwLock<()> = RwLock::const_new(());

/// How often to look for events of other processes, and for those whose wait is over.
const POLL: Duration = Duration::from_millis(500);

const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The most events that are taken by one call, so that no call holds the database for long.
const MOST_AT_ONCE: usize = 64;

impl<Q> fmt::Debug for Worker<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("scope", &self.scope)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// A worker that runs. Dropping it stops the worker as well, without waiting for its runs.
#[derive(Debug)]
#[must_use = "dropping it stops the worker"]
pub struct WorkerHandle {
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl WorkerHandle {
    /// Takes no more events, and waits until those that run have ended. Waiting events stay in the
    /// inbox.
    pub async fn stop(self) {
        drop(self.stop);
        // The task ends by itself; its panic is in the log already.
        let _ = self.task.await;
    }
}

/// Which of two futures ended first.
pub(super) enum Either<A, B> {
    First(A),
    Second(B),
}

/// Waits for one of two futures, and drops the other. The first comes first where both are ready.
pub(super) async fn first_of<A: Future, B: Future>(
    first: A,
    second: B,
) -> Either<A::Output, B::Output> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|cx| {
        if let Poll::Ready(output) = first.as_mut().poll(cx) {
            return Poll::Ready(Either::First(output));
        }
        second.as_mut().poll(cx).map(Either::Second)
    })
    .await
}

#[cfg(all(test, feature = "testkit"))]
mod tests {
    use super::*;
    use crate::testkit::MemoryInbox;

    #[test]
    fn a_lease_of_a_second_is_the_shortest() {
        let lease = |milliseconds| {
            Worker::new(MemoryInbox::default()).lease(Duration::from_millis(milliseconds))
        };
        assert_eq!(lease(999).unwrap_err(), ConfigError::ShortLease);
        assert_eq!(lease(1000).unwrap().limits.lease.as_secs(), 1);
    }

    #[test]
    fn debug_shows_the_scope_and_how_many_run_at_a_time() {
        assert_eq!(
            format!("{:?}", Worker::new(MemoryInbox::default())),
            r#"Worker { scope: "default", concurrency: 16, .. }"#
        );
    }

    #[tokio::test]
    async fn so_many_slots_are_taken_as_are_free_and_no_more_than_one_call_takes() {
        for (free, taken) in [(1, 1), (3, 3), (63, 63), (64, 64), (65, 64)] {
            let slots = Arc::new(Semaphore::new(free));
            let (_stop, mut stopped) = watch::channel(());
            let permits = free_slots(&slots, &mut stopped).await;
            assert_eq!(permits.map(|permits| permits.len()), Some(taken));
        }
    }
}
