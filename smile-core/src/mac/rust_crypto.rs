//! By `hmac` and `sha2`, which wipe their state when dropped.

use hmac::{Hmac, KeyInit};
use sha2::{Sha256, Sha512};

use super::Mac;

pub(crate) type HmacSha256 = Hmac<Sha256>;
pub(crate) type HmacSha512 = Hmac<Sha512>;

impl<T> Mac for T
where
    T: KeyInit + hmac::Mac + Clone + Send + Sync + 'static,
{
    type Tag = hmac::digest::Output<T>;

    fn new(key: &[u8]) -> Self {
        #[expect(
            clippy::expect_used,
            reason = "HMAC takes a key of any length (RFC 2104)"
        )]
        Self::new_from_slice(key).expect("HMAC takes any key")
    }

    fn update(&mut self, bytes: &[u8]) {
        hmac::Mac::update(self, bytes);
    }

    fn finish(self) -> Self::Tag {
        self.finalize().into_bytes()
    }
}
