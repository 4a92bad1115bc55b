//! Secrets ready for use: keyed once, several side by side, or looked up for each request.

use std::{error::Error, fmt, future::Future, pin::Pin, sync::Arc};

#[cfg(feature = "intake")]
use crate::Fingerprint;
use crate::{ConfigError, Head, Secret, Vendor, fingerprint::KeyId, mac::Mac};

/// One to four secrets of one sender, keyed once and tried side by side.
///
/// More than one is for rotation: neither vendor documents how to change a secret in place, so
/// accept the new one beside the old one until nothing is signed with the old one any more
/// ([`Delivery::secret_index`](crate::Delivery::secret_index) tells). Every secret is tried for
/// every delivery, without an early exit, so each one costs a pass over the body.
///
/// Cloning is cheap: the keys are shared. A lookup for many tenants should keep its rings.
///
/// ```
/// use smile_core::{KeyRing, Secret, SmileApi};
///
/// let ring = KeyRing::<SmileApi>::new(Secret::new("current")?)
///     .also_accept(Secret::new("previous")?)?
///     .tenant("acme")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct KeyRing<V: Vendor> {
    keys: Arc<[Key<V>]>,
    tenant: Option<Arc<str>>,
}

impl<V: Vendor> KeyRing<V> {
    /// The most secrets that one ring holds.
    pub const MAX: usize = 4;

    /// A ring of one secret.
    pub fn new(secret: Secret) -> Self {
        Self {
            keys: Arc::new([Key::new(&secret)]),
            tenant: None,
        }
    }

    /// Adds a secret that is accepted as well.
    ///
    /// # Errors
    ///
    /// [`ConfigError::TooManySecrets`] past [`MAX`](Self::MAX).
    pub fn also_accept(self, secret: Secret) -> Result<Self, ConfigError> {
        if self.keys.len() >= Self::MAX {
            return Err(ConfigError::TooManySecrets);
        }
        let added = std::iter::once(Key::new(&secret));
        Ok(Self {
            keys: self.keys.iter().cloned().chain(added).collect(),
            ..self
        })
    }

    /// Names the tenant that these secrets belong to: 1 to 64 of `A-Z a-z 0-9 . _ -`.
    ///
    /// The name becomes part of the key by which deliveries are deduplicated, so that two tenants
    /// cannot suppress each other's events. Two tenants must not share a secret.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Name`] for any other name.
    pub fn tenant(self, name: &str) -> Result<Self, ConfigError> {
        let tenant = Some(crate::config_error::checked_name(name)?.into());
        Ok(Self { tenant, ..self })
    }

    /// A ring for requests of unknown tenants. It costs what one secret costs and matches nothing,
    /// since nobody has its key and [`Verification`](crate::Verification) refuses it anyway.
    pub(crate) fn decoy() -> Self {
        Self {
            keys: Arc::new([Key::from_bytes(b"decoy")]),
            tenant: None,
        }
    }

    pub(crate) fn keys(&self) -> &[Key<V>] {
        &self.keys
    }

    /// Whether a fingerprint was made under one of these secrets.
    #[cfg(feature = "intake")]
    pub(crate) fn made(&self, fingerprint: &Fingerprint) -> bool {
        self.keys.iter().any(|key| key.id == fingerprint.key())
    }

    pub(crate) fn tenant_name(&self) -> Option<&Arc<str>> {
        self.tenant.as_ref()
    }
}

impl<V: Vendor> Clone for KeyRing<V> {
    fn clone(&self) -> Self {
        Self {
            keys: Arc::clone(&self.keys),
            tenant: self.tenant.clone(),
        }
    }
}

impl<V: Vendor> fmt::Debug for KeyRing<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("vendor", &V::NAME)
            .field("secrets", &self.keys.len())
            .field("tenant", &self.tenant)
            .finish()
    }
}

impl<V: Vendor> From<Secret> for KeyRing<V> {
    fn from(secret: Secret) -> Self {
        Self::new(secret)
    }
}

/// A MAC keyed with one secret, and a name for that secret that tells nothing about it.
#[derive(Clone)]
pub(crate) struct Key<V: Vendor> {
    pub(crate) mac: V::Mac,
    pub(crate) id: KeyId,
    /// Whether the secret has white space or quotes around it.
    pub(crate) is_padded: bool,
}

impl<V: Vendor> Key<V> {
    fn new(secret: &Secret) -> Self {
        Self {
            is_padded: secret.is_padded(),
            ..Self::from_bytes(secret.as_bytes())
        }
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let mac = V::Mac::new(bytes);
        let mut name = mac.clone();
        name.update(b"smile-webhooks key id");
        let mut id = KeyId::default();
        id.iter_mut()
            .zip(name.finish().as_ref())
            .for_each(|(to, from)| *to = *from);
        Self {
            mac,
            id,
            is_padded: false,
        }
    }
}

