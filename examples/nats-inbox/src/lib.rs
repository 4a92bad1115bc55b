//! An inbox in a stream of NATS JetStream, and the consumer of its events: see `main.rs`.

mod consumer;
mod headers;
mod inbox;

pub use consumer::{consume, consumer};
pub use inbox::{BODY_LIMIT, DEAD, EVENTS, JetStreamInbox};
