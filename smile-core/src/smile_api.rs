//! The events of Smile API (smileapi.io).

pub mod data;

mod envelope;
mod event_type;

pub use self::envelope::Envelope;
pub use self::event_type::{Data, EventType, UnknownEventType};
