//! The receiver as a process.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use smile_conformance::sign;

use crate::Framework;

/// Where the receiver's program is.
pub(crate) struct Program(PathBuf);

impl Program {
    pub(crate) fn find(given: Option<PathBuf>) -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|err| err.to_string())?;
        let path = given.unwrap_or_else(|| own.with_file_name("smile-receiver"));
        if path.is_file() {
            return Ok(Self(path));
        }
        let profile = if cfg!(debug_assertions) {
            ""
        } else {
            " --release"
        };
        Err(format!(
            "{} is not there: `cargo build{profile} -p smile-receiver --features sqlite` makes it",
            path.display()
        ))
    }

    /// Starts it on a free port, with the secret of `sign` unless the flags have others.
    pub(crate) fn start(&self, framework: Framework, flags: &[&str]) -> Receiver {
        let secret = match flags.contains(&"--smile-api-secret") {
            true => &[][..],
            false => &["--smile-api-secret", sign::SECRET],
        };
        let mut child = Command::new(&self.0)
            .args(["--framework", framework.name(), "--listen", "127.0.0.1:0"])
            // What it shows on its page is no cost of the senders.
            .args(["--keep", "100", "--smile-io-secret", sign::SECRET])
            .args(secret)
            .args(flags)
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the receiver starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let address = lines
            .find_map(|line| line.strip_prefix("listening on http://")?.parse().ok())
            .expect("the receiver says where it listens; it needs the feature `sqlite`");
        // Reads on, so that the receiver never waits for us.
        thread::spawn(move || lines.for_each(drop));
        Receiver { child, address }
    }
}

/// Killed when dropped.
pub(crate) struct Receiver {
    child: Child,
    address: SocketAddr,
}

impl Receiver {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
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

    /// The time of processors that it took so far.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.expect("Linux's /proc");
        // The name, which may hold spaces, ends with the last bracket.
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let fields = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = fields
            .map(|ticks| ticks.parse::<u64>().expect("ticks"))
            .sum();
        Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
    }

    /// Open files and sockets.
    pub(crate) fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        fs::read_dir(folder).expect("Linux's /proc").count()
    }

    /// Asks it to end, as a container does.
    pub(crate) fn terminate(&self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("an id"), Signal::TERM).expect("it runs");
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self, limit: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return Some(status);
            }
            if start.elapsed() > limit {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }
}

/// The descriptors, once connections that closed just now are gone.
pub(crate) async fn settled(receiver: &Receiver) -> usize {
    tokio::time::sleep(Duration::from_millis(500)).await;
    receiver.descriptors()
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
