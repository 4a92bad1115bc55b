//! The report of each outcome, on every subject.

use std::time::Duration;

use smile_core::{
    Durations, Intake, Observer, Origin, Outcome, Report, SmileApi, SmileIo,
    testkit::{FixedClock, Record, Recorder},
};

use crate::{Kind, Reaction, Request, Running, Setup, sign};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Sends and returns the one report about it.
#[track_caller]
fn report(subject: &Running, recorder: &Recorder, request: &Request) -> Record {
    let before = recorder.records().len();
    let _ = subject.send(request);
    let mut records = recorder.records().split_off(before);
    let record = records.pop().expect("a report");
    assert!(records.is_empty(), "one report, and {records:?} before it");
    assert_eq!(record.origin, Origin::Request);
    assert_eq!(record.attempt, 1);
    let Durations {
        body,
        verification,
        claim,
        handler,
        whole,
        ..
    } = record.durations;
    let stages = [body, verification, claim, handler].into_iter().flatten();
    assert!(stages.sum::<Duration>() <= whole, "{record:?}");
    record
}

/// Which stages a delivery reached: body, verification, claim, handler.
fn stages(record: &Record) -> [bool; 4] {
    let Durations {
        body,
        verification,
        claim,
        handler,
        ..
    } = record.durations;
    [body, verification, claim, handler].map(|stage| stage.is_some())
}

fn observed() -> (Recorder, Intake<SmileApi>) {
    let recorder = Recorder::default();
    let intake = Setup::smile_api_builder().observer(recorder.clone());
    (recorder, intake.build())
}

/// The time of the handler is its own.
pub fn a_handled_event_has_every_stage_and_its_size(kind: Kind) {
    let (recorder, intake) = observed();
    let slow = Duration::from_millis(60);
    let subject = Setup::new()
        .smile_api(intake)
        .react(move |_| Reaction::AnswerAfter(slow, 204))
        .start(kind);
    let event = sign::event();
    let request = sign::smile_api(event.clone());
    for request in [request, sign::smile_api(sign::event()).chunked(7)] {
        let record = report(&subject, &recorder, &request);
        assert_eq!(record.outcome, Outcome::Handled);
        assert_eq!(stages(&record), [true; 4]);
        assert_eq!(record.size, Some(event.len()));
        assert!(record.durations.handler >= Some(slow), "{record:?}");
        assert!(record.durations.body < Some(slow), "{record:?}");
    }
}

/// A store that nobody asks takes no time.
pub fn a_direct_delivery_has_no_claim(kind: Kind) {
    let recorder = Recorder::default();
    let builder = Setup::smile_api_builder().observer(recorder.clone());
    let subject = Setup::new().smile_api(builder.direct().build()).start(kind);
    let record = report(&subject, &recorder, &sign::smile_api(sign::event()));
    assert_eq!(stages(&record), [true, true, false, true]);
}

/// And what failed has the stages up to there.
pub fn a_delivery_has_the_stages_that_it_reached(kind: Kind) {
    let recorder = Recorder::default();
    let builder = Setup::smile_api_builder()
        .body_limit(1000)
        .expect("a limit")
        .observer(recorder.clone());
    let subject = Setup::new()
        .smile_api(builder.build())
        .react(|run| match run {
            0 => Reaction::Answer(500),
            1 => Reaction::Panic,
            _ => Reaction::Answer(204),
        })
        .start(kind);
    let event = sign::smile_api(sign::event());
    let size = Some(sign::event().len());
    let long = sign::smile_api(sign::event_of(1500)).chunked(900);
    let wrong = sign::smile_api_with("wrong", sign::event());
    for (request, label, expected, size) in [
        (
            event.clone().without("smile-signature"),
            "signature",
            [false; 4],
            None,
        ),
        (
            long,
            "body_too_large",
            [true, false, false, false],
            Some(1500),
        ),
        (wrong, "signature", [true, true, false, false], size),
        (event.clone(), "handler_failed", [true; 4], size),
        (event.clone(), "handler_panicked", [true; 4], size),
        (event.clone(), "handled", [true; 4], size),
        (event, "duplicate", [true, true, true, false], size),
    ] {
        let record = report(&subject, &recorder, &request);
        let kind = record.rejection.as_ref().map(|refused| refused.kind());
        let found = kind.map_or(record.outcome.label(), |kind| kind.label());
        assert_eq!(found, label);
        assert_eq!(stages(&record), expected, "{label}");
        assert_eq!(record.size, size, "{label}");
    }
}

