//! Senders that behave, and how long their answers take.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use smile_conformance::sign;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::sleep,
};

use crate::{answers::Answers, client::Client, latencies::Latencies};

/// What senders saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) answers: Answers,
    pub(crate) latencies: Latencies,
}

impl Seen {
    pub(crate) fn append(&mut self, other: Self) {
        self.answers.append(&other.answers);
        self.latencies.append(other.latencies);
    }

    /// Sends a request and notes what came. Opens the connection where it is closed.
    pub(crate) async fn send(
        &mut self,
        client: &mut Option<Client>,
        address: SocketAddr,
        wire: &[u8],
    ) {
        self.send_due(client, address, wire, Instant::now()).await;
    }

    /// The same for a request that was due at that time.
    pub(crate) async fn send_due(
        &mut self,
        client: &mut Option<Client>,
        address: SocketAddr,
        wire: &[u8],
        due: Instant,
    ) {
        let answer = match client {
            Some(open) => open.send(wire).await,
            None => match Client::connect(address).await {
                Ok(opened) => client.insert(opened).send(wire).await,
                Err(err) => Err(err),
            },
        };
        if answer.is_err() {
            *client = None;
        }
        self.answers.add(&answer);
        self.latencies.add(due.elapsed());
    }
}

/// One sender of new events beside hostile ones, some 50 a second.
pub(crate) struct Honest {
    stop: watch::Sender<()>,
    task: JoinHandle<Seen>,
}

impl Honest {
    pub(crate) fn start(address: SocketAddr) -> Self {
        let (stop, stopped) = watch::channel(());
        let task = tokio::spawn(async move {
            let (mut seen, mut client) = (Seen::default(), None);
            while stopped.has_changed().is_ok() {
                let wire = event();
                seen.send(&mut client, address, &wire).await;
                sleep(Duration::from_millis(20)).await;
            }
            seen
        });
        Self { stop, task }
    }

    pub(crate) async fn stop(self) -> Seen {
        drop(self.stop);
        self.task.await.expect("it counts")
    }
}

/// Sends as many new events as are answered, over 32 connections.
pub(crate) async fn as_fast_as_possible(address: SocketAddr, time: Duration) -> Seen {
    let end = Instant::now() + time;
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        senders.spawn(async move {
            let (mut seen, mut client) = (Seen::default(), None);
            while Instant::now() < end {
                let wire = event();
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

/// A new event, signed.
pub(crate) fn event() -> Vec<u8> {
    sign::smile_api(sign::event()).to_wire()
}

/// Connections of a load.
pub(crate) const SENDERS: usize = 32;
