//! How verified events reach the handler: each delivery, or once for each event.

use std::fmt;

mod claim;
mod event_handle;
mod key;
mod memory;
mod running;
mod store;
mod timing;
mod token;
mod waiting;

#[cfg(feature = "inbox")]
pub(crate) use claim::RETRY;
pub(crate) use claim::{ClaimAttempt, NotHeld};
pub(crate) use event_handle::{EventHandle, Store};
#[cfg(feature = "inbox")]
pub(crate) use event_handle::{StoreFuture, guarded};
pub(crate) use key::EventIdentity;
pub use key::{DedupeBy, EventKey};
pub use memory::MemoryDedupe;
pub(crate) use running::Running;
pub use store::{Claim, DedupeStore, Ownership, StoreError};
pub(crate) use timing::Timing;
pub use token::Token;
pub(crate) use waiting::Waiting;

/// How verified events reach the handler.
pub(crate) enum Handoff {
    /// Every delivery runs the handler, in the request's own task.
    Direct,
    /// Each event runs the handler once, as far as the store remembers.
    Deduplicated(Store),
}

impl fmt::Debug for Handoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "Direct",
            Self::Deduplicated(_) => "Deduplicated(..)",
        })
    }
}
