//! The events of Smile.io (smile.io).

pub mod data;

mod envelope;
mod topic;

pub use self::envelope::Envelope;
pub use self::topic::{Data, Topic, UnknownTopic};
