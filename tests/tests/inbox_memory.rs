//! An event that is kept takes its own size, and not that of the server's buffers.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use std::sync::PoisonError;

use peak_alloc::PeakAlloc;
use smile_conformance::{Connection, Kind, Setup, sign};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// The allocator counts for all tests of the process.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// In a table that doubles: half of it may be empty.
const MOST: usize = 1024;
const EVENTS: usize = 10_000;

fn ten_thousand_events_take_a_kilobyte_each_on(kind: Kind) {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let subject = Setup::new().start(kind);
    let mut connection = Connection::open(subject.address()).unwrap();
    // The server's buffers have grown by now.
    let large = sign::smile_api(sign::event_of(400_000)).to_inbox();
    connection.send(&large).unwrap().expect_status(200, "large");
    let before = ALLOCATED.current_usage();
    for _ in 0..EVENTS {
        let request = sign::smile_api(sign::event_of(300)).to_inbox();
        connection.send(&request).unwrap().expect_status(200, "new");
    }
    let each = ALLOCATED.current_usage().saturating_sub(before) / EVENTS;
    println!("{kind:?}: {each} bytes for each event of 300");
    assert!(each <= MOST, "{kind:?}: {each} bytes each");
    assert_eq!(subject.inbox().len(), EVENTS + 1);
}

#[test]
fn ten_thousand_events_take_a_kilobyte_each_on_axum() {
    ten_thousand_events_take_a_kilobyte_each_on(Kind::Axum);
}

#[test]
fn ten_thousand_events_take_a_kilobyte_each_on_actix() {
    ten_thousand_events_take_a_kilobyte_each_on(Kind::Actix);
}
