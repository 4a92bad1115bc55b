//! Where a server keeps its data, and on which port it listens.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::chown,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// A temporary folder that a server can write to.
pub(crate) fn temporary(owner: Option<User>) -> TempDir {
    let dir = tempfile::Builder::new()
        .prefix("smile-test-")
        .tempdir()
        .unwrap_or_else(|err| panic!("a temporary folder for a test server: {err}"));
    if let Some(User { uid, gid }) = owner {
        chown(dir.path(), Some(uid), Some(gid))
            .unwrap_or_else(|err| panic!("the folder's owner cannot be changed: {err}"));
    }
    dir
}

/// An address on which nothing listens now.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .unwrap_or_else(|err| panic!("no free port: {err}"))
}

/// The program's path: from `PATH`, or from one of the other folders, the last first.
pub(crate) fn program(name: &str, elsewhere: &[PathBuf], package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(elsewhere.iter().rev().cloned())
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed: on Debian, apt-get install {package}"))
}

/// An account of this machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl User {
    /// The first of the accounts that exists.
    pub(crate) fn first_of(names: &[&str]) -> Option<Self> {
        let accounts = fs::read_to_string("/etc/passwd").ok()?;
        let find = |name: &&str| {
            accounts.lines().find_map(|line| {
                let mut fields = line.split(':');
                (fields.next()? == *name).then_some(())?;
                let uid = fields.nth(1)?.parse().ok()?;
                let gid = fields.next()?.parse().ok()?;
                Some(Self { uid, gid })
            })
        };
        names.iter().find_map(find)
    }
}

/// The last lines of a server's log, for the message of a panic.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
