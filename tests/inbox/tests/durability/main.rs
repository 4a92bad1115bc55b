//! An application with an inbox survives what happens to processes and databases.

#![expect(
    clippy::expect_used,
    reason = "a test ends where something does not hold"
)]

mod app;
mod contention;
mod crashes;
mod engine;
mod kills;
mod outages;
mod races;
