//! Three processes on one database.

use std::{
    collections::HashSet,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use smile_conformance::{Connection, sign};

use crate::{
    app::{App, until},
    engine::Engine,
};

const SENDERS: usize = 64;
const EVENTS: usize = 200;

/// Each event is sent by all senders at once, spread over three processes.
fn one_row_and_one_run_for_each_event(engine: &Engine) {
    let frameworks = ["axum", "actix", "axum"];
    let apps = frameworks.map(|framework| App::start(framework, &engine.url(), &[]));
    let barrier = Barrier::new(SENDERS);
    let (new, duplicates) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for sender in 0..SENDERS {
            let app = &apps[sender % apps.len()];
            let (barrier, new, duplicates) = (&barrier, &new, &duplicates);
            scope.spawn(move || {
                let mut connection = Connection::open(app.address).expect("the app listens");
                for event in 0..EVENTS {
                    let request = sign::smile_api(sign::event_with_id(&format!("et-{event}")));
                    barrier.wait();
                    loop {
                        let answer = connection.send(&request).expect("the app answers");
                        if answer.status == 503 {
                            // As a vendor does.
                            continue;
                        }
                        answer.expect_status(200, "an answer");
                        match answer.header("smile-duplicate") {
                            Some(_) => duplicates.fetch_add(1, Ordering::Relaxed),
                            None => new.fetch_add(1, Ordering::Relaxed),
                        };
                        break;
                    }
                }
            });
        }
    });
    assert_eq!(new.into_inner(), EVENTS);
    assert_eq!(duplicates.into_inner(), EVENTS * (SENDERS - 1));
    until("all are handled", || engine.waiting() == 0);
    let runs = engine.texts("SELECT event FROM runs");
    let different: HashSet<_> = runs.iter().collect();
    assert_eq!((runs.len(), different.len()), (EVENTS, EVENTS));
    let rows = engine.number("SELECT CAST(count(*) AS text) FROM smile_inbox");
    assert_eq!(rows, EVENTS);
}

#[test]
fn of_64_concurrent_deliveries_to_three_processes_one_is_stored_and_handled() {
    one_row_and_one_run_for_each_event(&Engine::sqlite());
}

#[test]
#[ignore = "needs postgresql"]
fn of_64_concurrent_deliveries_to_three_processes_one_is_stored_and_handled_on_postgres() {
    one_row_and_one_run_for_each_event(&Engine::postgres());
}
