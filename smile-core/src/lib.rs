//! Verification, events and the intake pipeline for webhooks of Smile API and Smile.io.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
mod config_error;
mod data_error;
mod delivery;
mod envelope_error;
mod fence;
#[cfg(feature = "intake")]
mod handoff;
mod head;
#[cfg(feature = "intake")]
mod intake;
mod key_ring;
pub mod model;
#[cfg(feature = "intake")]
mod observe;
mod rejection;
mod reply;
mod secret;
pub mod smile_api;
pub mod smile_io;
mod source_ip;
mod vendor;
mod verify;

pub use clock::{Clock, SystemClock};
pub use config_error::ConfigError;
pub use data_error::DataError;
pub use delivery::Delivery;
pub use envelope_error::EnvelopeError;
pub use fence::Fence;
#[cfg(feature = "intake")]
pub use handoff::{
    Claim, DedupeKey, DedupeStore, DeliveryKey, Held, MemoryDedupe, StoreError, Token,
};
pub use head::{Field, Head};
#[cfg(feature = "intake")]
pub use intake::{Admitted, Answer, Intake, IntakeBuilder};
pub use key_ring::{KeyRing, Secrets};
#[cfg(feature = "intake")]
pub use observe::{Event, Observer, Outcome, Report, TracingObserver};
pub use rejection::{Reason, Rejection, RejectionKind};
pub use reply::{Header, Reply};
pub use secret::{EmptySecret, Secret};
pub use smile_api::{Data, EventType, SmileApi};
pub use smile_io::SmileIo;
pub use source_ip::{InvalidNetwork, IpAllowList};
pub use vendor::Vendor;
pub use verify::{Fingerprint, Signature, Verification, Verified};
