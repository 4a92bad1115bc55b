//! Each event takes effect once.

use smile_core::DedupeBy;

use crate::{Kind, Reaction, Setup, sign, subject::secret};

/// Every sender stops at a 2xx.
pub fn a_duplicate_is_answered_200_and_not_handled(kind: Kind) {
    let subject = Setup::new().start(kind);
    let request = sign::smile_api(sign::event());
    let first = subject.send(&request);
    first.expect_status(204, "first");
    assert_eq!(first.header("smile-duplicate"), None);
    for again in [request.clone(), request.chunked(10)] {
        let answer = subject.send(&again);
        answer.expect_status(200, "again");
        assert_eq!(answer.header("smile-duplicate"), Some("true"));
        assert_eq!(answer.body, b"");
    }
    assert_eq!(subject.seen().len(), 1);
}

/// The id alone counts; that the body differs is for the observer.
pub fn another_body_under_the_same_id_is_a_duplicate(kind: Kind) {
    let subject = Setup::new().start(kind);
    let event = sign::event();
    subject
        .send(&sign::smile_api(event.clone()))
        .expect_status(204, "first");
    let other = sign::smile_api(event.replace("jane", "joan"));
    let answer = subject.send(&other);
    answer.expect_status(200, "another body");
    assert_eq!(answer.header("smile-duplicate"), Some("true"));
    assert_eq!(subject.seen().len(), 1);
}

/// A rotation does not let duplicates through.
pub fn an_event_under_another_secret_is_the_same_event(kind: Kind) {
    let builder = Setup::smile_api_builder()
        .also_accept(secret("next"))
        .expect("two secrets");
    let subject = Setup::new().smile_api(builder.build()).start(kind);
    let event = sign::event();
    subject
        .send(&sign::smile_api(event.clone()))
        .expect_status(204, "old");
    subject
        .send(&sign::smile_api_with("next", event))
        .expect_status(200, "new");
}

/// The vendor's re-send is the retry.
pub fn a_failed_event_is_handled_again(kind: Kind) {
    let answers = [500, 404, 302, 200];
    let subject = Setup::new()
        .react(move |run| Reaction::Answer(answers[run]))
        .start(kind);
    let request = sign::smile_api(sign::event());
    for status in answers {
        subject
            .send(&request)
            .expect_status(status, "its own answer");
    }
    let answer = subject.send(&request);
    assert_eq!(answer.header("smile-duplicate"), Some("true"));
    assert_eq!(subject.seen().len(), 4);
}

/// A handler that writes the number beside its effect is safe from an earlier run that is late.
pub fn a_later_run_of_an_event_has_a_larger_fence(kind: Kind) {
    let answers = [500, 500, 204];
    let subject = Setup::new()
        .react(move |run| Reaction::Answer(answers[run]))
        .start(kind);
    let request = sign::smile_api(sign::event());
    for status in answers {
        subject
            .send(&request)
            .expect_status(status, "its own answer");
    }
    let fences: Vec<_> = subject.seen().iter().map(|seen| seen.fence).collect();
    assert!(fences.iter().all(Option::is_some), "{fences:?}");
    assert!(fences.is_sorted_by(|one, next| one < next), "{fences:?}");
}

/// As if it had never come.
pub fn a_panic_is_answered_500_and_the_event_is_handled_again(kind: Kind) {
    let subject = Setup::new()
        .react(|run| {
            if run == 0 {
                Reaction::Panic
            } else {
                Reaction::Answer(204)
            }
        })
        .start(kind);
    let request = sign::smile_api(sign::event());
    let answer = subject.send(&request);
    answer.expect_status(500, "panic");
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    subject.send(&request).expect_status(204, "again");
}

/// Smile.io gives none; an equal body is the same version of the customer, whenever it was signed.
pub fn an_event_without_an_id_is_told_by_its_body(kind: Kind) {
    let subject = Setup::new().start(kind);
    let body = sign::customer();
    subject
        .send(&sign::smile_io(body.clone()))
        .expect_status(204, "first");
    let later = (sign::NOW + 60).to_string();
    subject
        .send(&sign::smile_io_at(&later, body))
        .expect_status(200, "signed anew");
    subject
        .send(&sign::smile_io(sign::customer()))
        .expect_status(204, "another");
    // An empty id is none, too.
    let event =
        |user: &str| format!(r#"{{"id":"","type":"USER_CREATED","data":{{"userId":"{user}"}}}}"#);
    subject
        .send(&sign::smile_api(event("u-1")))
        .expect_status(204, "empty id");
    subject
        .send(&sign::smile_api(event("u-2")))
        .expect_status(204, "empty id, another body");
    subject
        .send(&sign::smile_api(event("u-1")))
        .expect_status(200, "empty id again");
}

/// For handlers that are idempotent by themselves.
pub fn direct_runs_the_handler_for_every_delivery(kind: Kind) {
    let subject = Setup::new()
        .smile_api(Setup::smile_api_builder().direct().build())
        .start(kind);
    let request = sign::smile_api(sign::event());
    for _ in 0..3 {
        subject.send(&request).expect_status(204, "every time");
    }
    assert_eq!(subject.seen().len(), 3);
}

/// By what the user says tells events apart.
pub fn the_key_can_be_chosen(kind: Kind) {
    let builder = Setup::smile_api_builder().dedupe_by(|delivery| match delivery.event_name() {
        "USER_CREATED" => DedupeBy::Never,
        other => DedupeBy::Text(other.to_owned()),
    });
    let subject = Setup::new().smile_api(builder.build()).start(kind);
    subject
        .send(&sign::smile_api(sign::event()))
        .expect_status(204, "the first of its name");
    subject
        .send(&sign::smile_api(sign::event()))
        .expect_status(200, "the second");
    let never = sign::smile_api(sign::event().replace("ACCOUNT_CONNECTED", "USER_CREATED"));
    subject.send(&never).expect_status(204, "never remembered");
    subject.send(&never).expect_status(204, "never remembered");
}
