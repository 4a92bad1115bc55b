//! A connection to one Redis server, replaced when it is lost or the server fails.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use redis::{
    AsyncConnectionConfig, Client, Cmd, Pipeline, RedisError, RedisFuture, RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cmd,
};
use tokio::{sync::Mutex, time::timeout};

use crate::{call::STEP, thread::StoreThread};

/// A connection to one Redis server, shared by all calls of a store.
///
/// The store replaces it when it is lost, when an answer does not come, and when the server answers
/// with an error that is not about the command: a demoted server's name may lead to another one by
/// now. After such an error the store sends the command once more, on the new connection. It
/// connects at most five times a second. A connection that was idle for a second is tested before
/// the next command.
///
/// It has a thread of its own, which ends with the last clone: a caller whose thread is blocked
/// stops no other call.
#[derive(Clone)]
pub struct RedisConnection(Arc<Shared>);

struct Shared {
    client: Client,
    thread: StoreThread,
    state: Mutex<State>,
}

struct State {
    /// The connection, or why there is none.
    current: RedisResult<Numbered>,
    used: Instant,
    /// When the store last tried to connect.
    tried: Instant,
    /// How many connections there were after the first.
    count: u64,
}

#[derive(Clone)]
struct Numbered {
    number: u64,
    connection: MultiplexedConnection,
}

impl RedisConnection {
    pub(super) async fn open(client: Client, thread: StoreThread) -> RedisResult<Self> {
        let connection = connect(&client).await?;
        let now = Instant::now();
        let current = Numbered {
            number: 0,
            connection,
        };
        let state = Mutex::new(State {
            current: Ok(current),
            used: now,
            tried: now,
            count: 0,
        });
        Ok(Self(Arc::new(Shared {
            client,
            thread,
            state,
        })))
    }
}

impl Shared {
    /// The store waits this long between two attempts to connect.
    const PAUSE: Duration = Duration::from_millis(200);
    /// A connection that was idle for longer is tested.
    const IDLE: Duration = Duration::from_secs(1);

    async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let mut first = self.connection().await?;
        let err = match first.send(command).await {
            Ok(value) => return Ok(value),
            Err(err) => err,
        };
        let verdict = Verdict::on(&err);
        let replaced = self.settle(first.number, &verdict, &err).await;
        match verdict {
            Verdict::ReplaceAndRepeat if replaced => self.connection().await?.send(command).await,
            _ => Err(err),
        }
    }

    /// The connection, opened again if it was lost. Other callers wait meanwhile.
    async fn connection(&self) -> RedisResult<Numbered> {
        let mut state = self.state.lock().await;
        let idle = state.used.elapsed() > Self::IDLE;
        if idle
            && let Ok(current) = &mut state.current
            && let Err(err) = current.test().await
        {
            state.current = Err(err);
        }
        if state.current.is_err() && state.tried.elapsed() > Self::PAUSE {
            // Set before, too, in case the caller drops this future meanwhile.
            state.tried = Instant::now();
            state.count += 1;
            let number = state.count;
            let connection = connect(&self.client).await;
            state.current = connection.map(|connection| Numbered { number, connection });
            // So that waiting callers get the result and do not each try again.
            state.tried = Instant::now();
        }
        state.used = Instant::now();
        state.current.clone()
    }

    /// Whether the connection of this number is replaced. Calls that run on it go on.
    async fn settle(&self, number: u64, verdict: &Verdict, err: &RedisError) -> bool {
        let mut state = self.state.lock().await;
        let paused = state.tried.elapsed() <= Self::PAUSE;
        match (&state.current, verdict) {
            (_, Verdict::Keep) => false,
            (Ok(current), _) if current.number != number => true,
            // Other calls may still work on it: the error may be about this event.
            (Ok(_), Verdict::ReplaceAndRepeat) if paused => false,
            (Ok(_), _) => {
                state.current = Err(err.clone());
                true
            }
            (Err(_), _) => true,
        }
    }
}

async fn connect(client: &Client) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(STEP))
        .set_response_timeout(Some(STEP))
        .set_pipeline_buffer_size(1024);
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

impl Numbered {
    async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.connection
            .send_packed_command(command)
            .await
            .and_then(Value::extract_error)
    }

    /// Fails if the server sends no answer; any answer is good.
    async fn test(&mut self) -> RedisResult<()> {
        const LIMIT: Duration = Duration::from_millis(250);
        let ping = cmd("PING");
        let answer = timeout(LIMIT, self.connection.send_packed_command(&ping)).await;
        answer.map_err(std::io::Error::from)?.map(drop)
    }
}

/// What to do with the connection and the command after an error.
enum Verdict {
    Keep,
    Replace,
    ReplaceAndRepeat,
}

impl Verdict {
    fn on(err: &RedisError) -> Self {
        match err.code() {
            // About our command: a script that the server does not know, a key of another type.
            Some("NOSCRIPT" | "WRONGTYPE") => Self::Keep,
            // About the server: it is a replica, out of space, loading, part of a cluster, and the
            // like. It has changed nothing.
            Some(_) => Self::ReplaceAndRepeat,
            // No answer: the server may have run the command.
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
        let (shared, pipeline) = (Arc::clone(&self.0), pipeline.clone());
        let call = async move {
            let mut connection = shared.connection().await?.connection;
            connection
                .send_packed_commands(&pipeline, offset, count)
                .await
        };
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
