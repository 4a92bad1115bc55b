//! SIGTERM amid requests.

use std::time::{Duration, Instant};

use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    Framework, answers::Answers, client::Client, honest::event, latencies::secs, receiver::Program,
    size::Size, table::Table,
};

const DRAIN: Duration = Duration::from_secs(25);

/// L12: slow handlers, half-sent heads and silent connections.
pub(crate) async fn sigterm(
    program: &Program,
    framework: Framework,
    size: &Size,
    table: &mut Table,
) {
    let mut receiver = program.start(
        framework,
        &[
            "--handler-delay",
            "3000",
            "--head-timeout",
            "5",
            "--drain-timeout",
            "25",
        ],
    );
    let address = receiver.address();
    let (mut running, mut others) = (Vec::new(), Vec::new());
    for _ in 0..size.running {
        let mut client = Client::connect(address).await.expect("it listens");
        client.write(&event()).await.expect("a request");
        running.push(client);
    }
    for _ in 0..size.halves {
        let mut client = Client::connect(address).await.expect("it listens");
        let wire = event();
        client.write(&wire[..100]).await.expect("half a head");
        others.push(client);
        others.push(Client::connect(address).await.expect("it listens"));
    }
    // They have all begun.
    sleep(Duration::from_secs(1)).await;
    receiver.terminate();
    let start = Instant::now();
    while TcpStream::connect(address).await.is_ok() && start.elapsed() < DRAIN {
        sleep(Duration::from_millis(20)).await;
    }
    let refused = start.elapsed();
    let mut answers = Answers::default();
    for client in &mut running {
        let answer = timeout(DRAIN, client.status()).await;
        answers.add(&answer.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into())));
    }
    let ended = receiver.ended(DRAIN * 2).await;
    let took = start.elapsed();
    table.row(
        format!("SIGTERM with {} slow handlers: {answers}", size.running),
        "all 204",
        answers.are_all(204),
    );
    table.row(
        format!(
            "new connections refused after {}; exit after {}, with {} half heads open",
            secs(refused),
            secs(took),
            size.halves
        ),
        format!("1 s; {}, with status 0", secs(DRAIN)),
        refused < Duration::from_secs(1)
            && took < DRAIN
            && ended.is_some_and(|status| status.success()),
    );
}
