//! Suites that test your implementation of a trait against the trait's contract.
//!
//! ```
//! use smile_core::{MemoryDedupe, testkit};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! // In a test of your own: `#[tokio::test(flavor = "multi_thread")]`.
//! testkit::dedupe_store_suite(async || MemoryDedupe::default()).await;
//! # });
//! ```

mod concurrency;
mod delivery;
mod expiry;
mod fixed_clock;
mod inbox_suite;
mod lifecycle;
mod memory_inbox;
mod recorder;
mod sample;
mod signer;
mod suite;
mod trial;

pub use delivery::delivery;
pub use fixed_clock::FixedClock;
pub use inbox_suite::{inbox_suite, new_event, work_queue_suite};
pub use memory_inbox::MemoryInbox;
pub use recorder::{Record, Recorder};
pub use sample::{Sample, SetError};
pub use signer::{Signer, SigningSecret};
pub use suite::dedupe_store_suite;
