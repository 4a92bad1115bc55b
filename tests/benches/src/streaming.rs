//! What hashing while the body comes in is worth: from a slow sender's last byte to the handler.

use std::{
    io::Write,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use smile_tower::{SmileEvent, SmileLayer};

use crate::{
    by_hand::{Receiver, Refusal},
    delivery::{Delivery, Flaw, PATH, Scheme},
    in_process::Size,
    loopback::read_answer,
    options::Options,
    ours::{self, Handoff},
    samples::Samples,
    serve,
    targets::{Limit, Target},
};

/// When a handler had a verified event, in nanoseconds since this was made.
#[derive(Clone)]
struct Entered(Instant, Arc<AtomicU64>);

impl Entered {
    fn new() -> Self {
        Self(Instant::now(), Arc::default())
    }

    fn mark(&self) {
        let now = u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.1.store(now, Ordering::Release);
    }

    /// In microseconds. The handler may have been faster than the sender came to look at its clock.
    fn after(&self, then: Instant) -> f64 {
        let entered = Duration::from_nanos(self.1.load(Ordering::Acquire));
        entered.saturating_sub(then - self.0).as_secs_f64() * 1e6
    }
}

fn ours(entered: Entered) -> Router {
    let smile = SmileLayer::from(ours::intake(Handoff::Direct));
    let on_event = move |_: SmileEvent| {
        entered.mark();
        async { StatusCode::NO_CONTENT }
    };
    Router::new().route(PATH, post(on_event).route_layer(smile))
}

fn by_hand(entered: Entered) -> Router {
    type Shared = State<Arc<(Receiver, Entered)>>;
    let on_event = |State(shared): Shared, headers: HeaderMap, body: Bytes| async move {
        let (receiver, entered) = &*shared;
        let signature = headers.get("smile-signature").map(|value| value.as_bytes());
        receiver.verify(signature, &body)?;
        entered.mark();
        Ok::<_, Refusal>(StatusCode::NO_CONTENT)
    };
    let shared = Arc::new((Receiver::new(), entered));
    Router::new().route(PATH, post(on_event)).with_state(shared)
}

pub(crate) fn run(options: &Options) -> Vec<Target> {
    let entered = Entered::new();
    let mut receivers: Vec<_> = [
        ("ours", ours(entered.clone())),
        ("by hand", by_hand(entered.clone())),
    ]
    .into_iter()
    .map(|(name, app)| {
        let stream = TcpStream::connect(serve::on_axum(app)).expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        (name, stream)
    })
    .collect();
    let mut samples = Samples::new();
    println!(
        "\n### From the last byte to the handler, sent at 100 Mbit/s, us\n\n\
         | | ours | buffer, then hash | ratio |\n|---|---|---|---|"
    );
    for size in [Size::K112, Size::M1] {
        let template = size.template();
        for round in 0..=options.rounds(41) {
            let delivery = Delivery::new(Scheme::Smile, Flaw::None, template.with_id(round.into()));
            fastrand::shuffle(&mut receivers);
            for (name, stream) in &mut receivers {
                let last_byte = send_slowly(stream, &delivery.to_wire());
                read_answer(stream, 204);
                if round > 0 {
                    samples.add((size, *name), entered.after(last_byte));
                }
            }
        }
        let (ours, by_hand) = ((size, "ours"), (size, "by hand"));
        if let (Some(a), Some(b)) = (samples.median(&ours), samples.median(&by_hand)) {
            println!("| {} | {a:.0} | {b:.0} | {:.2}x |", size.name(), a / b);
        }
    }
    let median = |name| samples.median(&(Size::M1, name));
    vec![Target {
        what: "1 MiB at 100 Mbit/s: last byte to handler, ours to by hand".to_owned(),
        measured: median("ours").zip(median("by hand")).map(|(a, b)| a / b),
        limit: Limit::AtMost(0.5),
    }]
}

/// Sends segments as a line of 100 Mbit/s would bring them; just before the last is sent.
fn send_slowly(stream: &mut TcpStream, request: &[u8]) -> Instant {
    let start = Instant::now();
    let mut segments = request.chunks(SEGMENT).peekable();
    let mut due = start;
    while let Some(segment) = segments.next() {
        // Sleeping is coarse: what fell due meanwhile is sent at once.
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let now = Instant::now();
        stream.write_all(segment).expect("the server reads");
        if segments.peek().is_none() {
            return now;
        }
        due += A_SEGMENT;
    }
    start
}

/// What fits into a packet, and how long a line of 100 Mbit/s takes for it.
const SEGMENT: usize = 1448;
const A_SEGMENT: Duration = Duration::from_nanos(115_840);
