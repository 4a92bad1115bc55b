//! The request to shut down.

use std::{future::pending, io};

use super::BoxFuture;

/// Ctrl-C and SIGTERM, or a future of the user.
pub(super) enum Shutdown {
    Future(Option<BoxFuture<()>>),
    Signals(Signals),
}

impl Shutdown {
    /// Listens from now on.
    pub(super) fn new(future: Option<BoxFuture<()>>) -> io::Result<Self> {
        Ok(match future {
            Some(future) => Self::Future(Some(future)),
            None => Self::Signals(Signals::new()?),
        })
    }

    /// Waits for the next request. Signals can come again, a future cannot.
    pub(super) async fn requested(&mut self) {
        match self {
            Self::Future(future) => {
                let Some(signal) = future else {
                    return pending().await;
                };
                signal.await;
                *future = None;
            }
            Self::Signals(signals) => signals.next().await,
        }
    }
}

#[cfg(unix)]
pub(super) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            pending().await
        }
    }
}
