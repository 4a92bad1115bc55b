//! The number of a claim.

/// The number of a claim: larger for each later claim of the same event.
///
/// As far as the store goes: that of the memory store begins again with each process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);
