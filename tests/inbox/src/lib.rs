//! Compiles the guide to the inbox. The application that the tests kill is the package's program.

/// Compiles the guide to the inbox.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/inbox.md")]
pub struct Inbox;
