//! A server's process and the processes that it started.

use std::{
    fs::{self, File},
    io,
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::folder::tail;

/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Starts the server and waits until `ready` says that it answers.
    pub(crate) fn start(mut command: Command, log: &Path, ready: impl Fn() -> bool) -> Self {
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .unwrap_or_else(|err| panic!("{}: {err}", log.display()));
        let copy = file
            .try_clone()
            .unwrap_or_else(|err| panic!("{}: {err}", log.display()));
        command.stdin(Stdio::null()).stdout(file).stderr(copy);
        let child = command
            .spawn()
            .unwrap_or_else(|err| panic!("{command:?}: {err}"));
        let mut process = Self(child);
        let deadline = Instant::now() + PATIENCE;
        while !ready() {
            let ended = process.0.try_wait();
            if Instant::now() > deadline || !matches!(ended, Ok(None)) {
                panic!("{command:?} did not start, {ended:?}:\n{}", tail(log));
            }
            sleep(Duration::from_millis(10));
        }
        process
    }

    /// Ends the server at once and without a word, as a power cut would.
    pub(crate) fn kill(&mut self) {
        let family = self.family();
        signal(&family, Signal::KILL);
        let _ = self.0.wait();
        let deadline = Instant::now() + PATIENCE;
        // The children are not ours to wait for.
        while family.iter().any(|pid| is_alive(*pid)) && Instant::now() < deadline {
            sleep(Duration::from_millis(5));
        }
    }

    /// Asks the server to end in good order, and waits for it.
    pub(crate) fn stop(&mut self, politely: Signal) {
        signal(&self.family()[..1], politely);
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.0.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                return self.kill();
            }
            sleep(Duration::from_millis(5));
        }
    }

    /// Stops the clock for the server: it keeps its connections and its port, and answers nothing.
    pub(crate) fn freeze(&self) {
        // The first process before the others: it must not start new ones meanwhile.
        let mut frozen = Vec::new();
        loop {
            let family = self.family();
            if family.len() == frozen.len() {
                return;
            }
            signal(&family, Signal::STOP);
            frozen = family;
        }
    }

    pub(crate) fn thaw(&self) {
        signal(&self.family(), Signal::CONT);
    }

    /// The server's process, and behind it all that descend from it.
    fn family(&self) -> Vec<Pid> {
        let mut family: Vec<_> = Pid::from_raw(self.0.id().try_into().unwrap_or_default())
            .into_iter()
            .collect();
        let parents = parents();
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            let children = parents.iter().filter(|(_, ppid)| *ppid == parent);
            family.extend(children.map(|(pid, _)| *pid));
            next += 1;
        }
        family
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}

/// Whether something listens there.
pub(crate) fn listens(address: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect_timeout(&address, Duration::from_millis(200))
}

fn signal(pids: &[Pid], signal: Signal) {
    for pid in pids {
        // One that has just ended needs no signal.
        let _ = kill_process(*pid, signal);
    }
}

/// Every process of this machine with its parent.
fn parents() -> Vec<(Pid, Pid)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let (_, parent) = state(pid)?;
            Some((Pid::from_raw(pid)?, Pid::from_raw(parent)?))
        })
        .collect()
}

fn is_alive(pid: Pid) -> bool {
    state(pid.as_raw_nonzero().get()).is_some_and(|(state, _)| state != "Z" && state != "X")
}

/// A process's state and parent.
fn state(pid: i32) -> Option<(String, i32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses, and may hold any character.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
