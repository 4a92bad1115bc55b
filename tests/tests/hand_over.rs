//! Claim, run, settle: with stores that count, fail, panic or answer late.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

use std::{
    convert::Infallible,
    future::{Future, pending, ready},
    num::NonZeroUsize,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use smile_conformance::{Request, as_head, sign};
use smile_core::{
    Claim, DedupeBy, DedupeStore, Delivery, EventKey, Fingerprint, Intake, IntakeBuilder,
    IntakeResponse, MemoryDedupe, Observer, Outcome, Ownership, Reason, RejectionKind, Report,
    Secret, SmileApi, SmileIo, StoreError, Token, Vendor,
};
use tokio::{
    sync::Notify,
    task::{JoinSet, yield_now},
    time::{Instant, sleep, timeout},
};

/// A memory whose steps can be made to fail, and are counted.
#[derive(Clone)]
struct Store(Arc<Shared>);

struct Shared {
    memory: MemoryDedupe,
    behaviour: Mutex<Behaviour>,
    claims: AtomicUsize,
    releases: AtomicUsize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Behaviour {
    Works,
    /// Claims take effect, and their answers come after 3 s.
    ClaimsAnswerLate,
    /// Finishing finds that another has taken the claim.
    FinishIsLost,
    FinishFails,
    ReleaseFailsOnce,
    LeaseLeft(Duration),
    Panics,
}

impl Store {
    fn new(behaviour: Behaviour) -> Self {
        Self(Arc::new(Shared {
            memory: MemoryDedupe::bounded(NonZeroUsize::new(100).unwrap()),
            behaviour: Mutex::new(behaviour),
            claims: AtomicUsize::new(0),
            releases: AtomicUsize::new(0),
        }))
    }

    fn behave(&self, behaviour: Behaviour) {
        *self.0.behaviour.lock().unwrap() = behaviour;
    }

    fn behaviour(&self) -> Behaviour {
        *self.0.behaviour.lock().unwrap()
    }

    fn claims(&self) -> usize {
        self.0.claims.load(Ordering::SeqCst)
    }
}

impl DedupeStore for Store {
    async fn claim(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        self.0.claims.fetch_add(1, Ordering::SeqCst);
        assert!(lease <= HUNDRED_YEARS, "{lease:?}");
        let claim = self.0.memory.claim(key, token, fingerprint, lease).await;
        match self.behaviour() {
            Behaviour::ClaimsAnswerLate => sleep(Duration::from_secs(3)).await,
            Behaviour::LeaseLeft(lease_left) => return Ok(Claim::InFlight { lease_left }),
            Behaviour::Panics => panic!("the store"),
            _ => {}
        }
        claim
    }

    async fn extend(
        &self,
        key: &EventKey,
        token: Token,
        lease: Duration,
    ) -> Result<Ownership, StoreError> {
        self.0.memory.extend(key, token, lease).await
    }

    async fn finish(
        &self,
        key: &EventKey,
        token: Token,
        fingerprint: Fingerprint,
        retention: Duration,
    ) -> Result<Ownership, StoreError> {
        assert!(retention <= HUNDRED_YEARS, "{retention:?}");
        match self.behaviour() {
            Behaviour::FinishFails => Err(StoreError::new("the disk is full")),
            Behaviour::FinishIsLost => Ok(Ownership::Lost),
            _ => {
                self.0
                    .memory
                    .finish(key, token, fingerprint, retention)
                    .await
            }
        }
    }

    async fn release(&self, key: &EventKey, token: Token) -> Result<Ownership, StoreError> {
        self.0.releases.fetch_add(1, Ordering::SeqCst);
        if self.behaviour() == Behaviour::ReleaseFailsOnce {
            self.behave(Behaviour::Works);
            return Err(StoreError::new("the connection broke"));
        }
        self.0.memory.release(key, token).await
    }
}

const HUNDRED_YEARS: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

struct Whole(Option<Bytes>);

impl Stream for Whole {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

/// The outcomes reported.
#[derive(Clone, Default)]
struct Outcomes(Arc<Mutex<Vec<Outcome>>>);

impl Observer for Outcomes {
    fn observe(&self, report: &Report<'_>) {
        self.0.lock().unwrap().push(report.outcome);
    }
}

fn smile_api() -> IntakeBuilder<SmileApi> {
    Intake::smile_api(Secret::new(sign::SECRET).unwrap())
}

fn with(store: &Store) -> Intake<SmileApi> {
    smile_api().deduplicate(store.clone()).build()
}

async fn received<V: Vendor>(intake: &Intake<V>, request: &Request) -> Delivery<V> {
    let admitted = intake.admit(&as_head(request)).unwrap();
    let body = Whole(Some(request.body.bytes().into()));
    intake.receive(admitted, body).await.unwrap()
}

fn status(status: &u16) -> Option<u16> {
    Some(*status)
}

/// Delivers a request whose handler does `run`.
async fn deliver<V: Vendor, Fut: Future<Output = u16>>(
    intake: &Intake<V>,
    request: &Request,
    run: impl FnOnce() -> Fut,
) -> IntakeResponse<u16> {
    let delivery = received(intake, request).await;
    intake.clone().hand_over(delivery, |_| run(), status).await
}

#[track_caller]
fn refused(answer: IntakeResponse<u16>) -> smile_core::Rejection {
    match answer {
        IntakeResponse::Rejected(rejection) => rejection,
        other => panic!("it was not refused: {other:?}"),
    }
}

#[track_caller]
fn is_duplicate(answer: &IntakeResponse<u16>) -> bool {
    matches!(answer, IntakeResponse::Reply(reply)
        if reply.status() == 200 && reply.headers().any(|(name, _)| name == "smile-duplicate"))
}

#[tokio::test(start_paused = true)]
async fn deliveries_refused_at_once_cause_one_question_each() {
    let store = Store::new(Behaviour::Works);
    let intake = with(&store);
    let event = sign::smile_api(sign::event());
    let end = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    let spawn = |tasks: &mut JoinSet<_>| {
        let (intake, event, end) = (intake.clone(), event.clone(), Arc::clone(&end));
        tasks.spawn(async move {
            let run = || async move {
                end.notified().await;
                204
            };
            deliver(&intake, &event, run).await
        });
    };
    // One has the event, and 64 wait for it.
    for _ in 0..65 {
        spawn(&mut tasks);
        yield_now().await;
    }
    assert_eq!(store.claims(), 65);
    for _ in 0..1000 {
        spawn(&mut tasks);
    }
    for _ in 0..1000 {
        let rejection = refused(tasks.join_next().await.unwrap().unwrap());
        assert_eq!(rejection.reason(), &Reason::TooManyWaiting);
    }
    let further = store.claims() - 65;
    assert!(further <= 1001, "{further} questions for 1,000 deliveries");

    end.notify_one();
    let mut answers = tasks.join_all().await;
    answers.retain(|answer| !is_duplicate(answer));
    assert!(
        matches!(answers[..], [IntakeResponse::Handler(204)]),
        "{answers:?}"
    );
    assert!(store.claims() - 65 - further <= 1, "one asks for all");
}

#[tokio::test(start_paused = true)]
async fn one_waiter_asks_the_store_for_all() {
    let store = Store::new(Behaviour::Works);
    let intake = with(&store);
    let event = sign::smile_api(sign::event());
    // Another replica has the event.
    let replica = with(&store);
    let mut first = Box::pin(deliver(&replica, &event, pending));
    let poll = std::future::poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx))).await;
    assert!(poll.is_pending());
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let (intake, event) = (intake.clone(), event.clone());
        tasks.spawn(async move { deliver(&intake, &event, || ready(204)).await });
    }
    for answer in tasks.join_all().await {
        assert_eq!(refused(answer).reason(), &Reason::FirstRunPending);
    }
    // In two seconds, every 100 ms at the most often but for the first.
    let polls = store.claims() - 65;
    assert!((15..=30).contains(&polls), "{polls}");
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_answer_came_too_late_is_released() {
    let store = Store::new(Behaviour::ClaimsAnswerLate);
    let intake = with(&store);
    let event = sign::smile_api(sign::event());
    let rejection = refused(deliver(&intake, &event, || ready(204)).await);
    assert_eq!(rejection.reason(), &Reason::ClaimFailed);
    store.behave(Behaviour::Works);
    // The sender comes back when it was asked to.
    sleep(rejection.retry_after().unwrap()).await;
    let answer = deliver(&intake, &event, || ready(204)).await;
    assert!(matches!(answer, IntakeResponse::Handler(204)), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_failed_is_tried_again() {
    let store = Store::new(Behaviour::ReleaseFailsOnce);
    let intake = with(&store);
    let event = sign::smile_api(sign::event());
    let answer = deliver(&intake, &event, || ready(500)).await;
    assert!(matches!(answer, IntakeResponse::Handler(500)), "{answer:?}");
    sleep(Duration::from_secs(5)).await;
    let answer = deliver(&intake, &event, || ready(204)).await;
    assert!(matches!(answer, IntakeResponse::Handler(204)), "{answer:?}");
}

#[tokio::test]
async fn a_claim_lost_at_the_end_is_reported_as_handled_late() {
    let outcomes = Outcomes::default();
    let intake = smile_api()
        .deduplicate(Store::new(Behaviour::FinishIsLost))
        .observer(outcomes.clone())
        .build();
    let answer = deliver(&intake, &sign::smile_api(sign::event()), || ready(204)).await;
    assert!(matches!(answer, IntakeResponse::Handler(204)), "{answer:?}");
    assert_eq!(*outcomes.0.lock().unwrap(), [Outcome::HandledLate]);
}

#[tokio::test]
async fn an_event_whose_end_cannot_be_noted_is_answered_503_with_the_cause() {
    let intake = with(&Store::new(Behaviour::FinishFails));
    let answer = deliver(&intake, &sign::smile_api(sign::event()), || ready(204)).await;
    let rejection = refused(answer);
    assert_eq!(rejection.reason(), &Reason::ConfirmFailed);
    assert_eq!(rejection.retry_after(), Some(Duration::from_secs(5)));
    let store: &dyn std::error::Error = &rejection;
    let cause = store.source().and_then(std::error::Error::source).unwrap();
    assert_eq!(cause.to_string(), "the disk is full");
}

#[tokio::test(start_paused = true)]
async fn a_waiter_without_its_body_gives_the_event_back_when_the_first_run_fails() {
    let store = Store::new(Behaviour::Works);
    let intake = with(&store);
    let id = sign::fresh_id();
    let small = sign::smile_api(sign::event_with_id(&id));
    let large = sign::smile_api(sign::event_with_id(&id) + &" ".repeat(100_000));
    let first = deliver(&intake, &small, || async {
        sleep(Duration::from_millis(500)).await;
        500
    });
    let second = async {
        sleep(Duration::from_millis(100)).await;
        deliver(&intake, &large, || ready(204)).await
    };
    let (first, second) = tokio::join!(first, second);
    assert!(matches!(first, IntakeResponse::Handler(500)), "{first:?}");
    assert_eq!(refused(second).reason(), &Reason::FirstRunFailed);
    let again = deliver(&intake, &large, || ready(204)).await;
    assert!(matches!(again, IntakeResponse::Handler(204)), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_ends_at_its_deadline() {
    let deadline = Duration::from_secs(7);
    let intake = smile_api().handler_timeout(deadline).unwrap().build();
    let begun = Instant::now();
    let answer = deliver(&intake, &sign::smile_api(sign::event()), pending).await;
    assert_eq!(refused(answer).reason(), &Reason::HandlerSlow { deadline });
    let took = begun.elapsed();
    let later = deadline + Duration::from_millis(10);
    assert!((deadline..later).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn drain_waits_for_a_handler_that_runs() {
    let intake = smile_api().build();
    let event = sign::smile_api(sign::event());
    let begun = Instant::now();
    let run = deliver(&intake, &event, || async {
        sleep(Duration::from_secs(5)).await;
        204
    });
    let drained = async {
        sleep(Duration::from_secs(1)).await;
        intake.drain().await;
        begun.elapsed().as_secs()
    };
    let (answer, drained) = tokio::join!(run, drained);
    assert!(matches!(answer, IntakeResponse::Handler(204)), "{answer:?}");
    assert_eq!(drained, 5);
}

#[test]
fn only_a_run_under_a_claim_outlives_its_sender() {
    assert!(smile_api().build().outlives_sender());
    assert!(!smile_api().direct().build().outlives_sender());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_runs_longer_than_the_lease_keeps_its_claim() {
    let store = Store::new(Behaviour::Works);
    let intake = with(&store);
    let event = sign::smile_api(sign::event());
    let run = || async {
        sleep(Duration::from_secs(50)).await;
        204
    };
    let first = deliver(&intake, &event, run);
    let others = async {
        for _ in 0..9 {
            sleep(Duration::from_secs(3)).await;
            let answer = deliver(&intake, &event, || ready(204)).await;
            assert_eq!(refused(answer).reason(), &Reason::FirstRunPending);
        }
    };
    let (first, ()) = tokio::join!(first, others);
    assert!(matches!(first, IntakeResponse::Handler(204)), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_what_is_left_of_the_lease_rounded_up() {
    for (millis, seconds) in [
        (1, 1),
        (999, 1),
        (1000, 1),
        (1001, 2),
        (14_200, 15),
        (60_000, 30),
    ] {
        let left = Behaviour::LeaseLeft(Duration::from_millis(millis));
        let intake = with(&Store::new(left));
        let rejection =
            refused(deliver(&intake, &sign::smile_api(sign::event()), || ready(204)).await);
        let wait = Duration::from_secs(seconds);
        assert_eq!(rejection.retry_after(), Some(wait), "{millis} ms");
    }
}

#[tokio::test]
async fn whatever_the_application_plugs_in_may_panic() {
    struct Panics;
    impl Observer for Panics {
        fn observe(&self, _: &Report<'_>) {
            panic!("the observer");
        }
    }
    let event = sign::smile_api(sign::event());

    let intake = smile_api().observer(Panics).build();
    let answer = deliver(&intake, &event, || ready(204)).await;
    assert!(matches!(answer, IntakeResponse::Handler(204)), "{answer:?}");
    let unsigned = event.clone().without("smile-signature");
    let rejection = intake.admit(&as_head(&unsigned)).unwrap_err();
    assert_eq!(rejection.kind(), RejectionKind::Signature);

    let intake = smile_api()
        .dedupe_by(|_| -> DedupeBy { panic!("the key") })
        .build();
    let rejection = refused(deliver(&intake, &event, || ready(204)).await);
    assert_eq!(rejection.reason(), &Reason::DedupeByPanicked);
    assert_eq!(rejection.status(), 500);

    let intake = with(&Store::new(Behaviour::Panics));
    let rejection = refused(deliver(&intake, &event, || ready(204)).await);
    assert_eq!(rejection.kind(), RejectionKind::StoreUnavailable);
    let causes: Vec<_> = causes(&rejection).collect();
    assert_eq!(causes.last().unwrap(), "panicked: the store");
}

fn causes(err: &dyn std::error::Error) -> impl Iterator<Item = String> {
    std::iter::successors(Some(err), |err| err.source()).map(ToString::to_string)
}

#[tokio::test(start_paused = true)]
async fn no_setting_overflows() {
    let extremes = [
        Duration::MAX,
        Duration::from_secs(u64::MAX / 2),
        Duration::from_nanos(1),
    ];
    for extreme in extremes {
        let lease = extreme.max(Duration::from_secs(1));
        let wait = if extreme > Duration::from_secs(1) {
            Duration::ZERO
        } else {
            extreme
        };
        for (body, handler, retention, wait) in [
            (
                extreme,
                Duration::from_secs(60),
                Duration::from_secs(60),
                wait,
            ),
            (
                Duration::from_secs(60),
                extreme,
                Duration::from_secs(60),
                wait,
            ),
            (
                Duration::from_secs(60),
                Duration::from_secs(60),
                extreme,
                wait,
            ),
            (
                Duration::from_secs(60),
                Duration::from_secs(60),
                Duration::from_secs(60),
                extreme,
            ),
        ] {
            let intake = smile_api()
                .deduplicate(MemoryDedupe::bounded(NonZeroUsize::MAX))
                .body_limit(usize::MAX)
                .unwrap()
                .body_timeout(body)
                .unwrap()
                .lease(lease)
                .unwrap()
                .handler_timeout(handler)
                .unwrap()
                .retention(retention)
                .unwrap()
                .wait_for_first_run(wait)
                .max_event_age(extreme.max(Duration::from_secs(u64::MAX / 4)))
                .unwrap()
                .build();
            let event = sign::smile_api(sign::event());
            let run = || async {
                yield_now().await;
                204
            };
            let first = deliver(&intake, &event, run);
            let second = timeout(Duration::from_secs(1), async {
                deliver(&intake, &event, || ready(204)).await
            });
            let (first, second) = tokio::join!(first, second);
            match first {
                IntakeResponse::Handler(204) => {}
                other => assert_eq!(handler, Duration::from_nanos(1), "{other:?}"),
            }
            let _answered_whatever_it_was = second.unwrap();
        }
        let intake = Intake::smile_io(Secret::new(sign::SECRET).unwrap())
            .tolerance(Duration::MAX)
            .build();
        let answer = deliver(&intake, &sign::smile_io(sign::customer()), || ready(204)).await;
        assert!(matches!(answer, IntakeResponse::Handler(204)), "{answer:?}");
        let left = with(&Store::new(Behaviour::LeaseLeft(extreme)));
        let answer = deliver(&left, &sign::smile_api(sign::event()), || ready(204)).await;
        assert_eq!(refused(answer).reason(), &Reason::FirstRunPending);
    }
}

#[tokio::test]
async fn a_store_is_asked_for_no_more_than_a_hundred_years() {
    let intake = smile_api()
        .deduplicate(Store::new(Behaviour::Works))
        .lease(Duration::MAX)
        .and_then(|builder| builder.retention(Duration::MAX))
        .unwrap()
        .build();
    let answer = deliver(&intake, &sign::smile_api(sign::event()), || ready(204)).await;
    assert!(matches!(answer, IntakeResponse::Handler(204)), "{answer:?}");
}

/// Smile.io signs each attempt anew, with a new timestamp.
#[tokio::test]
async fn an_event_that_is_signed_anew_is_no_reuse_of_its_id() {
    let outcomes = Outcomes::default();
    let intake: Intake<SmileIo> = Intake::smile_io(Secret::new(sign::SECRET).unwrap())
        .tolerance(Duration::MAX)
        .dedupe_by(|event| DedupeBy::Text(event.event_name().to_owned()))
        .observer(outcomes.clone())
        .build();
    let body = sign::customer();
    let later = (sign::NOW + 60).to_string();
    for request in [
        sign::smile_io(body.clone()),
        sign::smile_io_at(&later, body),
        sign::smile_io(sign::customer()),
    ] {
        let _ = deliver(&intake, &request, || ready(204)).await;
    }
    let expected = [Outcome::Handled, Outcome::Duplicate, Outcome::IdReuse];
    assert_eq!(*outcomes.0.lock().unwrap(), expected);
}
