//! Verification without I/O: a head in, chunks in, a proof out.
//!
//! ```
//! use bytes::Bytes;
//! use smile_core::{KeyRing, Secret, Signature, SmileApi, Verification};
//! # use smile_core::Head;
//! # struct Request;
//! # impl Head for Request {
//! #     fn method(&self) -> &str { "POST" }
//! #     fn path(&self) -> &str { "/" }
//! #     fn query(&self) -> Option<&str> { None }
//! #     fn peer(&self) -> Option<std::net::IpAddr> { None }
//! #     fn fields<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
//! #         if name == "smile-signature" {
//! #             // printf '{"id":"1","type":"USER_CREATED"}' | openssl dgst -sha512 -hmac 'a little secret'
//! #             each(concat!("f17526846ac3b662da3e7fd38121305c99c9ec1ef8990ac0273842f3ccb8378c", "d9b8a63541db847872e66fa23a8e2ba54f66a3cddf5d1197aaf8b9c359d115c6").as_bytes());
//! #         }
//! #     }
//! # }
//! # let request = Request;
//! let ring = KeyRing::<SmileApi>::new(Secret::new("a little secret")?);
//!
//! let signature = Signature::<SmileApi>::read(&request, 1_700_000_000, Signature::<SmileApi>::TOLERANCE)?;
//! let body = Verification::begin(&ring, signature, 4 << 20)
//!     .push(Bytes::from_static(br#"{"id":"1","#))?
//!     .push(Bytes::from_static(br#""type":"USER_CREATED"}"#))?
//!     .finish()?;
//! assert_eq!(&body[..], br#"{"id":"1","type":"USER_CREATED"}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use bytes::Bytes;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::{
    Fingerprint, Head, KeyRing, Reason, Rejection, Vendor,
    head::{Field, names},
    key_ring::Key,
    mac::Mac,
};

mod buffer;
mod timestamp;

use buffer::Buffer;
pub(crate) use timestamp::{Timestamp, decimal};

/// The signature in a request's head: decoded, of exact length, and fresh.
pub struct Signature<V: Vendor> {
    tag: V::Tag,
    timestamp: Option<Timestamp>,
    /// The body's `Content-Length`, to explain a signature that does not match.
    declared: Option<u64>,
}

impl<V: Vendor> Signature<V> {
    /// How far a timestamp may be off by default, both ways: five minutes (Smile.io, webhooks
    /// guide, "Verifying signatures", step 4).
    pub const TOLERANCE: Duration = Duration::from_secs(300);

    /// Reads the signature from a head, and for Smile.io its timestamp, which may be off `now`
    /// (seconds since 1970) by `tolerance` in either direction.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] of kind [`Signature`](crate::RejectionKind::Signature).
    pub fn read(head: &dyn Head, now: u64, tolerance: Duration) -> Result<Self, Rejection> {
        V::read_signature(head, &|| now, tolerance)
    }

    pub(crate) fn new(head: &dyn Head, tag: V::Tag) -> Self {
        let declared = match head.field(names::CONTENT_LENGTH) {
            Field::One(text) => decimal(text),
            Field::Absent | Field::Repeated => None,
        };
        Self {
            tag,
            timestamp: None,
            declared,
        }
    }

    /// The signed timestamp, in seconds since 1970, where the vendor signs one.
    #[cfg(feature = "intake")]
    pub(crate) fn signed_at(&self) -> Option<u64> {
        self.timestamp.as_ref().and_then(Timestamp::seconds)
    }

    pub(crate) fn at(self, timestamp: Timestamp) -> Self {
        Self {
            timestamp: Some(timestamp),
            ..self
        }
    }
}

impl<V: Vendor> fmt::Debug for Signature<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signature")
            .field("vendor", &V::NAME)
            .finish_non_exhaustive()
    }
}

/// A body on its way: every chunk goes through the MACs and into one buffer.
///
/// Steps consume it, so that a verification that failed cannot go on.
pub struct Verification<V: Vendor>(
    // In a box: the states of the MACs are large, every step moves this value, and a connection
    // keeps it while a slow sender takes its time.
    Box<State<V>>,
);

