//! Many deliveries of one event at once, whose first run ends badly: exactly one run succeeds, and
//! nothing is left claimed.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use smile_conformance::{Connection, Kind, Reaction, Request, Running, Setup, sign};

const SENDERS: usize = 64;
const EVENTS: usize = 20;

/// How the first run of an event ends.
#[derive(Clone, Copy, Debug)]
enum FirstRun {
    Fails,
    Panics,
    LosesItsSender,
}

#[test]
fn after_a_run_that_fails_one_succeeds() {
    storms(FirstRun::Fails);
}

#[test]
fn after_a_run_that_panics_one_succeeds() {
    storms(FirstRun::Panics);
}

#[test]
fn a_run_whose_sender_goes_away_is_the_one_that_succeeds() {
    storms(FirstRun::LosesItsSender);
}

fn storms(first_run: FirstRun) {
    for kind in Kind::SERVERS {
        for _ in 0..EVENTS {
            storm(kind, first_run);
        }
    }
}

fn storm(kind: Kind, first_run: FirstRun) {
    let successes = Arc::new(AtomicUsize::new(0));
    let subject = start(kind, first_run, Arc::clone(&successes));
    let event = sign::smile_api(sign::event());

    if let FirstRun::LosesItsSender = first_run {
        let mut lost = Connection::open(subject.address()).unwrap();
        lost.write(&event.to_wire()).unwrap();
        while subject.seen().is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
    }
    let barrier = Barrier::new(SENDERS);
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let mut connection = Connection::open(subject.address()).unwrap();
                barrier.wait();
                while !(200..300).contains(&status(&mut connection, &event)) {
                    thread::sleep(Duration::from_millis(5));
                }
            });
        }
    });

    let what = format!("{kind:?}, {first_run:?}");
    assert_eq!(successes.load(Ordering::Relaxed), 1, "{what}");
    let answer = subject.send(&event);
    answer.expect_status(200, &what);
    assert_eq!(answer.header("smile-duplicate"), Some("true"), "{what}");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let drained =
        async { tokio::time::timeout(Duration::from_secs(5), subject.intake().drain()).await };
    runtime
        .block_on(drained)
        .unwrap_or_else(|_| panic!("{what}: something is left"));
}

fn start(kind: Kind, first_run: FirstRun, successes: Arc<AtomicUsize>) -> Running {
    Setup::new()
        .react(move |run| match (run, first_run) {
            (0, FirstRun::Fails) => Reaction::AnswerAfter(Duration::from_millis(10), 500),
            (0, FirstRun::Panics) => Reaction::Panic,
            _ => {
                successes.fetch_add(1, Ordering::Relaxed);
                Reaction::AnswerAfter(Duration::from_millis(20), 204)
            }
        })
        .start(kind)
}

fn status(connection: &mut Connection, event: &Request) -> u16 {
    connection.send(event).unwrap().status
}
