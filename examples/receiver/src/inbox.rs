//! The inbox of the flag `--inbox`, and the worker that handles its events.

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use smile_core::MetricsObserver;
use smile_core::{DeadLetter, IntakeBuilder, IntoEndpoint, StoreError, Vendor, WorkerHandle};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use smile_core::{WorkQueue, Worker};
#[cfg(feature = "postgres")]
use smile_store::PostgresInbox;
#[cfg(feature = "sqlite")]
use smile_store::SqliteInbox;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use crate::deliveries::Recorder;
use crate::{deliveries::Origin, options::Failure, receiver::Receiver};

/// An inbox, opened.
#[derive(Clone)]
pub(crate) enum Inbox {
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteInbox),
    #[cfg(feature = "postgres")]
    Postgres(PostgresInbox),
}

/// Does the same with whatever engine it is.
macro_rules! with {
    ($inbox:expr, |$engine:ident| $body:expr) => {
        match $inbox {
            #[cfg(feature = "sqlite")]
            Inbox::Sqlite($engine) => $body,
            #[cfg(feature = "postgres")]
            Inbox::Postgres($engine) => $body,
            #[cfg(not(any(feature = "postgres", feature = "sqlite")))]
            other => match *other {},
        }
    };
}

#[cfg_attr(
    not(any(feature = "postgres", feature = "sqlite")),
    expect(unused_variables, reason = "without a driver there is no inbox")
)]
impl Inbox {
    /// Opens what `--inbox` names, and makes its tables.
    pub(crate) async fn open(flag: &str) -> Result<Self, Failure> {
        match flag.split(':').next().unwrap_or_default() {
            "sqlite" => sqlite(flag).await,
            "postgres" | "postgresql" => postgres(flag).await,
            _ => Err("--inbox takes sqlite:PATH or postgres://..".into()),
        }
    }

    /// Ends the configuration of an endpoint that stores.
    pub(crate) fn endpoint<V: Vendor, T: IntoEndpoint<V>>(
        &self,
        builder: IntakeBuilder<V, T>,
    ) -> T::Endpoint {
        with!(self, |engine| builder.inbox(engine.clone()))
    }

    /// Starts the worker, whose handlers are the receiver's.
    pub(crate) fn start_worker(&self, receiver: &Receiver) -> WorkerHandle {
        let recorder = receiver.recorder(Origin::Worker);
        with!(self, |engine| work(engine.clone(), receiver, recorder))
    }

    pub(crate) async fn dead_letters(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        with!(self, |engine| engine.dead_letters(after, limit).await)
    }

    pub(crate) async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>, StoreError> {
        with!(self, |engine| engine.dead_letter(id).await)
    }

    /// Sets the gauges of the inbox.
    pub(crate) async fn record_metrics(&self) -> Result<(), StoreError> {
        with!(self, |engine| MetricsObserver::record_inbox(
            engine, "default"
        )
        .await)
    }

    pub(crate) async fn replay(&self, id: i64) -> Result<bool, StoreError> {
        with!(self, |engine| engine.replay(id).await)
    }
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn work(queue: impl WorkQueue, receiver: &Receiver, recorder: Recorder) -> WorkerHandle {
    let (api, io) = (receiver.clone(), receiver.clone());
    Worker::new(queue)
        .observer(recorder)
        .handle(move |event: smile_core::Delivery<smile_core::SmileApi>| {
            let receiver = api.clone();
            async move { succeeded(receiver.on_smile_api(event).await) }
        })
        .handle(move |event: smile_core::Delivery<smile_core::SmileIo>| {
            let receiver = io.clone();
            async move { succeeded(receiver.on_smile_io(event).await) }
        })
        .start()
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn succeeded(status: u16) -> Result<(), String> {
    match status {
        200..=299 => Ok(()),
        status => Err(format!("the handler answered {status}")),
    }
}

#[cfg(feature = "sqlite")]
async fn sqlite(url: &str) -> Result<Inbox, Failure> {
    let inbox = SqliteInbox::connect(url).await?;
    inbox.create_schema().await?;
    Ok(Inbox::Sqlite(inbox))
}

#[cfg(not(feature = "sqlite"))]
async fn sqlite(_url: &str) -> Result<Inbox, Failure> {
    Err(not_built_in("sqlite"))
}

#[cfg(feature = "postgres")]
async fn postgres(url: &str) -> Result<Inbox, Failure> {
    let inbox = PostgresInbox::connect(url).await?;
    inbox.create_schema().await?;
    Ok(Inbox::Postgres(inbox))
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_url: &str) -> Result<Inbox, Failure> {
    Err(not_built_in("postgres"))
}

#[cfg(not(all(feature = "sqlite", feature = "postgres")))]
fn not_built_in(driver: &str) -> Failure {
    format!("--inbox: run with the driver: cargo run -p smile-receiver --features {driver} -- ..")
        .into()
}
