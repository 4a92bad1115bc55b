//! A receiver in a process of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, ExitStatus, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;
use smile_conformance::{Connection, Request, Response, sign};

pub(crate) const FRAMEWORKS: [&str; 2] = ["axum", "actix"];

/// Killed when dropped.
pub(crate) struct Receiver {
    child: Child,
    address: SocketAddr,
}

impl Receiver {
    /// On a free port, with the secret that requests are signed with in `sign`.
    #[track_caller]
    pub(crate) fn start(framework: &str, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_smile-receiver"))
            .args(["--framework", framework])
            .args([
                "--smile-api-secret",
                sign::SECRET,
                "--smile-io-secret",
                sign::SECRET,
            ])
            .args(flags)
            .args(if flags.contains(&"--listen") {
                &[][..]
            } else {
                &["--listen", "127.0.0.1:0"]
            })
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the receiver starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let address = lines
            .find_map(|line| line.strip_prefix("listening on http://")?.parse().ok())
            .map(|mut address: SocketAddr| {
                if address.ip().is_unspecified() {
                    address.set_ip(Ipv4Addr::LOCALHOST.into());
                }
                address
            })
            .expect("the receiver says where it listens");
        // Reads on, so that the receiver never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address).expect("the receiver listens")
    }

    #[track_caller]
    pub(crate) fn send(&self, request: &Request) -> Response {
        self.connect().send(request).expect("the receiver answers")
    }

    #[track_caller]
    pub(crate) fn get(&self, target: &str) -> Response {
        self.send(&Request {
            method: "GET",
            ..Request::post(target, "")
        })
    }

    #[track_caller]
    pub(crate) fn events(&self, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/events{query}"));
        answer.expect_status(200, "events");
        serde_json::from_slice(&answer.body).expect("a list")
    }

    /// Asks it to end, as a container does, and waits until it has.
    pub(crate) fn terminate(self) -> ExitStatus {
        self.send_sigterm();
        self.wait()
    }

    pub(crate) fn send_sigterm(&self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a child's id"), Signal::TERM).expect("it runs");
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// Resident memory in KiB, without what is mapped from files, such as the code.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("Linux's /proc");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|number| number.parse().ok())
            .expect("a number of KiB")
    }

    /// Leaves it this many more files and sockets to open.
    pub(crate) fn allow_descriptors(&self, more: usize) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let most = u64::try_from(self.descriptors() + more).ok();
        let limit = Rlimit {
            current: most,
            maximum: most,
        };
        prlimit(id, Resource::Nofile, limit).expect("a child's limit");
    }

    /// Open files and sockets.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id()))
            .expect("Linux's /proc")
            .count()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A delivery of Smile.io, signed at this moment.
pub(crate) fn smile_io_now(body: String) -> Request {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    sign::smile_io_at(&now.to_string(), body)
}
