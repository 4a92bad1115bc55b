use std::{error, fmt};

/// An input that the vendor would refuse.
///
/// The message never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidInput {
    /// A text is too short or too long.
    Length {
        /// What the text is for.
        field: &'static str,
        /// Its length in characters.
        found: usize,
        /// The longest that the vendor accepts. The shortest is 1.
        longest: usize,
    },
    /// The size of a page is not 1 to 150.
    PageSize {
        /// The size given.
        found: u16,
    },
    /// An id is `.` or `..`, which an HTTP client would resolve as a path segment.
    Id,
    /// The URL of a webhook does not begin with `https://`.
    NotHttps,
    /// A list of event types is empty.
    NoEventTypes,
    /// A base address is neither `https://` nor `http://` on this machine, or has more than a path.
    BaseUrl,
    /// An API key holds a colon, or a key or secret holds control characters: neither can be sent.
    Credentials,
}

impl fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length {
                field,
                found,
                longest,
            } => {
                write!(
                    f,
                    "{field}: expected 1 to {longest} characters, found {found}"
                )
            }
            Self::PageSize { found } => write!(f, "size: expected 1 to 150, found {found}"),
            Self::Id => f.write_str("id: expected an id, found `.` or `..`"),
            Self::NotHttps => f.write_str("url: expected https://, found another scheme"),
            Self::NoEventTypes => f.write_str("event types: expected at least one, found none"),
            Self::BaseUrl => {
                f.write_str("base url: expected https://, or http:// on this machine, and a path")
            }
            Self::Credentials => {
                f.write_str("credentials: expected a key without colon, and no control characters")
            }
        }
    }
}

impl error::Error for InvalidInput {}

/// Checks a length as the vendor's schema counts it, in characters.
pub(super) fn check_length(
    field: &'static str,
    text: &str,
    longest: usize,
) -> Result<(), InvalidInput> {
    let found = text.chars().count();
    if (1..=longest).contains(&found) {
        Ok(())
    } else {
        Err(InvalidInput::Length {
            field,
            found,
            longest,
        })
    }
}
