//! How many of everything.

use std::time::Duration;

pub(crate) struct Size {
    /// Connections that send slowly.
    pub(crate) slow: usize,
    /// What a slow connection may cost the server, all told.
    pub(crate) slow_kib: u64,
    /// The deadline of a body, and of a head.
    pub(crate) deadline: Duration,
    /// Endless bodies at a time.
    pub(crate) endless: usize,
    /// Deliveries that are refused by their signature.
    pub(crate) forged: usize,
    /// Genuine deliveries, each of another event.
    pub(crate) events: usize,
    /// How long each set of secrets is used.
    pub(crate) rotation: Duration,
    /// Handlers that run when SIGTERM comes, and half-sent heads.
    pub(crate) running: usize,
    pub(crate) halves: usize,
    /// Large and odd events.
    pub(crate) large: usize,
    /// Senders that go away.
    pub(crate) vanishing: usize,
    /// Senders that do not read.
    pub(crate) not_reading: usize,
    /// The steady load.
    pub(crate) steady: Duration,
    /// The 99th percentile that honest senders see beside slow ones, and that of large events.
    pub(crate) p99: Duration,
    pub(crate) large_p99: Duration,
}

impl Size {
    /// For an unoptimised build on a busy machine.
    pub(crate) fn ci() -> Self {
        Self {
            slow: 1000,
            // Without optimisation futures are larger, and fewer connections share the allocator's pools.
            slow_kib: 32,
            deadline: Duration::from_secs(3),
            endless: 4,
            forged: 3000,
            events: 3000,
            rotation: Duration::from_millis(500),
            running: 20,
            halves: 10,
            large: 4,
            vanishing: 300,
            not_reading: 50,
            steady: Duration::from_secs(4),
            p99: Duration::from_millis(500),
            large_p99: Duration::from_secs(2),
        }
    }

    pub(crate) fn full() -> Self {
        Self {
            slow: 10_000,
            slow_kib: 24,
            deadline: Duration::from_secs(10),
            endless: 64,
            forged: 100_000,
            events: 300_000,
            rotation: Duration::from_secs(20),
            running: 100,
            halves: 50,
            large: 1000,
            vanishing: 10_000,
            not_reading: 300,
            steady: Duration::from_secs(1800),
            p99: Duration::from_millis(100),
            large_p99: Duration::from_millis(50),
        }
    }

    /// Open files of each process.
    pub(crate) fn descriptors(&self) -> u64 {
        u64::try_from(self.slow).unwrap() + 1000
    }
}

/// What the store in memory remembers, and may take for it: 200 B for each event, and 5 MiB.
pub(crate) const CAPACITY: usize = 100_000;
pub(crate) const STORE_KIB: u64 = 100_000 * 200 / 1024 + (5 << 10);

/// Added to a deadline for a busy machine.
pub(crate) const MARGIN: Duration = Duration::from_secs(2);
