//! Time that other processes cannot take away.

use std::{cell::Cell, sync::LazyLock, time::Duration};

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

thread_local! {
    static LEFT_OUT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// What this thread does while this lives is left out of what is measured around it.
#[derive(Debug)]
pub(crate) struct Untimed(ThreadTime);

impl Untimed {
    pub(crate) fn begin() -> Self {
        Self(ThreadTime::now())
    }

    /// What was left out since the last call.
    pub(crate) fn take() -> Duration {
        LEFT_OUT.take()
    }
}

impl Drop for Untimed {
    fn drop(&mut self) {
        // Of the two readings of the clock the first half and the last are not between them.
        let left_out = self.0.elapsed() + ThreadTime::own_cost();
        LEFT_OUT.set(LEFT_OUT.get() + left_out);
    }
}

/// How long all threads of this process together have had a processor.
pub(crate) fn process_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("it counts from 0")
}
