//! What time it is: the only file that asks the system.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// A source of the current time, for the age of timestamps and events.
///
/// ```
/// use smile_core::Clock;
///
/// /// A clock for tests that stands still.
/// #[derive(Debug)]
/// struct Fixed(u64);
///
/// impl Clock for Fixed {
///     fn unix_seconds(&self) -> u64 {
///         self.0
///     }
/// }
/// ```
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
    fn unix_seconds(&self) -> u64;
}

/// The time of day. The limits to a timestamp's age ask a [`Clock`] instead.
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// The system's clock; the default.
///
/// A system clock that stands before 1970 reads as 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn unix_seconds(&self) -> u64 {
        now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }
}
