//! Every rule of the intake as a case, written once and run against the core, axum, bare hyper and
//! actix-web.
//!
//! The three servers are real and are spoken to over sockets; the core is called directly.

#![expect(
    clippy::expect_used,
    reason = "a test ends where something does not hold"
)]

pub mod cases;
mod client;
mod log;
mod request;
pub mod sign;
mod subject;

pub use client::Connection;
pub use log::Log;
pub use request::{Body, Request, Response};
pub use subject::{Kind, Reaction, Running, Seen, Setup, as_head, to_actix};

/// Compiles the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// Compiles the guide to the options.
#[cfg(doctest)]
#[doc = include_str!("../../docs/options.md")]
pub struct Options;

/// Compiles the page of answers.
#[cfg(doctest)]
#[doc = include_str!("../../docs/answers.md")]
pub struct Answers;

/// Compiles the guide to duplicates and failures.
#[cfg(doctest)]
#[doc = include_str!("../../docs/delivery.md")]
pub struct Delivery;

/// Compiles the guide to rotation.
#[cfg(doctest)]
#[doc = include_str!("../../docs/rotation.md")]
pub struct Rotation;

/// Compiles the guide to moving from a handler by hand.
#[cfg(doctest)]
#[doc = include_str!("../../docs/moving.md")]
pub struct Moving;

/// Compiles the page of observability.
#[cfg(doctest)]
#[doc = include_str!("../../docs/observability.md")]
pub struct Observability;
