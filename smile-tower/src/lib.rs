//! Tower layer and axum extractors that receive webhooks of Smile API and Smile.io.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
#[cfg(feature = "axum")]
mod extract;
mod future;
mod head;
mod layer;
mod response;
mod service;

pub use body::ResponseBody;
#[cfg(feature = "axum")]
pub use extract::{NotVerified, SmileEvent, VerifiedBody};
pub use future::ResponseFuture;
pub use head::PeerAddr;
pub use layer::{DefaultBody, SmileLayer};
pub use service::SmileService;
pub use smile_core::*;
