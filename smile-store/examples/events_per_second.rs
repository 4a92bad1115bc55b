//! How many events an inbox accepts and hands out in a second.
//!
//! `cargo run --release -p smile-store --features inbox,sqlite --example events_per_second` measures a
//! new SQLite file in the folder for temporary files. With the feature `postgres` it takes the URL of a
//! database as its argument.
#![expect(
    clippy::expect_used,
    reason = "a measurement has nobody to tell of an error"
)]

use std::{
    env,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use smile_core::{Inbox, Settlement, Take, Token, WorkQueue, testkit::new_event};
use smile_store::SqliteInbox;
use tokio::task::JoinSet;

const CALLERS: usize = 64;
const SECONDS: Duration = Duration::from_secs(5);
const WAITING: usize = 100_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("inbox.db");
    let url = env::args()
        .nth(1)
        .unwrap_or_else(|| format!("sqlite:{}", file.display()));
    #[cfg(feature = "postgres")]
    if url.starts_with("postgres") {
        let inbox = smile_store::PostgresInbox::connect(&url).await?;
        inbox.create_schema().await?;
        measure(&Arc::new(inbox)).await;
        return Ok(());
    }
    let inbox = SqliteInbox::connect(&url).await?;
    inbox.create_schema().await?;
    measure(&Arc::new(inbox)).await;
    Ok(())
}

async fn measure(inbox: &Arc<impl WorkQueue>) {
    println!("{CALLERS} callers at once, events a second:");
    let alone = rate(inbox, 1, SECONDS).await;
    println!("  accepted from one caller, each in a transaction of its own: {alone:.0}");
    let together = rate(inbox, CALLERS, SECONDS).await;
    println!(
        "  accepted: {together:.0}, {:.1} times as many",
        together / alone
    );
    let drained = drain(inbox).await;
    println!("  taken and done, with few waiting: {drained:.0}");

    let filled = Instant::now();
    accept(inbox, CALLERS, WAITING).await;
    println!(
        "  {WAITING} more accepted in {:.1} s",
        filled.elapsed().as_secs_f64()
    );
    let behind = rate(inbox, CALLERS, SECONDS).await;
    println!(
        "  accepted with {WAITING} waiting: {behind:.0}, {:.2} times",
        behind / together
    );
    let drained_behind = drain(inbox).await;
    println!(
        "  taken and done, with {WAITING} waiting: {drained_behind:.0}, {:.2} times",
        drained_behind / drained
    );
}

/// Accepts for a while.
async fn rate(inbox: &Arc<impl WorkQueue>, callers: usize, time: Duration) -> f64 {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let inbox = Arc::clone(inbox);
        tasks.spawn(async move {
            let mut accepted = 0;
            while begun.elapsed() < time {
                let id = Token::unique().to_hex();
                inbox
                    .accept(new_event("default", &id))
                    .await
                    .expect("accepted");
                accepted += 1;
            }
            accepted
        });
    }
    let accepted: u32 = tasks.join_all().await.into_iter().sum();
    f64::from(accepted) / begun.elapsed().as_secs_f64()
}

async fn accept(inbox: &Arc<impl WorkQueue>, callers: usize, events: usize) {
    let left = Arc::new(AtomicUsize::new(events));
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (inbox, left) = (Arc::clone(inbox), Arc::clone(&left));
        tasks.spawn(async move {
            let take = |left: usize| left.checked_sub(1);
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                .is_ok()
            {
                let id = Token::unique().to_hex();
                inbox
                    .accept(new_event("default", &id))
                    .await
                    .expect("accepted");
            }
        });
    }
    tasks.join_all().await;
}

/// Takes and completes for a while, 16 at a time as a worker does.
async fn drain(inbox: &Arc<impl WorkQueue>) -> f64 {
    let begun = Instant::now();
    let mut done = 0_u32;
    while begun.elapsed() < SECONDS {
        let jobs = inbox.take(Take::new("smile-api", "default", 16)).await;
        let mut settling = JoinSet::new();
        for job in jobs.expect("taken") {
            let inbox = Arc::clone(inbox);
            settling.spawn(async move {
                let settled = inbox.settle(job.id, Settlement::Done).await;
                let _ = settled.expect("settled");
            });
        }
        if settling.is_empty() {
            break;
        }
        while settling.join_next().await.is_some() {
            done += 1;
        }
    }
    f64::from(done) / begun.elapsed().as_secs_f64()
}
