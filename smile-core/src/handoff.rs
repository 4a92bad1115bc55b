//! What a layer does with a verified event: run the handler at once, or once for each event.

use std::fmt;

mod claims;
pub(crate) mod handler;
mod in_flight;
mod key;
mod memory;
mod moment;
mod store;

pub(crate) use claims::{Claims, Settled, Timing};
pub(crate) use key::Part;
pub use key::{DedupeKey, DeliveryKey};
pub use memory::MemoryDedupe;
pub(crate) use moment::Moment;
pub use store::{Claim, DedupeStore, Held, StoreError, Token};
pub(crate) use store::{Entry, Store};

/// How verified events reach the handler.
pub(crate) enum Handoff {
    /// Every delivery runs the handler, in the request's own task.
    Direct,
    /// Every event takes effect once, as far as the store remembers.
    Deduplicated(Store),
}

impl Handoff {
    /// The time that events are remembered by, where this process keeps it.
    pub(crate) fn now(&self) -> Moment {
        match self {
            Self::Deduplicated(Store::Memory(_)) => Moment::now(),
            Self::Deduplicated(Store::Other(_)) | Self::Direct => Moment::UNKNOWN,
        }
    }
}

impl fmt::Debug for Handoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "Direct",
            Self::Deduplicated(_) => "Deduplicated(..)",
        })
    }
}
