//! The MACs that deliveries are signed with.

#[cfg(feature = "aws-lc-rs")]
#[path = "mac/aws_lc.rs"]
mod family;
#[cfg(not(feature = "aws-lc-rs"))]
#[path = "mac/rust_crypto.rs"]
mod family;

pub(crate) use family::{HmacSha256, HmacSha512};

/// A MAC that was given its key: clone it, feed it, finish it.
#[expect(unnameable_types, reason = "it is of the inside of `Vendor`")]
pub trait Mac: Clone + Send + Sync + 'static {
    /// The result, of the MAC's full length.
    type Tag: AsRef<[u8]>;

    /// Takes a key of any length (RFC 2104).
    fn new(key: &[u8]) -> Self;

    /// Takes the next bytes of the message.
    fn update(&mut self, bytes: &[u8]);

    /// The MAC of what it was fed.
    fn finish(self) -> Self::Tag;
}