struct State<V: Vendor> {
    ring: KeyRing<V>,
    /// One for each key of the ring, in its order.
    first: V::Mac,
    more: Vec<V::Mac>,
    decoy: bool,
    signature: Signature<V>,
    body: Buffer,
    limit: usize,
}

impl<V: Vendor> Verification<V> {
    /// Begins with the secrets to try and the most bytes to accept.
    pub fn begin(ring: &KeyRing<V>, signature: Signature<V>, limit: usize) -> Self {
        let begun = |key: &Key<V>| {
            let mut mac = key.mac.clone();
            if let Some(timestamp) = &signature.timestamp {
                mac.update(timestamp.as_bytes());
                mac.update(b".");
            }
            mac
        };
        #[expect(
            clippy::expect_used,
            reason = "no constructor of `KeyRing` leaves it empty"
        )]
        let (first, more) = ring
            .keys()
            .split_first()
            .expect("a ring holds at least one key");
        Self(Box::new(State {
            ring: ring.clone(),
            first: begun(first),
            more: more.iter().map(begun).collect(),
            decoy: false,
            signature,
            body: Buffer::default(),
            limit,
        }))
    }

    /// Begins for a request that no secret is known for. It fails, and costs what one secret costs.
    pub fn begin_unknown(signature: Signature<V>, limit: usize) -> Self {
        let mut verification = Self::begin(&KeyRing::decoy(), signature, limit);
        verification.0.decoy = true;
        verification
    }

    /// Takes the next bytes of the body, as received.
    ///
    /// Copies them, so that the server's buffer is free again, and a delivery that is kept takes its
    /// own size. Memory grows with what was received, and never with what was merely declared.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] of kind [`BodyTooLarge`](crate::RejectionKind::BodyTooLarge); nothing of the
    /// body is kept then.
    pub fn push(mut self, chunk: Bytes) -> Result<Self, Rejection> {
        let State {
            first,
            more,
            body,
            limit,
            ..
        } = &mut *self.0;
        if chunk.len() > *limit - body.len() {
            return Err(Reason::BodyTooLong { limit: *limit }.into());
        }
        first.update(&chunk);
        more.iter_mut().for_each(|mac| mac.update(&chunk));
        body.push(&chunk, *limit);
        Ok(self)
    }

    /// Compares the signature with every secret's, in constant time and without an early exit.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] of kind [`Signature`](crate::RejectionKind::Signature).
    pub fn finish(self) -> Result<Verified<Bytes>, Rejection> {
        let State {
            ring,
            first,
            more,
            decoy,
            signature:
                Signature {
                    tag,
                    timestamp,
                    declared,
                },
            body,
            ..
        } = *self.0;
        let mut found = Choice::from(0);
        let mut found_index = 0_u8;
        for (index, mac) in (0..).zip(std::iter::once(first).chain(more)) {
            let equal = mac.finish().as_ref().ct_eq(tag.as_ref()) & !found;
            found_index.conditional_assign(&index, equal);
            found |= equal;
        }
        if decoy {
            return Err(Reason::TenantUnknown.into());
        }
        let secret_index = usize::from(found_index);
        let key = ring.keys().get(secret_index);
        let Some(key) = key.filter(|_| found.into()) else {
            return Err(Reason::SignatureMismatch {
                received: body.len(),
                declared,
                padded_secret: ring.keys().iter().any(|key| key.is_padded),
            }
            .into());
        };
        let value = body.into_bytes();
        let fingerprint = match timestamp {
            None => Fingerprint::new(key.id, tag.as_ref()),
            // The signature changes with the timestamp, the fingerprint speaks of the body alone.
            Some(_) => {
                let mut mac = key.mac.clone();
                mac.update(&value);
                Fingerprint::new(key.id, mac.finish().as_ref())
            }
        };
        Ok(Verified {
            value,
            secret_index,
            tenant: ring.tenant_name().cloned(),
            fingerprint,
        })
    }
}