/// Where the secrets of a request come from: fixed, or looked up.
///
/// A [`Secret`] or a [`KeyRing`] is one already; [`lookup`](Self::lookup) is for many tenants.
pub struct Secrets<V: Vendor>(pub(crate) Source<V>);

pub(crate) enum Source<V: Vendor> {
    Fixed(KeyRing<V>),
    #[cfg_attr(
        not(feature = "intake"),
        expect(dead_code, reason = "the intake is who asks")
    )]
    Lookup(Arc<dyn Lookup<V>>),
}

impl<V: Vendor> Secrets<V> {
    /// Asks `lookup` for the secrets of each request, by what its head says.
    ///
    /// The answer is `None` for an unknown tenant, whose sender then sees what a wrong signature
    /// sees, and an error when the answer cannot be had (503).
    ///
    /// The future cannot borrow the head, which is gone when it runs: take what it needs before
    /// `async move`, such as `let path = head.path().to_owned();`. `|head| async move { .. head.path()
    /// .. }` does not compile ("lifetime may not live long enough").
    ///
    /// A lookup that panics, or takes longer than `lookup_timeout`, counts as one that failed.
    ///
    /// # Security
    ///
    /// An unknown tenant costs a pass over the body, like a tenant with one secret. Each further
    /// secret of a tenant costs one pass more. Whoever can measure that learns that a tenant exists
    /// and is in rotation: where that must stay secret, make the paths hard to guess.
    ///
    /// It runs for unauthenticated requests, before the body is read: keep the rings in memory,
    /// bound its cost, and take the tenant from the route, not from anything that the sender makes
    /// up.
    ///
    /// ```
    /// use std::{collections::HashMap, convert::Infallible, sync::Arc};
    /// use smile_core::{Head, KeyRing, Secret, Secrets, SmileApi};
    ///
    /// let rings: HashMap<String, KeyRing<SmileApi>> =
    ///     [("/webhooks/acme".into(), KeyRing::new(Secret::new("s3cret")?).tenant("acme")?)].into();
    /// let rings = Arc::new(rings);
    /// let secrets = Secrets::lookup(move |head: &dyn Head| {
    ///     let ring = rings.get(head.path()).cloned(); // before the future
    ///     async move { Ok::<_, Infallible>(ring) }
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lookup<F, Fut, E>(lookup: F) -> Self
    where
        F: Fn(&dyn Head) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<KeyRing<V>>, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self(Source::Lookup(Arc::new(
            move |head: &dyn Head| -> LookupFuture<V> {
                let found = lookup(head);
                Box::pin(async move { found.await.map_err(Into::into) })
            },
        )))
    }
}

impl<V: Vendor, T: Into<KeyRing<V>>> From<T> for Secrets<V> {
    fn from(ring: T) -> Self {
        Self(Source::Fixed(ring.into()))
    }
}

impl<V: Vendor> fmt::Debug for Secrets<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Fixed(ring) => f.debug_tuple("Secrets").field(ring).finish(),
            Source::Lookup(_) => f.write_str("Secrets(lookup)"),
        }
    }
}

/// The closure of [`Secrets::lookup`], its future boxed.
pub(crate) trait Lookup<V: Vendor>: Fn(&dyn Head) -> LookupFuture<V> + Send + Sync {}

impl<V: Vendor, F: Fn(&dyn Head) -> LookupFuture<V> + Send + Sync> Lookup<V> for F {}

pub(crate) type LookupFuture<V> =
    Pin<Box<dyn Future<Output = Result<Option<KeyRing<V>>, Box<dyn Error + Send + Sync>>> + Send>>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SmileApi;

    fn secret(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }

    #[test]
    fn a_fifth_secret_is_refused() {
        let ring = ["b", "c", "d"]
            .into_iter()
            .try_fold(KeyRing::<SmileApi>::new(secret("a")), |ring, next| {
                ring.also_accept(secret(next))
            })
            .unwrap();
        assert_eq!(
            ring.also_accept(secret("e")).unwrap_err(),
            ConfigError::TooManySecrets
        );
    }

    #[test]
    fn debug_counts_the_secrets_and_shows_none() {
        let ring = KeyRing::<SmileApi>::new(secret("hunter2"))
            .tenant("acme")
            .unwrap();
        let shown = format!("{ring:?}");
        assert_eq!(
            shown,
            r#"KeyRing { vendor: "smile-api", secrets: 1, tenant: Some("acme") }"#
        );
    }
}
