//! How long the stages of a delivery took.

use std::time::Duration;

use tokio::time::Instant;

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

/// What a delivery is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Between the stages that are reported, or over.
    Other,
    Body,
    Verification,
    Claim,
    Handler,
}

/// When each stage ended. Nothing is computed until an observer asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    begun: Instant,
    stage: Stage,
    /// At most: a lookup, the body, the verification, the claim, the handler, what comes after.
    ends: [Option<(Stage, Instant)>; 6],
    ended: usize,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self {
            begun: Instant::now(),
            stage: Stage::Other,
            ends: [None; 6],
            ended: 0,
        }
    }

    /// Ends the stage and begins the next one.
    pub(super) fn enter(&mut self, next: Stage) {
        if let Some(end) = self.ends.get_mut(self.ended) {
            *end = Some((self.stage, Instant::now()));
            self.ended += 1;
        }
        self.stage = next;
    }

    pub(super) fn go_on_to(&mut self, next: Stage) {
        self.stage = next;
    }

    pub(super) fn durations(&self) -> Durations {
        let mut durations = Durations::default();
        let mut begun = self.begun;
        for (stage, end) in self.ends.into_iter().flatten() {
            let took = end.saturating_duration_since(begun);
            begun = end;
            durations.whole += took;
            let stage = match stage {
                Stage::Other => continue,
                Stage::Body => &mut durations.body,
                Stage::Verification => &mut durations.verification,
                Stage::Claim => &mut durations.claim,
                Stage::Handler => &mut durations.handler,
            };
            *stage.get_or_insert_default() += took;
        }
        durations
    }
}
