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
mod expiry;
mod lifecycle;
mod suite;
mod trial;

pub use suite::dedupe_store_suite;
