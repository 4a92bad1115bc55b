use std::collections::HashMap;

use opentelemetry::{propagation::TextMapPropagator, trace::TraceContextExt};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use smile_core::{Observer, Report};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Links the span of a delivery to the trace that its `traceparent` names.
pub(crate) struct TraceLinks;

impl Observer for TraceLinks {
    fn observe(&self, report: &Report<'_>) {
        let Some(text) = report.trace_parent else {
            return;
        };
        let carrier = HashMap::from([("traceparent".to_owned(), text.to_owned())]);
        let linked = TraceContextPropagator::new().extract(&carrier);
        Span::current().add_link(linked.span().span_context().clone());
    }
}
