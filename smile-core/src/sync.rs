//! The locks and counters of the hand-off: the standard library's, and in the models of
//! `tests/models` those of shuttle, which decides who runs next.

#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};
