//! Genuine events, more than the store remembers.

use std::time::Instant;

use smile_conformance::sign;
use tokio::task::JoinSet;

use crate::{
    Framework,
    answers::Answers,
    client::Client,
    honest::{SENDERS, Seen},
    receiver::{Program, Receiver},
    size::{CAPACITY, STORE_KIB, Size},
    table::Table,
};

/// L7: distinct events.
pub(crate) async fn flood(program: &Program, framework: Framework, size: &Size, table: &mut Table) {
    let receiver = program.start(framework, &[]);
    send(&receiver, 0..500).await;
    let before = receiver.resident();
    let start = Instant::now();
    // Twice as many as it remembers, so that it has evicted as well as grown.
    let first = size.events.min(2 * CAPACITY);
    let mut seen = send(&receiver, 500..first).await;
    let full = receiver.resident();
    seen.append(send(&receiver, first..size.events).await);
    let after = receiver.resident();
    let rate = seen.answers.all() / usize::try_from(start.elapsed().as_secs().max(1)).unwrap();
    table.row(
        format!("distinct events, {rate} a second: {}", seen.answers),
        "all 204",
        seen.answers.are_all(204),
    );
    let grown = full.saturating_sub(before);
    table.row(
        format!("memory for {} of them: {grown} KiB", first.min(CAPACITY)),
        format!("at most {STORE_KIB} KiB, what {CAPACITY} may take"),
        grown <= STORE_KIB,
    );
    if first < size.events {
        let grown = after.saturating_sub(full);
        table.row(
            format!("memory for {} more: {grown} KiB", size.events - first),
            "at most 5 MiB",
            grown <= 5 << 10,
        );
    }
    let newest = size.events.saturating_sub(CAPACITY.min(1000))..size.events;
    let again = send(&receiver, newest).await.answers;
    table.row(
        format!("the newest once more: {again}"),
        "all 200",
        again.are_all(200),
    );
    if size.events > CAPACITY {
        let mut client = Client::connect(receiver.address())
            .await
            .expect("it listens");
        let mut answers = Answers::default();
        for at in [0, 1, 2] {
            answers.add(&client.send(&wire(at)).await);
        }
        table.row(
            format!("the oldest once more: {answers}"),
            "204: forgotten",
            answers.are_all(204),
        );
    }
}

async fn send(receiver: &Receiver, events: std::ops::Range<usize>) -> Seen {
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let (address, own) = (
            receiver.address(),
            events.clone().skip(sender).step_by(SENDERS),
        );
        senders.spawn(async move {
            let (mut seen, mut client) = (Seen::default(), None);
            for at in own {
                let wire = wire(at);
                seen.send(&mut client, address, &wire).await;
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

fn wire(at: usize) -> Vec<u8> {
    sign::smile_api(sign::event_with_id(&format!("et-flood-{at}"))).to_wire()
}
