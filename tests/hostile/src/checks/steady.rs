//! A steady load for a long time.

use std::time::{Duration, Instant};

use tokio::{task::JoinSet, time::sleep_until};

use crate::{
    Framework,
    honest::{SENDERS, Seen, as_fast_as_possible, event},
    latencies::ms,
    receiver::{Program, settled},
    size::{CAPACITY, STORE_KIB, Size},
    table::Table,
};

/// L16: 70 % of the most, measured just before. In tenths of the time.
pub(crate) async fn load(program: &Program, framework: Framework, size: &Size, table: &mut Table) {
    const PARTS: u32 = 10;
    let receiver = program.start(framework, &[]);
    let address = receiver.address();
    let burst = (size.steady / 10).clamp(Duration::from_secs(2), Duration::from_secs(20));
    let most = as_fast_as_possible(address, burst).await.answers.all();
    let most = f64::from(u32::try_from(most).expect("a few")) / burst.as_secs_f64();
    let rate = most * 0.7;
    // The store fills first: growing is its task until then.
    let fills = size.steady > Duration::from_secs(60);
    if fills {
        let events = f64::from(u32::try_from(CAPACITY).expect("a few")) * 1.1;
        steadily(address, rate, Duration::from_secs_f64(events / rate)).await;
    }

    let (mut all, mut lines) = (Seen::default(), Vec::new());
    for part in 0..PARTS {
        let mut seen = steadily(address, rate, size.steady / PARTS).await;
        let p99 = seen.latencies.p99();
        // The two parts that are compared.
        let descriptors = match part {
            1 | 9 => settled(&receiver).await,
            _ => receiver.descriptors(),
        };
        lines.push((receiver.resident(), descriptors, p99));
        eprintln!(
            "  {} KiB, {} descriptors, p99 {}, {}",
            lines[lines.len() - 1].0,
            lines[lines.len() - 1].1,
            ms(p99),
            seen.answers
        );
        all.append(seen);
    }
    // The first part warms up.
    let (first, last) = (lines[1], lines[lines.len() - 1]);
    let minutes = size.steady.as_secs_f64() / 60.0;
    let reached = f64::from(u32::try_from(all.answers.all()).expect("below 4 billion"));
    table.row(
        format!(
            "{:.0} a second for {minutes:.1} min, 70 % of the most were {rate:.0}: {}",
            reached / size.steady.as_secs_f64(),
            all.answers
        ),
        "all 204",
        all.answers.are_all(204),
    );
    let grown = last.0.saturating_sub(first.0);
    let (allowed, why) = match fills {
        true => (1 << 10, "the store is full"),
        false => (STORE_KIB, "the store fills"),
    };
    table.row(
        format!("memory: {} KiB, then {} KiB", first.0, last.0),
        format!("at most {allowed} KiB more: {why}"),
        grown <= allowed,
    );
    table.row(
        format!("descriptors: {}, then {}", first.1, last.1),
        "no more",
        last.1 <= first.1,
    );
    table.note(format!("p99: {}, then {}", ms(first.2), ms(last.2)));
}

/// New events at a rate; the time of an answer counts from when its request was due.
async fn steadily(address: std::net::SocketAddr, rate: f64, time: Duration) -> Seen {
    let pause = Duration::from_secs_f64(f64::from(u32::try_from(SENDERS).unwrap()) / rate);
    let start = Instant::now();
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let offset = pause.mul_f64(f64::from(u32::try_from(sender).unwrap()) / 32.0);
        senders.spawn(async move {
            let (mut seen, mut client) = (Seen::default(), None);
            let mut due = start + offset;
            while due < start + time {
                sleep_until(due.into()).await;
                let wire = event();
                seen.send_due(&mut client, address, &wire, due).await;
                due += pause;
            }
            seen
        });
    }
    let mut all = Seen::default();
    while let Some(seen) = senders.join_next().await {
        all.append(seen.expect("it counts"));
    }
    all
}
