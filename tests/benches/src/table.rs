//! The table: every way to receive, in this process, on one thread.

use std::{collections::BTreeMap, process::ExitCode};

use crate::{
    body::{Size, Template},
    delivery::{Delivery, Kind},
    receiver::{
        Depth::{Envelope, Typed},
        Framework::{Actix, Axum},
        Handoff::{self, Deduplicated, Direct},
        Peer::{RequestSignature, WebhookVerify, WebhookVerifyBytes},
        Receiver::{self, ByHand, Ours, Peer},
    },
    statistics::{median, ratio},
    subject::Subject,
    targets,
};

/// Microseconds for one delivery, a value for each round.
pub(crate) type Times = BTreeMap<(Size, Receiver), Vec<f64>>;

/// The default memory. It is filled first, so that each event has another forgotten.
pub(crate) const FULL: Handoff = Deduplicated { capacity: 100_000 };

const ROWS: [Receiver; 14] = [
    ByHand(Axum, Typed),
    ByHand(Axum, Envelope),
    Ours(Axum, Direct, Typed),
    Ours(Axum, Direct, Envelope),
    Ours(Axum, FULL, Envelope),
    Peer(WebhookVerify(Axum)),
    Peer(WebhookVerifyBytes),
    ByHand(Actix, Typed),
    ByHand(Actix, Envelope),
    Ours(Actix, Direct, Typed),
    Ours(Actix, Direct, Envelope),
    Ours(Actix, FULL, Envelope),
    Peer(WebhookVerify(Actix)),
    Peer(RequestSignature),
];

/// Measures, and prints the table and the targets as markdown.
pub fn table(arguments: impl Iterator<Item = String>) -> ExitCode {
    let (mut rounds, mut check) = (61, false);
    for flag in arguments {
        match flag.as_str() {
            "--quick" => rounds = 3,
            "--check" => check = true,
            _ => {
                eprintln!("Usage: smile-benches [--quick] [--check]");
                return ExitCode::from(2);
            }
        }
    }
    let times = actix_web::rt::System::new().block_on(measure(rounds));
    print(&times);
    let all_hold = targets::print(&times);
    if check && !all_hold {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn rows() -> impl Iterator<Item = Receiver> {
    ROWS.into_iter()
        .filter(|row| cfg!(feature = "peers") || !matches!(row, Peer(_)))
}

async fn measure(rounds: u32) -> Times {
    let mut subjects = Vec::new();
    for row in rows() {
        let mut subject = row.open().await;
        if let Ours(_, Deduplicated { capacity }, _) = row {
            fill(subject.as_mut(), capacity).await;
        }
        subjects.push((row, subject));
    }
    let mut times = Times::new();
    for size in Size::ALL {
        let (template, count) = (size.template(), deliveries_in_a_lap(size));
        // The first round warms up.
        for round in 0..=rounds {
            let deliveries = deliveries(&template, count);
            // In any order: each receiver leaves its mark on caches and on the allocator.
            fastrand::shuffle(&mut subjects);
            for (row, subject) in &mut subjects {
                let lap = subject.lap(&deliveries).await;
                if round > 0 {
                    let time = lap.time.as_secs_f64() * 1e6 / f64::from(count);
                    times.entry((size, *row)).or_default().push(time);
                }
            }
        }
        eprintln!("{size} done");
    }
    times
}

/// Some ten milliseconds of work. The first deliveries find the caches full of what ran before.
fn deliveries_in_a_lap(size: Size) -> u32 {
    match size {
        Size::B281 => 512,
        Size::K8 => 96,
        Size::K112 => 48,
        Size::M1 => 3,
    }
}

fn deliveries(template: &Template, count: u32) -> Vec<Delivery> {
    (0..count)
        .map(|_| Delivery::new(Kind::Good, template.next()))
        .collect()
}

async fn fill(subject: &mut dyn Subject, events: usize) {
    let template = Size::B281.template();
    for _ in 0..events.div_ceil(1000) {
        subject.lap(&deliveries(&template, 1000)).await;
    }
}

/// Times and, in parentheses, their ratios to the typed handler by hand on the same framework.
fn print(times: &Times) {
    let sizes = Size::ALL.map(|size| size.to_string());
    println!("| us for one delivery | {} |", sizes.join(" | "));
    println!("|---|---|---|---|---|");
    let mut base = ROWS[0];
    for row in rows() {
        if matches!(row, ByHand(_, Typed)) {
            base = row;
        }
        let cells = Size::ALL.map(|size| {
            let (time, base) = (&times[&(size, row)], &times[&(size, base)]);
            let ratio = ratio(time, base);
            let time = median(time);
            let decimals = if time < 100.0 { 2 } else { 0 };
            format!("{time:.decimals$} ({ratio:.2}x)")
        });
        println!("| {row} | {} |", cells.join(" | "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_accepts_deliveries_of_every_size() {
        actix_web::rt::System::new().block_on(async {
            for row in rows() {
                let mut subject = row.open().await;
                for size in Size::ALL {
                    subject.lap(&deliveries(&size.template(), 2)).await;
                }
            }
        });
    }
}
