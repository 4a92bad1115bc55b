//! Senders that drip, say nothing, or do not read.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use smile_conformance::{Request, sign};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    Framework,
    answers::Answers,
    client::Client,
    honest::{Honest, event},
    latencies::{ms, secs},
    receiver::{Program, Receiver, settled},
    size::{MARGIN, Size},
    table::Table,
};

/// L1: bodies of which one byte comes every two seconds.
pub(crate) async fn bodies(
    program: &Program,
    framework: Framework,
    size: &Size,
    table: &mut Table,
) {
    let deadline = size.deadline.as_secs().to_string();
    let receiver = start(program, framework, size, &["--body-timeout", &deadline]);
    warm(&receiver).await;
    let watch = Watch::start(&receiver);
    let head = sign::smile_api(sign::event_of(3 << 20)).head_to_wire();
    let mut senders = JoinSet::new();
    for at in 0..size.slow {
        let (head, address) = (head.clone(), receiver.address());
        let limit = size.deadline + MARGIN * 10;
        senders.spawn(async move {
            sleep(spread(at)).await;
            let mut client = Client::connect(address).await?;
            client.write(&head).await?;
            let start = Instant::now();
            let dripping = async {
                loop {
                    sleep(Duration::from_secs(2)).await;
                    if client.stream.try_write(b"x").is_err() {
                        break;
                    }
                }
                std::future::pending().await
            };
            // Reads as it drips: an answer comes in between.
            tokio::select! {
                () = dripping => {}
                _ = client.stream.readable() => {}
                () = sleep(limit) => {}
            }
            let status = timeout(MARGIN, client.status()).await??;
            Ok::<_, std::io::Error>((status, start.elapsed()))
        });
    }
    let (mut answers, mut last) = (Answers::default(), Duration::ZERO);
    while let Some(sender) = watch.beside(senders.join_next()).await {
        let sender = sender.expect("no panic");
        if let Ok((_, time)) = &sender {
            last = last.max(*time);
        }
        answers.add(&sender.map(|(status, _)| status));
    }
    let soon = size.deadline + MARGIN;
    table.row(
        format!("slow bodies: {answers}, the last after {}", secs(last)),
        format!("all 408 within {}", secs(soon)),
        answers.are_all(408) && answers.all() == size.slow && last <= soon,
    );
    watch.report(size, table).await;
}

/// L2: connections that say nothing, send half a head, or drip one.
pub(crate) async fn heads(program: &Program, framework: Framework, size: &Size, table: &mut Table) {
    let head_timeout = size.deadline / 2;
    let seconds = head_timeout.as_secs_f64().to_string();
    let receiver = start(program, framework, size, &["--head-timeout", &seconds]);
    warm(&receiver).await;
    let watch = Watch::start(&receiver);
    let head = sign::smile_api(sign::event()).head_to_wire();
    let limit = head_timeout + MARGIN * 10;
    let mut senders = JoinSet::new();
    for at in 0..size.slow {
        let (head, address) = (head.clone(), receiver.address());
        senders.spawn(async move {
            sleep(spread(at)).await;
            let mut client = Client::connect(address).await?;
            let start = Instant::now();
            match at % 3 {
                0 => {}
                1 => client.write(&head[..head.len() / 2]).await?,
                _ => {
                    for byte in &head {
                        if client.stream.try_write(&[*byte]).is_err() {
                            break;
                        }
                        // A dripped byte, or the end.
                        if timeout(Duration::from_millis(500), client.stream.readable())
                            .await
                            .is_ok()
                        {
                            break;
                        }
                    }
                }
            }
            timeout(limit, client.closed()).await?;
            Ok::<_, std::io::Error>(start.elapsed())
        });
    }
    let (mut closed, mut last) = (0, Duration::ZERO);
    while let Some(sender) = watch.beside(senders.join_next()).await {
        if let Ok(time) = sender.expect("no panic") {
            closed += 1;
            last = last.max(time);
        }
    }
    let soon = head_timeout + MARGIN;
    table.row(
        format!("slow heads: {closed} closed, the last after {}", secs(last)),
        format!("all {} within {}", size.slow, secs(soon)),
        closed == size.slow && last <= soon,
    );
    watch.report(size, table).await;
}

