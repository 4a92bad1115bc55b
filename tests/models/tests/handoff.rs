//! The hand-off of events: the library's own code, under many schedules.
//!
//! Timers fire only where a model fires them. Without them, whoever misses a wake-up waits for ever,
//! and shuttle reports that no task can run.

#![expect(
    clippy::expect_used,
    reason = "a model ends where something does not hold"
)]

mod model {
    pub(crate) mod delivery;
    pub(crate) mod explore;
    pub(crate) mod lossy;
    pub(crate) mod store;
    pub(crate) mod system;
}

use model::{
    explore::{explore, finds},
    lossy::Lossy,
    store::{Slow, TwoSteps},
    system::{Answer, System},
};
use shuttle::future::spawn;
use smile_core::{DedupeStore, MemoryDedupe};

#[test]
fn an_event_takes_effect_once_in_the_memory_store() {
    explore(|| at_once(System::new(MemoryDedupe::default()), [204, 204, 204]));
}

#[test]
fn an_event_takes_effect_once_in_a_store_that_takes_its_time() {
    explore(|| at_once(System::new(Slow::default()), [204, 204, 204]));
}

#[test]
fn a_delivery_takes_over_from_a_run_that_fails() {
    explore(|| at_once(System::new(MemoryDedupe::default()), [500, 204, 204]));
    explore(|| at_once(System::new(Slow::default()), [500, 500, 204]));
}

#[test]
fn a_store_that_claims_in_two_steps_is_found() {
    finds("one run", || {
        at_once(System::new(TwoSteps::default()), [204, 204, 204])
    });
}

/// Deliveries of one event that come together. Whatever they are answered, the next one finds the
/// event done.
async fn at_once<S: DedupeStore>(system: System<S>, statuses: [u16; 3]) {
    let timers = spawn(system.clone().fire_timers());
    let deliveries = statuses.map(|status| spawn(system.clone().deliver(status)));
    for delivery in deliveries {
        let answer = delivery.await.expect("no panic");
        assert!(!system.overlapped(), "one run at a time");
        assert!(system.effects() <= 1, "one run in effect");
        assert!(
            answer != Answer::Duplicate || system.effects() == 1,
            "a duplicate of nothing"
        );
    }
    system.end();
    timers.await.expect("no panic");
    let next = system.clone().deliver(204).await;
    assert!(
        matches!(next, Answer::Handled | Answer::Duplicate),
        "{next:?}"
    );
    assert_eq!(system.effects(), 1, "one run in effect");
    assert!(!system.overlapped(), "one run at a time");
}

#[test]
fn the_end_of_a_run_wakes_all_that_wait_for_it() {
    for first in [204, 500] {
        explore(move || waiting(System::new(MemoryDedupe::default()), first, None));
        explore(move || waiting(System::new(Slow::default()), first, None));
    }
}

#[test]
fn a_wake_up_that_does_not_come_is_found() {
    // Another process with the same store: it wakes nobody here, so that only timers help.
    finds("deadlock", || {
        let system = System::new(Slow::default());
        let elsewhere = system.another_process();
        waiting(system, 204, Some(elsewhere))
    });
}

/// A run that ends after three deliveries wait for it, in its own process or in another, without any
/// timer.
async fn waiting<S: DedupeStore>(system: System<S>, first: u16, elsewhere: Option<System<S>>) {
    let others = elsewhere.unwrap_or_else(|| system.clone());
    let run = spawn(system.clone().deliver_after_others_wait(first, 3));
    system.begun().await;
    let deliveries = [(); 3].map(|()| spawn(others.clone().deliver(204)));
    let mut handled = usize::from(run.await.expect("no panic") == Answer::Handled);
    for delivery in deliveries {
        match delivery.await.expect("no panic") {
            Answer::Handled => handled += 1,
            answer => assert_eq!(answer, Answer::Duplicate),
        }
    }
    assert_eq!(handled, 1);
    assert_eq!(system.effects(), 1, "one run in effect");
}

#[test]
fn a_sender_that_leaves_while_it_waits_strands_nobody() {
    explore(|| async {
        let system = System::new(Slow::default());
        let timers = spawn(system.clone().fire_timers());
        let run = spawn(system.clone().deliver_after_others_wait(204, 2));
        system.begun().await;
        let [leaving, staying] = [(); 2].map(|()| spawn(system.clone().deliver(204)));
        let leaves = spawn({
            let system = system.clone();
            async move {
                system.delivered(3).await;
                leaving.abort();
            }
        });
        assert_eq!(run.await.expect("no panic"), Answer::Handled);
        let answer = staying.await.expect("no panic");
        assert!(
            matches!(answer, Answer::Duplicate | Answer::Refused(_)),
            "{answer:?}"
        );
        assert_eq!(system.clone().deliver(204).await, Answer::Duplicate);
        leaves.await.expect("no panic");
        system.end();
        timers.await.expect("no panic");
    });
}

#[test]
fn a_shutdown_waits_for_every_run_and_no_longer() {
    explore(|| async {
        let system = System::new(MemoryDedupe::default());
        let run = spawn(system.clone().deliver(204));
        system.begun().await;
        system.drain().await;
        assert!(!system.runs(), "it ended while a handler ran");
        run.await.expect("no panic");
    });
}

#[test]
fn a_shutdown_that_looks_before_it_listens_is_found() {
    finds("deadlock", || async {
        let running = Lossy::default();
        let run = running.enter();
        let ends = spawn(async move { drop(run) });
        running.drained().await;
        ends.await.expect("no panic");
    });
}
