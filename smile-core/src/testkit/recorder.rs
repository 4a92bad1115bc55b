//! An observer that keeps what it sees.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    Durations, Observer, Origin, Outcome, Reason, Rejection, RejectionKind, Report, TracingObserver,
};

/// An observer that keeps every report, in their order, and logs it as [`TracingObserver`] does.
///
/// Clones share their records: give one to the endpoint and keep one.
///
/// ```
/// use smile_core::{Intake, Secret, testkit::Recorder};
///
/// let recorder = Recorder::default();
/// let intake = Intake::smile_api(Secret::new("a little secret")?)
///     .observer(recorder.clone())
///     .build();
/// // .. send something, then:
/// assert_eq!(recorder.outcomes(), []);
/// # Ok::<(), smile_core::EmptySecret>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Vec<Record>>>);

/// One report that a [`Recorder`] kept. The fields are those of [`Report`] and of its event.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record {
    /// `smile-api` or `smile-io`.
    pub vendor: &'static str,
    /// What ended: a request or a run of a worker.
    pub origin: Origin,
    /// How the request ended.
    pub outcome: Outcome,
    /// The event's name; `None` where the request was refused before the verification ended.
    pub event_name: Option<String>,
    /// The event's id, where the vendor gives one.
    pub event_id: Option<String>,
    /// The tenant, where tenants are looked up.
    pub tenant: Option<String>,
    /// The refusal, with its kind and its reason.
    pub rejection: Option<Rejection>,
    /// The status answered.
    pub status: Option<u16>,
    /// Which run of the handler it was, from 1; 1 for a request.
    pub attempt: u32,
    /// The bytes of the body that were read; `None` where the head was refused.
    pub size: Option<usize>,
    /// The [age](crate::Event::age) of the event at its report.
    pub age: Option<Duration>,
    /// How long it took.
    pub durations: Durations,
    /// The request's `traceparent`, where it is well formed.
    pub trace_parent: Option<String>,
}

impl Recorder {
    /// All that was reported so far, oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.lock().clone()
    }

    /// The outcomes of all that was reported.
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.lock().iter().map(|record| record.outcome).collect()
    }

    /// The kinds of all refusals: what their senders were told.
    pub fn rejection_kinds(&self) -> Vec<RejectionKind> {
        self.of_rejections(Rejection::kind)
    }

    /// The reasons of all refusals, which only operators see.
    pub fn reasons(&self) -> Vec<Reason> {
        self.of_rejections(|rejection| rejection.reason().clone())
    }

    fn of_rejections<T>(&self, part: impl Fn(&Rejection) -> T) -> Vec<T> {
        let records = self.lock();
        let rejections = records
            .iter()
            .filter_map(|record| record.rejection.as_ref());
        rejections.map(part).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Recorder {
    fn observe(&self, report: &Report<'_>) {
        let event = report.event;
        self.lock().push(Record {
            vendor: report.vendor,
            origin: report.origin,
            outcome: report.outcome,
            event_name: event.map(|event| event.name.to_owned()),
            event_id: event.and_then(|event| event.id).map(str::to_owned),
            tenant: event.and_then(|event| event.tenant).map(str::to_owned),
            rejection: report.rejection.cloned(),
            status: report.status,
            attempt: report.attempt,
            size: report.size,
            age: event.and_then(|event| event.age()),
            durations: report.durations(),
            trace_parent: report.trace_parent.map(str::to_owned),
        });
        TracingObserver.observe(report);
    }
}