impl<V: Vendor> fmt::Debug for Verification<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification")
            .field("secrets", &(1 + self.0.more.len()))
            .field("received", &self.0.body.len())
            .field("limit", &self.0.limit)
            .finish_non_exhaustive()
    }
}

/// Bytes whose signature was checked: to hold one is the proof.
///
/// [`Verification::finish`] makes one; so do [`Delivery::trust_stored`](crate::Delivery), for bytes
/// that were verified before they were stored in an inbox, and `InboxIntake::trust_fetched`, for what
/// the application itself fetched from the vendor.
#[derive(Clone)]
pub struct Verified<T> {
    value: T,
    secret_index: usize,
    tenant: Option<Arc<str>>,
    fingerprint: Fingerprint,
}

#[cfg(feature = "intake")]
impl Verified<Bytes> {
    /// For bytes that were verified before they were stored.
    #[cfg(feature = "inbox")]
    pub(crate) fn trust_stored(
        value: Bytes,
        secret_index: usize,
        tenant: Option<Arc<str>>,
        fingerprint: Fingerprint,
    ) -> Self {
        Self {
            value,
            secret_index,
            tenant,
            fingerprint,
        }
    }

    /// Drops the bytes, and keeps the rest.
    pub(crate) fn drop_bytes(&mut self) {
        self.value = Bytes::new();
    }
}

impl<T> Verified<T> {
    /// Which secret of the ring matched, from 0 in the order given: 0 is the first.
    pub fn secret_index(&self) -> usize {
        self.secret_index
    }

    /// The tenant that the secrets belong to, where they were given one.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// What tells two bodies under one secret apart, without showing either.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Gives up the proof and keeps the bytes.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> fmt::Debug for Verified<T> {
    /// Never shows the bytes: they are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("secret_index", &self.secret_index)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

/// The signature header's text, of exactly `expected` characters.
pub(crate) fn signature_text(head: &dyn Head, expected: usize) -> Result<&[u8], Rejection> {
    match head.field(names::SIGNATURE) {
        Field::Absent => Err(Reason::SignatureMissing.into()),
        Field::Repeated => Err(Reason::SignatureRepeated.into()),
        Field::One(text) if text.len() != expected => Err(Reason::SignatureLength {
            found: text.len(),
            expected,
        }
        .into()),
        Field::One(text) => Ok(text),
    }
}

#[cfg(test)]
mod vectors;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Secret, SmileApi, head::Post};

    #[test]
    fn an_unknown_tenant_costs_a_pass_like_a_tenant_with_one_secret() {
        let head = Post {
            peer: None,
            headers: &[],
        };
        let signature = || Signature::<SmileApi>::new(&head, [0; 64]);
        let passes = |verification: Verification<SmileApi>| 1 + verification.0.more.len();
        let secret = |text: &str| Secret::new(text).unwrap();
        let one = KeyRing::new(secret("one"));
        let two = one.clone().also_accept(secret("two")).unwrap();
        assert_eq!(passes(Verification::begin_unknown(signature(), 10)), 1);
        assert_eq!(passes(Verification::begin(&one, signature(), 10)), 1);
        assert_eq!(passes(Verification::begin(&two, signature(), 10)), 2);
    }

    #[test]
    fn a_signature_of_another_length_is_told_from_one_that_cannot_be_read() {
        let reason = |text: &str| {
            let head = Post {
                peer: None,
                headers: &[("smile-signature", text)],
            };
            let read = Signature::<SmileApi>::read(&head, 0, Duration::ZERO);
            read.unwrap_err().reason().clone()
        };
        let expected = 128;
        for found in [0, 127, 129] {
            let length = Reason::SignatureLength { found, expected };
            assert_eq!(reason(&"0".repeat(found)), length);
        }
        assert_eq!(reason(&"x".repeat(expected)), Reason::SignatureEncoding);
    }
}
