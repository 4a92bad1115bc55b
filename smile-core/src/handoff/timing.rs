//! How long the steps of a claim may take.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) lease: Duration,
    pub(crate) retention: Duration,
    pub(crate) handler: Duration,
    pub(crate) wait: Duration,
}

impl Timing {
    pub(crate) const DEFAULT_LEASE: Duration = Duration::from_secs(15);
    pub(crate) const DEFAULT_HANDLER: Duration = Duration::from_secs(60);
    pub(crate) const DEFAULT_WAIT: Duration = Duration::from_secs(2);

    /// The longest of all durations, some hundred years: a clock's time plus `Duration::MAX` would
    /// overflow.
    pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
}
