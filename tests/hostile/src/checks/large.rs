//! Bodies without an end, and events that are large or odd.

use std::time::{Duration, Instant};

use smile_conformance::{Body, sign};
use tokio::{
    io::AsyncWriteExt,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    Framework,
    answers::Answers,
    client::Client,
    honest::event,
    latencies::{Latencies, ms},
    receiver::Program,
    size::{MARGIN, Size},
    table::Table,
};

/// L3: bodies of 1 GiB, half of them declared.
pub(crate) async fn endless(
    program: &Program,
    framework: Framework,
    size: &Size,
    table: &mut Table,
) {
    const BODY_LIMIT_KIB: u64 = 4 << 10;
    let receiver = program.start(framework, &[]);
    let mut client = Client::connect(receiver.address())
        .await
        .expect("it listens");
    assert_eq!(client.send(&event()).await.expect("an answer"), 204);
    let before = receiver.resident();
    let mut senders = JoinSet::new();
    for at in 0..size.endless {
        let address = receiver.address();
        senders.spawn(async move {
            let mut request = sign::smile_api("");
            let piece = if at % 2 == 0 {
                request.body = Body::Chunked(Vec::new());
                [b"10000\r\n", &vec![b'x'; 1 << 16][..], b"\r\n"].concat()
            } else {
                request = request.header("content-length", (1 << 30).to_string());
                vec![b'x'; 1 << 16]
            };
            let head = request.head_to_wire();
            let Client { mut stream, .. } = Client::connect(address).await?;
            stream.write_all(&head).await?;
            let (mut reading, mut writing) = stream.split();
            let mut sent = 0_u64;
            let write = async {
                while sent < 1 << 30 && writing.write_all(&piece).await.is_ok() {
                    sent += 1 << 16;
                }
                std::future::pending::<()>().await;
            };
            let mut answer = [0; 12];
            let read = tokio::io::AsyncReadExt::read_exact(&mut reading, &mut answer);
            let status = tokio::select! {
                () = write => unreachable!("it waits for the answer"),
                read = timeout(Duration::from_secs(30), read) => {
                    read??;
                    String::from_utf8_lossy(&answer[9..]).parse().unwrap_or(0)
                }
            };
            Ok::<_, std::io::Error>((status, sent))
        });
    }
    let (mut answers, mut most, mut sent) = (Answers::default(), 0, 0);
    loop {
        tokio::select! {
            biased;
            sender = senders.join_next() => {
                let Some(sender) = sender else { break };
                let sender = sender.expect("no panic");
                sent += sender.as_ref().map_or(0, |(_, sent)| *sent);
                answers.add(&sender.map(|(status, _)| status));
            }
            () = sleep(Duration::from_millis(50)) => {
                most = most.max(receiver.resident().saturating_sub(before));
            }
        }
    }
    let parallel = u64::try_from(size.endless).expect("a few");
    table.row(
        format!("bodies of 1 GiB, {parallel} at a time: {answers}"),
        "all 413",
        answers.are_all(413),
    );
    let allowed = 2 * BODY_LIMIT_KIB * parallel;
    table.row(
        format!(
            "their memory: {} MiB of {} MiB sent",
            most >> 10,
            sent >> 20
        ),
        format!("at most {} MiB, twice the body limit each", allowed >> 10),
        most <= allowed,
    );
}

/// L13: large events, events nested 10,000 deep, repeated members.
pub(crate) async fn odd(program: &Program, framework: Framework, size: &Size, table: &mut Table) {
    let mut receiver = program.start(framework, &[]);
    let mut client = Client::connect(receiver.address())
        .await
        .expect("it listens");
    let (mut answers, mut latencies) = (Answers::default(), Latencies::default());
    let large = large_event();
    let before = receiver.processor_time();
    for _ in 0..size.large {
        let wire = sign::smile_api(with_new_id(&large)).to_wire();
        let start = Instant::now();
        answers.add(&client.send(&wire).await);
        latencies.add(start.elapsed());
    }
    let p99 = latencies.p99();
    let each = (receiver.processor_time() - before) / u32::try_from(size.large).expect("a few");
    table.row(
        format!(
            "TASK_FINISHED of {} KiB: {answers}, p99 {}",
            large.len() >> 10,
            ms(p99)
        ),
        format!("all 204, p99 under {}", ms(size.large_p99)),
        answers.are_all(204) && p99 < size.large_p99,
    );
    table.note(format!(
        "processor time of each, with what the receiver's page keeps: {}",
        ms(each)
    ));
    let mut answers = Answers::default();
    for data in [
        format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("{}1{}", r#"{"userId":"#.repeat(10_000), "}".repeat(10_000)),
        r#"{"userId":"a","userId":"b","accountId":"c","accountId":null}"#.to_owned(),
    ] {
        let event = format!(
            r#"{{"id":"{}","version":1,"type":"ACCOUNT_CONNECTED","createdAt":"2023-11-14T22:13:20Z","data":{data}}}"#,
            sign::fresh_id()
        );
        answers.add(&client.send(&sign::smile_api(event).to_wire()).await);
    }
    // The handler gets them, and judges data that it cannot read.
    table.row(
        format!("10,000 levels and repeated members: {answers}"),
        "all 204, and the process runs",
        answers.are_all(204) && receiver.runs(),
    );
    let _ = timeout(MARGIN, client.closed()).await;
}

/// Every list of the fixture, made longer until the event has a MiB.
fn large_event() -> String {
    const FIXTURE: &str =
        include_str!("../../../../smile-core/tests/fixtures/smile_api/TASK_FINISHED.json");
    let mut event: serde_json::Value = serde_json::from_str(FIXTURE).expect("JSON");
    let payload = event.pointer_mut("/data/payload").expect("a payload");
    let mut lists: Vec<_> = payload
        .as_object_mut()
        .expect("an object")
        .values_mut()
        .filter_map(|value| match value {
            serde_json::Value::Array(list) => Some(list),
            serde_json::Value::Object(page) => page.get_mut("items")?.as_array_mut(),
            _ => None,
        })
        .filter(|list| !list.is_empty())
        .collect();
    assert!(!lists.is_empty(), "the fixture has lists");
    let mut len = FIXTURE.len();
    while len < 1 << 20 {
        for list in &mut lists {
            let item = list[0].clone();
            len += item.to_string().len();
            list.push(item);
        }
    }
    event.to_string()
}

fn with_new_id(event: &str) -> String {
    event.replacen("et-82e95fbd9c8287587e04dc30a21c6c4b", &sign::fresh_id(), 1)
}
