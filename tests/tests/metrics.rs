//! The metrics of `MetricsObserver`, on every subject and in a worker. One test, since a process has
//! one recorder.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use std::{collections::BTreeMap, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use smile_conformance::{Kind, Reaction, Setup, sign};
use smile_core::{
    Delivery, MetricsObserver, Outcome, SmileApi, Worker,
    testkit::{FixedClock, MemoryInbox},
};

/// Twenty seconds after the events of Smile API.
const LATER: FixedClock = FixedClock(sign::NOW + 20);

const SUBJECTS: [Kind; 4] = [Kind::Core, Kind::Axum, Kind::Hyper, Kind::Actix];

#[test]
fn all_subjects_and_a_worker_count_and_measure_alike() {
    let mut builder = PrometheusBuilder::new();
    for (name, buckets) in MetricsObserver::BUCKETS {
        let matcher = Matcher::Full(name.into());
        builder = builder.set_buckets_for_metric(matcher, buckets).unwrap();
    }
    let recorder = builder.install_recorder().unwrap();
    // Made before the recorder it would describe nothing.
    let described = MetricsObserver::new();
    drop(described);
    for kind in SUBJECTS {
        requests(kind, &recorder);
        storing(kind, &recorder);
    }
    working(&recorder);
    every_metric_is_described(&recorder.render());
}

