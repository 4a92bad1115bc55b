//! A NATS server.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    folder::{free_address, program, temporary},
    process::{Process, listens},
};

/// A `nats-server` of the test's own with JetStream, which takes messages of 8 MB and syncs every
/// one before its acknowledgement, where it is able to: from version 2.10.
#[derive(Debug)]
pub struct Nats {
    process: Process,
    address: SocketAddr,
    dir: TempDir,
}

impl Nats {
    /// Starts a server and waits until JetStream answers.
    ///
    /// # Panics
    ///
    /// If `nats-server` is not installed or does not start.
    pub fn start() -> Self {
        let (dir, address) = (temporary(None), free_address());
        let file = file(dir.path());
        write(
            &file,
            &settings(dir.path(), address, "sync_interval: always"),
        );
        // An older version refuses settings that it does not know.
        let known = command(dir.path()).arg("-t").output();
        if !known.is_ok_and(|output| output.status.success()) {
            write(&file, &settings(dir.path(), address, ""));
        }
        Self {
            process: run(&dir, address),
            address,
            dir,
        }
    }

    /// The address for a client: `nats://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Ends the server with SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Ends the server in good order.
    pub fn stop(&mut self) {
        self.process.stop(Signal::TERM);
    }

    /// Starts the server again, with its data and on its port, and waits until JetStream answers.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = run(&self.dir, self.address);
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

fn settings(dir: &Path, address: SocketAddr, sync: &str) -> String {
    let folder = dir.display();
    format!(
        "listen: \"{address}\"\n\
         max_payload: 8MB\n\
         jetstream {{\n\
             store_dir: \"{folder}\"\n\
             {sync}\n\
         }}\n"
    )
}

fn run(dir: &TempDir, address: SocketAddr) -> Process {
    Process::start(command(dir.path()), &dir.path().join("log"), || {
        has_jetstream(address)
    })
}

fn command(dir: &Path) -> Command {
    let elsewhere = [PathBuf::from("/usr/sbin")];
    let mut command = Command::new(program("nats-server", &elsewhere, "nats-server"));
    command.arg("-c").arg(file(dir));
    command
}

fn file(dir: &Path) -> PathBuf {
    dir.join("nats.conf")
}

fn write(file: &Path, text: &str) {
    fs::write(file, text).unwrap_or_else(|err| panic!("{}: {err}", file.display()));
}

/// The server greets each client with a line that says so.
fn has_jetstream(address: SocketAddr) -> bool {
    let Ok(stream) = listens(address) else {
        return false;
    };
    let mut greeting = String::new();
    stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .is_ok()
        && BufReader::new(stream).read_line(&mut greeting).is_ok()
        && greeting.contains("\"jetstream\":true")
}
