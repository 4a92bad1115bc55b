//! A vendor's signature, for tests of an application.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    Clock, Secret, SmileApi, SmileIo, SystemClock, Vendor,
    head::names,
    mac::{HmacSha256, HmacSha512, Mac},
};

/// Signs bodies as a vendor does.
///
/// ```
/// use smile_core::testkit::Signer;
///
/// let headers = Signer::smile_io("a little secret").at(1_700_000_000).sign("{}");
/// assert_eq!(headers[0], ("smile-timestamp", "1700000000".to_owned()));
/// // printf 1700000000.{} | openssl dgst -sha256 -hmac 'a little secret' -binary | openssl base64
/// assert_eq!(headers[1].1, "0QfkxCaPtYPcH7x63UNWBTJ4aC7ZYmqTXFlAbBiwK8g=");
/// ```
#[derive(Clone)]
pub struct Signer {
    scheme: Scheme,
    at: Option<u64>,
}

#[derive(Clone)]
enum Scheme {
    SmileApi(HmacSha512),
    SmileIo(HmacSha256),
}

impl Signer {
    /// Signs as Smile API does, with a [`Secret`] or the text of one.
    ///
    /// # Panics
    ///
    /// On a text that is no secret, because it is blank.
    #[track_caller]
    pub fn smile_api(secret: impl Into<SigningSecret>) -> Self {
        let SigningSecret(secret) = secret.into();
        Self {
            scheme: Scheme::SmileApi(Mac::new(secret.as_bytes())),
            at: None,
        }
    }

    /// Signs as Smile.io does, with a [`Secret`] or the text of one, and with the present time as its
    /// timestamp.
    ///
    /// # Panics
    ///
    /// On a text that is no secret, because it is blank.
    #[track_caller]
    pub fn smile_io(secret: impl Into<SigningSecret>) -> Self {
        let SigningSecret(secret) = secret.into();
        Self {
            scheme: Scheme::SmileIo(Mac::new(secret.as_bytes())),
            at: None,
        }
    }

    /// Sets the timestamp, in seconds since 1970. Smile API's scheme has none.
    #[must_use]
    pub fn at(self, unix_seconds: u64) -> Self {
        Self {
            at: Some(unix_seconds),
            ..self
        }
    }

    /// The headers that belong to a body, their names in lower case: `smile-signature`, and for
    /// Smile.io `smile-timestamp` before it.
    pub fn sign(&self, body: impl AsRef<[u8]>) -> Vec<(&'static str, String)> {
        match &self.scheme {
            Scheme::SmileApi(mac) => {
                let mut mac = mac.clone();
                mac.update(body.as_ref());
                vec![(names::SIGNATURE, hex::encode(mac.finish()))]
            }
            Scheme::SmileIo(mac) => {
                let at = self.at.unwrap_or_else(|| SystemClock.unix_seconds());
                let timestamp = at.to_string();
                let mut mac = mac.clone();
                mac.update(timestamp.as_bytes());
                mac.update(b".");
                mac.update(body.as_ref());
                vec![
                    (names::TIMESTAMP, timestamp),
                    (names::SIGNATURE, STANDARD.encode(mac.finish())),
                ]
            }
        }
    }

    /// `smile-api` or `smile-io`.
    pub fn vendor(&self) -> &'static str {
        match self.scheme {
            Scheme::SmileApi(_) => SmileApi::NAME,
            Scheme::SmileIo(_) => SmileIo::NAME,
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("vendor", &self.vendor())
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// What a [`Signer`] signs with: a [`Secret`], or the text of one.
#[derive(Clone, Debug)]
pub struct SigningSecret(Secret);

impl From<Secret> for SigningSecret {
    fn from(secret: Secret) -> Self {
        Self(secret)
    }
}

impl From<&Secret> for SigningSecret {
    fn from(secret: &Secret) -> Self {
        Self(secret.clone())
    }
}

impl From<&str> for SigningSecret {
    #[track_caller]
    fn from(text: &str) -> Self {
        match Secret::new(text) {
            Ok(secret) => Self(secret),
            Err(err) => panic!("{err}"),
        }
    }
}

impl From<&String> for SigningSecret {
    #[track_caller]
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}
