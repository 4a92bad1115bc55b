//! One run of one event.

use std::{fmt, future::pending, pin::pin, sync::Arc, time::Duration};

use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{
    DeadReason, Job, JobId, Permanent, Settlement, Take, WorkQueue,
    backoff::Backoff,
    handler::{Begun, BoxError, Handler},
    worker::{Either, first_of},
};
use crate::{
    DispatchError, Event, Observer, Outcome, Ownership,
    catch_panic::catch_panic,
    observe::{End, Progress, Stage, in_span},
    rejection::chain,
};

/// How long runs may take, and how many an event has.
#[derive(Clone)]
pub(super) struct Limits {
    pub(super) lease: Duration,
    pub(super) timeout: Duration,
    pub(super) max_attempts: u32,
    pub(super) backoff: Backoff,
    pub(super) observer: Arc<dyn Observer>,
}

impl Limits {
    pub(super) fn take<'a>(&self, vendor: &'a str, scope: &'a str, limit: usize) -> Take<'a> {
        Take {
            vendor,
            scope,
            limit,
            alone: false,
            lease: self.lease,
            max_attempts: self.max_attempts,
        }
    }

    fn after_failure(&self, attempt: u32, reason: DeadReason, error: Arc<str>) -> Settlement {
        if attempt < self.max_attempts && reason == DeadReason::Failed {
            let after = self.backoff.after(attempt);
            Settlement::Retry { after, error }
        } else {
            Settlement::Dead { reason, error }
        }
    }
}

/// Runs the handler to its end, its panic or its deadline, and notes in the queue how it ended.
pub(super) async fn run<Q: WorkQueue>(
    queue: &Arc<Q>,
    handler: &dyn Handler,
    job: Job,
    limits: &Limits,
) {
    let progress = Progress::of_run(handler.vendor(), job.attempt);
    let span = progress.span.clone();
    in_span(span, || run_in_span(queue, handler, job, limits, progress)).await;
}

async fn run_in_span<Q: WorkQueue>(
    queue: &Arc<Q>,
    handler: &dyn Handler,
    job: Job,
    limits: &Limits,
    mut progress: Progress,
) {
    let (vendor, id, attempt) = (handler.vendor(), job.id, job.attempt);
    let report = |progress: &mut Progress, outcome, event| {
        let end = End {
            outcome,
            rejection: None,
            status: None,
        };
        progress.report(&*limits.observer, vendor, event, end);
    };
    let Begun { event, run } = match handler.begin(job) {
        Ok(begun) => begun,
        Err(rejection) => {
            let error = format!("{rejection:#}").into();
            let reason = DeadReason::NotAnEvent;
            settle(queue, id, Settlement::Dead { reason, error }).await;
            report(&mut progress, Outcome::DeadLetter, None);
            return;
        }
    };
    event.note(&mut progress);
    progress.go_on_to(Stage::Handler);
    let (_extending, lost) = keep(Arc::clone(queue), id, limits.lease);
    let ran = first_of(lost, timeout(limits.timeout, catch_panic(|| run))).await;
    progress.enter(Stage::Other);
    let failure = match ran {
        Either::First(()) => {
            report(&mut progress, Outcome::HandledLate, Some(event.describe()));
            return;
        }
        Either::Second(Ok(Ok(Ok(())))) => None,
        Either::Second(Ok(Ok(Err(err)))) => Some(explain(&err)),
        Either::Second(Ok(Err(panicked))) => Some((DeadReason::Failed, panicked.to_string())),
        Either::Second(Err(_)) => {
            let error = format!("the handler did not end within {:?}", limits.timeout);
            Some((DeadReason::Failed, error))
        }
    };
    let settlement = match failure {
        None => Settlement::Done,
        Some((reason, error)) => limits.after_failure(attempt, reason, shortened(error).into()),
    };
    let owned = settle(queue, id, settlement.clone()).await;
    let outcome = match (&settlement, owned) {
        (Settlement::Done, Some(Ownership::Held)) => event.success_outcome(),
        (Settlement::Done, _) => Outcome::HandledLate,
        (Settlement::Retry { .. }, _) => Outcome::HandlerFailed,
        (Settlement::Dead { .. }, _) => Outcome::DeadLetter,
    };
    log(vendor, &event.describe(), attempt, &settlement);
    report(&mut progress, outcome, Some(event.describe()));
}

fn explain(err: &BoxError) -> (DeadReason, String) {
    let own = match err.downcast_ref::<DispatchError>() {
        Some(dispatched) => dispatched.own(),
        None => err,
    };
    let reason = if own.is::<Permanent>() {
        DeadReason::Permanent
    } else {
        DeadReason::Failed
    };
    (reason, chain(&**err))
}

