//! How much an inbox holds.

use std::time::SystemTime;

/// How many events of one vendor and scope wait, run and are dead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueStats {
    /// Events that wait for their first or next run, also those whose back-off is not over.
    pub waiting: u64,
    /// Events that were taken: their handlers run, or their process ended.
    pub running: u64,
    /// Dead letters.
    pub dead: u64,
    /// When the request of the waiting event was received that was stored first; `None` where none
    /// waits.
    pub oldest_received_at: Option<SystemTime>,
}

impl QueueStats {
    /// Makes them, for an inbox.
    pub fn new(
        waiting: u64,
        running: u64,
        dead: u64,
        oldest_received_at: Option<SystemTime>,
    ) -> Self {
        Self {
            waiting,
            running,
            dead,
            oldest_received_at,
        }
    }
}
