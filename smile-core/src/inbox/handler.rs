//! The application's function that handles an event.

use std::{error::Error, fmt, future::Future, pin::Pin, time::UNIX_EPOCH};

use super::Job;
use crate::{
    Delivery, Event, FromDelivery, Outcome, Rejection, SystemClock, Vendor, observe::Progress,
};

/// An error that no later attempt can mend: the event becomes a dead letter at once.
///
/// A handler returns it as it is, or as its boxed error.
#[derive(Debug)]
pub struct Permanent(BoxError);

impl Permanent {
    /// Wraps the error.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Permanent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Permanent {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// The handler of one vendor's events.
pub(super) trait Handler: Send + Sync {
    fn vendor(&self) -> &'static str;

    /// Makes the future that handles the event, which does nothing until it is polled.
    fn begin(&self, job: Job) -> Result<Begun, Rejection>;
}

/// A run that was begun, and the event for reports about it.
pub(super) struct Begun {
    pub(super) event: Box<dyn Described>,
    pub(super) run: Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>,
}

/// What a report says of an event.
pub(super) trait Described: Send + Sync {
    fn describe(&self) -> Event<'_>;

    /// Notes the event in the progress of its run.
    fn note(&self, progress: &mut Progress);

    /// The outcome where the handler succeeded.
    fn success_outcome(&self) -> Outcome;
}

impl<V: Vendor> Described for Delivery<V> {
    fn describe(&self) -> Event<'_> {
        let received = self
            .received_at()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let received = received.map(|since| since.as_secs());
        Event::of(self, received, &SystemClock)
    }

    fn note(&self, progress: &mut Progress) {
        progress.size = Some(self.raw().len());
        progress.link(self.trace_parent().map(Box::from));
        progress.verified(self);
    }

    fn success_outcome(&self) -> Outcome {
        self.success()
    }
}

/// A function as a [`Handler`].
pub(super) struct Function<F, E> {
    function: F,
    takes: std::marker::PhantomData<fn(E)>,
}

impl<F, E> Function<F, E> {
    pub(super) fn new(function: F) -> Self {
        Self {
            function,
            takes: std::marker::PhantomData,
        }
    }
}

impl<F, E, Fut, Err> Handler for Function<F, E>
where
    F: Fn(E) -> Fut + Clone + Send + Sync + 'static,
    E: FromDelivery,
    Fut: Future<Output = Result<(), Err>> + Send + 'static,
    Err: Into<BoxError>,
{
    fn vendor(&self) -> &'static str {
        E::Vendor::NAME
    }

    fn begin(&self, job: Job) -> Result<Begun, Rejection> {
        let Job { id, attempt, event } = job;
        let delivery = Delivery::<E::Vendor>::of_job(event, Some(id), attempt)?;
        let function = self.function.clone();
        let handled = delivery.clone();
        Ok(Begun {
            event: Box::new(delivery),
            // The function is called inside, so that its panic is the run's.
            run: Box::pin(async move {
                let run = function(E::from_delivery(handled));
                run.await.map_err(Into::into)
            }),
        })
    }
}
