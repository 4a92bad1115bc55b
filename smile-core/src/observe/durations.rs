//! How long the stages of a delivery took.

use std::time::Duration;

/// How long the stages of a delivery took, by a monotonic clock.
///
/// A stage that was not reached has none; the one in which the delivery ended counts up to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Durations {
    /// From the head to the last byte of the body. The hashes of the signature are computed as the
    /// bytes come, so they count here.
    pub body: Option<Duration>,
    /// The lookup of secrets, where there is one, the comparison of the signature, and reading the
    /// envelope.
    pub verification: Option<Duration>,
    /// Claiming the event in the store of seen events, with the wait for another's run; at an
    /// endpoint with an inbox, storing the event.
    pub claim: Option<Duration>,
    /// The handler. On Tower, also the wait until the inner service is ready.
    pub handler: Option<Duration>,
    /// All of it, with what lies between and behind the stages, such as recording the event as done.
    pub whole: Duration,
}
