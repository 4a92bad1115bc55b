//! The thread on which a store's connections live.

use std::{
    future::Future,
    io,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use smile_core::StoreError;
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    task::JoinHandle,
};

use crate::call::within;

/// A thread with a runtime of its own. It ends when the last clone is dropped.
///
/// A socket, a timer and a task make progress only while their runtime does. On a caller's runtime
/// they would stop whenever a handler blocks that thread, and so would the calls of all others.
#[derive(Clone, Debug)]
pub(crate) struct StoreThread {
    runtime: Handle,
    _end: Arc<oneshot::Sender<()>>,
}

impl StoreThread {
    const NAME: &str = "smile-store";

    pub(crate) fn start() -> Result<Self, StoreError> {
        let (started, start) = mpsc::sync_channel(1);
        let (end, ended) = oneshot::channel::<()>();
        thread::Builder::new()
            .name(Self::NAME.to_owned())
            .spawn(move || {
                match Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => {
                        // Fails only if the caller is gone.
                        let _ = started.send(Ok(runtime.handle().clone()));
                        let _ = runtime.block_on(ended);
                        // In the background, so that a pending look-up of a name delays nothing.
                        runtime.shutdown_background();
                    }
                    Err(err) => {
                        let _ = started.send(Err(err));
                    }
                }
            })
            .map_err(StoreError::new)?;
        let runtime = start.recv().map_err(StoreError::new)?;
        Ok(Self {
            runtime: runtime.map_err(StoreError::new)?,
            _end: Arc::new(end),
        })
    }

    /// Runs the call on the thread, and stops it when its caller drops the future.
    ///
    /// Not an `async fn`: its future would also hold the call, which is large.
    pub(crate) fn run<T>(
        &self,
        call: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = io::Result<T>> + Send
    where
        T: Send + 'static,
    {
        let mut running = AbortOnDrop(self.runtime.spawn(call));
        async move { Ok((&mut running.0).await?) }
    }

    /// Runs a call that must answer within `limit`.
    pub(crate) fn run_within<T, E>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let answer = self.run(within(limit, call));
        async { answer.await.map_err(StoreError::new)? }
    }

    /// Starts a task on the thread. It ends with the thread at the latest.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::{sync::oneshot::error::TryRecvError, time::timeout};

    use super::*;

    const LONG: Duration = Duration::from_secs(5);

    /// A task that never ends, and a receiver that says when it is dropped.
    fn task() -> (oneshot::Receiver<()>, impl Future<Output = ()> + Send) {
        let (alive, dropped) = oneshot::channel::<()>();
        let task = async move {
            pending::<()>().await;
            drop(alive);
        };
        (dropped, task)
    }

    #[tokio::test]
    async fn the_thread_ends_with_its_last_clone() {
        let thread = StoreThread::start().unwrap();
        let clone = thread.clone();
        let (mut dropped, task) = task();
        thread.runtime.spawn(task);
        drop(thread);
        clone.run(async {}).await.unwrap();
        assert_eq!(dropped.try_recv(), Err(TryRecvError::Empty));
        drop(clone);
        timeout(LONG, dropped).await.unwrap().unwrap_err();
    }

    #[tokio::test]
    async fn a_call_ends_with_its_caller() {
        let thread = StoreThread::start().unwrap();
        let (dropped, task) = task();
        let call = timeout(Duration::from_millis(10), thread.run(task));
        call.await.unwrap_err();
        timeout(LONG, dropped).await.unwrap().unwrap_err();
    }

    #[tokio::test]
    async fn a_call_that_panics_is_an_error() {
        let thread = StoreThread::start().unwrap();
        let call = async { panic!("as the test wants") };
        thread.run::<()>(call).await.unwrap_err();
        assert_eq!(thread.run(async { 7 }).await.unwrap(), 7);
    }
}
