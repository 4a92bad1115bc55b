//! The database goes away, freezes, is full, or moves to another server.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use smile_conformance::{Connection, sign};
use smile_test_servers::{Forwarder, Postgres};

use crate::{
    app::{App, Ends, FRAMEWORKS, until},
    engine::Engine,
};

const SENDERS: usize = 16;

/// Sends events until `over`, and returns those that were acknowledged. Every other answer is a 503
/// within two seconds.
fn send_all_the_time(app: &App, over: &AtomicBool) -> HashSet<String> {
    let acknowledged = Mutex::new(HashSet::new());
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let mut connection = Connection::open(app.address).expect("the app listens");
                while !over.load(Ordering::Relaxed) {
                    let id = sign::fresh_id();
                    let request = sign::smile_api(sign::event_with_id(&id));
                    let asked = Instant::now();
                    let answer = connection.send(&request).expect("the app answers");
                    let took = asked.elapsed();
                    assert!(took < Duration::from_secs(2), "answered after {took:?}");
                    if answer.status == 200 {
                        acknowledged.lock().expect("no panic").insert(id);
                    } else {
                        answer.expect_status(503, "an outage");
                        assert!(answer.header("retry-after").is_some());
                        thread::sleep(Duration::from_millis(10));
                    }
                }
            });
        }
    });
    acknowledged.into_inner().expect("no panic")
}

/// Takes the database away under load, brings it back, and says how soon an event was stored again.
fn outage(
    app: &App,
    take_away: impl FnOnce() + Send,
    bring_back: impl FnOnce() + Send,
) -> HashSet<String> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let ends = Ends(&over);
        let sending = scope.spawn(|| send_all_the_time(app, &over));
        thread::sleep(Duration::from_millis(500));
        take_away();
        thread::sleep(Duration::from_secs(3));
        bring_back();
        let back = Instant::now();
        let mut connection = Connection::open(app.address).expect("the app listens");
        loop {
            let request = sign::smile_api(sign::event());
            if connection.send(&request).expect("an answer").status == 200 {
                break;
            }
            assert!(back.elapsed() < Duration::from_secs(5), "stored again");
            thread::sleep(Duration::from_millis(20));
        }
        println!("stored {:?} after the return", back.elapsed());
        drop(ends);
        sending.join().expect("no sender failed")
    })
}

/// Every acknowledged event is stored, and handled.
fn nothing_is_lost(engine: &Engine, acknowledged: &HashSet<String>) {
    assert!(!acknowledged.is_empty());
    until("all are handled", || engine.waiting() == 0);
    let effects: HashSet<_> = engine.effects().into_iter().collect();
    let lost = acknowledged.difference(&effects).count();
    assert_eq!(lost, 0, "of {} acknowledged", acknowledged.len());
}

#[test]
#[ignore = "needs postgresql"]
fn an_outage_of_postgres_is_answered_in_time_and_loses_nothing() {
    for framework in FRAMEWORKS {
        let mut engine = Engine::postgres();
        let app = App::start(framework, &engine.url(), &["--lease", "2"]);
        let Engine::Postgres(server) = &mut engine else {
            unreachable!("made above")
        };
        let server = Mutex::new(server);
        let mut acknowledged = outage(
            &app,
            || server.lock().expect("no panic").freeze(),
            || server.lock().expect("no panic").thaw(),
        );
        acknowledged.extend(outage(
            &app,
            || server.lock().expect("no panic").stop(),
            || server.lock().expect("no panic").restart(),
        ));
        nothing_is_lost(&engine, &acknowledged);
    }
}

/// The name moves to the other server; the old primary stays, and is read-only.
#[test]
#[ignore = "needs postgresql"]
fn a_fail_over_to_another_server_is_followed() {
    let (first, second) = (Postgres::start(), Postgres::start());
    let name = Forwarder::start(first.address());
    let url = first
        .url()
        .replace(&first.address().to_string(), &name.address().to_string());
    let app = App::start("axum", &url, &["--no-worker"]);
    app.store("et-1");
    // The standby has the tables.
    drop(App::start("axum", &second.url(), &["--no-worker"]));
    let mut first = first;
    let over = AtomicBool::new(false);
    let acknowledged = thread::scope(|scope| {
        let ends = Ends(&over);
        let sending = scope.spawn(|| send_all_the_time(&app, &over));
        thread::sleep(Duration::from_millis(500));
        first.restart_as_standby();
        name.switch(second.address());
        let moved = Instant::now();
        let engine = Engine::Postgres(second);
        until("stored on the second", || engine.waiting() > 0);
        println!("stored {:?} after the name moved", moved.elapsed());
        assert!(moved.elapsed() < Duration::from_secs(5));
        drop(ends);
        sending.join().expect("no sender failed")
    });
    assert!(!acknowledged.is_empty());
}

/// A file system of its own, which is full soon.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"])
            .arg(folder.path())
            .status();
        assert!(mounted.expect("mount is installed").success());
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

#[test]
#[ignore = "needs root, to mount a file system"]
fn a_full_disk_is_answered_in_time_and_loses_nothing() {
    let disk = SmallDisk::mount();
    let url = format!("sqlite:{}", disk.path().join("inbox.db").display());
    let app = App::start("axum", &url, &["--no-worker"]);
    let ballast = disk.path().join("ballast");
    let acknowledged = outage(
        &app,
        // As much as there is room for.
        || {
            let _ = fs::write(&ballast, vec![1; 64 << 20]);
        },
        || fs::remove_file(&ballast).expect("the disk has room again"),
    );
    drop(app);
    let engine = Engine::SqliteAt(url.clone());
    let stored: HashSet<_> = engine
        .texts("SELECT event_id FROM smile_inbox")
        .into_iter()
        .collect();
    assert_eq!(acknowledged.difference(&stored).count(), 0);
}
