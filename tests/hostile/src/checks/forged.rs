//! Signatures and timestamps that do not hold.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use smile_conformance::sign;
use tokio::task::JoinSet;

use crate::{
    Framework,
    answers::Answers,
    client::Client,
    honest::{SENDERS, Seen, event},
    receiver::Program,
    size::Size,
    table::Table,
};

/// L4: wrong, missing, malformed and enormous signatures, with three secrets to compare.
pub(crate) async fn signatures(
    program: &Program,
    framework: Framework,
    size: &Size,
    table: &mut Table,
) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = format!("sqlite:{}", folder.path().join("seen.db").display());
    let secrets = ["--smile-api-secret", sign::SECRET].into_iter();
    let secrets = secrets.chain([
        "--smile-api-secret",
        "a second",
        "--smile-api-secret",
        "a third",
    ]);
    let flags: Vec<_> = secrets.chain(["--dedupe", &store]).collect();
    let receiver = program.start(framework, &flags);
    let mut client = Client::connect(receiver.address())
        .await
        .expect("it listens");
    assert_eq!(client.send(&event()).await.expect("an answer"), 204);
    let stored = contents(folder.path());

    // The first tenth warms up.
    let warm = flood(&receiver, size.forged / 10).await;
    let before = receiver.resident();
    let start = Instant::now();
    let mut seen = flood(&receiver, size.forged - size.forged / 10).await;
    let rate = per_second(seen.answers.all(), start.elapsed());
    let after = receiver.resident();
    seen.append(warm);
    let answers = &seen.answers;
    table.row(
        format!("forged signatures, {rate} a second: {answers}"),
        "all 401",
        answers.are_all(401),
    );
    table.row(
        format!("their memory: {} KiB more", after.saturating_sub(before)),
        "at most 5 MiB",
        after.saturating_sub(before) <= 5 << 10,
    );
    let unchanged = contents(folder.path()) == stored;
    table.row(
        match unchanged {
            true => "the files of the SQLite store: unchanged",
            false => "the files of the SQLite store: written",
        },
        "unchanged: no call of the store",
        unchanged,
    );
}

/// L10: Smile.io's tolerance, with a second to spare on both sides.
pub(crate) async fn timestamps(
    program: &Program,
    framework: Framework,
    _: &Size,
    table: &mut Table,
) {
    const TOLERANCE: u64 = 300;
    let receiver = program.start(framework, &[]);
    let mut client = Client::connect(receiver.address())
        .await
        .expect("it listens");
    let now = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.expect("after 1970").as_secs()
    };
    let (mut within, mut beyond) = (Answers::default(), Answers::default());
    for _ in 0..10 {
        for (apart, answers) in [(TOLERANCE - 2, &mut within), (TOLERANCE + 2, &mut beyond)] {
            for timestamp in [now() - apart, now() + apart] {
                let request = sign::smile_io_at(&timestamp.to_string(), sign::customer());
                answers.add(&client.send(&request.to_wire()).await);
            }
        }
    }
    table.row(
        format!("timestamps 298 s off: {within}; 302 s off: {beyond}"),
        "204; 401",
        within.are_all(204) && beyond.are_all(401),
    );
}

/// Sends forged deliveries of all kinds over 32 connections.
async fn flood(receiver: &crate::receiver::Receiver, count: usize) -> Seen {
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let address = receiver.address();
        let own = count / SENDERS + usize::from(sender < count % SENDERS);
        senders.spawn(async move {
            let (mut seen, mut client) = (Seen::default(), None);
            for at in 0..own {
                let wire = forged(sender + at * SENDERS);
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

fn forged(at: usize) -> Vec<u8> {
    let signed = sign::smile_api_with("somebody else's secret", sign::event());
    let value = |value: Vec<u8>| signed.clone().map_header("smile-signature", |_| value);
    let request = match at % 100 {
        0 => value(vec![b'a'; 64 << 10]),
        1..20 => signed.without("smile-signature"),
        20..40 => value(vec![b'z'; 128]),
        40..50 => value(b"abc".to_vec()),
        50..55 => signed.clone().header("smile-signature", "abc"),
        _ => signed,
    };
    request.to_wire()
}

/// Each file's name, size and time of its last change.
fn contents(folder: &Path) -> Vec<(String, u64, SystemTime)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|file| {
            let file = file.expect("a file");
            let about = file.metadata().expect("a file");
            let name = file.file_name().to_string_lossy().into_owned();
            (name, about.len(), about.modified().expect("a time"))
        })
        // Locks of readers, which a look at the store would change, too.
        .filter(|(name, ..)| !name.ends_with("-shm"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "the store has files");
    files
}

fn per_second(count: usize, time: Duration) -> String {
    let count = f64::from(u32::try_from(count).expect("a few"));
    format!("{:.0}", count / time.as_secs_f64())
}
