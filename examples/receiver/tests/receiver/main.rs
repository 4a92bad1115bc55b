//! The receiver as a program: its interface, and what hostile senders can do to it.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test ends where something does not hold"
)]

mod deliveries;
mod hostile;
mod inbox;
mod interface;
mod process;
mod prometheus;
mod replicas;
mod shutdown;
