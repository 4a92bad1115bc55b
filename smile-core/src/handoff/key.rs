//! Which deliveries count as the same event.

use std::{
    borrow::Cow,
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    sync::LazyLock,
};

use sha2::{Digest, Sha256};
use siphasher::sip128::{Hash128, Hasher128, SipHasher13};

use crate::{Delivery, Vendor};

/// The text under which an event is claimed and remembered.
///
/// It is made of the vendor, the scope given to the builder, the tenant, and the event's identity:
/// Smile API's `id`, or a digest of the body for Smile.io, whose events have no id. The signature
/// and the secret are no part of it: a rotation would let duplicates through.
///
/// 1 to 512 printable ASCII characters without white space, safe as a key in any store.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EventKey(Box<str>);

impl EventKey {
    /// A key of your own, to call a store directly, as in tests.
    ///
    /// Text that is not 1 to 256 printable ASCII characters is digested.
    pub fn new(text: &str) -> Self {
        Self(plain_or_digest(text).into())
    }

    /// The beginning of the keys of one endpoint.
    pub(crate) fn prefix<V: Vendor>(scope: &str) -> Box<str> {
        format!("{}:{scope}:", V::NAME).into()
    }

    pub(crate) fn of(prefix: &str, tenant: &str, identity: &EventIdentity<'_>) -> Self {
        let part = match identity {
            EventIdentity::Text(text) => plain_or_digest(text),
            EventIdentity::Body(body) => digest(body).into(),
        };
        Self([prefix, tenant, ":", &part].concat().into())
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A 128-bit hash that stands for a key in this process's memory. It is keyed with a secret of the
/// process, so nobody can construct a collision, and chance makes none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyHash(u64, u64);

impl KeyHash {
    /// The hash of an event among those of one endpoint.
    pub(crate) fn of(tenant: &str, identity: &EventIdentity<'_>) -> Self {
        let (kind, bytes) = match identity {
            EventIdentity::Text(text) => (0, text.as_bytes()),
            EventIdentity::Body(body) => (1, *body),
        };
        // The length comes first, so that a tenant's name cannot continue where another's ends.
        let mut hasher = hasher();
        hasher.write_usize((tenant.len() << 1) | kind);
        hasher.write(tenant.as_bytes());
        hasher.write(bytes);
        Self::from(hasher.finish128())
    }
}

impl From<Hash128> for KeyHash {
    fn from(Hash128 { h1, h2 }: Hash128) -> Self {
        Self(h1, h2)
    }
}

impl From<&EventKey> for KeyHash {
    fn from(key: &EventKey) -> Self {
        let mut hasher = hasher();
        hasher.write(key.0.as_bytes());
        Self::from(hasher.finish128())
    }
}

/// Keyed with the randomness that the standard library seeds its hash maps with.
fn hasher() -> SipHasher13 {
    static SECRET: LazyLock<[u64; 2]> =
        LazyLock::new(|| [0, 1].map(|n: u8| RandomState::new().hash_one(n)));
    let [first, second] = *SECRET;
    SipHasher13::new_with_keys(first, second)
}

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EventKey").field(&self.0).finish()
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event's identity; the answer of a function given to
/// [`dedupe_by`](crate::IntakeBuilder::dedupe_by).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DedupeBy {
    /// The vendor's own identity: Smile API's event id, or a digest of Smile.io's body.
    Vendor,
    /// This text.
    Text(String),
    /// None: the handler runs for every delivery of this event.
    Never,
}

/// An event's identity among the events of its tenant.
pub(crate) enum EventIdentity<'a> {
    /// An id, or the text that the application chose.
    Text(&'a str),
    /// Without an id, equal bodies are the same event: a customer's body holds `updated_at`, so
    /// equal bytes mean an equal version.
    Body(&'a [u8]),
}

impl<'a> EventIdentity<'a> {
    /// The vendor's own identity.
    pub(crate) fn of<V: Vendor>(delivery: &'a Delivery<V>) -> Self {
        match V::event_id(delivery.envelope()) {
            Some(id) if !id.is_empty() => Self::Text(id),
            _ => Self::Body(delivery.raw()),
        }
    }
}

/// Ids are opaque: a long one, or one with a NUL, must not break a store.
fn plain_or_digest(text: &str) -> Cow<'_, str> {
    let is_short = (1..=256).contains(&text.len());
    if is_short && is_graphic(text.as_bytes()) && !text.starts_with(DIGEST_PREFIX) {
        text.into()
    } else {
        digest(text.as_bytes()).into()
    }
}

/// No early exit, so that the compiler can check many bytes at once.
fn is_graphic(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .fold(true, |all, byte| all & byte.is_ascii_graphic())
}

fn digest(bytes: &[u8]) -> String {
    DIGEST_PREFIX.to_owned() + &hex::encode(Sha256::digest(bytes))
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
            let key = EventKey::new(id);
            assert!(
                key.as_str().starts_with("sha256/") && key.as_str().len() == 71,
                "{id:?}"
            );
        }
        assert_eq!(EventKey::new("et-1").as_str(), "et-1");
    }

    #[test]
    fn a_hash_cannot_be_computed_without_the_secret() {
        let mut public = SipHasher13::new();
        public.write(b"et-1");
        let hash = KeyHash::from(&EventKey::new("et-1"));
        assert_ne!(hash, KeyHash::from(public.finish128()));
    }

    #[test]
    fn events_differ_by_tenant_kind_and_text_as_keys_and_as_hashes() {
        let body = digest(b"et-1");
        let events = [
            ("", EventIdentity::Text("et-1")),
            ("", EventIdentity::Text("et-2")),
            ("", EventIdentity::Body(b"et-1")),
            ("", EventIdentity::Text(&body)),
            ("acme", EventIdentity::Text("et-1")),
            ("acme", EventIdentity::Body(b"et-1")),
            ("acmee", EventIdentity::Text("t-1")),
            ("ac", EventIdentity::Text("meet-1")),
            ("ecma", EventIdentity::Text("et-1")),
            ("", EventIdentity::Text("acme:et-1")),
            ("", EventIdentity::Text("et\u{0}1")),
            ("", EventIdentity::Text("")),
        ];
        for (n, (tenant, part)) in events.iter().enumerate() {
            assert_eq!(KeyHash::of(tenant, part), KeyHash::of(tenant, part));
            for (other_tenant, other) in &events[n + 1..] {
                assert_ne!(KeyHash::of(tenant, part), KeyHash::of(other_tenant, other));
                let [key, other] = [(tenant, part), (other_tenant, other)]
                    .map(|(tenant, part)| EventKey::of("smile-api:default:", tenant, part));
                assert_ne!(key, other);
            }
        }
    }
}
