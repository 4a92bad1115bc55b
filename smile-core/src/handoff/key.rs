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
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DeliveryKey(Box<str>);

impl DeliveryKey {
    /// A key of the caller's own making, for use with a store directly, as in tests.
    ///
    /// Text that is not 1 to 256 printable ASCII characters is digested.
    pub fn new(text: &str) -> Self {
        Self(plain_or_digest(text).into())
    }

    /// What the keys of one endpoint begin with.
    pub(crate) fn prefix<V: Vendor>(scope: &str) -> Box<str> {
        format!("{}:{scope}:", V::NAME).into()
    }

    pub(crate) fn of(prefix: &str, tenant: &str, part: &Part<'_>) -> Self {
        let part = match part {
            Part::Text(text) => plain_or_digest(text),
            Part::Body(body) => digest(body).into(),
        };
        Self([prefix, tenant, ":", &part].concat().into())
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 128 bits of a hash under a secret of this process. It stands for a key where that is not written
/// down: nobody can look for two keys with the same, and chance has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyDigest([u64; 2]);

impl KeyDigest {
    /// Among the events of one endpoint.
    #[inline]
    pub(crate) fn of(secret: DigestSecret, tenant: &str, part: &Part<'_>) -> Self {
        let (kind, part) = match part {
            Part::Text(text) => (0, text.as_bytes()),
            Part::Body(body) => (1, *body),
        };
        // With its length before it, no tenant's name goes on where another's ends.
        let mut hasher = secret.hasher();
        hasher.write_usize((tenant.len() << 1) | kind);
        if tenant.is_empty() {
            hasher.hash(part).into()
        } else {
            Self::of_tenant(hasher, tenant, part)
        }
    }

    /// Out of the way of those who have no tenants.
    #[cold]
    fn of_tenant(mut hasher: SipHasher13, tenant: &str, part: &[u8]) -> Self {
        hasher.write(tenant.as_bytes());
        hasher.hash(part).into()
    }

    /// Part of it, for a table.
    #[inline]
    pub(crate) fn for_table(self) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::as_conversions,
            reason = "a part is enough"
        )]
        let part = self.0[0] as u32;
        part
    }
}

/// What digests of keys are made with.
#[derive(Clone, Copy)]
pub(crate) struct DigestSecret([u64; 2]);

impl DigestSecret {
    /// The one of this process.
    pub(crate) fn of_process() -> Self {
        // The randomness that the standard library seeds its hash maps with.
        static SECRET: LazyLock<[u64; 2]> =
            LazyLock::new(|| [0, 1].map(|n: u8| RandomState::new().hash_one(n)));
        Self(*SECRET)
    }

    #[inline]
    fn hasher(self) -> SipHasher13 {
        let Self([key, other]) = self;
        SipHasher13::new_with_keys(key, other)
    }
}

impl From<Hash128> for KeyDigest {
    #[inline]
    fn from(Hash128 { h1, h2 }: Hash128) -> Self {
        Self([h1, h2])
    }
}

impl From<&DeliveryKey> for KeyDigest {
    fn from(key: &DeliveryKey) -> Self {
        let hasher = DigestSecret::of_process().hasher();
        hasher.hash(key.0.as_bytes()).into()
    }
}

impl Hash for KeyDigest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0[0]);
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
        f.debug_tuple("DeliveryKey").field(&self.0).finish()
    }
}

impl fmt::Display for DeliveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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

/// What tells an event from the others of its tenant.
pub(crate) enum Part<'a> {
    /// An id, or what a hook chose.
    Text(&'a str),
    /// Without an id, equal bodies are the same event: a customer's body holds `updated_at`, so that
    /// equal bytes mean an equal version.
    Body(&'a [u8]),
}

impl<'a> Part<'a> {
    /// The vendor's own.
    pub(crate) fn of<V: Vendor>(delivery: &'a Delivery<V>) -> Self {
        match V::event_id(delivery.envelope()) {
            Some(id) if !id.is_empty() => Self::Text(id),
            _ => Self::Body(delivery.raw()),
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

    #[test]
    fn events_are_told_apart_by_tenant_kind_and_text_written_down_or_not() {
        let body = digest(b"et-1");
        let events = [
            ("", Part::Text("et-1")),
            ("", Part::Text("et-2")),
            ("", Part::Body(b"et-1")),
            ("", Part::Text(&body)),
            ("acme", Part::Text("et-1")),
            ("acme", Part::Body(b"et-1")),
            ("ac", Part::Text("meet-1")),
            ("ecma", Part::Text("et-1")),
            ("", Part::Text("acme:et-1")),
            ("", Part::Text("et\u{0}1")),
            ("", Part::Text("")),
        ];
        let of =
            |tenant: &str, part: &Part<'_>| KeyDigest::of(DigestSecret::of_process(), tenant, part);
        for (n, (tenant, part)) in events.iter().enumerate() {
            assert_eq!(of(tenant, part), of(tenant, part));
            for (other_tenant, other) in &events[n + 1..] {
                assert_ne!(of(tenant, part), of(other_tenant, other));
                let [key, other] = [(tenant, part), (other_tenant, other)]
                    .map(|(tenant, part)| DeliveryKey::of("smile-api:default:", tenant, part));
                assert_ne!(key, other);
            }
        }
    }
}
