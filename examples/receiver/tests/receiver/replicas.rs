//! Each event takes effect once: in one process with memory, and over three that share a store.

use std::{
    env,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use smile_conformance::sign;
use smile_test_servers::{Postgres, Redis};

use crate::process::{FRAMEWORKS, Receiver};

const SENDERS: usize = 64;
const EVENTS: usize = 200;

#[test]
fn of_64_concurrent_deliveries_one_is_handled_with_memory() {
    for framework in FRAMEWORKS {
        let receivers = [Receiver::start(framework, &["--handler-delay", "3"])];
        storm(&receivers, Resend::Never);
    }
}

#[test]
fn a_storm_whose_first_run_fails_succeeds_once_with_memory() {
    for framework in FRAMEWORKS {
        let flags = ["--handler-delay", "3", "--fail-first", "1"];
        storm(&[Receiver::start(framework, &flags)], Resend::UntilTaken);
    }
}

#[test]
#[cfg_attr(not(feature = "sqlite"), ignore = "needs --features sqlite")]
fn of_64_concurrent_deliveries_to_three_processes_one_is_handled_with_sqlite() {
    for framework in FRAMEWORKS {
        let path = env::temp_dir().join(format!("smile-{}.db", sign::fresh_id()));
        let url = format!("sqlite:{}", path.display());
        storm(&three(framework, &url, &[]), Resend::Never);
        storm(
            &three(framework, &url, &["--fail-first", "1"]),
            Resend::UntilTaken,
        );
        let _ = std::fs::remove_file(path);
    }
}

#[test]
#[ignore = "needs redis-server and --features redis"]
fn of_64_concurrent_deliveries_to_three_processes_one_is_handled_with_redis() {
    for framework in FRAMEWORKS {
        let redis = Redis::start();
        storm(&three(framework, &redis.url(), &[]), Resend::Never);
        storm(
            &three(framework, &redis.url(), &["--fail-first", "1"]),
            Resend::UntilTaken,
        );
    }
}

#[test]
#[ignore = "needs postgresql and --features postgres"]
fn of_64_concurrent_deliveries_to_three_processes_one_is_handled_with_postgres() {
    for framework in FRAMEWORKS {
        let postgres = Postgres::start();
        storm(&three(framework, &postgres.url(), &[]), Resend::Never);
        storm(
            &three(framework, &postgres.url(), &["--fail-first", "1"]),
            Resend::UntilTaken,
        );
    }
}

/// The claim is settled although nobody waits for the answer.
#[test]
fn an_event_whose_sender_goes_away_is_handled_all_the_same() {
    for framework in FRAMEWORKS {
        let receiver = Receiver::start(framework, &["--handler-delay", "1000"]);
        let mut requests: Vec<_> = (0..20).map(|_| sign::smile_api(sign::event())).collect();
        for request in &requests {
            let mut connection = receiver.connect();
            connection.write(&request.to_wire()).unwrap();
            // Long enough for the handler to have begun, and too short for it to have ended.
            thread::sleep(Duration::from_millis(100));
        }
        let start = Instant::now();
        while receiver.events("").len() < requests.len() {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{framework}: some were cancelled"
            );
            thread::sleep(Duration::from_millis(20));
        }
        for request in requests.drain(..) {
            let answer = receiver.send(&request);
            answer.expect_status(200, framework);
            assert_eq!(
                answer.header("smile-duplicate"),
                Some("true"),
                "{framework}"
            );
        }
    }
}

/// 15 seconds, the lease, after the process died; the vendor's next re-send is handled then.
#[test]
#[cfg_attr(not(feature = "sqlite"), ignore = "needs --features sqlite")]
fn the_events_of_a_killed_process_are_handled_by_another_after_the_lease() {
    let path = env::temp_dir().join(format!("smile-{}.db", sign::fresh_id()));
    let url = format!("sqlite:{}", path.display());
    let doomed = Receiver::start("axum", &["--dedupe", &url, "--handler-delay", "60000"]);
    let request = sign::smile_api(sign::event());
    let mut connection = doomed.connect();
    connection.write(&request.to_wire()).unwrap();
    thread::sleep(Duration::from_millis(500));
    drop(doomed);

    let heir = Receiver::start("actix", &["--dedupe", &url]);
    let died = Instant::now();
    let answer = heir.send(&request);
    answer.expect_status(503, "claimed by the dead");
    let retry_after: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=15).contains(&retry_after), "{retry_after}");
    thread::sleep(Duration::from_secs(retry_after));
    heir.send(&request)
        .expect_status(204, "re-sent when it was asked for");
    assert!(
        died.elapsed() < Duration::from_secs(20),
        "{:?}",
        died.elapsed()
    );
    assert_eq!(heir.events("").len(), 1);
    let _ = std::fs::remove_file(path);
}

