//! Completing an event in a transaction of the application.

use std::{error::Error, fmt, future::Future};

use smile_core::{Delivery, JobId, Ownership, StoreError, Vendor};

use crate::cause::Cause;

/// Completes the event that a worker's handler runs for, on the handler's own connection: its effect
/// and "done" are in one commit, so each event takes effect exactly once.
///
/// For the inbox's own database. Where the transaction is rolled back, or the process dies before the
/// commit, the event runs again. After the commit it is done, even if the handler returns an error.
///
/// ```
/// # #[cfg(feature = "sqlite")] mod example {
/// use smile_core::{Delivery, SmileApi};
/// use smile_store::CompleteIn;
///
/// async fn on_event(
///     pool: sqlx::SqlitePool,
///     event: Delivery<SmileApi>,
/// ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///     let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
///     sqlx::query("INSERT INTO linked (event) VALUES (?1)")
///         .bind(event.id())
///         .execute(&mut *transaction)
///         .await?;
///     event.complete_in(&mut transaction).await?;
///     transaction.commit().await?;
///     Ok(())
/// }
/// # }
/// ```
pub trait CompleteIn<C> {
    /// Notes the event as handled, when the transaction commits.
    ///
    /// # Errors
    ///
    /// [`CompleteError`]. Return it, or roll back: a commit without "done" would let the effect
    /// happen again.
    fn complete_in(
        &self,
        connection: &mut C,
    ) -> impl Future<Output = Result<(), CompleteError>> + Send;
}

/// An event could not be completed in a transaction.
#[derive(Debug)]
#[non_exhaustive]
pub enum CompleteError {
    /// No worker runs a handler for this delivery: it came through a layer.
    NoWorker,
    /// Another run has the event, since this one's lease ended: it has to roll back.
    Lost,
    /// The statement failed.
    Store(StoreError),
}

impl fmt::Display for CompleteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoWorker => {
                "the event did not come out of an inbox, so there is no job to complete"
            }
            Self::Lost => "another run has the event: this one outlived its lease",
            Self::Store(_) => "the event could not be completed",
        })
    }
}

impl Error for CompleteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Store(err) => err.source(),
            Self::NoWorker | Self::Lost => None,
        }
    }
}

pub(crate) fn job_of<V: Vendor>(delivery: &Delivery<V>) -> Result<JobId, CompleteError> {
    delivery.job().ok_or(CompleteError::NoWorker)
}

pub(crate) fn completed(owned: Result<Ownership, Cause>) -> Result<(), CompleteError> {
    match owned {
        Ok(Ownership::Held) => Ok(()),
        Ok(Ownership::Lost) => Err(CompleteError::Lost),
        Err(cause) => Err(CompleteError::Store(StoreError::new(cause))),
    }
}
