//! The receiver's handler, the same on both frameworks.

use std::{sync::Arc, time::Duration};

use smile_core::{DataError, Delivery, SmileApi, SmileIo, TracingObserver, Vendor};

use crate::{
    callbacks::Callbacks,
    deliveries::{Deliveries, Origin, Recorder, Run, Runs, note_run},
    events::{Events, Seen},
    forward::Forward,
    inspector::Inspector,
    metrics::Metrics,
    options::{Failure, Settings},
};

/// The receiver's state and its handler.
#[derive(Clone)]
pub(crate) struct Receiver(Arc<Inner>);

struct Inner {
    callbacks: Callbacks,
    deliveries: Arc<Deliveries>,
    events: Events,
    inspector: Inspector,
    metrics: Metrics,
    runs: Runs,
    handler_delay: Duration,
    fail_first: u64,
    forward: Option<Forward>,
}

impl Receiver {
    pub(crate) fn new(settings: &Settings) -> Result<Self, Failure> {
        let loopback = settings.listen.ip().is_loopback();
        Ok(Self(Arc::new(Inner {
            callbacks: Callbacks::default(),
            deliveries: Arc::new(Deliveries::new(loopback, settings.keep.get())?),
            events: Events::new(settings.keep),
            inspector: Inspector::new(settings),
            metrics: Metrics::install()?,
            runs: Runs::default(),
            handler_delay: settings.handler_delay,
            fail_first: settings.fail_first,
            forward: Forward::new(settings),
        })))
    }

    pub(crate) fn callbacks(&self) -> &Callbacks {
        &self.0.callbacks
    }

    pub(crate) fn events(&self) -> &Events {
        &self.0.events
    }

    pub(crate) fn deliveries(&self) -> &Arc<Deliveries> {
        &self.0.deliveries
    }

    pub(crate) fn inspector(&self) -> &Inspector {
        &self.0.inspector
    }

    /// The observer of requests, or of the worker's runs.
    pub(crate) fn recorder(&self, origin: Origin) -> Recorder {
        Recorder {
            origin,
            observers: (TracingObserver, self.0.metrics.observer.clone()),
            deliveries: Arc::clone(&self.0.deliveries),
            runs: self.0.runs.clone(),
        }
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The handler for Smile API.
    pub(crate) async fn on_smile_api(&self, event: Delivery<SmileApi>) -> u16 {
        self.handle(&event, Some(event.id()), || to_json(event.data()))
            .await
    }

    /// The handler for Smile.io.
    pub(crate) async fn on_smile_io(&self, event: Delivery<SmileIo>) -> u16 {
        self.handle(&event, None, || to_json(event.data())).await
    }

    /// Waits for `--handler-delay`, fails the first `--fail-first` runs, hands the event on, then adds it.
    async fn handle<V: Vendor>(
        &self,
        event: &Delivery<V>,
        id: Option<&str>,
        data: impl FnOnce() -> Option<String>,
    ) -> u16 {
        let Inner {
            events,
            runs,
            handler_delay,
            fail_first,
            forward,
            ..
        } = &*self.0;
        let data = data();
        let attempt = match event.job() {
            Some(_) => {
                let attempt = event.attempt().into();
                runs.begin(Run::begin(event, data.clone()));
                attempt
            }
            None => {
                let attempt = events.begin_attempt(V::NAME, id, event.raw());
                note_run(attempt, data.as_ref());
                attempt
            }
        };
        if !handler_delay.is_zero() {
            tokio::time::sleep(*handler_delay).await;
        }
        if attempt <= *fail_first {
            return 500;
        }
        if let Some(forward) = forward {
            let status = forward
                .hand_on(V::NAME, event.raw(), event.secret_index())
                .await;
            if !matches!(status, 200..=299) {
                return status;
            }
        }
        events.add(&Seen {
            vendor: V::NAME,
            id,
            event_type: event.event_name(),
            known: event.is_known(),
            data,
            raw: event.raw(),
            attempt,
        });
        204
    }
}

/// The typed view as JSON; `None` if the data does not parse.
fn to_json<D: serde::Serialize>(data: Result<D, DataError>) -> Option<String> {
    match data {
        Ok(data) => serde_json::to_string(&data).ok(),
        Err(err) => {
            tracing::warn!(target: "smile", %err, "the data does not have its type's shape");
            None
        }
    }
}