#[test]
#[ignore = "needs redis-server and --features redis"]
fn an_outage_of_redis_is_answered_in_time_and_is_over_when_it_is_over() {
    for framework in FRAMEWORKS {
        let mut redis = Redis::start();
        let receiver = Receiver::start(framework, &["--dedupe", &redis.url()]);
        outage(
            &receiver,
            &mut redis,
            |redis| redis.freeze(),
            |redis| redis.thaw(),
        );
        outage(&receiver, &mut redis, Redis::stop, Redis::restart);
    }
}

#[test]
#[ignore = "needs postgresql and --features postgres"]
fn an_outage_of_postgres_is_answered_in_time_and_is_over_when_it_is_over() {
    for framework in FRAMEWORKS {
        let mut postgres = Postgres::start();
        let receiver = Receiver::start(framework, &["--dedupe", &postgres.url()]);
        outage(
            &receiver,
            &mut postgres,
            |postgres| postgres.freeze(),
            |postgres| postgres.thaw(),
        );
        outage(&receiver, &mut postgres, Postgres::stop, Postgres::restart);
    }
}

fn three(framework: &str, url: &str, flags: &[&str]) -> [Receiver; 3] {
    let flags = [&["--dedupe", url, "--handler-delay", "3"], flags].concat();
    [(); 3].map(|()| Receiver::start(framework, &flags))
}

#[derive(Clone, Copy, PartialEq)]
enum Resend {
    Never,
    UntilTaken,
}

/// Every event is sent by all senders at once, spread over all receivers, and is handled once.
#[track_caller]
fn storm(receivers: &[Receiver], resend: Resend) {
    let events: Vec<_> = (0..EVENTS)
        .map(|_| sign::smile_api(sign::event()))
        .collect();
    let barrier = Barrier::new(SENDERS);
    let (taken, duplicates, put_off) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (events, barrier) = (&events, &barrier);
            let (taken, duplicates, put_off) = (&taken, &duplicates, &put_off);
            let mut connection = receivers[sender % receivers.len()].connect();
            scope.spawn(move || {
                for event in events {
                    barrier.wait();
                    loop {
                        let answer = connection.send(event).unwrap();
                        let counter = match answer.status {
                            204 => taken,
                            200 => duplicates,
                            500 | 503 => put_off,
                            other => panic!("{other}"),
                        };
                        counter.fetch_add(1, Ordering::Relaxed);
                        if answer.status < 300 || resend == Resend::Never {
                            break;
                        }
                        thread::sleep(Duration::from_millis(20));
                    }
                }
            });
        }
    });
    let [taken, duplicates, put_off] =
        [taken, duplicates, put_off].map(|count| count.load(Ordering::Relaxed));
    println!("{taken} handled, {duplicates} duplicates, {put_off} put off");
    assert_eq!(taken, EVENTS, "one answer of the handler for each event");
    let handled: Vec<_> = receivers
        .iter()
        .flat_map(|receiver| receiver.events(""))
        .collect();
    assert_eq!(
        handled.len(),
        EVENTS,
        "one run that succeeded for each event"
    );
    let mut ids: Vec<_> = handled
        .iter()
        .map(|event: &Value| event["id"].to_string())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), EVENTS);
}

/// Under load, takes the server away and brings it back.
fn outage<S>(
    receiver: &Receiver,
    server: &mut S,
    take_away: impl Fn(&mut S),
    bring_back: impl Fn(&mut S),
) {
    const LOAD: usize = 16;
    receiver
        .send(&sign::smile_api(sign::event()))
        .expect_status(204, "before");
    let before = (receiver.resident(), receiver.descriptors());
    take_away(server);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..LOAD {
            scope.spawn(|| {
                let mut connection = receiver.connect();
                while !over.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    let answer = connection.send(&sign::smile_api(sign::event())).unwrap();
                    let took = asked.elapsed();
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    answer.expect_status(503, "while it is away");
                    assert!(answer.header("retry-after").is_some());
                    assert!(took < Duration::from_secs(2), "answered after {took:?}");
                }
            });
        }
        thread::sleep(Duration::from_secs(4));
        over.store(true, Ordering::Relaxed);
    });
    bring_back(server);
    let back = Instant::now();
    while receiver.send(&sign::smile_api(sign::event())).status != 204 {
        assert!(
            back.elapsed() < Duration::from_secs(5),
            "not served {:?} after",
            back.elapsed()
        );
        thread::sleep(Duration::from_millis(50));
    }
    println!("served {:?} after the return", back.elapsed());
    let grown = receiver.resident().saturating_sub(before.0);
    assert!(grown < 16 << 10, "grew by {grown} KiB");
    // A connection to the store for each sender at most.
    let descriptors = receiver.descriptors();
    assert!(
        descriptors <= before.1 + LOAD,
        "{} descriptors before, {descriptors} after",
        before.1
    );
}
