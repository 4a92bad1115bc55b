use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::InvalidInput;

/// One of the vendor's systems. A key works in one of them only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// Made-up data: `https://sandbox.smileapi.io/v1`.
    Sandbox,
    /// Real data: `https://open.smileapi.io/v1`.
    Production,
    /// Another address, such as a stand-in for tests; see [`Environment::at`].
    At(BaseUrl),
}

impl Environment {
    /// Another address, with its path but without the operation's: `http://127.0.0.1:4010/v1`.
    ///
    /// # Errors
    ///
    /// [`InvalidInput::BaseUrl`] if it is not `https://`, except on this machine: the credentials
    /// would travel in clear text.
    pub fn at(base_url: &str) -> Result<Self, InvalidInput> {
        let base_url = base_url.strip_suffix('/').unwrap_or(base_url);
        let is_plain = base_url.bytes().all(|byte| byte.is_ascii_graphic());
        let has_extras = base_url.contains(['?', '#', '@', '\\']);
        let is_safe = match base_url.split_once("://") {
            Some(("https", rest)) => !host(rest).is_empty(),
            Some(("http", rest)) => ["localhost", "127.0.0.1", "[::1]"].contains(&host(rest)),
            _ => false,
        };
        if is_safe && is_plain && !has_extras {
            Ok(Self::At(BaseUrl(base_url.into())))
        } else {
            Err(InvalidInput::BaseUrl)
        }
    }

    /// The address in front of each operation's path.
    #[must_use]
    pub fn base_url(&self) -> &str {
        match self {
            Self::Sandbox => "https://sandbox.smileapi.io/v1",
            Self::Production => "https://open.smileapi.io/v1",
            Self::At(BaseUrl(base_url)) => base_url,
        }
    }
}

/// A checked address; [`Environment::at`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Box<str>);

/// An API key and its secret, from the Developer Portal, for HTTP Basic.
///
/// `Debug` redacts them, and dropping overwrites them.
#[derive(Clone)]
pub struct Credentials {
    authorization: Zeroizing<String>,
}

impl Credentials {
    /// Takes the key and its secret.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`] if one is empty or HTTP Basic cannot send it.
    pub fn new(key: &str, secret: &str) -> Result<Self, InvalidInput> {
        for (field, text) in [("api key", key), ("api secret", secret)] {
            if text.is_empty() {
                return Err(InvalidInput::Length {
                    field,
                    found: 0,
                    longest: usize::MAX,
                });
            }
        }
        if key.contains(':') || key.chars().chain(secret.chars()).any(char::is_control) {
            return Err(InvalidInput::Credentials);
        }
        let pair = Zeroizing::new(format!("{key}:{secret}"));
        let mut authorization = Zeroizing::new(String::with_capacity(7 + pair.len() * 4 / 3 + 4));
        authorization.push_str("Basic ");
        STANDARD.encode_string(pair.as_bytes(), &mut authorization);
        Ok(Self { authorization })
    }

    /// The value of the `Authorization` header.
    pub(super) fn authorization(&self) -> &Zeroizing<String> {
        &self.authorization
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(redacted)")
    }
}

/// The host in the text after `://`.
fn host(rest: &str) -> &str {
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}
