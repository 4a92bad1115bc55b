//! A PostgreSQL server.

use std::{
    fs,
    net::SocketAddr,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    folder::{User, free_address, program, temporary},
    process::Process,
};

/// A `postgres` of the test's own, with a fresh cluster: the user `postgres`, no password, and the
/// server's own defaults.
///
/// PostgreSQL refuses to run as root; started by root it runs as `postgres`, or as `nobody`.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    address: SocketAddr,
    dir: TempDir,
}

impl Postgres {
    /// Makes a cluster, starts a server on it and waits until it answers.
    ///
    /// # Panics
    ///
    /// If PostgreSQL is not installed or does not start.
    pub fn start() -> Self {
        let (dir, address) = (temporary(account()), free_address());
        let made = command("initdb", &dir)
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8"])
            .args(["--no-locale", "--no-sync", "--pgdata"])
            .arg(data(&dir))
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|err| panic!("initdb: {err}"));
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "initdb: {}\n{said}", made.status);
        Self {
            process: run(&dir, address),
            address,
            dir,
        }
    }

    /// The address for a client: `postgres://postgres@127.0.0.1:port/postgres`.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address)
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the server and its workers with SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Ends the server in good order, but without waiting for its clients.
    pub fn stop(&mut self) {
        self.process.stop(Signal::INT);
    }

    /// Starts the server again, with its data and on its port, and waits until it answers.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = run(&self.dir, self.address);
    }

    /// Starts the server again as a standby, which answers questions and refuses to write.
    ///
    /// # Panics
    ///
    /// If the server's folder cannot be written or the server does not start.
    pub fn restart_as_standby(&mut self) {
        let signal = data(&self.dir).join("standby.signal");
        fs::write(&signal, "").unwrap_or_else(|err| panic!("{}: {err}", signal.display()));
        if let Some(User { uid, gid }) = account() {
            chown(&signal, Some(uid), Some(gid))
                .unwrap_or_else(|err| panic!("{}: {err}", signal.display()));
        }
        self.stop();
        self.restart();
    }

    /// Makes a standby the primary, which it is when this returns.
    ///
    /// # Panics
    ///
    /// If the server is no standby or stays one.
    pub fn promote(&self) {
        let promoted = command("pg_ctl", &self.dir)
            .args(["promote", "--pgdata"])
            .arg(data(&self.dir))
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|err| panic!("pg_ctl: {err}"));
        let said = String::from_utf8_lossy(&promoted.stderr);
        assert!(promoted.status.success(), "pg_ctl: {said}");
    }

    /// Freezes the server and its workers with SIGSTOP.
    pub fn freeze(&self) {
        self.process.freeze();
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        self.process.thaw();
    }
}

fn run(dir: &TempDir, address: SocketAddr) -> Process {
    let mut server = command("postgres", dir);
    let port = address.port().to_string();
    server
        .args(["-h", "127.0.0.1", "-p", &port, "-k"])
        .arg(dir.path())
        .arg("-D")
        .arg(data(dir));
    Process::start(server, &dir.path().join("log"), || answers(dir, &port))
}

fn answers(dir: &TempDir, port: &str) -> bool {
    command("pg_isready", dir)
        .args(["-q", "-h", "127.0.0.1", "-p", port])
        .status()
        .is_ok_and(|status| status.success())
}

fn command(name: &str, dir: &TempDir) -> Command {
    let mut command = Command::new(program(name, &installed(), "postgresql"));
    command.current_dir(dir.path()).env("LC_ALL", "C");
    if let Some(User { uid, gid }) = account() {
        command.uid(uid).gid(gid);
    }
    command
}

/// The account to run as, where this one is root.
pub(crate) fn account() -> Option<User> {
    let root = rustix::process::geteuid().is_root();
    root.then(|| User::first_of(&["postgres", "nobody"]))?
}

/// Where Debian keeps the programs of each version, outside of `PATH`.
fn installed() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut folders: Vec<_> = versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    folders.sort_by_key(|folder| version(folder));
    folders
}

/// The number in `/usr/lib/postgresql/15/bin`.
fn version(folder: &Path) -> Option<u32> {
    folder.parent()?.file_name()?.to_str()?.parse().ok()
}

fn data(dir: &TempDir) -> PathBuf {
    dir.path().join("data")
}
