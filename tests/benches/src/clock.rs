//! Time that other processes cannot take away.

use std::{sync::LazyLock, time::Duration};

use rustix::time::{ClockId, clock_gettime};

/// How long this thread has had a processor. On a busy machine the wall clock mostly measures the
/// others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreadTime(Duration);

impl ThreadTime {
    pub(crate) fn now() -> Self {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Self(Duration::try_from(time).expect("it counts from 0"))
    }

    pub(crate) fn elapsed(self) -> Duration {
        Self::now().0 - self.0
    }

    /// What it takes to ask twice, which every measured time contains once: the median of many.
    pub(crate) fn own_cost() -> Duration {
        static COST: LazyLock<Duration> = LazyLock::new(|| {
            let mut costs: Vec<_> = (0..1001).map(|_| ThreadTime::now().elapsed()).collect();
            costs.sort_unstable();
            costs[costs.len() / 2]
        });
        *COST
    }
}

/// How long all threads of this process together have had a processor.
pub(crate) fn process_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("it counts from 0")
}
