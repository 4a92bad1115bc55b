//! Senders that go away.

use std::time::{Duration, Instant};

use smile_conformance::sign;
use tokio::time::sleep;

use crate::{
    Framework,
    answers::Answers,
    client::Client,
    honest::event,
    receiver::Program,
    size::{MARGIN, STORE_KIB, Size},
    table::Table,
};

/// L14: after the head, in the middle of the body, before the answer.
pub(crate) async fn senders(
    program: &Program,
    framework: Framework,
    size: &Size,
    table: &mut Table,
) {
    let receiver = program.start(framework, &["--handler-delay", "20"]);
    let mut client = Client::connect(receiver.address())
        .await
        .expect("it listens");
    assert_eq!(client.send(&event()).await.expect("an answer"), 204);
    let (descriptors, memory) = (receiver.descriptors(), receiver.resident());
    let ids: Vec<_> = (0..size.vanishing).map(|_| sign::fresh_id()).collect();
    for (at, id) in ids.iter().enumerate() {
        let request = sign::smile_api(sign::event_with_id(id));
        let (head, wire) = (request.head_to_wire(), request.to_wire());
        let part = match at % 3 {
            0 => &head[..],
            1 => &wire[..head.len() + 20],
            _ => &wire[..],
        };
        let mut gone = Client::connect(receiver.address())
            .await
            .expect("it listens");
        gone.write(part).await.expect("a part");
    }
    let start = Instant::now();
    while receiver.descriptors() > descriptors && start.elapsed() < MARGIN * 5 {
        sleep(Duration::from_millis(20)).await;
    }
    let left = receiver.descriptors().saturating_sub(descriptors);
    let grown = receiver.resident().saturating_sub(memory);
    table.row(
        format!(
            "{} senders gone: {left} descriptors and {grown} KiB more",
            ids.len()
        ),
        format!("none; at most {STORE_KIB} KiB, what the store may take"),
        left == 0 && grown <= STORE_KIB,
    );
    // Each event can be delivered: nothing is claimed and not run.
    let mut answers = Answers::default();
    for id in ids.iter().rev().take(99) {
        let wire = sign::smile_api(sign::event_with_id(id)).to_wire();
        answers.add(&client.send(&wire).await);
    }
    table.row(
        format!("their events once more: {answers}"),
        "204, or 200 where the handler ran",
        answers.of(204) + answers.of(200) == answers.all()
            && answers.of(204) >= answers.all() * 2 / 3,
    );
}
