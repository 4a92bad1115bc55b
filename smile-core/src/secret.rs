//! Key material.

use std::fmt;

use zeroize::Zeroizing;

/// A shared secret: never blank, never printed, wiped from memory when dropped.
///
/// The bytes are used as they are: Smile API's secret is text of 1 to 64 characters (OpenAPI
/// 1.14.0, `WebhookPostRequest.secret`), Smile.io's is the app's OAuth client secret, and neither
/// is decoded from hex or base64. White space around it is kept, too. A secret that was read from a
/// file often ends in a newline that the vendor does not have, so the builder logs a warning at
/// start, and a signature that does not match says so in its reason.
///
/// There is no `Display`, no `Serialize` and no `PartialEq`, on purpose.
///
/// ```
/// use smile_core::Secret;
///
/// let secret = Secret::new("a little secret")?;
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert!(Secret::new("").is_err() && Secret::new("\n").is_err());
/// # Ok::<(), smile_core::EmptySecret>(())
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the secret's bytes; a `String` or `Vec<u8>` is moved in, not copied.
    ///
    /// # Errors
    ///
    /// [`EmptySecret`] where there are no bytes, or only white space and NULs: anybody could guess
    /// such a key.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, EmptySecret> {
        let bytes = Zeroizing::new(bytes.into());
        if bytes.iter().all(is_blank) {
            Err(EmptySecret)
        } else {
            Ok(Self(bytes))
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it begins or ends in white space or a NUL, or is in quotes, as few secrets are.
    pub(crate) fn is_padded(&self) -> bool {
        match &**self.0 {
            [first, .., last] => {
                let quoted = first == last && matches!(first, b'"' | b'\'' | b'`');
                quoted || is_blank(first) || is_blank(last)
            }
            _ => false,
        }
    }
}

fn is_blank(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || *byte == 0
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A [`Secret`] was made from no bytes, or from white space and NULs alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmptySecret;

impl fmt::Display for EmptySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the secret is empty or blank: is the environment variable or file that holds it set?",
        )
    }
}

impl std::error::Error for EmptySecret {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_secret_is_refused_with_a_hint() {
        for blank in ["", "\0", "\n", " ", " \t\r\n", "\0\0\0\0", "\x0c\0"] {
            let err = Secret::new(blank).unwrap_err();
            assert_eq!(
                err.to_string(),
                "the secret is empty or blank: is the environment variable or file that holds it \
                 set?",
                "{blank:?}"
            );
        }
        for fine in ["a", " a", "\0a", "ä", "\u{a0}", "\u{2003}"] {
            assert!(Secret::new(fine).is_ok(), "{fine:?}");
        }
    }

    #[test]
    fn white_space_and_quotes_around_a_secret_are_noticed_and_kept() {
        for padded in ["a\n", "\ta", " a b ", "a\r\n", "a\0", "\"a\"", "'a'", "`a`"] {
            let secret = Secret::new(padded).unwrap();
            assert!(secret.is_padded(), "{padded:?}");
            assert_eq!(secret.as_bytes(), padded.as_bytes());
        }
        for fine in ["a b", "a", "'", "'a", "\"a'", "aba"] {
            assert!(!Secret::new(fine).unwrap().is_padded(), "{fine:?}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_the_secret() {
        assert_eq!(
            format!("{:?}", Secret::new("hunter2").unwrap()),
            "Secret(..)"
        );
    }
}
