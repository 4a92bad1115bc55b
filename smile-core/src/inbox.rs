//! Acknowledge what is stored, work on it later.

use std::{future::Future, sync::Arc};

use crate::StoreError;

mod backoff;
mod dead_letter;
mod endpoint;
mod fetched_event;
mod handler;
mod new_event;
mod queue;
mod run;
mod stats;
mod stored_event;
mod worker;

pub use dead_letter::{DeadLetter, DeadReason, UnknownDeadReason};
pub use endpoint::{InboxAdmitted, InboxIntake, IntoEndpoint};
pub use fetched_event::FetchedEvent;
pub use handler::Permanent;
pub use new_event::NewEvent;
pub use queue::{Job, JobId, Settlement, Take, WorkQueue};
pub use stats::QueueStats;
pub use stored_event::StoredEvent;
pub(crate) use stored_event::Work;
pub use worker::{Worker, WorkerHandle};

/// Durable storage for verified events.
///
/// The endpoint made by [`IntakeBuilder::inbox`](crate::IntakeBuilder::inbox) stores each event here
/// and then answers 200. A [`Worker`] runs the handler later, where the inbox is a [`WorkQueue`]; an
/// inbox that hands events to a broker leaves that to the broker's consumers, as the example
/// `nats-inbox` does.
///
/// The acceptance suite in the test kit holds an inbox to this contract.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no inbox",
    label = "`Inbox` is not implemented for it",
    note = "inboxes are `SqliteInbox` and `PostgresInbox` of smile-store, and types of your own that implement `Inbox`",
    note = "where this is a future, add `.await?` to the call that connects the inbox"
)]
pub trait Inbox: Send + Sync + 'static {
    /// Stores the event, unless one with its key is stored already.
    ///
    /// Returns only when the event would survive a crash of the process and of the machine: the
    /// vendor never sends again after the 200 that follows. Of any number of concurrent calls with
    /// one key, exactly one returns [`Accepted::New`].
    ///
    /// An event whose [`dead`](NewEvent::dead) is set is stored among the dead letters. So is one
    /// whose key is stored with a fingerprint that
    /// [contradicts](crate::Fingerprint::contradicts) the event's, under the key of
    /// [`NewEvent::into_id_reuse`].
    ///
    /// The key is remembered for [`NewEvent::retention`] at least, also after the event was handled.
    ///
    /// # Errors
    ///
    /// Where the event may not be stored. The sender is answered 503 and sends again. The endpoint
    /// gives up a call after 1.5 s, so a call must be safe to drop at any await.
    fn accept(&self, event: NewEvent) -> impl Future<Output = Result<Accepted, StoreError>> + Send;
}

/// How an inbox took an event.
///
/// Complete: these are the three cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The event is stored.
    New,
    /// The event was stored before, and nothing was changed.
    Duplicate,
    /// Another body was stored under the event's id before. This one is a dead letter now.
    IdReuse,
}

impl<I: Inbox> Inbox for Arc<I> {
    fn accept(&self, event: NewEvent) -> impl Future<Output = Result<Accepted, StoreError>> + Send {
        (**self).accept(event)
    }
}