/// L15: senders of many requests that read no answer.
pub(crate) async fn readers(
    program: &Program,
    framework: Framework,
    size: &Size,
    table: &mut Table,
) {
    // Both give up 10 s after the last byte that the system's buffers took, which take some MiB for each;
    // Linux, which does it for actix-web, with its next probe.
    let limit = Duration::from_secs(25) + MARGIN;
    let receiver = start(program, framework, size, &[]);
    warm(&receiver).await;
    let before = settled(&receiver).await;
    let page = Request {
        method: "GET",
        ..Request::post("/page.css", "")
    };
    let requests = page.to_wire().repeat(1000);
    let mut clients = Vec::new();
    for _ in 0..size.not_reading {
        let client = Client::connect_with(receiver.address(), Some(4096)).await;
        let client = client.expect("the receiver listens");
        let _ = client.stream.try_write(&requests);
        clients.push(client);
    }
    let start = Instant::now();
    let held = settled(&receiver).await.saturating_sub(before);
    while receiver.descriptors() > before && start.elapsed() < limit {
        sleep(Duration::from_millis(100)).await;
    }
    let took = start.elapsed();
    let open = receiver.descriptors().saturating_sub(before);
    table.row(
        format!(
            "senders that do not read: {held} of {} held, {open} left after {}",
            size.not_reading,
            secs(took)
        ),
        format!("all held at first, none left within {}", secs(limit)),
        held == size.not_reading && open == 0,
    );
    drop(clients);
}

fn start(program: &Program, framework: Framework, size: &Size, flags: &[&str]) -> Receiver {
    // actix-web counts for each worker, and they do not get equally many.
    let most = (size.slow * 2 + 200).to_string();
    program.start(framework, &[flags, &["--max-connections", &most]].concat())
}

/// What the first deliveries allocate is no cost of those that follow.
async fn warm(receiver: &Receiver) {
    let mut client = Client::connect(receiver.address())
        .await
        .expect("it listens");
    for _ in 0..300 {
        assert_eq!(client.send(&event()).await.expect("an answer"), 204);
    }
}

/// 2,000 new connections a second: to open them is no part of the attack.
fn spread(at: usize) -> Duration {
    Duration::from_micros(500) * u32::try_from(at).expect("a few")
}

/// Watches the memory and an honest sender meanwhile.
struct Watch<'r> {
    receiver: &'r Receiver,
    before: u64,
    most: Arc<AtomicUsize>,
    honest: Honest,
}

impl<'r> Watch<'r> {
    fn start(receiver: &'r Receiver) -> Self {
        Self {
            receiver,
            before: receiver.resident(),
            most: Arc::default(),
            honest: Honest::start(receiver.address()),
        }
    }

    /// Looks at the memory while it waits.
    async fn beside<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                biased;
                done = &mut future => return done,
                () = sleep(Duration::from_millis(100)) => {
                    let grown = self.receiver.resident().saturating_sub(self.before);
                    let grown = usize::try_from(grown).expect("KiB");
                    self.most.fetch_max(grown, Ordering::Relaxed);
                }
            }
        }
    }

    async fn report(self, size: &Size, table: &mut Table) {
        let most = u64::try_from(self.most.load(Ordering::Relaxed)).expect("KiB");
        let slow = u64::try_from(size.slow).expect("a few");
        table.row(
            format!(
                "memory of a slow connection: {:.1} KiB",
                as_f64(most) / as_f64(slow)
            ),
            format!("at most {} KiB", size.slow_kib),
            most <= size.slow_kib * slow,
        );
        let mut seen = self.honest.stop().await;
        let p99 = seen.latencies.p99();
        table.row(
            format!(
                "an honest sender beside them: {}, p99 {}",
                seen.answers,
                ms(p99)
            ),
            format!("all 204, p99 under {}", ms(size.p99)),
            seen.answers.are_all(204) && p99 < size.p99,
        );
    }
}

fn as_f64(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).expect("below 4 TiB"))
}
