//! A Redis server.

use std::{
    io::{Read, Write},
    net::SocketAddr,
    process::Command,
    time::Duration,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    folder::{free_address, program, temporary},
    process::{Process, listens},
};

/// A `redis-server` of the test's own, which keeps every write through a restart
/// (`appendfsync always`) and evicts nothing.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    address: SocketAddr,
    dir: TempDir,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Alone,
    Cluster,
}

impl Redis {
    /// Starts a server and waits until it answers.
    ///
    /// # Panics
    ///
    /// If `redis-server` is not installed or does not start.
    pub fn start() -> Self {
        Self::start_as(Kind::Alone)
    }

    /// Starts a cluster of one node, which refuses what any cluster refuses: a script on keys that
    /// are not known to be together.
    ///
    /// # Panics
    ///
    /// If `redis-server` is not installed or does not start.
    pub fn start_cluster() -> Self {
        Self::start_as(Kind::Cluster)
    }

    fn start_as(kind: Kind) -> Self {
        let (dir, address) = (temporary(None), free_address());
        Self {
            process: run(&dir, address, kind),
            address,
            dir,
            kind,
        }
    }

    /// The address for a client: `redis://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the server with SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Ends the server in good order.
    pub fn stop(&mut self) {
        self.process.stop(Signal::TERM);
    }

    /// Starts the server again, with its data and on its port, and waits until it answers.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = run(&self.dir, self.address, self.kind);
    }

    /// Freezes the server with SIGSTOP.
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        self.process.thaw();
    }
}

fn run(dir: &TempDir, address: SocketAddr, kind: Kind) -> Process {
    let mut command = Command::new(program("redis-server", &[], "redis-server"));
    let port = address.port().to_string();
    command
        .args(["--bind", "127.0.0.1", "--port", &port, "--save", ""])
        .args(["--appendonly", "yes", "--appendfsync", "always"])
        .args(["--maxmemory-policy", "noeviction", "--dir"])
        .arg(dir.path());
    let log = dir.path().join("log");
    match kind {
        Kind::Alone => Process::start(command, &log, || says(address, "PING", "+PONG")),
        Kind::Cluster => {
            let bus = free_address().port().to_string();
            command.args(["--cluster-enabled", "yes", "--cluster-port", &bus]);
            Process::start(command, &log, || {
                // Refused where the node has them from before.
                says(address, "CLUSTER ADDSLOTSRANGE 0 16383", "+OK");
                says(address, "GET smile", "$-1")
            })
        }
    }
}

/// Whether the server answers the command so. One that still reads its file answers `-LOADING`,
/// and a cluster without all of its slots `-CLUSTERDOWN`.
fn says(address: SocketAddr, command: &str, expected: &str) -> bool {
    let Ok(mut stream) = listens(address) else {
        return false;
    };
    let mut answer = vec![0; expected.len()];
    stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .is_ok()
        && stream
            .write_all(format!("{command}\r\n").as_bytes())
            .is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer == expected.as_bytes()
}
