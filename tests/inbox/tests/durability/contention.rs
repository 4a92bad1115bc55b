//! New events are picked up although the processors are busy.

use std::{
    hint,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use crate::{
    app::{App, Ends, until},
    engine::Engine,
};

const EVENTS: usize = 200;
const SPINNERS_A_CORE: usize = 3;

/// How long each event waited for its run, in milliseconds, sorted.
fn waits(engine: &Engine) -> Vec<i64> {
    let query = match engine {
        Engine::Postgres(_) => {
            "SELECT CAST(began_at - CAST(extract(epoch FROM received_at) * 1000 AS bigint) AS text)
             FROM runs JOIN smile_inbox ON event_id = event"
        }
        _ => {
            "SELECT CAST(began_at - received_at AS text)
             FROM runs JOIN smile_inbox ON event_id = event"
        }
    };
    let texts = engine.texts(query);
    let mut waits: Vec<i64> = texts
        .iter()
        .map(|text| text.parse().expect("a number"))
        .collect();
    waits.sort_unstable();
    waits
}

fn events_are_picked_up_within_two_seconds(engine: &Engine, framework: &str) {
    let over = AtomicBool::new(false);
    let cores = thread::available_parallelism().expect("a number").get();
    thread::scope(|scope| {
        for _ in 0..cores * SPINNERS_A_CORE {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        let ends = Ends(&over);
        let own = App::start(framework, &engine.url(), &[]);
        for n in 0..EVENTS {
            own.store(&format!("own-{n}"));
            thread::sleep(Duration::from_millis(20));
        }
        until("all are handled", || engine.waiting() == 0);
        drop(own);
        let stores = App::start(framework, &engine.url(), &["--no-worker"]);
        let other = App::start(framework, &engine.url(), &[]);
        for n in 0..EVENTS {
            stores.store(&format!("other-{n}"));
            thread::sleep(Duration::from_millis(20));
        }
        until("all are handled", || engine.waiting() == 0);
        drop((other, ends));
    });
    let waits = waits(engine);
    assert_eq!(waits.len(), 2 * EVENTS);
    println!(
        "{framework}: {} ms in the middle, {} ms at most",
        waits[waits.len() / 2],
        waits[waits.len() - 1]
    );
    let late = waits.iter().filter(|wait| **wait > 2000).count();
    assert_eq!(late, 0, "of {} picked up after two seconds", waits.len());
}

#[test]
#[ignore = "takes a minute"]
fn events_are_picked_up_within_two_seconds_under_contention() {
    for framework in crate::app::FRAMEWORKS {
        events_are_picked_up_within_two_seconds(&Engine::sqlite(), framework);
    }
}

#[test]
#[ignore = "needs postgresql"]
fn events_are_picked_up_within_two_seconds_under_contention_on_postgres() {
    events_are_picked_up_within_two_seconds(&Engine::postgres(), "axum");
}
