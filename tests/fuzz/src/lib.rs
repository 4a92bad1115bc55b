//! What the fuzz targets check. Each function takes the fuzzer's bytes and panics where a property
//! does not hold.
//!
//! Wherever that is possible, the property is that the library and a plain reference agree. The
//! references are slow and short, and share no code with the library.
#![forbid(unsafe_code)]
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a target ends where something does not hold"
)]

mod data;
mod envelope;
mod head;
mod intake;
mod json;
mod request;
mod sign;
mod signature;
mod source;
mod wink;

pub use data::{smile_api_data, smile_io_data};
pub use envelope::envelope;
pub use head::head;
pub use intake::intake;
pub use signature::signature;
pub use source::source;
pub use wink::wink;
