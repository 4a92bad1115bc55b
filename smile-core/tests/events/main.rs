//! The models of all events, over the fixtures and what is derived from them.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that lacks its data fails"
)]

mod errors;
mod fixtures;
mod ill_formed;
mod lossless;
mod properties;
#[cfg(feature = "testkit")]
mod samples;
#[cfg(feature = "schema")]
mod schema;
mod tolerance;
mod wink;
