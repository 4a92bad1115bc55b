//! The clocks that laps are timed by.

use std::{cell::Cell, sync::LazyLock, time::Duration};

use rustix::time::{ClockId, clock_gettime};

/// A moment of one of the clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    clock: Clock,
    time: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// How long this thread has had a processor. On a busy machine the wall clock mostly measures
    /// the others.
    Thread,
    /// The time that passes, read without a call of the kernel: where a few microseconds with cold
    /// caches are timed, that call would be most of what they hold.
    Wall,
}

impl Clock {
    pub(crate) fn now(self) -> Moment {
        let id = match self {
            Self::Thread => ClockId::ThreadCPUTime,
            Self::Wall => ClockId::Monotonic,
        };
        let time = Duration::try_from(clock_gettime(id)).expect("it counts from 0");
        Moment { clock: self, time }
    }

    /// What it takes to ask twice, which every measured time contains once: the median of many.
    pub(crate) fn own_cost(self) -> Duration {
        static COSTS: LazyLock<[Duration; 2]> = LazyLock::new(|| {
            [Clock::Thread, Clock::Wall].map(|clock| {
                let mut costs: Vec<_> = (0..1001).map(|_| clock.now().elapsed()).collect();
                costs.sort_unstable();
                costs[costs.len() / 2]
            })
        });
        let [thread, wall] = *COSTS;
        match self {
            Self::Thread => thread,
            Self::Wall => wall,
        }
    }
}

impl Moment {
    pub(crate) fn elapsed(self) -> Duration {
        self.clock.now().time - self.time
    }
}

thread_local! {
    static LEFT_OUT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// What this thread does while this lives is left out of what is measured around it.
#[derive(Debug)]
pub(crate) struct Untimed(Moment);

impl Untimed {
    pub(crate) fn begin(clock: Clock) -> Self {
        Self(clock.now())
    }

    /// What was left out since the last call.
    pub(crate) fn take() -> Duration {
        LEFT_OUT.take()
    }
}

impl Drop for Untimed {
    fn drop(&mut self) {
        // Of the two readings of the clock the first half and the last are not between them.
        let left_out = self.0.elapsed() + self.0.clock.own_cost();
        LEFT_OUT.set(LEFT_OUT.get() + left_out);
    }
}

/// How long all threads of this process together have had a processor.
pub(crate) fn process_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("it counts from 0")
}
