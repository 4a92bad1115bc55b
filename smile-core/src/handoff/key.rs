//! By what two deliveries count as the same event.

use std::{
    borrow::Cow,
    fmt,
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState},
    sync::LazyLock,
};

use sha2::{Digest, Sha256};
use siphasher::sip128::{Hash128, SipHasher13};

use crate::{Delivery, Vendor};

/// The text under which an event is claimed and remembered.
///
/// It is made of the vendor, the scope given to the builder, the tenant, and what tells the event:
/// Smile API's `id`, or for Smile.io, whose events have none, a digest of the body. The signature
/// and the secret are no part of it: a rotation would let duplicates through.
///
/// 1 to 512 printable ASCII characters without white space, safe as a key in any store.
#[derive(Clone, PartialEq, Eq)]
pub struct DeliveryKey {
    /// Of the text, taken once: a store and those who wait look each key up several times.
    digest: KeyDigest,
    text: Box<str>,
}

/// 128 bits of a hash under a secret of this process. It stands for the key: nobody can look for two
/// keys with the same, and chance has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyDigest([u64; 2]);

impl KeyDigest {
    fn of(text: &str) -> Self {
        // The randomness that the standard library seeds its hash maps with.
        static SECRET: LazyLock<SipHasher13> = LazyLock::new(|| {
            let half = |n: u8| RandomState::new().hash_one(n);
            SipHasher13::new_with_keys(half(0), half(1))
        });
        let Hash128 { h1, h2 } = SECRET.hash(text.as_bytes());
        Self([h1, h2])
    }

    pub(crate) fn for_table(self) -> u64 {
        self.0[0]
    }
}

impl Hash for KeyDigest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0[0]);
    }
}

impl DeliveryKey {
    /// A key of the caller's own making, for use with a store directly, as in tests.
    ///
    /// Text that is not 1 to 256 printable ASCII characters is digested.
    pub fn new(text: &str) -> Self {
        Self::hashed(plain_or_digest(text).into_owned())
    }

    /// What the keys of one endpoint begin with.
    pub(crate) fn prefix<V: Vendor>(scope: &str) -> Box<str> {
        format!("{}:{scope}:", V::NAME).into()
    }

    pub(crate) fn of<V: Vendor>(prefix: &str, delivery: &Delivery<V>, part: &str) -> Self {
        let tenant = delivery.tenant().unwrap_or_default();
        Self::hashed([prefix, tenant, ":", part].concat())
    }

    fn hashed(text: String) -> Self {
        Self {
            digest: KeyDigest::of(&text),
            text: text.into(),
        }
    }

    pub(crate) fn digest(&self) -> KeyDigest {
        self.digest
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Hash for DeliveryKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

/// For maps by key: takes the hash that a key holds as it is. No stranger can choose it, since it is
/// under a secret.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyHasher(u64);

pub(crate) type ByKey = BuildHasherDefault<KeyHasher>;

impl Hasher for KeyHasher {
    fn write(&mut self, _: &[u8]) {
        unreachable!("a key has only its hash to say");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl fmt::Debug for DeliveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeliveryKey").field(&self.text).finish()
    }
}

impl fmt::Display for DeliveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What tells one event from another; the answer of a hook given to
/// [`dedupe_by`](crate::IntakeBuilder::dedupe_by).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DedupeKey {
    /// The vendor's own: Smile API's event id, or a digest of Smile.io's body.
    Vendor,
    /// This text, instead.
    Text(String),
    /// Nothing: the handler runs for every delivery of this event.
    Never,
}

impl DedupeKey {
    /// The last part of the key; `None` where the event is not deduplicated.
    pub(crate) fn part<'a, V: Vendor>(&'a self, delivery: &'a Delivery<V>) -> Option<Cow<'a, str>> {
        match self {
            Self::Vendor => Some(match V::event_id(delivery.envelope()) {
                Some(id) if !id.is_empty() => plain_or_digest(id),
                // Without an id, equal bodies are the same event: a customer's body holds
                // `updated_at`, so that equal bytes mean an equal version.
                _ => digest(delivery.raw()).into(),
            }),
            Self::Text(text) => Some(plain_or_digest(text)),
            Self::Never => None,
        }
    }
}

/// Ids are opaque: one with a NUL, of any length, must not trouble a store.
fn plain_or_digest(text: &str) -> Cow<'_, str> {
    let is_short = (1..=256).contains(&text.len());
    if is_short && is_graphic(text.as_bytes()) && !text.starts_with(DIGEST_PREFIX) {
        text.into()
    } else {
        digest(text.as_bytes()).into()
    }
}

/// Looks at all bytes, even after one that is not: that takes many of them at once.
fn is_graphic(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .fold(true, |all, byte| all & byte.is_ascii_graphic())
}

fn digest(bytes: &[u8]) -> String {
    DIGEST_PREFIX.to_owned() + &const_hex::encode(Sha256::digest(bytes))
}

const DIGEST_PREFIX: &str = "sha256/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_looks_like_a_digest_cannot_stand_for_one() {
        let digest = digest(b"body");
        assert_ne!(plain_or_digest(&digest), digest);
    }

    #[test]
    fn odd_ids_become_safe_keys() {
        for id in ["a\0b", "a b", "ä", "\n", &"x".repeat(257)] {
            let key = DeliveryKey::new(id);
            assert!(
                key.as_str().starts_with("sha256/") && key.as_str().len() == 71,
                "{id:?}"
            );
        }
        assert_eq!(DeliveryKey::new("et-1").as_str(), "et-1");
    }
}
