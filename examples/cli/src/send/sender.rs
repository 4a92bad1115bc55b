//! Delivers events as the vendors do: again after a failure, several at a time.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use http::Uri;
use smile_core::Secret;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use super::{
    delivery::{Delivery, Expected, Outcome},
    events::PING,
    fault::Limits,
    report::Report,
    request::{Manner, Request},
    transport::{Answer, Transport},
};
use crate::{failure::Failure, vendor::Vendor};

/// An address and a secret.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) to: Uri,
    pub(crate) secret: Secret,
}

/// How deliveries are sent.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    pub(crate) concurrency: usize,
    /// Events per second.
    pub(crate) rate: Option<f64>,
    /// How often each event is sent again after it was accepted.
    pub(crate) duplicates: u32,
    /// Whether a failure is sent again, and the first wait.
    pub(crate) resend_after: Option<Duration>,
    pub(crate) chunked: bool,
}

/// Sends deliveries, each to its vendor's endpoint.
pub(crate) struct Sender {
    pub(crate) transport: Transport,
    pub(crate) smile_api: Option<Endpoint>,
    pub(crate) smile_io: Option<Endpoint>,
    pub(crate) pace: Pace,
    pub(crate) limits: Limits,
}

impl Sender {
    /// Sends all, and reports each outcome as it comes.
    pub(crate) async fn send_all(
        self: Arc<Self>,
        deliveries: impl Iterator<Item = Result<Delivery, Failure>>,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let mut ticks = self.pace.rate.map(|rate| {
            let mut ticks = interval(Duration::from_secs_f64(1.0 / rate));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
        let mut running = JoinSet::new();
        for delivery in deliveries {
            let delivery = delivery?;
            if let Some(ticks) = &mut ticks {
                ticks.tick().await;
            }
            while running.len() >= self.pace.concurrency {
                report.add(joined(running.join_next()).await?);
            }
            while let Some(done) = running.try_join_next() {
                report.add(joined(async { Some(done) }).await?);
            }
            let sender = Arc::clone(&self);
            running.spawn(async move { sender.deliver(&delivery).await });
        }
        while !running.is_empty() {
            report.add(joined(running.join_next()).await?);
        }
        Ok(())
    }

    /// All attempts for one event.
    pub(crate) async fn deliver(&self, delivery: &Delivery) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut attempt = 1;
        let mut repeated = 0;
        let mut resent = 0;
        loop {
            let mut outcome = self.attempt(delivery, attempt).await?;
            let is_ok = outcome.ok;
            let wait = self.wait_before(resent, delivery).filter(|_| !is_ok);
            let is_repeated = is_ok && delivery.fault.is_none() && repeated < self.pace.duplicates;
            outcome.is_sent_again = wait.is_some();
            outcomes.push(outcome);
            if let Some(wait) = wait {
                resent += 1;
                sleep(wait).await;
            } else if is_repeated {
                repeated += 1;
            } else {
                return Ok(outcomes);
            }
            attempt += 1;
        }
    }

    /// The wait before the next attempt, after this many further ones; `None` if the vendor gives
    /// up.
    fn wait_before(&self, resent: u32, delivery: &Delivery) -> Option<Duration> {
        let first = self
            .pace
            .resend_after
            .filter(|_| delivery.fault.is_none())?;
        // A ping is sent once, when the webhook is made.
        if delivery.event_type == PING {
            return None;
        }
        match delivery.vendor {
            // Two more attempts (Smile API's webhooks page).
            Vendor::SmileApi => (resent < 2).then_some(first),
            // It backs off for 24 hours (Smile.io's webhooks guide); nobody waits that long here.
            Vendor::SmileIo => (resent < 4).then(|| first.saturating_mul(2_u32.pow(resent))),
        }
    }

    async fn attempt(&self, delivery: &Delivery, attempt: u32) -> Result<Outcome, Failure> {
        let vendor = delivery.vendor;
        let endpoint = match vendor {
            Vendor::SmileApi => &self.smile_api,
            Vendor::SmileIo => &self.smile_io,
        };
        let endpoint = endpoint
            .as_ref()
            .ok_or_else(|| Failure::usage(format!("there is no endpoint of {}", vendor.title())))?;
        let mut request = match delivery.fault {
            None => Request::signed(vendor, &endpoint.secret, delivery.body.clone()),
            Some(fault) => fault.request(vendor, &endpoint.secret, &delivery.body, self.limits)?,
        };
        if self.pace.chunked && request.manner == Manner::Whole {
            request.manner = Manner::Chunked;
        }
        let expected = Expected::of(delivery.fault, self.limits);
        let begun = Instant::now();
        let answer: Result<Answer, String> = self.transport.send(&endpoint.to, request).await;
        let took = begun.elapsed();
        let status = answer.as_ref().ok().map(|answer| answer.status);
        Ok(Outcome {
            vendor,
            event_type: delivery.event_type.clone(),
            fault: delivery.fault.map(|fault| fault.name()),
            status,
            expected,
            ok: status.is_some_and(|status| expected.is_met_by(status)),
            duplicate: answer.as_ref().is_ok_and(|answer| answer.is_duplicate),
            ms: (took.as_secs_f64() * 10_000.0).round() / 10.0,
            attempt,
            error: answer.err(),
            is_sent_again: false,
        })
    }
}

/// A task's result; a task that panicked is a failure.
async fn joined(
    next: impl Future<Output = Option<Result<Result<Vec<Outcome>, Failure>, tokio::task::JoinError>>>,
) -> Result<Vec<Outcome>, Failure> {
    match next.await {
        Some(Ok(result)) => result,
        Some(Err(err)) => Err(Failure::failed(err)),
        None => Ok(Vec::new()),
    }
}
