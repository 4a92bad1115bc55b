//! What a signed body has to be.

use std::time::Duration;

use crate::{Kind, Setup, sign};

/// 422, and never for a type, a member or a value that we do not know.
pub fn a_signed_body_that_is_no_event_is_refused(kind: Kind) {
    let subject = Setup::new().start(kind);
    for body in [
        "null",
        "[]",
        "\"text\"",
        "{}",
        "{",
        "not JSON",
        r#"{"id":"et-1"}"#,
        r#"{"type":"ACCOUNT_CREATED"}"#,
        r#"{"id":1,"type":"ACCOUNT_CREATED"}"#,
        r#"{"id":"et-1","type":null}"#,
        r#"{"id":null,"type":"ACCOUNT_CREATED"}"#,
        r#"{"data":{"id":"et-1","type":"ACCOUNT_CREATED"}}"#,
    ] {
        let answer = subject.send(&sign::smile_api(body));
        answer.expect_status(422, body);
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
    }
    for body in ["{}", r#"{"topic":1}"#, r#"{"account_id":1,"data":{}}"#] {
        subject.send(&sign::smile_io(body)).expect_status(422, body);
    }
    assert_eq!(subject.seen(), []);
}

/// A 4xx for something new would lose the event for good.
pub fn an_unknown_type_reaches_the_handler(kind: Kind) {
    let subject = Setup::new().start(kind);
    let id = sign::fresh_id();
    let body = format!(r#"{{"new":[1],"type":"BRAND_NEW","id":"{id}","data":[{{}}]}}"#);
    subject
        .send(&sign::smile_api(body))
        .expect_status(204, "smile-api");
    let body = r#"{"data":{},"topic":"points/spent","account_id":1}"#;
    subject
        .send(&sign::smile_io(body))
        .expect_status(204, "smile-io");
    let names: Vec<_> = subject.seen().into_iter().map(|seen| seen.event).collect();
    assert_eq!(names, ["BRAND_NEW", "points/spent"]);
}

/// The bytes are the vendor's, proven; the handler is told where they break when it reads the data.
pub fn bytes_after_the_envelope_are_the_handlers_business(kind: Kind) {
    let subject = Setup::new().start(kind);
    let deep = "[".repeat(200_000);
    for rest in ["", "}", ",\"data\":{\"userId\":", ",\"data\":\u{0}", &deep] {
        let id = sign::fresh_id();
        let front = format!(
            r#"{{"id":"{id}","version":1,"type":"USER_CREATED","createdAt":"2021-04-14T09:30:24Z""#
        );
        let body = front + rest;
        let what: String = rest.chars().take(30).collect();
        subject
            .send(&sign::smile_api(body))
            .expect_status(204, &what);
    }
}

/// RFC 8259, section 8.1, lets a reader ignore the mark. The handler gets it with the other bytes.
pub fn a_byte_order_mark_loses_no_event(kind: Kind) {
    let subject = Setup::new().start(kind);
    let event = format!("\u{feff}{}", sign::event());
    subject
        .send(&sign::smile_api(event.clone()))
        .expect_status(204, "smile-api");
    let points = "\u{feff}{\"topic\":\"points/spent\",\"account_id\":1,\"data\":{}}";
    subject
        .send(&sign::smile_io(points))
        .expect_status(204, "smile-io");
    let raw: Vec<_> = subject.seen().into_iter().map(|seen| seen.raw).collect();
    assert_eq!(raw, [event.as_bytes(), points.as_bytes()]);
    let utf_16: Vec<u8> = event.encode_utf16().flat_map(u16::to_le_bytes).collect();
    subject
        .send(&sign::smile_api(utf_16))
        .expect_status(422, "UTF-16 is no JSON");
}

/// Two ids that differ in such a string are two events.
pub fn a_string_that_is_no_text_loses_no_event(kind: Kind) {
    let subject = Setup::new().start(kind);
    let id = sign::fresh_id();
    for end in [r"\ud83d", r"\ud83e", r"\udc00"] {
        let event = sign::event_with_id(&format!("{id}{end}"));
        subject
            .send(&sign::smile_api(event.clone()))
            .expect_status(204, end);
        let again = subject.send(&sign::smile_api(event));
        again.expect_status(200, "a duplicate");
    }
    let event = sign::event().replace("u-1", r"\ud83d");
    subject
        .send(&sign::smile_api(event))
        .expect_status(204, "in the data");
    let named = sign::event().replacen('{', r#"{"\ud83d":1e999,"#, 1);
    subject
        .send(&sign::smile_api(named))
        .expect_status(204, "in a name");
    let (front, back) = sign::event().split_once("et-").map_or_else(
        || panic!("ids begin with et-"),
        |(front, back)| (front.to_owned(), back.to_owned()),
    );
    let latin = [front.as_bytes(), b"\xe9", back.as_bytes()].concat();
    subject
        .send(&sign::smile_api(latin))
        .expect_status(204, "bytes that are no UTF-8");
    assert_eq!(subject.seen().len(), 6);
}

/// Smile.io creates a webhook only if its ping is answered 2xx.
pub fn a_ping_is_answered_without_the_handler(kind: Kind) {
    let subject = Setup::new().start(kind);
    for _ in 0..2 {
        let answer = subject.send(&sign::smile_io(sign::ping()));
        answer.expect_status(200, "ping");
        assert_eq!(answer.header("smile-duplicate"), None);
    }
    assert_eq!(subject.seen(), []);
    let unsigned = sign::smile_io(sign::ping()).without("smile-signature");
    subject
        .send(&unsigned)
        .expect_status(401, "an unsigned ping is anybody's");
}

/// All pings have one body, and each is a test of its own.
pub fn a_ping_is_delivered_where_asked_for_and_never_a_duplicate(kind: Kind) {
    let intake = Setup::smile_io_builder().deliver_pings().build();
    let subject = Setup::new().smile_io(intake).start(kind);
    for _ in 0..2 {
        subject
            .send(&sign::smile_io(sign::ping()))
            .expect_status(204, "ping");
    }
    assert_eq!(subject.seen().len(), 2);
}

/// `createdAt` is signed, so an old delivery that is replayed shows its age.
pub fn an_event_older_than_the_maximum_is_refused_like_a_wrong_signature(kind: Kind) {
    let builder = Setup::smile_api_builder().max_event_age(Duration::from_secs(3600));
    let subject = Setup::new()
        .smile_api(builder.expect("an age").build())
        .start(kind);
    // The clock stands at 2023-11-14T22:13:20Z.
    for (created_at, status) in [
        ("2023-11-14T22:13:20Z", 204),
        ("2023-11-14T21:13:20Z", 204),
        ("2023-11-14T21:13:19Z", 401),
        ("2023-11-15T09:00:00Z", 204),
        ("2023-11-15T00:13:20+02:00", 204),
        ("1969-12-31T23:59:59Z", 401),
        ("yesterday", 401),
        ("", 401),
    ] {
        let event = sign::event().replace("2023-11-14T22:13:20Z", created_at);
        subject
            .send(&sign::smile_api(event))
            .expect_status(status, created_at);
    }
}
