//! Verification, events and the intake pipeline for webhooks of Smile API and Smile.io.

#![cfg_attr(
    not(test),
    expect(dead_code, reason = "what reads whole bodies is not here yet")
)]

pub mod model;
pub mod smile_api;
pub mod smile_io;

mod data_error;
mod envelope_error;

pub use self::data_error::DataError;
pub use self::envelope_error::EnvelopeError;
