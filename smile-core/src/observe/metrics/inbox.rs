//! The gauges of an inbox.

use ::metrics::{Unit, describe_gauge, gauge};

use super::number;
use crate::{QueueStats, clock};

pub(super) fn describe() {
    describe_gauge!(WAITING, "Events in the inbox that wait for a run.");
    describe_gauge!(RUNNING, "Events in the inbox whose handlers run.");
    describe_gauge!(DEAD, "Dead letters in the inbox.");
    let text = "The time since the oldest waiting event was received; 0 where none waits.";
    describe_gauge!(OLDEST, Unit::Seconds, text);
}

pub(super) fn record(stats: QueueStats, vendor: &'static str, scope: &str) {
    let oldest = stats.oldest_received_at;
    let age = oldest.and_then(|at| clock::now().duration_since(at).ok());
    for (name, value) in [
        (WAITING, number(stats.waiting)),
        (RUNNING, number(stats.running)),
        (DEAD, number(stats.dead)),
        (OLDEST, age.unwrap_or_default().as_secs_f64()),
    ] {
        gauge!(name, "vendor" => vendor, "scope" => scope.to_owned()).set(value);
    }
}

const WAITING: &str = "smile_inbox_waiting_events";
const RUNNING: &str = "smile_inbox_running_events";
const OLDEST: &str = "smile_inbox_oldest_waiting_seconds";
const DEAD: &str = "smile_inbox_dead_letters";
