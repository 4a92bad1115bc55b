//! Which intake verified a delivery.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that no other intake of this process has; clones of an intake share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IntakeId(u64);

impl IntakeId {
    pub(super) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}
