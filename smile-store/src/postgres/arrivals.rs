//! Waking workers when an event has come, in this process and in others.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{
    AssertSqlSafe, Error, PgPool, Row,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::{connections::Connections, inbox_statement};
use crate::{call::STEP, thread::StoreThread};

/// Whatever fails in here is harmless: a worker looks twice a second in any case.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals(Arc<State>);

#[derive(Debug, Default)]
struct State {
    arrived: Notify,
    listening: AtomicBool,
    announcing: AtomicBool,
}

impl Arrivals {
    /// Waits for the next one. The first call begins to listen for those of other processes.
    pub(super) async fn next(&self, thread: &StoreThread, pool: &PgPool) {
        if !self.0.listening.swap(true, Ordering::AcqRel) {
            let options = PgConnectOptions::clone(&pool.connect_options());
            thread.spawn(listen(Arc::clone(&self.0), options));
        }
        self.0.arrived.notified().await;
    }

    /// Wakes the workers of this process at once, and those of others soon.
    pub(super) fn announce(&self, thread: &StoreThread, connections: &Connections) {
        self.0.wake();
        if self.0.announcing.swap(true, Ordering::AcqRel) {
            return;
        }
        let (state, connections) = (Arc::clone(&self.0), connections.clone());
        thread.spawn(async move {
            sleep(PAUSE_BEFORE_ANNOUNCEMENT).await;
            // Before the statement: what is stored from now on may be too late for it.
            state.announcing.store(false, Ordering::Release);
            let statement = inbox_statement::announce();
            let _ = timeout(STEP, connections.run(&statement)).await;
        });
    }
}

impl State {
    /// Every worker that waits, since the event may be for any of them; and the next that would wait,
    /// since it may have looked before the event was there.
    fn wake(&self) {
        self.arrived.notify_waiters();
        self.arrived.notify_one();
    }
}

async fn listen(state: Arc<State>, options: PgConnectOptions) {
    let options = options.options([(MARK, "on")]);
    loop {
        match listen_for_a_while(&state, options.clone()).await {
            Ok(Listened::ForAWhile) => {}
            Ok(Listened::ToAPooler) => return,
            Err(err) if is_refusal_of_mark(&err) => return,
            Err(_) => sleep(PAUSE_AFTER_FAILURE).await,
        }
    }
}

enum Listened {
    ForAWhile,
    /// Not at all then: a pooler would keep the server's connection that listens, give it to other
    /// clients, and the notifications with it, which break their calls.
    ToAPooler,
}

/// Listens on a connection of its own. A new one from time to time finds a server whose name was
/// moved, and replaces a connection that broke without a word.
async fn listen_for_a_while(state: &State, options: PgConnectOptions) -> Result<Listened, Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(STEP)
        .connect_lazy_with(options);
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    let begin = async {
        let look = format!("SELECT current_setting('{MARK}', true)");
        let look = sqlx::raw_sql(AssertSqlSafe(look)).fetch_one(&mut listener);
        let mark: Option<String> = look.await?.try_get(0)?;
        let is_direct = mark.as_deref() == Some("on");
        if is_direct {
            listener.listen("smile_inbox").await?;
        }
        Ok(is_direct)
    };
    let late = |_| Err(Error::Io(io::ErrorKind::TimedOut.into()));
    if !timeout(STEP, begin).await.unwrap_or_else(late)? {
        return Ok(Listened::ToAPooler);
    }
    // An event may have come before.
    state.wake();
    let receive = async {
        while listener.try_recv().await?.is_some() {
            state.wake();
        }
        Err(Error::Io(io::ErrorKind::UnexpectedEof.into()))
    };
    let received = timeout(LONGEST_CONNECTION, receive).await;
    received.unwrap_or(Ok(Listened::ForAWhile))
}

/// PgBouncer refuses it at connecting, other poolers may leave it out.
fn is_refusal_of_mark(err: &Error) -> bool {
    let code = err.as_database_error().and_then(|err| err.code());
    code.is_some_and(|code| code == "08P01")
}

/// A setting of the session that listens. No pooler passes it on.
const MARK: &str = "smile.listens";

/// Announcements of one process are at least so far apart.
const PAUSE_BEFORE_ANNOUNCEMENT: Duration = Duration::from_millis(20);

const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

const LONGEST_CONNECTION: Duration = Duration::from_secs(60);
