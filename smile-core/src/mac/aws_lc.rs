//! By AWS-LC, which wipes its state when dropped.

#![expect(unnameable_types, reason = "these are of the inside of `Vendor`")]

use std::marker::PhantomData;

use aws_lc_rs::hmac::{Algorithm, Context, HMAC_SHA256, HMAC_SHA512, Key, Tag};

use super::Mac;

pub(crate) type HmacSha256 = Hmac<Sha256>;
pub(crate) type HmacSha512 = Hmac<Sha512>;

#[derive(Clone, Debug)]
pub struct Hmac<H>(Context, PhantomData<H>);

#[derive(Clone, Debug)]
pub enum Sha256 {}

#[derive(Clone, Debug)]
pub enum Sha512 {}

/// Which HMAC it is.
pub trait Hash: Clone + Send + Sync + 'static {
    const HMAC: Algorithm;
}

impl Hash for Sha256 {
    const HMAC: Algorithm = HMAC_SHA256;
}

impl Hash for Sha512 {
    const HMAC: Algorithm = HMAC_SHA512;
}

impl<H: Hash> Mac for Hmac<H> {
    type Tag = Tag;

    fn new(key: &[u8]) -> Self {
        Self(Context::with_key(&Key::new(H::HMAC, key)), PhantomData)
    }

    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self) -> Tag {
        self.0.sign()
    }
}
