//! `smile-core/src/handoff/running.rs`, with its two steps in the wrong order.

use std::sync::Arc;

use shuttle::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

#[derive(Clone, Default)]
pub(crate) struct Lossy(Arc<Running>);

#[derive(Default)]
struct Running {
    runs: AtomicUsize,
    none_left: Notify,
}

impl Lossy {
    pub(crate) fn enter(&self) -> Run {
        self.0.runs.fetch_add(1, Ordering::SeqCst);
        Run(self.clone())
    }

    /// Reads the count first, and misses a wake-up before it listens.
    pub(crate) async fn drained(&self) {
        while self.0.runs.load(Ordering::SeqCst) > 0 {
            self.0.none_left.notified().await;
        }
    }
}

pub(crate) struct Run(Lossy);

impl Drop for Run {
    fn drop(&mut self) {
        let Lossy(running) = &self.0;
        if running.runs.fetch_sub(1, Ordering::SeqCst) == 1 {
            running.none_left.notify_waiters();
        }
    }
}
