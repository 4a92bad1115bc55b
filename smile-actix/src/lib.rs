//! actix-web middleware and extractors that receive webhooks of Smile API and Smile.io.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod detached;
mod extract;
mod head;
mod middleware;
mod response;

pub use extract::{NotVerified, SmileEvent, VerifiedBody};
pub use middleware::SmileMiddleware;
#[doc(hidden)]
pub use middleware::SmileService;
pub use smile_core::*;
