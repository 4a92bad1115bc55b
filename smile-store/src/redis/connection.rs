//! A connection to one Redis server that is replaced when it is of no more use.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use redis::{
    Client, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult, Value,
    aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig},
};
use smile_core::StoreError;

use crate::{renewals::Renewals, thread::StoreThread};

/// A connection to one Redis server, shared by all calls of a store.
///
/// A connection that is lost is opened again. One that is alive and fails calls is replaced as
/// well, at most twice a second: the server may have been demoted, and its name may lead to another
/// server by now. A command that such a server refused is sent once more, on the new connection.
///
/// It lives on a thread of its own, which ends with the last clone: a caller whose thread is blocked
/// stops nobody else's calls.
#[derive(Clone)]
pub struct RedisConnection(Arc<Shared>);

struct Shared {
    client: Client,
    config: ConnectionManagerConfig,
    current: Mutex<Numbered>,
    renewals: Renewals,
    thread: StoreThread,
}

/// A connection, and how many there were before it.
#[derive(Clone)]
struct Numbered {
    number: u64,
    manager: ConnectionManager,
}

impl RedisConnection {
    const RENEWALS_EACH_SECOND: u32 = 2;

    pub(super) async fn open(
        client: Client,
        config: ConnectionManagerConfig,
        limit: Duration,
    ) -> Result<Self, StoreError> {
        let thread = StoreThread::start()?;
        let connect = ConnectionManager::new_with_config(client.clone(), config.clone());
        let manager = thread.run_within(limit, connect).await?;
        Ok(Self(Arc::new(Shared {
            client,
            config,
            current: Mutex::new(Numbered { number: 0, manager }),
            renewals: Renewals::new(Self::RENEWALS_EACH_SECOND),
            thread,
        })))
    }
}

impl Shared {
    async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let mut current = self.current().clone();
        let err = match current.send(command).await {
            Ok(value) => return Ok(value),
            Err(err) => err,
        };
        match Verdict::on(&err) {
            Verdict::Keep => Err(err),
            Verdict::Replace => self.renew(current.number).and(Err(err)),
            Verdict::ReplaceAndRepeat => match self.renew(current.number)? {
                Some(mut renewed) => renewed.send(command).await,
                None => Err(err),
            },
        }
    }

    fn current(&self) -> MutexGuard<'_, Numbered> {
        // Nothing in here panics halfway through a change.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection after the one of this number, if there is or may be one.
    ///
    /// It is opened by its first command. What is under way on the one before it goes on.
    fn renew(&self, number: u64) -> RedisResult<Option<Numbered>> {
        let mut current = self.current();
        if current.number == number {
            if !self.renewals.allow(Instant::now()) {
                return Ok(None);
            }
            let (client, config) = (self.client.clone(), self.config.clone());
            *current = Numbered {
                number: number + 1,
                manager: ConnectionManager::new_lazy_with_config(client, config)?,
            };
        }
        Ok(Some(current.clone()))
    }
}

impl Numbered {
    async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.manager
            .send_packed_command(command)
            .await
            .and_then(Value::extract_error)
    }
}

/// What an error says about its connection.
enum Verdict {
    Keep,
    Replace,
    ReplaceAndRepeat,
}

impl Verdict {
    fn on(err: &RedisError) -> Self {
        match err.code() {
            // About our command: a script that the server has yet to be sent, a key of another kind.
            Some("NOSCRIPT" | "WRONGTYPE") => Self::Keep,
            // About the server: it is a replica, out of space, loading, part of a cluster, or
            // whatever else keeps it from its work. It has changed nothing.
            Some(_) => Self::ReplaceAndRepeat,
            // The manager opens lost connections by itself, but it keeps one whose answers do not
            // come, and the error of a password that was refused once.
            None if err.kind() == ErrorKind::Io && !err.is_timeout() => Self::Keep,
            None => Self::Replace,
        }
    }
}

impl ConnectionLike for RedisConnection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        let (shared, command) = (Arc::clone(&self.0), command.clone());
        let call = async move { shared.send(&command).await };
        Box::pin(async move { self.0.thread.run(call).await? })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let mut manager = self.0.current().manager.clone();
        let pipeline = pipeline.clone();
        let call = async move { manager.send_packed_commands(&pipeline, offset, count).await };
        Box::pin(async move { self.0.thread.run(call).await? })
    }

    fn get_db(&self) -> i64 {
        self.0.client.get_connection_info().redis_settings().db()
    }
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConnection").finish_non_exhaustive()
    }
}