/// In whole seconds, by the endpoint's clock; never negative.
pub fn the_age_is_since_the_vendors_own_time(kind: Kind) {
    let recorder = Recorder::default();
    let later = FixedClock(sign::NOW + 90);
    let smile_api = Setup::smile_api_builder().clock(later);
    let smile_io = Setup::smile_io_builder().clock(later);
    let smile_api: Intake<SmileApi> = smile_api.observer(recorder.clone()).build();
    let smile_io: Intake<SmileIo> = smile_io.observer(recorder.clone()).build();
    let subject = Setup::new()
        .smile_api(smile_api)
        .smile_io(smile_io)
        .start(kind);
    let created = |text: &str| sign::smile_api(sign::event().replace("2023-11-14T22:13:20Z", text));
    for (request, age) in [
        (sign::smile_api(sign::event()), Some(90)),
        (created("2023-11-14T22:14:00+00:00"), Some(50)),
        (created("2031-01-01T00:00:00Z"), Some(0)),
        (created("yesterday"), None),
        (sign::smile_io(sign::customer()), Some(90)),
        (
            sign::smile_io_at(&(sign::NOW + 80).to_string(), sign::customer()),
            Some(10),
        ),
    ] {
        let record = report(&subject, &recorder, &request);
        assert_eq!(record.age, age.map(Duration::from_secs), "{record:?}");
    }
}

/// Whoever sends can write it. An endpoint with a handler looks at it only where a subscriber wants
/// the span.
pub fn a_traceparent_is_linked_where_it_is_well_formed(kind: Kind) {
    let recorder = Recorder::default();
    let builder = Setup::smile_api_builder().observer(recorder.clone());
    let subject = Setup::new()
        .inbox_smile_api(builder.inbox(smile_core::testkit::MemoryInbox::default()))
        .start(kind);
    let zero_trace = TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
    let zero_parent = TRACE.replace("00f067aa0ba902b7", &"0".repeat(16));
    for (text, linked) in [
        (TRACE, Some(TRACE)),
        ("", None),
        ("00", None),
        ("jane", None),
        (&zero_trace, None),
        (&zero_parent, None),
        (&TRACE[1..], None),
    ] {
        let request = sign::smile_api(sign::event()).header("traceparent", text);
        let record = report(&subject, &recorder, &request.to_inbox());
        assert_eq!(record.outcome, Outcome::Stored);
        assert_eq!(record.trace_parent.as_deref(), linked, "{text}");
    }
}

/// The claim is the time of storing.
pub fn a_stored_event_has_no_handler(kind: Kind) {
    let recorder = Recorder::default();
    let setup = Setup::new();
    let builder = Setup::smile_api_builder().observer(recorder.clone());
    let subject = setup
        .inbox_smile_api(builder.inbox(smile_core::testkit::MemoryInbox::default()))
        .start(kind);
    let event = sign::smile_api(sign::event()).to_inbox();
    let nothing = sign::smile_api("no event").to_inbox();
    for (request, outcome) in [
        (&event, Outcome::Stored),
        (&event, Outcome::Duplicate),
        (&nothing, Outcome::DeadLetter),
    ] {
        let record = report(&subject, &recorder, request);
        assert_eq!(record.outcome, outcome);
        assert_eq!(stages(&record), [true, true, true, false], "{outcome:?}");
        assert_eq!(record.size, Some(request.body.bytes().len()));
    }
}

struct Panics;

impl Observer for Panics {
    fn observe(&self, _: &Report<'_>) {
        panic!("the observer was told to panic")
    }
}

/// And the answer is the one that was due.
pub fn each_observer_is_told_also_where_another_panics(kind: Kind) {
    let recorders = [Recorder::default(), Recorder::default()];
    let [first, last] = recorders.clone();
    let builder = Setup::smile_api_builder().observer((first, Panics, (Panics, last)));
    let subject = Setup::new().smile_api(builder.build()).start(kind);
    let request = sign::smile_api(sign::event());
    subject.send(&request).expect_status(204, "first");
    subject.send(&request).expect_status(200, "again");
    for recorder in recorders {
        let outcomes = recorder.outcomes();
        assert_eq!(outcomes, [Outcome::Handled, Outcome::Duplicate]);
    }
}
