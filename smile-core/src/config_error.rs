//! Invalid settings, reported by their setters.

use std::fmt;

/// An invalid setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// More secrets than [`KeyRing::MAX`](crate::KeyRing::MAX).
    TooManySecrets,
    /// A fixed secret beside a secret lookup, which has to return all of them.
    SecretBesideLookup,
    /// A limit or a time of zero, named by its setting.
    Zero(&'static str),
    /// A name of a scope or tenant that is not 1 to 64 of `A-Z a-z 0-9 . _ -`.
    Name,
    /// A lease that the store could lose before it is renewed: shorter than one second.
    ShortLease,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManySecrets => f.write_str("more than 4 secrets in one ring"),
            Self::SecretBesideLookup => {
                f.write_str("secrets are looked up: return a ring with both from the lookup")
            }
            Self::Zero(setting) => write!(f, "`{setting}` is zero, which would refuse everything"),
            Self::Name => f.write_str("a name is 1 to 64 of `A-Z a-z 0-9 . _ -`"),
            Self::ShortLease => f.write_str("the lease is shorter than one second"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// A scope's or tenant's name: no character that separates the parts of an event key.
pub(crate) fn checked_name(name: &str) -> Result<&str, ConfigError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        Ok(name)
    } else {
        Err(ConfigError::Name)
    }
}

/// A number or a time that is not zero.
#[cfg(feature = "intake")]
pub(crate) fn nonzero<N: Default + PartialEq>(
    setting: &'static str,
    value: N,
) -> Result<N, ConfigError> {
    if value == N::default() {
        Err(ConfigError::Zero(setting))
    } else {
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_hold_a_separator() {
        for name in ["", "a:b", "a b", "ä", &"x".repeat(65)] {
            assert_eq!(checked_name(name), Err(ConfigError::Name), "{name:?}");
        }
        assert_eq!(checked_name("Acme_1.eu-west"), Ok("Acme_1.eu-west"));
    }
}
