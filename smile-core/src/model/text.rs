use std::{
    borrow::Cow,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Context, IntoOwned, Presence, Read, scalar::Scalar};

/// A text, borrowed from the JSON that it was read from if possible.
///
/// The vendor's examples have numbers where its schema declares strings (`idNumber`, a phone
/// number, `consent.version`). Such a number is accepted: [`as_str`](Self::as_str) returns its
/// digits as sent, and it is serialised as a number again.
///
/// ```
/// use smile_core::model::Text;
///
/// let text: Text<'_> = serde_json::from_str("12345678901234567890123")?;
/// assert_eq!(text, "12345678901234567890123");
/// assert_eq!(serde_json::to_string(&text)?, "12345678901234567890123");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Text<'a>(pub(super) Scalar<'a>);

impl Text<'_> {
    /// The text, or the digits where the vendor sent a number.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether a JSON number was sent in place of a string.
    #[must_use]
    pub fn is_number(&self) -> bool {
        self.0.is_number()
    }

    /// Copies the text where it is borrowed.
    #[must_use]
    pub fn into_owned(self) -> Text<'static> {
        Text(self.0.into_owned())
    }
}

impl IntoOwned for Text<'_> {
    type Owned = Text<'static>;

    fn into_owned(self) -> Text<'static> {
        Text::into_owned(self)
    }
}

impl Default for Text<'_> {
    fn default() -> Self {
        Self(Scalar::Text(""))
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Scalar::Text(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Scalar::OwnedText(text.into()))
    }
}

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

impl From<Text<'_>> for String {
    fn from(text: Text<'_>) -> Self {
        Cow::from(text).into_owned()
    }
}

impl<'a> From<Text<'a>> for Cow<'a, str> {
    fn from(text: Text<'a>) -> Self {
        text.0.into()
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text<'_> {}

impl Hash for Text<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Read<'de> for Text<'de> {
    const EXPECTED: &'static str = Scalar::EXPECTED;

    #[inline]
    fn blank() -> Self {
        Self(Scalar::blank())
    }

    #[inline]
    fn read_into<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
        context: &Context,
    ) -> Result<Presence, D::Error> {
        self.0.read_into::<D>(deserializer, context)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::read::<D>(deserializer, &Context::default())
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
