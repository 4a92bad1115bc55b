//! The bridge to OpenTelemetry that docs/observability.md shows.

mod links;

use std::convert::Infallible;

use links::TraceLinks;
use opentelemetry::trace::{SpanId, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use smile_conformance::{Kind, Setup, sign};
use smile_core::{Delivery, SmileApi, TracingObserver, Worker, testkit::MemoryInbox};
use tracing_subscriber::layer::SubscriberExt;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// On this thread, where the subscriber is.
#[test]
fn a_delivery_and_its_worker_are_linked_to_the_requests_trace_and_continue_none() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("smile"));
    let subscriber = tracing_subscriber::registry().with(layer);
    let inbox = MemoryInbox::default();
    tracing::subscriber::with_default(subscriber, || {
        let builder = Setup::smile_api_builder().observer((TracingObserver, TraceLinks));
        let subject = Setup::new()
            .inbox_smile_api(builder.inbox(inbox.clone()))
            .start(Kind::Core);
        let request = sign::smile_api(sign::event_with_id("et-otel"))
            .header("traceparent", format!("00-{TRACE}-{PARENT}-01"));
        subject
            .send(&request.to_inbox())
            .expect_status(200, "stored");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.unwrap().block_on(async {
            let worker = Worker::new(inbox.clone())
                .observer((TracingObserver, TraceLinks))
                .handle(on_event)
                .start();
            inbox.settled().await;
            worker.stop().await;
        });
    });
    let spans = exporter.get_finished_spans().unwrap();
    let [request, run] = &spans[..] else {
        panic!("expected two spans, found {spans:#?}");
    };
    for (span, outcome) in [(request, "stored"), (run, "handled")] {
        assert_eq!(span.name, "smile.delivery");
        assert_eq!(span.parent_span_id, SpanId::INVALID);
        assert_ne!(span.span_context.trace_id().to_string(), TRACE);
        let [link] = &span.links.links[..] else {
            panic!("expected one link: {span:#?}");
        };
        assert_eq!(link.span_context.trace_id().to_string(), TRACE);
        assert_eq!(link.span_context.span_id().to_string(), PARENT);
        assert_eq!(attribute(span, "vendor").as_deref(), Some("smile-api"));
        assert_eq!(attribute(span, "id").as_deref(), Some("et-otel"));
        assert_eq!(attribute(span, "outcome").as_deref(), Some(outcome));
    }
    assert_eq!(attribute(run, "attempt").as_deref(), Some("1"));
}

async fn on_event(_: Delivery<SmileApi>) -> Result<(), Infallible> {
    Ok(())
}

fn attribute(span: &SpanData, name: &str) -> Option<String> {
    let mut attributes = span.attributes.iter();
    let found = attributes.find(|attribute| attribute.key.as_str() == name);
    found.map(|attribute| attribute.value.to_string())
}

#[test]
fn the_page_shows_the_observer_that_links() {
    let page = include_str!("../../../docs/observability.md");
    let code = include_str!("links.rs");
    assert!(
        page.contains(code),
        "docs/observability.md does not show links.rs as it is: copy it there"
    );
}
