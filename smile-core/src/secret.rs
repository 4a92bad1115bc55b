//! Key material.

use std::fmt;

use zeroize::Zeroizing;

/// A shared secret: never empty, never printed, wiped from memory when dropped.
///
/// The bytes are used as they are: Smile API's secret is text of 1 to 64 characters (OpenAPI 1.14.0,
/// `WebhookPostRequest.secret`), Smile.io's is the app's OAuth client secret, and neither is decoded
/// from hex or base64. White space is kept, too: a secret read from a file often ends in a newline
/// that the vendor does not have.
///
/// There is no `Display`, no `Serialize` and no `PartialEq`, on purpose.
///
/// ```
/// use smile_core::Secret;
///
/// let secret = Secret::new("a little secret")?;
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert!(Secret::new("").is_err());
/// # Ok::<(), smile_core::EmptySecret>(())
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the secret's bytes; a `String` or `Vec<u8>` is moved in, not copied.
    ///
    /// # Errors
    ///
    /// [`EmptySecret`]: an empty key would let anybody sign.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, EmptySecret> {
        let bytes = Zeroizing::new(bytes.into());
        if bytes.is_empty() {
            Err(EmptySecret)
        } else {
            Ok(Self(bytes))
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A [`Secret`] was made from no bytes at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmptySecret;

impl fmt::Display for EmptySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the secret is empty: is the environment variable or file that holds it set?")
    }
}

impl std::error::Error for EmptySecret {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_secret_is_refused_with_a_hint() {
        let err = Secret::new(Vec::new()).unwrap_err();
        assert_eq!(
            err.to_string(),
            "the secret is empty: is the environment variable or file that holds it set?"
        );
    }

    #[test]
    fn debug_shows_nothing_of_the_secret() {
        assert_eq!(
            format!("{:?}", Secret::new("hunter2").unwrap()),
            "Secret(..)"
        );
    }
}
