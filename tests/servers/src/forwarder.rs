//! A TCP forwarder in front of a server.

use std::{
    io,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// An address that can be moved to another server, as a name is in a fail-over: connections that
/// are open stay where they are, and new ones go to the new target.
#[derive(Debug)]
pub struct Forwarder {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    target: SocketAddr,
    connections: usize,
    ended: bool,
}

impl Forwarder {
    /// Listens on a free port, and forwards to `target`.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    pub fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap_or_else(|err| panic!("no free port: {err}"));
        let address = listener
            .local_addr()
            .unwrap_or_else(|err| panic!("no local address: {err}"));
        let state = Arc::new(Mutex::new(State {
            target,
            connections: 0,
            ended: false,
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || accept(&listener, &shared));
        Self { address, state }
    }

    /// Where the forwarder listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends new connections to `target` from now on.
    pub fn switch(&self, target: SocketAddr) {
        lock(&self.state).target = target;
    }

    /// How many connections clients have opened so far.
    pub fn connections(&self) -> usize {
        lock(&self.state).connections
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        lock(&self.state).ended = true;
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, state: &Mutex<State>) {
    for client in listener.incoming().flatten() {
        let target = {
            let mut state = lock(state);
            if state.ended {
                return;
            }
            state.connections += 1;
            state.target
        };
        // A target that is not there closes the client's connection.
        let _ = TcpStream::connect(target).and_then(|server| connect(client, server));
    }
}

/// Copies in both directions, each in a thread, until both sides have closed.
fn connect(client: TcpStream, server: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    for (mut from, mut to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(())
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