/// Extends the lease while it lives. The receiver ends when the lease is lost.
fn keep<Q: WorkQueue>(
    queue: Arc<Q>,
    id: JobId,
    lease: Duration,
) -> (AbortOnDrop, impl Future<Output = ()>) {
    let (tell, lost) = oneshot::channel::<()>();
    // In a task of its own: the handler may block its thread for longer than the lease.
    let task = tokio::spawn(async move {
        loop {
            sleep(lease / 3).await;
            // A failure is no reason to stop the handler: the next extension may succeed.
            if let Ok(Ownership::Lost) = queue.extend(id, lease).await {
                let _ = tell.send(());
                return;
            }
        }
    });
    let lost = async {
        if lost.await.is_err() {
            pending::<()>().await;
        }
    };
    (AbortOnDrop(task), lost)
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Notes the end of a run, again after a while where the queue fails; `None` where it failed each
/// time. The lease ends then, and the event runs again.
async fn settle<Q: WorkQueue>(
    queue: &Arc<Q>,
    id: JobId,
    settlement: Settlement,
) -> Option<Ownership> {
    let mut error = None;
    for pause in PAUSES_BEFORE_SETTLE {
        sleep(pause).await;
        let settled = pin!(queue.settle(id, settlement.clone()));
        match settled.await {
            Ok(owned) => return Some(owned),
            Err(err) => error = Some(err),
        }
    }
    let error = error.map(|err| chain(&err));
    tracing::error!(
        target: "smile",
        row = id.row,
        error,
        "the end of a run could not be noted in the inbox: the event runs again after its lease"
    );
    None
}

const PAUSES_BEFORE_SETTLE: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// An error of the application can be of any length.
fn shortened(mut error: String) -> String {
    const LONGEST: usize = 1000;
    if error.len() > LONGEST {
        let is_end = |end: &usize| error.is_char_boundary(*end);
        let end = (0..=LONGEST).rev().find(is_end).unwrap_or_default();
        error.truncate(end);
        error.push_str(" ..");
    }
    error
}

fn log(vendor: &'static str, event: &Event<'_>, attempt: u32, settlement: &Settlement) {
    let Event {
        name, id, tenant, ..
    } = *event;
    match settlement {
        Settlement::Done => {}
        Settlement::Retry { after, error } => {
            let (retry_in, error) = (Seconds(*after), &**error);
            tracing::warn!(
                target: "smile",
                vendor, event = name, id, tenant, attempt, error, %retry_in,
                "the handler failed; it runs again"
            );
        }
        Settlement::Dead { reason, error } => {
            let (reason, error) = (reason.label(), &**error);
            tracing::error!(
                target: "smile",
                vendor, event = name, id, tenant, attempt, error, reason,
                "the event is a dead letter: replay it when its handler can take it"
            );
        }
    }
}

struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TracingObserver;

    #[test]
    fn an_error_of_more_than_1000_bytes_is_cut_between_two_characters() {
        for (error, expected) in [
            ("x".repeat(1000), "x".repeat(1000)),
            ("x".repeat(1001), "x".repeat(1000) + " .."),
            // 999 bytes and half of a letter.
            ("x".repeat(999) + "\u{e9}", "x".repeat(999) + " .."),
        ] {
            assert_eq!(shortened(error), expected);
        }
    }

    #[test]
    fn only_a_failure_before_the_last_attempt_runs_again() {
        let limits = Limits {
            lease: Duration::from_secs(15),
            timeout: Duration::from_secs(60),
            max_attempts: 3,
            backoff: Backoff {
                first: Duration::from_secs(1),
                longest: Duration::from_secs(1),
            },
            observer: Arc::new(TracingObserver),
        };
        for (attempt, reason, runs_again) in [
            (1, DeadReason::Failed, true),
            (2, DeadReason::Failed, true),
            (3, DeadReason::Failed, false),
            (4, DeadReason::Failed, false),
            (1, DeadReason::Permanent, false),
        ] {
            let settlement = limits.after_failure(attempt, reason, "no luck".into());
            let retries = matches!(settlement, Settlement::Retry { .. });
            assert_eq!(retries, runs_again, "{attempt}, {reason:?}");
        }
    }

    #[test]
    fn seconds_are_shown_with_one_decimal() {
        assert_eq!(Seconds(Duration::from_millis(1250)).to_string(), "1.2 s");
    }

    #[cfg(feature = "testkit")]
    #[tokio::test(start_paused = true)]
    async fn a_lease_is_extended_while_its_run_lasts_and_no_longer() {
        use crate::{
            Inbox,
            testkit::{MemoryInbox, new_event},
        };

        let inbox = Arc::new(MemoryInbox::default());
        inbox.accept(new_event("default", "et-1")).await.unwrap();
        let take = Take::new("smile-api", "default", 1);
        let job = inbox.take(take).await.unwrap().remove(0);
        let (extending, _lost) = keep(Arc::clone(&inbox), job.id, take.lease);
        sleep(take.lease * 3).await;
        assert!(!inbox.has_suspects("smile-api", "default").await.unwrap());
        drop(extending);
        sleep(take.lease * 3).await;
        assert!(inbox.has_suspects("smile-api", "default").await.unwrap());
    }
}