fn requests(kind: Kind, recorder: &PrometheusHandle) {
    let before = series(recorder);
    let observer = MetricsObserver::new();
    let subject = Setup::new()
        .smile_api(
            Setup::smile_api_builder()
                .clock(LATER)
                .observer(observer.clone())
                .build(),
        )
        .smile_io(Setup::smile_io_builder().observer(observer).build())
        .react(|run| match run {
            // Of the event that fails three times, and then of one that fails twice.
            3..=5 | 7 | 8 => Reaction::Answer(500),
            6 => Reaction::Panic,
            _ => Reaction::Answer(204),
        })
        .start(kind);
    let event = sign::smile_api(sign::event());
    let unknown = sign::event().replace("ACCOUNT_CONNECTED", "MOON_LANDED");
    let old_name = sign::event().replace("ACCOUNT_CONNECTED", "ACCOUNT_ANALYZED");
    let failing = sign::smile_api(sign::event());
    let mended = sign::smile_api(sign::event());
    for (request, status) in [
        (&event, 204),
        (&event, 200),
        (&sign::smile_api(unknown), 204),
        (&sign::smile_api(old_name), 204),
        (&failing, 500),
        (&failing, 500),
        (&failing, 500),
        (&failing, 500),
        (&mended, 500),
        (&mended, 500),
        (&mended, 204),
        (&event.clone().without("smile-signature"), 401),
        (&sign::smile_io(sign::ping()), 200),
        (&sign::smile_io(sign::customer()), 204),
    ] {
        subject.send(request).expect_status(status, "request");
    }
    let api = r#"vendor="smile-api",origin="request""#;
    let io = r#"vendor="smile-io",origin="request""#;
    let deliveries = |vendor: &str, outcome: &str| {
        format!(r#"smile_webhook_deliveries_total{{{vendor},outcome="{outcome}"}}"#)
    };
    let events = |vendor: &str, outcome: &str, event: &str| {
        format!(r#"smile_webhook_events_total{{{vendor},outcome="{outcome}",event="{event}"}}"#)
    };
    let found = added(&before, &series(recorder));
    let mut expected = BTreeMap::new();
    for (name, count) in [
        (deliveries(api, "handled"), 4),
        (deliveries(api, "duplicate"), 1),
        (deliveries(api, "handler_failed"), 5),
        (deliveries(api, "handler_panicked"), 1),
        (deliveries(api, "signature"), 1),
        (deliveries(io, "ping"), 1),
        (deliveries(io, "handled"), 1),
        (events(api, "handled", "ACCOUNT_CONNECTED"), 2),
        (events(api, "handled", "ARCHIVE_ANALYZED"), 1),
        (events(api, "handled", "other"), 1),
        (events(api, "duplicate", "ACCOUNT_CONNECTED"), 1),
        (events(api, "handler_failed", "ACCOUNT_CONNECTED"), 5),
        (events(api, "handler_panicked", "ACCOUNT_CONNECTED"), 1),
        (events(io, "ping", "ping"), 1),
        (events(io, "handled", "customer/updated"), 1),
        // Counted at the third of four failures; and not for the event that was mended.
        (
            r#"smile_webhook_third_failures_total{vendor="smile-api"}"#.into(),
            1,
        ),
    ] {
        if let Some(outcome) = name.strip_prefix("smile_webhook_deliveries_total") {
            let duration = format!("smile_webhook_duration_seconds_count{outcome}");
            expected.insert(duration, count);
        }
        expected.insert(name, count);
    }
    for (vendor, stage, count) in [
        (api, "body", 11),
        (api, "verification", 11),
        (api, "claim", 11),
        (api, "handler", 10),
        (io, "body", 2),
        (io, "verification", 2),
        (io, "claim", 1),
        (io, "handler", 1),
    ] {
        let name =
            format!(r#"smile_webhook_stage_duration_seconds_count{{{vendor},stage="{stage}"}}"#);
        expected.insert(name, count);
    }
    for (vendor, count) in [("smile-api", 11), ("smile-io", 2)] {
        let body = format!(r#"smile_webhook_body_bytes_count{{vendor="{vendor}"}}"#);
        expected.insert(body, count);
        let age = format!(
            r#"smile_webhook_event_age_seconds_count{{vendor="{vendor}",origin="request"}}"#
        );
        expected.insert(age, count);
    }
    assert_eq!(found, expected, "{kind:?}");
    let ages =
        r#"smile_webhook_event_age_seconds_bucket{vendor="smile-api",origin="request",le="15"} 0"#;
    assert!(recorder.render().contains(ages), "{kind:?}: 20 s each");
}

fn storing(kind: Kind, recorder: &PrometheusHandle) {
    let before = series(recorder);
    let builder = Setup::smile_api_builder()
        .clock(LATER)
        .observer(MetricsObserver::new());
    let subject = Setup::new()
        .inbox_smile_api(builder.inbox(MemoryInbox::default()))
        .start(kind);
    for request in [sign::smile_api(sign::event()), sign::smile_api("no event")] {
        subject
            .send(&request.to_inbox())
            .expect_status(200, "stored");
    }
    let found = added(&before, &series(recorder));
    for outcome in ["stored", "dead_letter"] {
        let name = format!(
            r#"smile_webhook_deliveries_total{{vendor="smile-api",origin="request",outcome="{outcome}"}}"#
        );
        assert_eq!(found.get(&name), Some(&1), "{kind:?}: {found:#?}");
    }
}

fn working(recorder: &PrometheusHandle) {
    let before = series(recorder);
    let inbox = MemoryInbox::default();
    let subject = Setup::new()
        .inbox_smile_api(Setup::smile_api_builder().inbox(inbox.clone()))
        .start(Kind::Core);
    for request in [sign::smile_api(sign::event()), sign::smile_api("no event")] {
        subject
            .send(&request.to_inbox())
            .expect_status(200, "stored");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(async {
        let gauge = |text: &str| {
            let name = format!(r#"{text}{{vendor="smile-api",scope="default"}}"#);
            gauge(&recorder.render(), &name)
        };
        MetricsObserver::record_inbox(&inbox, "default")
            .await
            .unwrap();
        assert_eq!(gauge("smile_inbox_waiting_events"), 1.0);
        assert_eq!(gauge("smile_inbox_running_events"), 0.0);
        assert_eq!(gauge("smile_inbox_dead_letters"), 1.0);
        let age = gauge("smile_inbox_oldest_waiting_seconds");
        assert!(age > 0.0 && age < 60.0, "{age}");
        let worker = Worker::new(inbox.clone())
            .backoff(Duration::from_millis(1), Duration::from_millis(1))
            .observer(MetricsObserver::new())
            .handle(fail_twice)
            .start();
        inbox.settled().await;
        worker.stop().await;
        MetricsObserver::record_inbox(&inbox, "default")
            .await
            .unwrap();
        assert_eq!(gauge("smile_inbox_waiting_events"), 0.0);
        assert_eq!(gauge("smile_inbox_oldest_waiting_seconds"), 0.0);
    });
    let run = r#"vendor="smile-api",origin="worker""#;
    let found = added(&before, &series(recorder));
    let expected: BTreeMap<_, _> = [
        (format!(r#"smile_webhook_deliveries_total{{{run},outcome="handler_failed"}}"#), 2),
        (format!(r#"smile_webhook_deliveries_total{{{run},outcome="handled"}}"#), 1),
        (format!(r#"smile_webhook_duration_seconds_count{{{run},outcome="handler_failed"}}"#), 2),
        (format!(r#"smile_webhook_duration_seconds_count{{{run},outcome="handled"}}"#), 1),
        (format!(r#"smile_webhook_stage_duration_seconds_count{{{run},stage="handler"}}"#), 3),
        (format!(r#"smile_webhook_events_total{{{run},outcome="handler_failed",event="ACCOUNT_CONNECTED"}}"#), 2),
        (format!(r#"smile_webhook_events_total{{{run},outcome="handled",event="ACCOUNT_CONNECTED"}}"#), 1),
        (format!("smile_webhook_event_age_seconds_count{{{run}}}"), 3),
        (r#"smile_webhook_attempts_count{vendor="smile-api",outcome="handled"}"#.into(), 1),
    ]
    .into();
    assert_eq!(found, expected);
    let sum = r#"smile_webhook_attempts_sum{vendor="smile-api",outcome="handled"}"#;
    assert_eq!(gauge(&recorder.render(), sum), 3.0);
}

async fn fail_twice(event: Delivery<SmileApi>) -> Result<(), &'static str> {
    match event.attempt() {
        1 | 2 => Err("as the test says"),
        _ => Ok(()),
    }
}

/// The counters and the counts of histograms.
fn series(recorder: &PrometheusHandle) -> BTreeMap<String, u64> {
    let text = recorder.render();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let counts = lines.filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        let is_count = name.contains("_total{") || name.contains("_count{");
        is_count.then(|| (name.to_owned(), value.parse().unwrap()))
    });
    counts.collect()
}

fn added(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let added = after.iter().map(|(name, count)| {
        let before = before.get(name).copied().unwrap_or_default();
        (name.clone(), count - before)
    });
    added.filter(|(_, count)| *count > 0).collect()
}

#[track_caller]
fn gauge(text: &str, name: &str) -> f64 {
    let mut values = text.lines().filter_map(|line| line.strip_prefix(name));
    let value = values
        .next()
        .unwrap_or_else(|| panic!("no {name} in {text}"));
    value.trim().parse().unwrap()
}

/// The page has them all as well.
fn every_metric_is_described(text: &str) {
    let page = include_str!("../../docs/observability.md");
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let mut count = 0;
    for (name, kind) in types.map(|line| line.split_once(' ').unwrap()) {
        assert!(text.contains(&format!("# HELP {name} ")), "{name}");
        let row = format!("| `{name}` | {kind} |");
        assert!(page.contains(&row), "docs/observability.md lacks {row}");
        count += 1;
    }
    assert_eq!(count, 12, "{text}");
}

#[test]
fn the_dashboard_and_the_alerts_ask_for_metrics_and_labels_that_the_page_lists() {
    let page = include_str!("../../docs/observability.md");
    for text in [
        include_str!("../../docs/alerts.yml"),
        include_str!("../../docs/grafana.json"),
    ] {
        let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
        let words = text.split(|c| !is_part(c));
        let mut names: Vec<_> = words.filter(|word| word.starts_with("smile_")).collect();
        names.sort_unstable();
        names.dedup();
        assert!(names.len() >= 5, "{names:?}");
        for name in names {
            let name = name.strip_suffix("_bucket").unwrap_or(name);
            assert!(page.contains(&format!("| `{name}` |")), "{name}");
        }
    }
}

#[test]
fn the_page_lists_each_outcome() {
    let page = include_str!("../../docs/observability.md");
    for outcome in [
        Outcome::Handled,
        Outcome::HandledLate,
        Outcome::Ignored,
        Outcome::Unhandled,
        Outcome::HandlerFailed,
        Outcome::Ping,
        Outcome::Duplicate,
        Outcome::IdReuse,
        Outcome::Stored,
        Outcome::DeadLetter,
    ] {
        let label = format!("`{}`", outcome.label());
        let mut rows = page.lines().filter(|line| line.starts_with("| `"));
        assert!(rows.any(|row| row.contains(&label)), "{label}");
    }
}
