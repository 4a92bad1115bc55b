//! The MACs that deliveries are signed with.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(not(feature = "aws-lc-rs"))]
mod rust_crypto;

#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws_lc::{HmacSha256, HmacSha512};
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) use rust_crypto::{HmacSha256, HmacSha512};

/// A MAC with its key: clone it, update it, finish it.
#[expect(unnameable_types, reason = "it is of the inside of `Vendor`")]
pub trait Mac: Clone + Send + Sync + 'static {
    /// The result, of the MAC's full length.
    type Tag: AsRef<[u8]>;

    /// Takes a key of any length (RFC 2104).
    fn new(key: &[u8]) -> Self;

    /// Takes the next bytes of the message.
    fn update(&mut self, bytes: &[u8]);

    /// The MAC of all the bytes.
    fn finish(self) -> Self::Tag;
}
