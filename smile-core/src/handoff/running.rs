//! The runs that a shutdown waits for.

use tokio::sync::Notify;

use crate::sync::atomic::{AtomicUsize, Ordering};

/// Counts the deliveries that claim an event or hold one.
#[derive(Debug, Default)]
pub(crate) struct Running {
    runs: AtomicUsize,
    none_left: Notify,
}

impl Running {
    pub(crate) fn enter(&self) -> Run<'_> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        Run(self)
    }

    /// Waits until no run is left.
    pub(crate) async fn drained(&self) {
        loop {
            // Created before the count is read, or a wake-up in between would be missed.
            let none_left = self.none_left.notified();
            if self.runs.load(Ordering::SeqCst) == 0 {
                return;
            }
            none_left.await;
        }
    }
}

/// One counted delivery, until it is dropped.
#[derive(Debug)]
pub(crate) struct Run<'r>(&'r Running);

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if self.0.runs.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.none_left.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn drained_waits_for_every_run() {
        let running = Arc::new(Running::default());
        running.drained().await;
        let runs = [running.enter(), running.enter()];
        let waiting = Arc::clone(&running);
        let drained = tokio::spawn(async move { waiting.drained().await });
        for run in runs {
            tokio::task::yield_now().await;
            assert!(!drained.is_finished());
            drop(run);
        }
        drained.await.unwrap();
    }
}
