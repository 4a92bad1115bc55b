//! The number of a claim.

/// The number of a claim: larger for each later claim of the same event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);
