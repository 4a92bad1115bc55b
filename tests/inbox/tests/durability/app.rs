//! The application in a process of its own.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use smile_conformance::{Connection, sign};

pub(crate) const FRAMEWORKS: [&str; 2] = ["axum", "actix"];

/// Killed when dropped.
pub(crate) struct App {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl App {
    #[track_caller]
    pub(crate) fn start(framework: &str, inbox: &str, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_smile-inbox-tests"))
            .args(["--framework", framework, "--inbox", inbox])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the app starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let address = lines
            .find_map(|line| line.strip_prefix("listening on http://")?.parse().ok())
            .expect("the app says where it listens");
        Self { child, address }
    }

    /// Sends an event and expects that it is stored.
    #[track_caller]
    pub(crate) fn store(&self, id: &str) {
        let request = sign::smile_api(sign::event_with_id(id));
        let mut connection = Connection::open(self.address).expect("the app listens");
        let answer = connection.send(&request).expect("the app answers");
        answer.expect_status(200, id);
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Kills it while others hold the application.
    pub(crate) fn kill_now(&self) {
        self.signal(Signal::KILL);
    }

    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process"), signal).expect("the signal is sent");
    }

    /// Whether the process has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("its status").is_some()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Lets other threads end, also where a test fails: a scope waits for its threads.
pub(crate) struct Ends<'a>(pub(crate) &'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Waits until it holds, for at most a minute.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
    begun.elapsed()
}
