//! Smile.io's timestamp.

use std::time::Duration;

use crate::{Kind, Setup, sign, sign::NOW};

/// Five minutes, to the second.
pub fn a_timestamp_within_five_minutes_is_accepted_both_ways(kind: Kind) {
    let subject = Setup::new().start(kind);
    for timestamp in [NOW - 300, NOW - 299, NOW, NOW + 299, NOW + 300] {
        let request = sign::smile_io_at(&timestamp.to_string(), sign::customer());
        subject
            .send(&request)
            .expect_status(204, &timestamp.to_string());
    }
}

/// The vendor's sample looks at the past only; a signed time far ahead would pass for ever.
pub fn one_second_past_the_tolerance_is_refused_both_ways(kind: Kind) {
    let subject = Setup::new().start(kind);
    for timestamp in [0, 1, NOW - 301, NOW + 301, u64::MAX / 2, u64::MAX] {
        let request = sign::smile_io_at(&timestamp.to_string(), sign::customer());
        subject
            .send(&request)
            .expect_status(401, &timestamp.to_string());
    }
    assert_eq!(subject.seen(), []);
}

/// All of these are signed, and all are refused; none panics.
pub fn anything_but_seconds_in_digits_is_refused(kind: Kind) {
    let subject = Setup::new().start(kind);
    let before = i128::from(NOW) - (1_i128 << 63);
    let timestamps = [
        String::new(),
        "+1700000000".into(),
        "-1".into(),
        before.to_string(),
        (u128::from(NOW) + (1 << 63)).to_string(),
        (u128::from(NOW) + (1 << 64)).to_string(),
        "1700000000000".into(),
        "1700000000.0".into(),
        "1.7e9".into(),
        "0x6553f100".into(),
        "1700000000 ,".into(),
        "1700 000000".into(),
        "1".repeat(25),
        "0".repeat(25),
        "1700000000a".into(),
        "\u{661}700000000".into(),
    ];
    for timestamp in timestamps {
        let request = sign::smile_io_at(&timestamp, sign::customer());
        subject
            .send(&request)
            .expect_status(401, &format!("{timestamp:?}"));
    }
    assert_eq!(subject.seen(), []);
}

/// Once, and only once.
pub fn a_missing_or_repeated_timestamp_is_refused(kind: Kind) {
    let subject = Setup::new().start(kind);
    let request = sign::smile_io(sign::customer());
    subject
        .send(&request.clone().without("smile-timestamp"))
        .expect_status(401, "missing");
    let twice = request.header("smile-timestamp", NOW.to_string());
    subject.send(&twice).expect_status(401, "twice");
}

/// Leading zeros are digits; what is signed is the text.
pub fn the_received_digits_are_what_is_signed(kind: Kind) {
    let subject = Setup::new().start(kind);
    let padded = format!("000{NOW}");
    let request = sign::smile_io_at(&padded, sign::customer());
    subject
        .send(&request)
        .expect_status(204, "signed with its zeros");
    let request =
        sign::smile_io(sign::customer()).map_header("smile-timestamp", |_| padded.into_bytes());
    subject
        .send(&request)
        .expect_status(401, "signed without them");
}

/// By the builder.
pub fn the_tolerance_can_be_set(kind: Kind) {
    let intake = Setup::smile_io_builder()
        .tolerance(Duration::from_secs(10))
        .build();
    let subject = Setup::new().smile_io(intake).start(kind);
    for (timestamp, status) in [
        (NOW - 10, 204),
        (NOW - 11, 401),
        (NOW + 10, 204),
        (NOW + 11, 401),
    ] {
        let request = sign::smile_io_at(&timestamp.to_string(), sign::customer());
        subject
            .send(&request)
            .expect_status(status, &timestamp.to_string());
    }
}
