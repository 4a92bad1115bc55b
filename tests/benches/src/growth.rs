//! How the cost of a delivery grows.

use std::{hint::black_box, num::NonZeroUsize, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use smile_core::{Intake, MemoryDedupe, Secret, SmileApi};
use smile_tower::{SmileEvent, SmileLayer};
use tokio::task::{JoinSet, yield_now};
use tower::Service;

use crate::{
    by_hand::{Receiver, Refusal},
    clock::Clock,
    delivery::{Delivery, Flaw, PATH, Scheme},
    event::Envelope,
    in_process::Size,
    options::Options,
    ours::{self, EnvelopeOnly, Handoff},
    samples::Samples,
    subject::{Subject, axum_request},
};

/// Prints all tables. Everything runs on axum, envelope only.
pub(crate) async fn run(options: &Options) {
    secrets(options).await;
    memory(options).await;
    concurrency(options).await;
}

/// The first secret is tried first, but all are: no time tells which one it was.
async fn secrets(options: &Options) {
    println!("\n### Secrets in rotation, us\n\n| secrets | 281 B | 112 KB |\n|---|---|---|");
    let mut apps: Vec<_> = (1..=4)
        .map(|count| {
            let mut intake = Intake::smile_api(ours::secret()).direct();
            for n in 1..count {
                let secret = Secret::new(format!("an older secret, {n}")).expect("not empty");
                intake = intake.also_accept(secret).expect("four are allowed");
            }
            (count, ours::axum::app::<EnvelopeOnly>(intake.build()))
        })
        .collect();
    let mut samples = Samples::new();
    for (size, lap) in [(Size::B281, 256), (Size::K112, 12)] {
        for round in 0..=options.rounds(31) {
            let deliveries = deliveries(size, u64::from(round) * lap, lap);
            fastrand::shuffle(&mut apps);
            for (count, app) in &mut apps {
                let time = time(app, &deliveries).await;
                if round > 0 {
                    samples.add((size, *count), time);
                }
            }
        }
    }
    for count in 1..=4 {
        let median = |size| samples.median(&(size, count)).unwrap_or(f64::NAN);
        println!(
            "| {count} | {:.2} | {:.1} |",
            median(Size::B281),
            median(Size::K112)
        );
    }
}

async fn memory(options: &Options) {
    println!("\n### Events remembered in memory, 281 B, us\n\n| remembered | us |\n|---|---|");
    let room = 2_000_000;
    let mut apps = Vec::new();
    for (name, remembered, capacity) in [
        ("0", 0, 100_000),
        ("100,000", 100_000, room),
        ("100,000, full: each forgets one", 100_000, 100_000),
        ("1,000,000", 1_000_000, room),
    ] {
        let capacity = NonZeroUsize::new(capacity).expect("it is not 0");
        let store = MemoryDedupe::bounded(capacity);
        ours::remember(&store, remembered);
        let intake = Intake::smile_api(ours::secret()).deduplicate(store).build();
        apps.push((name, ours::axum::app::<EnvelopeOnly>(intake)));
    }
    let direct = ours::axum::app::<EnvelopeOnly>(ours::intake(Handoff::Direct));
    apps.push(("none: `direct`", direct));
    let mut samples = Samples::new();
    let names: Vec<_> = apps.iter().map(|(name, _)| *name).collect();
    for round in 0..=options.rounds(41) {
        let deliveries = deliveries(Size::B281, u64::from(round) * 256, 256);
        fastrand::shuffle(&mut apps);
        for (name, app) in &mut apps {
            let time = time(app, &deliveries).await;
            if round > 0 {
                samples.add(*name, time);
            }
        }
    }
    for name in names {
        println!(
            "| {name} | {:.2} |",
            samples.median(&name).unwrap_or(f64::NAN)
        );
    }
}

/// Handlers that have to wait once, so that all of them are under way together.
async fn concurrency(options: &Options) {
    println!(
        "\n### Requests under way together, 281 B, us for each\n\n\
         | together | direct | deduplicated | by hand |\n|---|---|---|---|"
    );
    let app = |handoff| {
        let smile = SmileLayer::<SmileApi>::from(ours::intake(handoff));
        let on_event = |_: SmileEvent| async {
            yield_now().await;
            StatusCode::NO_CONTENT
        };
        Router::new().route(PATH, post(on_event).route_layer(smile))
    };
    let mut apps = [
        ("direct", app(Handoff::Direct)),
        ("deduplicated", app(Handoff::Deduplicated)),
        ("by hand", by_hand_that_waits()),
    ];
    let mut fresh = 0;
    for together in [16, 256, 4096] {
        let mut samples = Samples::new();
        for round in 0..=options.rounds(31) {
            let deliveries = deliveries(Size::B281, fresh, 4096);
            fresh += 4096;
            fastrand::shuffle(&mut apps);
            for (name, app) in &mut apps {
                let time = time_together(app, &deliveries, together).await;
                if round > 0 {
                    samples.add(*name, time);
                }
            }
        }
        let medians = ["direct", "deduplicated", "by hand"]
            .map(|name| format!("{:.2}", samples.median(&name).unwrap_or(f64::NAN)));
        println!("| {together} | {} |", medians.join(" | "));
    }
}

fn by_hand_that_waits() -> Router {
    let on_event = |State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes| async move {
        let signature = headers.get("smile-signature").map(|value| value.as_bytes());
        let event: Envelope<String> = receiver.receive(signature, &body)?;
        black_box(&event);
        yield_now().await;
        Ok::<_, Refusal>(StatusCode::NO_CONTENT)
    };
    let receiver = Arc::new(Receiver::new());
    Router::new()
        .route(PATH, post(on_event))
        .with_state(receiver)
}

async fn time_together(app: &mut Router, deliveries: &[Delivery], together: usize) -> f64 {
    let mut requests: Vec<_> = deliveries.iter().map(axum_request).collect();
    let start = Clock::Thread.now();
    while !requests.is_empty() {
        let rest = requests.split_off(together.min(requests.len()));
        let mut tasks = JoinSet::new();
        for request in requests {
            tasks.spawn_local(app.call(request));
        }
        requests = rest;
        while let Some(response) = tasks.join_next().await {
            let Ok(response) = response.expect("the handler does not panic");
            assert_eq!(response.status(), StatusCode::NO_CONTENT);
        }
    }
    micros(start.elapsed(), deliveries.len())
}

async fn time(app: &mut Router, deliveries: &[Delivery]) -> f64 {
    let lap = app.lap(deliveries).await;
    assert!(lap.statuses.iter().all(|status| *status == 204));
    micros(lap.time, deliveries.len())
}

fn micros(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e6 / f64::from(u32::try_from(count).expect("a lap is short"))
}

fn deliveries(size: Size, first: u64, count: u64) -> Vec<Delivery> {
    let template = size.template();
    (first..first + count)
        .map(|id| Delivery::new(Scheme::Smile, Flaw::None, template.with_id(id)))
        .collect()
}
