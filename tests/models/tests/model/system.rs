//! An intake, its handler, and what the models look at.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use shuttle::{
    current::{get_current_task, remove_label_for_task, set_label_for_task},
    future::yield_now,
};
use smile_core::{DedupeStore, Intake, IntakeResponse, Reason, Secret, SmileApi};
use tokio::time::{clear_triggers, trigger_timeouts};

use super::delivery::delivery;

/// One process. Clones are the same one.
pub(crate) struct System<S> {
    intake: Intake<SmileApi>,
    store: Arc<S>,
    state: Arc<State>,
}

/// Not shuttle's atomics: to look at it changes no schedule.
#[derive(Default)]
struct State {
    begun: AtomicBool,
    running: AtomicUsize,
    overlapped: AtomicBool,
    effects: AtomicUsize,
    delivered: AtomicUsize,
    ended: AtomicBool,
}

/// What a delivery is answered.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Handled,
    Failed,
    Duplicate,
    Refused(Reason),
}

/// A task whose timers do not fire, from its claim to its answer: whoever stops a run, or the calls that
/// settle it, leaves the event to the end of the lease, for which no model waits.
#[derive(Clone, Debug)]
pub(crate) struct Busy;

impl<S: DedupeStore> System<S> {
    pub(crate) fn new(store: S) -> Self {
        Self::with(Arc::new(store), Arc::default())
    }

    /// Another process with the same store.
    pub(crate) fn another_process(&self) -> Self {
        Self::with(Arc::clone(&self.store), Arc::clone(&self.state))
    }

    fn with(store: Arc<S>, state: Arc<State>) -> Self {
        let long = Duration::from_secs(100 * 365 * 24 * 3600);
        let intake = Intake::smile_api(Secret::new("secret").expect("a secret"))
            .deduplicate(Arc::clone(&store))
            .lease(long)
            .expect("a lease")
            .wait_for_first_run(long)
            .build();
        Self {
            intake,
            store,
            state,
        }
    }

    pub(crate) async fn deliver(self, status: u16) -> Answer {
        self.deliver_after_others_wait(status, 0).await
    }

    /// Delivers the event to a handler that ends when so many other deliveries wait for it.
    pub(crate) async fn deliver_after_others_wait(self, status: u16, others: usize) -> Answer {
        let state = Arc::clone(&self.state);
        let run = |_| async move {
            Busy::begin();
            state.begun.store(true, SeqCst);
            let running = state.running.fetch_add(1, SeqCst);
            state.overlapped.fetch_or(running > 0, SeqCst);
            yield_now().await;
            // It counts itself. Some steps lie between the count and the wait.
            while state.delivered.load(SeqCst) <= others && others > 0 {
                yield_now().await;
            }
            for _ in 0..40 * others {
                yield_now().await;
            }
            state.effects.fetch_add(usize::from(status == 204), SeqCst);
            state.running.fetch_sub(1, SeqCst);
            status
        };
        self.state.delivered.fetch_add(1, SeqCst);
        let answer = self
            .intake
            .clone()
            .hand_over(delivery(), run, |status| Some(*status))
            .await;
        Busy::end();
        match answer {
            IntakeResponse::Handler(204) => Answer::Handled,
            IntakeResponse::Handler(_) => Answer::Failed,
            IntakeResponse::Reply(_) => Answer::Duplicate,
            IntakeResponse::Rejected(rejection) => Answer::Refused(rejection.reason().clone()),
        }
    }

    pub(crate) async fn drain(&self) {
        self.intake.drain().await;
    }

    /// Fires the timers of all deliveries that wait for another's run, again and again.
    pub(crate) async fn fire_timers(self) {
        while !self.state.ended.load(SeqCst) {
            for _ in 0..20 {
                yield_now().await;
            }
            trigger_timeouts(|labels| labels.get::<Busy>().is_none());
            clear_triggers();
        }
    }

    pub(crate) fn end(&self) {
        self.state.ended.store(true, SeqCst);
    }

    /// Waits until so many deliveries were made.
    pub(crate) async fn delivered(&self, count: usize) {
        while self.state.delivered.load(SeqCst) < count {
            yield_now().await;
        }
    }

    /// Waits until a handler has begun.
    pub(crate) async fn begun(&self) {
        while !self.state.begun.load(SeqCst) {
            yield_now().await;
        }
    }

    pub(crate) fn effects(&self) -> usize {
        self.state.effects.load(SeqCst)
    }

    pub(crate) fn overlapped(&self) -> bool {
        self.state.overlapped.load(SeqCst)
    }

    pub(crate) fn runs(&self) -> bool {
        self.state.running.load(SeqCst) > 0
    }
}

impl<S> Clone for System<S> {
    fn clone(&self) -> Self {
        Self {
            intake: self.intake.clone(),
            store: Arc::clone(&self.store),
            state: Arc::clone(&self.state),
        }
    }
}

impl Busy {
    pub(crate) fn begin() {
        if let Some(task) = get_current_task() {
            set_label_for_task(task, Self);
        }
    }

    pub(crate) fn end() {
        if let Some(task) = get_current_task() {
            remove_label_for_task::<Self>(task);
        }
    }
}
