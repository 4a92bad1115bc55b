//! Takes events from the stream and handles them.

use std::{error::Error, future::Future, panic::AssertUnwindSafe, time::Duration};

use async_nats::jetstream::{
    AckKind, Message,
    consumer::{AckPolicy, PullConsumer, pull},
    stream::ConsumerError,
};
use futures_util::{FutureExt, StreamExt};
use smile_tower::{DeadReason, Delivery, SmileApi};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{DEAD, EVENTS, JetStreamInbox, headers};

/// Handles events, sixteen at a time, until it is dropped, which drops the handlers that run.
///
/// # Errors
///
/// If the consumer cannot be created. Later failures are logged, and it goes on.
pub async fn consume<F, Fut, Err>(inbox: &JetStreamInbox, on_event: F) -> Result<(), BoxError>
where
    F: Fn(Delivery<SmileApi>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Err>> + Send + 'static,
    Err: Into<BoxError> + Send + 'static,
{
    let consumer = consumer(inbox).await?;
    let mut workers = JoinSet::new();
    for _ in 0..AT_ONCE {
        workers.spawn(work(inbox.clone(), consumer.clone(), on_event.clone()));
    }
    while let Some(ended) = workers.join_next().await {
        ended?;
    }
    Ok(())
}

/// The consumer `smile`, which all processes share.
///
/// # Errors
///
/// If the server cannot be reached, or has a consumer of that name with other fixed settings.
pub async fn consumer(inbox: &JetStreamInbox) -> Result<PullConsumer, ConsumerError> {
    let consumer = inbox.stream().create_consumer(pull::Config {
        durable_name: Some("smile".into()),
        filter_subject: EVENTS.into(),
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        // JetStream would stop the deliveries and leave no dead letter: `handle` counts them.
        max_deliver: -1,
        // Events that wait for an attempt count as well: the default, a thousand, would stop all.
        max_ack_pending: -1,
        ..pull::Config::default()
    });
    consumer.await
}

async fn work<F, Fut, Err>(inbox: JetStreamInbox, consumer: PullConsumer, on_event: F)
where
    F: Fn(Delivery<SmileApi>) -> Fut,
    Fut: Future<Output = Result<(), Err>>,
    Err: Into<BoxError>,
{
    loop {
        // The client would send the request later, when nobody waits for its event any more.
        while !inbox.is_connected() {
            sleep(PAUSE).await;
        }
        let handled = match next(&consumer).await {
            Ok(Some(message)) => handle(&inbox, &message, &on_event).await,
            Ok(None) => Ok(()),
            Err(err) => Err(err),
        };
        if let Err(err) = handled {
            tracing::error!(%err, "an event could not be taken or settled; it comes again");
            sleep(PAUSE).await;
        }
    }
}

/// One event, so that none waits in the client while its time to be acknowledged runs. `None` if
/// none came.
async fn next(consumer: &PullConsumer) -> Result<Option<Message>, BoxError> {
    let batch = consumer.batch().max_messages(1).expires(POLL);
    batch.messages().await?.next().await.transpose()
}

async fn handle<F, Fut, Err>(
    inbox: &JetStreamInbox,
    message: &Message,
    on_event: &F,
) -> Result<(), BoxError>
where
    F: Fn(Delivery<SmileApi>) -> Fut,
    Fut: Future<Output = Result<(), Err>>,
    Err: Into<BoxError>,
{
    let attempt = message.info()?.delivered;
    let headers = message.headers.clone().unwrap_or_default();
    let number = u32::try_from(attempt).unwrap_or(u32::MAX);
    let delivery = headers::to_event(&headers, message.payload.clone())
        .and_then(|stored| Delivery::trust_stored(stored, number).ok());
    let reason = match delivery {
        None => DeadReason::NotAnEvent,
        // The process ended in the last attempt.
        Some(_) if attempt > MAX_ATTEMPTS => DeadReason::Crashed,
        Some(delivery) => match run(delivery, on_event).await {
            Ok(()) => return message.double_ack().await,
            Err(err) => {
                tracing::warn!(attempt, %err, "the handler failed");
                if attempt < MAX_ATTEMPTS {
                    let again = AckKind::Nak(Some(backoff(attempt)));
                    return message.ack_with(again).await;
                }
                DeadReason::Failed
            }
        },
    };
    let headers = headers::into_dead(headers, reason);
    inbox
        .publish(DEAD, headers, message.payload.clone())
        .await?;
    message.double_ack_with(AckKind::Term).await
}

/// A panic and a run that takes too long are errors as well.
async fn run<F, Fut, Err>(delivery: Delivery<SmileApi>, on_event: &F) -> Result<(), BoxError>
where
    F: Fn(Delivery<SmileApi>) -> Fut,
    Fut: Future<Output = Result<(), Err>>,
    Err: Into<BoxError>,
{
    let run = AssertUnwindSafe(async { on_event(delivery).await });
    match timeout(LONGEST_RUN, run.catch_unwind()).await {
        Ok(Ok(handled)) => handled.map_err(Into::into),
        Ok(Err(_)) => Err("it panicked".into()),
        Err(elapsed) => Err(elapsed.into()),
    }
}

/// One second after the first attempt, then twice as long each time, up to an hour.
fn backoff(attempt: i64) -> Duration {
    let doublings = u32::try_from(attempt - 1).unwrap_or_default().min(12);
    Duration::from_secs(1 << doublings).min(Duration::from_secs(3600))
}

type BoxError = Box<dyn Error + Send + Sync>;

/// How many handlers run at a time.
const AT_ONCE: usize = 16;

const MAX_ATTEMPTS: i64 = 15;

const LONGEST_RUN: Duration = Duration::from_secs(60);

/// When an event comes again whose process ended: later than any handler that runs.
const ACK_WAIT: Duration = Duration::from_secs(75);

/// How long a request for an event waits in the server.
const POLL: Duration = Duration::from_secs(5);

const PAUSE: Duration = Duration::from_millis(250);
