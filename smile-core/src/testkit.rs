//! For tests of an application, and of stores and inboxes.
//!
//! An application is tested with [`Sample`] events that a [`Signer`] signs, or with a [`delivery`] that
//! its handler takes. An adapter's `testkit` adds requests as its framework's tests take them. What
//! the endpoint did is in a [`Recorder`]; [`FixedClock`] and [`MemoryInbox`] stand in for the real ones.
//! Nothing here leads around the verification.
//!
//! ```
//! use smile_core::{Delivery, EventType, SmileApi, testkit};
//!
//! fn user(event: &Delivery<SmileApi>) -> Option<String> {
//!     Some(event.data().ok()?.user_id()?.to_owned())
//! }
//!
//! let sample = testkit::Sample::smile_api(EventType::AccountConnected).set("data.userId", "u-1");
//! assert_eq!(user(&testkit::delivery(sample)).as_deref(), Some("u-1"));
//! ```
//!
//! A store or an inbox of your own is tested against the contract of its trait:
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
