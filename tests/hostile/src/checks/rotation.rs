//! A new secret while deliveries come as fast as they are answered.

use std::time::Instant;

use smile_conformance::sign;
use tokio::{sync::watch, task::JoinSet, time::sleep};

use crate::{
    Framework,
    client::Client,
    honest::{SENDERS, Seen},
    latencies::secs,
    receiver::Program,
    size::{MARGIN, Size},
    table::Table,
};

const OLD: &str = "the old secret";
const NEW: &str = "the new secret";

/// L11: three processes after one another, as a deployment replaces them: with the old secret, with both,
/// with the new one. Senders go to the next process before the last one gets SIGTERM.
pub(crate) async fn rotation(
    program: &Program,
    framework: Framework,
    size: &Size,
    table: &mut Table,
) {
    let secrets = [&[OLD][..], &[NEW, OLD], &[NEW]];
    let start = |secrets: &[&'static str]| {
        let flags = secrets
            .iter()
            .flat_map(|secret| ["--smile-api-secret", *secret]);
        program.start(framework, &flags.collect::<Vec<_>>())
    };
    let mut receiver = start(secrets[0]);
    // Where to send, and signed with which secret.
    let (goal, goals) = watch::channel((receiver.address(), OLD));
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let goals = goals.clone();
        senders.spawn(async move {
            let (mut seen, mut client, mut last) = (Seen::default(), None, *goals.borrow());
            while goals.has_changed().is_ok() {
                let (address, secret) = *goals.borrow();
                if address != last.0 {
                    client = None;
                }
                last = (address, secret);
                let wire = sign::smile_api_with(secret, sign::event()).to_wire();
                seen.send(&mut client, address, &wire).await;
            }
            seen
        });
    }
    drop(goals);
    let begun = Instant::now();
    let mut all_ended = true;
    for secrets in &secrets[1..] {
        sleep(size.rotation).await;
        let next = start(secrets);
        let signs = goal.borrow().1;
        goal.send_replace((next.address(), signs));
        // Each sender has its answer, and goes.
        sleep(MARGIN / 4).await;
        receiver.terminate();
        all_ended &= receiver
            .ended(MARGIN * 5)
            .await
            .is_some_and(|status| status.success());
        receiver = next;
        sleep(size.rotation).await;
        // The vendor signs with the new one from now on.
        goal.send_replace((receiver.address(), NEW));
    }
    sleep(size.rotation).await;
    drop(goal);
    let mut seen = Seen::default();
    while let Some(sender) = senders.join_next().await {
        seen.append(sender.expect("it counts"));
    }
    let rate = seen.answers.all() / usize::try_from(begun.elapsed().as_secs().max(1)).unwrap();
    table.row(
        format!(
            "rotation in {}, {rate} a second: {}",
            secs(begun.elapsed()),
            seen.answers
        ),
        "all 204: none refused that a live secret signs",
        seen.answers.are_all(204),
    );
    let mut client = Client::connect(receiver.address())
        .await
        .expect("it listens");
    let old = client
        .send(&sign::smile_api_with(OLD, sign::event()).to_wire())
        .await;
    table.row(
        format!(
            "the old secret afterwards: {}; the replaced processes: {}",
            old.as_ref().map_or(0, |status| *status),
            if all_ended { "ended" } else { "hang" }
        ),
        "401; ended",
        matches!(old, Ok(401)) && all_ended,
    );
}
