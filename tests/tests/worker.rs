//! A worker handles what an inbox keeps.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use smile_conformance::{Body, Log, Request, Setup, as_head, sign};
use smile_core::{
    DeadReason, Delivery, Observer, Outcome, Ownership, Permanent, Report, Settlement, SmileApi,
    SmileIo, Take, WorkQueue, Worker, testkit::MemoryInbox,
};
use smile_tower::SmileEvent;
use tokio::{
    sync::{Mutex as AsyncMutex, MutexGuard, Notify},
    time::{Instant, sleep, timeout},
};

/// A run that may end its process runs alone in it, so these tests take turns.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: AsyncMutex<()> = AsyncMutex::const_new(());
    TURN.lock().await
}

struct Whole(Option<Bytes>);

impl Stream for Whole {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

async fn store(inbox: &MemoryInbox, request: Request) {
    let Body::Whole(body) = request.body.clone() else {
        panic!("a whole body")
    };
    let body = Whole(Some(body));
    let stored = if request.target == sign::SMILE_API {
        let endpoint = Setup::smile_api_builder().inbox(inbox.clone());
        let admitted = endpoint.admit(&as_head(&request)).unwrap();
        endpoint.accept(admitted, body).await
    } else {
        let endpoint = Setup::smile_io_builder().inbox(inbox.clone());
        let admitted = endpoint.admit(&as_head(&request)).unwrap();
        endpoint.accept(admitted, body).await
    };
    assert_eq!(stored.unwrap().status(), 200);
}

async fn store_id(inbox: &MemoryInbox, id: &str) {
    store(inbox, sign::smile_api(sign::event_with_id(id))).await;
}

/// Ids and attempts of the runs, in the order of their starts.
#[derive(Clone, Default)]
struct Runs(Arc<Mutex<Vec<(String, u32)>>>);

impl Runs {
    fn begin(&self, event: &Delivery<SmileApi>) {
        let run = (event.id().to_owned(), event.attempt());
        self.0.lock().unwrap().push(run);
    }

    fn all(&self) -> Vec<(String, u32)> {
        self.0.lock().unwrap().clone()
    }

