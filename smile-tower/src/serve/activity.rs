//! What a connection is doing, and until when it may.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) write: Duration,
}

/// Shared by a connection's socket, its requests and its timer.
#[derive(Debug)]
pub(super) struct Activity {
    timeouts: Timeouts,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Since when the socket takes no byte of an answer.
    blocked: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Nothing came since the connection began.
    Silent(Instant),
    /// A head has begun and is not complete.
    Head(Instant),
    /// A request is received, handled or answered.
    Request,
    /// The last answer is complete, and nothing came since.
    Idle(Instant),
}

impl Activity {
    pub(super) fn new(timeouts: Timeouts) -> Arc<Self> {
        let state = State {
            phase: Phase::Silent(Instant::now()),
            blocked: None,
        };
        Arc::new(Self {
            timeouts,
            state: Mutex::new(state),
        })
    }

    /// When the connection is to be closed, as far as is known now.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        let phase = match state.phase {
            Phase::Silent(since) | Phase::Head(since) => Some(since + self.timeouts.head),
            Phase::Idle(since) => Some(since + self.timeouts.idle),
            Phase::Request => None,
        };
        let blocked = state.blocked.map(|since| since + self.timeouts.write);
        phase.into_iter().chain(blocked).min()
    }

    /// Why it is closed.
    pub(super) fn overdue(&self) -> &'static str {
        let state = self.state();
        match state.phase {
            _ if state.blocked.is_some() => "no byte of the answer was taken",
            Phase::Silent(_) => "no request came",
            Phase::Head(_) => "a request's head was not complete",
            Phase::Request | Phase::Idle(_) => "no next request came",
        }
    }

    /// Whether nobody loses anything if the connection closes.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self.state().phase, Phase::Silent(_))
    }

    pub(super) fn bytes_came(&self) {
        let mut state = self.state();
        state.phase = match state.phase {
            Phase::Silent(since) => Phase::Head(since),
            Phase::Idle(_) => Phase::Head(Instant::now()),
            phase => phase,
        };
    }

    pub(super) fn bytes_went(&self) {
        self.state().blocked = None;
    }

    pub(super) fn is_blocked(&self) {
        self.state().blocked.get_or_insert_with(Instant::now);
    }

    /// Begins a request, which ends with the guard.
    pub(super) fn begin(self: &Arc<Self>) -> InRequest {
        self.state().phase = Phase::Request;
        InRequest(Arc::clone(self))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request between its head and the end of its answer.
#[derive(Debug)]
pub(super) struct InRequest(Arc<Activity>);

impl Drop for InRequest {
    fn drop(&mut self) {
        self.0.state().phase = Phase::Idle(Instant::now());
    }
}
