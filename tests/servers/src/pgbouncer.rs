//! PgBouncer, a pool of connections in front of a PostgreSQL server.

use std::{fs, net::SocketAddr, os::unix::process::CommandExt, path::PathBuf, process::Command};

use tempfile::TempDir;

use crate::{
    Postgres,
    folder::{User, free_address, program, temporary},
    postgres::account,
    process::{Process, listens},
};

/// A `pgbouncer` of the test's own, with PgBouncer's own defaults but for its mode.
#[derive(Debug)]
pub struct PgBouncer {
    _process: Process,
    address: SocketAddr,
    _dir: TempDir,
}

/// For how long a client keeps a connection of the server.
#[derive(Clone, Copy, Debug)]
pub enum PoolMode {
    /// Until the client goes away.
    Session,
    /// Until the end of its transaction.
    Transaction,
}

impl PgBouncer {
    /// Starts `pgbouncer` in front of the server and waits until it listens.
    ///
    /// # Panics
    ///
    /// If PgBouncer is not installed or does not start.
    pub fn start(server: &Postgres, mode: PoolMode) -> Self {
        let (dir, address) = (temporary(account()), free_address());
        let mode = match mode {
            PoolMode::Session => "session",
            PoolMode::Transaction => "transaction",
        };
        let (server, port) = (server.address(), address.port());
        let settings = format!(
            "[databases]\n\
             postgres = host={} port={} dbname=postgres user=postgres\n\
             [pgbouncer]\n\
             listen_addr = 127.0.0.1\n\
             listen_port = {port}\n\
             unix_socket_dir =\n\
             auth_type = any\n\
             pool_mode = {mode}\n",
            server.ip(),
            server.port(),
        );
        let file = dir.path().join("pgbouncer.ini");
        fs::write(&file, settings).unwrap_or_else(|err| panic!("{}: {err}", file.display()));
        let mut command = Command::new(program(
            "pgbouncer",
            &[PathBuf::from("/usr/sbin")],
            "pgbouncer",
        ));
        // It refuses to run as root, as PostgreSQL does.
        if let Some(User { uid, gid }) = account() {
            command.uid(uid).gid(gid);
        }
        command.current_dir(dir.path()).arg(file);
        let ready = || listens(address).is_ok();
        Self {
            _process: Process::start(command, &dir.path().join("log"), ready),
            address,
            _dir: dir,
        }
    }

    /// The address for a client: `postgres://postgres@127.0.0.1:port/postgres`.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address)
    }
}