    fn attempts(&self) -> Vec<u32> {
        self.all().into_iter().map(|(_, attempt)| attempt).collect()
    }
}

async fn until(mut holds: impl FnMut() -> bool) {
    let waited = timeout(Duration::from_secs(100_000), async {
        while !holds() {
            sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap();
}

async fn dead(inbox: &MemoryInbox) -> Vec<(DeadReason, String, u32)> {
    let letters = inbox.dead_letters(0, 100).await.unwrap();
    let described = letters
        .into_iter()
        .map(|letter| (letter.reason, letter.error, letter.attempts));
    described.collect()
}

#[tokio::test(start_paused = true)]
async fn an_event_is_handled_once_with_all_that_the_endpoint_knew() {
    let _turn = turn().await;
    let inbox = MemoryInbox::default();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let handler = {
        let seen = Arc::clone(&seen);
        // An adapter's event, as a handler behind its layer takes it.
        move |event: SmileEvent| {
            let seen = Arc::clone(&seen);
            async move {
                let described = (event.id().to_owned(), event.attempt(), event.raw().clone());
                assert!(event.received_at().is_some());
                assert!(event.data().is_ok());
                seen.lock().unwrap().push(described);
                Ok::<_, Infallible>(())
            }
        }
    };
    let worker = Worker::new(inbox.clone()).handle(handler).start();
    store_id(&inbox, "et-1").await;
    inbox.settled().await;
    worker.stop().await;
    let body = Bytes::from(sign::event_with_id("et-1"));
    assert_eq!(*seen.lock().unwrap(), [("et-1".to_owned(), 1, body)]);
}

#[tokio::test(start_paused = true)]
async fn a_new_event_is_picked_up_at_once() {
    let _turn = turn().await;
    let inbox = MemoryInbox::default();
    let runs = Runs::default();
    let worker = Worker::new(inbox.clone()).handle(succeed(&runs)).start();
    sleep(Duration::from_secs(10)).await;
    let stored = Instant::now();
    store_id(&inbox, "et-1").await;
    until(|| !runs.all().is_empty()).await;
    assert!(stored.elapsed() < Duration::from_millis(20));
    worker.stop().await;
}

fn succeed(
    runs: &Runs,
) -> impl Fn(Delivery<SmileApi>) -> std::future::Ready<Result<(), Infallible>>
+ Clone
+ Send
+ Sync
+ 'static {
    let runs = runs.clone();
    move |event| {
        runs.begin(&event);
        std::future::ready(Ok(()))
    }
}

fn fail(
    runs: &Runs,
) -> impl Fn(Delivery<SmileApi>) -> std::future::Ready<Result<(), io::Error>>
+ Clone
+ Send
+ Sync
+ 'static {
    let runs = runs.clone();
    move |event| {
        runs.begin(&event);
        std::future::ready(Err(io::Error::other("no luck")))
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_fails_waits_longer_each_time_and_is_dead_after_its_last_attempt() {
    let _turn = turn().await;
    let inbox = MemoryInbox::default();
    let runs = Runs::default();
    let begun = Instant::now();
    let worker = Worker::new(inbox.clone())
        .handle(fail(&runs))
        .max_attempts(4)
        .unwrap()
        .start();
    store_id(&inbox, "et-1").await;
    inbox.settled().await;
    worker.stop().await;
    assert_eq!(runs.attempts(), [1, 2, 3, 4]);
    // 1, 2 and 4 seconds, each a fifth more or less, and half a second to look.
    let took = begun.elapsed().as_secs_f64();
    assert!((5.6..=10.5).contains(&took), "{took}");
    let expected = (DeadReason::Failed, "no luck".to_owned(), 4);
    assert_eq!(dead(&inbox).await, [expected]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_and_a_dead_letter_are_logged_with_what_comes_next() {
    let _turn = turn().await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _subscribed = tracing::subscriber::set_default(subscriber);
    let inbox = MemoryInbox::default();
    let worker = Worker::new(inbox.clone())
        .handle(fail(&Runs::default()))
        .max_attempts(2)
        .unwrap()
        .start();
    store_id(&inbox, "et-1").await;
    inbox.settled().await;
    worker.stop().await;
    let text = log.text();
    let line = |message: &str| text.lines().find(|line| line.contains(message)).unwrap();
    let failed = line("the handler failed; it runs again");
    for part in [
        "WARN",
        r#"id="et-1""#,
        "attempt=1",
        r#"error="no luck""#,
        "retry_in=",
    ] {
        assert!(failed.contains(part), "{part}: {failed}");
    }
    let dead = line("the event is a dead letter: replay it when its handler can take it");
    for part in [
        "ERROR",
        r#"id="et-1""#,
        "attempt=2",
        r#"error="no luck""#,
        r#"reason="failed""#,
    ] {
        assert!(dead.contains(part), "{part}: {dead}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_replayed_event_has_all_its_attempts_again() {
    let _turn = turn().await;
    let inbox = MemoryInbox::default();
    let runs = Runs::default();
    let worker = Worker::new(inbox.clone())
        .handle(fail(&runs))
        .max_attempts(2)
        .unwrap()
        .start();
    store_id(&inbox, "et-1").await;
    inbox.settled().await;
    let letters = inbox.dead_letters(0, 10).await.unwrap();
    assert!(inbox.replay(letters[0].id).await.unwrap());
    inbox.settled().await;
    worker.stop().await;
    assert_eq!(runs.attempts(), [1, 2, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_error_makes_a_dead_letter_at_once() {
    let _turn = turn().await;
    let inbox = MemoryInbox::default();
    let worker = Worker::new(inbox.clone())
        .handle(|_: Delivery<SmileApi>| async { Err::<(), _>(Permanent::new("no such user")) })
        .start();
    store_id(&inbox, "et-1").await;
    inbox.settled().await;
    worker.stop().await;
    let expected = (DeadReason::Permanent, "no such user".to_owned(), 1);
    assert_eq!(dead(&inbox).await, [expected]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_run_without_end_are_attempts_that_failed() {
    let _turn = turn().await;
    let inbox = MemoryInbox::default();
    let handler = |event: Delivery<SmileApi>| async move {
        if event.id() == "et-panics" {
            panic!("as the test says");
        }
        std::future::pending::<Result<(), Infallible>>().await
    };
    let worker = Worker::new(inbox.clone())
        .handle(handler)
        .max_attempts(2)
        .unwrap()
        .timeout(Duration::from_secs(30))
        .unwrap()
        .start();
    for id in ["et-panics", "et-hangs"] {
        store_id(&inbox, id).await;
    }
    inbox.settled().await;
    worker.stop().await;
    assert_eq!(
        dead(&inbox).await,
        [
            (DeadReason::Failed, "panicked: as the test says".into(), 2),
            (
                DeadReason::Failed,
                "the handler did not end within 30s".into(),
                2
            ),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn stop_waits_for_the_runs_and_leaves_the_rest() {
    let _turn = turn().await;
    let inbox = MemoryInbox::default();
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (begun, go) = (Arc::clone(&begun), Arc::clone(&go));
        move |_: Delivery<SmileApi>| {
            let (begun, go) = (Arc::clone(&begun), Arc::clone(&go));
            async move {
                begun.notify_one();
                go.notified().await;
                Ok::<_, Infallible>(())
            }
        }
    };
    let worker = Worker::new(inbox.clone())
        .handle(handler)
        .concurrency(1)
        .unwrap()
        .start();
    for id in ["et-1", "et-2"] {
        store_id(&inbox, id).await;
    }
    begun.notified().await;
    let mut stopping = tokio::spawn(worker.stop());
    assert!(
        timeout(Duration::from_secs(5), &mut stopping)
            .await
            .is_err(),
        "a run is left"
    );
    go.notify_one();
    stopping.await.unwrap();
    assert_eq!(inbox.waiting(), 1, "the other event stays");
}

#[tokio::test(start_paused = true)]
async fn so_many_run_at_a_time_as_are_allowed() {
    let _turn = turn().await;
    let inbox = MemoryInbox::default();
    let running = Arc::new(Mutex::new((0, 0)));
    let handler = {
        let running = Arc::clone(&running);
        move |_: Delivery<SmileApi>| {
            let running = Arc::clone(&running);
            async move {
                {
                    let mut running = running.lock().unwrap();
                    running.0 += 1;
                    running.1 = running.1.max(running.0);
                }
                sleep(Duration::from_millis(100)).await;
                running.lock().unwrap().0 -= 1;
                Ok::<_, Infallible>(())
            }
        }
    };
    for id in 0..20 {
        store_id(&inbox, &format!("et-{id}")).await;
    }
    let worker = Worker::new(inbox.clone())
        .handle(handler)
        .concurrency(3)
        .unwrap()
        .start();
    inbox.settled().await;
    worker.stop().await;
    assert_eq!(running.lock().unwrap().1, 3);
}

/// Fifty events were running when their process ended.
#[tokio::test(start_paused = true)]
async fn events_of_a_process_that_ended_run_alone_and_others_go_on_in_between() {
    let _turn = turn().await;
    let inbox = MemoryInbox::default();
    for id in 0..50 {
        store_id(&inbox, &format!("et-{id}")).await;
    }
    let take = Take::new("smile-api", "default", 50);
    assert_eq!(inbox.take(take).await.unwrap().len(), 50);
    // Their process is gone.
    sleep(Duration::from_secs(16)).await;
    let running = Arc::new(Mutex::new(Vec::<(bool, usize)>::new()));
    let now = Arc::new(Mutex::new(0));
    let handler = {
        let (running, now) = (Arc::clone(&running), Arc::clone(&now));
        move |event: Delivery<SmileApi>| {
            let (running, now) = (Arc::clone(&running), Arc::clone(&now));
            async move {
                let beside = {
                    let mut now = now.lock().unwrap();
                    *now += 1;
                    *now
                };
                let is_suspect = event.attempt() > 1;
                running.lock().unwrap().push((is_suspect, beside));
                sleep(Duration::from_millis(200)).await;
                *now.lock().unwrap() -= 1;
                Ok::<_, Infallible>(())
            }
        }
    };
    for id in 50..150 {
        store_id(&inbox, &format!("et-{id}")).await;
    }
    let worker = Worker::new(inbox.clone()).handle(handler).start();
    inbox.settled().await;
    worker.stop().await;
    let running = running.lock().unwrap().clone();
    assert_eq!(running.len(), 150);
    let alone: Vec<_> = running.iter().filter(|run| run.0).collect();
    assert_eq!(alone.len(), 50);
    assert!(alone.iter().all(|run| run.1 == 1), "alone: {alone:?}");
    let first_other = running.iter().position(|run| !run.0).unwrap();
    assert!(first_other < 10, "others go on: {first_other}");
    assert!(dead(&inbox).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_lease_another_has_is_cancelled_and_changes_nothing() {
    let _turn = turn().await;
    let inbox = MemoryInbox::default();
    let runs = Runs::default();
    let outcomes = Outcomes::default();
    let handler = {
        let runs = runs.clone();
        move |event: Delivery<SmileApi>| {
            runs.begin(&event);
            sleep(Duration::from_secs(50))
        }
    };
    let handler = move |event| {
        let run = handler(event);
        async move {
            run.await;
            Ok::<_, Infallible>(())
        }
    };
    let worker = Worker::new(inbox.clone())
        .handle(handler)
        .observer(outcomes.clone())
        .start();
    store_id(&inbox, "et-1").await;
    until(|| !runs.all().is_empty()).await;
    // The lease ends unnoticed, as in a process that is frozen, and another process takes the event.
    let job = inbox.steal(1);
    until(|| !outcomes.all().is_empty()).await;
    assert_eq!(outcomes.all(), [Outcome::HandledLate]);
    let settled = inbox.settle(job, Settlement::Done).await.unwrap();
    assert_eq!(settled, Ownership::Held);
    worker.stop().await;
    assert_eq!(runs.attempts(), [1]);
}

#[derive(Clone, Default)]
struct Outcomes(Arc<Mutex<Vec<Outcome>>>);

impl Outcomes {
    fn all(&self) -> Vec<Outcome> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Outcomes {
    fn observe(&self, report: &Report<'_>) {
        self.0.lock().unwrap().push(report.outcome);
    }
}

#[tokio::test(start_paused = true)]
async fn each_run_is_reported() {
    let _turn = turn().await;
    let inbox = MemoryInbox::default();
    let outcomes = Outcomes::default();
    let handler = |event: Delivery<SmileApi>| async move {
        match event.attempt() {
            1 => Err("not yet"),
            2 => Ok(()),
            _ => unreachable!("done after the second attempt"),
        }
    };
    let worker = Worker::new(inbox.clone())
        .handle(handler)
        .observer(outcomes.clone())
        .start();
    store_id(&inbox, "et-1").await;
    inbox.settled().await;
    worker.stop().await;
    assert_eq!(outcomes.all(), [Outcome::HandlerFailed, Outcome::Handled]);
}

#[tokio::test(start_paused = true)]
async fn one_worker_handles_both_vendors_and_leaves_what_it_has_no_handler_for() {
    let _turn = turn().await;
    let inbox = MemoryInbox::default();
    store_id(&inbox, "et-1").await;
    store(&inbox, sign::smile_io(sign::customer())).await;
    let runs = Runs::default();
    let worker = Worker::new(inbox.clone()).handle(succeed(&runs)).start();
    until(|| inbox.waiting() == 1).await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(inbox.waiting(), 1);
    worker.stop().await;
    let worker = Worker::new(inbox.clone())
        .handle(succeed(&runs))
        .handle(|_: SmileEvent<SmileIo>| async { Ok::<_, Infallible>(()) })
        .start();
    store_id(&inbox, "et-2").await;
    inbox.settled().await;
    worker.stop().await;
    assert_eq!(runs.all().len(), 2);
}
