//! `kill -9` at any moment.

use std::{
    collections::HashSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use smile_conformance::{Connection, sign};

use crate::{
    app::{App, FRAMEWORKS, until},
    engine::Engine,
};

/// Events are sent all the time, and the process is killed and started again.
fn every_acknowledged_event_is_handled(
    engine: &Engine,
    framework: &str,
    flags: &[&str],
    cycles: u64,
) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let acknowledged = Mutex::new(HashSet::new());
    for cycle in 0..cycles {
        let mut app = App::start(framework, &engine.url(), flags);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        let Ok(mut connection) = Connection::open(app.address) else {
                            return;
                        };
                        loop {
                            let id = format!("et-{}", NEXT.fetch_add(1, Ordering::Relaxed));
                            let request = sign::smile_api(sign::event_with_id(&id));
                            match connection.send(&request) {
                                Ok(answer) if answer.status == 200 => {
                                    acknowledged.lock().expect("no panic").insert(id);
                                }
                                Ok(_) => {}
                                Err(_) => break,
                            }
                        }
                    }
                });
            }
            // Another moment in each cycle.
            thread::sleep(Duration::from_millis(150 + cycle * 37 % 500));
            over.store(true, Ordering::Relaxed);
            app.kill_now();
        });
        app.kill();
    }
    let acknowledged = acknowledged.into_inner().expect("no panic");
    let stored: HashSet<_> = engine
        .texts("SELECT event_id FROM smile_inbox")
        .into_iter()
        .collect();
    let lost = acknowledged.difference(&stored).count();
    assert_eq!(lost, 0, "of {} acknowledged", acknowledged.len());

    let app = App::start(framework, &engine.url(), flags);
    let restarted = Instant::now();
    until("all are handled", || engine.waiting() == 0);
    let effects = engine.effects();
    let handled: HashSet<_> = effects.iter().cloned().collect();
    let unhandled = acknowledged.difference(&handled).count();
    assert_eq!(unhandled, 0, "of {} acknowledged", acknowledged.len());
    println!(
        "{framework}: {cycles} kills, {} events acknowledged, all handled {:.1} s after the last \
         restart, {} effects repeated",
        acknowledged.len(),
        restarted.elapsed().as_secs_f64(),
        effects.len() - handled.len(),
    );
    drop(app);
}

#[test]
fn every_acknowledged_event_is_handled_over_3_kills() {
    for framework in FRAMEWORKS {
        let flags = ["--delay", "5", "--lease", "1"];
        every_acknowledged_event_is_handled(&Engine::sqlite(), framework, &flags, 3);
    }
}

#[test]
#[ignore = "takes minutes"]
fn every_acknowledged_event_is_handled_over_20_kills() {
    for framework in FRAMEWORKS {
        every_acknowledged_event_is_handled(&Engine::sqlite(), framework, &["--delay", "5"], 20);
    }
}

#[test]
#[ignore = "needs postgresql"]
fn every_acknowledged_event_is_handled_over_20_kills_on_postgres() {
    for framework in FRAMEWORKS {
        every_acknowledged_event_is_handled(&Engine::postgres(), framework, &["--delay", "5"], 20);
    }
}
